//! Speaks with the server as clients do, well-behaved and hostile.

mod hostile;
mod waiting;

use super::*;
use crate::control::protocol::State;
use crate::control::stage::{Stage, at};
use bowout_core::Signal;
use serde_json::{Value, json};

/// A server with one client, and the container that it is about.
struct Talk {
    server: Server,
    stage: Stage,
    client: ClientId,
    clock: Clock,
}

impl Talk {
    fn new(names: &[&str]) -> Talk {
        let mut server = Server::new(0);
        let client = server.connected(0, at(0)).unwrap();
        Talk {
            server,
            stage: Stage::chain(names),
            client,
            clock: at(1000),
        }
    }

    /// Sends a line.
    fn say(&mut self, request: &Value) -> Vec<Wanted> {
        self.send(format!("{request}\n").as_bytes())
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<Wanted> {
        self.server.received(self.client, bytes);
        self.server.serve(self.client, &self.stage, self.clock)
    }

    /// Reads all that comes, as fast as it does.
    fn hear(&mut self) -> Vec<Value> {
        hear(&mut self.server, self.client, &self.stage, self.clock)
    }

    /// Sends a line and reads the answer, of which there is one line.
    fn ask(&mut self, request: &Value) -> (Value, Vec<Wanted>) {
        let wanted = self.say(request);
        let mut answer = self.hear();
        assert_eq!(answer.len(), 1, "{answer:?}");
        (answer.remove(0), wanted)
    }

    /// The code of the error that a request gets.
    fn refused(&mut self, request: &Value) -> (String, String) {
        let (answer, wanted) = self.ask(request);
        assert_eq!(wanted, [], "{answer}");
        let error = &answer["error"];
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    fn settle(&mut self) {
        self.server.settle(&self.stage, self.clock);
    }
}

fn hear(server: &mut Server, client: ClientId, stage: &Stage, clock: Clock) -> Vec<Value> {
    let mut heard = Vec::new();
    loop {
        let queued = server.queued(client);
        if queued.is_empty() {
            break;
        }
        // Small pieces, as a slow client reads.
        let length = queued.len().min(1000);
        heard.extend_from_slice(&queued[..length]);
        server.written(client, length, clock);
        server.feed(client, stage, clock);
    }
    let lines = heard.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .inspect(|line: &Value| assert_eq!(line["version"], 1))
        .collect()
}

fn id(number: usize) -> ServiceId {
    ServiceId(number)
}

#[test]
fn a_ping_says_who_is_there() {
    let mut talk = Talk::new(&["web"]);
    let (answer, _) = talk.ask(&json!({"verb": "ping", "id": "me", "colour": [{"not": "known"}]}));
    assert_eq!(answer["id"], "me");
    let container = &answer["result"]["container"];
    assert_eq!(container["state"], "running");
    assert_eq!(container["ready"], true);
    assert_eq!(container["for_ms"], 1000);
    assert_eq!(container["since"], "2026-11-18T11:06:40.000Z");
    assert_eq!(container["left_ms"], Value::Null);
}

#[test]
fn status_tells_of_all_in_start_order() {
    let mut talk = Talk::new(&["db", "app", "web"]);
    talk.stage.set("app", State::Backoff);
    let view = talk.stage.view("app");
    view.next_start = Some(Instant::from_millis(1500));
    view.last_exit = Some(bowout_core::Status::by(Signal::KILL));
    view.status = "warming up";
    talk.say(&json!({"verb": "status", "id": 7}));
    let answer = talk.hear();
    let names: Vec<&Value> = answer
        .iter()
        .map(|line| &line["item"]["service"]["name"])
        .collect();
    assert_eq!(
        names,
        [&json!("db"), &json!("app"), &json!("web"), &Value::Null]
    );
    assert!(answer.iter().all(|line| line["id"] == 7));
    assert_eq!(answer[3]["result"]["container"]["ready"], false);
    let app = &answer[1]["item"]["service"];
    assert_eq!(
        *app,
        json!({
            "name": "app", "kind": "simple", "state": "backoff", "ready": false, "wanted": true,
            "reloading": false, "essential": true, "pid": null, "since": "2026-11-18T11:06:40.000Z",
            "for_ms": 1000, "restarts": 0, "next_start_ms": 500, "memory_bytes": 4_096_000,
            "last_exit": {"kind": "signaled", "signal": "SIGKILL", "core_dumped": false},
            "status": "warming up", "why": null, "stop_timeout_ms": 9000,
            "depends_on": [{"service": "db", "condition": "ready"}],
        })
    );
    // Only those that are named.
    talk.say(&json!({"verb": "status", "services": ["web"]}));
    assert_eq!(talk.hear().len(), 2);
}

#[test]
fn a_thousand_services_are_told_of_without_being_queued() {
    let names: Vec<String> = (0..1000)
        .map(|number| format!("service-{number}"))
        .collect();
    let mut talk = Talk::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    talk.say(&json!({"verb": "status"}));
    let queued = talk.server.queued(talk.client).len();
    assert!(queued < 20_000, "{queued}");
    assert_eq!(talk.hear().len(), 1001);
}

#[test]
fn commands_go_to_the_core_in_order_and_once() {
    let mut talk = Talk::new(&["db", "app", "web"]);
    let names = json!(["web", "db", "web"]);
    let commands = |ids: [usize; 2], make: fn(ServiceId) -> Command| {
        ids.map(|number| Wanted::Command(make(id(number))))
    };
    let (answer, wanted) = talk.ask(&json!({"verb": "start", "services": names}));
    assert_eq!(answer, json!({"version": 1, "result": {}}));
    assert_eq!(wanted, commands([0, 2], Command::Start));
    let (_, wanted) = talk.ask(&json!({"verb": "stop", "services": names}));
    assert_eq!(wanted, commands([2, 0], Command::Stop));
    let (_, wanted) = talk.ask(&json!({"verb": "restart", "services": names}));
    assert_eq!(wanted, commands([0, 2], Command::Restart));
    let (_, wanted) = talk.ask(&json!({"verb": "reload", "services": ["app"]}));
    assert_eq!(wanted, [Wanted::Command(Command::Reload(id(1)))]);
    let signal = json!({"verb": "signal", "services": ["app"], "signal": "usr1"});
    let (_, wanted) = talk.ask(&signal);
    assert_eq!(
        wanted,
        [Wanted::Command(Command::Signal(id(1), Signal::USR1))]
    );
    let (_, wanted) = talk.ask(&json!({"verb": "stop", "all": true}));
    assert_eq!(wanted.len(), 3);
    let (_, wanted) = talk.ask(&json!({"verb": "shutdown"}));
    assert_eq!(wanted, [Wanted::Shutdown]);
}

#[test]
fn what_can_not_be_done_is_refused_with_a_code_and_a_reason() {
    let mut talk = Talk::new(&["db", "web"]);
    talk.stage.set("db", State::Stopped);
    talk.stage.inherited.push("web".into());
    let cases = [
        (json!({"verb": "start"}), "bad_request", "name at least one"),
        (
            json!({"verb": "stop", "services": ["webb"]}),
            "unknown_service",
            "did you mean web?",
        ),
        (
            json!({"verb": "strat"}),
            "unknown_verb",
            "did you mean start?",
        ),
        (json!({}), "bad_request", "verb: missing"),
        (json!({"verb": 5}), "bad_request", "expected a string"),
        (json!([1]), "bad_request", "one JSON object"),
        (
            json!({"verb": "signal", "services": ["web"]}),
            "bad_request",
            "signal: missing",
        ),
        (
            json!({"verb": "signal", "services": ["web"], "signal": "FOO"}),
            "bad_request",
            "RTMIN+3",
        ),
        (
            json!({"verb": "signal", "services": ["db"], "signal": 15}),
            "bad_request",
            "expected a string",
        ),
        (
            json!({"verb": "signal", "services": ["db"], "signal": "15"}),
            "not_running",
            "db does not run",
        ),
        (
            json!({"verb": "reload", "services": ["db"]}),
            "not_running",
            "it is stopped",
        ),
        (
            json!({"verb": "healthcheck", "services": ["db"]}),
            "not_ready",
            "db is stopped",
        ),
        (
            json!({"verb": "logs", "services": ["web"]}),
            "no_log",
            "log = \"prefix\"",
        ),
        (json!({"verb": "add"}), "bad_request", "toml: missing"),
        (json!({"verb": "remove"}), "bad_request", "takes one"),
        (
            json!({"verb": "remove", "services": ["x"]}),
            "unknown_service",
            "\"x\"",
        ),
        (
            json!({"verb": "ping", "id": "x".repeat(65)}),
            "bad_request",
            "64 bytes",
        ),
        (
            json!({"verb": "start", "all": true, "services": ["web"]}),
            "bad_request",
            "one of the two",
        ),
    ];
    for (request, code, text) in cases {
        let (got, message) = talk.refused(&request);
        assert_eq!(got, code, "{request}: {message}");
        assert!(message.contains(text), "{request}: {message}");
    }
}

#[test]
fn while_the_container_stops_nothing_new_begins() {
    let mut talk = Talk::new(&["db", "web"]);
    talk.stage.container.is_stopping = true;
    talk.stage.container.left = Some(Duration::from_millis(4200));
    for verb in ["start", "restart", "reload"] {
        let (code, _) = talk.refused(&json!({"verb": verb, "services": ["web"]}));
        assert_eq!(code, "stopping", "{verb}");
    }
    for request in [
        json!({"verb": "reload"}),
        json!({"verb": "add", "toml": "x"}),
        json!({"verb": "healthcheck"}),
        json!({"verb": "remove", "services": ["web"]}),
    ] {
        assert_eq!(talk.refused(&request).0, "stopping", "{request}");
    }
    let (answer, _) = talk.ask(&json!({"verb": "ping"}));
    let container = &answer["result"]["container"];
    assert_eq!(
        (&container["state"], &container["left_ms"]),
        (&json!("stopping"), &json!(4200))
    );
    let (_, wanted) = talk.ask(&json!({"verb": "stop", "services": ["web"]}));
    assert_eq!(wanted.len(), 1);
}

#[test]
fn a_change_of_the_configuration_is_answered_by_ticket() {
    let mut talk = Talk::new(&["web"]);
    let mut wanted = talk.say(&json!({"verb": "reload", "id": 1}));
    wanted.extend(talk.say(&json!({"verb": "add", "id": 2, "toml": "[service.x]"})));
    wanted.extend(talk.say(&json!({"verb": "remove", "id": 3, "services": ["web"]})));
    assert_eq!(talk.hear(), [Value::Null; 0]);
    let [
        Wanted::Reload(reload),
        Wanted::Add(add, toml),
        Wanted::Remove(remove, service),
    ] = <[Wanted; 3]>::try_from(wanted).unwrap()
    else {
        panic!("not what was asked for");
    };
    assert_eq!((toml.as_str(), service), ("[service.x]", id(0)));
    let changed = Changed {
        changed: vec!["web".into()],
        ..Changed::default()
    };
    talk.server.done(remove, Changed::default(), talk.clock);
    talk.server.failed(add, Code::BadConfig, "x.toml:1: no");
    talk.server.done(reload, changed, talk.clock);
    let answers = talk.hear();
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [3, 2, 1]);
    assert_eq!(answers[1]["error"]["code"], "bad_config");
    assert_eq!(
        answers[2]["result"]["configuration"],
        json!({"added": [], "changed": ["web"], "removed": []})
    );
    talk.stage.container.is_changing = true;
    assert_eq!(talk.refused(&json!({"verb": "reload"})).0, "busy");
}

#[test]
fn an_answer_to_one_who_has_left_harms_nobody() {
    let mut talk = Talk::new(&["web"]);
    let [Wanted::Reload(ticket)] =
        <[Wanted; 1]>::try_from(talk.say(&json!({"verb": "reload"}))).unwrap()
    else {
        panic!("not what was asked for");
    };
    talk.server.closed(talk.client);
    talk.server.done(ticket, Changed::default(), talk.clock);
    assert!(talk.server.is_over(talk.client));
}

#[test]
fn lines_that_are_kept_are_read_and_followed() {
    let mut talk = Talk::new(&["db", "web"]);
    let out = crate::output::Stream::Out;
    let time = std::time::SystemTime::UNIX_EPOCH;
    for number in 0..100 {
        let text = format!("line {number} \u{fffd}");
        talk.stage.ring.push("web", out, time, text.as_bytes());
    }
    talk.stage.ring.push("db", out, time, b"not \xff UTF-8");
    talk.say(&json!({"verb": "logs", "services": ["web"], "lines": 2}));
    let texts = |lines: Vec<Value>| -> Vec<String> {
        let text = |line: Value| {
            line["item"]["log"]["text"]
                .as_str()
                .unwrap_or("end")
                .to_owned()
        };
        lines.into_iter().map(text).collect()
    };
    assert_eq!(
        texts(talk.hear()),
        ["line 98 \u{fffd}", "line 99 \u{fffd}", "end"]
    );
    talk.say(&json!({"verb": "logs", "lines": 1, "follow": true}));
    assert_eq!(texts(talk.hear()), ["not \u{fffd} UTF-8"]);
    talk.stage.ring.push("web", out, time, b"more");
    talk.settle();
    assert_eq!(texts(talk.hear()), ["more"]);
    talk.settle();
    assert_eq!(texts(talk.hear()), [""; 0]);
    // All of them, as fast as they are read.
    talk.say(&json!({"verb": "logs"}));
    assert_eq!(texts(talk.hear()).len(), 103);
}
