//! Liveness and watchdog: one that does not work any more is stopped, and treated as any other failure.

use super::stage::{Does, Stage, Temper, hook, ms, plan, service};
use bowout_core::action::Note;
use bowout_core::event::{Command, Notice};
use bowout_core::plan::{Draft, Liveness, Readiness, Service, ServiceMoment};
use bowout_core::service::Fault;
use bowout_core::service::restart::When;
use bowout_core::{Event, Signal};

fn one(set: impl FnOnce(&mut Service)) -> Draft {
    plan(vec![
        service("app", |app| {
            app.restart.when = When::OnFailure;
            set(app);
        }),
        service("other", |_| {}),
    ])
}

fn checked(retries: u32, start_period: u64) -> Draft {
    let mut draft = one(|app| {
        app.liveness = Some(Liveness {
            every: ms(1_000),
            retries,
            start_period: ms(start_period),
        });
    });
    draft.hooks = vec![hook("check", 0, ServiceMoment::Liveness, Some(ms(500)))];
    draft
}

#[test]
fn so_many_failures_in_a_row_are_one_of_the_service() {
    let mut stage = Stage::new(checked(2, 0));
    stage.hook("check", Does::Exits(0, 1));
    stage.tell(Event::Started);
    stage.at(1_000);
    stage.hook("check", Does::Exits(0, 0));
    stage.at(2_000);
    stage.hook("check", Does::Exits(0, 1));
    stage.at(3_999);
    assert!(stage.told("app").is_empty(), "a success forgives the first");
    stage.at(4_000);
    assert_eq!(stage.runs("check"), [1_000, 2_000, 3_000, 4_000]);
    assert_eq!(stage.told("app"), [(4_000, Signal::TERM)]);
    let fault = stage.sup.service(stage.id("app")).fault;
    assert_eq!(fault, Some(Fault::Unhealthy));
    let said = stage.said(|note| {
        matches!(
            note,
            Note::Unhealthy {
                watchdog: false,
                ..
            }
        )
    });
    assert_eq!(said, [4_000]);
    stage.hook("check", Does::Exits(0, 0));
    stage.at(4_100);
    assert_eq!(
        stage.spawns("app"),
        [0, 4_100],
        "although it died of the very signal"
    );
    stage.at(60_000);
    assert_eq!(stage.spawns("app").len(), 2);
}

#[test]
fn a_check_that_hangs_or_can_not_start_has_failed() {
    for (does, at) in [(Does::Hangs, 1_500), (Does::CanNotStart, 1_000)] {
        let mut stage = Stage::new(checked(1, 0));
        stage.hook("check", does);
        stage.tell(Event::Started);
        stage.at(1_999);
        assert_eq!(stage.told("app"), [(at, Signal::TERM)], "{does:?}");
    }
}

#[test]
fn a_check_for_which_there_is_no_process_says_nothing() {
    let mut stage = Stage::new(checked(2, 0));
    stage.hook("check", Does::Starves);
    stage.tell(Event::Started);
    stage.at(10_000);
    assert!(stage.told("app").is_empty());
    stage.hook("check", Does::Exits(0, 1));
    stage.at(12_000);
    assert_eq!(stage.told("app"), [(12_000, Signal::TERM)]);
}

#[test]
fn failures_soon_after_the_start_are_not_counted() {
    let mut stage = Stage::new(checked(1, 2_500));
    stage.hook("check", Does::Exits(0, 1));
    stage.tell(Event::Started);
    stage.at(2_999);
    assert!(stage.told("app").is_empty());
    stage.at(3_000);
    assert_eq!(stage.told("app"), [(3_000, Signal::TERM)]);
}

#[test]
fn nobody_checks_what_is_not_ready_or_stops() {
    let mut draft = checked(1, 0);
    draft.services[0].readiness = Readiness::Told;
    let mut stage = Stage::new(draft);
    stage.hook("check", Does::Hangs);
    stage.tell(Event::Started);
    stage.at(5_000);
    assert!(stage.runs("check").is_empty());
    stage.notify("app", Notice::Ready);
    stage.temper("app", Temper::Cleans(3_000));
    stage.at(6_100);
    assert_eq!(stage.runs("check"), [6_000]);
    stage.signal(Signal::TERM);
    assert_eq!(
        stage.told("app"),
        [(6_100, Signal::TERM)],
        "a check that hangs is not waited for"
    );
    assert_eq!(stage.told_hook("check"), [(6_100, Signal::KILL)]);
    stage.at(20_000);
    assert_eq!(stage.runs("check"), [6_000]);
    assert_eq!(stage.finish(), Some((9_100, 0)));
}

