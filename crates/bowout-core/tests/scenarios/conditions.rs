//! Starts: what a service waits for before its own program is started, and what it does not.

use super::stage::{Stage, needs, plan, service};
use bowout_core::Event;
use bowout_core::action::Note;
use bowout_core::event::Command;
use bowout_core::plan::{Condition, Kind, Readiness, ServiceId};

fn told_ready() -> impl FnOnce(&mut bowout_core::plan::Service) {
    |service| service.readiness = Readiness::Told
}

fn oneshot() -> impl FnOnce(&mut bowout_core::plan::Service) {
    |service| service.kind = Kind::Oneshot
}

#[test]
fn what_awaits_a_start_begins_when_the_exec_is_done() {
    let mut stage = Stage::new(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Started)]
        }),
        service("db", told_ready()),
        service("other", |_| {}),
    ]));
    stage.slow = vec!["db".into()];
    stage.tell(Event::Started);
    assert_eq!(stage.spawns("other"), [0], "it waits for nobody");
    stage.at(400);
    assert!(stage.spawns("app").is_empty());
    stage.spawned("db");
    assert_eq!(stage.spawns("app"), [400], "at once, ready or not");
}

#[test]
fn what_awaits_readiness_begins_when_it_is_there() {
    let mut stage = Stage::started(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", told_ready()),
    ]));
    stage.at(700);
    assert!(stage.spawns("app").is_empty());
    assert!(!stage.sup.is_ready());
    let service = stage.id("db");
    stage.tell(Event::Ready { service });
    assert_eq!(stage.spawns("app"), [700]);
    assert!(stage.sup.is_ready());
}

#[test]
fn what_awaits_an_end_begins_after_code_0() {
    let services = || {
        plan(vec![
            service("app", |app| {
                app.depends_on = vec![needs(1, Condition::Completed)]
            }),
            service("migrate", oneshot()),
        ])
    };
    let mut stage = Stage::started(services());
    stage.at(300);
    assert!(stage.spawns("app").is_empty());
    stage.exits("migrate", 0);
    assert_eq!(stage.spawns("app"), [300]);
    assert_eq!(stage.word("migrate"), "completed");
    assert_eq!(
        stage.finish(),
        None,
        "an essential oneshot has done its work"
    );

    let mut draft = services();
    draft.services[1].essential = false;
    draft.services[0].essential = false;
    draft.services.push(service("other", |_| {}));
    let mut stage = Stage::started(draft);
    stage.exits("migrate", 3);
    assert!(stage.spawns("app").is_empty());
    assert_eq!(stage.word("app"), "failed");
    assert_eq!(stage.finish(), None);

    let mut stage = Stage::started(services());
    stage.exits("migrate", 3);
    assert!(stage.spawns("app").is_empty());
    assert_eq!(stage.finish(), Some((0, 3)), "with the code that failed");
}

#[test]
fn a_oneshot_is_ready_when_it_has_completed() {
    let mut stage = Stage::started(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("migrate", oneshot()),
    ]));
    let service = stage.id("migrate");
    stage.tell(Event::Ready { service });
    stage.at(300);
    assert!(stage.spawns("app").is_empty() && !stage.is_ready("migrate"));
    stage.exits("migrate", 0);
    assert_eq!(stage.spawns("app"), [300]);
    assert!(stage.is_ready("migrate"));
}

#[test]
fn what_will_not_come_is_not_waited_for() {
    let mut stage = Stage::started(plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Started)];
            web.essential = false;
        }),
        service("app", |app| {
            app.depends_on = vec![needs(2, Condition::Ready)];
            app.essential = false;
        }),
        service("db", |db| {
            db.readiness = Readiness::Told;
            db.essential = false;
        }),
        service("other", |_| {}),
    ]));
    // It ends well, and was never ready.
    stage.exits("db", 0);
    assert_eq!(stage.word("app"), "failed");
    assert_eq!(stage.word("web"), "failed", "nor what depends on that");
    let on = ServiceId(2);
    let of_app =
        |note: &Note| matches!(note, Note::DependencyFailed { on: other, .. } if *other == on);
    assert_eq!(stage.said(of_app), [0]);
    assert_eq!(stage.finish(), None, "none of them is essential");
}

#[test]
fn one_that_fails_and_is_tried_again_is_waited_for() {
    let mut stage = Stage::started(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |db| {
            db.readiness = Readiness::Told;
            db.restart.when = bowout_core::service::restart::When::OnFailure;
        }),
    ]));
    stage.exits("db", 1);
    assert_eq!(stage.word("db"), "backoff");
    assert_eq!(stage.word("app"), "waiting");
    stage.at(100);
    let service = stage.id("db");
    stage.tell(Event::Ready { service });
    assert_eq!(stage.spawns("app"), [100]);
}

#[test]
fn what_nobody_starts_stays_down_unless_it_is_needed() {
    let mut stage = Stage::started(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Started)]
        }),
        service("needed", |needed| needed.autostart = false),
        service("tool", |tool| tool.autostart = false),
    ]));
    assert_eq!(stage.spawns("needed"), [0]);
    assert_eq!(stage.spawns("app"), [0]);
    assert!(stage.spawns("tool").is_empty());
    assert_eq!(stage.word("tool"), "stopped");
    assert!(stage.sup.is_ready(), "nobody wants it");
    stage.at(500);
    stage.command(Command::Start, "tool");
    assert_eq!(stage.spawns("tool"), [500]);
}
