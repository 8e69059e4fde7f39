//! Asks what becomes of PID 1 when clients of its socket are hostile: nothing.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use conformance::{Client, Process, Puppet, Supervisor, await_that};
use serde_json::json;

use crate::run;

/// One that does as it is told, and one that fills what is kept of its output.
const SERVICES: &str = r#"
    [service.web]
    command = ["${PUPPET}", "web", "catch 10"]
    log = { file = "${HERE}/web.log" }
    restart = "always"
    restart_delay = "1ms"
    restart_delay_max = "1ms"
"#;

/// PID 1, and what it was like before anybody was hostile.
struct Before {
    web: Puppet,
    init: Process,
    descriptors: usize,
    memory: u64,
}

/// What clients may cost while they are there, and what is left of it when they have gone: 64 clients with a
/// line of 64 KiB and 16 KiB unread each would be 5 MiB.
const MOST: u64 = 8 << 20;

/// The sockets that are left are the two that bowout itself has: for clients, and for notifications.
#[track_caller]
fn nobody_is_connected(init: Process) {
    await_that("nobody is connected", || init.sockets() == 2);
}

fn before(it: &Supervisor) -> Before {
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    web.ask("print first");
    await_that("its file is open", || it.path("web.log").exists());
    let init = it.init();
    nobody_is_connected(init);
    Before {
        web,
        init,
        descriptors: init.descriptors(),
        memory: init.memory(),
    }
}

impl Before {
    /// The service goes on, clients are served, and what was taken is given back.
    #[track_caller]
    fn must_be_unharmed(mut self, it: &Supervisor) {
        let status = it.ctl(&["status", "--json"]).with_code(0).json();
        assert_eq!(status["services"][0]["pid"], self.web.own_pid, "{status}");
        assert_eq!(status["services"][0]["restarts"], 0);
        it.ctl(&["signal", "USR1", "web"]).with_code(0);
        assert_eq!(self.web.next_signal().signal.0, 10);
        let Before {
            init,
            descriptors,
            memory,
            ..
        } = self;
        await_that("descriptors are given back", || {
            init.descriptors() <= descriptors
        });
        self.web.ask("ping");
        let grown = init.memory().saturating_sub(memory);
        assert!(grown < MOST, "{grown} bytes more than before");
    }
}

#[test]
fn garbage_is_refused_line_by_line_and_the_connection_goes_on() {
    let it = run(SERVICES);
    let before = before(&it);
    let mut client = it.client();
    for garbage in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"\x00\x01\x02\xff\xfe\n",
        b"{\n",
        b"}\n",
        b"[]\n",
        b"[\"status\"]\n",
        b"null\n",
        b"7\n",
        b"\"status\"\n",
        b"{\"verb\":7}\n",
        b"{\"verb\":\"status\",\"services\":\"web\"}\n",
        b"{\"verb\":\"status\",\"services\":[7]}\n",
        b"{\"verb\":\"status\"} {\"verb\":\"status\"}\n",
        b"{\"verb\":\"sta\xfftus\"}\n",
        b"{\"verb\":\"logs\",\"lines\":-1}\n",
        b"{\"verb\":\"logs\",\"lines\":1e999}\n",
        b"{\"verb\":\"ping\",\"id\":{}}\n",
        b"{\"verb\":\"ping\",\"id\":1.5}\n",
        b"{}\n",
        b"{\"verb\":\"signal\",\"signal\":\"\",\"services\":[\"web\"]}\n",
        b"{\"verb\":\"signal\",\"signal\":\"0\",\"services\":[\"web\"]}\n",
        b"{\"verb\":\"signal\",\"signal\":\"65\",\"services\":[\"web\"]}\n",
        b"{\"verb\":\"start\"}\n",
        b"{\"verb\":\"start\",\"services\":[]}\n",
        b"{\"verb\":\"remove\",\"services\":[\"web\",\"web\"]}\n",
        b"{\"verb\":\"add\"}\n",
    ] {
        client.stream.write_all(garbage).expect("it is still there");
        let line = client.read().expect("it is still there");
        assert_eq!(line["version"], 1, "{line}");
        assert_eq!(
            line["error"]["code"],
            "bad_request",
            "{}: {line}",
            garbage.escape_ascii()
        );
        let text = line["error"]["message"].as_str().expect("a text");
        assert!(
            !text.is_empty() && !text.contains(['\x1b', '\n', '\0']),
            "{line}"
        );
    }
    client.send(&json!({"verb": "\u{1b}[2Jstatus", "id": "mine"}));
    let line = client.read().expect("it is still there");
    assert_eq!(
        (&line["error"]["code"], &line["id"]),
        (&"unknown_verb".into(), &"mine".into())
    );
    client.stream.write_all(b"\n\r\n  \n").expect("it is there");
    client.done(&json!({"verb": "ping"}));
    drop(client);
    before.must_be_unharmed(&it);
}

