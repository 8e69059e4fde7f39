//! Asks what a stop does that comes at a bad moment: while services start, wait for their next start, are
//! probed, run hooks, or have not answered.

use conformance::{Exit, Port, Server, Signal, Supervisor};
use serde_json::Value;

use crate::run;

/// It cleans up when it is told, whenever that is.
const POLITE: &str = r#""take 15", "on 15 clean 0", "on 15 exit 0""#;

/// It is told once, all is over by itself, and nobody was killed.
#[track_caller]
fn ends_gracefully(it: &mut Supervisor, who: &[&str]) {
    assert_eq!(it.stop().0, Exit::Code(0));
    for name in who {
        assert_eq!(it.record().times(name, Signal::TERM), 1, "{name}");
    }
    let report = it.report();
    assert_eq!(report["graceful"], true, "{report}");
}

#[test]
fn while_nobody_is_ready_yet() {
    let mut it = run(&format!(
        r#"
        grace = "1h"
        report = "report.json"
        [service.db]
        type = "notify"
        command = ["${{PUPPET}}", "db", {POLITE}]
        [service.web]
        command = ["${{PUPPET}}", "web", "record ran"]
        depends_on = {{ db = "ready" }}
        [service.job]
        type = "oneshot"
        command = ["${{PUPPET}}", "job", {POLITE}]
        [service.after]
        command = ["${{PUPPET}}", "after", "record ran"]
        depends_on = {{ job = "completed" }}
    "#
    ));
    let _both = [it.puppet("db"), it.puppet("job")];
    assert_eq!(it.status("web")["state"], "waiting");
    ends_gracefully(&mut it, &["db", "job"]);
    // What waited is not started in a stop, although what it waited for has ended well.
    assert!(!it.record().has("web ran") && !it.record().has("after ran"));
}

/// It says that it is ready while it stops: nobody is started for that.
#[test]
fn one_that_becomes_ready_in_the_stop_starts_nobody() {
    let mut it = run(r#"
        [service.db]
        type = "notify"
        command = ["${PUPPET}", "db", "take 15"]
        [service.web]
        command = ["${PUPPET}", "web", "record ran"]
        depends_on = { db = "ready" }
    "#);
    let mut db = it.puppet("db");
    it.signal(Signal::TERM);
    db.expect(Signal::TERM);
    db.ask("notify READY=1");
    db.ask("notify-asked EXTEND_TIMEOUT_USEC=1");
    db.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(!it.record().has("web ran"));
}

#[test]
fn while_one_waits_for_its_next_start() {
    let mut it = run(&format!(
        r#"
        grace = "1h"
        report = "report.json"
        [service.broken]
        command = ["${{PUPPET}}", "broken", "record ran", "exit 1"]
        restart = "always"
        restart_delay = "1h"
        restart_delay_max = "1h"
        [service.web]
        command = ["${{PUPPET}}", "web", {POLITE}]
    "#
    ));
    let _web = it.puppet("web");
    it.await_state("broken", "backoff");
    ends_gracefully(&mut it, &["web"]);
}

#[test]
fn while_a_probe_hangs() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(Server::SILENT);
    let blackhole = Port::reserve();
    let full = blackhole.number;
    // A full queue of connections: the next one is not even refused.
    let _listener = blackhole.stuff();
    let mut it = run(&format!(
        r#"
        grace = "1h"
        report = "report.json"
        [service.http]
        command = ["${{PUPPET}}", "http", {POLITE}]
        ready = {{ http = "http://127.0.0.1:{number}/" }}
        [service.tcp]
        command = ["${{PUPPET}}", "tcp", {POLITE}]
        ready = {{ tcp = "127.0.0.1:{full}" }}
        [service.exec]
        command = ["${{PUPPET}}", "exec", {POLITE}]
        ready = {{ exec = "${{PUPPET}} probe" }}
        [service.healthy]
        command = ["${{PUPPET}}", "healthy", {POLITE}]
        ready = {{ exec = "true" }}
        healthcheck = {{ test = ["CMD", "${{PUPPET}}", "check"], interval = "1ms" }}
    "#
    ));
    let names = ["http", "tcp", "exec", "healthy"];
    let _all = names.map(|name| it.puppet(name));
    let _request = server.request();
    let (_probe, _check) = (it.puppet("probe"), it.puppet("check"));
    ends_gracefully(&mut it, &names);
}

/// The loop goes on meanwhile: other services start, are restarted, and answers are given.
#[test]
fn a_hundred_probes_that_hang_stall_nothing() {
    let port = Port::reserve();
    let number = port.number;
    let server = port.answer(Server::SILENT);
    let mut toml = String::new();
    for index in 0..100 {
        toml.push_str(&format!(
            r#"
            [service.s{index}]
            command = ["sleep", "1000"]
            ready = {{ http = "http://127.0.0.1:{number}/" }}
        "#
        ));
    }
    toml.push_str(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        restart = "always"
        restart_delay = "1ms"
    "#,
    );
    let mut it = run(&toml);
    for _ in 0..100 {
        let _request = server.request();
    }
    for _ in 0..3 {
        it.puppet("web").exit(1);
    }
    let _web = it.puppet("web");
    assert_eq!(it.await_state("web", "running")["restarts"], 3);
    assert_eq!(it.status("s99")["ready"], false);
    assert_eq!(it.stop().0, Exit::Code(0));
}