#[test]
fn one_that_ignores_its_stop_is_killed_and_started_again() {
    let mut draft = checked(1, 0);
    draft.services[0].stop_timeout = Some(ms(2_000));
    let mut stage = Stage::new(draft);
    stage.hook("check", Does::Exits(0, 1));
    stage.tell(Event::Started);
    stage.temper("app", Temper::Ignores);
    stage.at(3_100);
    assert_eq!(
        stage.told("app"),
        [(1_000, Signal::TERM), (3_000, Signal::KILL)]
    );
    assert_eq!(stage.spawns("app"), [0, 3_100]);
}

#[test]
fn one_that_is_essential_and_not_started_again_ends_the_container() {
    let mut draft = checked(1, 0);
    draft.services[0].restart.when = When::Never;
    let mut stage = Stage::new(draft);
    stage.hook("check", Does::Exits(0, 1));
    stage.tell(Event::Started);
    stage.temper("app", Temper::Cleans(100));
    stage.at(5_000);
    assert_eq!(stage.told("other"), [(1_000, Signal::TERM)]);
    assert_eq!(
        stage.finish(),
        Some((1_100, 1)),
        "whatever it says when it is stopped for that"
    );
}

#[test]
fn a_check_of_an_earlier_life_says_nothing_of_this_one() {
    let mut stage = Stage::new(checked(1, 0));
    stage.hook("check", Does::Hangs);
    stage.tell(Event::Started);
    stage.at(1_100);
    stage.command(Command::Restart, "app");
    assert_eq!(stage.told_hook("check"), [(1_100, Signal::KILL)]);
    stage.hook("check", Does::Exits(0, 0));
    stage.at(60_000);
    assert_eq!(stage.told("app"), [(1_100, Signal::TERM)]);
    assert_eq!(stage.runs("check")[1], 2_100);
    // Nor when SIGKILL does not end it before the next life has begun.
    let mut stage = Stage::new(checked(1, 0));
    stage.hook("check", Does::Hangs);
    stage.tell(Event::Started);
    stage.at(1_100);
    stage.temper_of_hook("check", Temper::Stuck);
    stage.command(Command::Restart, "app");
    stage.at(1_900);
    assert_eq!(stage.told("app"), [(1_100, Signal::TERM)]);
    assert_eq!(stage.word("app"), "running");
}

fn watched(millis: u64) -> Draft {
    one(|app| app.watchdog = Some(ms(millis)))
}

#[test]
fn one_that_does_not_say_that_it_works_is_stopped() {
    let mut stage = Stage::started(watched(1_000));
    stage.at(900);
    stage.notify("app", Notice::Watchdog);
    stage.at(1_899);
    assert!(stage.told("app").is_empty());
    stage.at(1_900);
    assert_eq!(stage.told("app"), [(1_900, Signal::TERM)]);
    let said = stage.said(|note| matches!(note, Note::Unhealthy { watchdog: true, .. }));
    assert_eq!(said, [1_900]);
    stage.at(2_000);
    assert_eq!(stage.spawns("app"), [0, 2_000]);
    stage.at(2_999);
    assert_eq!(stage.told("app").len(), 1);
    stage.at(3_000);
    assert_eq!(stage.told("app").len(), 2, "the next life is watched too");
}

#[test]
fn it_can_say_itself_that_it_does_not_work_and_how_often_it_speaks() {
    let mut stage = Stage::started(watched(1_000));
    stage.notify("app", Notice::WatchdogTrigger);
    assert_eq!(stage.told("app"), [(0, Signal::TERM)]);
    let mut stage = Stage::started(watched(1_000));
    stage.notify("app", Notice::WatchdogPeriod(ms(5_000)));
    stage.at(4_999);
    assert!(stage.told("app").is_empty());
    stage.notify("app", Notice::WatchdogPeriod(ms(0)));
    stage.at(60_000);
    assert!(stage.told("app").is_empty(), "zero: nobody watches");
}

#[test]
fn a_watchdog_waits_for_readiness_and_ends_with_the_stop() {
    let mut draft = watched(1_000);
    draft.services[0].readiness = Readiness::Told;
    let mut stage = Stage::started(draft);
    stage.notify("app", Notice::Watchdog);
    stage.at(5_000);
    assert!(stage.told("app").is_empty());
    stage.notify("app", Notice::Ready);
    stage.temper("app", Temper::Cleans(3_000));
    stage.at(5_900);
    stage.signal(Signal::TERM);
    stage.notify("app", Notice::Watchdog);
    stage.notify("app", Notice::WatchdogTrigger);
    stage.at(20_000);
    assert_eq!(stage.told("app"), [(5_900, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((8_900, 0)), "in a stop it is no news");
}
