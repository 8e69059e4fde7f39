//! Asks that a person who presses Ctrl-C again is heard.

use std::time::Instant;

use conformance::{Exit, Puppet, Run, Signal};

use crate::{await_orphan, ends, ignoring, ms, stage};

#[test]
fn a_second_sigint_cuts_the_time_to_a_quarter() {
    let mut run = ignoring(stage().options(&["--grace", "8s"]), "INT,TERM");
    let mut app = run.app();
    let start = Instant::now();
    interrupt(&run, &mut app);
    interrupt(&run, &mut app);
    let (exit, took) = ends(&mut run, start);
    assert_eq!(exit, Exit::Code(137));
    assert!(took > ms(1000), "a quarter of 7.5 s was left: {took:?}");
    assert!(took < ms(4000), "a quarter of 7.5 s was left: {took:?}");
}

#[test]
fn a_third_sigint_kills_at_once() {
    let mut run = ignoring(stage().options(&["--grace", "60s"]), "INT,TERM");
    let mut app = run.app();
    interrupt(&run, &mut app);
    interrupt(&run, &mut app);
    let start = Instant::now();
    run.signal(Signal::INT);
    let (exit, took) = ends(&mut run, start);
    assert_eq!(exit, Exit::Code(137));
    assert!(took < ms(3000), "{took:?}");
}

#[test]
fn a_sigint_skips_the_drain() {
    let mut run = stage()
        .options(&["--grace", "60s", "--drain", "20s"])
        .app(&["take 2,15"]);
    let mut app = run.app();
    let start = Instant::now();
    interrupt(&run, &mut app);
    assert_eq!(app.signals(), [], "it is told when the drain is over");
    run.signal(Signal::INT);
    app.expect(Signal::INT);
    assert!(start.elapsed() < ms(10_000), "{:?}", start.elapsed());
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

#[test]
fn a_second_sigterm_neither_skips_the_drain_nor_cuts_the_time() {
    let mut run = stage()
        .options(&["--grace", "8s", "--drain", "1500ms"])
        .app(&["take 15"]);
    let mut app = run.app();
    let start = Instant::now();
    run.signal(Signal::TERM);
    await_orphan(&run, &mut app);
    run.signal(Signal::TERM);
    app.expect(Signal::TERM);
    assert!(start.elapsed() >= ms(1500), "{:?}", start.elapsed());
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// Sends a SIGINT and returns when the init has dealt with it: two at the same moment would be one.
fn interrupt(run: &Run, app: &mut Puppet) {
    run.signal(Signal::INT);
    await_orphan(run, app);
}
