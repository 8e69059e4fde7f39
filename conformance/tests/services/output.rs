//! Asks what becomes of what services write: inherited, with a name in front, as JSON, or nowhere.

use std::fs;

use conformance::{Exit, Process, Signal, Supervisor};
use serde_json::Value;

use crate::run;

/// What was written to standard output, as it is.
fn bytes(it: &Supervisor) -> Vec<u8> {
    fs::read(it.folder().join("stdout")).expect("it is there")
}

fn target(process: Process, descriptor: i32) -> String {
    let link = fs::read_link(format!("/proc/{}/fd/{descriptor}", process.0));
    link.expect("it is open").display().to_string()
}

#[test]
fn inherited_output_is_the_containers_own_without_a_copy() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.other]
        command = ["${PUPPET}", "other"]
        log = "inherit"
    "#);
    for name in ["web", "other"] {
        let process = it.puppet(name).process;
        for descriptor in [1, 2] {
            assert_eq!(target(process, descriptor), target(it.init(), descriptor));
        }
        assert_eq!(target(process, 0), "/dev/null");
    }
}

#[test]
fn a_prefix_is_the_name_as_wide_as_the_longest() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
        [service.worker]
        command = ["${PUPPET}", "worker"]
        log = "prefix"
    "#);
    let (mut web, mut worker) = (it.puppet("web"), it.puppet("worker"));
    web.ask("print one  two");
    it.await_stdout("web    | one two\n");
    worker.ask("print three");
    it.await_stdout("worker | three\n");
    web.ask("print");
    it.await_stdout("web    |\n");
    // Each stream stays what it is.
    web.ask("print-error four");
    it.await_log("web    | four\n");
    assert!(!it.stdout().contains("four"));
    assert!(
        !it.stdout().contains('\x1b'),
        "colours are for terminals: {}",
        it.stdout()
    );
}

#[test]
fn on_a_terminal_names_have_colours_unless_nobody_wants_them() {
    const SERVICE: &str = r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
    "#;
    let mut it = conformance::Configuration::new(SERVICE)
        .on(conformance::Stage::terminal)
        .start();
    it.puppet("web").ask("print one");
    it.terminal().await_text("\x1b[36mweb |\x1b[0m one\r\n");
    let mut it = conformance::Configuration::new(SERVICE)
        .on(conformance::Stage::terminal)
        .env("NO_COLOR", "1")
        .start();
    it.puppet("web").ask("print two");
    it.terminal().await_text("web | two\r\n");
}

#[test]
fn json_is_one_object_a_line() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "json"
    "#);
    let mut web = it.puppet("web");
    web.ask("print say \"hi\" \\ \u{e9}");
    it.await_stdout("hi");
    let line: Value = serde_json::from_str(it.stdout().trim_end()).expect("it is JSON");
    assert_eq!(line["message"], "say \"hi\" \\ \u{e9}");
    assert_eq!(line["service"], "web");
    assert_eq!(line["stream"], "stdout");
    assert_eq!(line["pid"], web.own_pid);
    let time = line["time"].as_str().expect("a time is a text");
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    web.ask("print-error oh");
    it.await_log("\"stream\":\"stderr\"");
}

#[test]
fn none_throws_it_away() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "none"
    "#);
    let mut web = it.puppet("web");
    for descriptor in [1, 2] {
        assert_eq!(target(web.process, descriptor), "/dev/null");
    }
    web.ask("print-lines 100000 much");
    web.ask("print-error oh");
    assert_eq!(it.stdout(), "");
    assert!(!it.stderr().contains("oh"));
    let said = it.ctl(&["logs", "web", "--json"]).with_code(1).json();
    assert_eq!(said["error"]["code"], "no_log");
}

#[test]
fn a_part_of_a_line_waits_for_its_end() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
    "#);
    let mut web = it.puppet("web");
    web.ask("print-part one");
    web.ask("print-error other");
    it.await_log("web | other");
    assert_eq!(it.stdout(), "");
    web.ask("print -two");
    it.await_stdout("web | one-two\n");
}