/// `version` and what else a later client may send is passed over.
#[test]
fn another_version_and_unknown_fields_are_passed_over() {
    let it = run(SERVICES);
    let _web = it.puppet("web");
    let mut client = it.client();
    client.done(&json!({"version": 99, "verb": "ping", "colour": {"red": [1, 2]}, "id": 1}));
    client.done(&json!({"verb": "ping", "signal": "TERM", "toml": "x = 1"}));
}

#[test]
fn a_line_of_a_gigabyte_is_not_taken() {
    let it = run(SERVICES);
    let before = before(&it);
    for stuff in ["/dev/zero", "x"] {
        let mut client = UnixStream::connect(it.socket()).expect("it listens");
        let mut reader = client.try_clone().expect("cannot duplicate a socket");
        let sent = match stuff {
            "x" => io::copy(&mut io::repeat(b'x').take(1 << 30), &mut client),
            path => {
                let file = File::open(path).expect("cannot open it");
                io::copy(&mut file.take(1 << 30), &mut client)
            }
        };
        assert!(sent.is_err(), "all of it was taken: {sent:?}");
        // What it said may be lost where it closed with more unread; then the end is all there is.
        let mut said = String::new();
        if reader.read_to_string(&mut said).is_ok() && !said.is_empty() {
            assert!(said.contains("line_too_long"), "{said}");
        }
        let grown = before.init.memory().saturating_sub(before.memory);
        assert!(grown < 1 << 20, "{grown} bytes");
    }
    before.must_be_unharmed(&it);
}

#[test]
fn the_longest_line_is_taken_and_one_more_byte_is_not() {
    let it = run(SERVICES);
    let _web = it.puppet("web");
    const LONGEST: usize = 65_536;
    let mut client = it.client();
    let frame = r#"{"verb":"ping","x":""}"#.len();
    let padded = |length: usize| json!({"verb": "ping", "x": "y".repeat(length - frame)});
    client.done(&padded(LONGEST));
    client.send(&padded(LONGEST + 1));
    let line = client.read().expect("it says why");
    assert_eq!(line["error"]["code"], "line_too_long", "{line}");
    assert_eq!(client.read(), None, "it is closed after it");
}

#[test]
fn deeply_nested_json_is_no_danger() {
    let it = run(SERVICES);
    let before = before(&it);
    let mut client = it.client();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 60_000 / (open.len() + close.len());
        let nested = |close: &str| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for line in [
            nested(close),
            format!("{{\"verb\":\"ping\",\"x\":{}}}", nested(close)),
            format!("{{\"verb\":\"ping\",\"services\":{}}}", nested(close)),
            nested(""),
        ] {
            writeln!(client.stream, "{line}").expect("it is there");
            let answer = client.read().expect("it answers");
            assert!(
                answer["error"]["code"] == "bad_request" || answer["result"].is_object(),
                "{answer}"
            );
        }
    }
    drop(client);
    before.must_be_unharmed(&it);
}

