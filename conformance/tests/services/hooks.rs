//! Asks which programs run at which moment: `pre_start`, `post_start`, `pre_stop`, `post_stop` of a service
//! and of the container, with their time-outs and their outcome in the report.

use conformance::{Exit, Supervisor};
use serde_json::Value;

use crate::{ms, run};

/// The lines of the record that stand in this order, each of which must be there.
#[track_caller]
fn in_this_order(it: &Supervisor, lines: &[&str]) {
    let record = it.record();
    let places: Vec<usize> = lines
        .iter()
        .map(|line| {
            record
                .place(line)
                .unwrap_or_else(|| panic!("no {line}: {record:?}"))
        })
        .collect();
    assert!(
        places.is_sorted(),
        "{lines:?} are at {places:?}: {record:?}"
    );
}

#[track_caller]
fn hook<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["hooks"].as_array().expect("there is a list");
    let found = all.iter().find(|hook| hook["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn hooks_of_a_service_run_around_its_life() {
    let mut it = run(r#"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "record runs", "take 15", "on 15 record told", "on 15 exit 0"]
        ready = "notify"
        pre_start = ["${PUPPET} before 'record one' 'exit 0'", ["${PUPPET}", "before", "record two", "exit 0"]]
        post_start = { command = "echo ready hook >> $PUPPET_RECORD", shell = true }
        pre_stop = [["${PUPPET}", "leaving", "record hook", "exit 0"]]
        post_stop = { command = ["${PUPPET}", "left", "record hook", "exit 4"], timeout = "5s" }
    "#);
    let mut web = it.puppet("web");
    in_this_order(&it, &["before one", "before two", "web runs"]);
    assert_eq!(it.record().place("ready hook"), None);
    web.ask("notify READY=1");
    conformance::await_that("post_start has run", || it.record().has("ready hook"));
    assert_eq!(it.stop().0, Exit::Code(0));
    in_this_order(
        &it,
        &[
            "web runs",
            "ready hook",
            "leaving hook",
            "web told",
            "left hook",
        ],
    );
    let report = it.report();
    assert_eq!(hook(&report, "web: pre_stop")["status"]["code"], 0);
    let last = hook(&report, "web: post_stop");
    assert_eq!(
        (&last["status"]["code"], &last["timed_out"]),
        (&4.into(), &false.into())
    );
}

#[test]
fn hooks_of_the_container_run_around_the_stop() {
    let mut it = run(r#"
        report = "report.json"
        pre_stop = [["${PUPPET}", "first", "record hook", "exit 0"], ["${PUPPET}", "second", "record hook", "exit 0"]]
        post_stop = "${PUPPET} last 'record hook' 'exit 3'"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 record told", "on 15 exit 0"]
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    in_this_order(&it, &["first hook", "second hook", "web told", "last hook"]);
    let report = it.report();
    let hooks = report["hooks"].as_array().expect("there is a list");
    assert_eq!(hooks.len(), 3, "{report}");
    assert_eq!(hooks[2]["moment"], "post_stop");
    assert_eq!(hooks[2]["status"]["code"], 3);
}

#[test]
fn a_pre_start_that_fails_is_a_failed_start() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "record ran"]
        pre_start = [["${PUPPET}", "migrate", "exit 3"], ["${PUPPET}", "next", "record ran", "exit 0"]]
        essential = false
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    let status = it.await_state("web", "failed");
    assert_eq!(status["why"], "what runs before its start failed");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(!it.record().has("web ran") && !it.record().has("next ran"));
}

#[test]
fn a_pre_start_that_fails_is_tried_again_as_the_service_is() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        pre_start = [["test", "-e", "${HERE}/flag"]]
        restart = "on-failure"
        restart_delay = "10ms"
        restart_delay_max = "20ms"
    "#);
    it.await_status("web", "tried again", |status| {
        status["restarts"].as_u64() >= Some(2)
    });
    it.write("flag", "");
    let _web = it.puppet("web");
}

#[test]
fn a_hook_has_its_own_time_and_no_more() {
    let mut it = run(r#"
        report = "report.json"
        grace = "30s"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
        pre_stop = { command = ["sleep", "1000"], timeout = "300ms" }
    "#);
    let _web = it.puppet("web");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took >= ms(300) && took < ms(5000), "{took:?}");
    let report = it.report();
    let hook = hook(&report, "web: pre_stop");
    assert_eq!(hook["timed_out"], true, "{hook}");
    assert_eq!(hook["status"], Value::Null, "{hook}");
}

#[test]
fn a_hook_of_the_start_has_its_time_too() {
    let it = run(r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.web]
        command = ["${PUPPET}", "web"]
        pre_start = { command = ["sleep", "1000"], timeout = "200ms" }
        essential = false
    "#);
    it.await_state("web", "failed");
    it.await_log("its time was up");
}

/// The container's hooks can't take what the services were promised: each has a quarter of the grace.
#[test]
fn a_hook_without_a_time_of_its_own_has_a_share_of_the_grace() {
    let mut it = run(r#"
        report = "report.json"
        grace = "3s"
        pre_stop = "sleep 1000"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 clean 200", "on 15 exit 0"]
    "#);
    let _web = it.puppet("web");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took < ms(2500), "{took:?}");
    assert!(it.record().cleaned("web"));
    assert_eq!(hook(&it.report(), "pre-stop")["timed_out"], true);
}

/// They are told whom it is about, and how it ended.
#[test]
fn hooks_of_a_service_know_its_main_process_and_its_end() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        pre_stop = { command = "echo main $$MAINPID >> $PUPPET_RECORD", shell = true }
        post_stop = { command = "echo end $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS >> $PUPPET_RECORD", shell = true }
    "#);
    let web = it.puppet("web");
    it.stop();
    let record = it.record();
    assert!(record.has(&format!("main {}", web.own_pid)), "{record:?}");
    assert!(record.place("end ").is_some(), "{record:?}");
}

/// Its descendants too: `post_stop` is for when nobody writes any more.
#[test]
fn post_stop_waits_for_the_last_process() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        post_stop = [["${PUPPET}", "left", "record hook", "exit 0"]]
    "#);
    let mut web = it.puppet("web");
    web.spawn("worker", "take 15; on 15 clean 200; on 15 exit 0");
    let _worker = it.puppet("worker");
    assert_eq!(it.stop().0, Exit::Code(0));
    in_this_order(&it, &["worker cleaned", "left hook"]);
}

/// After a crash as after a stop, before it starts again.
#[test]
fn post_stop_runs_before_a_restart() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        post_stop = [["${PUPPET}", "left", "record hook", "exit 0"]]
        restart = "always"
        restart_delay = "10ms"
    "#);
    it.puppet("web").exit(1);
    let _web = it.puppet("web");
    assert!(it.record().has("left hook"), "{:?}", it.record());
}

#[test]
fn a_hook_that_can_not_be_started_is_said_and_the_stop_goes_on() {
    let mut it = run(r#"
        report = "report.json"
        pre_stop = ["/no/such/hook"]
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("web"));
    assert_eq!(hook(&it.report(), "pre-stop")["started"], false);
}
