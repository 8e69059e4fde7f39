//! Asks for the defects that were seen in other inits, each under its number.

use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::time::{Duration, Instant};

use crate::{
    Exit, Init, Mask, Privilege, Process, Puppet, Rank, Run, Scratch, Signal, Stage, await_that,
    puppet_binary, skip,
};

/// TERM is pending when the init's first instruction runs, so no init can say that it came too early.
/// It is sent by another process than the one that becomes the init, and through bash, since dash
/// empties its mask when it forks. Twenty rounds, for where the loss is a race between the init and its child.
pub(crate) fn d01_a_stop_signal_pending_at_the_start_is_not_lost(init: &Init) {
    for _ in 0..20 {
        let mut run = Stage::new(init)
            .through(&["env", "--block-signal=TERM"])
            .through(&["/bin/bash", "-c", "/bin/kill -TERM $$; exec \"$@\"", "bash"])
            .app(&["take 15", "on 15 record stopped", "on 15 exit 0"]);
        let exit = run.exit();
        // A child whose mask was emptied dies of it instead; that is no loss either.
        let told = run.record().has("app stopped");
        assert!(
            told || exit == Exit::Code(143),
            "{exit}, {:?}",
            run.record()
        );
    }
}

/// The command is setuid root, so an init that is not root may not signal it.
pub(crate) fn d02_eperm_on_forwarding_is_not_an_end(init: &Init) {
    let scratch = Scratch::new();
    let command = scratch.program("setuid", puppet_binary(), 0o4755);
    let mut run = Stage::new(init)
        .privilege(Privilege::OtherUser)
        .start(&[&command, "app", "take all"]);
    let mut app = run.app();
    if app.facts().number("uid") != 0 {
        skip("setuid programs do not work below the temporary directory");
    }
    app.ask("become-root");
    for signal in [Signal::USR1, Signal::TERM] {
        run.signal(signal);
        await_taken(&run, signal);
        app.ask("ping");
        assert_eq!(app.signals(), [], "the init may not signal it");
    }
    app.exit(7);
    assert_eq!(run.exit(), Exit::Code(7));
}

pub(crate) fn d03_the_command_starts_with_no_signal_blocked(init: &Init) {
    let mut run = Stage::new(init).start(&["cat", "/proc/self/status"]);
    assert_eq!(run.exit(), Exit::Code(0));
    assert_eq!(status_mask(&run, "SigBlk"), Mask::EMPTY);
    assert_eq!(status_mask(&run, "SigIgn"), Mask::EMPTY);
}

