//! Hooks of a service: at which moment they run, for how long, and what their failure means.

use super::stage::{Does, Stage, Temper, hook, ms, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::{Command, Notice};
use bowout_core::plan::{Condition, Draft, Readiness, ServiceMoment};
use bowout_core::service::restart::When;
use bowout_core::{Action, Event, Signal};

/// web depends on db; these hooks are web's.
fn with(moments: &[(&str, ServiceMoment)]) -> Draft {
    let mut draft = plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |_| {}),
    ]);
    let hooks = moments.iter();
    draft.hooks = hooks
        .map(|(name, moment)| hook(name, 0, *moment, Some(ms(1_000))))
        .collect();
    draft
}

#[test]
fn before_the_start_they_run_one_after_the_other() {
    let mut stage = Stage::new(with(&[
        ("first", ServiceMoment::PreStart),
        ("second", ServiceMoment::PreStart),
    ]));
    stage.hook("first", Does::Exits(300, 0));
    stage.hook("second", Does::Exits(200, 0));
    stage.tell(Event::Started);
    stage.at(499);
    assert_eq!(stage.word("web"), "starting");
    assert!(stage.spawns("web").is_empty());
    stage.at(500);
    assert_eq!(
        (stage.runs("first"), stage.runs("second")),
        (vec![0], vec![300])
    );
    assert_eq!(stage.spawns("web"), [500]);
}

#[test]
fn one_that_fails_before_the_start_is_a_failed_start() {
    for (does, code) in [
        (Does::Exits(0, 9), 9),
        (Does::Hangs, 137),
        (Does::CanNotStart, 127),
    ] {
        for when in [When::Never, When::OnFailure] {
            let mut draft = with(&[
                ("first", ServiceMoment::PreStart),
                ("second", ServiceMoment::PreStart),
            ]);
            draft.services[0].restart.when = when;
            let mut stage = Stage::new(draft);
            stage.hook("first", does);
            stage.tell(Event::Started);
            stage.at(1_099);
            assert!(stage.spawns("web").is_empty() && stage.runs("second").is_empty());
            match when {
                When::OnFailure => {
                    assert_eq!(stage.finish(), None);
                    stage.hook("first", Does::Exits(0, 0));
                    stage.at(3_000);
                    assert_eq!(stage.spawns("web").len(), 1, "{does:?}: tried again");
                }
                _ => assert_eq!(stage.finish().map(|(_, code)| code), Some(code), "{does:?}"),
            }
        }
    }
}

#[test]
fn a_lack_of_processes_is_no_failure_of_the_hook() {
    let mut stage = Stage::new(with(&[("prepare", ServiceMoment::PreStart)]));
    stage.hook("prepare", Does::Starves);
    stage.tell(Event::Started);
    stage.at(699);
    assert_eq!(stage.runs("prepare"), [0, 100, 300]);
    stage.hook("prepare", Does::Exits(0, 0));
    stage.at(700);
    assert_eq!(stage.spawns("web"), [700]);
    assert_eq!(stage.finish(), None);
    let mut stage = Stage::new(with(&[("prepare", ServiceMoment::PreStart)]));
    stage.hook("prepare", Does::Starves);
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    assert_eq!(stage.finish(), Some((0, 0)));
}

#[test]
fn after_the_start_they_run_once_it_is_ready() {
    let mut draft = with(&[("greet", ServiceMoment::PostStart)]);
    draft.services[0].readiness = Readiness::Told;
    let mut stage = Stage::started(draft);
    stage.at(400);
    assert!(stage.runs("greet").is_empty());
    stage.notify("web", Notice::Ready);
    assert_eq!(stage.runs("greet"), [400]);
    stage.hook("greet", Does::Exits(0, 1));
    assert!(stage.is_ready("web"), "its failure changes nothing");
    assert_eq!(stage.finish(), None);
}

