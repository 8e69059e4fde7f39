//! Runs daemons as Debian ships them, each of which leaves its starter in its own way: nginx, Redis, and a
//! program that a shell leaves behind.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use conformance::{Configuration, Exit, Port, Process, Signal, Supervisor, await_that, skip};

/// Leaves the test where the program is not installed.
fn need(program: &str, package: &str) {
    if !Path::new(program).exists() {
        skip(&format!("there is no {program} (package {package})"));
    }
}

/// The children of bowout that run this program.
fn children(it: &Supervisor, name: &str) -> Vec<Process> {
    let mut children = it.init().children();
    children.retain(|child| child.name().as_deref() == Some(name) && child.state() != Some('Z'));
    children
}

/// What a pidfile says.
#[track_caller]
fn pid_in(it: &Supervisor, file: &str) -> i64 {
    let text = it.read(file);
    text.trim().parse().expect("it is a number")
}

#[test]
fn nginx_as_a_daemon() {
    conformance::case::test("nginx_as_a_daemon", || {
        need("/usr/sbin/nginx", "nginx-light");
        let port = Port::reserve();
        let number = port.number;
        // Nobody else gets the port while it is looked for; nginx takes it over.
        drop(port);
        let mut it = Configuration::new(&format!(
            r#"
            [service.web]
            type = "forking"
            command = ["nginx", "-e", "${{HERE}}/error.log", "-p", "${{HERE}}", "-c", "${{HERE}}/nginx.conf"]
            pidfile = "nginx.pid"
            ready = {{ tcp = "127.0.0.1:{number}", interval = "10ms" }}
            stop_signal = "QUIT"
            restart = "on-failure"
            restart_delay = "10ms"
        "#
        ))
        .file(
            "nginx.conf",
            &format!(
                "daemon on; user root root; worker_processes 2; pid nginx.pid; error_log error.log notice;
                 events {{ }}
                 http {{ access_log off; server {{ listen 127.0.0.1:{number}; return 200 'hello'; }} }}"
            ),
        )
        .start();
        let status = it.await_state("web", "running");
        assert_eq!(status["pid"], pid_in(&it, "nginx.pid"), "{status}");
        // Its death is seen at once: it is bowout's own child. What it leaves behind goes before the next.
        let master = children(&it, "nginx")[0];
        await_that("it has its workers", || master.children().len() == 2);
        let workers = master.children();
        master.signal(Signal::KILL);
        let status = it.await_status("web", "up again", |status| {
            status["state"] == "running" && status["restarts"] == 1
        });
        assert_eq!(status["last_exit"]["signal"], "SIGKILL", "{status}");
        assert_eq!(status["pid"], pid_in(&it, "nginx.pid"), "{status}");
        for worker in workers {
            worker.await_reaped();
        }
        assert_eq!(it.stop().0, Exit::Code(0));
        let log = it.read("error.log");
        assert!(log.contains("gracefully shutting down"), "{log}");
        assert!(!it.path("nginx.pid").exists(), "it did not clean up");
    });
}

/// A reload of its own: the master stays, and the workers change.
#[test]
fn nginx_reloads_by_its_signal() {
    conformance::case::test("nginx_reloads_by_its_signal", || {
        need("/usr/sbin/nginx", "nginx-light");
        let it = Configuration::new(
            r#"
            [service.web]
            type = "forking"
            command = ["nginx", "-e", "${HERE}/error.log", "-p", "${HERE}", "-c", "${HERE}/nginx.conf"]
            pidfile = "nginx.pid"
            working_dir = "."
        "#,
        )
        .file(
            "nginx.conf",
            "daemon on; user root root; worker_processes 1; pid nginx.pid; error_log error.log notice;
             events { } http { access_log off; server { listen unix:nginx.sock; } }",
        )
        .start();
        let before = it.await_state("web", "running");
        let master = children(&it, "nginx")[0];
        await_that("it has a worker", || !master.children().is_empty());
        let worker = master.children()[0];
        it.ctl(&["reload", "web"]).with_code(0);
        worker.await_reaped();
        await_that("it has another worker", || !master.children().is_empty());
        let after = it.status("web");
        assert_eq!(after["pid"], before["pid"]);
        assert_eq!(after["restarts"], 0);
    });
}

