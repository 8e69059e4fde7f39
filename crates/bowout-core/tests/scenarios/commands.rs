//! Commands: what somebody wants of one service is done, and to that one.

use super::stage::{Does, Stage, Temper, hook, ms, needs, plan, service};
use bowout_core::action::Note;
use bowout_core::event::{Command, SpawnErrorKind};
use bowout_core::plan::{Condition, Draft, Kind, Readiness, ServiceMoment};
use bowout_core::service::restart::When;
use bowout_core::{Event, Signal};

/// web depends on db; other on nobody.
fn three() -> Draft {
    plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |_| {}),
        service("other", |_| {}),
    ])
}

#[test]
fn a_stop_is_graceful_and_of_one_service() {
    let mut draft = three();
    draft.services[1].restart.when = When::Always;
    let mut stage = Stage::started(draft);
    stage.temper("db", Temper::Cleans(700));
    stage.at(100);
    stage.command(Command::Stop, "db");
    assert_eq!(stage.told("db"), [(100, Signal::TERM)]);
    assert_eq!(stage.word("db"), "stopping");
    stage.at(60_000);
    assert_eq!(stage.ended("db"), [800]);
    assert_eq!(
        stage.word("db"),
        "stopped",
        "it stays down, whatever its policy"
    );
    assert_eq!(stage.spawns("db"), [0]);
    assert!(stage.told("web").is_empty(), "what depends on it goes on");
    assert_eq!(
        stage.finish(),
        None,
        "essential or not: somebody wanted it so"
    );
}

#[test]
fn a_stop_has_the_time_of_the_service() {
    let mut draft = three();
    draft.services[1].stop_timeout = Some(ms(2_000));
    let mut stage = Stage::started(draft);
    stage.temper("db", Temper::Ignores);
    stage.command(Command::Stop, "db");
    stage.at(5_000);
    assert_eq!(stage.told("db"), [(0, Signal::TERM), (2_000, Signal::KILL)]);
    stage.signal(Signal::TERM);
    let (_, code) = stage.finish().unwrap();
    assert_eq!(code, 0, "that one is no part of this stop");
}

#[test]
fn all_that_are_stopped_leave_the_container_up() {
    let mut stage = Stage::started(three());
    for name in ["web", "db", "other"] {
        stage.command(Command::Stop, name);
    }
    stage.at(1_000);
    assert_eq!(stage.finish(), None);
    assert!(stage.sup.is_ready(), "nothing is wanted");
    stage.command(Command::Start, "web");
    assert_eq!(stage.spawns("db"), [0, 1_000], "with what it depends on");
    assert_eq!(stage.spawns("web"), [0, 1_000]);
    assert_eq!(stage.spawns("other"), [0]);
}

#[test]
fn a_stop_before_the_exec_is_done_is_not_lost() {
    let mut stage = Stage::new(three());
    stage.slow = vec!["other".into()];
    stage.tell(Event::Started);
    stage.command(Command::Stop, "other");
    stage.at(100);
    stage.spawned("other");
    assert_eq!(stage.told("other"), [(100, Signal::TERM)]);
    assert_eq!(stage.word("other"), "stopped");
    // Nor is a start that takes it back.
    stage.command(Command::Start, "other");
    stage.command(Command::Stop, "other");
    stage.command(Command::Start, "other");
    stage.spawned("other");
    assert_eq!(stage.word("other"), "running");
}

#[test]
fn a_stop_during_a_pre_start_hook_asks_it_to_end() {
    let mut draft = three();
    draft.hooks = vec![hook("prepare", 2, ServiceMoment::PreStart, None)];
    let mut stage = Stage::new(draft);
    stage.hook("prepare", Does::Hangs);
    stage.tell(Event::Started);
    stage.at(100);
    stage.command(Command::Stop, "other");
    assert_eq!(stage.told_hook("prepare"), [(100, Signal::TERM)]);
    assert_eq!(stage.word("other"), "stopped");
    assert!(stage.spawns("other").is_empty());
    // And a restart begins with it again.
    stage.command(Command::Start, "other");
    stage.at(200);
    stage.hook("prepare", Does::Exits(0, 0));
    stage.command(Command::Restart, "other");
    assert_eq!(stage.runs("prepare"), [0, 100, 200]);
    assert_eq!(stage.spawns("other"), [200]);
}

#[test]
fn a_start_while_it_stops_follows_at_once() {
    let mut stage = Stage::started(three());
    stage.temper("db", Temper::Cleans(700));
    stage.command(Command::Stop, "db");
    stage.at(100);
    stage.command(Command::Start, "db");
    stage.at(5_000);
    assert_eq!(stage.spawns("db"), [0, 700]);
    assert_eq!(stage.word("db"), "running");
}

#[test]
fn a_start_of_one_that_stops_for_its_failure_is_not_lost() {
    let mut draft = three();
    draft.services[2].essential = false;
    draft.services[2].watchdog = Some(ms(1_000));
    let mut stage = Stage::started(draft);
    stage.temper("other", Temper::Cleans(700));
    stage.at(1_100);
    assert_eq!(stage.word("other"), "stopping");
    stage.command(Command::Start, "other");
    stage.at(1_700);
    assert_eq!(stage.spawns("other"), [0, 1_700]);
}

#[test]
fn a_restart_is_a_graceful_stop_and_a_start_without_a_pause() {
    let mut draft = three();
    draft.services[1].restart.when = When::Always;
    let mut stage = Stage::started(draft);
    stage.temper("db", Temper::Cleans(700));
    stage.command(Command::Restart, "db");
    assert_eq!(stage.told("db"), [(0, Signal::TERM)]);
    stage.at(5_000);
    assert_eq!(stage.spawns("db"), [0, 700]);
    assert!(stage.told("web").is_empty() && stage.told("other").is_empty());
    assert_eq!(stage.sup.service(stage.id("db")).attempts.total(), 1);
}