#[test]
fn what_is_to_stop_at_once_is_never_said_to_be_ready() {
    let mut stage = Stage::new(with(&[("greet", ServiceMoment::PostStart)]));
    stage.slow = vec!["web".into()];
    stage.tell(Event::Started);
    stage.command(Command::Stop, "web");
    stage.at(100);
    stage.spawned("web");
    assert_eq!(stage.told("web"), [(100, Signal::TERM)]);
    assert!(stage.runs("greet").is_empty(), "it is not announced either");
    assert_eq!(stage.word("web"), "stopped");
}

#[test]
fn before_the_stop_they_run_and_nobody_is_told_meanwhile() {
    let mut stage = Stage::new(with(&[
        ("first", ServiceMoment::PreStop),
        ("second", ServiceMoment::PreStop),
    ]));
    stage.hook("first", Does::Exits(300, 7));
    stage.hook("second", Does::Hangs);
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(
        (stage.runs("first"), stage.runs("second")),
        (vec![0], vec![300])
    );
    assert_eq!(stage.told_hook("second"), [(1_300, Signal::KILL)]);
    assert_eq!(
        stage.told("web"),
        [(1_300, Signal::TERM)],
        "a failure changes nothing"
    );
    assert_eq!(stage.finish(), Some((1_300, 0)));
}

#[test]
fn before_the_stop_none_runs_for_one_that_ended_by_itself() {
    let mut draft = with(&[
        ("leave", ServiceMoment::PreStop),
        ("clear", ServiceMoment::PostStop),
    ]);
    draft.services[0].restart.when = When::Always;
    let mut stage = Stage::new(draft);
    stage.hook("clear", Does::Exits(250, 0));
    stage.tell(Event::Started);
    stage.exits("web", 1);
    stage.at(1_000);
    assert!(stage.runs("leave").is_empty());
    assert_eq!(stage.runs("clear"), [0], "after every end");
    assert_eq!(stage.spawns("web"), [0, 350], "and before the next start");
}

#[test]
fn after_the_stop_they_run_before_what_it_depends_on_goes() {
    let mut stage = Stage::new(with(&[("clear", ServiceMoment::PostStop)]));
    stage.hook("clear", Does::Exits(400, 1));
    stage.tell(Event::Started);
    let main = stage.main("web").unwrap();
    let worker = stage.fork("web", main, false);
    stage.temper_of(worker, Temper::Cleans(600));
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(stage.runs("clear"), [600], "its last process has ended");
    assert_eq!(stage.told("db"), [(1_000, Signal::TERM)]);
    assert_eq!(stage.finish(), Some((1_000, 0)));
}

#[test]
fn a_stop_command_takes_the_place_of_the_signal() {
    let mut stage = Stage::new(with(&[("halt", ServiceMoment::Stop)]));
    stage.hook("halt", Does::Exits(100, 0));
    stage.tell(Event::Started);
    stage.signal(Signal::TERM);
    assert_eq!(stage.runs("halt"), [0]);
    stage.at(500);
    assert!(stage.told("web").is_empty());
    stage.exits("web", 0);
    assert_eq!(stage.finish(), Some((500, 0)));
}

#[test]
fn where_the_stop_command_does_nothing_the_signal_goes_out() {
    for (does, at) in [
        // Half of 4 s.
        (Does::Exits(100, 0), 2_000),
        (Does::Hangs, 1_000),
        (Does::Exits(100, 1), 100),
        (Does::CanNotStart, 0),
    ] {
        let mut draft = with(&[("halt", ServiceMoment::Stop)]);
        draft.services[0].stop_timeout = Some(ms(4_000));
        let mut stage = Stage::new(draft);
        stage.hook("halt", does);
        stage.tell(Event::Started);
        stage.signal(Signal::TERM);
        stage.at(20_000);
        assert_eq!(stage.told("web"), [(at, Signal::TERM)], "{does:?}");
        assert_eq!(stage.finish(), Some((at, 0)));
    }
}

