//! Asks the client for each verb about services: its words, its JSON, its exit code.

use conformance::{Signal, Supervisor};
use serde_json::{Value, json};

use crate::run;

/// `web` depends on `db`; both end by a stop signal. `idle` is not started with the others.
const PAIR: &str = r#"
    [service.web]
    command = ["${PUPPET}", "web", "catch 15", "on 15 exit 0"]
    depends_on = ["db"]
    [service.db]
    command = ["${PUPPET}", "db", "catch 10,12,15", "on 15 exit 0"]
    [service.idle]
    command = ["${PUPPET}", "idle", "catch 15", "on 15 exit 0"]
    autostart = false
"#;

fn pair() -> Supervisor {
    let it = run(PAIR);
    it.ctl(&["healthcheck", "--timeout", "20s"]).with_code(0);
    it
}

/// The words of the line of a table that begins with this one.
#[track_caller]
fn row<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = lines.find(|words| words.first() == Some(&name));
    found.unwrap_or_else(|| panic!("no {name} in {table}"))
}

#[test]
fn status_is_a_table_for_people() {
    let it = pair();
    let web = it.puppet("web");
    let said = it.ctl(&["status"]).with_code(0);
    let text = &said.stdout;
    let mut lines = text.lines();
    let whole = lines.next().expect("there is one for the whole");
    assert!(whole.starts_with("bowout-init "), "{whole}");
    assert!(
        whole.contains(", process 1: running, ready, up for "),
        "{whole}"
    );
    assert_eq!(lines.next(), Some(""));
    assert_eq!(
        row(text, "NAME"),
        [
            "NAME", "STATE", "READY", "PID", "FOR", "RESTARTS", "MEMORY", "INFO"
        ]
    );
    let pid = web.own_pid.to_string();
    assert_eq!(row(text, "web")[..4], ["web", "running", "yes", &pid]);
    assert_eq!(row(text, "idle")[..4], ["idle", "stopped", "no", "-"]);
    let place = |name: &str| text.lines().position(|line| line.starts_with(name));
    assert!(place("db") < place("web"), "in start order: {text}");
    assert!(
        !text.contains('\x1b'),
        "colours are for terminals: {text:?}"
    );
    assert_eq!(said.stderr, "");
}

#[test]
fn status_is_one_object_for_programs() {
    let it = pair();
    let (mut web, db) = (it.puppet("web"), it.puppet("db"));
    web.ask("notify STATUS=3-workers");
    it.await_status("web", "told", |status| !status["status"].is_null());
    let said = it.ctl(&["status", "--json"]).with_code(0).json();
    assert_eq!(said["container"]["pid"], 1);
    assert_eq!(said["container"]["state"], "running");
    assert_eq!(said["container"]["ready"], true);
    assert_eq!(said["container"]["services"], 3);
    let services = said["services"].as_array().expect("there is a list");
    let of = |name: &str| {
        let found = services.iter().find(|service| service["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {said}"))
    };
    let web_status = of("web");
    assert_eq!(web_status["kind"], "simple");
    assert_eq!(web_status["state"], "running");
    assert_eq!(web_status["ready"], true);
    assert_eq!(web_status["wanted"], true);
    assert_eq!(web_status["essential"], true);
    assert_eq!(web_status["pid"], web.own_pid);
    assert_eq!(web_status["restarts"], 0);
    assert_eq!(web_status["last_exit"], Value::Null);
    assert_eq!(web_status["status"], "3-workers");
    assert_eq!(web_status["reloading"], false);
    assert_eq!(web_status["next_start_ms"], Value::Null);
    assert_eq!(
        web_status["depends_on"],
        json!([{"service": "db", "condition": "started"}])
    );
    assert!(web_status["memory_bytes"].as_u64() > Some(10_000));
    assert!(web_status["stop_timeout_ms"].as_u64() > Some(1000));
    assert_eq!(of("db")["pid"], db.own_pid);
    let idle = of("idle");
    assert_eq!(
        (&idle["state"], &idle["wanted"], &idle["pid"]),
        (&"stopped".into(), &false.into(), &Value::Null)
    );
}

