//! Readiness: when a service counts as ready, and what becomes of one that does not get there.

use super::stage::{Does, Stage, Temper, hook, ms, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::Notice;
use bowout_core::plan::{Condition, Draft, Kind, Readiness, Service, ServiceMoment};
use bowout_core::service::Fault;
use bowout_core::service::restart::When;
use bowout_core::{Event, Signal};

fn one(set: impl FnOnce(&mut Service)) -> Draft {
    plan(vec![service("app", set)])
}

#[test]
fn it_is_ready_at_once_or_after_a_delay() {
    let stage = Stage::started(one(|_| {}));
    assert!(stage.is_ready("app") && stage.sup.is_ready());
    let mut stage = Stage::started(one(|app| app.readiness = Readiness::Delay(ms(500))));
    stage.at(499);
    assert_eq!(stage.word("app"), "starting");
    assert!(!stage.is_ready("app") && !stage.sup.is_ready());
    stage.at(500);
    assert!(stage.is_ready("app") && stage.sup.is_ready());
}

#[test]
fn it_is_asked_until_it_says_yes() {
    let mut draft = one(|app| app.readiness = Readiness::Probed { every: ms(200) });
    draft.hooks = vec![hook("probe", 0, ServiceMoment::Readiness, Some(ms(1_000)))];
    let mut stage = Stage::new(draft);
    stage.hook("probe", Does::Exits(50, 1));
    stage.tell(Event::Started);
    stage.at(400);
    assert_eq!(
        stage.runs("probe"),
        [0, 250],
        "from the end of one to the next"
    );
    stage.hook("probe", Does::CanNotStart);
    stage.at(600);
    assert!(!stage.is_ready("app"), "no answer is a no");
    stage.hook("probe", Does::Exits(50, 0));
    stage.at(749);
    assert!(!stage.is_ready("app"));
    stage.at(10_000);
    assert!(stage.is_ready("app"));
    assert_eq!(
        stage.runs("probe"),
        [0, 250, 500, 700],
        "and no more after that"
    );
}

#[test]
fn a_probe_that_hangs_is_killed_and_tried_again() {
    let mut draft = one(|app| app.readiness = Readiness::Probed { every: ms(200) });
    draft.hooks = vec![hook("probe", 0, ServiceMoment::Readiness, Some(ms(1_000)))];
    let mut stage = Stage::new(draft);
    stage.hook("probe", Does::Hangs);
    stage.tell(Event::Started);
    stage.at(1_500);
    assert_eq!(stage.told_hook("probe"), [(1_000, Signal::KILL)]);
    assert_eq!(stage.runs("probe"), [0, 1_200]);
    // A stop does not wait for it.
    stage.signal(Signal::TERM);
    assert_eq!(stage.told("app"), [(1_500, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((1_500, 0)));
}

#[test]
fn one_that_is_not_ready_in_time_has_failed() {
    for (when, essential) in [
        (When::OnFailure, true),
        (When::Never, true),
        (When::Never, false),
    ] {
        let mut draft = one(|app| {
            app.readiness = Readiness::Told;
            app.start_timeout = Some(ms(3_000));
            app.restart.when = when;
            app.essential = essential;
        });
        draft.services.push(service("other", |_| {}));
        let mut stage = Stage::started(draft);
        stage.temper("app", Temper::Cleans(500));
        stage.at(2_999);
        assert!(stage.told("app").is_empty());
        stage.at(3_499);
        assert_eq!(stage.told("app"), [(3_000, Signal::TERM)], "it is stopped");
        let said = stage.said(|note| matches!(note, Note::StartTimedOut { .. }));
        assert_eq!(said, [3_000]);
        let fault = stage.sup.service(stage.id("app")).fault;
        assert_eq!(fault, Some(Fault::StartTimedOut));
        stage.at(3_700);
        match (when, essential) {
            (When::OnFailure, _) => assert_eq!(stage.spawns("app"), [0, 3_600]),
            // It exits with 0 when it is stopped, and has failed all the same.
            (_, true) => assert_eq!(stage.finish(), Some((3_500, 1))),
            (_, false) => {
                assert_eq!(stage.word("app"), "failed");
                assert_eq!(stage.finish(), None);
            }
        }
    }
}

#[test]
fn a_oneshot_that_takes_too_long_has_failed() {
    let mut stage = Stage::started(one(|job| {
        job.kind = Kind::Oneshot;
        job.start_timeout = Some(ms(1_000));
    }));
    stage.temper("app", Temper::Cleans(0));
    stage.at(1_000);
    assert_eq!(stage.told("app"), [(1_000, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((1_000, 1)), "although it exits with 0");
}

#[test]
fn readiness_can_be_taken_back() {
    let mut draft = one(|app| {
        app.readiness = Readiness::Told;
        app.start_timeout = Some(ms(1_000));
    });
    draft.hooks = vec![hook("greet", 0, ServiceMoment::PostStart, None)];
    let mut stage = Stage::started(draft);
    stage.notify("app", Notice::Ready);
    for notice in [Notice::Reloading, Notice::Stopping] {
        assert!(stage.is_ready("app"));
        stage.notify("app", notice);
        assert!(!stage.is_ready("app") && !stage.sup.is_ready());
        stage.at(5_000);
        assert!(
            stage.told("app").is_empty(),
            "it is no start that could be late"
        );
        stage.notify("app", Notice::Ready);
    }
    assert!(stage.is_ready("app"));
    assert_eq!(stage.runs("greet"), [0], "once in its life");
}

#[test]
fn what_nobody_awaits_makes_nothing_ready() {
    let mut stage = Stage::started(one(|app| app.readiness = Readiness::Delay(ms(500))));
    stage.notify("app", Notice::Ready);
    assert!(!stage.is_ready("app"), "it is ready by another way");
    let mut stage = Stage::started(one(|app| app.readiness = Readiness::Told));
    stage.temper("app", Temper::Cleans(500));
    stage.signal(Signal::TERM);
    stage.notify("app", Notice::Ready);
    assert!(!stage.is_ready("app") && !stage.sup.is_ready(), "it stops");
}

#[test]
fn nothing_becomes_ready_while_the_container_stops() {
    let mut draft = one(|app| app.readiness = Readiness::Told);
    draft.services.push(service("web", |web| {
        web.depends_on = vec![needs(0, Condition::Started)];
    }));
    draft.hooks = vec![hook("greet", 0, ServiceMoment::PostStart, None)];
    let mut stage = Stage::started(draft);
    stage.temper("web", Temper::Cleans(500));
    stage.signal(Signal::TERM);
    assert!(stage.told("app").is_empty(), "its turn has not come");
    stage.notify("app", Notice::Ready);
    assert!(!stage.is_ready("app") && stage.runs("greet").is_empty());
}
