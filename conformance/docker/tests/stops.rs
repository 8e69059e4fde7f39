//! Stops containers under odd conditions: too little time, a restart, a session of `docker exec`, programs that ignore.

use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::skip::not_applicable;
use std::time::Duration;

fn under_test() -> Init {
    Init::under_test().unwrap_or_else(|error| panic!("{error}"))
}

fn run(command: &[&str]) -> Option<Run> {
    let engine = Engine::or_skip()?;
    Some(
        Run::new(&engine, Image::Debian)
            .init(&under_test())
            .command(command),
    )
}

#[test]
fn a_session_of_docker_exec_is_stopped_gracefully_too() {
    let Some(run) = run(&["/programs/bin/app", "100", "app"]) else {
        return;
    };
    let mut container = run.start();
    container.exec_detached(&["/programs/bin/app", "300", "session"]);
    container.ready(2);
    let stop = container.stop(10);
    assert!(stop.graceful(), "{:?}", stop.unfinished());
    assert_eq!(stop.exit_code, 0);
}

#[test]
fn a_restart_stops_gracefully_and_starts_again() {
    let Some(run) = run(&["/programs/bin/app", "300", "app"]) else {
        return;
    };
    let mut container = run.start();
    container.ready(1);
    container.docker(&["restart", "--time", "10", container.name()]);
    container.ready(2);
    let done = |records: &[conformance_docker::journal::Record]| {
        records
            .iter()
            .filter(|record| record.event == "done")
            .count()
    };
    assert_eq!(done(&container.records()), 1);
    assert_eq!(container.stop(10).exit_code, 0);
    assert_eq!(done(&container.records()), 2);
}

#[test]
fn less_time_than_the_cleanup_needs_ends_in_137_by_the_engine() {
    let Some(run) = run(&["/programs/bin/app", "3000", "app"]) else {
        return;
    };
    let mut container = run.start();
    container.ready(1);
    let stop = container.stop(1);
    assert_eq!(stop.exit_code, 137);
    assert_eq!(stop.unfinished().len(), 1);
}

#[test]
fn a_grace_that_is_given_ends_before_the_engines_and_the_report_says_who_was_killed() {
    let Some(run) = run(&["/programs/bin/app", "3000", "app"]) else {
        return;
    };
    if !under_test().is_bowout() {
        return not_applicable("--grace is bowout's");
    }
    let mut container = run.flags(&["--env", "BOWOUT_GRACE=1s"]).start();
    container.ready(1);
    let stop = container.stop(10);
    assert_eq!(stop.exit_code, 137, "{}", stop.logs);
    assert_eq!(stop.unfinished().len(), 1);
    // Far below the ten seconds that the engine would have given, and below the clean-up.
    assert!(
        stop.elapsed < Duration::from_millis(2500),
        "{:?}",
        stop.elapsed
    );
    assert!(
        stop.logs.contains("SIGKILL") && stop.logs.contains("app"),
        "{}",
        stop.logs
    );
}

#[test]
fn one_that_ignores_the_signal_costs_the_grace_and_spoils_no_other_stop() {
    // The application in the background, the stubborn program in its own shell's foreground.
    let script = "/programs/bin/app 300 app & /programs/bin/stubborn stubborn";
    let Some(run) = run(&["sh", "-c", script]) else {
        return;
    };
    let mut container = run.start();
    container.ready(2);
    let stop = container.stop(2);
    assert_eq!(stop.exit_code, 137);
    let unfinished = stop.unfinished();
    assert_eq!(unfinished.len(), 1, "{unfinished:?}");
    assert!(unfinished[0].starts_with("stubborn"), "{unfinished:?}");
    assert!(
        stop.elapsed >= Duration::from_millis(1900),
        "{:?}",
        stop.elapsed
    );
}

#[test]
fn one_that_ignores_the_signal_is_killed_inside_a_given_grace() {
    let script = "/programs/bin/app 300 app & /programs/bin/stubborn stubborn & wait";
    let Some(run) = run(&["sh", "-c", script]) else {
        return;
    };
    if !under_test().is_bowout() {
        return not_applicable("--grace is bowout's");
    }
    let mut container = run.options(&["--grace", "2s"]).start();
    container.ready(2);
    let stop = container.stop(10);
    assert!(
        stop.elapsed < Duration::from_secs(2),
        "the grace was 2 s, the stop took {:?}",
        stop.elapsed
    );
    let unfinished = stop.unfinished();
    assert_eq!(unfinished.len(), 1, "{unfinished:?}");
    assert!(unfinished[0].starts_with("stubborn"), "{unfinished:?}");
    let named = stop
        .logs
        .lines()
        .any(|line| line.contains("stubborn") && line.contains("ignores"));
    assert!(
        named,
        "nobody says that stubborn ignores the signal: {}",
        stop.logs
    );
}

#[test]
fn the_logs_end_with_an_account_of_the_stop() {
    let Some(run) = run(&[
        "sh",
        "/programs/wrapper.sh",
        "/programs/bin/app",
        "300",
        "app",
    ]) else {
        return;
    };
    if !under_test().is_bowout() {
        return not_applicable("the report is bowout's");
    }
    let mut container = run.start();
    container.ready(1);
    let stop = container.stop(10);
    assert!(stop.graceful());
    let last = stop.logs.lines().last().unwrap_or_default();
    assert!(last.contains("SIGTERM"), "{:?}", stop.logs);
}

#[test]
fn kubernetes_gets_a_termination_message() {
    let Some(run) = run(&["/programs/bin/app", "300", "app"]) else {
        return;
    };
    if !under_test().is_bowout() {
        return not_applicable("the report is bowout's");
    }
    let folder = conformance_docker::workplace::Scratch::new();
    let log = folder.path().join("termination-log");
    std::fs::write(&log, "").expect("make the file as a kubelet does");
    let volume = format!("{}:/dev/termination-log", log.display());
    let mut container = run
        .flags(&[
            "--volume",
            &volume,
            "--env",
            "KUBERNETES_SERVICE_HOST=10.96.0.1",
        ])
        .start();
    container.ready(1);
    let stop = container.stop(10);
    assert!(stop.graceful());
    let message = std::fs::read_to_string(&log).expect("read the file");
    assert!(
        message.contains("SIGTERM"),
        "{message:?}\nlogs: {}",
        stop.logs
    );
    // What a kubelet shows is cut at 4,096 bytes.
    assert!(message.len() <= 4096);
}
