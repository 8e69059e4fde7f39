//! Asks whether a service that does not work any more is noticed: `healthcheck` and `watchdog`.

use conformance::{Configuration, Port, Puppet, Server, Supervisor};

use crate::run;

/// A service with this `healthcheck`, restarted when it is unhealthy.
fn with_check(check: &str) -> Configuration {
    Configuration::new(&format!(
        r#"
        [service.web]
        command = ["${{PUPPET}}", "web", "catch 15", "on 15 clean 0", "on 15 exit 0"]
        ready = {{ exec = "true" }}
        healthcheck = {check}
        restart = "on-failure"
        restart_delay = "10ms"
    "#
    ))
}

/// It is found unhealthy, stopped gracefully, and started again, although it left with code 0.
#[track_caller]
fn is_replaced(it: &Supervisor, mut web: Puppet) -> Puppet {
    web.await_end();
    assert!(it.record().cleaned("web"), "it was not stopped gracefully");
    let again = it.puppet("web");
    assert_eq!(it.await_state("web", "running")["restarts"], 1);
    again
}

#[test]
fn a_failing_test_has_it_started_again() {
    for test in [
        r#"["CMD", "test", "-e", "${HERE}/flag"]"#,
        r#"["CMD-SHELL", "test -e $$HERE/flag && true"]"#,
        r#""test -e $$HERE/flag && true""#,
        r#"["test", "-e", "${HERE}/flag"]"#,
    ] {
        let check = format!(r#"{{ test = {test}, interval = "20ms", retries = 2 }}"#);
        let it = with_check(&check).file("flag", "").start();
        let mut web = it.puppet("web");
        web.ask("work 150");
        assert_eq!(it.await_state("web", "running")["restarts"], 0);
        let mut events = it.events();
        std::fs::remove_file(it.path("flag")).expect("it was there");
        let event = events.expect("unhealthy", "web");
        assert_eq!(
            event["message"],
            "web failed its health check: it is stopped"
        );
        it.write("flag", "");
        is_replaced(&it, web);
    }
}

#[test]
fn tcp_and_http_are_looked_at_too() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(200);
    let it = with_check(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/", interval = "20ms", retries = 1 }}"#
    ))
    .start();
    let web = it.puppet("web");
    let _request = server.request();
    server.status(500);
    web_goes(&it, web);
    it.await_log(&format!(
        "web: the last probe: http://127.0.0.1:{number}/: status 500\n"
    ));
    server.status(200);
    drop(it);

    let port = Port::reserve();
    let number = port.number;
    let listener = port.listen();
    let it = with_check(&format!(
        r#"{{ tcp = "127.0.0.1:{number}", interval = "20ms", retries = 1 }}"#
    ))
    .start();
    let web = it.puppet("web");
    drop(listener.accept().expect("it is asked"));
    drop(listener);
    web_goes(&it, web);
}

#[track_caller]
fn web_goes(it: &Supervisor, mut web: Puppet) {
    web.await_end();
    let _again = it.puppet("web");
}

#[test]
fn retries_is_how_many_failures_in_a_row_make_it_unhealthy() {
    let port = Port::reserve();
    let number = port.number;
    // Four failures, and no three of them in a row.
    let server = port.answer_each(&[500, 500, 200, 500, 500], 200);
    let it = with_check(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/", interval = "20ms", retries = 3 }}"#
    ))
    .start();
    let mut web = it.puppet("web");
    for _ in 0..7 {
        let _request = server.request();
    }
    assert_eq!(it.status("web")["restarts"], 0);
    server.status(500);
    web.await_end();
}

#[test]
fn in_the_start_period_failures_do_not_count() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(500);
    let it = with_check(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/", interval = "10ms", retries = 1, start_period = "1h" }}"#
    ))
    .start();
    for _ in 0..5 {
        let _request = server.request();
    }
    let status = it.status("web");
    assert_eq!(
        (&status["state"], &status["restarts"]),
        (&"running".into(), &0.into())
    );
}

#[test]
fn timeout_is_how_long_one_attempt_may_take() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(Server::SILENT);
    let it = with_check(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/", interval = "20ms", timeout = "200ms", retries = 1 }}"#
    ))
    .start();
    let web = it.puppet("web");
    let _request = server.request();
    server.status(200);
    web_goes(&it, web);

    let it = with_check(
        r#"{ test = ["sleep", "1000"], interval = "20ms", timeout = "200ms", retries = 1 }"#,
    )
    .start();
    let web = it.puppet("web");
    web_goes(&it, web);
}

#[test]
fn disable_and_none_leave_it_alone() {
    for check in [
        r#"{ test = "false", interval = "10ms", retries = 1, disable = true }"#,
        r#"{ test = ["NONE"] }"#,
    ] {
        let it = with_check(check).start();
        let mut web = it.puppet("web");
        web.ask("work 200");
        assert_eq!(it.status("web")["restarts"], 0);
    }
}

/// Compose's `service_healthy`: where nothing else says so, its first success makes it ready.
#[test]
fn the_first_success_makes_it_ready() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        healthcheck = { test = ["CMD", "test", "-e", "${HERE}/flag"], interval = "20ms", retries = 1000 }
        [service.after]
        command = ["${PUPPET}", "after"]
        depends_on = { web = { condition = "service_healthy" } }
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.status("web")["ready"], false);
    it.write("flag", "");
    let _after = it.puppet("after");
}

#[test]
fn without_restart_an_unhealthy_service_has_failed() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "catch 15", "on 15 exit 0"]
        ready = { exec = "true" }
        healthcheck = { test = "false", interval = "20ms", retries = 1 }
        essential = false
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    let status = it.await_state("web", "failed");
    assert_eq!(status["why"], "its health check failed");
    it.stop();
}

#[test]
fn watchdog_restarts_one_that_is_silent_and_no_other() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "catch 15", "on 15 clean 0", "on 15 exit 0"]
        watchdog = "2s"
        restart = "on-failure"
        restart_delay = "10ms"
    "#);
    let mut events = it.events();
    let mut web = it.puppet("web");
    assert_eq!(web.env("WATCHDOG_USEC").as_deref(), Some("2000000"));
    for _ in 0..5 {
        web.ask("work 600");
        web.ask("notify WATCHDOG=1");
    }
    assert_eq!(it.status("web")["restarts"], 0);
    let event = events.expect("unhealthy", "web");
    assert_eq!(
        event["message"],
        "web did not report to its watchdog in time: it is stopped"
    );
    is_replaced(&it, web);
}

#[test]
fn a_watchdog_may_be_triggered_and_its_time_be_changed() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        watchdog = "1h"
        restart = "always"
        restart_delay = "10ms"
    "#);
    let mut web = it.puppet("web");
    web.tell("notify WATCHDOG=trigger");
    web.await_end();
    let mut web = it.puppet("web");
    web.tell("notify WATCHDOG_USEC=200000");
    web.await_end();
    let _web = it.puppet("web");
}
