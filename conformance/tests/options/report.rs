//! Asks for the account of a stop.

use std::fs;

use conformance::{Exit, Run, Stage, puppet_binary};
use serde_json::Value;

use crate::{as_root, stage};

/// A main that ends of the signal, a worker that cleans up and one that ignores it, stopped.
fn stopped(stage: Stage) -> (Run, Numbers) {
    let mut run = stage.options(&["--grace", "1500ms"]).app(&[]);
    let mut app = run.app();
    app.spawn("worker", "take 15; on 15 clean 50; on 15 exit 4");
    app.ask("spawn deaf via env --ignore-signal=TERM --");
    let numbers = Numbers {
        app: app.own_pid,
        worker: run.puppet("worker").own_pid,
        deaf: run.puppet("deaf").own_pid,
    };
    // From inside, where the sender has a number.
    app.tell("kill 1 15");
    assert_eq!(run.exit(), Exit::Code(143));
    (run, numbers)
}

struct Numbers {
    app: i32,
    worker: i32,
    deaf: i32,
}

fn check(text: &str, numbers: &Numbers) {
    let report: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(report["reason"]["signal"], "SIGTERM", "{report}");
    assert_eq!(report["reason"]["sender_pid"], numbers.app, "{report}");
    assert_eq!(report["reason"]["sender_uid"], 0, "{report}");
    assert_eq!(report["exit_code"], 143, "{report}");
    let processes = report["processes"]
        .as_array()
        .expect("there is a list of processes");
    let process = |pid: i32| {
        let found = processes.iter().find(|process| process["pid"] == pid);
        found.unwrap_or_else(|| panic!("no {pid} in {report}"))
    };
    for pid in [numbers.app, numbers.worker, numbers.deaf] {
        assert!(
            process(pid)["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("puppet"))
        );
        assert_eq!(process(pid)["signals"][0]["signal"], "SIGTERM", "{report}");
    }
    let killed = |pid: i32| {
        process(pid)["killed"] != Value::Bool(false) && !process(pid)["killed"].is_null()
    };
    assert!(!killed(numbers.app) && !killed(numbers.worker), "{report}");
    assert!(killed(numbers.deaf), "{report}");
    assert!(
        process(numbers.deaf).to_string().contains("ignores"),
        "the reason is missing: {report}"
    );
}

#[test]
fn the_report_goes_to_a_file() {
    let scratch = conformance::Scratch::new();
    let file = scratch.file("report");
    for stage in [
        stage().options(&["--report", &file]),
        stage().env("BOWOUT_REPORT", &file),
    ] {
        let (_run, numbers) = stopped(stage);
        check(
            &fs::read_to_string(&file).expect("there is a report"),
            &numbers,
        );
        fs::remove_file(&file).expect("cannot remove the report");
    }
}

#[test]
fn the_report_goes_to_a_descriptor_that_the_command_does_not_have() {
    let stage = stage()
        .after("exec 4> ${PUPPET_RECORD%/*}/report")
        .options(&["--report", "fd:4"]);
    let (run, numbers) = stopped(stage);
    let text = fs::read_to_string(run.folder().join("report")).expect("there is a report");
    check(&text, &numbers);
}

#[test]
fn one_that_was_killed_is_named_for_people() {
    let (run, numbers) = stopped(stage());
    let text = run.stderr();
    assert!(text.contains("ignores"), "the reason is missing: {text}");
    assert!(
        text.contains(&numbers.deaf.to_string()),
        "{} is not named: {text}",
        numbers.deaf
    );
}

#[test]
fn in_kubernetes_the_account_is_in_the_termination_log() {
    as_root(
        "in_kubernetes_the_account_is_in_the_termination_log",
        || {
            let name = puppet_binary()
                .file_name()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned();
            let stage = stage().env("KUBERNETES_SERVICE_HOST", "10.0.0.1").after(
                "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 || exit 98
         : > /dev/termination-log
         : > ${PUPPET_RECORD%/*}/termination
         mount --bind ${PUPPET_RECORD%/*}/termination /dev/termination-log || exit 98",
            );
            let (run, _numbers) = stopped(stage);
            let text =
                fs::read_to_string(run.folder().join("termination")).expect("there is a log");
            assert!(text.contains("SIGTERM") && text.contains(&name), "{text:?}");
        },
    );
}