/// It is asked to end, as a service is, and what it prepares for is not started.
#[test]
fn during_a_hook_before_the_start() {
    let mut it = run(&format!(
        r#"
        grace = "1h"
        [service.web]
        command = ["${{PUPPET}}", "web", "record ran"]
        pre_start = [["${{PUPPET}}", "migrate", {POLITE}], ["${{PUPPET}}", "next", "record ran", "exit 0"]]
        post_stop = [["${{PUPPET}}", "left", "record ran", "exit 0"]]
        [service.other]
        command = ["${{PUPPET}}", "other", {POLITE}]
    "#
    ));
    let _migrate = it.puppet("migrate");
    let _other = it.puppet("other");
    assert_eq!(it.stop().0, Exit::Code(0));
    let record = it.record();
    assert_eq!(record.times("migrate", Signal::TERM), 1, "{record:?}");
    for line in ["web ran", "next ran", "left ran"] {
        assert!(!record.has(line), "{record:?}");
    }
}

/// One that hangs there and hears nothing has what the service would have had, and costs no other anything.
#[test]
fn a_hook_before_the_start_that_hangs_has_no_more_than_its_service() {
    let mut it = run(&format!(
        r#"
        grace = "4s"
        [service.web]
        command = ["${{PUPPET}}", "web"]
        depends_on = ["db"]
        pre_start = [["env", "--ignore-signal=TERM", "${{PUPPET}}", "migrate"]]
        [service.db]
        command = ["${{PUPPET}}", "db", {POLITE}]
    "#
    ));
    let mut migrate = it.puppet("migrate");
    let (_, took) = it.stop();
    assert!(took < crate::ms(4000), "{took:?}");
    migrate.await_end();
    assert!(it.record().cleaned("db"));
}

/// The stop by itself comes from one, and from outside at the same time: it is one stop.
#[test]
fn while_it_stops_already_for_another_reason() {
    let mut it = run(r#"
        grace = "1h"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.db]
        command = ["${PUPPET}", "db", "take 15"]
    "#);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    web.exit(5);
    db.expect(Signal::TERM);
    it.signal(Signal::TERM);
    it.signal(Signal::TERM);
    assert_eq!(it.status("db")["state"], "stopping");
    assert_eq!(
        db.signals()
            .iter()
            .filter(|one| **one == Signal::TERM)
            .count(),
        0
    );
    db.exit(0);
    assert_eq!(it.exit(), Exit::Code(5));
    assert_eq!(it.report()["reason"]["kind"], "ended");
}

/// One is stopped by itself when the stop of the container comes: it has its time, and is told once.
#[test]
fn while_one_service_is_stopped_by_itself() {
    let mut it = run(&format!(
        r#"
        report = "report.json"
        [service.web]
        command = ["${{PUPPET}}", "web", "take 15"]
        [service.db]
        command = ["${{PUPPET}}", "db", {POLITE}]
    "#
    ));
    let (mut web, _db) = (it.puppet("web"), it.puppet("db"));
    it.ctl(&["stop", "web"]).with_code(0);
    web.expect(Signal::TERM);
    let mut events = it.events();
    it.signal(Signal::TERM);
    events.expect("stopping", "");
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    let report = it.report();
    let entry = crate::in_report(&report, web.own_pid);
    assert_eq!(
        entry["signals"].as_array().map(Vec::len),
        Some(1),
        "{report}"
    );
    assert_eq!(entry["killed"], Value::Null, "{report}");
}

/// A service that is being started again has its old processes still: they are waited for, and no new ones come.
#[test]
fn while_one_is_restarted() {
    let mut it = run(&format!(
        r#"
        [service.web]
        command = ["${{PUPPET}}", "web", "record ran", "take 15"]
        [service.db]
        command = ["${{PUPPET}}", "db", {POLITE}]
    "#
    ));
    let (mut web, _db) = (it.puppet("web"), it.puppet("db"));
    it.ctl(&["restart", "web"]).with_code(0);
    web.expect(Signal::TERM);
    let mut events = it.events();
    it.signal(Signal::TERM);
    events.expect("stopping", "");
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("db"));
    let runs = format!("{:?}", it.record()).matches("web ran").count();
    assert_eq!(runs, 1);
}

/// The starter of a daemon, and a daemon that nobody has found yet.
#[test]
fn while_a_daemon_starts() {
    let forking = |pidfile: &str| {
        run(&format!(
            r#"
            grace = "1h"
            report = "report.json"
            [service.web]
            type = "forking"
            command = ["${{PUPPET}}", "starter", {POLITE}]
            {pidfile}
        "#
        ))
    };
    let mut it = forking("");
    let mut starter = it.puppet("starter");
    starter.spawn("daemon", "setsid; take 15; on 15 clean 0; on 15 exit 0");
    let _daemon = it.puppet("daemon");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("daemon") && it.record().cleaned("starter"));

    let mut it = forking("pidfile = \"never.pid\"");
    let mut starter = it.puppet("starter");
    starter.spawn("daemon", "setsid; take 15; on 15 clean 0; on 15 exit 0");
    let _daemon = it.puppet("daemon");
    starter.exit(0);
    starter.process.await_reaped();
    assert_eq!(it.status("web")["state"], "starting");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("daemon"));
}

/// The very first moment: it may be there before anybody was started, and is not lost.
#[test]
fn at_once() {
    for _ in 0..10 {
        let mut it = run(r#"
            report = "report.json"
            [service.web]
            command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
            [service.db]
            command = ["${PUPPET}", "db", "take 15", "on 15 exit 0"]
        "#);
        let init = it.init();
        conformance::await_that("it listens to signals", || {
            let mask = init.mask("SigBlk");
            // `unshare` blocks it too, for a moment.
            init.name().as_deref() == Some("bowout-init")
                && mask.is_some_and(|mask| mask.has(Signal::TERM))
        });
        assert_eq!(it.stop().0, Exit::Code(0));
        assert_eq!(it.report()["killed"], 0);
    }
}
