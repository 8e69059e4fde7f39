//! Stops containers that may do next to nothing, and one that shares its process namespace with the host.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use conformance_docker::budget::{BOUND, assert_graceful};
use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::image::{Built, Image};
use conformance_docker::init::Init;
use conformance_docker::program::{self, Program};
use conformance_docker::scenario::{Scenario, Shape};
use conformance_docker::skip::{not_applicable, skip};
use conformance_docker::workplace::Scratch;

fn under_test() -> Init {
    Init::under_test().unwrap_or_else(|error| panic!("{error}"))
}

fn check(flags: &[&'static str]) {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    for shape in [
        Shape::Main,
        Shape::Wrapper,
        Shape::TrapForeground,
        Shape::Daemon,
        Shape::Stopped,
    ] {
        let scenario = Scenario::new(Image::Debian, "/bin/sh", shape, Program::C).flags(flags);
        assert_graceful(&engine, &under_test(), &scenario, BOUND);
    }
}

#[test]
fn another_user() {
    check(&["--user", "1000"]);
}

#[test]
fn another_user_read_only_without_capabilities_or_new_privileges() {
    check(&[
        "--user",
        "1000",
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
    ]);
}

#[test]
fn root_without_capabilities() {
    check(&["--cap-drop", "ALL"]);
}

#[test]
fn a_pids_limit_that_is_reached() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    if engine
        .run(&["info", "--format", "{{.PidsLimit}}"])
        .as_deref()
        != Ok("true")
    {
        return skip("this engine can't limit pids");
    }
    // The init and the program: nobody else fits.
    let alone = Scenario::new(Image::Debian, "/bin/sh", Shape::Main, Program::C)
        .flags(&["--pids-limit", "2"]);
    assert_graceful(&engine, &under_test(), &alone, BOUND);
    // The init, the master and its workers.
    let full = Scenario::master(true, 20).flags(&["--pids-limit", "22"]);
    assert_graceful(&engine, &under_test(), &full, BOUND);
    let left = Scenario::master(false, 20).flags(&["--pids-limit", "22"]);
    assert_graceful(&engine, &under_test(), &left, BOUND);
}

#[test]
fn from_scratch_with_nothing_but_two_static_files() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = under_test();
    if !init.is_static() {
        return not_applicable("a dynamic init has no loader in an empty image");
    }
    let context = Scratch::new();
    let put = |from: &std::path::Path, name: &str| {
        std::fs::copy(from, context.path().join(name))
            .unwrap_or_else(|error| panic!("{}: {error}", from.display()))
    };
    let programs = program::folder().unwrap_or_else(|error| panic!("{error}"));
    put(init.path(), "init");
    put(&programs.join("bin/app"), "app");
    put(&programs.join("bin/daemonize"), "daemonize");
    let dockerfile = "FROM scratch\nCOPY init app daemonize /\nENTRYPOINT [\"/init\", \"--\"]\nCMD [\"/app\", \"300\", \"app\"]\n";
    std::fs::write(context.path().join("Dockerfile"), dockerfile).expect("write the Dockerfile");
    let built =
        Built::new(&engine, context.path()).unwrap_or_else(|error| panic!("docker build: {error}"));
    let mut container = Run::tag(&engine, built.tag()).start();
    container.ready(1);
    container.exec(&["/daemonize", "/app", "600", "daemon"]);
    container.ready(2);
    let stop = container.stop(10);
    drop(container);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.graceful(), "{:?}", stop.unfinished());
}

/// A process of the host that belongs to the same user as the container, so that a stray `kill(-1)` would meet it.
struct Stranger(Child);

impl Stranger {
    const UID: u32 = 54_321;

    fn start() -> Self {
        let mut command = Command::new("sleep");
        Self(
            command
                .arg("600")
                .uid(Self::UID)
                .current_dir("/")
                .spawn()
                .expect("start a stranger"),
        )
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().expect("look at the stranger").is_none()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_hosts_pid_namespace_keeps_its_strangers() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    if !rustix::process::geteuid().is_root() {
        return skip("starting a process as another user needs root");
    }
    let mut stranger = Stranger::start();
    // Never as root: an init that is wrong about this would take the machine down.
    let scenario = Scenario::new(Image::Debian, "/bin/sh", Shape::Daemon, Program::C);
    let scenario = scenario.flags(&["--pid", "host", "--user", "54321:54321"]);
    let outcome = scenario.run(&engine, Some(&under_test()));
    assert!(
        stranger.lives(),
        "a process that is none of the container's was killed"
    );
    assert!(
        outcome.graceful(),
        "{:?}\n{}",
        outcome.stop.unfinished(),
        outcome.stop.logs
    );
    assert_eq!(outcome.stop.exit_code, 0);
}

#[test]
fn a_pid_namespace_shared_with_another_container_keeps_the_others_processes() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let mut other = Run::new(&engine, Image::Debian)
        .command(&["/programs/bin/app", "0", "other"])
        .start();
    other.ready(1);
    let namespace = format!("container:{}", other.name());
    let command = ["sh", "/programs/daemon.sh", "/programs/bin/app"];
    let mut container = Run::new(&engine, Image::Debian)
        .init(&under_test())
        .flags(&["--pid", &namespace])
        .command(&command)
        .start();
    container.ready(2);
    let stop = container.stop(10);
    assert!(stop.graceful(), "{:?}\n{}", stop.unfinished(), stop.logs);
    assert_eq!(stop.exit_code, 0);
    let events: Vec<String> = other
        .records()
        .into_iter()
        .map(|record| record.event)
        .collect();
    assert_eq!(events, ["ready"], "the other container was told something");
    assert_eq!(other.inspect("{{.State.Running}}"), "true");
}

#[test]
fn a_terminal_that_nobody_looks_at() {
    check(&["--tty"]);
}
