//! Reads exit codes as `docker inspect` shows them.

use conformance_docker::container::{Container, Run};
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::skip::not_applicable;

fn start(options: &[&str], command: &[&str]) -> Option<Container> {
    let engine = Engine::or_skip()?;
    let init = Init::under_test().unwrap_or_else(|error| panic!("{error}"));
    Some(
        Run::new(&engine, Image::Debian)
            .init(&init)
            .options(options)
            .command(command)
            .start(),
    )
}

fn check(command: &[&str], expected: i32) {
    let Some(container) = start(&[], command) else {
        return;
    };
    assert_eq!(
        container.exit_code(),
        expected,
        "{command:?}: {}",
        container.logs()
    );
}

#[test]
fn success_is_0() {
    check(&["true"], 0);
}

#[test]
fn the_commands_own_code_is_kept() {
    check(&["sh", "-c", "exit 3"], 3);
}

#[test]
fn a_death_by_sigkill_is_137() {
    check(&["sh", "-c", "kill -KILL $$"], 137);
}

#[test]
fn a_death_by_a_realtime_signal_is_128_and_its_number() {
    check(&["sh", "-c", "kill -40 $$"], 168);
}

#[test]
fn a_command_that_is_not_there_is_127() {
    check(&["/no/such/command"], 127);
    check(&["no-such-command"], 127);
}

#[test]
fn a_command_that_can_not_be_executed_is_126() {
    check(&["/programs/app.sh"], 126);
    check(&["/vol"], 126);
    check(&["/programs/app.sh/below"], 126);
}

#[test]
fn a_stop_that_the_command_dies_of_is_143() {
    let Some(mut container) = start(&[], &["/programs/bin/app", "0", "app", "die"]) else {
        return;
    };
    container.ready(1);
    let stop = container.stop(10);
    assert!(stop.graceful());
    assert_eq!(stop.exit_code, 143, "{}", stop.logs);
}

#[test]
fn a_stop_that_the_command_answers_with_0_is_0() {
    let Some(mut container) = start(&[], &["/programs/bin/app", "0", "app", "0"]) else {
        return;
    };
    container.ready(1);
    assert_eq!(container.stop(10).exit_code, 0);
}

#[test]
fn a_bad_option_is_125_and_one_line_that_names_it() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = Init::under_test().unwrap_or_else(|error| panic!("{error}"));
    if !init.is_bowout() {
        return not_applicable("the options are bowout's");
    }
    let container = Run::new(&engine, Image::Debian)
        .init(&init)
        .options(&["--grace", "soon"])
        .command(&["true"])
        .start();
    assert_eq!(container.exit_code(), 125);
    let logs = container.logs();
    assert_eq!(logs.lines().count(), 1, "{logs}");
    assert!(logs.contains("--grace") && logs.contains("soon"), "{logs}");
}

#[test]
fn the_callers_options_can_read_a_clean_stop_as_0() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = Init::under_test().unwrap_or_else(|error| panic!("{error}"));
    if !init.is_bowout() {
        return not_applicable("--success-on-stop is bowout's");
    }
    for options in [["--success-on-stop"].as_slice(), &["-e", "143"]] {
        let command = ["/programs/bin/app", "0", "app", "die"];
        let mut container = Run::new(&engine, Image::Debian)
            .init(&init)
            .options(options)
            .command(&command)
            .start();
        container.ready(1);
        assert_eq!(
            container.stop(10).exit_code,
            0,
            "{options:?}: {}",
            container.logs()
        );
    }
}
