//! Holds docs/protocol.md to what a running supervisor says: every example is sent, and what comes back has
//! the form that is shown there.

use std::collections::BTreeSet;

use conformance::{Client, Supervisor};
use serde_json::{Map, Value, json};

use crate::run;

const DOCUMENT: &str = include_str!("../../../docs/protocol.md");

/// The container that the examples are about: `web` has just failed again, and depends on `db`.
const SERVICES: &str = r#"
    [service.db]
    command = ["${PUPPET}", "db"]
    [service.web]
    command = ["${PUPPET}", "web"]
    depends_on = { db = { condition = "ready" } }
    restart = "always"
    restart_delay = "1h"
    restart_delay_max = "1h"
    log = "prefix"
"#;

/// A request of the document, and the answer that stands below it.
struct Example {
    request: Value,
    answer: Vec<Value>,
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in DOCUMENT.lines() {
        let read = |text: &str| -> Value {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        if let Some(request) = line.strip_prefix("→ ") {
            let (request, answer) = (read(request), Vec::new());
            examples.push(Example { request, answer });
        } else if let Some(answer) = line.strip_prefix("← ") {
            let last = examples.last_mut().expect("an answer has a request");
            last.answer.push(read(answer));
        }
    }
    examples
}

/// The one for this verb.
#[track_caller]
fn example(verb: &str) -> Example {
    let mut all = examples().into_iter();
    let found = all.find(|example| example.request["verb"] == verb);
    found.unwrap_or_else(|| panic!("there is no example of {verb}"))
}

/// Whether both have the same fields of the same types; null has the place of any.
#[track_caller]
fn has_the_form(said: &Value, written: &Value, at: &str) {
    match (said, written) {
        (Value::Object(said), Value::Object(written)) => {
            let names = |object: &Map<String, Value>| -> BTreeSet<String> {
                object.keys().cloned().collect()
            };
            assert_eq!(names(said), names(written), "{at}");
            for (name, value) in said {
                has_the_form(value, &written[name], &format!("{at}.{name}"));
            }
        }
        (Value::Array(said), Value::Array(written)) => {
            for (said, written) in said.iter().zip(written) {
                has_the_form(said, written, at);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ => assert_eq!(
            std::mem::discriminant(said),
            std::mem::discriminant(written),
            "{at}: {said} and {written}"
        ),
    }
}

/// Sends the request, and compares each line with the one in the document.
#[track_caller]
fn replay(client: &mut Client, example: &Example) -> Vec<Value> {
    client.send(&example.request);
    let mut said = Vec::new();
    for (number, written) in example.answer.iter().enumerate() {
        let line = client.read().expect("it is answered");
        assert_eq!(line["version"], written["version"], "{line}");
        assert_eq!(line["id"], written["id"], "{line}");
        has_the_form(
            &line,
            written,
            &format!("line {number} of {}", example.request),
        );
        said.push(line);
    }
    said
}

/// In the state of the examples: `web` has said something, and waits for its next start.
fn stage() -> Supervisor {
    let it = run(SERVICES);
    let mut web = it.puppet("web");
    // More than is kept, so that some of it is missed.
    web.ask("print-lines 10000 this is not the line that is asked for, it is older than that one");
    // The two streams are two pipes: of what is in both, nobody knows which was first.
    it.await_stdout("than that one 10000\n");
    web.ask("print-error listening on :8080");
    it.await_log("listening on :8080");
    web.exit(1);
    it.await_state("web", "backoff");
    it
}

#[test]
fn every_request_of_the_document_is_replayed_here() {
    let verbs: Vec<String> = examples()
        .iter()
        .map(|example| example.request["verb"].as_str().unwrap_or("").to_owned())
        .collect();
    let replayed = ["restart", "status", "events", "logs", "add", "start"];
    for verb in &verbs {
        assert!(replayed.contains(&verb.as_str()), "no test replays {verb}");
    }
    assert_eq!(verbs.len(), replayed.len());
}

#[test]
fn restart() {
    let it = stage();
    let example = example("restart");
    let said = replay(&mut it.client(), &example);
    assert_eq!(said, example.answer, "all of it is as it stands there");
    let _again = it.puppet("web");
}

/// As `socat` sends it: the client says that it will send no more.
#[test]
fn ping_from_a_shell() {
    let it = stage();
    let line = DOCUMENT
        .lines()
        .find(|line| line.starts_with("{\"version\""));
    let written: Value = serde_json::from_str(line.expect("it is there")).expect("it is JSON");
    let request = DOCUMENT
        .lines()
        .find_map(|line| line.strip_prefix("# echo '")?.split('\'').next())
        .expect("it is there");
    let request: Value = serde_json::from_str(request).expect("it is JSON");
    let mut client = it.client();
    client.send(&request);
    client
        .stream
        .shutdown(std::net::Shutdown::Write)
        .expect("it is there");
    let said = client.read().expect("it is answered");
    has_the_form(&said, &written, "ping");
    assert_eq!(client.read(), None);
    let container = &said["result"]["container"];
    assert_eq!(container["pid"], 1);
    assert_eq!(container["services"], 2);
    assert_eq!(container["left_ms"], json!(null));
}

#[test]
fn status() {
    let it = stage();
    let example = example("status");
    let said = replay(&mut it.client(), &example);
    // What the situation makes so, and no clock.
    let (said, written) = (
        &said[0]["item"]["service"],
        &example.answer[0]["item"]["service"],
    );
    for field in [
        "name",
        "kind",
        "state",
        "ready",
        "wanted",
        "reloading",
        "essential",
        "pid",
        "memory_bytes",
        "last_exit",
        "status",
        "why",
        "depends_on",
    ] {
        assert_eq!(said[field], written[field], "{field}");
    }
    assert!(said["next_start_ms"].as_u64() > Some(1_000_000));
}

#[test]
fn events() {
    let it = stage();
    it.ctl(&["start", "web"]).with_code(0);
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    let example = example("events");
    let mut client = it.client();
    client.send(&example.request);
    let first = client.read().expect("it follows");
    has_the_form(&first, &example.answer[0], "the first");
    assert_eq!(
        first["item"]["event"]["message"],
        example.answer[0]["item"]["event"]["message"]
    );
    web.exit(1);
    let written = &example.answer[1];
    loop {
        let line = client.read().expect("it goes on");
        has_the_form(&line, written, "an event");
        assert_eq!(line["id"], written["id"]);
        let event = &line["item"]["event"];
        if event["event"] == written["item"]["event"]["event"] {
            assert_eq!(
                event["message"],
                format!("web ({}) exited with 1", web.own_pid)
            );
            assert_eq!(
                (&event["ready"], &event["pid"]),
                (&json!(false), &json!(null))
            );
            break;
        }
    }
}

#[test]
fn logs() {
    let it = stage();
    let example = example("logs");
    let mut client = it.client();
    client.send(&example.request);
    let mut last = Vec::new();
    loop {
        let line = client.read().expect("it is answered");
        let is_over = line["result"].is_object();
        last.push(line);
        if is_over {
            break;
        }
    }
    // The line, and the end; what is missed comes where a client is slower than the service.
    let written: Vec<&Value> = example
        .answer
        .iter()
        .filter(|line| line["item"]["missed"].is_null())
        .collect();
    assert_eq!(last.len(), written.len(), "{last:?}");
    for (said, written) in last.iter().zip(written) {
        has_the_form(said, written, "logs");
    }
    let log = &last[0]["item"]["log"];
    for field in ["service", "stream", "text"] {
        let written = &example.answer[1]["item"]["log"];
        assert_eq!(log[field], written[field], "{field}");
    }
    client.send(&json!({"verb": "logs", "services": ["web"]}));
    let first = client.read().expect("it is answered");
    assert!(first["item"]["log"].is_object() || first["item"]["missed"].is_object());
}

#[test]
fn add() {
    let it = stage();
    let mut example = example("add");
    let text = example.request["toml"].as_str().expect("it has one");
    assert!(text.contains("\"crond\", \"-f\""), "{text}");
    // The program of the example is not everywhere.
    example.request["toml"] = json!(text.replace("\"crond\", \"-f\"", "\"${PUPPET}\", \"cron\""));
    let said = replay(&mut it.client(), &example);
    assert_eq!(said, example.answer, "all of it is as it stands there");
    let _cron = it.puppet("cron");
}

#[test]
fn start_of_one_that_is_not_there() {
    let it = stage();
    let example = example("start");
    let said = replay(&mut it.client(), &example);
    assert_eq!(said, example.answer, "all of it is as it stands there");
}

/// Requests may be sent before the answer to the last one; those that wait are answered when they are ready.
#[test]
fn answers_come_in_order_but_for_those_that_wait() {
    let it = stage();
    let mut client = it.client();
    client.send(&json!({"verb": "start", "services": ["web"], "wait": true, "id": "slow"}));
    client.send(&json!({"verb": "healthcheck", "services": ["db"], "wait": true, "id": "db"}));
    for number in 0..5 {
        client.send(&json!({"verb": "ping", "id": number}));
    }
    let _web = it.puppet("web");
    let mut ids = Vec::new();
    for _ in 0..7 {
        let line = client.read().expect("it is answered");
        assert!(line["result"].is_object(), "{line}");
        ids.push(line["id"].clone());
    }
    let numbers: Vec<&Value> = ids.iter().filter(|id| id.is_number()).collect();
    assert_eq!(
        numbers,
        [0, 1, 2, 3, 4].map(|n| json!(n)).iter().collect::<Vec<_>>()
    );
    for name in ["slow", "db"] {
        assert!(ids.contains(&json!(name)), "{ids:?}");
    }
}
