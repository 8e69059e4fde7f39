//! The budget of a stop, as it is kept: what each has, and what nobody can take from those after it.

use super::stage::{Does, Stage, Temper, hook, ms, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::Command;
use bowout_core::plan::{Condition, Draft, Readiness, ServiceMoment};
use bowout_core::{Action, Event, Signal};

fn chain(timeouts: [u64; 2]) -> Draft {
    plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)];
            web.stop_timeout = Some(ms(timeouts[0]));
        }),
        service("db", |db| db.stop_timeout = Some(ms(timeouts[1]))),
    ])
}

fn kill(stage: &Stage, name: &str) -> u64 {
    let told = stage.told(name);
    let kill = told.iter().find(|(_, signal)| *signal == Signal::KILL);
    kill.unwrap().0
}

#[test]
fn who_stops_has_what_was_promised_and_no_more() {
    let mut stage = Stage::started(chain([3_000, 4_000]));
    stage.temper("web", Temper::Ignores);
    stage.temper("db", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(kill(&stage, "web"), 3_000);
    assert_eq!(kill(&stage, "db"), 7_000);
    assert_eq!(stage.finish(), Some((7_000, 137)));
    assert!(
        stage
            .said(|note| matches!(note, Note::PlanScaled { .. }))
            .is_empty()
    );
}

#[test]
fn a_plan_that_does_not_fit_is_cut_alike_and_said_so() {
    let mut stage = Stage::started(chain([20_000, 10_000]));
    let said = stage.said(|note| matches!(note, Note::PlanScaled { .. }));
    assert_eq!(said, [0]);
    stage.temper("web", Temper::Ignores);
    stage.temper("db", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    let (web, db) = (kill(&stage, "web"), kill(&stage, "db"));
    assert!((6_200..6_300).contains(&web), "two parts: {web}");
    assert!(
        (3_100..3_200).contains(&(db - web)),
        "one part: {}",
        db - web
    );
    assert!(stage.finish().unwrap().0 <= 9_500);
}

#[test]
fn a_hook_of_a_service_that_hangs_takes_nothing_from_the_others() {
    for moment in [ServiceMoment::PreStop, ServiceMoment::PostStop] {
        let mut draft = chain([3_000, 3_000]);
        draft.hooks = vec![hook("hook", 0, moment, Some(ms(1_000)))];
        let mut stage = Stage::new(draft);
        stage.hook("hook", Does::Hangs);
        stage.tell(Event::Started);
        stage.temper("web", Temper::Cleans(2_900));
        stage.temper("db", Temper::Cleans(2_900));
        stage.signal(Signal::TERM);
        stage.at(20_000);
        let begun = if moment == ServiceMoment::PreStop {
            0
        } else {
            2_900
        };
        assert_eq!(stage.runs("hook"), [begun]);
        let kill = (begun + 1_000, Signal::KILL);
        assert_eq!(stage.told_hook("hook"), [kill], "{moment:?}");
        assert_eq!(
            stage.finish(),
            Some((6_800, 0)),
            "{moment:?}: all have ended by themselves"
        );
    }
}

#[test]
fn a_hook_without_a_time_has_a_share_of_the_chain() {
    let mut draft = chain([3_000, 3_000]);
    draft.hooks = vec![hook("hook", 0, ServiceMoment::PreStop, None)];
    let mut stage = Stage::new(draft);
    stage.hook("hook", Does::Hangs);
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(
        stage.told_hook("hook"),
        [(3_250, Signal::KILL)],
        "what 9.5 s leave"
    );
}

#[test]
fn a_service_that_is_stopped_already_has_no_more_in_the_stop_of_the_container() {
    let mut stage = Stage::started(chain([8_000, 1_000]));
    stage.temper("web", Temper::Ignores);
    stage.command(bowout_core::event::Command::Stop, "web");
    stage.at(7_000);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(kill(&stage, "web"), 8_000, "it began when it was told");
    assert_eq!(stage.told("db"), [(8_000, Signal::TERM)]);
}

#[test]
fn half_time_tells_those_below_one_in_charge() {
    let mut stage = Stage::started(chain([4_000, 1_000]));
    stage.temper("web", Temper::Cleans(3_500));
    let main = stage.main("web").unwrap();
    let worker = stage.fork("web", main, false);
    stage.temper_of(worker, Temper::Dies);
    stage.signal(Signal::TERM);
    assert_eq!(stage.told("web").len(), 1, "its master was told");
    stage.at(20_000);
    assert_eq!(
        stage.told("web"),
        [(0, Signal::TERM), (2_000, Signal::TERM)]
    );
    assert_eq!(stage.ended("web"), [2_000, 3_500]);
}

/// web hangs until its SIGKILL, and its hook until that of the hook: it may still need db, and has all of
/// the time that it was promised.
#[test]
fn hooks_after_a_sigkill_come_before_what_the_service_depended_on() {
    let mut draft = chain([2_000, 1_000]);
    draft.hooks = vec![hook("upload", 0, ServiceMoment::PostStop, Some(ms(3_000)))];
    // Nothing is left over: 2 s, 3 s, 1 s, and 250 ms for the sweep.
    draft.stop.grace = Some(ms(6_750));
    let mut stage = Stage::new(draft);
    stage.hook("upload", Does::Hangs);
    stage.tell(Event::Started);
    stage.temper("web", Temper::Ignores);
    stage.temper("db", Temper::Ignores);
    stage.tell(Event::StopRequested);
    stage.at(20_000);
    let (term, kill) = (Signal::TERM, Signal::KILL);
    assert_eq!(stage.told("web"), [(0, term), (2_000, kill)]);
    assert_eq!(stage.told_hook("upload"), [(5_000, kill)]);
    assert_eq!(stage.told("db"), [(5_000, term), (6_000, kill)]);
}

/// A hook that not even SIGKILL ends is given up after a moment: that moment is the next hook's.
#[test]
fn hooks_that_take_too_long_take_it_from_each_other() {
    let mut draft = chain([2_000, 5_250]);
    let limit = Some(ms(1_000));
    draft.hooks = vec![
        hook("first", 0, ServiceMoment::PreStop, limit),
        hook("second", 0, ServiceMoment::PreStop, limit),
    ];
    let mut stage = Stage::new(draft);
    stage.hook("first", Does::Hangs);
    stage.hook("second", Does::Hangs);
    stage.tell(Event::Started);
    stage.temper("web", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.temper_of_hook("first", Temper::Stuck);
    stage.at(20_000);
    assert_eq!(stage.told_hook("first")[0], (1_000, Signal::KILL));
    assert_eq!(stage.runs("second"), [1_250]);
    assert_eq!(stage.told_hook("second"), [(2_000, Signal::KILL)]);
    assert_eq!(
        stage.told("web"),
        [(2_000, Signal::TERM), (4_000, Signal::KILL)]
    );
}

#[test]
fn who_is_told_in_the_moment_in_which_a_stop_begins_is_told_what_it_has() {
    let mut stage = Stage::started(plan(vec![
        service("app", |app| {
            app.depends_on = vec![needs(1, Condition::Ready)];
        }),
        service("web", |web| {
            web.readiness = Readiness::Told;
            web.essential = false;
        }),
        // With the sweep that is twice the time there is.
        service("db", |db| db.stop_timeout = Some(ms(18_750))),
    ]));
    stage.temper("db", Temper::Ignores);
    // One look finds db, which is to be told, and that nobody of web is left, without which app can't be.
    stage.slow_look = true;
    stage.exits("web", 7);
    stage.command(Command::Stop, "db");
    stage.slow_look = false;
    stage.looked();
    let begun = |note: &Note| matches!(note, Note::StopBegun { .. });
    assert_eq!(stage.said(begun), [0]);
    let told = stage.find(|action| match action {
        Action::Signal { left, .. } => *left,
        _ => None,
    });
    stage.at(60_000);
    assert_eq!((told, kill(&stage, "db")), (Some(9_375), 9_375));
}
