//! Sends garbage, too much of it, from too many, and does not read: nobody else is to notice.

use super::*;
use crate::control::protocol::LONGEST_LINE;
use crate::control::server::client::{ENOUGH_QUEUED, MOST_TASKS};
use std::borrow::Cow;

fn event(message: &str) -> Event<'_> {
    Event {
        time: String::new(),
        event: Cow::Borrowed("changed"),
        service: Some(Cow::Borrowed("web")),
        state: None,
        ready: None,
        pid: None,
        message: Cow::Borrowed(message),
    }
}

/// What all clients together take of bowout's memory.
fn weight(server: &Server) -> usize {
    server.clients.values().map(Client::weight).sum()
}

#[test]
fn strangers_are_told_and_not_let_in() {
    let mut server = Server::new(1000);
    let line = server.connected(1001, at(0)).unwrap_err();
    let line: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(line["error"]["code"], "refused");
    assert_eq!(
        line["error"]["message"],
        "user 1001 may not control bowout; root and user 1000 may"
    );
    assert!(server.connected(0, at(0)).is_ok() && server.connected(1000, at(0)).is_ok());
    assert!(Server::new(0).connected(1, at(0)).is_err());
}

#[test]
fn a_line_of_a_gigabyte_is_dropped_at_its_beginning() {
    let mut talk = Talk::new(&["web"]);
    let piece = [b'x'; 16 << 10];
    for _ in 0..(1 << 30) / piece.len() {
        assert_eq!(talk.send(&piece), []);
        assert!(weight(&talk.server) < 3 * LONGEST_LINE);
    }
    let answer = talk.hear();
    assert_eq!(answer.len(), 1);
    assert_eq!(answer[0]["error"]["code"], "line_too_long");
    assert!(talk.server.is_over(talk.client));
    assert!(!talk.server.wants_read(talk.client));
}

#[test]
fn garbage_is_answered_line_by_line_and_quoted_shortly() {
    let mut talk = Talk::new(&["web"]);
    let long = "y".repeat(60_000);
    let lines: [&[u8]; 10] = [
        b"GET / HTTP/1.1\r",
        b"\x00\xff\xfe",
        b"{\"verb\": \"\xff\"}",
        b"{\"verb\": \"status\", \"services\": \"web\"}",
        b"\"\\ud800\"",
        b"{\"verb\": \"ping\", \"id\": -1}",
        b"{\"verb\": \"ping\", \"timeout_ms\": 1e400}",
        b"null",
        b"{\"verb\": \"ping\"} {\"verb\": \"ping\"}",
        b"{\"verb\": \"\x1b[31m\"}",
    ];
    for line in lines {
        talk.send(line);
        assert_eq!(talk.send(b"\n"), []);
        let answer = talk.hear();
        assert_eq!(answer.len(), 1, "{line:?}");
        assert_eq!(answer[0]["error"]["code"], "bad_request", "{line:?}");
    }
    let deep = "[".repeat(60_000);
    for line in [
        deep,
        format!("{{\"verb\": \"{long}\"}}"),
        format!("{{\"verb\": \"stop\", \"services\": [\"{long}\"]}}"),
    ] {
        talk.send(line.as_bytes());
        talk.send(b"\n");
        let answer = talk.hear();
        let message = answer[0]["error"]["message"].as_str().unwrap();
        assert!(message.len() < 400, "{}", message.len());
    }
    let (answer, _) = talk.ask(&json!({"verb": "ping"}));
    assert!(answer["result"].is_object(), "it is still served");
}

#[test]
fn lines_of_nothing_are_passed_over() {
    let mut talk = Talk::new(&["web"]);
    for _ in 0..1000 {
        assert_eq!(talk.send(&[b'\n'; 16 << 10]), []);
    }
    assert_eq!((talk.hear().len(), weight(&talk.server)), (0, 0));
}

