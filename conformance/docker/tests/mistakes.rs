//! Makes the mistakes that people make, and reads what `docker logs` says of each.

use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::workplace::Scratch;
use std::fs;

/// A container with this configuration ends by itself with this code, and its log has each of these.
fn ends(configuration: &str, flags: &[&str], code: i32, said: &[&str]) {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let init = Init::bowout().unwrap_or_else(|error| panic!("{error}"));
    let folder = Scratch::new();
    fs::write(folder.path().join("bowout.toml"), configuration).expect("write the configuration");
    let volume = format!("{}:/conf:ro", folder.path().display());
    let container = Run::new(&engine, Image::Busybox)
        .init(&init)
        .options(&["--config", "/conf/bowout.toml"])
        .flags(&["--volume", &volume])
        .flags(flags)
        .start();
    let exit_code = container.exit_code();
    let logs = container.logs();
    for text in said {
        assert!(logs.contains(text), "{text}\n{logs}");
    }
    assert_eq!(exit_code, code, "{logs}");
}

#[test]
fn all_mistakes_of_a_file_are_shown_at_once() {
    ends(
        "[service.web]\ncomand = \"httpd -f\"\nrestart = \"allways\"\n",
        &[],
        125,
        &[
            "/conf/bowout.toml:2:1",
            "did you mean `command`?",
            "/conf/bowout.toml:3:11",
            "did you mean \"always\"?",
            "nothing was started",
        ],
    );
}

#[test]
fn a_program_that_can_not_be_run_is_named() {
    let web = |command: &str| format!("[service.web]\ncommand = {command:?}\n");
    let missing = "web: cannot run gunicorn: no such file or directory (is the path right, and is it in PATH?)";
    ends(&web("gunicorn app"), &[], 127, &[missing, "exit code 127"]);
    let plain = "web: cannot run /conf/bowout.toml: permission denied (is it executable?)";
    ends(&web("/conf/bowout.toml"), &[], 126, &[plain]);
    let hook = "[service.web]\npre_start = \"migrate\"\ncommand = \"sleep 600\"\n";
    ends(
        hook,
        &[],
        127,
        &["web: pre_start: cannot run migrate: no such file"],
    );
}

#[test]
fn what_is_missing_around_a_program_is_named() {
    let with = |line: &str| format!("[service.web]\ncommand = \"sleep 600\"\n{line}\n");
    for (line, said) in [
        (
            "user = \"www-data\"",
            "web: user: no user \"www-data\" in /etc/passwd; give a number",
        ),
        (
            "working_dir = \"/app\"",
            "web: cannot go to the directory /app (working_dir)",
        ),
        (
            "env_file = \".env\"",
            "web: env_file: /conf/.env: there is no such file",
        ),
        (
            "environment_from_file = { PW = \"/run/secrets/pw\" }",
            "web: environment_from_file: /run/secrets/pw: there is no such file",
        ),
    ] {
        ends(&with(line), &[], 125, &[said, "web could not be started"]);
    }
}

#[test]
fn one_that_ends_at_once_is_shown_with_its_last_words() {
    let web = "[service.web]\nshell = true\ncommand = \"echo no config >&2; exit 3\"\n\
               [service.db]\ncommand = \"sleep 600\"\n";
    ends(
        web,
        &[],
        3,
        &["no config", ") exited with 3", "after web exited with 3"],
    );
    let again = web.replacen("shell", "restart = \"always\"\nmax_restarts = 2\nshell", 1);
    let said = [
        "web starts again in",
        "web is given up: it was started again as often as max_restarts allows",
    ];
    ends(&again, &[], 3, &said);
}

#[test]
fn one_that_is_never_ready_is_shown_with_what_it_lacks() {
    let late = |lines: &str| format!("[service.db]\nstart_timeout = \"500ms\"\n{lines}\n");
    for (lines, said) in [
        (
            "command = \"sleep 600\"\nready = { tcp = \":5432\", interval = \"50ms\" }",
            "db was not ready, by its probe, within 500 ms (start_timeout): it is stopped",
        ),
        (
            "command = \"sleep 600\"\nready = { log = \"ready\" }",
            "db did not say that it was ready within 500 ms",
        ),
        (
            "command = \"sleep 600\"\ntype = \"forking\"",
            "db left no daemon behind within 500 ms",
        ),
        (
            "command = \"true\"\ntype = \"forking\"\npidfile = \"/tmp/db.pid\"",
            "db left no process that its pidfile names within 500 ms",
        ),
    ] {
        // What it was killed by, or its own: only that it is none of a success counts here.
        let code = if lines.contains("\"true\"") { 1 } else { 143 };
        ends(&late(lines), &[], code, &[said]);
    }
}

#[test]
fn one_that_needs_more_memory_than_there_is_is_shown_as_that() {
    let hog = "[service.hog]\ncommand = [\"dd\", \"if=/dev/zero\", \"of=/dev/null\", \"bs=100M\", \"count=1\"]\n";
    let said = "ended by SIGKILL, not by bowout: out of memory, or a kill from elsewhere";
    ends(
        hog,
        &["--memory", "16m", "--memory-swap", "16m"],
        137,
        &[said],
    );
}
