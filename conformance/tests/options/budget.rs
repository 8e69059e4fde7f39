//! Asks that the grace is divided, kept, and told.

use std::time::Instant;

use conformance::{Exit, Signal};

use crate::{both_ways, ends, ignoring, ms, stage};

#[test]
fn grace_kills_before_it_is_over_and_not_long_before() {
    both_ways("grace", "2s", |stage| {
        let mut run = ignoring(stage, "TERM");
        let _app = run.app();
        let start = Instant::now();
        run.signal(Signal::TERM);
        let (exit, took) = ends(&mut run, start);
        assert_eq!(exit, Exit::Code(137));
        assert!(
            took > ms(1000),
            "it was killed after {took:?}, and half a second is the margin"
        );
        assert!(
            took < ms(2000),
            "the platform would have killed before: {took:?}"
        );
    });
}

#[test]
fn margin_is_how_long_before_the_end_it_is_done() {
    both_ways("margin", "3s", |stage| {
        let mut run = ignoring(stage.options(&["--grace", "6s"]), "TERM");
        let _app = run.app();
        let start = Instant::now();
        run.signal(Signal::TERM);
        let (exit, took) = ends(&mut run, start);
        assert_eq!(exit, Exit::Code(137));
        assert!(took > ms(2000), "three seconds were left: {took:?}");
        assert!(took < ms(4000), "three seconds were left: {took:?}");
    });
}

#[test]
fn durations_may_have_several_parts() {
    let run = stage().options(&["--grace=1m30s"]).app(&["take 15"]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    let left = app
        .expect(Signal::TERM)
        .value
        .expect("it was taken from a signalfd");
    assert!((60_000..=90_000).contains(&left), "{left} ms are left");
}

#[test]
fn stop_timeout_kills_inside_of_a_long_grace() {
    both_ways("stop-timeout", "500ms", |stage| {
        let mut run = ignoring(stage.options(&["--grace", "30s"]), "TERM");
        let _app = run.app();
        let start = Instant::now();
        run.signal(Signal::TERM);
        let (exit, took) = ends(&mut run, start);
        assert_eq!(exit, Exit::Code(137));
        assert!(took >= ms(500), "it was promised half a second: {took:?}");
        assert!(took < ms(5000), "half a second was its time: {took:?}");
    });
}

/// The app tells by its own clock that more time has passed than Docker would give.
#[test]
fn without_a_grace_nothing_is_killed_and_the_log_says_who_stays() {
    let mut run = ignoring(stage(), "TERM");
    let mut app = run.app();
    run.signal(Signal::TERM);
    app.ask("work 10500");
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
    let log = run.stderr();
    let naming = log
        .lines()
        .filter(|line| line.contains("puppet") && line.contains("ignores"));
    assert!(naming.count() >= 2, "at 1 and 5 s: {log}");
}

/// Every stop signal carries the milliseconds that are left.
#[test]
fn the_stop_signal_carries_the_time_that_is_left() {
    both_ways("grace", "10s", |stage| {
        let run = stage.app(&[]);
        let mut app = run.app();
        app.spawn("worker", "take 15");
        app.ask("spawn other setsid; take 15");
        let (mut worker, mut other) = (run.puppet("worker"), run.puppet("other"));
        run.signal(Signal::TERM);
        for puppet in [&mut worker, &mut other] {
            let got = puppet.expect(Signal::TERM);
            assert_eq!(got.code, Some(-1), "it was not queued");
            assert_eq!(got.pid, Some(1), "it is from the init");
            let left = got.value.expect("it was taken from a signalfd");
            assert!((5000..=9500).contains(&left), "{left} ms are left");
        }
    });
}

#[test]
fn in_kubernetes_the_grace_is_thirty_seconds() {
    let run = stage()
        .env("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        .app(&["take 15"]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    let left = app
        .expect(Signal::TERM)
        .value
        .expect("it was taken from a signalfd");
    assert!((20_000..=29_500).contains(&left), "{left} ms are left");
}

/// A trap that can't run before the app has ended, in a shell that can't be told from one that waits.
#[test]
fn at_half_time_a_child_that_was_spared_is_told() {
    let script = "trap 'echo script cleaned >> $PUPPET_RECORD; exit 4' TERM
                  $PUPPET app 'catch 15' 'on 15 clean 50' 'on 15 exit 0'
                  true";
    let mut run = stage()
        .options(&["--stop-timeout", "2s"])
        .start(&["/bin/bash", "-c", script]);
    let app = run.app();
    app.process
        .parent()
        .expect("the app has a parent")
        .await_state('S');
    let start = Instant::now();
    run.signal(Signal::TERM);
    let (exit, took) = ends(&mut run, start);
    assert_eq!(exit, Exit::Code(4));
    let record = run.record();
    assert!(
        record.cleaned("app") && record.cleaned("script"),
        "{record:?}"
    );
    assert!(took >= ms(1000), "it was told before half of 2 s: {took:?}");
    assert!(took < ms(2000), "it was told too late: {took:?}");
}

/// A blocked signal counts as caught, so the worker is its master's until half-time.
#[test]
fn at_half_time_the_workers_of_a_silent_master_are_told() {
    let mut run = stage()
        .options(&["--stop-timeout", "2s"])
        .app(&["block 15"]);
    let mut app = run.app();
    app.spawn("worker", "take 15");
    let mut worker = run.puppet("worker");
    let start = Instant::now();
    run.signal(Signal::TERM);
    worker.expect(Signal::TERM);
    let told = start.elapsed();
    assert!(told >= ms(1000), "it was told before half of 2 s: {told:?}");
    assert!(told < ms(2000), "it was told too late: {told:?}");
    worker.exit(0);
    app.exit(5);
    assert_eq!(run.exit(), Exit::Code(5));
}

/// Two children that ignore the signal, two that need a while: nobody pays for another.
#[test]
fn one_that_ignores_does_not_cost_the_others_their_stop() {
    let mut run = stage().options(&["--grace", "2s"]).app(&[]);
    let mut app = run.app();
    app.ask("spawn deaf via env --ignore-signal=TERM --");
    app.spawn("worker", "take 15; on 15 clean 300; on 15 exit 0");
    let (_deaf, _worker) = (run.puppet("deaf"), run.puppet("worker"));
    let start = Instant::now();
    run.signal(Signal::TERM);
    let (exit, took) = ends(&mut run, start);
    assert_eq!(exit, Exit::Code(143));
    assert!(run.record().cleaned("worker"), "{:?}", run.record());
    assert!(took < ms(2000), "{took:?}");
}