#[test]
fn the_thousandth_connection_is_busy_and_sleepers_give_way() {
    let mut server = Server::new(0);
    let connected: Vec<_> = (0..1000).map(|_| server.connected(0, at(0))).collect();
    assert_eq!(connected.iter().flatten().count(), MOST_CLIENTS);
    let line: Value = serde_json::from_slice(connected[999].as_ref().unwrap_err()).unwrap();
    assert_eq!(line["error"]["code"], "busy");
    // Those that wait for something do not sleep.
    let stage = Stage::chain(&["web"]);
    for id in server.clients.keys().copied().collect::<Vec<_>>() {
        server.received(id, b"{\"verb\": \"events\"}\n");
        assert_eq!(server.serve(id, &stage, at(1)), []);
        hear(&mut server, id, &stage, at(1));
    }
    assert!(server.connected(0, at(60_000)).is_err());
    // One that has a line half written does.
    let first = *server.clients.keys().next().unwrap();
    server.closed(first);
    let half = server.connected(0, at(60_000)).unwrap();
    server.received(half, b"{\"verb");
    assert_eq!(server.serve(half, &stage, at(60_000)), []);
    assert!(server.connected(0, at(69_999)).is_err());
    let next = server.connected(0, at(70_000)).unwrap();
    assert!(server.is_over(half) && !server.is_over(next));
}

#[test]
fn bowouts_own_user_can_not_lock_root_out() {
    let mut server = Server::new(1000);
    let taken = (0..100).filter(|_| server.connected(1000, at(0)).is_ok());
    assert_eq!(taken.count(), MOST_CLIENTS - FOR_ROOT);
    assert!(server.connected(0, at(0)).is_ok());
}

#[test]
fn one_who_does_not_read_is_not_listened_to() {
    let mut talk = Talk::new(&["web"]);
    let request = b"{\"verb\":\"stop\",\"services\":[\"web\"]}\n";
    let mut commands = 0;
    let mut sent = 0;
    while talk.server.wants_read(talk.client) {
        let many = request.repeat(400);
        commands += talk.send(&many).len();
        sent += 400;
        assert!(weight(&talk.server) < 4 * (LONGEST_LINE + ENOUGH_QUEUED));
    }
    assert!(commands < sent, "the rest waits until it reads");
    assert!(talk.server.queued(talk.client).len() < ENOUGH_QUEUED + 1000);
    assert!(talk.server.wants_write(talk.client));
    let mut answers = 0;
    while commands < sent || talk.server.wants_write(talk.client) {
        answers += talk.hear().len();
        commands += talk.send(b" ").len();
    }
    assert_eq!((commands, answers), (sent, sent));
}

#[test]
fn one_who_follows_and_does_not_read_is_dropped() {
    let mut talk = Talk::new(&["web"]);
    let other = talk.server.connected(0, at(0)).unwrap();
    talk.say(&json!({"verb": "events"}));
    talk.server.received(
        other,
        b"{\"verb\":\"events\",\"services\":[\"web\"],\"id\":1}\n",
    );
    assert_eq!(talk.server.serve(other, &talk.stage, at(0)), []);
    let mut heard = 0;
    for _ in 0..10_000 {
        talk.server.publish(&event("web changed"));
        heard += hear(&mut talk.server, other, &talk.stage, at(0)).len();
        assert!(weight(&talk.server) <= 3 * MOST_QUEUED);
    }
    assert!(
        talk.server.is_over(talk.client),
        "it is closed, and not told"
    );
    assert_eq!(
        heard, 10_001,
        "the other one has got all, and that it follows"
    );
}

#[test]
fn requests_under_way_are_counted() {
    let mut talk = Talk::new(&["web"]);
    for number in 0..MOST_TASKS {
        talk.say(&json!({"verb": "events", "id": number}));
        assert_eq!(talk.hear()[0]["id"], number);
    }
    assert_eq!(talk.refused(&json!({"verb": "events"})).0, "busy");
}

#[test]
fn requests_in_one_piece_are_answered_one_by_one() {
    let mut talk = Talk::new(&["db", "web"]);
    let lines: String = (0..50)
        .map(|number| format!("{}\r\n", json!({"verb": "status", "id": number})))
        .collect();
    for piece in lines.as_bytes().chunks(7) {
        talk.server.received(talk.client, piece);
    }
    let mut answers = Vec::new();
    loop {
        assert_eq!(talk.server.serve(talk.client, &talk.stage, talk.clock), []);
        let heard = talk.hear();
        if heard.is_empty() {
            break;
        }
        answers.extend(heard);
    }
    let ids: Vec<u64> = answers
        .iter()
        .map(|line| line["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), 150);
    assert!(ids.is_sorted());
}

#[test]
fn one_who_has_said_all_is_answered_before_it_is_closed() {
    let mut talk = Talk::new(&["web"]);
    talk.send(b"{\"verb\": \"ping\"}");
    assert_eq!(talk.hear(), [Value::Null; 0]);
    talk.send(b"");
    assert!(!talk.server.is_over(talk.client));
    assert_eq!(talk.hear().len(), 1);
    assert!(talk.server.is_over(talk.client));
}