#[test]
fn a_thousand_connections_cost_nobody_else_more_than_a_moment() {
    let it = run(SERVICES);
    let before = before(&it);
    let mut all = Vec::new();
    for _ in 0..1000 {
        all.push(UnixStream::connect(it.socket()).expect("it listens"));
    }
    // The first 64 are in; the others are told so, and closed.
    let mut last = String::new();
    let told = all.last_mut().expect("there are 1,000");
    told.read_to_string(&mut last).expect("it is closed");
    assert!(last.contains("\"busy\""), "{last}");
    assert!(before.init.descriptors() <= before.descriptors + 64);
    assert!(before.init.memory() < before.memory + MOST);
    let said = it.ctl(&["status"]).with_code(1);
    assert!(said.stderr.contains("64 clients are connected"), "{said:?}");
    // Those who do nothing give way: there is room again while all are still connected.
    await_that("somebody gives way", || it.ctl(&["status"]).code == 0);
    drop(all);
    before.must_be_unharmed(&it);
}

#[test]
fn who_has_something_under_way_keeps_its_place() {
    let it = run(SERVICES);
    let _web = it.puppet("web");
    let mut follower = it.events();
    let all: Vec<UnixStream> = (0..200)
        .map(|_| UnixStream::connect(it.socket()).expect("it listens"))
        .collect();
    // Those beyond the limit find no place, so nobody was thrown out for them at once.
    await_that("somebody gives way", || it.ctl(&["stop", "web"]).code == 0);
    follower.expect_state("web", "stopped");
    drop(all);
}

#[test]
fn a_request_that_never_ends_keeps_nobody_waiting() {
    let it = run(SERVICES);
    let before = before(&it);
    let silent = it.client();
    let mut half = it.client();
    half.stream
        .write_all(b"{\"verb\":\"pi")
        .expect("it is there");
    it.ctl(&["status"]).with_code(0);
    let mut gone = it.client();
    gone.stream
        .write_all(b"{\"verb\":\"sto")
        .expect("it is there");
    drop(gone);
    it.ctl(&["status"]).with_code(0);
    half.stream.write_all(b"ng\"}\n").expect("it is there");
    let line = half.read().expect("it answers");
    assert!(line["result"]["container"].is_object(), "{line}");
    // One that has said all that it will is answered, with or without the end of its last line.
    for (sent, field) in [("{\"verb\":\"ping\"}", "result"), ("{\"verb\":", "error")] {
        let mut last = it.client();
        last.stream.write_all(sent.as_bytes()).expect("it is there");
        last.stream.shutdown(Shutdown::Write).expect("it is there");
        let line = last.read().expect("it answers");
        assert!(line[field].is_object(), "{line}");
        assert_eq!(last.read(), None);
    }
    drop((silent, half));
    before.must_be_unharmed(&it);
}

