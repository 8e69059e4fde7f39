//! Asks for the account of a stop of several services, in one line for people and as JSON: `report`.

use conformance::{Configuration, Exit, Signal, Supervisor};
use serde_json::Value;

use crate::run;

/// The line for people.
#[track_caller]
fn line(it: &Supervisor) -> String {
    let said = it.stderr();
    let line = said.lines().find(|line| line.contains("stopped in"));
    line.unwrap_or_else(|| panic!("no account: {said}"))
        .to_owned()
}

/// A service of the report.
#[track_caller]
fn service<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["services"].as_array().expect("there is a list");
    let found = all.iter().find(|service| service["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// Runs it to its end, and returns the reason.
#[track_caller]
fn reason(toml: &str) -> (Value, String, Exit) {
    let toml = format!("report = \"report.json\"\n{toml}");
    let mut it = Configuration::new(&toml).options(&["-v"]).start();
    let exit = it.exit();
    (it.report()["reason"].clone(), line(&it), exit)
}

#[test]
fn a_signal_is_named_with_its_sender() {
    let mut it = run(r#"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
    "#);
    let _web = it.puppet("web");
    it.stop();
    let report = it.report();
    let reason = &report["reason"];
    assert_eq!(reason["kind"], "signal", "{report}");
    assert_eq!(reason["signal"], "SIGTERM", "{report}");
    assert_eq!(reason["sender_pid"], 0, "{report}");
    assert_eq!(
        (&report["exit_code"], &report["killed"]),
        (&0.into(), &0.into())
    );
    let line = line(&it);
    assert!(
        line.contains("on SIGTERM from outside of the container"),
        "{line}"
    );
    assert!(
        line.contains("1 process ended by itself, none killed; exit code 0"),
        "{line}"
    );
}

#[test]
fn one_that_ended_is_named_with_how() {
    let (reason, line, exit) = reason(
        r#"
        [service.web]
        command = ["${PUPPET}", "web", "exit 4"]
        [service.other]
        command = ["sleep", "1000"]
    "#,
    );
    assert_eq!(exit, Exit::Code(4));
    assert_eq!(
        (&reason["kind"], &reason["service"]),
        (&"ended".into(), &"web".into())
    );
    assert_eq!(reason["status"]["code"], 4);
    assert!(line.contains("after web exited with 4"), "{line}");
}

#[test]
fn one_that_could_not_be_started_is_named() {
    let (reason, line, exit) = reason(
        r#"
        [service.web]
        command = ["/no/such/program"]
        [service.other]
        command = ["sleep", "1000"]
    "#,
    );
    assert_eq!(exit, Exit::Code(127));
    assert_eq!(
        (&reason["kind"], &reason["service"]),
        (&"not_started".into(), &"web".into())
    );
    assert_eq!(reason["errno"], 2);
    assert!(line.contains(": web could not be started"), "{line}");
}

#[test]
fn one_that_failed_otherwise_is_named() {
    let (reason, line, _) = reason(
        r#"
        [service.web]
        command = ["sleep", "1000"]
        ready = "notify"
        start_timeout = "100ms"
    "#,
    );
    assert_eq!(
        (&reason["kind"], &reason["service"]),
        (&"failed".into(), &"web".into())
    );
    assert!(line.contains(": web failed"), "{line}");
}

#[test]
fn nothing_left_is_a_reason_too() {
    let (reason, _, exit) = reason(
        r#"
        [service.job]
        type = "oneshot"
        command = ["true"]
    "#,
    );
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(reason["kind"], "nothing_left");
}

/// Each has its entry: what never ran, what was done before, and what was stopped.
#[test]
fn every_service_has_its_entry() {
    let mut it = run(r#"
        grace = "20s"
        report = "report.json"
        [service.db]
        command = ["${PUPPET}", "db", "take 15", "on 15 clean 100", "on 15 exit 0"]
        stop_timeout = "3s"
        [service.web]
        command = ["${PUPPET}", "web"]
        restart = "always"
        restart_delay = "1ms"
        depends_on = ["db"]
        [service.job]
        type = "oneshot"
        command = ["${PUPPET}", "job", "exit 0"]
        [service.never]
        command = ["${PUPPET}", "never"]
        autostart = false
        [service.deaf]
        command = ["env", "--ignore-signal=TERM", "${PUPPET}", "deaf"]
        stop_timeout = "200ms"
    "#);
    let _db = it.puppet("db");
    it.puppet("web").exit(1);
    let mut web = it.puppet("web");
    web.spawn("worker", "");
    let _all = [it.puppet("worker"), it.puppet("deaf")];
    it.await_state("job", "completed");
    assert_eq!(it.stop().0, Exit::Code(137));
    let report = it.report();
    let names: Vec<&str> = report["services"]
        .as_array()
        .expect("there is a list")
        .iter()
        .map(|service| service["name"].as_str().expect("it has one"))
        .collect();
    assert_eq!(names, ["db", "web", "job", "never", "deaf"]);

    let db = service(&report, "db");
    assert_eq!((&db["killed"], &db["processes"]), (&0.into(), &1.into()));
    assert_eq!(db["last_exit"]["code"], 0, "{db}");
    assert_eq!(db["stop_timeout_ms"], 3000.0, "{db}");
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value}"));
    assert!(
        number(&db["ended_ms"]) - number(&db["told_ms"]) >= 100.0,
        "{db}"
    );

    let web = service(&report, "web");
    assert_eq!(
        (&web["restarts"], &web["processes"]),
        (&1.into(), &2.into())
    );
    assert_eq!(web["last_exit"]["signal"], "SIGTERM", "{web}");
    // It has gone when the one that it depends on is told.
    assert!(
        number(&web["ended_ms"]) <= number(&db["told_ms"]),
        "{report}"
    );

    let job = service(&report, "job");
    assert_eq!(
        (&job["state"], &job["processes"]),
        (&"completed".into(), &0.into())
    );
    assert_eq!(
        (&job["told_ms"], &job["ended_ms"]),
        (&Value::Null, &Value::Null)
    );

    let never = service(&report, "never");
    assert_eq!(
        (&never["last_exit"], &never["told_ms"]),
        (&Value::Null, &Value::Null)
    );

    let deaf = service(&report, "deaf");
    assert_eq!(deaf["killed"], 1, "{deaf}");
    assert_eq!(deaf["last_exit"]["signal"], "SIGKILL", "{deaf}");
    assert_eq!(
        (&report["killed"], &report["graceful"]),
        (&1.into(), &false.into())
    );
}

/// Nobody has to look a pid up while the stop hangs.
#[test]
fn who_is_waited_for_is_named_with_the_service_and_the_reason() {
    let it = run(r#"
        grace = "1h"
        [service.slow]
        command = ["${PUPPET}", "slow", "catch 15"]
        [service.deaf]
        command = ["env", "--ignore-signal=TERM", "${PUPPET}", "deaf"]
        [service.db]
        command = ["${PUPPET}", "db"]
        depends_on = []
    "#);
    let [slow, deaf, _db] = ["slow", "deaf", "db"].map(|name| it.puppet(name));
    let mut events = it.events();
    it.signal(Signal::TERM);
    let event = events.expect("waiting", "");
    let said = event["message"].as_str().expect("it is a text");
    for who in [
        format!(
            "{} (puppet) of slow: is busy with its clean-up",
            slow.own_pid
        ),
        format!("{} (puppet) of deaf: ignores the signal", deaf.own_pid),
    ] {
        assert!(said.contains(&who), "{said}");
        it.await_log(&who);
    }
    assert!(!said.contains("of db"), "{said}");
}

/// A hook that failed is named; one that did its work costs no words.
#[test]
fn a_hook_that_failed_is_named() {
    let mut it = run(r#"
        report = "report.json"
        post_stop = "true"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
        pre_stop = "false"
        post_stop = { command = "sleep 1000", timeout = "100ms" }
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    let line = line(&it);
    assert!(line.contains("web: pre_stop: exited with 1"), "{line}");
    assert!(
        line.contains("web: post_stop: SIGKILLed: its time was up"),
        "{line}"
    );
    let report = it.report();
    let hooks = report["hooks"].as_array().expect("there is a list");
    let of: Vec<_> = hooks.iter().map(|hook| &hook["service"]).collect();
    assert_eq!(of, [&Value::from("web"), &Value::from("web"), &Value::Null]);
}