#[test]
fn a_stop_command_that_hangs_does_not_delay_the_sigkill() {
    let mut draft = with(&[("halt", ServiceMoment::Stop)]);
    draft.services[0].stop_timeout = Some(ms(1_500));
    let mut stage = Stage::new(draft);
    stage.hook("halt", Does::Hangs);
    stage.tell(Event::Started);
    stage.temper("web", Temper::Ignores);
    stage.signal(Signal::TERM);
    stage.at(20_000);
    assert_eq!(
        stage.told("web"),
        [(750, Signal::TERM), (1_500, Signal::KILL)]
    );
}

#[test]
fn a_stop_command_may_go_on_when_the_service_has_ended() {
    for (does, killed, end) in [
        (Does::Exits(700, 0), &[][..], 700),
        (Does::Hangs, &[(1_000, Signal::KILL)], 1_000),
    ] {
        let mut stage = Stage::new(with(&[("halt", ServiceMoment::Stop)]));
        stage.hook("halt", does);
        stage.tell(Event::Started);
        stage.signal(Signal::TERM);
        stage.at(100);
        stage.exits("web", 0);
        stage.at(20_000);
        assert_eq!(stage.told_hook("halt"), killed, "{does:?}");
        assert_eq!(stage.told("db"), [(end, Signal::TERM)], "{does:?}");
        assert_eq!(stage.finish(), Some((end, 0)), "{does:?}");
    }
}

#[test]
fn a_stop_command_has_no_longer_than_a_stop_of_the_container_leaves() {
    let mut draft = with(&[("halt", ServiceMoment::Stop)]);
    draft.hooks[0].timeout = None;
    draft.services[0].stop_timeout = Some(ms(60_000));
    draft.services[1].stop_timeout = Some(ms(4_000));
    let mut stage = Stage::new(draft);
    stage.hook("halt", Does::Hangs);
    stage.tell(Event::Started);
    stage.command(Command::Stop, "web");
    stage.at(100);
    stage.exits("web", 0);
    stage.signal(Signal::TERM);
    stage.at(120_000);
    let killed = stage.told_hook("halt");
    let [(at, Signal::KILL)] = killed[..] else {
        panic!("{killed:?}");
    };
    assert_eq!(stage.told("db"), [(at, Signal::TERM)]);
    // Both parts are scaled down to what the grace period leaves, 60 to 4.
    assert!(at < 9_000, "killed at {at}, and nothing is left for db");
}

#[test]
fn a_hook_reloads_instead_of_the_signal() {
    let mut stage = Stage::started(with(&[("again", ServiceMoment::Reload)]));
    stage.at(100);
    stage.command(Command::Reload, "web");
    assert_eq!(stage.runs("again"), [100]);
    assert!(stage.told("web").is_empty());
    stage.command(Command::Reload, "db");
    assert_eq!(stage.told("db"), [(100, Signal::HUP)]);
}

#[test]
fn what_hangs_beside_a_service_does_not_outlive_it() {
    for moment in [ServiceMoment::PostStart, ServiceMoment::Reload] {
        let mut stage = Stage::new(with(&[("hook", moment)]));
        stage.hook("hook", Does::Hangs);
        stage.tell(Event::Started);
        stage.command(Command::Reload, "web");
        stage.at(100);
        stage.signal(Signal::TERM);
        assert_eq!(stage.told_hook("hook"), [(100, Signal::KILL)], "{moment:?}");
        assert_eq!(stage.finish(), Some((100, 0)), "{moment:?}");
    }
}

#[test]
fn each_is_told_how_long_it_has() {
    let mut stage = Stage::started(with(&[
        ("prepare", ServiceMoment::PreStart),
        ("leave", ServiceMoment::PreStop),
    ]));
    stage.signal(Signal::TERM);
    let given = stage.when(
        |action| matches!(action, Action::RunHook { time: Some(time), .. } if *time == ms(1_000)),
    );
    assert_eq!(given.len(), 2);
    let ended =
        stage.said(|note| matches!(note, Note::HookEnded { outcome, .. } if outcome.is_success()));
    assert_eq!(ended.len(), 2, "and what became of it is said");
}