#[test]
fn a_restart_of_what_is_down_is_a_start() {
    let mut draft = three();
    draft.services[2].essential = false;
    draft.services[1].restart.when = When::Always;
    let mut stage = Stage::started(draft);
    stage.exits("other", 1);
    stage.exits("db", 1);
    assert_eq!(
        (stage.word("other"), stage.word("db")),
        ("failed", "backoff")
    );
    stage.at(10);
    stage.command(Command::Restart, "other");
    stage.command(Command::Restart, "db");
    assert_eq!(stage.spawns("other"), [0, 10]);
    assert_eq!(stage.spawns("db"), [0, 10], "the pause is not waited for");
    stage.exits("db", 1);
    stage.at(110);
    assert_eq!(stage.spawns("db"), [0, 10, 110], "and begins anew");
}

#[test]
fn a_restart_during_the_exec_takes_down_what_comes() {
    let mut stage = Stage::new(three());
    stage.slow = vec!["other".into()];
    stage.tell(Event::Started);
    stage.command(Command::Restart, "other");
    stage.spawned("other");
    assert_eq!(stage.told("other"), [(0, Signal::TERM)]);
    assert_eq!(stage.spawns("other").len(), 2);
    stage.broken.insert("other".into(), SpawnErrorKind::Setup);
    stage.spawned("other");
    assert_eq!(stage.word("other"), "running");
}

#[test]
fn a_signal_goes_to_the_main_process_and_is_no_stop() {
    let mut draft = three();
    draft.services[2].restart.when = When::OnFailure;
    let mut stage = Stage::started(draft);
    stage.tell(Event::Commanded(Command::Signal(
        stage.id("other"),
        Signal::USR1,
    )));
    assert_eq!(stage.told("other"), [(0, Signal::USR1)]);
    // One that ends of it has ended by itself.
    stage.tell(Event::Commanded(Command::Signal(
        stage.id("other"),
        Signal::TERM,
    )));
    assert_eq!(stage.word("other"), "backoff");
    stage.tell(Event::Commanded(Command::Signal(
        stage.id("other"),
        Signal::USR1,
    )));
    let lost = stage.said(|note| *note == Note::NotForwarded(Signal::USR1));
    assert_eq!(lost, [0]);
}

#[test]
fn a_reload_is_for_what_runs() {
    let mut draft = three();
    draft.services[2].reload.signal = Signal::USR2;
    let mut stage = Stage::started(draft);
    stage.command(Command::Reload, "other");
    assert_eq!(stage.told("other"), [(0, Signal::USR2)]);
    stage.command(Command::Stop, "other");
    stage.command(Command::Reload, "other");
    assert_eq!(
        stage.told("other").len(),
        2,
        "and of those the second is its stop"
    );
}

#[test]
fn in_a_stop_only_signals_are_taken() {
    let mut stage = Stage::started(three());
    for name in ["web", "db"] {
        stage.temper(name, Temper::Cleans(1_000));
    }
    stage.tell(Event::StopRequested);
    for command in [
        Command::Start,
        Command::Stop,
        Command::Restart,
        Command::Reload,
    ] {
        stage.command(command, "web");
        stage.command(command, "other");
    }
    assert_eq!(stage.told("web"), [(0, Signal::TERM)]);
    stage.tell(Event::Commanded(Command::Signal(
        stage.id("web"),
        Signal::USR1,
    )));
    assert_eq!(stage.told("web").len(), 2);
    stage.at(20_000);
    assert_eq!(stage.spawns("other"), [0]);
    assert_eq!(stage.finish(), Some((2_000, 0)));
}

#[test]
fn what_waits_for_one_that_was_stopped_waits_until_it_is_started() {
    let mut draft = three();
    draft.services[1].readiness = Readiness::Told;
    let mut stage = Stage::started(draft);
    stage.command(Command::Stop, "db");
    stage.at(1_000);
    assert_eq!(stage.word("web"), "waiting");
    stage.command(Command::Start, "db");
    let service = stage.id("db");
    stage.tell(Event::Ready { service });
    assert_eq!(stage.spawns("web"), [1_000]);
}

#[test]
fn a_oneshot_runs_again_when_it_is_asked_for_and_not_for_the_sake_of_others() {
    let mut draft = three();
    draft.services[1].kind = Kind::Oneshot;
    let mut stage = Stage::started(draft);
    stage.exits("db", 0);
    stage.exits("web", 0);
    let mut draft = three();
    draft.services[1].kind = Kind::Oneshot;
    draft.services[0].essential = false;
    let mut stage = Stage::started(draft);
    stage.exits("db", 0);
    stage.exits("web", 0);
    stage.command(Command::Start, "web");
    assert_eq!(
        (stage.spawns("db").len(), stage.spawns("web").len()),
        (1, 2)
    );
    stage.command(Command::Start, "db");
    assert_eq!(
        (stage.spawns("db").len(), stage.spawns("web").len()),
        (2, 2)
    );
}

#[test]
fn a_command_for_nobody_changes_nothing() {
    let mut stage = Stage::started(three());
    let before = stage.sup.clone();
    let nobody = bowout_core::plan::ServiceId(7);
    for command in [
        Command::Start,
        Command::Stop,
        Command::Restart,
        Command::Reload,
    ] {
        stage.tell(Event::Commanded(command(nobody)));
    }
    assert!(stage.sup == before);
}
