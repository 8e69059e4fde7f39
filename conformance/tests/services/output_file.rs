//! Asks for output that goes to files: what is in them, when they are put aside, and what can go wrong.

use std::fs;
use std::path::PathBuf;

use conformance::{Configuration, Exit, Supervisor, await_that};

use crate::{as_root, run};

/// A text in a file, once it is there.
#[track_caller]
fn await_file(it: &Supervisor, name: &str, text: &str) -> String {
    let path = it.path(name);
    let mut all = String::new();
    await_that(&format!("{text:?} is in {name}"), || {
        all = fs::read_to_string(&path).unwrap_or_default();
        all.contains(text)
    });
    all
}

/// How long each of these files is; none of one that is not there.
fn lengths(it: &Supervisor, names: &[&str]) -> Vec<Option<u64>> {
    let of = |name: &&str| fs::metadata(it.path(name)).ok().map(|file| file.len());
    names.iter().map(of).collect()
}

#[test]
fn both_streams_go_there_as_they_are() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "logs.txt" }
    "#);
    let mut web = it.puppet("web");
    web.ask("print one");
    await_file(&it, "logs.txt", "one\n");
    web.ask("print-error two");
    let text = await_file(&it, "logs.txt", "two\n");
    assert_eq!(text, "one\ntwo\n");
    assert_eq!(it.stdout(), "");
    assert!(!it.stderr().contains("two"));
    let said = it.ctl(&["logs", "web"]).with_code(0);
    assert_eq!(said.stdout, text);
}

#[test]
fn it_is_added_to_what_is_there() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/logs.txt", max_size = 0 }
    "#,
    )
    .file("logs.txt", "from before\n")
    .start();
    it.puppet("web").ask("print one");
    assert_eq!(await_file(&it, "logs.txt", "one"), "from before\none\n");
}

#[test]
fn it_is_put_aside_by_its_size_and_so_many_are_kept() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log", max_size = "1KB", keep = 2 }
    "#);
    let mut web = it.puppet("web");
    web.ask("print-lines 200 a line of some length, number");
    await_file(&it, "log", "number 200\n");
    let names = ["log", "log.1", "log.2"];
    for length in lengths(&it, &names) {
        let length = length.expect("it is there");
        assert!(length > 0 && length <= 1024, "{length}");
    }
    assert_eq!(lengths(&it, &["log.3"]), [None]);
    // Nothing is missing between them, and no line is in two.
    let text = it.read("log.2") + &it.read("log.1") + &it.read("log");
    let lines: Vec<&str> = text.lines().collect();
    let first = 200 - lines.len() + 1;
    for (number, line) in (first..).zip(&lines) {
        assert_eq!(*line, format!("a line of some length, number {number}"));
    }
}

#[test]
fn with_none_kept_it_is_emptied() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log", max_size = "1KB", keep = 0 }
    "#);
    it.puppet("web").ask("print-lines 500 a line");
    await_file(&it, "log", "a line 500\n");
    assert!(lengths(&it, &["log"])[0] <= Some(1024));
    assert_eq!(lengths(&it, &["log.1"]), [None]);
}

#[test]
fn with_size_0_it_is_never_put_aside() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log", max_size = 0 }
    "#);
    it.puppet("web")
        .ask("print-lines 200000 a line of some length, all in all more than 10 MB, number");
    let text = await_file(&it, "log", "number 200000\n");
    assert_eq!(text.lines().count(), 200_000);
    assert_eq!(lengths(&it, &["log.1"]), [None]);
}

#[test]
fn a_line_longer_than_the_file_may_be_is_there_whole() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log", max_size = "1KB", keep = 1 }
    "#);
    let mut web = it.puppet("web");
    web.ask("print short");
    web.ask("print-long 5000");
    web.ask("print behind");
    await_file(&it, "log", "behind\n");
    assert_eq!(it.read("log.1"), format!("{}\n", "x".repeat(5000)));
    assert_eq!(it.read("log"), "behind\n");
}

#[test]
fn services_may_share_one() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log", max_size = "2KB", keep = 1000 }
        [service.api]
        command = ["${PUPPET}", "api"]
        log = { file = "${HERE}/log", max_size = "2KB", keep = 1000 }
    "#);
    let (mut web, mut api) = (it.puppet("web"), it.puppet("api"));
    web.tell("print-lines 300 of the web");
    api.tell("print-lines 300 of the api");
    web.answer("print-lines");
    api.answer("print-lines");
    let all = || -> String {
        let mut text = String::new();
        for number in (1..1000).rev() {
            text += &fs::read_to_string(it.path(&format!("log.{number}"))).unwrap_or_default();
        }
        text + &fs::read_to_string(it.path("log")).unwrap_or_default()
    };
    await_that("all is there", || all().lines().count() == 600);
    for name in ["web", "api"] {
        let text = all();
        let prefix = format!("of the {name} ");
        let own = text.lines().filter_map(|line| line.strip_prefix(&prefix));
        let numbers: Vec<u32> = own.map(|number| number.parse().expect("whole")).collect();
        assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    }
}

