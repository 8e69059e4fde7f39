//! Asks for each kill mode who is told, who is waited for and who is not.

use std::time::Instant;

use conformance::{Exit, Run, Signal, Stage};

use crate::{both_ways, ends, ms};

/// A master that takes the signal and stays, and a worker in its group, both up.
fn master_and_worker(stage: Stage) -> (Run, [conformance::Puppet; 2]) {
    let run = stage.app(&["take 15"]);
    let mut app = run.app();
    app.spawn("worker", "take 15");
    let worker = run.puppet("worker");
    (run, [app, worker])
}

#[test]
fn auto_leaves_the_worker_to_its_master() {
    both_ways("kill-mode", "auto", |stage| {
        let (mut run, [mut app, mut worker]) = master_and_worker(stage);
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        assert_eq!(worker.signals(), []);
        app.exit(3);
        worker.expect(Signal::TERM);
        worker.exit(0);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn main_tells_nobody_else_even_at_half_time() {
    both_ways("kill-mode", "main", |stage| {
        let stage = stage.options(&["--stop-timeout", "2s"]);
        let (mut run, [mut app, mut worker]) = master_and_worker(stage);
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        app.ask("work 1300");
        assert_eq!(worker.signals(), []);
        worker.exit(0);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn main_kills_all() {
    both_ways("kill-mode", "main", |stage| {
        let stage = stage.options(&["--stop-timeout", "1s"]);
        let (mut run, [_app, mut worker]) = master_and_worker(stage);
        run.signal(Signal::TERM);
        assert_eq!(worker.await_end(), [], "it ends without having been told");
        assert_eq!(run.exit(), Exit::Code(137));
    });
}

#[test]
fn group_tells_the_whole_group_at_once() {
    both_ways("kill-mode", "group", |stage| {
        let (mut run, [mut app, mut worker]) = master_and_worker(stage);
        let start = Instant::now();
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        worker.expect(Signal::TERM);
        // Half-time, when all are told in auto too, would be after nearly 5 s.
        assert!(start.elapsed() < ms(3000), "{:?}", start.elapsed());
        worker.exit(0);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn process_waits_for_nobody_else() {
    both_ways("kill-mode", "process", |stage| {
        let (mut run, [mut app, mut worker]) = master_and_worker(stage);
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        assert_eq!(worker.signals(), []);
        let start = Instant::now();
        app.exit(3);
        let (exit, took) = ends(&mut run, start);
        assert_eq!(exit, Exit::Code(3));
        assert!(took < ms(2000), "it stayed for {took:?}");
        assert_eq!(
            worker.await_end(),
            [],
            "the kernel has ended it, and nobody told it"
        );
    });
}