#[test]
fn who_does_not_read_its_answers_is_not_read_any_more() {
    let it = run(SERVICES);
    let before = before(&it);
    let mut client = UnixStream::connect(it.socket()).expect("it listens");
    client.set_nonblocking(true).expect("it is a socket");
    let request = b"{\"verb\":\"status\"}\n".repeat(1000);
    // Until nothing more goes in: what is under way fills both directions.
    let mut sent = 0;
    let mut tries = 0;
    while tries < 3 {
        match client.write(&request) {
            Ok(length) => (sent, tries) = (sent + length, 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                it.ctl(&["ping"]).with_code(0);
                tries += 1;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(sent < 64 << 20, "it takes for ever");
    }
    let grown = before.init.memory().saturating_sub(before.memory);
    assert!(grown < 1 << 20, "{grown} bytes");
    drop(client);
    before.must_be_unharmed(&it);
}

#[test]
fn too_many_requests_under_way_are_refused() {
    let it = run(SERVICES);
    let before = before(&it);
    let mut client = it.client();
    for number in 0..20 {
        let wait = json!({"verb": "healthcheck", "services": ["web"], "wait": true, "id": number});
        let follow = json!({"verb": "logs", "follow": true, "id": number});
        client.send(if number < 16 { &follow } else { &wait });
    }
    let mut refusal = || loop {
        let line = client.read().expect("it answers");
        // The sixteen are told of the line that there is.
        if line["item"].is_null() {
            return line;
        }
    };
    for number in 16..20 {
        let line = refusal();
        assert_eq!(
            (&line["error"]["code"], &line["id"]),
            (&"busy".into(), &number.into()),
            "{line}"
        );
    }
    drop(client);
    before.must_be_unharmed(&it);
}

/// Follows events sixteen times on one connection, so that it has to take sixteen times as much.
#[test]
fn a_slow_reader_of_events_is_dropped() {
    let it = run(SERVICES);
    let before = before(&it);
    let mut slow = it.client();
    for _ in 0..16 {
        slow.send(&json!({"verb": "events"}));
    }
    for _ in 0..16 {
        let line = slow.read().expect("it follows");
        assert_eq!(line["item"]["event"]["event"], "following");
    }
    drop(slow);
    let mut slow = UnixStream::connect(it.socket()).expect("it listens");
    slow.write_all(&b"{\"verb\":\"events\"}\n".repeat(16))
        .expect("it listens");
    let mut events = it.events();
    let held = before.init.sockets();
    let mut web = before.web;
    for _ in 0..200 {
        web.exit(1);
        web = it.puppet("web");
        events.expect_state("web", "running");
        if before.init.sockets() < held {
            break;
        }
    }
    assert!(before.init.sockets() < held, "it was never dropped");
    // It can still read what was sent, and finds the end behind that.
    let mut all = Vec::new();
    let read = slow.read_to_end(&mut all);
    assert!(read.is_ok() || !all.is_empty(), "{read:?}");
    assert!(all.len() < 2 << 20, "{}", all.len());
    let grown = before.init.memory().saturating_sub(before.memory);
    assert!(grown < 2 << 20, "{grown} bytes");
    it.ctl(&["status"]).with_code(0);
}

#[test]
fn a_slow_reader_of_logs_keeps_nothing_from_being_forgotten() {
    let it = run(SERVICES);
    let mut before = before(&it);
    let mut slow = UnixStream::connect(it.socket()).expect("it listens");
    slow.write_all(b"{\"verb\":\"logs\",\"follow\":true}\n")
        .expect("it listens");
    let text = "x".repeat(200);
    before.web.ask(format_args!("print-lines 50000 {text}"));
    await_that("all of it is in the file", || {
        fs::metadata(it.path("web.log")).is_ok_and(|file| file.len() > 50_000 * 200)
    });
    let grown = before.init.memory().saturating_sub(before.memory);
    assert!(grown < 4 << 20, "{grown} bytes for 10 MB");
    drop(slow);
    before.must_be_unharmed(&it);
}

/// A storm of clients that come, ask, and go without the answer.
#[test]
fn clients_that_go_before_the_answer_leave_nothing_behind() {
    let it = run(SERVICES);
    let before = before(&it);
    for _ in 0..300 {
        let mut client = UnixStream::connect(it.socket()).expect("it listens");
        let _ = client.write_all(b"{\"verb\":\"status\"}\n{\"verb\":\"events\"}\n");
    }
    before.must_be_unharmed(&it);
}

#[test]
fn what_clients_do_keeps_no_signal_waiting() {
    let mut it = run(SERVICES);
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    // As many as there may be, each of which asks as fast as it can.
    let path = it.socket().to_owned();
    let storm = std::thread::spawn(move || {
        let mut clients: Vec<Client> = (0..16).map(|_| Client::connect(&path)).collect();
        let request = json!({"verb": "status"});
        loop {
            for client in &mut clients {
                let line = format!("{request}\n").repeat(8);
                if client.stream.write_all(line.as_bytes()).is_err() {
                    return;
                }
            }
        }
    });
    for _ in 0..50 {
        it.signal(conformance::Signal(10));
        web.expect(conformance::Signal(10));
    }
    let (_, took) = it.stop();
    assert!(took.as_secs() < 5, "{took:?}");
    storm.join().expect("it ended by the end of bowout");
}
