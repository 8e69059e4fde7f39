//! Asks that a service which needs longer may say so, and gets what nobody else needs: `EXTEND_TIMEOUT_USEC=`.

use std::time::Instant;

use conformance::{Exit, Puppet, Signal, Supervisor};

use crate::{in_report, ms, run};

/// Asks for so much more time, and returns how much there is, in milliseconds.
#[track_caller]
fn extend(puppet: &mut Puppet, milliseconds: u64) -> u64 {
    let micros = milliseconds * 1000;
    let answer = puppet.ask(format_args!("notify-asked EXTEND_TIMEOUT_USEC={micros}"));
    let number = answer.strip_prefix("heard BOWOUT_EXTENDED_USEC=");
    let number: u64 = number
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{answer}"));
    number / 1000
}

/// `app` depends on `db`, and both have a time of their own, which leaves some of the grace period.
fn two() -> Supervisor {
    run(r#"
        grace = "20s"
        report = "report.json"
        [service.app]
        command = ["${PUPPET}", "app", "take 15"]
        stop_timeout = "1s"
        depends_on = ["db"]
        [service.db]
        command = ["${PUPPET}", "db", "take 15", "on 15 clean 0", "on 15 exit 0"]
        stop_timeout = "5s"
    "#)
}

#[test]
fn what_nobody_needs_is_given() {
    let mut it = two();
    let (mut app, _db) = (it.puppet("app"), it.puppet("db"));
    let start = Instant::now();
    it.signal(Signal::TERM);
    app.expect(Signal::TERM);
    // 19.5 s in all, less the 5 s of `db` and the sweep.
    let given = extend(&mut app, 4000);
    assert!((3000..=4000).contains(&given), "{given} ms");
    app.ask("work 1500");
    assert!(
        start.elapsed() > ms(1000),
        "it would have been killed by now"
    );
    app.ask("clean 0");
    app.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("app") && it.record().cleaned("db"));
}

/// What comes after it is not touched, however much is asked for.
#[test]
fn nothing_of_what_others_were_promised_is_given() {
    let mut it = two();
    let (mut app, _db) = (it.puppet("app"), it.puppet("db"));
    it.signal(Signal::TERM);
    app.expect(Signal::TERM);
    let given = extend(&mut app, 3_600_000);
    // 20 s, less the margin, the 5 s of `db`, and what a sweep takes.
    assert!((13_000..=14_500).contains(&given), "{given} ms");
    // Asked again it is no more, and less is never made of it.
    assert!(extend(&mut app, 3_600_000) <= given);
    assert!(extend(&mut app, 1) > 10_000);
    app.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("db"));
}

/// Where the plan takes all the time there is, there is nothing to give.
#[test]
fn without_slack_nothing_is_given() {
    let mut it = run(r#"
        grace = "3s"
        report = "report.json"
        [service.app]
        command = ["${PUPPET}", "app", "take 15"]
        stop_timeout = "1500ms"
        depends_on = ["db"]
        [service.db]
        command = ["${PUPPET}", "db", "take 15", "on 15 clean 300", "on 15 exit 0"]
        stop_timeout = "1500ms"
    "#);
    let (mut app, _db) = (it.puppet("app"), it.puppet("db"));
    it.signal(Signal::TERM);
    app.expect(Signal::TERM);
    let given = extend(&mut app, 60_000);
    assert!(given <= 1200, "{given} ms");
    // It does not end, and costs the other nothing.
    app.await_end();
    assert_eq!(it.exit(), Exit::Code(137));
    assert!(it.record().cleaned("db"));
    let report = it.report();
    let took = report["took_ms"].as_f64().expect("it is there");
    assert!(took < 2500.0, "{report}");
    let killed = &in_report(&report, app.own_pid)["killed"];
    assert!(
        killed["at_ms"].as_f64().expect("it was killed") < 1400.0,
        "{report}"
    );
}

/// What one that left early did not use is there for a later one.
#[test]
fn what_others_left_over_is_slack() {
    let mut it = run(r#"
        grace = "10s"
        [service.app]
        command = ["${PUPPET}", "app", "take 15", "on 15 exit 0"]
        stop_timeout = "4s"
        depends_on = ["db"]
        [service.db]
        command = ["${PUPPET}", "db", "take 15"]
        stop_timeout = "4s"
    "#);
    let (_app, mut db) = (it.puppet("app"), it.puppet("db"));
    it.signal(Signal::TERM);
    db.expect(Signal::TERM);
    let given = extend(&mut db, 60_000);
    assert!((7000..=9500).contains(&given), "{given} ms");
    db.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
}

/// Nobody but bowout counts the time of one service.
#[test]
fn outside_of_a_stop_of_the_container_all_is_given() {
    let it = run(r#"
        grace = "10s"
        [service.app]
        command = ["${PUPPET}", "app", "take 15"]
        stop_timeout = "1s"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    let mut app = it.puppet("app");
    it.ctl(&["stop", "app"]).with_code(0);
    app.expect(Signal::TERM);
    let given = extend(&mut app, 30_000);
    assert!((29_000..=30_000).contains(&given), "{given} ms");
    app.exit(0);
    assert_eq!(it.await_state("app", "stopped")["last_exit"]["code"], 0);
}

/// Without an own address nothing can be answered, and the time is given all the same, as systemd does.
#[test]
fn one_that_listens_to_no_answer_has_its_time_too() {
    let mut it = two();
    let (mut app, _db) = (it.puppet("app"), it.puppet("db"));
    it.signal(Signal::TERM);
    app.expect(Signal::TERM);
    app.ask("notify EXTEND_TIMEOUT_USEC=8000000");
    app.ask("work 1500");
    app.ask("clean 0");
    app.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("app"));
}
