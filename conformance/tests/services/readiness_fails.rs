//! Asks what becomes of a service that is never ready: `start_timeout` for each kind, and ends before it.

use std::process::Command;

use conformance::{Exit, Port, Scratch, Server, Signal, bowout, say};

use crate::{as_root, run};

/// One service for each way, all at the same time: each is stopped and has failed.
#[test]
fn start_timeout_ends_every_way_of_waiting() {
    let port = Port::reserve();
    let closed = port.number;
    let server = Port::reserve();
    let silent = server.number;
    let server = server.answer(Server::SILENT);
    let ways = [
        ("notify", r#""notify""#.to_owned()),
        ("fd", "{ fd = 3 }".to_owned()),
        (
            "tcp",
            format!(r#"{{ tcp = "127.0.0.1:{closed}", interval = "20ms" }}"#),
        ),
        (
            "http",
            format!(r#"{{ http = "http://127.0.0.1:{silent}/" }}"#),
        ),
        (
            "exec",
            r#"{ exec = "false", interval = "20ms" }"#.to_owned(),
        ),
        ("log", r#"{ log = "never" }"#.to_owned()),
        ("delay", r#"{ delay = "1h" }"#.to_owned()),
    ];
    let mut toml = "[service.keeper]\ncommand = [\"${PUPPET}\", \"keeper\"]\n".to_owned();
    for (name, ready) in &ways {
        toml.push_str(&format!(
            r#"
            [service.{name}]
            command = ["${{PUPPET}}", "{name}", "catch 15", "on 15 clean 0", "on 15 exit 0"]
            ready = {ready}
            start_timeout = "500ms"
            essential = false
        "#
        ));
    }
    let mut it = run(&toml);
    for (name, _) in &ways {
        let status = it.await_state(name, "failed");
        assert_eq!(
            status["why"], "it was not ready in time",
            "{name}: {status}"
        );
        assert!(
            it.record().cleaned(name),
            "{name} was not stopped gracefully"
        );
    }
    drop(server);
    // Who reads the log sees why.
    it.await_log(&format!(
        "tcp: the last probe: 127.0.0.1:{closed}: cannot connect to 127.0.0.1:{closed}: connection refused\n"
    ));
    assert_eq!(it.stop().0, Exit::Code(0));
}

#[test]
fn a_oneshot_that_takes_too_long_has_failed() {
    let it = run(r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.job]
        type = "oneshot"
        command = ["${PUPPET}", "job"]
        start_timeout = "300ms"
        essential = false
    "#);
    let mut events = it.events();
    let _job = it.puppet("job");
    it.await_state("job", "failed");
    let event = events.expect("start_timed_out", "job");
    assert_eq!(
        event["message"],
        "job did not end within 300 ms (start_timeout): it is stopped"
    );
}

#[test]
fn restart_decides_about_one_that_was_not_ready_in_time() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = "notify"
        start_timeout = "300ms"
        restart = "on-failure"
        restart_delay = "10ms"
    "#);
    let mut first = it.puppet("web");
    first.await_end();
    it.puppet("web").ask("notify READY=1");
    assert_eq!(it.await_state("web", "running")["restarts"], 1);
}

/// A start that failed takes the container along where the service is essential; the code says that it did.
#[test]
fn an_essential_service_that_is_never_ready_ends_the_container() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = "notify"
        start_timeout = "200ms"
        [service.other]
        command = ["${PUPPET}", "other", "catch 15", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let exit = it.exit();
    assert!(matches!(exit, Exit::Code(1..)), "{exit}");
    assert!(it.record().cleaned("other"));
    assert!(
        it.stderr()
            .contains("web did not say that it was ready within 200 ms"),
        "{}",
        it.stderr()
    );
}

/// `EXTEND_TIMEOUT_USEC=` gives a slow start more time than was configured.
#[test]
fn a_slow_start_may_ask_for_more_time() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = "notify"
        start_timeout = "1s"
    "#);
    let mut web = it.puppet("web");
    let answer = web.ask("notify-asked EXTEND_TIMEOUT_USEC=30000000");
    let micros: u64 = answer
        .strip_prefix("heard BOWOUT_EXTENDED_USEC=")
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{answer}"));
    assert!((20_000_000..=30_000_000).contains(&micros), "{micros}");
    web.ask("work 1500");
    web.ask("notify READY=1");
    it.await_state("web", "running");
}

#[test]
fn one_that_ends_before_it_is_ready_has_failed() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = "notify"
        [service.after]
        command = ["${PUPPET}", "after", "record ran"]
        depends_on = { web = "ready" }
    "#);
    it.puppet("web").exit(9);
    assert_eq!(it.exit(), Exit::Code(9));
    assert!(!it.record().has("after ran"));
}

/// A server that takes the connection and says nothing holds neither the loop nor a stop.
#[test]
fn a_probe_that_hangs_holds_nobody_up() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(Server::SILENT);
    let mut it = run(&format!(
        r#"
        [service.web]
        command = ["${{PUPPET}}", "web", "take 15", "on 15 clean 0", "on 15 exit 0"]
        ready = {{ http = "http://127.0.0.1:{number}/" }}
        [service.other]
        command = ["${{PUPPET}}", "other"]
        restart = "always"
        restart_delay = "0s"
    "#
    ));
    let _request = server.request();
    let _web = it.puppet("web");
    it.puppet("other").exit(1);
    let _again = it.puppet("other");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took < crate::ms(3000), "{took:?}");
    assert_eq!(it.record().times("web", Signal::TERM), 1);
}

/// The C library's resolver goes on for 10 s where nobody answers it (resolv.conf(5)).
#[test]
fn a_name_that_nobody_answers_for_costs_a_probe_no_more_than_its_limit() {
    as_root(
        "a_name_that_nobody_answers_for_costs_a_probe_no_more_than_its_limit",
        || {
            let scratch = Scratch::new();
            let resolver = scratch.write("resolv.conf", "nameserver 127.0.0.1\n", 0o644);
            let mut command = Command::new("unshare");
            command.args(["--net", "--mount", "/bin/sh", "-c"]);
            command.arg(format!(
                "mount --bind {resolver} /etc/resolv.conf && exec \"$0\" probe tcp web.test:80 --timeout 50ms"
            ));
            command.arg(bowout("bowout-init"));
            let said = say(command);
            assert_eq!(said.stderr, "probe: web.test:80: no answer in 50ms\n");
            assert_eq!(said.code, 1);
        },
    );
}
