//! Asks in which order services start and stop: `depends_on` with its conditions, and `autostart`.

use conformance::{Exit, Supervisor};
use serde_json::json;

use crate::run;

/// `after` has not been started, and waits for `what`.
#[track_caller]
fn waits(it: &Supervisor, what: &str) {
    let status = it.status("after");
    assert_eq!(status["state"], "waiting", "{status}");
    assert_eq!(status["why"], what, "{status}");
}

#[test]
fn started_waits_for_the_start_alone() {
    for condition in [
        r#"["first"]"#,
        r#"{ first = "started" }"#,
        r#"{ first = "service_started" }"#,
        r#"{ first = { condition = "service_started" } }"#,
    ] {
        let it = run(&format!(
            r#"
            [service.first]
            type = "notify"
            command = ["${{PUPPET}}", "first"]
            [service.after]
            command = ["${{PUPPET}}", "after"]
            depends_on = {condition}
        "#
        ));
        let _first = it.puppet("first");
        let _after = it.puppet("after");
        assert_eq!(it.status("first")["state"], "starting");
        let depends = &it.status("after")["depends_on"];
        assert_eq!(
            *depends,
            json!([{"service": "first", "condition": "started"}])
        );
    }
}

#[test]
fn ready_waits_until_it_is_ready() {
    for condition in ["ready", "service_healthy"] {
        let it = run(&format!(
            r#"
            [service.first]
            type = "notify"
            command = ["${{PUPPET}}", "first"]
            [service.after]
            command = ["${{PUPPET}}", "after"]
            depends_on = {{ first = "{condition}" }}
        "#
        ));
        let mut first = it.puppet("first");
        waits(&it, "first is not ready yet");
        first.ask("notify READY=1");
        let _after = it.puppet("after");
    }
}

#[test]
fn completed_waits_until_the_work_is_done() {
    for condition in ["completed", "service_completed_successfully"] {
        let it = run(&format!(
            r#"
            [service.first]
            type = "oneshot"
            command = ["${{PUPPET}}", "first"]
            [service.after]
            command = ["${{PUPPET}}", "after"]
            depends_on = {{ first = {{ condition = "{condition}" }} }}
        "#
        ));
        let mut first = it.puppet("first");
        waits(&it, "first has not completed yet");
        first.exit(0);
        let _after = it.puppet("after");
    }
}

#[test]
fn what_waits_for_one_that_failed_is_not_started() {
    let mut it = run(r#"
        report = "report.json"
        [service.first]
        type = "oneshot"
        command = ["${PUPPET}", "first"]
        essential = false
        [service.after]
        command = ["${PUPPET}", "after", "record ran"]
        essential = false
        depends_on = { first = "completed" }
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    let mut events = it.events();
    it.puppet("first").exit(3);
    events.expect("dependency_failed", "after");
    let status = it.await_state("after", "failed");
    assert_eq!(status["why"], "first, which it depends on, did not come up");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(!it.record().has("after ran"));
}

#[test]
fn the_code_of_one_that_failed_is_the_containers_when_who_waits_for_it_is_essential() {
    let mut it = run(r#"
        [service.first]
        type = "oneshot"
        command = ["${PUPPET}", "first", "exit 3"]
        essential = false
        [service.after]
        command = ["${PUPPET}", "after"]
        depends_on = { first = "completed" }
    "#);
    assert_eq!(it.exit(), Exit::Code(3));
}

/// Each says that it is ready only when all four are there: one after the other that can't be.
#[test]
fn services_without_an_order_start_at_the_same_time() {
    let it = run(r#"
        [service.a]
        type = "notify"
        command = ["${PUPPET}", "a"]
        [service.b]
        type = "notify"
        command = ["${PUPPET}", "b"]
        [service.c]
        type = "oneshot"
        command = ["${PUPPET}", "c"]
        [service.after]
        command = ["${PUPPET}", "after"]
        depends_on = { a = "ready", b = "ready", c = "completed" }
    "#);
    let (mut a, mut b, mut c) = (it.puppet("a"), it.puppet("b"), it.puppet("c"));
    a.ask("notify READY=1");
    b.ask("notify READY=1");
    it.await_state("b", "running");
    waits(&it, "c has not completed yet");
    c.exit(0);
    let _after = it.puppet("after");
}

/// A diamond: `web` is told first, both in the middle next and at the same time, `db` last.
#[test]
fn they_stop_in_reverse_order() {
    let mut it = run(r#"
        [service.db]
        command = ["${PUPPET}", "db", "take 15", "on 15 record told", "on 15 clean 0", "on 15 exit 0"]
        [service.left]
        command = ["${PUPPET}", "left", "take 15"]
        depends_on = ["db"]
        [service.right]
        command = ["${PUPPET}", "right", "take 15"]
        depends_on = ["db"]
        [service.web]
        command = ["${PUPPET}", "web", "take 15"]
        depends_on = ["left", "right"]
    "#);
    let [mut web, mut left, mut right, mut db] =
        ["web", "left", "right", "db"].map(|name| it.puppet(name));
    it.signal(conformance::Signal::TERM);
    web.expect(conformance::Signal::TERM);
    assert_eq!(left.signals(), []);
    web.exit(0);
    left.expect(conformance::Signal::TERM);
    right.expect(conformance::Signal::TERM);
    left.exit(0);
    assert_eq!(db.signals(), []);
    right.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("db"));
}

#[test]
fn without_autostart_it_starts_when_somebody_asks_for_it() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.extra]
        command = ["${PUPPET}", "extra"]
        autostart = false
    "#);
    let _web = it.puppet("web");
    let status = it.await_state("extra", "stopped");
    assert_eq!(status["wanted"], false);
    it.ctl(&["start", "--wait", "extra"]).with_code(0);
    let extra = it.puppet("extra");
    assert_eq!(it.status("extra")["pid"], extra.own_pid);
}

#[test]
fn without_autostart_it_starts_when_another_needs_it() {
    let it = run(r#"
        [service.extra]
        command = ["${PUPPET}", "extra"]
        autostart = false
        [service.web]
        command = ["${PUPPET}", "web"]
        depends_on = { extra = "ready" }
    "#);
    let _extra = it.puppet("extra");
    let _web = it.puppet("web");
}

/// Starting the one that was asked for brings up what it depends on, and nothing else.
#[test]
fn start_brings_up_what_is_depended_on() {
    let it = run(r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.db]
        command = ["${PUPPET}", "db"]
        autostart = false
        [service.web]
        command = ["${PUPPET}", "web"]
        autostart = false
        depends_on = ["db"]
        [service.other]
        command = ["${PUPPET}", "other"]
        autostart = false
        depends_on = ["db"]
    "#);
    it.ctl(&["start", "--wait", "web"]).with_code(0);
    let _both = [it.puppet("db"), it.puppet("web")];
    assert_eq!(it.status("other")["state"], "stopped");
}
