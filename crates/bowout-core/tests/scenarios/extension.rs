//! More time for who asks for it: as much as nobody else needs.

use super::stage::{Stage, Temper, ms, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::{Command, Notice};
use bowout_core::plan::{Condition, Draft, Readiness};
use bowout_core::{Action, Signal};

/// web (2 s) depends on db (3 s), in 9.5 s: 4.25 s are nobody's.
fn two() -> Draft {
    plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)];
            web.stop_timeout = Some(ms(2_000));
        }),
        service("db", |db| db.stop_timeout = Some(ms(3_000))),
    ])
}

fn granted(stage: &Stage) -> Vec<u64> {
    let mut all = Vec::new();
    for millis in 0..20_000 {
        let it = |action: &Action| matches!(action, Action::Extended { left, .. } if *left == ms(millis));
        all.extend(stage.when(it).iter().map(|_| millis));
    }
    all
}

fn killed(stage: &Stage, name: &str) -> Option<u64> {
    let told = stage.told(name);
    let kill = told.iter().find(|(_, signal)| *signal == Signal::KILL);
    kill.map(|(at, _)| *at)
}

#[test]
fn time_that_nobody_needs_is_given() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(1_000);
    stage.notify("web", Notice::Extend(ms(4_000)));
    assert_eq!(granted(&stage), [4_000]);
    stage.at(20_000);
    assert_eq!(killed(&stage, "web"), Some(5_000));
}

#[test]
fn what_is_reserved_for_others_is_not() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Ignores);
    stage.temper("db", Temper::Cleans(2_900));
    stage.signal(Signal::TERM);
    stage.at(1_000);
    stage.notify("web", Notice::Extend(ms(60_000)));
    // 9.5 s less 3 s of db and 0.25 s of the sweep.
    assert_eq!(granted(&stage), [5_250]);
    stage.at(6_250);
    assert_eq!(killed(&stage, "web"), Some(6_250));
    stage.notify("db", Notice::Extend(ms(60_000)));
    stage.at(20_000);
    assert_eq!(killed(&stage, "db"), None, "it had all of its time");
    assert_eq!(stage.finish(), Some((6_250 + 2_900, 137)));
}

#[test]
fn time_that_others_left_over_is_given_to_the_last() {
    let mut stage = Stage::started(two());
    stage.temper("db", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(100);
    stage.notify("db", Notice::Extend(ms(60_000)));
    stage.at(20_000);
    assert_eq!(killed(&stage, "db"), Some(9_250));
    assert_eq!(stage.finish(), Some((9_250, 137)));
}

#[test]
fn less_than_it_has_takes_nothing_away() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.notify("web", Notice::Extend(ms(10)));
    assert_eq!(granted(&stage), [2_000], "it is told what it has");
    stage.at(5_000);
    assert_eq!(killed(&stage, "web"), Some(2_000));
    stage.notify("web", Notice::Extend(ms(500)));
    assert_eq!(granted(&stage), [2_000], "it is down");
}

#[test]
fn a_start_can_take_longer_too() {
    let mut stage = Stage::started(plan(vec![service("app", |app| {
        app.readiness = Readiness::Told;
        app.start_timeout = Some(ms(1_000));
    })]));
    stage.at(900);
    stage.notify("app", Notice::Extend(ms(2_000)));
    stage.at(2_899);
    assert!(stage.told("app").is_empty());
    stage.at(2_900);
    let late = stage.said(|note| matches!(note, Note::StartTimedOut { .. }));
    assert_eq!(late, [2_900]);
}

#[test]
fn a_service_that_is_stopped_alone_has_what_it_asks_for_until_the_container_stops() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Ignores);
    stage.command(Command::Stop, "web");
    stage.at(1_000);
    stage.notify("web", Notice::Extend(ms(60_000)));
    stage.at(10_000);
    assert_eq!(killed(&stage, "web"), None);
    stage.signal(Signal::TERM);
    stage.at(40_000);
    assert_eq!(
        killed(&stage, "web"),
        Some(12_000),
        "its own 2 s, counted anew"
    );
}

#[test]
fn what_is_given_in_the_moment_in_which_a_stop_begins_is_what_the_stop_leaves() {
    let mut stage = Stage::started(plan(vec![
        service("web", |web| {
            web.readiness = Readiness::Told;
            web.start_timeout = Some(ms(5_000));
        }),
        service("db", |db| db.stop_timeout = Some(ms(3_000))),
    ]));
    stage.temper("db", Temper::Ignores);
    stage.at(4_000);
    stage.command(Command::Stop, "db");
    // web was not ready in time, and nobody has noticed.
    stage.late(5_100);
    stage.notify("db", Notice::Extend(ms(60_000)));
    let begun = |note: &Note| matches!(note, Note::StopBegun { .. });
    assert_eq!(stage.said(begun), [5_100]);
    assert_eq!(granted(&stage), [3_000]);
    stage.at(60_000);
    assert_eq!(killed(&stage, "db"), Some(8_100));
}
