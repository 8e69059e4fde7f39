//! Waits for what was asked for: until it has come, can't come, or has not come in time.

use super::*;

/// The code, or `result`, of what has been answered since; `-` where nothing has.
fn answer(talk: &mut Talk) -> String {
    talk.settle();
    let heard = talk.hear();
    assert!(heard.len() <= 1, "{heard:?}");
    match heard.first() {
        None => "-".to_owned(),
        Some(line) if line["result"].is_object() => "result".to_owned(),
        Some(line) => line["error"]["code"].as_str().unwrap().to_owned(),
    }
}

fn begin(request: Value) -> Talk {
    let mut talk = Talk::new(&["db", "web"]);
    talk.stage.set("web", State::Stopped);
    let mut request = request;
    request["wait"] = json!(true);
    talk.say(&request);
    talk
}

#[test]
fn a_start_is_done_when_the_service_is_ready() {
    let mut talk = begin(json!({"verb": "start", "services": ["web", "db"]}));
    for state in [
        State::Waiting,
        State::Starting,
        State::Backoff,
        State::Starting,
    ] {
        talk.stage.set("web", state);
        assert_eq!(answer(&mut talk), "-", "{state:?}");
    }
    talk.stage.set("web", State::Running);
    talk.stage.view("web").is_ready = false;
    assert_eq!(answer(&mut talk), "-");
    talk.stage.view("web").is_ready = true;
    assert_eq!(answer(&mut talk), "result");
    assert_eq!(answer(&mut talk), "-");
}

#[test]
fn a_start_fails_when_the_service_is_given_up_or_stopped() {
    for state in [State::Failed, State::Stopped] {
        let mut talk = begin(json!({"verb": "start", "services": ["web"]}));
        talk.stage.set("web", State::Starting);
        assert_eq!(answer(&mut talk), "-");
        talk.stage.set("web", state);
        assert_eq!(answer(&mut talk), "failed", "{state:?}");
    }
    let mut talk = begin(json!({"verb": "start", "services": ["web"]}));
    talk.stage.set("web", State::Starting);
    talk.stage.container.is_stopping = true;
    assert_eq!(answer(&mut talk), "stopping");
}

#[test]
fn a_oneshot_is_up_when_it_has_completed() {
    let mut talk = begin(json!({"verb": "start", "services": ["web"]}));
    talk.stage.set("web", State::Starting);
    assert_eq!(answer(&mut talk), "-");
    talk.stage.set("web", State::Completed);
    assert_eq!(answer(&mut talk), "result");
}

#[test]
fn a_stop_is_done_when_the_service_is_down() {
    let mut talk = begin(json!({"verb": "stop", "services": ["db"]}));
    talk.stage.set("db", State::Stopping);
    assert_eq!(answer(&mut talk), "-");
    talk.stage.container.is_stopping = true;
    assert_eq!(answer(&mut talk), "-");
    talk.stage.set("db", State::Stopped);
    assert_eq!(answer(&mut talk), "result");
    let mut talk = begin(json!({"verb": "stop", "services": ["db"]}));
    talk.stage.set("db", State::Starting);
    assert_eq!(answer(&mut talk), "failed", "somebody has started it again");
}

#[test]
fn a_restart_is_not_done_by_the_former_process() {
    let mut talk = begin(json!({"verb": "restart", "services": ["db"]}));
    assert_eq!(answer(&mut talk), "-", "the core has not got to it");
    talk.stage.set("db", State::Stopping);
    assert_eq!(answer(&mut talk), "-");
    talk.stage.set("db", State::Running);
    assert_eq!(answer(&mut talk), "result");
    // So quick that nobody saw it down.
    let mut talk = begin(json!({"verb": "restart", "services": ["db"]}));
    talk.stage.set("db", State::Running);
    assert_eq!(answer(&mut talk), "result");
}

#[test]
fn a_reload_is_done_when_the_service_has_reloaded() {
    let mut talk = begin(json!({"verb": "reload", "services": ["db"]}));
    talk.stage.view("db").is_reloading = true;
    assert_eq!(answer(&mut talk), "-");
    talk.stage.view("db").is_reloading = false;
    assert_eq!(answer(&mut talk), "result");
}

#[test]
fn a_healthcheck_can_wait() {
    let mut talk = begin(json!({"verb": "healthcheck"}));
    assert_eq!(answer(&mut talk), "result", "nobody wants web");
    let mut talk = begin(json!({"verb": "healthcheck", "services": ["web"]}));
    talk.stage.set("web", State::Starting);
    assert_eq!(answer(&mut talk), "-");
    talk.stage.set("web", State::Running);
    assert_eq!(answer(&mut talk), "result");
}

#[test]
fn a_new_configuration_is_waited_for_until_what_is_new_is_up() {
    let mut talk = Talk::new(&["db", "web", "late"]);
    let wanted = talk.say(&json!({"verb": "reload", "wait": true, "timeout_ms": 5000}));
    let [Wanted::Reload(ticket)] = <[Wanted; 1]>::try_from(wanted).unwrap() else {
        panic!("not what was asked for");
    };
    assert_eq!(talk.server.deadline(), None, "the loop answers at once");
    let changed = Changed {
        added: vec!["late".into()],
        changed: vec!["web".into()],
        removed: vec!["old".into()],
    };
    talk.server.done(ticket, changed, talk.clock);
    talk.stage.container.is_changing = true;
    talk.stage.set("web", State::Stopped);
    assert_eq!(answer(&mut talk), "-", "the former one is down");
    talk.stage.container.is_changing = false;
    talk.stage.set("web", State::Starting);
    talk.stage.set("late", State::Stopped);
    assert_eq!(answer(&mut talk), "-");
    talk.stage.set("web", State::Running);
    // One that is not started with the container is not waited for.
    talk.settle();
    let configuration = &talk.hear()[0]["result"]["configuration"];
    assert_eq!(
        *configuration,
        json!({"added": ["late"], "changed": ["web"], "removed": ["old"]})
    );
}

#[test]
fn the_time_is_up_at_its_deadline() {
    let mut talk = begin(json!({"verb": "start", "services": ["web"], "timeout_ms": 2000}));
    talk.stage.set("web", State::Starting);
    assert_eq!(talk.server.deadline(), Some(Instant::from_millis(3000)));
    talk.clock = at(2999);
    assert_eq!(answer(&mut talk), "-");
    talk.clock = at(3000);
    assert_eq!(answer(&mut talk), "timeout");
    assert_eq!(talk.server.deadline(), None);
}

#[test]
fn a_service_that_is_removed_meanwhile_is_not_waited_for() {
    let mut talk = begin(json!({"verb": "start", "services": ["web"]}));
    talk.stage = Stage::chain(&["db"]);
    assert_eq!(answer(&mut talk), "unknown_service");
}
