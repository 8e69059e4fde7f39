//! Runs `bowout-init ctl` and `healthcheck` against a supervisor that is played: exit codes, and what is shown.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bowout-init");

/// A place for one test's socket.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Place {
        let own = std::process::id();
        let folder = std::env::temp_dir().join(format!("bowout-ctl-{own}-{test}"));
        std::fs::create_dir(&folder).unwrap();
        Place(folder)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("s")
    }

    /// Plays a supervisor that answers one client's first request with these lines, and hangs up.
    /// Returns the request.
    fn plays(&self, lines: &'static [&'static str]) -> JoinHandle<String> {
        let listener = UnixListener::bind(self.socket()).unwrap();
        std::thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let request = request(&client);
            for line in lines {
                // A client that has enough leaves.
                if (&client).write_all(format!("{line}\n").as_bytes()).is_err() {
                    break;
                }
            }
            request
        })
    }

    fn run(&self, words: &[&str]) -> Output {
        ctl(&self.socket(), words).output().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn request(client: &UnixStream) -> String {
    // A watchdog.
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, client)
        .read_line(&mut line)
        .unwrap();
    line
}

fn ctl(socket: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(words)
        .env("BOWOUT_SOCKET", socket)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const DONE: &str = r#"{"version":1,"id":1,"result":{}}"#;
const DB: &str = r#"{"version":1,"id":1,"item":{"service":{"name":"db","kind":"simple","state":"running","ready":true,"wanted":true,"reloading":false,"essential":true,"pid":7,"since":"2026-11-21T05:12:59.085Z","for_ms":61000,"restarts":0,"next_start_ms":null,"memory_bytes":12345678,"last_exit":null,"status":"3 of 8\u001b[31m","why":null,"stop_timeout_ms":9250,"depends_on":[]}}}"#;
const EXITED: &str = r#"{"version":1,"id":1,"item":{"event":{"time":"2026-11-21T05:13:04.211Z","event":"exited","service":"web","state":"stopping","ready":false,"pid":null,"message":"web (12) exited with 1"}}}"#;
const WHOLE: &str = r#"{"version":1,"id":1,"result":{"container":{"program":"bowout-init 0.1.0","pid":1,"state":"running","ready":true,"since":"2026-11-21T05:12:40.010Z","for_ms":62431,"left_ms":null,"services":1}}}"#;

#[test]
fn what_is_done_is_0_and_says_nothing() {
    let place = Place::new("done");
    let server = place.plays(&[DONE]);
    let output = place.run(&["ctl", "stop", "web", "db"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0));
    let request = server.join().unwrap();
    assert_eq!(
        request,
        "{\"id\":1,\"verb\":\"stop\",\"services\":[\"web\",\"db\"]}\n"
    );
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let cases: [(&[&'static str], u8, &str); 8] = [
        (
            &[
                r#"{"version":1,"id":1,"error":{"code":"failed","message":"web has failed: it exited with 3"}}"#,
            ],
            1,
            "web has failed: it exited with 3",
        ),
        (
            &[
                r#"{"version":1,"id":1,"error":{"code":"bad_config","message":"bowout.toml:1:\n  | x"}}"#,
            ],
            1,
            "bowout.toml:1:\n  | x",
        ),
        (
            &[r#"{"version":1,"id":1,"error":{"code":"unknown_verb","message":"verb"}}"#],
            2,
            "verb",
        ),
        (
            &[
                r#"{"version":1,"id":1,"error":{"code":"unknown_service","message":"did you mean web?"}}"#,
            ],
            4,
            "did you mean web?",
        ),
        (
            &[r#"{"version":1,"error":{"code":"refused","message":"user 7 may not\u001b[2J"}}"#],
            4,
            "user 7 may not\\u{1b}[2J",
        ),
        (
            &[
                r#"{"version":1,"id":1,"error":{"code":"timeout","message":"the time is up: web is starting"}}"#,
            ],
            5,
            "the time is up: web is starting",
        ),
        (&[], 3, "was gone before it had answered"),
        (
            &["HTTP/1.1 400 Bad Request"],
            3,
            "answers what can't be read",
        ),
    ];
    for (number, (lines, code, message)) in cases.into_iter().enumerate() {
        let place = Place::new(&format!("fails-{number}"));
        let lines: &'static [&'static str] = lines.to_vec().leak();
        let server = place.plays(lines);
        let output = place.run(&["ctl", "start", "-w", "web"]);
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(code.into()), "{output:?}");
        assert_eq!(output.stdout, b"", "{message}");
        let said = text(&output.stderr);
        assert!(
            said.starts_with("bowout-init ctl: ") && said.contains(message),
            "{said}"
        );
    }
}

#[test]
fn without_a_supervisor_the_socket_is_named_and_what_to_do() {
    let place = Place::new("absent");
    let output = place.run(&["ctl", "status"]);
    assert_eq!(output.status.code(), Some(3));
    let socket = place.socket();
    assert_eq!(
        text(&output.stderr),
        format!(
            "bowout-init ctl: no supervisor at {}: no such file or directory; does bowout-init run here with a configuration? (--socket or BOWOUT_SOCKET names another socket)\n",
            socket.display()
        )
    );
    // One that left its file behind.
    drop(UnixListener::bind(&socket).unwrap());
    let output = place.run(&["ctl", "status", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = object["error"]["message"].as_str().unwrap();
    assert!(message.contains("connection refused"), "{message}");
    assert_eq!(object["error"]["code"], serde_json::Value::Null);
}

#[test]
fn a_wrong_command_line_is_2_and_asks_nobody() {
    let place = Place::new("usage");
    for words in [
        &["ctl"] as &[&str],
        &["ctl", "strat", "web"],
        &["ctl", "start"],
        &["ctl", "status", "--wait"],
        &["ctl", "add", "/not/there.toml"],
    ] {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(output.stderr.ends_with(b"\n"), "{output:?}");
    }
    let output = place.run(&["ctl", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("healthcheck"));
}

#[test]
fn a_pipe_gets_the_table_without_colours() {
    let place = Place::new("table");
    let server = place.plays(&[DB, WHOLE]);
    let output = place.run(&["ctl", "status"]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        text(&output.stdout),
        "\
bowout-init 0.1.0, process 1: running, ready, up for 1 min 2 s

NAME  STATE    READY  PID  FOR        RESTARTS   MEMORY  INFO
db    running  yes      7  1 min 1 s         0  12.3 MB  3 of 8\\u{1b}[31m
"
    );
}

#[test]
fn json_is_one_object() {
    let place = Place::new("json");
    let server = place.plays(&[DB, WHOLE]);
    let output = place.run(&["ctl", "status", "--json"]);
    server.join().unwrap();
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["services"][0]["pid"], 7);
    assert_eq!(object["container"]["ready"], true);
    assert_eq!(
        output.stdout.iter().filter(|byte| **byte == b'\n').count(),
        1
    );
}

#[test]
fn lines_have_the_name_in_front_where_there_may_be_several() {
    const LOG: &str = r#"{"version":1,"id":1,"item":{"log":{"time":"2026-11-21T05:13:01.120Z","service":"web","stream":"stderr","text":"listening"}}}"#;
    const MISSED: &str = r#"{"version":1,"id":1,"item":{"missed":{"service":"web","lines":3}}}"#;
    let cases: [(&[&str], &str); 4] = [
        (
            &["ctl", "logs"],
            "web | (3 lines are not kept any more)\nweb | listening\n",
        ),
        (
            &["ctl", "logs", "web"],
            "(3 lines are not kept any more)\nlistening\n",
        ),
        (
            &["ctl", "logs", "-t", "web"],
            "(3 lines are not kept any more)\n2026-11-21T05:13:01.120Z listening\n",
        ),
        (
            &["ctl", "logs", "--json", "web"],
            "{\"missed\":{\"service\":\"web\",\"lines\":3}}\n{\"time\":\"2026-11-21T05:13:01.120Z\",\"service\":\"web\",\"stream\":\"stderr\",\"text\":\"listening\"}\n",
        ),
    ];
    for (number, (words, shown)) in cases.into_iter().enumerate() {
        let place = Place::new(&format!("logs-{number}"));
        let server = place.plays(&[MISSED, LOG, DONE]);
        let output = place.run(words);
        server.join().unwrap();
        assert_eq!(text(&output.stdout), shown);
    }
}

/// Runs `ctl events | head -1`, and returns how the client ended and what it complained of.
fn with_a_short_reader(place: &Place, mut command: Command) -> (ExitStatus, String) {
    let listener = UnixListener::bind(place.socket()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        request(&client);
        // Without end, as events are: only the client can end this.
        while client.write_all(format!("{EXITED}\n").as_bytes()).is_ok() {}
    });
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "05:13:04.211  web (12) exited with 1\n");
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    server.join().unwrap();
    (child.wait().unwrap(), said)
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let place = Place::new("head");
    // A child of the test has SIGPIPE as a shell gives it.
    let (status, said) = with_a_short_reader(&place, ctl(&place.socket(), &["ctl", "events"]));
    assert_eq!((status.signal(), said.as_str()), (Some(13), ""), "{status}");
    // Some engines start what they exec with SIGPIPE ignored.
    let place = Place::new("head-ignored");
    let script = format!("trap '' PIPE; exec {PROGRAM} ctl events");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .env("BOWOUT_SOCKET", place.socket());
    let (status, said) = with_a_short_reader(&place, command);
    assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{status}");
}

#[test]
fn the_name_bowoutctl_is_enough() {
    let place = Place::new("name");
    let server = place.plays(&[WHOLE]);
    let output = ctl(&place.socket(), &["ping"])
        .arg0("/usr/bin/bowoutctl")
        .output()
        .unwrap();
    server.join().unwrap();
    assert_eq!(
        text(&output.stdout),
        "bowout-init 0.1.0, process 1: running, ready, up for 1 min 2 s\n"
    );
    let output = ctl(&place.socket(), &["nothing"])
        .arg0("bowoutctl")
        .output()
        .unwrap();
    assert!(text(&output.stderr).starts_with("bowoutctl: \"nothing\" is no verb"));
}

#[test]
fn a_service_is_added_from_a_file_or_from_standard_input() {
    const ADDED: &str = r#"{"version":1,"id":1,"result":{"configuration":{"added":["cron"],"changed":[],"removed":[]}}}"#;
    for from_file in [true, false] {
        let place = Place::new(&format!("add-{from_file}"));
        let server = place.plays(&[ADDED]);
        let file = place.0.join("cron.toml");
        std::fs::write(&file, "[service.cron]\n").unwrap();
        let mut command = match from_file {
            true => ctl(&place.socket(), &["ctl", "add", file.to_str().unwrap()]),
            false => ctl(&place.socket(), &["ctl", "add", "-"]),
        };
        let output = command
            .stdin(std::fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout), "added: cron\n");
        assert!(
            server
                .join()
                .unwrap()
                .contains("\"toml\":\"[service.cron]\\n\"")
        );
    }
}

#[test]
fn a_wait_for_the_stop_ends_with_the_supervisor() {
    let place = Place::new("shutdown");
    let server = place.plays(&[DONE]);
    let output = place.run(&["ctl", "shutdown", "--wait"]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // One that does not go.
    let place = Place::new("shutdown-late");
    let listener = UnixListener::bind(place.socket()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        request(&client);
        client.write_all(format!("{DONE}\n").as_bytes()).unwrap();
        client
    });
    let output = place.run(&["ctl", "shutdown", "--timeout", "100ms"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    drop(server.join().unwrap());
}

#[test]
fn a_healthcheck_is_0_or_1_and_one_line() {
    let place = Place::new("healthy");
    let server = place.plays(&[WHOLE]);
    let output = place.run(&["healthcheck", "web"]);
    let request = server.join().unwrap();
    assert_eq!(
        request,
        "{\"id\":1,\"verb\":\"healthcheck\",\"services\":[\"web\"]}\n"
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let failures: [&'static str; 3] = [
        r#"{"version":1,"id":1,"error":{"code":"not_ready","message":"web is starting"}}"#,
        r#"{"version":1,"id":1,"error":{"code":"stopping","message":"the container is stopping"}}"#,
        r#"{"version":1,"id":1,"error":{"code":"unknown_service","message":"there is no service \"x\""}}"#,
    ];
    for (number, line) in failures.into_iter().enumerate() {
        let place = Place::new(&format!("unhealthy-{number}"));
        let server = place.plays(vec![line].leak());
        let output = place.run(&["healthcheck"]);
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.starts_with("bowout-init healthcheck: ") && said.lines().count() == 1);
    }
    for words in [&["healthcheck"] as &[&str], &["healthcheck", "--wrong"]] {
        let output = Place::new(words.last().unwrap()).run(words);
        assert_eq!(output.status.code(), Some(1), "never 2: engines keep that");
    }
}
