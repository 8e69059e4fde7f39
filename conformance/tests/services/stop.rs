//! Asks that a stop of the container gives everybody the time that was promised: `grace`, `margin`, `drain`,
//! and the order in which services are told.

use std::time::Instant;

use conformance::{Configuration, Exit, Signal, await_that};
use serde_json::Value;

use crate::{as_root, ms, run};

/// A service that works for so long when it is told, and then records it.
fn works(name: &str, milliseconds: u32, more: &str) -> String {
    format!(
        r#"
        [service.{name}]
        command = ["${{PUPPET}}", "{name}", "take 15", "on 15 record told", "on 15 clean {milliseconds}", "on 15 exit 0"]
        {more}
    "#
    )
}

/// A service that ignores the stop signal.
fn deaf(name: &str, more: &str) -> String {
    format!(
        r#"
        [service.{name}]
        command = ["env", "--ignore-signal=TERM", "${{PUPPET}}", "{name}"]
        {more}
    "#
    )
}

/// The names of the services that bowout had to SIGKILL.
fn killed(report: &Value) -> Vec<&str> {
    let all = report["processes"].as_array().expect("there is a list");
    let killed = all.iter().filter(|process| !process["killed"].is_null());
    killed
        .map(|process| process["service"].as_str().expect("it has one"))
        .collect()
}

/// The case that the budget was designed for: without a reserve the one that ignores the signal would have it
/// all.
#[test]
fn one_that_ignores_the_stop_takes_nothing_from_what_it_depends_on() {
    let mut it = run(&[
        "grace = \"10s\"\nreport = \"report.json\"".to_owned(),
        deaf("web", "depends_on = [\"app\"]"),
        works("app", 1000, "depends_on = [\"db\"]"),
        works("db", 1000, ""),
    ]
    .concat());
    let [web, _app, _db] = ["web", "app", "db"].map(|name| it.puppet(name));
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(137));
    assert!(took < ms(9500), "{took:?}");
    let record = it.record();
    assert!(record.cleaned("app") && record.cleaned("db"), "{record:?}");
    let place = |line| record.place(line).expect("it was recorded");
    assert!(place("app cleaned") < place("db told"), "{record:?}");
    let report = it.report();
    assert_eq!(killed(&report), ["web"], "{report}");
    assert_eq!(report["killed"], 1, "{report}");
    let entry = crate::in_report(&report, web.own_pid);
    assert_eq!(entry["killed"]["why"], "ignores the signal", "{report}");
    let said = it.stderr();
    let account = said.lines().find(|line| line.contains("stopped in"));
    let account = account.unwrap_or_else(|| panic!("no account: {said}"));
    let named = format!(
        "1 SIGKILLed: {} (puppet) of web ignores the signal",
        web.own_pid
    );
    assert!(account.contains(&named), "{account}");
}

/// The same at the bottom: those above have gone by then, and it has what they left.
#[test]
fn one_that_ignores_the_stop_and_is_last_costs_nobody_anything() {
    let mut it = run(&[
        "grace = \"4s\"\nreport = \"report.json\"".to_owned(),
        works("web", 0, "depends_on = [\"app\"]"),
        works("app", 0, "depends_on = [\"db\"]"),
        deaf("db", ""),
    ]
    .concat());
    let _all = ["web", "app", "db"].map(|name| it.puppet(name));
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(137));
    assert!(took < ms(4000), "{took:?}");
    assert!(it.record().cleaned("web") && it.record().cleaned("app"));
    assert_eq!(killed(&it.report()), ["db"]);
}

/// One after the other they would be told when the one before has cleaned up.
#[test]
fn services_without_an_order_are_all_told_before_any_of_them_has_ended() {
    let names = ["a", "b", "c", "d", "e"];
    let toml: String = names.iter().map(|name| works(name, 1000, "")).collect();
    let mut it = run(&toml);
    let _all = names.map(|name| it.puppet(name));
    assert_eq!(it.stop().0, Exit::Code(0));
    let record = it.record();
    let place = |what: &str| {
        let places = names.map(|name| record.place(&format!("{name} {what}")));
        places.map(|place| place.unwrap_or_else(|| panic!("not all {what}: {record:?}")))
    };
    let last_told = place("told").into_iter().max();
    let first_done = place("cleaned").into_iter().min();
    assert!(last_told < first_done, "{record:?}");
}

#[test]
fn a_hundred_idle_services_all_end_by_themselves() {
    let names: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
    let toml: String = names.iter().map(|name| works(name, 0, "")).collect();
    let mut it = run(&toml);
    let _all: Vec<_> = names.iter().map(|name| it.puppet(name)).collect();
    assert_eq!(it.stop().0, Exit::Code(0));
    assert_eq!(it.record().cleaned_count(), 100);
    assert_eq!(it.record().most_times(Signal::TERM), 1);
}

/// Nothing that ends holds anybody: it leaves when the last one has.
#[test]
fn it_leaves_at_once_when_nothing_is_left() {
    let mut it = run(&format!("grace = \"1h\"\n{}", works("web", 0, "")));
    let _web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
}

