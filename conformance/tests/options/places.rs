//! Asks for what bowout does where something is missing.

use conformance::{Exit, Privilege, Rank, Signal};

use crate::{as_root, stage};

/// A wrapper shell and an app, in a session of their own.
const WRAPPED: &str = "$PUPPET app 'catch 15' 'on 15 clean 50' 'on 15 exit 0'; exit 5";

#[test]
fn without_proc_auto_is_group() {
    let mut run = stage()
        .after("mount -t tmpfs none /proc || exit 98")
        .script(WRAPPED);
    let _app = run.app();
    run.signal(Signal::TERM);
    run.exit();
    assert!(run.record().cleaned("app"), "{:?}", run.record());
}

#[test]
fn without_privilege_the_walk_works() {
    let mut run = stage().privilege(Privilege::UserNamespace).script(WRAPPED);
    let _app = run.app();
    run.signal(Signal::TERM);
    run.exit();
    assert!(run.record().cleaned("app"), "{:?}", run.record());
}

#[test]
fn without_capabilities_the_walk_works() {
    let mut run = stage()
        .through(&[
            "setpriv",
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--no-new-privs",
        ])
        .script(WRAPPED);
    let _app = run.app();
    run.signal(Signal::TERM);
    run.exit();
    assert!(run.record().cleaned("app"), "{:?}", run.record());
}

/// A pre_stop hook that can't be started is no reason not to stop.
#[test]
fn at_the_process_limit_a_stop_goes_on_without_its_hook() {
    as_root(
        "at_the_process_limit_a_stop_goes_on_without_its_hook",
        || {
            let uid = (300_000 + std::process::id()).to_string();
            let mut run = stage()
                .through(&[
                    "setpriv",
                    "--reuid",
                    &uid,
                    "--regid",
                    &uid,
                    "--clear-groups",
                ])
                .through(&["prlimit", "--nproc=2:2"])
                .options(&["--grace", "4s", "--pre-stop", "/bin/true"])
                .app(&["take 15"]);
            let mut app = run.app();
            run.signal(Signal::TERM);
            app.expect(Signal::TERM);
            app.exit(3);
            assert_eq!(run.exit(), Exit::Code(3));
            assert!(
                run.stderr().contains("pre-stop"),
                "nobody says so: {}",
                run.stderr()
            );
        },
    );
}

/// Leftovers of the init's own are swept, also a daemon of another session; a stranger is not.
#[test]
fn when_not_pid_1_only_its_own_are_swept() {
    let mut run = stage()
        .rank(Rank::Child)
        .beside("$PUPPET stranger 'catch 1,2,15' &", "$PUPPET after")
        .options(&["--grace", "2s"])
        .app(&[]);
    let mut stranger = run.puppet("stranger");
    let mut app = run.app();
    app.spawn("parent", "");
    let mut parent = run.puppet("parent");
    parent.ask("spawn daemon via env --ignore-signal=TERM -- setsid");
    let mut daemon = run.puppet("daemon");
    parent.exit(0);
    app.ask("wait parent");
    app.process
        .parent()
        .expect("the app has a parent")
        .signal(Signal::TERM);
    let mut after = run.puppet("after");
    daemon.await_end();
    assert_eq!(stranger.signals(), []);
    after.exit(0);
    assert_eq!(run.exit(), Exit::Code(143));
}
