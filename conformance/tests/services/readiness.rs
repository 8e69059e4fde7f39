//! Asks when a service is ready: `ready` in each of its kinds.

use std::net::TcpListener;
use std::time::Instant;

use conformance::{Port, Supervisor};

use crate::{ms, run};

/// `web` runs and is not ready, and what waits for it has not been started.
#[track_caller]
fn is_not_ready(it: &Supervisor) {
    let status = it.status("web");
    assert_eq!(status["state"], "starting", "{status}");
    assert_eq!(status["ready"], false, "{status}");
    assert_eq!(it.status("after")["state"], "waiting");
}

/// `web` becomes ready, and what waits for it is started.
#[track_caller]
fn becomes_ready(it: &Supervisor) {
    assert_eq!(it.await_state("web", "running")["ready"], true);
    let _after = it.puppet("after");
}

/// A service with this `ready`, and one that waits for it.
#[track_caller]
fn with_ready(ready: &str) -> Supervisor {
    run(&format!(
        r#"
        [service.web]
        command = ["${{PUPPET}}", "web"]
        ready = {ready}
        [service.after]
        command = ["${{PUPPET}}", "after"]
        depends_on = {{ web = "ready" }}
    "#
    ))
}

#[test]
fn notify_is_its_own_word() {
    for ready in [r#""notify""#, "{ notify = true }"] {
        let it = with_ready(ready);
        let mut web = it.puppet("web");
        web.ask("notify STATUS=warming_up");
        is_not_ready(&it);
        web.ask("notify READY=1 STATUS=here");
        becomes_ready(&it);
    }
}

/// Anybody of the service may say it, a child too.
#[test]
fn notify_may_come_from_a_child() {
    let it = with_ready(r#""notify""#);
    let mut web = it.puppet("web");
    web.spawn("child", "");
    it.puppet("child").ask("notify READY=1");
    becomes_ready(&it);
}

#[test]
fn fd_is_a_line_on_a_descriptor() {
    let it = with_ready("{ fd = 3 }");
    let mut web = it.puppet("web");
    assert_eq!(web.facts().text("descriptors"), "0,1,2,3");
    web.ask("say-part 3 nearly");
    is_not_ready(&it);
    web.ask("say 3 there");
    becomes_ready(&it);
}

#[test]
fn fd_may_have_any_number() {
    let it = with_ready("{ fd = 17 }");
    let mut web = it.puppet("web");
    assert_eq!(web.facts().text("descriptors"), "0,1,2,17");
    web.ask("say 17 there");
    becomes_ready(&it);
}

#[test]
fn tcp_is_an_accepted_connection() {
    let port = Port::reserve();
    let number = port.number;
    let it = with_ready(&format!(
        r#"{{ tcp = "127.0.0.1:{number}", interval = "10ms" }}"#
    ));
    let _web = it.puppet("web");
    is_not_ready(&it);
    let _listener: TcpListener = port.listen();
    becomes_ready(&it);
}

#[test]
fn tcp_without_a_host_is_the_local_one() {
    let port = Port::reserve();
    let number = port.number;
    let _listener = port.listen();
    let it = with_ready(&format!(r#"{{ tcp = ":{number}" }}"#));
    becomes_ready(&it);
}

#[test]
fn http_is_a_status_below_400() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(503);
    let it = with_ready(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/healthz?x=1", interval = "10ms" }}"#
    ));
    // The second is asked only after the first was found wanting.
    for _ in 0..2 {
        assert_eq!(server.request().trim_end(), "GET /healthz?x=1 HTTP/1.1");
    }
    is_not_ready(&it);
    server.status(404);
    for _ in 0..3 {
        let _request = server.request();
    }
    is_not_ready(&it);
    server.status(399);
    becomes_ready(&it);
}

#[test]
fn exec_is_a_command_that_ends_with_0() {
    let it = with_ready(r#"{ exec = ["test", "-e", "${HERE}/flag"], interval = "10ms" }"#);
    let _web = it.puppet("web");
    is_not_ready(&it);
    it.write("flag", "");
    becomes_ready(&it);
}

/// From the end of one attempt to the beginning of the next.
#[test]
fn interval_is_the_pause_between_two_attempts() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(503);
    let _it = with_ready(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/", interval = "300ms" }}"#
    ));
    let _first = server.request();
    let start = Instant::now();
    let _second = server.request();
    assert!(start.elapsed() >= ms(290), "{:?}", start.elapsed());
}

#[test]
fn log_is_a_text_in_its_output() {
    let it = with_ready(r#"{ log = "listening on port" }"#);
    let mut web = it.puppet("web");
    web.ask("print about to be listening on");
    it.await_stdout("about to be");
    is_not_ready(&it);
    // In two pieces: lines count, not what is read at once.
    web.ask("print-part now listening on po");
    web.ask("print rt 80");
    becomes_ready(&it);
    // What is copied for the sake of the pattern is written out as it is.
    it.await_stdout("80");
}

#[test]
fn log_looks_at_standard_error_too() {
    let it = with_ready(r#"{ log = "here I am" }"#);
    let mut web = it.puppet("web");
    web.ask("print-error well, here I am");
    becomes_ready(&it);
    it.await_log("well, here I am");
}

#[test]
fn delay_is_a_time_after_its_start() {
    let start = Instant::now();
    let it = with_ready(r#"{ delay = "400ms" }"#);
    becomes_ready(&it);
    assert!(start.elapsed() >= ms(400), "{:?}", start.elapsed());
}

/// s6, systemd and Compose agree: what has said that it is ready is not asked again.
#[test]
fn a_probe_is_not_made_again_once_it_is_ready() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(200);
    let it = with_ready(&format!(
        r#"{{ http = "http://127.0.0.1:{number}/", interval = "10ms" }}"#
    ));
    becomes_ready(&it);
    let _only = server.request();
    server.status(503);
    let mut web = it.puppet("web");
    web.ask("work 200");
    assert_eq!(it.status("web")["ready"], true);
}
