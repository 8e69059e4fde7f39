//! Asks the client for what comes over time: `logs`, `events`, and a terminal or a reader that goes away.

use std::process::{Command, Stdio};

use conformance::{Program, Signal, Supervisor, bowout, say};

use crate::run;

/// Two that are kept, and one that is not.
const THREE: &str = r#"
    [service.web]
    command = ["${PUPPET}", "web"]
    log = "prefix"
    restart = "always"
    restart_delay = "1ms"
    [service.db]
    command = ["${PUPPET}", "db"]
    log = "json"
    [service.plain]
    command = ["${PUPPET}", "plain"]
"#;

/// What a shell says of a program that wrote to a pipe which nobody reads: it says nothing itself.
const SIGPIPE: i32 = 128 + 13;

/// The client through a shell: `$CTL` is it.
fn through_a_shell(it: &Supervisor, script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .env("CTL", format!("{} ctl", bowout("bowout-init").display()))
        .env("BOWOUT_SOCKET", it.socket())
        .stdin(Stdio::null());
    command
}

#[test]
fn logs_are_the_last_lines_oldest_first() {
    let it = run(THREE);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    web.ask("print one");
    it.await_stdout("web   | one");
    db.ask("print-error two");
    it.await_log("two");
    web.ask("print three");
    it.await_stdout("web   | three");
    let said = it.ctl(&["logs"]).with_code(0);
    assert_eq!(said.stdout, "web | one\ndb | two\nweb | three\n");
    assert_eq!(said.stderr, "");
    let said = it.ctl(&["logs", "web"]).with_code(0);
    assert_eq!(said.stdout, "one\nthree\n", "one needs no name in front");
    let said = it.ctl(&["logs", "-n", "2"]).with_code(0);
    assert_eq!(said.stdout, "db | two\nweb | three\n");
    let said = it.ctl(&["logs", "--lines=1", "web", "db"]).with_code(0);
    assert_eq!(said.stdout, "web | three\n");
    assert_eq!(it.ctl(&["logs", "-n", "0"]).with_code(0).stdout, "");
    let said = it.ctl(&["logs", "-t", "db"]).with_code(0);
    let (time, text) = said.stdout.split_once(' ').expect("a time is in front");
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert_eq!(text, "two\n");
    let said = it.ctl(&["logs", "--json", "db"]).with_code(0).json();
    assert_eq!(said["service"], "db");
    assert_eq!(said["stream"], "stderr");
    assert_eq!(said["text"], "two");
    assert_eq!(said["time"].as_str().map(str::len), Some(24));
}

#[test]
fn what_goes_past_bowout_is_not_kept_and_it_says_so() {
    let it = run(THREE);
    let mut plain = it.puppet("plain");
    plain.ask("print past");
    assert_eq!(it.stdout(), "past\n");
    let said = it.ctl(&["logs", "plain"]).with_code(1);
    assert!(said.stderr.contains("log = \"prefix\""), "{said:?}");
    let said = it.ctl(&["logs", "plain", "--json"]).with_code(1).json();
    assert_eq!(said["error"]["code"], "no_log");
    it.ctl(&["logs"]).with_code(0);
}

#[test]
fn logs_follow_across_restarts_until_ctrl_c() {
    let it = run(THREE);
    let mut web = it.puppet("web");
    web.ask("print one");
    it.await_stdout("web   | one");
    let mut follower = it.follow(&["logs", "-f", "web"]);
    assert_eq!(follower.read().as_deref(), Some("one\n"));
    web.ask("print two");
    assert_eq!(follower.read().as_deref(), Some("two\n"));
    web.exit(1);
    let mut web = it.puppet("web");
    web.ask("print three");
    assert_eq!(follower.read().as_deref(), Some("three\n"));
    let mut last = it.follow(&["logs", "-fn1", "web"]);
    assert_eq!(last.read().as_deref(), Some("three\n"));
    follower.interrupt();
    assert_eq!(follower.read(), None);
    let (_, text) = follower.end();
    assert_eq!(text, "", "Ctrl-C is no mistake");
    it.ctl(&["ping"]).with_code(0);
}

#[test]
fn who_has_enough_ends_it_without_a_word() {
    let it = run(THREE);
    let mut web = it.puppet("web");
    web.ask("print-lines 5 line");
    it.await_stdout("line 5");
    let script =
        "( $CTL logs -f web; echo \"code $?\" >&2 ) | ( head -n 1; exec <&-; echo enough )";
    let mut shell = Program::start(&mut through_a_shell(&it, script));
    assert_eq!(shell.read().as_deref(), Some("line 1\n"));
    shell.expect("enough");
    // It has written what was there; now it learns that nobody reads.
    web.ask("print more");
    assert_eq!(shell.end(), (0, format!("code {SIGPIPE}\n")));
    for verb in ["status", "ping", "logs", "status --json"] {
        let script = format!("( $CTL {verb}; echo \"code $?\" >&2 ) | true");
        let said = say(through_a_shell(&it, &script)).with_code(0);
        assert!(
            said.stderr == "code 0\n" || said.stderr == format!("code {SIGPIPE}\n"),
            "{verb}: {said:?}"
        );
    }
}

