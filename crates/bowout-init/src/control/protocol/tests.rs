//! Holds docs/protocol.md to what is spoken.

use super::*;
use crate::json;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../../../docs/protocol.md");

/// The lines of the examples that go in this direction.
fn examples(arrow: &str) -> impl Iterator<Item = &str> {
    DOCUMENT
        .lines()
        .filter_map(move |line| line.strip_prefix(arrow))
}

fn reply(line: &str) -> Reply<'static> {
    json::read(line.as_bytes()).unwrap()
}

/// Whether there is a row of a table that begins with this word.
fn has_row(word: &str) -> bool {
    let mut rows = DOCUMENT.lines().filter(|line| line.starts_with("| `"));
    rows.any(|row| {
        let cell = row.split('|').nth(1).unwrap_or_default();
        cell.split('`').skip(1).step_by(2).any(|name| name == word)
    })
}

#[test]
fn every_example_of_a_request_is_taken() {
    let requests: Vec<Request> = examples("→ ")
        .map(|line| Request::read(line.as_bytes()).unwrap())
        .collect();
    assert!(requests.len() >= 6, "{requests:?}");
}

#[test]
fn every_example_of_an_answer_is_what_is_sent() {
    let shell = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("{\"version\""));
    let mut count = 0;
    for line in examples("← ").chain(shell) {
        let reply = reply(line);
        let sent: Value = serde_json::from_slice(&reply.line()).unwrap();
        let written: Value = serde_json::from_str(line).unwrap();
        assert_eq!(sent, written, "nothing is missing, and nothing is made up");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn every_word_is_explained() {
    for verb in request::VERBS {
        assert!(has_row(verb), "verb {verb}");
    }
    for code in [
        Code::BadRequest,
        Code::LineTooLong,
        Code::UnknownVerb,
        Code::Refused,
        Code::Busy,
        Code::UnknownService,
        Code::Exists,
        Code::NotRunning,
        Code::Stopping,
        Code::BadConfig,
        Code::NoLog,
        Code::Failed,
        Code::NotReady,
        Code::Timeout,
        Code::Unsupported,
    ] {
        // Whoever adds one is asked here, by the compiler, to explain it.
        match code {
            Code::BadRequest
            | Code::LineTooLong
            | Code::UnknownVerb
            | Code::Refused
            | Code::Busy
            | Code::UnknownService
            | Code::Exists
            | Code::NotRunning
            | Code::Stopping
            | Code::BadConfig
            | Code::NoLog
            | Code::Failed
            | Code::NotReady
            | Code::Timeout
            | Code::Unsupported
            | Code::Unknown => assert!(has_row(code.word()), "{code:?}"),
        }
    }
    for state in [
        State::Stopped,
        State::Waiting,
        State::Starting,
        State::Running,
        State::Stopping,
        State::Backoff,
        State::Completed,
        State::Failed,
    ] {
        assert_eq!(json::text(&state), format!("\"{}\"", state.word()));
        assert!(has_row(state.word()), "{state:?}");
    }
    assert!(!has_row("gone"));
}

#[test]
fn every_event_and_every_field_is_explained() {
    // The words stand in one match, each in front of the service that it is about.
    let source = include_str!("../happening.rs");
    let (_, table) = source.split_once("fn kind(").unwrap();
    let kinds = table
        .split("(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let kinds: Vec<&str> = kinds.chain(["following"]).collect();
    assert!(kinds.len() >= 19, "{kinds:?}");
    for kind in kinds {
        assert!(has_row(kind), "event {kind}");
    }
    let call = Call {
        id: Some(Id::Number(1)),
        verb: "x".into(),
        services: vec!["x".into()],
        all: true,
        wait: true,
        timeout_ms: Some(1),
        signal: Some("x".into()),
        lines: Some(1),
        follow: true,
        toml: Some("x".into()),
    };
    let mut objects = vec![serde_json::from_slice(&call.line()).unwrap()];
    // The examples have every field: the test above holds them to that.
    for line in examples("← ") {
        let line: Value = serde_json::from_str(line).unwrap();
        objects.extend(
            line["item"]
                .as_object()
                .into_iter()
                .flat_map(|item| item.values().cloned()),
        );
        objects.extend(
            line["result"]
                .as_object()
                .into_iter()
                .flat_map(|result| result.values().cloned()),
        );
    }
    for field in objects
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|object| object.keys())
    {
        // Two that are only said in a sentence.
        let is_missed = DOCUMENT.contains("`missed` has `service` and `lines`") && field == "lines";
        assert!(has_row(field) || is_missed, "field {field}");
    }
}

#[test]
fn words_of_a_later_version_are_understood() {
    let line = r#"{"version":2,"colour":"red","error":{"code":"too_late","message":"x","more":1}}"#;
    let reply = reply(line);
    assert_eq!(reply.error.unwrap().code, Code::Unknown);
    let reply = self::reply(r#"{"version":1,"news":{}}"#);
    assert_eq!((reply.item, reply.result, reply.error), (None, None, None));
    assert_eq!(json::read(b"\"dreaming\""), Ok(State::Unknown));
}
