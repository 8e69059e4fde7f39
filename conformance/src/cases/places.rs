//! Asks that it works wherever a container may run it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::cases::defects::orphan;
use crate::cases::stop_tree::daemon_is_waited_for;
use crate::{Exit, Init, Privilege, Process, Rank, Run, Signal, Stage, need_root};

pub(crate) fn without_privilege_it_works(init: &Init) {
    let stage = Stage::new(init).privilege(Privilege::UserNamespace);
    let app = forwards_and_stops(stage.app(&["take all"]));
    assert_ne!(app, 0, "it is root");
}

pub(crate) fn as_another_user_it_works(init: &Init) {
    let stage = Stage::new(init).privilege(Privilege::OtherUser);
    let app = forwards_and_stops(stage.app(&["take all"]));
    assert_ne!(app, 0, "it is root");
}

pub(crate) fn when_not_pid_1_it_works(init: &Init) {
    forwards_and_stops(Stage::new(init).rank(Rank::Child).app(&["take all"]));
}

pub(crate) fn when_not_pid_1_it_adopts_orphans(init: &Init) {
    let mut run = Stage::new(init).rank(Rank::Child).app(&[]);
    let mut app = run.app();
    let mut orphan = orphan(&run, &mut app);
    assert_eq!(
        orphan.process.parent(),
        app.process.parent(),
        "another has adopted it"
    );
    orphan.exit(0);
    orphan.process.await_reaped();
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn when_not_pid_1_it_waits_for_daemons(init: &Init) {
    let mut run = Stage::new(init)
        .rank(Rank::Child)
        .app(&["catch 15", "on 15 exit 0"]);
    daemon_is_waited_for(&mut run);
}

pub(crate) fn with_every_signal_blocked_it_works(init: &Init) {
    let run = Stage::new(init)
        .through(&["env", "--block-signal"])
        .app(&["take all"]);
    forwards_and_stops(run);
}

pub(crate) fn without_proc_it_works(init: &Init) {
    let run = Stage::new(init)
        .after("mount -t tmpfs none /proc || exit 98")
        .app(&["take all"]);
    forwards_and_stops(run);
}

pub(crate) fn with_a_read_only_root_it_works(init: &Init) {
    let run = Stage::new(init)
        .after(
            "mount -o remount,bind,ro / || exit 98
             touch /tmp/written 2>/dev/null && exit 97",
        )
        .app(&["take all"]);
    forwards_and_stops(run);
}

/// Root in name only, as with `--cap-drop ALL`.
pub(crate) fn without_capabilities_it_works(init: &Init) {
    let run = Stage::new(init)
        .through(&[
            "setpriv",
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--no-new-privs",
        ])
        .app(&["take all"]);
    forwards_and_stops(run);
}

/// The init and its command are all that the limit allows: the next fork of either fails.
pub(crate) fn at_the_process_limit_it_works(init: &Init) {
    need_root();
    // A user of its own for each run, for the limit counts all processes of a user.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 100;
    let uid = (200_000 + std::process::id() % 10_000 * 100 + number).to_string();
    let mut run = Stage::new(init)
        .through(&[
            "setpriv",
            "--reuid",
            &uid,
            "--regid",
            &uid,
            "--clear-groups",
        ])
        .through(&["prlimit", "--nproc=2:2"])
        .app(&["take all"]);
    let mut app = run.app();
    let answer = app.try_ask("run another true");
    assert!(
        answer.starts_with("err spawn"),
        "the limit does not hold: {answer}"
    );
    run.signal(Signal::USR1);
    app.expect(Signal::USR1);
    run.signal(Signal::TERM);
    app.expect(Signal::TERM);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// Forwards a signal, passes a stop on, and leaves with the command's code. Returns the command's uid.
#[track_caller]
fn forwards_and_stops(mut run: Run) -> i32 {
    let mut app = run.app();
    let uid = app.facts().number("uid");
    let Process(parent) = app.process.parent().expect("the command has a parent");
    Signal::USR1.send(parent);
    app.expect(Signal::USR1);
    Signal::TERM.send(parent);
    app.expect(Signal::TERM);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
    uid
}