#[test]
fn the_end_of_bowout_is_the_end_of_those_who_follow() {
    let mut it = run(THREE);
    let mut web = it.puppet("web");
    web.ask("print one");
    it.await_stdout("one");
    let mut logs = it.follow(&["logs", "-f", "web"]);
    assert_eq!(logs.read().as_deref(), Some("one\n"));
    let mut events = it.follow(&["events"]);
    events.expect("follows");
    it.signal(Signal::TERM);
    events.expect("stop");
    it.exit();
    for program in [logs, events] {
        let (code, text) = program.end();
        assert_eq!(code, 3, "{text}");
    }
    assert!(!it.socket_is_there(), "the socket goes with it");
}

#[test]
fn lines_that_are_not_kept_any_more_are_counted() {
    let it = run(THREE);
    let mut web = it.puppet("web");
    let mut client = it.client();
    client.send(&serde_json::json!({"verb": "logs", "services": ["web"], "follow": true}));
    // So much that not all of it is kept for one who reads nothing meanwhile: a line takes 56 bytes too.
    web.ask("print-lines 60000 this is one of very many lines that nobody reads, number");
    it.await_stdout("number 60000\n");
    let (mut lines, mut missed) = (0, 0);
    loop {
        let line = client.read().expect("it goes on");
        let item = &line["item"];
        if item["missed"]["service"] == "web" {
            missed += item["missed"]["lines"].as_u64().expect("a number");
            continue;
        }
        lines += 1;
        let text = item["log"]["text"].as_str().expect("a line");
        let number: u64 = text
            .rsplit(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{line}"));
        assert_eq!(number, lines + missed, "nothing is lost without a word");
        if number == 60_000 {
            break;
        }
    }
    assert!(missed > 0, "all of it was kept");
    let said = it.ctl(&["logs", "web", "-n", "1"]).with_code(0);
    assert!(said.stdout.ends_with("number 60000\n"), "{said:?}");
}

#[test]
fn one_that_writes_much_leaves_the_lines_of_the_others_alone() {
    let it = run(THREE);
    let (mut web, mut db) = (it.puppet("web"), it.puppet("db"));
    db.ask("print worth keeping");
    it.await_stdout("worth keeping");
    web.ask("print-lines 60000 noise");
    it.await_stdout("noise 60000\n");
    let said = it.ctl(&["logs", "db"]).with_code(0);
    assert_eq!(said.stdout, "worth keeping\n");
    let kept = it.ctl(&["logs", "web"]).with_code(0).stdout.len();
    assert!(kept < 256 * 1024, "{kept}");
}

#[test]
fn events_are_told_as_they_happen() {
    let it = run(THREE);
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    let mut people = it.follow(&["events"]);
    people.expect("what happens from now on follows");
    let mut programs = it.follow(&["events", "--json", "web"]);
    programs.expect("\"following\"");
    let mut others = it.follow(&["events", "--json", "db"]);
    others.expect("\"following\"");
    web.exit(3);
    let text = people.expect("web (");
    assert!(text.contains("exited with 3"), "{text}");
    // The time of day in front, to the millisecond.
    assert_eq!(text.as_bytes()[8], b'.', "{text}");
    let line = programs.expect("\"exited\"");
    let event: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
    assert_eq!(event["service"], "web");
    assert!(event["message"].as_str().is_some(), "{event}");
    assert_eq!(event["ready"], false);
    people.expect("web is running and ready");
    // What is told to db's is what happens to db.
    it.ctl(&["restart", "-w", "db"]).with_code(0);
    let line = others.read().expect("it goes on");
    assert!(line.contains("\"service\":\"db\""), "{line}");
}

#[test]
fn two_who_follow_are_told_the_same() {
    let it = run(THREE);
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    let mut all = [it.events(), it.events()];
    web.exit(1);
    for events in &mut all {
        events.expect("exited", "web");
        events.expect("restarting", "web");
        let event = events.expect_state("web", "running");
        assert_eq!(event["ready"], true);
    }
}

#[test]
fn on_a_terminal_it_says_who_is_waited_for_in_colours() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = { notify = true }
    "#);
    let mut web = it.puppet("web");
    let (terminal, mut child) = it.ctl_on_terminal(&["start", "--wait", "web"], &[]);
    terminal.await_text("web is starting");
    web.ask("notify READY=1");
    assert!(child.wait().expect("it was started").success());
    let (terminal, mut child) = it.ctl_on_terminal(&["status"], &[]);
    terminal.await_text("\x1b[");
    terminal.await_text("running");
    child.wait().expect("it was started");
    let (terminal, mut child) = it.ctl_on_terminal(&["status"], &[("NO_COLOR", "1")]);
    terminal.await_text("INFO");
    assert!(!terminal.shown().contains('\x1b'));
    child.wait().expect("it was started");
}
