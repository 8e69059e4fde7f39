//! Another plan while this one runs: what is new starts, what is gone stops, the rest is left alone.

use super::stage::{Does, Stage, Temper, hook, ms, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::{Change, Command};
use bowout_core::plan::{Condition, Draft, HookId, Plan, ServiceId, ServiceMoment};
use bowout_core::service::restart::When;
use bowout_core::{Action, Event, Signal};

/// web depends on db.
fn two() -> Draft {
    plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |_| {}),
    ])
}

/// The places in the old plan of what goes on.
fn change(draft: Draft, stay: &[Option<usize>]) -> Change {
    let hooks = vec![None; draft.hooks.len()];
    Change {
        plan: Plan::new(draft).unwrap(),
        services: stay.iter().map(|place| place.map(ServiceId)).collect(),
        hooks,
    }
}

fn come(stage: &mut Stage, change: Change) {
    stage.tell(Event::Reconfigured(Box::new(change)));
    let now = stage.now();
    stage.at(now);
}

fn installed(stage: &Stage) -> Vec<u64> {
    stage.when(|action| *action == Action::Install)
}

#[test]
fn what_is_new_starts_and_the_rest_is_left_alone() {
    let mut stage = Stage::started(two());
    stage.at(100);
    let mut draft = two();
    draft.services.insert(0, service("cron", |_| {}));
    draft.services[1].depends_on = vec![needs(2, Condition::Ready)];
    come(&mut stage, change(draft, &[None, Some(0), Some(1)]));
    assert_eq!(installed(&stage), [100]);
    // By its place in the new plan, which was web's in the old one.
    assert_eq!(stage.spawns("cron"), [0, 100]);
    for name in ["web", "db"] {
        assert!(stage.told(name).is_empty());
        assert_eq!(stage.word(name), "running");
    }
    stage.exits("db", 3);
    assert_eq!(
        stage.finish(),
        Some((100, 3)),
        "each is known by its new place"
    );
}

#[test]
fn what_is_gone_stops_first_and_gracefully() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Cleans(700));
    stage.at(100);
    let gone = plan(vec![service("db", |_| {}), service("new", |_| {})]);
    come(&mut stage, change(gone, &[Some(1), None]));
    assert_eq!(stage.told("web"), [(100, Signal::TERM)]);
    assert!(!stage.sup.is_ready());
    stage.at(799);
    assert!(installed(&stage).is_empty());
    stage.at(800);
    assert_eq!(installed(&stage), [800]);
    assert_eq!(stage.sup.plan().services().len(), 2);
    assert_eq!(stage.word("new"), "running");
    assert_eq!(stage.word("db"), "running");
    assert!(stage.sup.is_ready());
}

#[test]
fn what_changed_is_started_again_and_what_depends_on_it_goes_on() {
    let mut stage = Stage::started(two());
    stage.temper("db", Temper::Cleans(700));
    let mut draft = two();
    draft.services[1].stop_timeout = Some(ms(3_000));
    come(&mut stage, change(draft, &[Some(0), None]));
    assert_eq!(stage.told("db"), [(0, Signal::TERM)]);
    stage.at(5_000);
    assert_eq!(stage.spawns("db"), [0, 700]);
    assert_eq!(stage.spawns("web"), [0]);
    assert!(stage.told("web").is_empty());
}

#[test]
fn what_goes_together_goes_in_the_order_of_a_stop() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Cleans(500));
    stage.temper("db", Temper::Cleans(500));
    let new = plan(vec![service("new", |_| {})]);
    come(&mut stage, change(new, &[None]));
    stage.at(499);
    assert_eq!(stage.told("web"), [(0, Signal::TERM)]);
    assert!(stage.told("db").is_empty());
    stage.at(500);
    assert_eq!(stage.told("db"), [(500, Signal::TERM)]);
    stage.at(1_000);
    assert_eq!(installed(&stage), [1_000]);
}

#[test]
fn an_essential_service_that_goes_does_not_end_the_container() {
    let mut stage = Stage::started(two());
    let mut draft = two();
    draft.services[0].stop_timeout = Some(ms(3_000));
    stage.temper("web", Temper::Cleans(500));
    come(&mut stage, change(draft, &[None, Some(1)]));
    stage.at(100);
    // It ends by itself, and with a failure, before its stop is over.
    stage.exits("web", 9);
    assert_eq!(stage.finish(), None);
    stage.at(5_000);
    assert_eq!(stage.word("web"), "running");

    // Or before its stop has begun.
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Cleans(500));
    come(&mut stage, change(two(), &[None, None]));
    stage.at(100);
    stage.exits("db", 9);
    assert_eq!(stage.finish(), None);
    stage.at(5_000);
    assert_eq!(stage.word("db"), "running");
    assert_eq!(stage.finish(), None);
}

#[test]
fn what_somebody_stopped_by_hand_stays_so() {
    let mut stage = Stage::started(two());
    stage.command(Command::Stop, "web");
    let mut draft = two();
    draft.services[0].stop_timeout = Some(ms(3_000));
    come(&mut stage, change(draft, &[None, Some(1)]));
    assert_eq!(installed(&stage), [0]);
    assert_eq!(stage.word("web"), "stopped");
    stage.command(Command::Start, "web");
    assert_eq!(stage.word("web"), "running");
}