const REDIS: &str = "daemonize yes\nport 0\nunixsocket redis.sock\nunixsocketperm 777\nsave 3600 1\n\
                     pidfile redis.pid\nlogfile redis.log\ndbfilename dump.rdb\n";

#[test]
fn redis_as_a_daemon() {
    conformance::case::test("redis_as_a_daemon", || {
        need("/usr/bin/redis-server", "redis-server");
        let mut it = Configuration::new(
            r#"
            grace = "20s"
            [service.cache]
            type = "forking"
            command = ["redis-server", "redis.conf", "--dir", "${HERE}"]
            working_dir = "${HERE}"
            pidfile = "redis.pid"
            ready = { exec = ["test", "-S", "${HERE}/redis.sock"], interval = "10ms" }
            restart = "always"
            restart_delay = "10ms"
        "#,
        )
        .file("redis.conf", REDIS)
        // Left behind by a container that was killed; its number is somebody's by now.
        .file("redis.pid", "1\n")
        .start();
        let status = it.await_state("cache", "running");
        assert_eq!(status["pid"], pid_in(&it, "redis.pid"), "{status}");
        children(&it, "redis-server")[0].signal(Signal::KILL);
        let status = it.await_status("cache", "up again", |status| {
            status["state"] == "running" && status["restarts"] == 1
        });
        assert_eq!(status["pid"], pid_in(&it, "redis.pid"), "{status}");
        assert_eq!(ask(&it, "SET color blue\r\n"), "+OK\r\n");
        assert_eq!(it.stop().0, Exit::Code(0));
        let log = it.read("redis.log");
        assert!(log.contains("bye bye"), "{log}");
        let saved = std::fs::read(it.path("dump.rdb")).expect("it saved its data");
        assert!(saved.windows(4).any(|part| part == b"blue"));
    });
}

/// Asks Redis, when it listens.
#[track_caller]
fn ask(it: &Supervisor, request: &str) -> String {
    let mut stream = None;
    await_that("redis listens", || {
        stream = UnixStream::connect(it.path("redis.sock")).ok();
        stream.is_some()
    });
    let mut stream = stream.expect("it was there a moment ago");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// As old scripts start programs: a subshell, a background job, `setsid` or `nohup`.
#[test]
fn what_a_shell_leaves_behind() {
    for script in [
        r#"setsid "$PUPPET" daemon "take 15" "on 15 clean 0" "on 15 exit 0" &"#,
        r#"nohup "$PUPPET" daemon "take 15" "on 15 clean 0" "on 15 exit 0" > /dev/null 2>&1 &"#,
        r#"( ( "$PUPPET" daemon "take 15" "on 15 clean 0" "on 15 exit 0" & ) & )"#,
    ] {
        let mut it = Configuration::new(&format!(
            r#"
            [service.web]
            type = "forking"
            command = '''{script}'''
            shell = true
            restart = "always"
            restart_delay = "10ms"
        "#
        ))
        .start();
        let first = it.puppet("daemon");
        assert_eq!(it.await_state("web", "running")["pid"], first.own_pid);
        first.process.signal(Signal::KILL);
        let second = it.puppet("daemon");
        let status = it.await_status("web", "up again", |status| {
            status["state"] == "running" && status["restarts"] == 1
        });
        assert_eq!(status["pid"], second.own_pid, "{script}");
        assert_eq!(it.stop().0, Exit::Code(0), "{script}");
        assert!(it.record().cleaned("daemon"), "{script}");
    }
}

/// Two of them, whose starters are there at the same time, are not taken for each other.
#[test]
fn two_daemons_that_start_at_the_same_time_are_told_apart() {
    let it = Configuration::new(
        r#"
        [service.a]
        type = "forking"
        command = ["${PUPPET}", "starter-a"]
        [service.b]
        type = "forking"
        command = ["${PUPPET}", "starter-b"]
    "#,
    )
    .start();
    let (mut first, mut second) = (it.puppet("starter-a"), it.puppet("starter-b"));
    // The numbers are in another order than the services.
    second.spawn("daemon-b", "setsid");
    first.spawn("daemon-a", "setsid");
    let (a, b) = (it.puppet("daemon-a"), it.puppet("daemon-b"));
    first.exit(0);
    second.exit(0);
    assert_eq!(it.await_state("a", "running")["pid"], a.own_pid);
    assert_eq!(it.await_state("b", "running")["pid"], b.own_pid);
}
