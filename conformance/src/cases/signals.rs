//! Asks that every signal is passed on as it came.

use crate::cases::defects::await_taken;
use crate::{Exit, Init, Signal, Stage};

/// Not in the list: those that no process can catch, SIGCHLD, which is the init's own, the three that
/// suspend, and 32 and 33, which C libraries keep for themselves.
pub(crate) fn every_signal_is_forwarded(init: &Init) {
    let own = [Signal::KILL, Signal::STOP, Signal::CHLD];
    let suspend = [Signal::TSTP, Signal::TTIN, Signal::TTOU];
    // These begin a stop, in which another of them may mean nothing: each has a run of its own.
    let stops = [Signal::INT, Signal::TERM];
    let mut plain: Vec<Signal> = (1..32).map(Signal).collect();
    plain.retain(|signal| ![&own[..], &suspend, &stops].concat().contains(signal));
    each_is_forwarded(init, &plain);
    for signal in stops {
        each_is_forwarded(init, &[signal]);
    }
}

/// `SIGRTMIN` itself is [`the_lowest_realtime_signal_is_forwarded`]: musl keeps it from programs.
pub(crate) fn every_realtime_signal_is_forwarded(init: &Init) {
    let realtime: Vec<Signal> = (1..=30).map(Signal::realtime).collect();
    each_is_forwarded(init, &realtime);
}

fn each_is_forwarded(init: &Init, signals: &[Signal]) {
    let mut run = Stage::new(init).app(&["take all"]);
    let mut app = run.app();
    for &signal in signals {
        run.signal(signal);
        let got = app.expect(signal);
        assert_eq!(got.signal, signal);
    }
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// It is the init's own, whoever sends it.
pub(crate) fn sigchld_is_not_forwarded(init: &Init) {
    let run = Stage::new(init).app(&["take 10,17"]);
    let mut app = run.app();
    run.signal(Signal::CHLD);
    await_taken(&run, Signal::CHLD);
    run.signal(Signal::USR1);
    app.expect(Signal::USR1);
}

pub(crate) fn queued_values_are_kept(init: &Init) {
    /// What the kernel says of a signal sent by sigqueue.
    const SI_QUEUE: i32 = -1;
    let run = Stage::new(init).app(&["take all"]);
    let mut app = run.app();
    for (signal, value) in [(Signal::USR1, 4711), (Signal::realtime(6), -12345)] {
        signal.queue(run.init().0, value);
        let got = app.expect(signal);
        assert_eq!(
            (got.code, got.value),
            (Some(SI_QUEUE), Some(value)),
            "{signal}"
        );
    }
}

pub(crate) fn queued_realtime_signals_keep_their_order(init: &Init) {
    let run = Stage::new(init).app(&["take all"]);
    let mut app = run.app();
    let init = run.init();
    // Stopped, it finds all of them at once.
    app.tell("stop-self");
    app.process.await_state('T');
    for value in 1..=5 {
        Signal::realtime(3).queue(init.0, value);
    }
    Signal::CONT.send(app.process.0);
    app.answer("stop-self");
    let values: Vec<_> = (1..=5)
        .map(|_| app.expect(Signal::realtime(3)).value)
        .collect();
    assert_eq!(values, [Some(1), Some(2), Some(3), Some(4), Some(5)]);
    drop(run);
}

pub(crate) fn the_lowest_realtime_signal_is_forwarded(init: &Init) {
    let mut run = Stage::new(init).start(&["sleep", "infinity"]);
    let init = run.init();
    // It has been executed when its name is its own.
    crate::await_that("the command runs", || {
        init.children()
            .first()
            .is_some_and(|child| child.name().as_deref() == Some("sleep"))
    });
    run.signal(Signal::realtime(0));
    assert_eq!(run.exit(), Exit::Code(128 + 34));
}

pub(crate) fn job_control_signals_suspend_and_continue(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    let mut app = run.app();
    for signal in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        run.signal(signal);
        app.process.await_state('T');
        run.signal(Signal::CONT);
        app.process.await_state('S');
        app.ask("ping");
    }
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}
