//! Plays clients on real sockets: well-behaved, gone too early, too many, and asleep.

use super::*;
use crate::control::protocol::State;
use crate::control::stage::{Stage, at};
use bowout_core::event::Command;
use bowout_core::plan::ServiceId;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// The socket of a container that is played, in a folder of its own.
struct House {
    control: Control,
    stage: Stage,
    folder: PathBuf,
    /// Everything that clients wanted of the loop.
    wanted: Vec<Wanted>,
}

impl House {
    fn new(test: &str, names: &[&str]) -> House {
        let own = std::process::id();
        let folder = std::env::temp_dir().join(format!("bowout-control-{own}-{test}"));
        std::fs::create_dir(&folder).unwrap();
        // Whoever runs the tests is bowout's own user.
        let uid = {
            use std::os::unix::fs::MetadataExt;
            std::fs::metadata(&folder).unwrap().uid()
        };
        House {
            control: Control::open(&folder.join("s"), uid).unwrap(),
            stage: Stage::chain(names),
            folder,
            wanted: Vec::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("s")
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.path()).unwrap();
        // A watchdog: nobody waits so long for a server that works.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// One round of the loop.
    fn turn(&mut self) {
        self.wanted.extend(self.control.turn(&self.stage, at(0)));
        self.control.settle(&self.stage, at(0));
    }

    /// Goes round until there is nothing to do for anybody.
    fn rest(&mut self) {
        let mut poll = Poll::new().unwrap();
        poll.add(self.control.descriptor(), 0, Interest::Read)
            .unwrap();
        let mut ready = Vec::new();
        for _ in 0..100_000 {
            poll.wait(Some(Duration::ZERO), &mut ready).unwrap();
            if ready.is_empty() {
                return;
            }
            self.turn();
        }
        panic!("there is always something to do");
    }

    /// Reads a line, while the loop goes round.
    fn line(&mut self, stream: &UnixStream) -> Value {
        self.rest();
        let mut line = Vec::new();
        BufReader::with_capacity(1, stream)
            .read_until(b'\n', &mut line)
            .unwrap();
        serde_json::from_slice(&line).unwrap_or(Value::Null)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn only_the_owner_gets_to_the_socket() {
    let mut house = House::new("mode", &["web"]);
    let mode = std::fs::metadata(house.path()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o7777, 0o600);
    let mut client = house.connect();
    client
        .write_all(b"{\"verb\": \"ping\", \"id\": 1}\n")
        .unwrap();
    let answer = house.line(&client);
    assert_eq!((&answer["version"], &answer["id"]), (&json!(1), &json!(1)));
    let path = house.path();
    drop(std::mem::replace(
        &mut house.control,
        Control::open(&house.folder.join("other"), 0).unwrap(),
    ));
    assert!(!path.exists(), "the file goes with the socket");
    assert_eq!(
        client.read(&mut [0]).unwrap(),
        0,
        "and its clients see the end"
    );
}

#[test]
fn a_place_that_can_not_be_is_one_line() {
    // Nobody can make a folder there, not even root.
    let line = Control::open("/proc/not-there/s".as_ref(), 0).unwrap_err();
    assert_eq!(
        line,
        "there is no control socket, so 'ctl' and 'healthcheck' can't reach bowout: bind(/proc/not-there/s): no such file or directory (--socket, BOWOUT_SOCKET or 'control' in bowout.toml names another place)"
    );
}

#[test]
fn a_folder_that_is_not_there_is_made_and_one_that_is_stays_as_it_was() {
    let house = House::new("folder", &["web"]);
    let mode = |folder: &std::path::Path| folder.metadata().unwrap().permissions().mode() & 0o7777;
    let folder = house.folder.join("run/app");
    drop(Control::open(&folder.join("s"), 0).unwrap());
    assert_eq!(mode(&folder), 0o755);
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o1700)).unwrap();
    drop(Control::open(&folder.join("s"), 0).unwrap());
    assert_eq!(mode(&folder), 0o1700);
}

#[test]
fn who_leaves_at_once_is_still_obeyed() {
    let mut house = House::new("leaves", &["web"]);
    for end in ["\n", ""] {
        let mut client = house.connect();
        let request = format!("{}{end}", json!({"verb": "stop", "services": ["web"]}));
        client.write_all(request.as_bytes()).unwrap();
        drop(client);
        house.rest();
        let wanted = std::mem::take(&mut house.wanted);
        assert_eq!(wanted, [Wanted::Command(Command::Stop(ServiceId(0)))]);
        assert!(house.control.connections.is_empty());
    }
}

#[test]
fn who_says_that_this_was_all_is_answered_and_closed() {
    let mut house = House::new("half", &["web"]);
    house.stage.set("web", State::Starting);
    let mut client = house.connect();
    client
        .write_all(
            &json!({"verb": "start", "services": ["web"], "wait": true})
                .to_string()
                .into_bytes(),
        )
        .unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    house.rest();
    assert_eq!(
        house.control.connections.len(),
        1,
        "it waits for its answer"
    );
    house.stage.set("web", State::Running);
    house.turn();
    assert_eq!(house.line(&client)["result"], json!({}));
    assert_eq!(house.line(&client), Value::Null);
    assert!(house.control.connections.is_empty());
}

#[test]
fn garbage_closes_nobody_else_out() {
    let mut house = House::new("garbage", &["web"]);
    let mut hostile = house.connect();
    let garbage: Vec<u8> = (0..1 << 20)
        .map(|number: u32| number.to_le_bytes()[1] | 1)
        .collect();
    let mut good = house.connect();
    hostile.set_nonblocking(true).unwrap();
    let mut sent = 0;
    loop {
        match hostile.write(&garbage[sent..]) {
            Ok(length) => sent += length,
            // It was answered and closed before it had sent all.
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
            Err(_) => house.rest(),
        }
        assert!(sent < garbage.len(), "it may not send all of it");
    }
    good.write_all(b"{\"verb\":\"ping\"}\n").unwrap();
    assert!(house.line(&good)["result"].is_object());
    assert_eq!(house.control.connections.len(), 1);
}

#[test]
fn a_thousand_connections_leave_room_for_the_next() {
    let mut house = House::new("thousand", &["web"]);
    let mut kept = Vec::new();
    let mut busy = 0;
    for _ in 0..1000 {
        let client = house.connect();
        house.rest();
        client.set_nonblocking(true).unwrap();
        let mut line = String::new();
        match BufReader::new(&client).read_line(&mut line) {
            Ok(_) => {
                assert!(line.contains("\"busy\""), "{line}");
                busy += 1;
            }
            Err(_) => kept.push(client),
        }
    }
    assert_eq!((kept.len(), busy), (64, 936));
    let mut one = kept.pop().unwrap();
    one.set_nonblocking(false).unwrap();
    one.write_all(b"{\"verb\":\"ping\"}\n").unwrap();
    assert!(
        house.line(&one)["result"].is_object(),
        "those who are in are served"
    );
    drop((kept, one));
    house.rest();
    assert!(house.control.connections.is_empty());
    let mut client = house.connect();
    client.write_all(b"{\"verb\":\"ping\"}\n").unwrap();
    assert!(house.line(&client)["result"].is_object());
}

#[test]
fn a_slow_reader_gets_all_and_keeps_nobody_waiting() {
    let names: Vec<String> = (0..1000)
        .map(|number| format!("service-{number}"))
        .collect();
    let mut house = House::new(
        "slow",
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let mut slow = house.connect();
    for id in 0..5 {
        let request = json!({"verb": "status", "id": id});
        slow.write_all(format!("{request}\n").as_bytes()).unwrap();
    }
    house.rest();
    let mut quick = house.connect();
    quick.write_all(b"{\"verb\":\"ping\"}\n").unwrap();
    assert!(house.line(&quick)["result"].is_object());
    slow.set_nonblocking(true).unwrap();
    let mut heard = Vec::new();
    let mut room = [0; 1 << 16];
    while heard.iter().filter(|byte| **byte == b'\n').count() < 5 * 1001 {
        match slow.read(&mut room) {
            Ok(length) => heard.extend_from_slice(&room[..length]),
            Err(_) => house.rest(),
        }
    }
    assert!(heard.ends_with(b"}\n"));
}

#[test]
fn a_follower_that_sleeps_is_dropped() {
    let mut house = House::new("sleeps", &["web"]);
    let mut client = house.connect();
    client.write_all(b"{\"verb\":\"events\"}\n").unwrap();
    assert_eq!(house.line(&client)["item"]["event"]["event"], "following");
    let note = Note::Changed {
        service: ServiceId(0),
    };
    house.control.tell(&note, &house.stage, at(5));
    house.turn();
    let event = &house.line(&client)["item"]["event"];
    assert_eq!(event["message"], "web is running and ready");
    assert_eq!(
        (&event["service"], &event["pid"]),
        (&json!("web"), &json!(100))
    );
    let mut told = 0;
    while !house.control.connections.is_empty() {
        house.control.tell(&note, &house.stage, at(5));
        told += 1;
        if told % 100 == 0 {
            house.turn();
        }
        assert!(told < 100_000, "it is never dropped");
    }
    house.control.tell(&note, &house.stage, at(5));
}

#[test]
fn connections_wait_while_there_is_no_descriptor_for_them() {
    let mut house = House::new("pause", &["web"]);
    house
        .control
        .poll
        .remove(house.control.listener.as_fd())
        .unwrap();
    house.control.accept_again = Some(Instant::from_millis(0));
    let mut client = house.connect();
    client.write_all(b"{\"verb\":\"ping\"}\n").unwrap();
    assert_eq!(house.control.deadline(), Some(Instant::ZERO));
    house.turn();
    assert_eq!(house.control.deadline(), None);
    assert!(house.line(&client)["result"].is_object());
}