/// What it wrote before its end comes out, also what has no newline, and before its end is told.
#[test]
fn the_last_lines_of_a_killed_service_are_not_lost() {
    for log in ["\"prefix\"", "{ file = \"${HERE}/web.log\" }"] {
        let mut it = run(&format!(
            r#"
            [service.web]
            command = ["${{PUPPET}}", "web"]
            log = {log}
        "#
        ));
        let mut web = it.puppet("web");
        web.ask("print-lines 700 line number");
        web.ask("print-part the last");
        let own = web.own_pid;
        web.tell(format_args!("kill {own} 9"));
        assert_eq!(it.exit(), Exit::Code(128 + 9));
        let text = match log {
            "\"prefix\"" => it.stdout().replace("web | ", ""),
            _ => it.read("web.log"),
        };
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 701, "{log}");
        for (number, line) in (1..).zip(&lines[..700]) {
            assert_eq!(*line, format!("line number {number}"));
        }
        assert!(text.ends_with("the last\n"), "{log}");
    }
}

#[test]
fn what_it_wrote_is_told_before_its_end() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
        restart = "always"
        restart_delay = "1ms"
        restart_delay_max = "1ms"
    "#);
    for round in 1..=20 {
        let mut web = it.puppet("web");
        // At once, so that bowout finds both when it looks.
        web.tell(format_args!("print-error panic {round}\nexit 1"));
        web.await_end();
    }
    let _web = it.puppet("web");
    let text = it.stderr();
    let said: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("panic") || line.contains("starts again"))
        .collect();
    assert_eq!(said.len(), 40, "{text}");
    for pair in said.chunks(2) {
        assert!(pair[0].contains("panic"), "{pair:?}");
    }
}

#[test]
fn what_it_says_on_its_way_out_is_not_lost() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "catch 15", "on 15 print bye", "on 15 print-lines 300 bye", "on 15 exit 0"]
        log = "prefix"
        [service.rough]
        command = ["${PUPPET}", "rough", "catch 15", "on 15 print-part asked to go"]
        log = "prefix"
        stop_timeout = "100ms"
    "#);
    let (_web, _rough) = (it.puppet("web"), it.puppet("rough"));
    it.stop();
    let text = it.stdout();
    assert!(text.contains("web   | bye\n"), "{text}");
    assert!(text.contains("web   | bye 300\n"), "{text}");
    assert!(text.contains("rough | asked to go\n"), "{text}");
}

/// Who has the pipe after the main process has ended is heard as well: a daemon, a worker that finishes.
#[test]
fn a_child_that_outlives_it_is_heard() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
        restart = "always"
        restart_delay = "1ms"
    "#);
    let mut web = it.puppet("web");
    web.spawn("child", "catch 15;on 15 print later;on 15 exit 0");
    let mut child = it.puppet("child");
    web.exit(0);
    child.await_end();
    it.await_stdout("web | later\n");
    let mut web = it.puppet("web");
    web.ask("print anew");
    it.await_stdout("web | anew\n");
}

#[test]
fn a_very_long_line_comes_in_pieces_and_nothing_of_it_is_lost() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
        [service.api]
        command = ["${PUPPET}", "api"]
        log = "json"
    "#);
    let (mut web, mut api) = (it.puppet("web"), it.puppet("api"));
    let init = it.init();
    web.ask("print-long 100000");
    web.ask("print behind");
    it.await_stdout("web | behind\n");
    let text = it.stdout();
    let (_, last) = text.trim_end().rsplit_once('\n').expect("there are more");
    assert_eq!(last, "web | behind");
    assert_eq!(text.matches('x').count(), 100_000);
    assert_eq!(text.lines().count(), 100_000_usize.div_ceil(16 * 1024) + 1);
    api.ask("print-long 40000");
    api.ask("print behind");
    it.await_stdout("\"behind\"");
    let text = it.stdout();
    let pieces: Vec<Value> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("each is JSON"))
        .collect();
    let partial: Vec<bool> = pieces
        .iter()
        .map(|piece| piece["partial"] == true)
        .collect();
    assert_eq!(partial, [true, true, false, false]);
    // A line without an end is no more than a piece in memory.
    let before = init.memory();
    web.tell("print-long 50000000");
    web.answer("print-long");
    it.ctl(&["ping"]).with_code(0);
    let grown = init.memory().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes for a line of 50 MB");
}