#[test]
fn what_failed_and_was_changed_is_tried_again() {
    let mut draft = two();
    draft.services[0].essential = false;
    let mut stage = Stage::started(draft.clone());
    stage.exits("web", 1);
    assert_eq!(stage.word("web"), "failed");
    draft.services[0].restart.when = When::OnFailure;
    come(&mut stage, change(draft, &[None, Some(1)]));
    assert_eq!(stage.word("web"), "running");
}

#[test]
fn one_that_does_not_say_what_goes_on_changes_nothing() {
    let mut stage = Stage::started(two());
    let before = stage.sup.clone();
    come(&mut stage, change(two(), &[Some(0)]));
    let said = stage.said(|note| matches!(note, Note::Unexpected(_)));
    assert_eq!(said, [0]);
    assert!(stage.sup == before);
}

#[test]
fn a_later_plan_takes_the_place_of_one_that_is_not_in_force() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Cleans(500));
    let gone = plan(vec![service("db", |_| {})]);
    come(&mut stage, change(gone, &[Some(1)]));
    stage.at(100);
    assert_eq!(stage.told("web"), [(100 - 100, Signal::TERM)]);
    // What it ran before is wanted again.
    come(&mut stage, change(two(), &[Some(0), Some(1)]));
    stage.at(5_000);
    assert_eq!(stage.spawns("web"), [0, 500]);
    assert_eq!(stage.sup.plan().services().len(), 2);
    assert!(stage.sup.is_ready());
}

#[test]
fn a_stop_forgets_the_plan_that_has_not_come() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Cleans(500));
    let new = plan(vec![service("new", |_| {})]);
    come(&mut stage, change(new.clone(), &[None]));
    stage.at(100);
    stage.signal(Signal::TERM);
    come(&mut stage, change(new, &[None]));
    stage.at(5_000);
    assert!(installed(&stage).is_empty());
    assert_eq!(stage.finish(), Some((500, 0)));
}

#[test]
fn an_answer_that_is_awaited_is_awaited_before() {
    let mut stage = Stage::new(two());
    stage.slow = vec!["db".into()];
    stage.tell(Event::Started);
    let mut draft = two();
    draft.services.insert(0, service("cron", |_| {}));
    draft.services[1].depends_on = vec![needs(2, Condition::Ready)];
    come(&mut stage, change(draft, &[None, Some(0), Some(1)]));
    stage.at(300);
    assert!(
        installed(&stage).is_empty(),
        "the exec of db goes by its old place"
    );
    stage.spawned("db");
    stage.at(300);
    assert_eq!(installed(&stage), [300]);
    assert_eq!(stage.word("cron"), "running");
    assert_eq!(stage.word("web"), "running");
}

#[test]
fn a_hook_that_is_being_started_is_awaited_before() {
    let mut draft = two();
    draft.hooks = vec![hook("greet", 1, ServiceMoment::PostStart, None)];
    let mut stage = Stage::new(draft);
    stage.slow = vec!["greet".into()];
    stage.tell(Event::Started);
    come(&mut stage, change(two(), &[Some(0), Some(1)]));
    stage.at(300);
    assert!(installed(&stage).is_empty());
    stage.hook_spawned("greet");
    stage.at(300);
    assert_eq!(installed(&stage), [300]);
}

#[test]
fn hooks_keep_running_where_they_stay() {
    let mut draft = two();
    draft.hooks = vec![hook("greet", 1, ServiceMoment::PostStart, None)];
    let mut stage = Stage::new(draft.clone());
    stage.hook("greet", Does::Exits(1_000, 0));
    stage.tell(Event::Started);
    draft
        .hooks
        .insert(0, hook("new", 1, ServiceMoment::PostStart, None));
    let mut next = change(draft, &[Some(0), Some(1)]);
    next.hooks = vec![None, Some(HookId(0))];
    come(&mut stage, next);
    stage.at(1_000);
    assert!(stage.told_hook("greet").is_empty());
    let ended = |note: &Note| {
        matches!(
            note,
            Note::HookEnded {
                hook: HookId(1),
                ..
            }
        )
    };
    assert_eq!(stage.said(ended), [1_000]);
    assert!(
        stage.is_ready("web"),
        "a service that goes on is not greeted again"
    );
}

#[test]
fn a_hook_that_is_gone_does_not_go_on() {
    let mut draft = two();
    draft.hooks = vec![hook("greet", 1, ServiceMoment::PostStart, None)];
    let mut stage = Stage::new(draft);
    stage.hook("greet", Does::Hangs);
    stage.tell(Event::Started);
    let killed = |stage: &Stage| {
        stage.when(|action| {
            matches!(
                action,
                Action::Signal {
                    signal: Signal::KILL,
                    ..
                }
            )
        })
    };
    assert!(killed(&stage).is_empty());
    come(&mut stage, change(two(), &[Some(0), Some(1)]));
    assert_eq!(killed(&stage), [0]);
}

#[test]
fn the_new_budget_counts() {
    let mut stage = Stage::started(two());
    let mut draft = two();
    draft.stop.grace = Some(ms(4_000));
    come(&mut stage, change(draft, &[Some(0), Some(1)]));
    assert_eq!(stage.sup.budget().total, ms(3_500));
    stage.temper("web", Temper::Ignores);
    stage.temper("db", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert!(stage.finish().unwrap().0 <= 3_500);
}
