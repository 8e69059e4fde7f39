//! Asks the client for the verbs about the whole: `ping`, `healthcheck`, `shutdown`, and what a stop does to
//! those who wait.

use conformance::{Exit, Signal};
use serde_json::json;

use crate::{ms, run};

#[test]
fn ping_says_who_is_there() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let _web = it.puppet("web");
    it.await_state("web", "running");
    let said = it.ctl(&["ping"]).with_code(0);
    assert!(
        said.stdout.contains(", process 1: running, ready, up for "),
        "{said:?}"
    );
    let said = it.ctl(&["ping", "--json"]).with_code(0).json();
    assert_eq!(said["container"]["pid"], 1);
}

#[test]
fn healthcheck_is_an_exit_code_and_a_reason() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = { notify = true }
        [service.db]
        command = ["${PUPPET}", "db"]
    "#);
    let mut web = it.puppet("web");
    let said = it.ctl(&["healthcheck"]).with_code(1);
    assert!(said.stderr.contains("web is starting"), "{said:?}");
    it.ctl(&["healthcheck", "db"]).with_code(0);
    let said = it.ctl(&["healthcheck", "--timeout", "50ms"]).with_code(5);
    assert!(said.stderr.contains("web is starting"), "{said:?}");
    let waiting = it.follow(&["healthcheck", "--wait"]);
    web.ask("notify READY=1");
    assert_eq!(waiting.end().0, 0);
    it.ctl(&["healthcheck"]).with_code(0);
    it.ctl(&["stop", "-w", "db"]).with_code(0);
    it.ctl(&["healthcheck"]).with_code(0);
    it.ctl(&["healthcheck", "db"]).with_code(1);
}

#[test]
fn shutdown_stops_the_container_and_later_verbs_are_refused() {
    let mut it = run(r#"
        grace = "20s"
        [service.web]
        command = ["${PUPPET}", "web", "catch 15"]
        essential = false
    "#);
    let mut web = it.puppet("web");
    it.ctl(&["shutdown"]).with_code(0);
    web.expect(Signal::TERM);
    let status = it.ctl(&["status", "--json"]).with_code(0).json();
    assert_eq!(status["container"]["state"], "stopping");
    assert_eq!(status["container"]["ready"], false);
    let left = status["container"]["left_ms"].as_u64();
    assert!(
        left.is_some_and(|left| (10_000..20_000).contains(&left)),
        "{left:?}"
    );
    let text = it.ctl(&["status"]).with_code(0).stdout;
    assert!(text.contains(": stopping, not ready, "), "{text}");
    assert!(text.contains(" left\n"), "{text}");
    it.write("more.toml", "[service.more]\ncommand = \"true\"\n");
    let more = it.path("more.toml").display().to_string();
    for words in [
        &["start", "web"][..],
        &["restart", "web"],
        &["reload"],
        &["reload", "web"],
        &["add", &more],
        &["remove", "web"],
    ] {
        let said = it.ctl(words).with_code(1);
        assert!(
            said.stderr.contains("the container is stopping"),
            "{said:?}"
        );
    }
    it.ctl(&["healthcheck"]).with_code(1);
    it.ctl(&["shutdown"]).with_code(0);
    let said = it.ctl(&["shutdown", "--timeout", "50ms"]).with_code(5);
    assert!(said.stderr.contains("still stopping"), "{said:?}");
    // It shows that it was heard.
    let (terminal, mut waiting) = it.ctl_on_terminal(&["shutdown", "--wait"], &[]);
    terminal.await_text("web is stopping");
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(waiting.wait().expect("it was started").success());
}

/// With `--wait`, what was asked for before a stop fails with it.
#[test]
fn a_stop_ends_what_is_waited_for() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = { notify = true }
    "#);
    let _web = it.puppet("web");
    let waiting = it.follow(&["start", "--wait", "web"]);
    let mut client = it.client();
    client.send(&json!({"verb": "start", "services": ["web"], "wait": true}));
    // It is answered behind what was asked for by the same client before.
    client.send(&json!({"verb": "ping", "id": 1}));
    assert_eq!(client.read().expect("it answers")["id"], 1);
    it.signal(Signal::TERM);
    let line = client.read().expect("it answers");
    assert_eq!(line["error"]["code"], "stopping", "{line}");
    let (code, text) = waiting.end();
    assert!(code == 1 || code == 3, "{code}: {text}");
    assert!(it.exit_at().1.elapsed() < ms(20_000));
}
