//! Restarts: which ends are followed by another start, after which pause, and how often.

use super::stage::{Stage, Temper, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::{Command, SpawnError, SpawnErrorKind};
use bowout_core::plan::{Condition, Draft, KillMode, Service};
use bowout_core::service::State;
use bowout_core::service::restart::When;
use bowout_core::{Event, Signal, Status};
use std::time::Duration;

/// One that can fail, and another one that keeps the container.
fn one(set: impl FnOnce(&mut Service)) -> Draft {
    plan(vec![service("app", set), service("other", |_| {})])
}

#[test]
fn the_policy_says_which_ends_are_followed_by_a_start() {
    for (when, code, word) in [
        (When::Never, 0, "completed"),
        (When::Never, 1, "failed"),
        (When::OnFailure, 0, "completed"),
        (When::OnFailure, 1, "backoff"),
        (When::Always, 0, "backoff"),
        (When::Always, 1, "backoff"),
    ] {
        let mut stage = Stage::started(one(|app| {
            app.restart.when = when;
            app.essential = false;
        }));
        stage.exits("app", code);
        assert_eq!(stage.word("app"), word, "{when:?} {code}");
        stage.at(100);
        let again = word == "backoff";
        assert_eq!(stage.spawns("app").len(), 1 + usize::from(again));
        assert_eq!(stage.finish(), None);
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let mut stage = Stage::started(one(|app| {
        app.restart.when = When::Always;
        app.restart.longest_pause = Duration::from_millis(1_000);
    }));
    for _ in 0..6 {
        stage.exits("app", 1);
        let State::Backoff { until } = *stage.state("app") else {
            panic!("no back-off");
        };
        stage.at(until.as_nanos() / 1_000_000);
    }
    assert_eq!(stage.spawns("app"), [0, 100, 300, 700, 1_500, 2_500, 3_500]);
    let said = stage.said(|note| matches!(note, Note::Restarting { .. }));
    assert_eq!(said, [0, 100, 300, 700, 1_500, 2_500]);
    assert_eq!(stage.sup.service(stage.id("app")).attempts.total(), 6);
}

#[test]
fn a_steady_time_starts_with_the_first_pause_again() {
    for (up, pause) in [(9_999, 400), (10_000, 100)] {
        let mut stage = Stage::started(one(|app| app.restart.when = When::Always));
        stage.exits("app", 1);
        stage.at(100);
        stage.exits("app", 1);
        stage.at(300 + up);
        stage.exits("app", 1);
        stage.at(300 + up + pause - 1);
        assert_eq!(stage.spawns("app").len(), 3);
        stage.at(300 + up + pause);
        assert_eq!(stage.spawns("app").len(), 4);
    }
}

#[test]
fn jitter_shortens_a_pause_by_a_quarter_at_most() {
    let mut pauses = std::collections::BTreeSet::new();
    for seed in (1..50).map(|seed: u64| seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
        let mut stage = Stage::new(one(|app| app.restart.when = When::Always));
        stage.sup = stage.sup.with_jitter(seed);
        stage.tell(Event::Started);
        stage.exits("app", 1);
        stage.at(74);
        assert_eq!(stage.spawns("app").len(), 1);
        stage.at(100);
        let at = stage.spawns("app")[1];
        pauses.insert(at);
    }
    assert!(pauses.len() > 5, "{pauses:?}");
}

#[test]
fn a_limit_ends_the_container_or_the_service_alone() {
    for essential in [true, false] {
        let mut stage = Stage::started(one(|app| {
            app.restart.when = When::OnFailure;
            app.restart.limit = Some(2);
            app.essential = essential;
        }));
        stage.exits("app", 1);
        stage.at(100);
        stage.exits("app", 1);
        stage.at(300);
        stage.exits("app", 9);
        let said = stage.said(|note| matches!(note, Note::RestartsExhausted { .. }));
        assert_eq!(said, [300]);
        if essential {
            assert_eq!(stage.told("other"), [(300, Signal::TERM)]);
            assert_eq!(stage.finish(), Some((300, 9)), "with the code that failed");
        } else {
            assert_eq!(stage.word("app"), "failed");
            stage.at(100_000);
            assert_eq!(stage.spawns("app").len(), 3);
            stage.command(Command::Start, "app");
            assert_eq!(stage.word("app"), "running", "who asks for it gets it");
        }
    }
}

#[test]
fn restarts_are_counted_in_a_window() {
    let mut stage = Stage::started(one(|app| {
        app.restart.when = When::Always;
        app.restart.limit = Some(2);
        app.essential = false;
    }));
    for at in [0, 30_000, 60_000, 90_000, 120_000] {
        stage.at(at);
        stage.exits("app", 1);
        assert_eq!(stage.word("app"), "backoff", "at {at}");
    }
    stage.at(121_000);
    stage.exits("app", 1);
    assert_eq!(stage.word("app"), "failed");
}

#[test]
fn a_lack_of_processes_is_no_failure_of_the_service() {
    let mut stage = Stage::new(one(|app| {
        app.restart.when = When::Always;
        app.restart.limit = Some(0);
    }));
    stage.broken.insert("app".into(), SpawnErrorKind::Exhausted);
    stage.tell(Event::Started);
    stage.at(1_000);
    assert_eq!(stage.spawns("app"), [0, 100, 300, 700]);
    stage.broken.clear();
    stage.at(1_500);
    assert_eq!(stage.word("app"), "running");
    let mut stage = Stage::new(one(|app| app.restart.when = When::Always));
    stage.broken.insert("app".into(), SpawnErrorKind::NotFound);
    stage.tell(Event::Started);
    assert_eq!(stage.finish(), Some((0, 127)), "any other failure is final");
}

#[test]
fn in_a_stop_nobody_is_said_to_be_tried_again() {
    let mut stage = Stage::new(one(|_| {}));
    stage.slow = vec!["app".into()];
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    let error = SpawnError {
        kind: SpawnErrorKind::Exhausted,
        errno: 11,
    };
    let service = stage.id("app");
    stage.tell(Event::SpawnFailed { service, error });
    let mut draft = one(|app| app.restart.when = When::Always);
    draft.services[1].depends_on = vec![needs(0, Condition::Started)];
    let mut ends = Stage::started(draft);
    ends.temper("other", Temper::Cleans(500));
    ends.signal(Signal::TERM);
    ends.exits("app", 1);
    let said = ends.said(|note| matches!(note, Note::Restarting { .. }));
    assert!(said.is_empty());
    let again = |note: &Note| {
        matches!(
            note,
            Note::SpawnFailed {
                retry_in: Some(_),
                ..
            }
        )
    };
    assert!(stage.said(again).is_empty());
    assert_eq!(stage.finish(), Some((0, 0)));
}

#[test]
fn a_stop_during_the_pause_starts_nobody() {
    let restless = || one(|app| app.restart.when = When::Always);
    let mut stage = Stage::started(restless());
    stage.temper("other", Temper::Cleans(1_000));
    stage.exits("app", 1);
    stage.at(50);
    stage.signal(Signal::TERM);
    stage.at(5_000);
    assert_eq!(stage.spawns("app"), [0]);
    assert_eq!(stage.finish(), Some((1_050, 0)));

    let mut stage = Stage::started(restless());
    stage.exits("app", 1);
    stage.at(50);
    stage.command(Command::Stop, "app");
    stage.at(5_000);
    assert_eq!(stage.spawns("app"), [0]);
    assert_eq!(stage.word("app"), "stopped");
    assert_eq!(stage.finish(), None, "somebody wanted it so");
}

#[test]
fn what_one_left_behind_is_stopped_before_the_next_start() {
    for mode in [KillMode::Auto, KillMode::Main, KillMode::Group] {
        let mut stage = Stage::started(one(|app| {
            app.restart.when = When::Always;
            app.kill_mode = mode;
        }));
        stage.temper("app", Temper::Cleans(700));
        let main = stage.main("app").unwrap();
        let worker = stage.fork("app", main, false);
        stage.exits("app", 1);
        assert_eq!(stage.told("app"), [(0, Signal::TERM)], "{mode:?}: {worker}");
        stage.at(799);
        assert_eq!(stage.word("app"), "backoff", "{mode:?}");
        assert_eq!(stage.ended("app"), [0, 700], "{mode:?}");
        stage.at(800);
        assert_eq!(
            stage.spawns("app"),
            [0, 800],
            "{mode:?}: the pause comes after that"
        );
    }
}

#[test]
fn what_depends_on_one_that_is_started_again_goes_on() {
    let mut stage = Stage::started(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |db| db.restart.when = When::Always),
    ]));
    let main = stage.main("db").unwrap();
    stage.ends_by_itself(main, Status::by(Signal::KILL));
    stage.at(100);
    assert_eq!(stage.spawns("db"), [0, 100]);
    assert_eq!(stage.spawns("app"), [0]);
    assert!(stage.told("app").is_empty());
}
