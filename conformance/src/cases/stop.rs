//! Asks who gets the stop signal, and that everybody has the time to end.

use crate::cases::defects::orphan_is_reaped;
use crate::{Exit, Init, Signal, Stage};

/// What a process does that cleans up for 50 ms when it is told to stop.
pub(crate) const CLEANS_UP: &str = "on 15 clean 50; on 15 exit 0";

pub(crate) fn the_stop_signal_reaches_the_command(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 clean 50", "on 15 exit 7"]);
    let _app = run.app();
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(7));
    assert_eq!(
        run.record().times("app", Signal::TERM),
        1,
        "{:?}",
        run.record()
    );
}

pub(crate) fn workers_of_a_master_that_catches_are_left_to_it(init: &Init) {
    workers_are_left_to_their_master(init, "catch 15");
}

pub(crate) fn workers_of_a_master_that_takes_by_signalfd_are_left_to_it(init: &Init) {
    workers_are_left_to_their_master(init, "take 15");
}

/// A master that tells its workers itself: a second TERM from elsewhere would be one too many.
fn workers_are_left_to_their_master(init: &Init, listen: &str) {
    let mut run = Stage::new(init).app(&[
        listen,
        // Later than any signal from elsewhere, and while the workers still count: two that come at
        // the same moment would be one.
        "on 15 work 50",
        "on 15 signal-children 15",
        "on 15 wait",
        "on 15 clean 0",
        "on 15 exit 0",
    ]);
    let mut app = run.app();
    let mut workers = Vec::new();
    for name in ["one", "two", "three"] {
        app.spawn(name, "take 15; on 15 clean 200; on 15 exit 0");
        workers.push(run.puppet(name));
    }
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    let record = run.record();
    assert_eq!(record.cleaned_count(), 4, "{record:?}");
    assert_eq!(
        record.most_times(Signal::TERM),
        1,
        "somebody was told twice: {record:?}"
    );
}

/// A master that catches, ends, and never told those below it.
pub(crate) fn the_charge_is_handed_on_when_the_master_ends(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 clean 0", "on 15 exit 0"]);
    let mut app = run.app();
    app.spawn("worker", &format!("catch 15; {CLEANS_UP}"));
    let _worker = run.puppet("worker");
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(run.record().cleaned("worker"), "{:?}", run.record());
}

pub(crate) fn a_second_sigterm_changes_nothing(init: &Init) {
    let mut run = Stage::new(init).app(&["take 15"]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    app.expect(Signal::TERM);
    for _ in 0..3 {
        run.signal(Signal::TERM);
        orphan_is_reaped(&run, &mut app);
    }
    assert_eq!(app.signals(), []);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// The command starts a process when it is told to stop, and leaves. TERM is blocked in the newcomer
/// from birth, so it can't miss one, and it ends of nothing else.
pub(crate) fn a_process_born_during_the_stop_is_told(init: &Init) {
    let late = format!("on 15 spawn late take 15; {CLEANS_UP}");
    let mut run = Stage::new(init).app(&["take 15", &late, "on 15 exit 0"]);
    let _app = run.app();
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(run.record().cleaned("late"), "{:?}", run.record());
}

pub(crate) fn a_stopped_process_below_is_continued(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    run.app().spawn("worker", &format!("catch 15; {CLEANS_UP}"));
    let mut worker = run.puppet("worker");
    worker.tell("stop-self");
    worker.process.await_state('T');
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(143));
    assert!(run.record().cleaned("worker"), "{:?}", run.record());
}

/// Nobody asked for a stop; the command ends, and its code is the container's.
pub(crate) fn the_rest_is_told_when_the_command_ends_by_itself(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    let mut app = run.app();
    app.spawn("worker", &format!("catch 15; {CLEANS_UP}"));
    let _worker = run.puppet("worker");
    app.exit(9);
    assert_eq!(run.exit(), Exit::Code(9));
    assert!(run.record().cleaned("worker"), "{:?}", run.record());
}

pub(crate) fn a_sigint_is_passed_on_as_a_sigint(init: &Init) {
    let mut run = Stage::new(init).app(&["take all"]);
    let mut app = run.app();
    run.signal(Signal::INT);
    app.expect(Signal::INT);
    app.exit(0);
    assert_eq!(run.exit(), Exit::Code(0));
}