/// It is there until the end of the grace period less the margin, and no longer.
#[test]
fn grace_less_margin_is_all_the_time_there_is() {
    for (settings, options, least, most) in [
        ("grace = \"2s\"", [].as_slice(), 1000, 2000),
        ("grace = \"3s\"\nmargin = \"1500ms\"", &[], 1000, 1500),
        ("grace = \"1h\"", &["--grace", "2s"], 1000, 2000),
    ] {
        let toml = format!("report = \"report.json\"\n{settings}\n{}", deaf("web", ""));
        let mut it = Configuration::new(&toml).options(options).start();
        let _web = it.puppet("web");
        let (exit, took) = it.stop();
        assert_eq!(exit, Exit::Code(137));
        assert!(took >= ms(least) && took < ms(most), "{settings}: {took:?}");
        let budget = it.report()["budget_ms"].as_f64().expect("it is known");
        assert!((budget - 1500.0).abs() < 1e-6, "{settings}: {budget}");
    }
}

#[test]
fn drain_goes_on_with_the_work_and_tells_that_it_is_not_ready() {
    let mut it = run(&format!("drain = \"700ms\"\n{}", works("web", 0, "")));
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    let mut events = it.events();
    let start = Instant::now();
    it.signal(Signal::TERM);
    events.expect("stopping", "");
    assert_eq!(it.ctl(&["healthcheck"]).code, 1);
    assert_eq!(web.signals(), []);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(start.elapsed() >= ms(700), "{:?}", start.elapsed());
    assert!(it.record().cleaned("web"));
}

/// Nobody is there whom a load balancer could send anything.
#[test]
fn drain_is_cut_short_when_nobody_is_left() {
    let mut it = run(&format!(
        "drain = \"1h\"\ngrace = \"2h\"\n{}",
        works("web", 0, "")
    ));
    let mut web = it.puppet("web");
    let mut events = it.events();
    it.signal(Signal::TERM);
    events.expect("stopping", "");
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
}

/// A plan that does not fit is cut, and said so when it starts: nobody is told a time that nobody has.
#[test]
fn a_plan_that_does_not_fit_is_cut_in_proportion_and_said() {
    let mut it = run(&[
        "grace = \"2500ms\"\nreport = \"report.json\"".to_owned(),
        deaf("web", "stop_timeout = \"30s\"\ndepends_on = [\"db\"]"),
        works("db", 200, "stop_timeout = \"30s\""),
    ]
    .concat());
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    it.await_log("every part was cut");
    for puppet in [&mut web, &mut db] {
        let told = puppet.env("BOWOUT_STOP_TIMEOUT").expect("it is told");
        let told: f64 = told.parse().expect("it is a number of seconds");
        assert!((0.9..1.0).contains(&told), "{told}");
    }
    let (_, took) = it.stop();
    assert!(took < ms(2500), "{took:?}");
    assert!(it.record().cleaned("db"));
    assert_eq!(killed(&it.report()), ["web"]);
}

/// The value that comes with the signal is the time that is left, for who can read it.
#[test]
fn the_signal_says_how_much_time_is_left() {
    let it = run(&format!(
        "grace = \"10s\"\n{}",
        works("web", 0, "stop_timeout = \"3s\"").replace("\"on 15 exit 0\"", "\"work 0\"")
    ));
    let mut web = it.puppet("web");
    it.signal(Signal::TERM);
    let got = web.expect(Signal::TERM);
    let value = got.value.expect("it has one");
    assert!((2900..=3000).contains(&value), "{got:?}");
}

#[test]
fn another_term_changes_nothing_and_another_int_hurries() {
    let toml = format!("grace = \"1h\"\n{}", deaf("web", ""));
    let mut it = Configuration::new(&toml).options(&["-v"]).start();
    let mut web = it.puppet("web");
    it.signal(Signal::TERM);
    it.await_log("stopping: SIGTERM");
    it.signal(Signal::TERM);
    it.await_log("SIGTERM again: already stopping");
    web.ask("ping");
    it.signal(Signal::INT);
    it.await_log("a quarter of the time");
    web.ask("ping");
    it.signal(Signal::INT);
    assert_eq!(it.exit(), Exit::Code(137));
}

/// The signal that came is the one that is sent on.
#[test]
fn stop_on_is_what_asks_for_the_stop_and_other_signals_are_sent_on() {
    let mut it = run(r#"
        stop_on = ["QUIT", "RTMIN+3"]
        [service.web]
        command = ["${PUPPET}", "web", "take all"]
    "#);
    let mut web = it.puppet("web");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    assert_eq!(it.status("web")["state"], "running");
    it.signal(Signal::QUIT);
    web.expect(Signal::QUIT);
    await_that("the stop is under way", || {
        it.status("web")["state"] == "stopping"
    });
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
}

/// What has left its service, and whoever came by `docker exec`, is told too, at the end.
#[test]
fn what_no_service_has_is_told_last() {
    as_root("what_no_service_has_is_told_last", || {
        let mut it = run(&format!(
            "report = \"report.json\"\n{}",
            works("web", 0, "")
        ));
        let _web = it.puppet("web");
        it.enter("visitor", &["take 15", "on 15 clean 300", "on 15 exit 0"]);
        let visitor = it.puppet("visitor");
        assert_eq!(it.stop().0, Exit::Code(0));
        let record = it.record();
        assert!(record.cleaned("visitor"), "{record:?}");
        assert!(record.place("web cleaned") < record.place("visitor cleaned"));
        let report = it.report();
        let entry = crate::in_report(&report, visitor.own_pid);
        assert_eq!(entry["swept"], true, "{report}");
        assert_eq!(entry["service"], Value::Null, "{report}");
    });
}
