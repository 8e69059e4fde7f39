//! Stops of the container: in which order, whom they reach, and that nobody costs another its stop.

use super::stage::{Does, Stage, Temper, hook, ms, needs, plan, service};
use bowout_core::action::Target;
use bowout_core::event::Command;
use bowout_core::plan::{Condition, Draft, KillMode, Plan, ServiceId, ServiceMoment};
use bowout_core::process::Process;
use bowout_core::{Action, Event, Instant, Pid, Signal, Status, Supervisor};

/// web depends on app, app on db.
fn chain() -> Draft {
    let on = |on| vec![needs(on, Condition::Ready)];
    plan(vec![
        service("web", |web| web.depends_on = on(1)),
        service("app", |app| app.depends_on = on(2)),
        service("db", |_| {}),
    ])
}

#[test]
fn a_chain_stops_from_its_head() {
    let mut stage = Stage::started(chain());
    for name in ["web", "app", "db"] {
        stage.temper(name, Temper::Cleans(1_000));
    }
    stage.at(100);
    stage.signal(Signal::TERM);
    assert!(!stage.sup.is_ready());
    stage.at(20_000);
    assert_eq!(stage.told("web"), [(100, Signal::TERM)]);
    assert_eq!(stage.told("app"), [(1_100, Signal::TERM)]);
    assert_eq!(stage.told("db"), [(2_100, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((3_100, 0)));
}

/// A survey takes time: its answer can show one who was reaped meanwhile, whose number is free.
#[test]
fn who_was_reaped_while_a_survey_was_taken_is_told_nothing() {
    let draft = plan(vec![service("a", |_| {}), service("b", |_| {})]);
    let mut sup = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
    let now = Instant::ZERO;
    let pids = [Pid::new(2), Pid::new(3)];
    let [living, reaped] = pids;
    _ = sup.handle(now, Event::Started);
    for (service, pid) in [(0, living), (1, reaped)] {
        let service = ServiceId(service);
        _ = sup.handle(now, Event::Spawned { service, pid });
    }
    let asked = sup.handle(now, Event::StopRequested);
    let is_survey = |action: &Action| matches!(action, Action::Survey { .. });
    assert!(asked.iter().any(is_survey));
    let (pid, status) = (reaped, Status::Exited(0));
    _ = sup.handle(now, Event::Exited { pid, status });
    let seen = pids.map(|pid| Process::new(pid, Pid::INIT)).into();
    let told = sup.handle(now, Event::Surveyed(Some(seen)));
    let is_to = |pid: Pid| {
        let to_it = Target::Process(pid);
        let is_it =
            |action: &Action| matches!(action, Action::Signal { target, .. } if *target == to_it);
        told.iter().any(is_it)
    };
    assert!(is_to(living) && !is_to(reaped));
}

/// Who ends and was never seen may have been the last one that a main process left.
#[test]
fn the_end_of_somebody_unknown_has_those_looked_for_who_are_left() {
    let draft = plan(vec![service("a", |_| {})]);
    let mut sup = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
    let now = Instant::ZERO;
    let [main, child, unknown] = [2, 3, 4].map(Pid::new);
    let exited = |pid| Event::Exited {
        pid,
        status: Status::Exited(0),
    };
    let both = vec![Process::new(main, Pid::INIT), Process::new(child, main)];
    let left = vec![Process::new(child, Pid::INIT)];
    let service = ServiceId(0);
    let is_survey = |action: &Action| matches!(action, Action::Survey { .. });
    let events = [
        (Event::Started, false),
        (Event::Spawned { service, pid: main }, false),
        (exited(unknown), false),
        (Event::StopRequested, true),
        (Event::Surveyed(Some(both)), true),
        (Event::Surveyed(Some(left.clone())), false),
        (exited(unknown), false),
        (exited(main), true),
        (Event::Surveyed(Some(left)), false),
        (exited(unknown), true),
    ];
    for (event, looks) in events {
        let answer = sup.handle(now, event.clone());
        assert_eq!(answer.iter().any(is_survey), looks, "{event:?}: {answer:?}");
    }
}

#[test]
fn what_is_free_stops_at_the_same_time() {
    let names = ["a", "b", "c", "d", "e"];
    let mut stage = Stage::started(plan(names.map(|name| service(name, |_| {})).into()));
    for name in names {
        stage.temper(name, Temper::Cleans(1_000));
    }
    stage.signal(Signal::TERM);
    stage.at(20_000);
    for name in names {
        assert_eq!(stage.told(name), [(0, Signal::TERM)]);
    }
    assert_eq!(stage.finish(), Some((1_000, 0)));
}

#[test]
fn one_that_ignores_everything_costs_nobody_its_stop() {
    let mut stage = Stage::started(chain());
    stage.temper("web", Temper::Ignores);
    stage.temper("app", Temper::Cleans(1_000));
    stage.temper("db", Temper::Cleans(1_000));
    stage.signal(Signal::TERM);
    stage.at(20_000);
    let killed = |name: &str| {
        let told = stage.told(name);
        told.iter().any(|(_, signal)| *signal == Signal::KILL)
    };
    assert!(killed("web") && !killed("app") && !killed("db"));
    let (at, code) = stage.finish().unwrap();
    assert!(at < 9_500, "at {at}");
    assert_eq!(code, 137);
    let web = stage.ended("web")[0];
    assert_eq!(stage.ended("app"), [web + 1_000]);
    assert_eq!(stage.ended("db"), [web + 2_000]);
}

#[test]
fn one_that_not_even_sigkill_ends_holds_nobody_up() {
    let mut stage = Stage::started(chain());
    stage.temper("web", Temper::Stuck);
    stage.temper("app", Temper::Cleans(1_000));
    stage.signal(Signal::TERM);
    stage.at(20_000);
    let kill = stage.told("web").last().copied().unwrap();
    assert_eq!(kill.1, Signal::KILL);
    assert_eq!(
        stage.told("app"),
        [(kill.0, Signal::TERM)],
        "at that moment"
    );
    assert_eq!(stage.told("db"), [(kill.0 + 1_000, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((9_500, 137)), "it is there to the end");
}

#[test]
fn a_stop_before_the_exec_is_done_is_not_lost() {
    let mut stage = Stage::new(chain());
    stage.slow = vec!["app".into()];
    stage.tell(Event::Started);
    stage.at(100);
    stage.signal(Signal::TERM);
    stage.at(300);
    assert!(stage.told("db").is_empty(), "app may need it");
    stage.temper("app", Temper::Cleans(500));
    stage.spawned("app");
    assert_eq!(stage.told("app"), [(300, Signal::TERM)]);
    stage.at(5_000);
    assert!(stage.spawns("web").is_empty());
    assert_eq!(stage.told("db"), [(800, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((800, 0)));
}

#[test]
fn a_stop_during_a_pre_start_hook_asks_it_to_end() {
    for does in [Does::Hangs, Does::Exits(60_000, 0)] {
        let mut draft = chain();
        draft.hooks = vec![hook("prepare", 1, ServiceMoment::PreStart, None)];
        let mut stage = Stage::new(draft);
        stage.hook("prepare", does);
        stage.tell(Event::Started);
        stage.at(100);
        stage.signal(Signal::TERM);
        stage.at(20_000);
        assert_eq!(stage.told_hook("prepare"), [(100, Signal::TERM)]);
        assert!(stage.spawns("app").is_empty());
        assert_eq!(stage.told("db"), [(100, Signal::TERM)]);
        assert_eq!(stage.finish(), Some((100, 0)));
    }
}

#[test]
fn a_pre_start_hook_that_does_not_end_leaves_the_others_their_time() {
    let mut draft = chain();
    draft.hooks = vec![hook("prepare", 1, ServiceMoment::PreStart, None)];
    let mut stage = Stage::new(draft);
    stage.hook("prepare", Does::Hangs);
    stage.temper("db", Temper::Cleans(1_000));
    stage.tell(Event::Started);
    stage.temper_of_hook("prepare", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    let kill = stage.told_hook("prepare")[1];
    assert_eq!(kill.1, Signal::KILL);
    assert_eq!(stage.told("db"), [(kill.0, Signal::TERM)]);
    let (at, code) = stage.finish().unwrap();
    assert_eq!((at, code), (kill.0 + 1_000, 0));
    assert!(at < 9_500, "at {at}");
}

#[test]
fn a_pre_start_hook_that_is_being_started_is_asked_when_it_is_there() {
    let mut draft = chain();
    draft.hooks = vec![hook("prepare", 2, ServiceMoment::PreStart, None)];
    let mut stage = Stage::new(draft);
    stage.slow = vec!["prepare".into()];
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    assert_eq!(stage.finish(), None);
    stage.at(100);
    stage.hook_spawned("prepare");
    assert_eq!(stage.told_hook("prepare"), [(100, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((100, 0)));
}

#[test]
fn a_hook_that_was_asked_to_end_before_has_no_more_time_than_others() {
    let mut draft = chain();
    draft.services[1].stop_timeout = Some(ms(60_000));
    draft.hooks = vec![hook("prepare", 1, ServiceMoment::PreStart, None)];
    let mut stage = Stage::new(draft);
    stage.hook("prepare", Does::Hangs);
    stage.temper("db", Temper::Cleans(20));
    stage.tell(Event::Started);
    stage.temper_of_hook("prepare", Temper::Ignores);
    stage.command(Command::Stop, "app");
    stage.at(100);
    stage.signal(Signal::TERM);
    stage.at(70_000);
    assert_eq!(stage.told("db").len(), 1, "its stop is not cut short");
    assert_eq!(stage.finish().unwrap().1, 0);
}

#[test]
fn what_waits_is_not_started_any_more() {
    let mut draft = chain();
    draft.services[2].readiness = bowout_core::plan::Readiness::Told;
    let mut stage = Stage::started(draft);
    stage.temper("db", Temper::Cleans(1_000));
    stage.signal(Signal::TERM);
    let service = stage.id("db");
    stage.tell(Event::Ready { service });
    stage.at(5_000);
    assert!(stage.spawns("app").is_empty() && stage.spawns("web").is_empty());
    assert_eq!(stage.finish(), Some((1_000, 0)));
}

#[test]
fn the_signal_that_came_goes_on_unless_another_is_set() {
    let mut draft = chain();
    draft.stop.on = draft.stop.on.with(Signal::QUIT);
    draft.services[1].stop_signal = vec![Signal::INT];
    let mut stage = Stage::started(draft);
    stage.signal(Signal::QUIT);
    assert_eq!(stage.told("web"), [(0, Signal::QUIT)]);
    assert_eq!(stage.told("app"), [(0, Signal::INT)]);
    assert_eq!(stage.told("db"), [(0, Signal::QUIT)]);
}

#[test]
fn a_second_sigterm_changes_nothing_and_ctrl_c_hurries() {
    let mut stage = Stage::started(chain());
    for name in ["web", "app", "db"] {
        stage.temper(name, Temper::Ignores);
    }
    stage.signal(Signal::TERM);
    let due = stage.sup.deadline();
    stage.signal(Signal::TERM);
    assert_eq!(stage.sup.deadline(), due);
    stage.at(1_000);
    stage.signal(Signal::INT);
    stage.at(3_126);
    // A quarter of the 8.5 s that are left, for all.
    assert_eq!(stage.finish().map(|(_, code)| code), Some(137));

    let mut stage = Stage::started(chain());
    for name in ["web", "app", "db"] {
        stage.temper(name, Temper::Ignores);
    }
    stage.signal(Signal::INT);
    stage.signal(Signal::INT);
    assert!(stage.told("app").is_empty());
    stage.signal(Signal::INT);
    for name in ["web", "app", "db"] {
        let told = stage.told(name);
        assert!(
            told.iter()
                .any(|(at, signal)| (*at, *signal) == (0, Signal::KILL)),
            "{name}"
        );
    }
    assert_eq!(stage.finish(), Some((0, 137)));
}

#[test]
fn nobody_below_stops_while_a_process_above_runs() {
    for mode in [KillMode::Auto, KillMode::Main, KillMode::Group] {
        let mut draft = chain();
        draft.services[0].kill_mode = mode;
        let mut stage = Stage::started(draft);
        let main = stage.main("web").unwrap();
        let worker = stage.fork("web", main, false);
        // The main process dies at once, its worker cleans up.
        stage.temper_of(worker, Temper::Cleans(800));
        stage.signal(Signal::TERM);
        stage.at(20_000);
        assert_eq!(stage.ended("web"), [0, 800], "{mode:?}");
        assert_eq!(stage.told("app"), [(800, Signal::TERM)], "{mode:?}");
        assert_eq!(stage.finish(), Some((800, 0)), "{mode:?}");
    }
}

#[test]
fn without_a_grace_nobody_is_killed() {
    let mut draft = chain();
    draft.stop.grace = None;
    draft.services[1].stop_timeout = Some(ms(2_000));
    let mut stage = Stage::started(draft);
    for name in ["web", "app", "db"] {
        stage.temper(name, Temper::Ignores);
    }
    stage.signal(Signal::TERM);
    stage.at(3_600_000);
    assert!(stage.told("app").is_empty(), "web is waited for");
    assert!(
        stage
            .told("web")
            .iter()
            .all(|(_, signal)| *signal == Signal::TERM)
    );
    stage.exits("web", 0);
    stage.at(3_700_000);
    let kill = (3_602_000, Signal::KILL);
    assert_eq!(
        stage.told("app"),
        [(3_600_000, Signal::TERM), kill],
        "it has a time of its own"
    );
    assert!(
        stage
            .told("db")
            .iter()
            .all(|(_, signal)| *signal == Signal::TERM)
    );
    assert_eq!(stage.finish(), None);
}

#[test]
fn the_sigkill_goes_out_although_it_is_seen_just_then_that_nobody_can_look() {
    let db = service("db", |db| db.stop_timeout = Some(ms(1_000)));
    let mut stage = Stage::started(plan(vec![db]));
    stage.temper("db", Temper::Ignores);
    (stage.proc, stage.slow_look) = (false, true);
    stage.command(Command::Stop, "db");
    stage.late(1_000);
    stage.looked();
    assert_eq!(stage.told("db"), [(1_000, Signal::KILL)]);
    assert_eq!(stage.ended("db"), [1_000]);
}

#[test]
fn drain_and_hooks_of_the_container_come_first() {
    let mut draft = chain();
    draft.stop.drain = ms(1_000);
    for (name, moment) in [
        ("before", bowout_core::plan::HookMoment::PreStop),
        ("after", bowout_core::plan::HookMoment::PostStop),
    ] {
        draft.hooks.push(bowout_core::plan::Hook {
            name: name.into(),
            moment,
            timeout: Some(ms(500)),
        });
    }
    let mut stage = Stage::new(draft);
    stage.hook("before", Does::Exits(300, 1));
    stage.hook("after", Does::Exits(200, 0));
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(stage.runs("before"), [0]);
    assert_eq!(stage.told("web"), [(1_300, Signal::TERM)]);
    assert_eq!(stage.runs("after"), [1_300]);
    assert_eq!(stage.finish(), Some((1_500, 0)));
    // Nothing needs the drain any more.
    let mut draft = chain();
    draft.stop.drain = ms(1_000);
    let mut stage = Stage::started(draft);
    stage.signal(Signal::TERM);
    stage.at(100);
    for name in ["web", "app", "db"] {
        stage.exits(name, 0);
    }
    assert_eq!(stage.finish(), Some((100, 0)));
}
