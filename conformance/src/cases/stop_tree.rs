//! Asks that the last of a tree has ended before the init does.

use std::time::{Duration, Instant};

use crate::cases::stop::CLEANS_UP;
use crate::{Exit, Init, Run, Signal, Stage, need_root};

pub(crate) fn a_daemon_that_double_forked_is_waited_for(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 exit 0"]);
    daemon_is_waited_for(&mut run);
}

/// Starts a daemon the classic way below a command that ends on TERM, and stops the container.
#[track_caller]
pub(crate) fn daemon_is_waited_for(run: &mut Run) {
    let mut app = run.app();
    app.spawn("parent", "setsid");
    let mut parent = run.puppet("parent");
    parent.spawn("daemon", &format!("catch 15; {CLEANS_UP}"));
    let _daemon = run.puppet("daemon");
    parent.exit(0);
    app.ask("wait parent");
    app.process
        .parent()
        .expect("the command has a parent")
        .signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(run.record().cleaned("daemon"), "{:?}", run.record());
}

pub(crate) fn a_child_in_its_own_session_is_waited_for(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    run.app()
        .spawn("child", &format!("setsid; catch 15; {CLEANS_UP}"));
    let _child = run.puppet("child");
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(143));
    assert!(run.record().cleaned("child"), "{:?}", run.record());
}

/// A process that entered the namespace from outside, as `docker exec` has it: nobody's child there.
pub(crate) fn a_visitor_from_outside_is_told_and_waited_for(init: &Init) {
    need_root();
    let mut run = Stage::new(init).app(&[]);
    let _app = run.app();
    run.enter("visitor", &["catch 15", "on 15 clean 50", "on 15 exit 0"]);
    let _visitor = run.puppet("visitor");
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(143));
    assert!(run.record().cleaned("visitor"), "{:?}", run.record());
}

/// Only the last of ten cleans up; the others die of the signal, in whatever order.
pub(crate) fn a_chain_of_ten_is_waited_for(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    let mut links = vec![run.app()];
    for depth in 1..10 {
        let name = format!("link{depth}");
        let commands = if depth == 9 {
            format!("catch 15; {CLEANS_UP}")
        } else {
            String::new()
        };
        links
            .last_mut()
            .expect("there is the first")
            .spawn(&name, &commands);
        links.push(run.puppet(&name));
    }
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(143));
    assert!(run.record().cleaned("link9"), "{:?}", run.record());
}

pub(crate) fn a_hundred_workers_in_own_sessions_all_finish(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    run.app()
        .ask(format_args!("spawn-many 100 setsid; catch 15; {CLEANS_UP}"));
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(143));
    assert_eq!(run.record().cleaned_count(), 100);
}

pub(crate) fn a_thousand_workers_all_finish(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    run.app()
        .ask(format_args!("spawn-many 1000 take 15; {CLEANS_UP}"));
    run.signal(Signal::TERM);
    let start = Instant::now();
    assert_eq!(run.exit(), Exit::Code(143));
    // Whoever was only told at half of the ten seconds that a platform gives was told too late.
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "it took {:?}",
        start.elapsed()
    );
    let record = run.record();
    assert_eq!(record.cleaned_count(), 1000);
    assert_eq!(
        record.most_times(Signal::TERM),
        1,
        "somebody was told twice"
    );
}

/// A master that tells its workers and does not wait for them.
pub(crate) fn a_master_that_leaves_first_cuts_no_worker_off(init: &Init) {
    let mut run = Stage::new(init).app(&["catch 15", "on 15 signal-children 15", "on 15 exit 0"]);
    run.app()
        .ask(format_args!("spawn-many 100 take 15; {CLEANS_UP}"));
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(0));
    assert_eq!(run.record().cleaned_count(), 100);
}