/// As logrotate does it: the file is moved, then bowout is told.
#[test]
fn a_file_that_was_moved_is_made_anew_at_a_reload() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log" }
    "#);
    let mut web = it.puppet("web");
    web.ask("print one");
    await_file(&it, "log", "one");
    for (number, tell) in [(1, "ctl"), (2, "signal")] {
        let moved = format!("moved.{number}");
        fs::rename(it.path("log"), it.path(&moved)).expect("cannot move it");
        web.ask(format_args!("print still the old {number}"));
        await_file(&it, &moved, "still the old");
        match tell {
            "ctl" => _ = it.ctl(&["reload"]).with_code(0),
            _ => {
                it.signal(conformance::Signal(1));
                await_that("it is told of", || {
                    it.stderr().matches("no service has changed").count() == 2
                });
            }
        }
        web.ask(format_args!("print the new {number}"));
        let text = await_file(&it, "log", "the new");
        assert_eq!(text, format!("the new {number}\n"));
        assert_eq!(it.status("web")["pid"], web.own_pid);
    }
}

#[test]
fn where_there_is_no_place_the_service_runs_and_lines_are_counted() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/missing/log" }
    "#);
    let mut web = it.puppet("web");
    web.ask("print lost");
    it.await_log("lines of services are lost: ");
    assert!(it.stderr().contains("/missing/log"), "{}", it.stderr());
    web.ask("print-lines 1000 lost too");
    await_that("all of it was read, and is kept", || {
        let said = it.ctl(&["logs", "-n", "1", "web"]).with_code(0);
        said.stdout == "lost too 1000\n"
    });
    // Once there is a place it is found, after a while.
    fs::create_dir(it.path("missing")).expect("cannot make a folder");
    await_that("it is written again", || {
        web.ask("print kept");
        it.path("missing/log").exists()
    });
    await_file(&it, "missing/log", "kept\n");
    assert!(!it.read("missing/log").contains("lost"));
    it.await_log("lines for ");
    assert!(it.stderr().contains(" were lost"), "{}", it.stderr());
}

#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    as_root("a_full_disk_costs_lines_and_nothing_else", || {
        let it = Configuration::new(
            r#"
            [service.web]
            command = ["${PUPPET}", "web"]
            log = { file = "${HERE}/small/log", max_size = 0 }
        "#,
        )
        .file("small/.keep", "")
        .on(|stage| stage.after("mount -t tmpfs -o size=64k none $HERE/small || exit 98"))
        .start();
        let mut web = it.puppet("web");
        web.ask("print-lines 5000 more than there is room for");
        it.await_log("no space left on device");
        let init = it.init().0;
        let small = PathBuf::from(format!("/proc/{init}/root{}", it.path("small").display()));
        let text = fs::read_to_string(small.join("log")).expect("it is there");
        assert!(text.starts_with("more than there is room for 1\n"));
        assert_eq!(
            fs::metadata(small.join("log")).expect("it is").len(),
            65_536
        );
        // Somebody makes room: it goes on, and begins with a whole line.
        fs::write(small.join("log"), "").expect("cannot empty it");
        web.ask("print behind");
        await_that("it goes on", || {
            fs::read_to_string(small.join("log")).is_ok_and(|text| text.ends_with("behind\n"))
        });
        assert_eq!(web.ask("ping"), "ok");
    });
}

#[test]
fn its_mode_is_that_of_any_file() {
    use std::os::unix::fs::PermissionsExt;
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        log = { file = "${HERE}/log" }
    "#,
    )
    .on(|stage| stage.after("umask 027"))
    .start();
    it.puppet("web").ask("print one");
    await_file(&it, "log", "one");
    let mode = fs::metadata(it.path("log")).expect("it is").permissions();
    assert_eq!(mode.mode() & 0o777, 0o640);
}

#[test]
fn what_is_said_at_the_stop_is_in_it() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "catch 15", "on 15 print-part bye", "on 15 exit 0"]
        log = { file = "${HERE}/log" }
    "#);
    let _web = it.puppet("web");
    let (exit, _) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(it.read("log"), "bye\n");
}
