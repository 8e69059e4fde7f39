//! Asks what services may tell of themselves, and that it is heard from every one: sd_notify(3).

use conformance::{Configuration, Exit, Privilege, Signal};
use serde_json::Value;

use crate::{as_root, run};

#[test]
fn status_is_shown_as_it_was_said_last() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let mut web = it.puppet("web");
    assert_eq!(it.await_state("web", "running")["status"], Value::Null);
    web.ask("notify STATUS=warming_up");
    it.await_status("web", "told of", |status| status["status"] == "warming_up");
    web.ask("notify STATUS=serving");
    it.await_status("web", "told of", |status| status["status"] == "serving");
    assert!(it.ctl(&["status"]).with_code(0).stdout.contains("serving"));
    web.ask("notify STATUS=");
    it.await_status("web", "silent", |status| status["status"].is_null());
}

/// What it says of itself in a stop is what people want to know who wait for it.
#[test]
fn what_a_service_says_in_the_stop_is_shown_and_reported() {
    let mut it = run(r#"
        grace = "3s"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "catch 15"]
        stop_timeout = "1s"
        [service.silent]
        command = ["${PUPPET}", "silent", "take 15", "on 15 exit 0"]
    "#);
    let (mut web, _silent) = (it.puppet("web"), it.puppet("silent"));
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    web.ask("notify STOPPING=1 STATUS=3_requests_left");
    let status = it.await_status("web", "told of", |status| !status["status"].is_null());
    assert_eq!(status["state"], "stopping", "{status}");
    assert_eq!(status["status"], "3_requests_left", "{status}");
    assert_eq!(it.exit(), Exit::Code(137));
    let report = it.report();
    let services = report["services"].as_array().expect("there is a list");
    let of = |name: &str| {
        let mut all = services.iter();
        all.find(|service| service["name"] == name)
            .expect("it is there")
    };
    assert_eq!(of("web")["status"], "3_requests_left", "{report}");
    assert_eq!(of("web")["killed"], 1, "{report}");
    assert_eq!(of("web")["stop_timeout_ms"], 1000.0, "{report}");
    assert_eq!(of("silent")["status"], Value::Null, "{report}");
    assert_eq!(of("silent")["last_exit"]["code"], 0, "{report}");
    let (told, ended) = (&of("web")["told_ms"], &of("web")["ended_ms"]);
    let took = ended.as_f64().expect("it ended") - told.as_f64().expect("it was told");
    assert!((1000.0..2000.0).contains(&took), "{report}");
    let said = it.stderr();
    assert!(
        said.contains("of web is busy with its clean-up (it says: 3_requests_left)"),
        "{said}"
    );
}

/// On its way down by itself it is not ready any more, and runs on.
#[test]
fn stopping_takes_readiness_back() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.after]
        command = ["${PUPPET}", "after"]
        autostart = false
        depends_on = { web = "ready" }
    "#);
    let mut web = it.puppet("web");
    it.await_status("web", "ready", |status| status["ready"] == true);
    web.ask("notify STOPPING=1");
    it.await_status("web", "not ready", |status| status["ready"] == false);
    assert_eq!(it.status("web")["pid"], web.own_pid);
    assert_eq!(it.ctl(&["healthcheck"]).code, 1);
    web.ask("notify READY=1");
    it.await_status("web", "ready again", |status| status["ready"] == true);
}

#[test]
fn reloading_is_shown_until_it_is_ready_again() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "take 1"]
        ready = "notify"
    "#);
    let mut web = it.puppet("web");
    web.ask("notify READY=1");
    it.await_state("web", "running");
    it.ctl(&["reload", "web"]).with_code(0);
    web.expect(Signal::HUP);
    web.ask("notify RELOADING=1 MONOTONIC_USEC=1");
    let status = it.await_status("web", "reloading", |status| status["reloading"] == true);
    assert_eq!(status["ready"], false, "{status}");
    web.ask("notify READY=1");
    let status = it.await_status("web", "ready", |status| status["ready"] == true);
    assert_eq!(status["reloading"], false, "{status}");
    assert_eq!(status["restarts"], 0, "{status}");
}

/// The library waits until all that it has sent was read (sd_notify_barrier(3)).
#[test]
fn a_barrier_is_let_go_when_all_before_it_was_read() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = "notify"
    "#);
    let mut web = it.puppet("web");
    web.ask("notify READY=1 STATUS=here");
    web.ask("notify-barrier BARRIER=1");
    let status = it.status("web");
    assert_eq!(
        (&status["state"], &status["status"]),
        (&"running".into(), &"here".into())
    );
}

#[test]
fn errno_is_said_in_words() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    it.puppet("web").ask("notify ERRNO=13");
    it.await_log("web says that it failed: permission denied");
}

/// What can't be understood is said, costs nothing else in the datagram, and is no end.
#[test]
fn nonsense_is_said_and_costs_nobody_anything() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = "notify"
    "#);
    let mut web = it.puppet("web");
    for nonsense in [
        "READY=2",
        "WATCHDOG_USEC=soon",
        "MAINPID=-1",
        "EXTEND_TIMEOUT_USEC=x",
    ] {
        web.ask(format_args!("notify {nonsense}"));
        it.await_log(&format!("web: {nonsense} is not understood"));
    }
    web.ask("notify-big 4097 READY=1");
    it.await_log("is not read");
    assert_eq!(it.status("web")["ready"], false);
    web.ask("notify FDSTORE=1 READY=yes STATUS=well READY=1");
    it.await_status("web", "ready", |status| status["ready"] == true);
    assert_eq!(it.status("web")["status"], "well");
}

#[test]
fn another_user_is_heard_too() {
    as_root("another_user_is_heard_too", || {
        let it = run(r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            ready = "notify"
            user = "65534:65534"
        "#);
        let mut web = it.puppet("web");
        assert_eq!(web.facts().number("uid"), 65534);
        assert!(web.env("BOWOUT_STOP_TIMEOUT").is_some());
        web.ask("notify READY=1");
        it.await_state("web", "running");
    });
}

#[test]
fn bowout_without_privileges_hears_its_services() {
    for privilege in [Privilege::UserNamespace, Privilege::OtherUser] {
        conformance::case::test("bowout_without_privileges_hears_its_services", || {
            let mut it = Configuration::new(
                r#"
                [service.web]
                command = ["${PUPPET}", "web", "take 15"]
                ready = "notify"
            "#,
            )
            .on(|stage| stage.privilege(privilege))
            .start();
            let mut web = it.puppet("web");
            web.ask("notify READY=1");
            it.await_state("web", "running");
            assert!(web.env("BOWOUT_STOP_TIMEOUT").is_some());
            it.signal(Signal::TERM);
            web.expect(Signal::TERM);
            let answer = web.ask("notify-asked EXTEND_TIMEOUT_USEC=1000000");
            assert!(
                answer.starts_with("heard BOWOUT_EXTENDED_USEC="),
                "{answer}"
            );
            web.exit(0);
            assert_eq!(it.exit(), Exit::Code(0));
        });
    }
}

#[test]
fn a_flood_of_words_does_not_stall_a_stop() {
    let mut it = run(r#"
        grace = "1h"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.other]
        command = ["${PUPPET}", "other", "take 15", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let (mut web, _other) = (it.puppet("web"), it.puppet("other"));
    web.tell("notify-flood 1000000000 STATUS=again WATCHDOG=1");
    it.await_status("web", "heard", |status| status["status"] == "again");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("other"));
}
