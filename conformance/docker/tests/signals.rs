//! Sends signals through the engine and asserts which of them reach whom.

use conformance_docker::container::{Container, Run};
use conformance_docker::engine::Engine;
use conformance_docker::image::{Built, Image};
use conformance_docker::init::Init;
use conformance_docker::program::Program;
use conformance_docker::scenario::{Scenario, Shape};
use conformance_docker::skip::not_applicable;
use conformance_docker::workplace::Scratch;

const APP: [&str; 3] = ["/programs/bin/app", "300", "app"];

fn under_test() -> Init {
    Init::under_test().unwrap_or_else(|error| panic!("{error}"))
}

fn start(flags: &[&str], options: &[&str]) -> Option<Container> {
    let engine = Engine::or_skip()?;
    let run = Run::new(&engine, Image::Debian)
        .init(&under_test())
        .flags(flags)
        .options(options)
        .command(&APP);
    let mut container = run.start();
    container.ready(1);
    Some(container)
}

fn events(container: &mut Container, event: &str) -> usize {
    container
        .records()
        .iter()
        .filter(|record| record.event == event)
        .count()
}

#[test]
fn docker_kill_usr1_reaches_the_program_and_stops_nothing() {
    let Some(mut container) = start(&[], &[]) else {
        return;
    };
    for times in 1..=3 {
        container.kill("USR1");
        container.event("app", "got USR1");
        assert!(events(&mut container, "got USR1") <= times);
    }
    assert_eq!(container.inspect("{{.State.Running}}"), "true");
    let stop = container.stop(10);
    assert!(stop.graceful());
    assert_eq!(stop.exit_code, 0);
}

#[test]
fn hup_usr2_and_winch_reach_the_program() {
    let Some(mut container) = start(&[], &[]) else {
        return;
    };
    for signal in ["HUP", "USR2", "WINCH"] {
        container.kill(signal);
        container.event("app", &format!("got {signal}"));
    }
    assert!(container.stop(10).graceful());
}

#[test]
fn a_realtime_signal_reaches_the_program_with_its_number() {
    let Some(mut container) = start(&[], &[]) else {
        return;
    };
    container.kill("RTMIN+3");
    container.event("app", "got RTMIN+3");
    container.event("app", "done");
    assert_eq!(container.exit_code(), 0);
}

#[test]
fn a_stop_signal_of_the_image_that_is_no_default_is_forwarded() {
    let Some(mut container) = start(&["--stop-signal", "SIGQUIT"], &[]) else {
        return;
    };
    let stop = container.stop(10);
    assert!(stop.graceful());
    assert_eq!(events(&mut container, "got QUIT"), 1);
    assert_eq!(events(&mut container, "got TERM"), 0);
}

/// As [`Scenario`], but for an image with another stop signal: the whole tree is stopped by it.
fn stops_the_tree(signal: &'static str, stop_on: &'static str, got: &str) {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = under_test();
    if !init.is_bowout() {
        return not_applicable("--stop-on is bowout's");
    }
    for shape in [Shape::Main, Shape::Wrapper, Shape::Daemon] {
        let scenario = Scenario::new(Image::Debian, "/bin/sh", shape, Program::C);
        let scenario = scenario
            .flags(&["--stop-signal", signal])
            .options(&["--stop-on", stop_on]);
        let stop = scenario.run(&engine, Some(&init)).stop;
        assert!(
            stop.graceful(),
            "{shape:?}: {:?}\n{}",
            stop.unfinished(),
            stop.logs
        );
        let told = |name: &str| {
            stop.records
                .iter()
                .any(|record| record.name == name && record.event == got)
        };
        assert!(
            told("app") || told("main"),
            "{shape:?} did not get {signal}: {:#?}",
            stop.records
        );
    }
}

#[test]
fn stop_on_quit_makes_sigquit_the_stop() {
    stops_the_tree("SIGQUIT", "QUIT", "got QUIT");
}

#[test]
fn stop_on_a_realtime_signal_makes_it_the_stop() {
    stops_the_tree("SIGRTMIN+3", "RTMIN+3", "got RTMIN+3");
}

#[test]
fn stopsignal_of_a_dockerfile_stops_the_tree() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = under_test();
    if !init.is_bowout() {
        return not_applicable("--stop-on is bowout's");
    }
    let base = Image::Busybox
        .tag(&engine)
        .unwrap_or_else(|error| panic!("{error}"));
    let context = Scratch::new();
    std::fs::copy(init.path(), context.path().join("init")).expect("copy the init");
    let dockerfile = format!(
        "FROM {base}\nCOPY init /init\nSTOPSIGNAL SIGQUIT\nENTRYPOINT [\"/init\", \"--stop-on\", \"QUIT\", \"--\"]\n\
         CMD [\"sh\", \"/programs/daemon.sh\", \"/programs/bin/app\"]\n"
    );
    std::fs::write(context.path().join("Dockerfile"), dockerfile).expect("write the Dockerfile");
    let built =
        Built::new(&engine, context.path()).unwrap_or_else(|error| panic!("docker build: {error}"));
    let mut container = Run::tag(&engine, built.tag()).start();
    container.ready(2);
    let stop = container.stop(10);
    drop(container);
    assert!(stop.graceful(), "{:?}\n{}", stop.unfinished(), stop.logs);
    for name in ["main", "daemon"] {
        let told = stop
            .records
            .iter()
            .filter(|record| record.name == name && record.event == "got QUIT")
            .count();
        assert_eq!(told, 1, "{name}: {:#?}", stop.records);
    }
}

#[test]
fn a_second_sigterm_while_stopping_changes_nothing() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = under_test();
    if !init.is_bowout() {
        return not_applicable("other inits forward every signal");
    }
    let mut container = Run::new(&engine, Image::Debian)
        .init(&init)
        .command(&["/programs/bin/app", "1000", "app"])
        .start();
    container.ready(1);
    container.kill("TERM");
    container.event("app", "got TERM");
    container.kill("TERM");
    container.kill("TERM");
    assert_eq!(container.exit_code(), 0);
    assert_eq!(events(&mut container, "done"), 1);
    assert_eq!(events(&mut container, "got TERM"), 1);
}

#[test]
fn a_second_sigint_hurries_and_a_third_kills() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = under_test();
    if !init.is_bowout() {
        return not_applicable("other inits forward every signal");
    }
    // Ten minutes to clean up: only the repeated SIGINT can end it.
    let mut container = Run::new(&engine, Image::Debian)
        .init(&init)
        .command(&["/programs/bin/app", "600000", "app"])
        .start();
    container.ready(1);
    container.kill("INT");
    container.event("app", "got INT");
    container.kill("INT");
    container.kill("INT");
    assert_eq!(container.exit_code(), 137);
    assert_eq!(events(&mut container, "done"), 0);
}
