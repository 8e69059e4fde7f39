//! Types into containers with a terminal: Ctrl-C, Ctrl-Z, job control, the size of the window.

use std::io::Write;
use std::process::Stdio;

use conformance_docker::container::{Container, Run};
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::skip::not_applicable;
use conformance_docker::terminal::Terminal;

const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

fn prepare(image: Image, command: &[&str]) -> Option<Container> {
    let engine = Engine::or_skip()?;
    let init = Init::under_test().unwrap_or_else(|error| panic!("{error}"));
    if image == Image::Busybox && !init.is_static() {
        not_applicable("a dynamic init has no loader in the busybox image");
        return None;
    }
    Some(
        Run::new(&engine, image)
            .init(&init)
            .flags(&["--env", "PS1=prompt> "])
            .command(command)
            .prepare(),
    )
}

fn count(container: &mut Container, event: &str) -> usize {
    container
        .records()
        .iter()
        .filter(|record| record.event == event)
        .count()
}

/// A person's session: a job is interrupted, suspended, resumed and interrupted again.
fn session(image: Image, shell: &[&str]) {
    let Some(mut container) = prepare(image, shell) else {
        return;
    };
    let mut terminal = Terminal::run(&container, 24, 80);
    terminal.until("prompt> ");
    terminal.types("/programs/bin/app 0 first\n");
    container.event("first", "ready");
    terminal.types(CTRL_C);
    container.event("first", "done");
    terminal.until("prompt> ");
    terminal.types("/programs/bin/app 0 second\n");
    container.event("second", "ready");
    terminal.types(CTRL_Z);
    terminal.until("Stopped");
    terminal.until("prompt> ");
    terminal.types("echo $((20 + 3)) jobs\n");
    terminal.until("23 jobs");
    assert_eq!(
        count(&mut container, "done"),
        1,
        "the second job is stopped, not ended"
    );
    terminal.types("fg\n");
    // The shell says what it continues before it does.
    container.until_in_front("app");
    terminal.types(CTRL_C);
    container.event("second", "got INT");
    container.event("second", "done");
    terminal.until("prompt> ");
    terminal.types("exit 5\n");
    assert_eq!(terminal.exit_code(), 5);
    assert_eq!(count(&mut container, "got INT"), 2, "one for each Ctrl-C");
}

#[test]
fn job_control_in_bash() {
    session(Image::Debian, &["/bin/bash", "--norc", "--noprofile", "-i"]);
}

#[test]
fn job_control_in_busybox() {
    session(Image::Busybox, &["/bin/sh", "-i"]);
}

#[test]
fn ctrl_c_reaches_the_program_once() {
    let Some(mut container) = prepare(Image::Debian, &["/programs/bin/app", "300", "app"]) else {
        return;
    };
    let mut terminal = Terminal::run(&container, 24, 80);
    container.ready(1);
    terminal.types(CTRL_C);
    container.event("app", "done");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(count(&mut container, "got INT"), 1);
}

#[test]
fn ctrl_c_ends_a_program_that_does_not_catch_it_with_130() {
    let script = "/programs/bin/note $$ script ready; exec sleep 600";
    let Some(mut container) = prepare(Image::Debian, &["sh", "-c", script]) else {
        return;
    };
    let mut terminal = Terminal::run(&container, 24, 80);
    container.event("script", "ready");
    terminal.types(CTRL_C);
    assert_eq!(terminal.exit_code(), 130);
}

#[test]
fn ctrl_z_does_not_freeze_a_program_that_nobody_could_resume() {
    let Some(mut container) = prepare(Image::Debian, &["/programs/bin/app", "0", "app"]) else {
        return;
    };
    let mut terminal = Terminal::run(&container, 24, 80);
    container.ready(1);
    terminal.types(CTRL_Z);
    terminal.types(CTRL_C);
    container.event("app", "done");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn docker_stop_reaches_a_shell_with_a_terminal_and_its_jobs() {
    let Some(mut container) = prepare(Image::Debian, &["/bin/bash", "--norc", "--noprofile", "-i"])
    else {
        return;
    };
    let mut terminal = Terminal::run(&container, 24, 80);
    terminal.until("prompt> ");
    terminal.types("/programs/bin/app 300 job &\n");
    container.event("job", "ready");
    terminal.types("/programs/bin/app 300 front\n");
    container.event("front", "ready");
    // An interactive bash ignores SIGTERM and costs whatever the engine gives, its jobs do not.
    let stop = container.stop(2);
    assert!(stop.graceful(), "{:?}", stop.unfinished());
}

#[test]
fn the_program_sees_the_size_of_the_window_and_its_changes() {
    let script = "until [ \"$(stty size)\" = '33 101' ]; do sleep 0.05; done; echo first; \
                  until [ \"$(stty size)\" = '40 120' ]; do sleep 0.05; done; echo second";
    let Some(container) = prepare(Image::Debian, &["sh", "-c", script]) else {
        return;
    };
    let mut terminal = Terminal::run(&container, 33, 101);
    terminal.until("first");
    terminal.resize(40, 120);
    terminal.until("second");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_new_size_of_the_window_signals_the_program() {
    let Some(mut container) = prepare(Image::Debian, &["/programs/bin/app", "0", "app"]) else {
        return;
    };
    let mut terminal = Terminal::run(&container, 24, 80);
    container.ready(1);
    terminal.resize(40, 120);
    container.event("app", "got WINCH");
    terminal.types(CTRL_C);
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn standard_input_of_a_pipe_reaches_the_program() {
    let Some(container) = prepare(Image::Debian, &["cat"]) else {
        return;
    };
    let mut command = container.engine().command();
    command
        .args(container.arguments(&["--interactive"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut client = command.spawn().expect("run docker");
    client
        .stdin
        .take()
        .expect("piped")
        .write_all(b"what came in\n")
        .expect("write");
    let output = client.wait_with_output().expect("wait for docker");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "what came in\n");
    assert_eq!(output.status.code(), Some(0));
}