#[test]
fn status_of_services_has_all_that_is_known_of_them() {
    let it = pair();
    let web = it.puppet("web");
    let said = it.ctl(&["status", "web", "idle"]).with_code(0);
    let text = &said.stdout;
    assert!(text.starts_with("web: running, ready\n"), "{text}");
    assert!(text.contains("\nidle: stopped, not ready\n"), "{text}");
    let line = |words: &[&str]| row(text, words[0])[..words.len()] == *words;
    assert!(
        line(&["main", "process", &web.own_pid.to_string()]),
        "{text}"
    );
    assert!(line(&["depends", "on", "db", "(started)"]), "{text}");
    assert!(!text.contains("NAME"), "{text}");
    let said = it.ctl(&["status", "idle", "--json"]).with_code(0).json();
    assert_eq!(said["services"][0]["name"], "idle");
    assert_eq!(said["services"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_restarts_and_the_last_exit_are_counted() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        restart = "always"
        restart_delay = "1ms"
        restart_delay_max = "1ms"
    "#);
    for _ in 0..3 {
        it.puppet("web").exit(7);
    }
    let last = it.puppet("web");
    let status = it.await_status("web", "up", |status| status["pid"] == last.own_pid);
    assert_eq!(status["restarts"], 3);
    assert_eq!(status["last_exit"], json!({"kind": "exited", "code": 7}));
    last.process.signal(Signal::KILL);
    let _again = it.puppet("web");
    let status = it.status("web");
    assert_eq!(status["last_exit"]["kind"], "signaled");
    assert_eq!(status["last_exit"]["signal"], "SIGKILL");
}

#[test]
fn start_starts_what_it_depends_on_and_waits_until_it_is_ready() {
    let it = run(r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.db]
        command = ["${PUPPET}", "db"]
        autostart = false
        ready = { notify = true }
        [service.web]
        command = ["${PUPPET}", "web"]
        autostart = false
        depends_on = { db = { condition = "ready" } }
    "#);
    let _keeper = it.puppet("keeper");
    it.ctl(&["start", "web"]).with_code(0);
    let mut db = it.puppet("db");
    assert_eq!(it.status("web")["state"], "waiting");
    let waiting = it.follow(&["start", "--wait", "web"]);
    db.ask("notify READY=1");
    let _web = it.puppet("web");
    assert_eq!(waiting.end(), (0, String::new()));
    assert_eq!(it.status("web")["ready"], true);
}

#[test]
fn what_will_not_come_fails_and_what_takes_too_long_times_out() {
    let it = run(r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.bad]
        command = ["${PUPPET}", "bad", "exit 3"]
        autostart = false
        essential = false
        ready = { notify = true }
        [service.slow]
        command = ["${PUPPET}", "slow"]
        autostart = false
        essential = false
        ready = { notify = true }
    "#);
    let said = it.ctl(&["start", "-w", "bad"]).with_code(1);
    assert!(said.stderr.contains("bad has failed"), "{said:?}");
    assert!(said.stderr.contains("exited with 3"), "{said:?}");
    let said = it
        .ctl(&["start", "--timeout", "100ms", "slow"])
        .with_code(5);
    assert!(said.stderr.contains("the time is up"), "{said:?}");
    // What was begun goes on.
    let mut slow = it.puppet("slow");
    assert_eq!(it.status("slow")["state"], "starting");
    slow.ask("notify READY=1");
    it.await_state("slow", "running");
    let said = it.ctl(&["start", "--timeout", "20s", "bad", "--json"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(said.json()["error"]["code"], "failed");
}

#[test]
fn stop_waits_until_it_is_gone_and_it_stays_down() {
    let it = pair();
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    it.ctl(&["stop", "--wait", "db"]).with_code(0);
    db.await_end();
    let status = it.status("db");
    assert_eq!(
        (&status["state"], &status["wanted"], &status["last_exit"]),
        (
            &"stopped".into(),
            &false.into(),
            &json!({"kind": "exited", "code": 0})
        )
    );
    // What depends on it goes on.
    assert_eq!(web.signals(), []);
    it.ctl(&["start", "--wait", "db"]).with_code(0);
    let _again = it.puppet("db");
    it.ctl(&["stop", "--wait", "web", "db"]).with_code(0);
    web.await_end();
    for name in ["web", "db"] {
        assert_eq!(it.status(name)["state"], "stopped", "{name}");
    }
}

#[test]
fn stop_of_all_leaves_bowout_there() {
    let it = pair();
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    it.ctl(&["stop", "--all", "-w"]).with_code(0);
    web.await_end();
    db.await_end();
    let said = it.ctl(&["ping", "--json"]).with_code(0).json();
    assert_eq!(said["container"]["state"], "running");
    it.ctl(&["start", "--all", "-w"]).with_code(0);
    for name in ["web", "db", "idle"] {
        let _again = it.puppet(name);
    }
}

#[test]
fn restart_waits_for_the_next_one() {
    let it = pair();
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    it.ctl(&["restart", "--wait", "db"]).with_code(0);
    db.await_end();
    let again = it.puppet("db");
    assert_eq!(it.status("db")["pid"], again.own_pid);
    assert_eq!(web.signals(), [], "what depends on it goes on");
}

#[test]
fn signal_goes_to_the_main_process() {
    let it = pair();
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    for (word, signal) in [
        ("USR1", Signal(10)),
        ("sigusr2", Signal(12)),
        ("10", Signal(10)),
    ] {
        it.ctl(&["signal", word, "db"]).with_code(0);
        db.expect(signal);
    }
    assert_eq!(web.signals(), []);
    it.ctl(&["signal", "CONT", "--all"]).with_code(0);
    let said = it.ctl(&["signal", "USR1", "idle"]).with_code(1);
    assert!(
        said.stderr.contains("idle does not run: it is stopped"),
        "{said:?}"
    );
    let said = it.ctl(&["signal", "USR7", "db"]).with_code(2);
    assert!(said.stderr.contains("\"USR7\" is no signal"), "{said:?}");
}

#[test]
fn one_unknown_service_and_nothing_happens() {
    let it = pair();
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    for verb in ["start", "stop", "restart", "reload", "status", "logs"] {
        let said = it.ctl(&[verb, "db", "wep"]).with_code(4);
        assert!(
            said.stderr
                .contains("there is no service \"wep\"; did you mean web?"),
            "{verb}: {said:?}"
        );
        assert_eq!(said.stdout, "");
    }
    let said = it.ctl(&["signal", "USR1", "db", "wep"]).with_code(4);
    assert!(said.stderr.contains("did you mean web?"), "{said:?}");
    let said = it.ctl(&["remove", "wep"]).with_code(4);
    assert!(said.stderr.contains("did you mean web?"), "{said:?}");
    let said = it.ctl(&["stop", "wep", "--json"]).with_code(4).json();
    assert_eq!(said["error"]["code"], "unknown_service");
    assert_eq!(web.signals(), []);
    assert_eq!(db.signals(), []);
}

#[test]
fn a_bad_command_line_says_what_is_right() {
    let it = pair();
    for (words, text) in [
        (&["strat", "web"][..], "did you mean start?"),
        (&["start"], "name at least one, or say --all"),
        (&["stop", "--all", "web"], "one of the two"),
        (&["status", "--wait"], "--wait: status does not take it"),
        (&["status", "--jsn"], "unknown option; did you mean --json?"),
        (&["remove"], "remove takes one service"),
        (&["add"], "add takes one file"),
        (&["add", "/no/such/file"], "/no/such/file: "),
        (&["stop", "web", "--timeout", "soon"], "\"soon\""),
        (&[], "no verb"),
    ] {
        let said = it.ctl(words).with_code(2);
        assert!(said.stderr.contains(text), "{words:?}: {said:?}");
    }
    let help = it.ctl(&["--help"]).with_code(0).stdout;
    for verb in [
        "status",
        "start",
        "stop",
        "restart",
        "reload",
        "signal",
        "logs",
        "events",
        "healthcheck",
        "add",
        "remove",
        "shutdown",
        "ping",
    ] {
        assert!(help.contains(verb), "{verb}: {help}");
        let said = it.ctl(&[verb, "--help"]).with_code(0);
        assert!(said.stdout.contains("--json"), "{said:?}");
    }
}