#[test]
fn bytes_that_are_no_text_are_kept_where_they_can_be() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
        [service.api]
        command = ["${PUPPET}", "api"]
        log = "json"
    "#);
    let (mut web, mut api) = (it.puppet("web"), it.puppet("api"));
    web.ask("print-bytes 61ff00c30d620a");
    web.ask("print behind");
    let all = || bytes(&it);
    conformance::await_that("it is copied", || {
        all().ends_with(b"web | a\xff\0\xc3\rb\nweb | behind\n")
    });
    api.ask("print-bytes 61ff1b5b0a");
    conformance::await_that("it is copied", || all().ends_with(b"}\n"));
    let text = String::from_utf8_lossy(&all()).into_owned();
    let line = text.lines().last().expect("there is one");
    let line: Value = serde_json::from_str(line).expect("it is JSON");
    assert_eq!(line["message"], "a\u{fffd}\u{1b}[");
    let said = it.ctl(&["logs", "--json", "-n", "1", "web"]).with_code(0);
    assert_eq!(said.json()["text"], "behind");
    let said = it.ctl(&["logs", "--json", "web"]).with_code(0);
    assert!(
        said.stdout.contains("a\u{fffd}\\u0000\u{fffd}\\rb"),
        "{said:?}"
    );
}

#[test]
fn lines_of_one_stream_stay_in_order_and_whole_beside_others() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = "prefix"
        [service.api]
        command = ["${PUPPET}", "api"]
        log = "prefix"
    "#);
    let (mut web, mut api) = (it.puppet("web"), it.puppet("api"));
    web.tell("print-lines 5000 of the one");
    api.tell("print-lines 5000 of the other");
    web.answer("print-lines");
    api.answer("print-lines");
    it.await_stdout("of the one 5000\n");
    it.await_stdout("of the other 5000\n");
    let text = it.stdout();
    let of = |prefix: &str| -> Vec<u32> {
        let own = text.lines().filter_map(|line| line.strip_prefix(prefix));
        own.map(|number| number.parse().expect("it is whole"))
            .collect()
    };
    let all: Vec<u32> = (1..=5000).collect();
    assert_eq!(of("web | of the one "), all);
    assert_eq!(of("api | of the other "), all);
    assert_eq!(text.lines().count(), 10_000);
}

/// The times at which lines were read, and the order in `ctl logs`, go together.
#[test]
fn both_streams_of_a_service_come_in_the_order_in_which_they_were_read() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/web.log" }
    "#);
    let mut web = it.puppet("web");
    for number in 1..=20 {
        let command = if number % 2 == 0 {
            "print"
        } else {
            "print-error"
        };
        web.ask(format_args!("{command} {number}"));
        conformance::await_that("it is in the file", || {
            fs::read_to_string(it.path("web.log")).is_ok_and(|text| text.lines().count() == number)
        });
    }
    let wanted: Vec<String> = (1..=20).map(|number| number.to_string()).collect();
    let text = it.read("web.log");
    assert_eq!(text.lines().collect::<Vec<_>>(), wanted);
    let said = it.ctl(&["logs", "web"]).with_code(0);
    assert_eq!(said.stdout.lines().collect::<Vec<_>>(), wanted);
}

/// `ready = { log = … }` needs a copy, and what is inherited still goes where it went.
#[test]
fn what_is_read_for_a_pattern_still_comes_out() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        ready = { log = "listening" }
    "#);
    let mut web = it.puppet("web");
    web.ask("print-error listening on :80");
    it.await_state("web", "running");
    it.await_log("listening on :80\n");
    web.ask("print plain");
    it.await_stdout("plain\n");
    assert_eq!(it.stdout(), "plain\n");
    web.process.signal(Signal::KILL);
}