/// The init logs to a pipe that nobody reads any more.
pub(crate) fn d04_a_dead_log_pipe_harms_nobody(init: &Init) {
    let (reader, writer) = pipe().expect("cannot make a pipe");
    drop(reader);
    let mut run = Stage::new(&init.talkative())
        .stderr(writer)
        .app(&["take all"]);
    let mut app = run.app();
    run.signal(Signal::USR1);
    app.expect(Signal::USR1);
    orphan_is_reaped(&run, &mut app);
    run.signal(Signal::USR2);
    app.expect(Signal::USR2);
    orphan_is_reaped(&run, &mut app);
    assert_eq!(app.signals(), [], "no SIGPIPE is the command's business");
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// The init logs to a pipe that is full, and whose reader does not read.
pub(crate) fn d04_a_full_log_pipe_blocks_nothing(init: &Init) {
    let (_reader, writer) = full_pipe();
    let mut run = Stage::new(&init.talkative())
        .stderr(writer)
        .app(&["take all"]);
    let mut app = run.app();
    run.signal(Signal::USR1);
    app.expect(Signal::USR1);
    orphan_is_reaped(&run, &mut app);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn d05_a_death_by_a_realtime_signal_is_128_plus_it(init: &Init) {
    let mut run = Stage::new(init).script("kill -40 $$");
    assert_eq!(run.exit(), Exit::Code(128 + 40));
}

pub(crate) fn d06_a_start_with_sigchld_ignored_is_no_hang(init: &Init) {
    let mut run = Stage::new(init)
        .through(&["env", "--ignore-signal=CHLD"])
        .app(&[]);
    let mut app = run.app();
    orphan_is_reaped(&run, &mut app);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn d07_a_start_with_closed_stdin_works(init: &Init) {
    let mut run = Stage::new(init).after("exec <&-").app(&[]);
    run.app().exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn d07_a_start_with_all_streams_closed_works(init: &Init) {
    let mut run = Stage::new(init)
        .after("exec <&- >&- 2>&-")
        .app(&["take all"]);
    let mut app = run.app();
    run.signal(Signal::USR1);
    app.expect(Signal::USR1);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// Two and a half seconds: longer than the two after which an impatient init kills, and far inside
/// of the ten that the platform gives.
pub(crate) fn d09_a_slow_clean_up_is_not_killed_early(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 clean 2500", "on 15 exit 0"]);
    let _app = run.app();
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(run.record().cleaned("app"), "{:?}", run.record());
}

pub(crate) fn d10_a_stopped_command_is_continued(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 clean 0", "on 15 exit 0"]);
    let mut app = run.app();
    app.tell("stop-self");
    app.process.await_state('T');
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(run.record().cleaned("app"), "{:?}", run.record());
}

pub(crate) fn d12_options_of_the_command_are_its_own(init: &Init) {
    let words = ["-l", "-h", "--version", "-g", "--help"];
    let mut command = vec!["/bin/echo"];
    command.extend(words);
    let mut run = Stage::new(init).without_separator().start(&command);
    assert_eq!(run.exit(), Exit::Code(0));
    assert_eq!(run.stdout().trim(), words.join(" "));
}

/// One second: those that sleep for a fixed time sleep for two or three.
pub(crate) fn d13_the_init_leaves_at_once_when_nothing_is_left(init: &Init) {
    let mut run = Stage::new(init).app(&["take 15"]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    app.expect(Signal::TERM);
    app.exit(0);
    let ended = Instant::now();
    let (exit, left) = run.exit_at();
    assert_eq!(exit, Exit::Code(0));
    let lingered = left.saturating_duration_since(ended);
    assert!(
        lingered < Duration::from_secs(1),
        "the init stayed for {lingered:?}"
    );
}

pub(crate) fn d13_children_that_work_on_are_waited_for(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 signal-children 15", "on 15 exit 0"]);
    run.app()
        .spawn("worker", "catch 15; on 15 clean 300; on 15 exit 0");
    let _worker = run.puppet("worker");
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(run.record().cleaned("worker"), "{:?}", run.record());
}

/// TERM at a hundred moments of the first three milliseconds. The init is not PID 1 here: a TERM that
/// comes before it has run at all then ends it, so in no case is there anything left to wait for.
pub(crate) fn d14_a_stop_signal_during_the_start_is_not_lost(init: &Init) {
    for step in 0..100 {
        let mut run = Stage::new(init)
            .rank(Rank::Child)
            .start(&["sleep", "infinity"]);
        let init = run.init();
        let moment = Instant::now() + Duration::from_micros(30 * step);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        init.signal(Signal::TERM);
        assert_eq!(
            run.exit(),
            Exit::Code(143),
            "TERM {} µs after the fork",
            30 * step
        );
    }
}

/// A hundred shells that leave a hundred children each.
pub(crate) fn d15_ten_thousand_orphans_are_reaped(init: &Init) {
    const COUNT: i32 = 10_000;
    let mut run = Stage::new(init).script(
        "i=0
         while [ $i -lt 100 ]; do
             /bin/sh -c 'i=0; while [ $i -lt 100 ]; do (: &); i=$((i + 1)); done'
             i=$((i + 1))
         done
         exec $PUPPET app",
    );
    let mut app = run.app();
    app.spawn("last", "");
    let last = run.puppet("last").own_pid;
    assert!(
        last > 2 * COUNT,
        "there were not that many processes: {last}"
    );
    await_that("there is no zombie", || run.init().zombies().is_empty());
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn d15_orphans_are_reaped_during_a_stop(init: &Init) {
    let mut run = Stage::new(init).app(&["take 15"]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    app.expect(Signal::TERM);
    for _ in 0..3 {
        orphan_is_reaped(&run, &mut app);
    }
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn d16_strangers_survive_when_the_init_is_not_pid_1(init: &Init) {
    let mut run = Stage::new(init)
        .beside(
            "$PUPPET stranger 'catch 1,2,15' &",
            "$PUPPET after 'catch 15'",
        )
        .app(&[]);
    let mut stranger = run.puppet("stranger");
    let app = run.app();
    let init = app.process.parent().expect("the command has a parent");
    init.signal(Signal::TERM);
    let mut after = run.puppet("after");
    assert_eq!(stranger.signals(), [], "it is none of the init's business");
    after.exit(0);
    assert_eq!(run.exit(), Exit::Code(143));
}

/// Lets the command leave an orphan behind and waits until the init has reaped it: whatever came to
/// the init before has been dealt with by then.
pub(crate) fn orphan_is_reaped(run: &Run, app: &mut Puppet) {
    let orphan = orphan(run, app);
    let process = orphan.process;
    end(orphan);
    process.await_reaped();
}

/// Lets the command leave an orphan behind.
pub(crate) fn orphan(run: &Run, app: &mut Puppet) -> Puppet {
    app.spawn("parent", "");
    let mut parent = run.puppet("parent");
    parent.spawn("orphan", "");
    let orphan = run.puppet("orphan");
    end(parent);
    // Where SIGCHLD is ignored the kernel has reaped it.
    let _ = app.try_ask("wait parent");
    orphan
}

fn end(mut puppet: Puppet) {
    puppet.exit(0);
}

/// Waits until the init has taken a signal that was sent to it, or has ended.
pub(crate) fn await_taken(run: &Run, signal: Signal) {
    let Process(pid) = run.init();
    await_that("the init has taken the signal", || {
        Process(pid)
            .mask("ShdPnd")
            .is_none_or(|pending| !pending.has(signal))
            && Process(pid).state().is_none_or(|state| state != 'R')
    });
}

pub(crate) fn status_mask(run: &Run, name: &str) -> Mask {
    let status = run.stdout();
    let start = format!("{name}:");
    let digits = status.lines().find_map(|line| line.strip_prefix(&start));
    // The C library of whoever started the tests keeps these two, and may block them in a thread.
    Mask::parse(digits.unwrap_or_else(|| panic!("no {name} in {status:?}")))
        .without(&[Signal(32), Signal(33)])
}

fn full_pipe() -> (PipeReader, PipeWriter) {
    /// What a pipe holds before a writer has to wait, unless somebody asked for more.
    const CAPACITY: usize = 65536;
    let (reader, mut writer) = pipe().expect("cannot make a pipe");
    writer
        .write_all(&[b'.'; CAPACITY])
        .expect("cannot fill the pipe");
    (reader, writer)
}
