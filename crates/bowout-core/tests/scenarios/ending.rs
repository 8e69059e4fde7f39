//! The end of a container with services: when it comes by itself, and with which exit code.

use super::stage::{Stage, Temper, ms, needs, plan, service};
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{Condition, Draft, Kind, Readiness, ServiceId};
use bowout_core::report::Reason;
use bowout_core::service::restart::When;
use bowout_core::{Action, Event, Signal, Status};

/// web depends on db.
fn two() -> Draft {
    plan(vec![
        service("web", |web| {
            web.depends_on = vec![needs(1, Condition::Ready)]
        }),
        service("db", |_| {}),
    ])
}

fn reason(stage: &Stage) -> Option<Reason> {
    stage.find(|action| match action {
        Action::Finish { report, .. } => Some(report.reason),
        _ => None,
    })
}

#[test]
fn an_essential_service_that_ends_takes_the_others_along_in_order() {
    for (status, code) in [
        (Status::Exited(0), 0),
        (Status::Exited(7), 7),
        (Status::by(Signal::KILL), 137),
    ] {
        let mut stage = Stage::started(two());
        stage.temper("web", Temper::Cleans(1_000));
        stage.at(100);
        let db = stage.main("db").unwrap();
        stage.ends_by_itself(db, status);
        assert_eq!(stage.told("web"), [(100, Signal::TERM)]);
        stage.at(20_000);
        assert_eq!(stage.finish(), Some((1_100, code)));
        let service = ServiceId(1);
        assert_eq!(reason(&stage), Some(Reason::Ended { service, status }));
    }
}

#[test]
fn a_stop_that_was_asked_for_is_0_when_all_ended_in_time() {
    for (temper, code) in [
        (Temper::Dies, 0),
        (Temper::Cleans(1_000), 0),
        (Temper::Ignores, 137),
    ] {
        for event in [false, true] {
            let mut stage = Stage::started(two());
            stage.temper("db", temper);
            match event {
                true => stage.tell(Event::StopRequested),
                false => stage.signal(Signal::TERM),
            }
            stage.at(20_000);
            assert_eq!(
                stage.finish().map(|(_, code)| code),
                Some(code),
                "{temper:?}"
            );
        }
    }
    // What it says of itself in a stop is its own business.
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Cleans(1_000));
    stage.signal(Signal::TERM);
    stage.exits("web", 3);
    assert_eq!(stage.finish(), Some((0, 0)));
}

#[test]
fn one_that_failed_and_is_still_there_is_137_whatever_an_earlier_run_ended_with() {
    let mut draft = plan(vec![service("app", |app| {
        app.watchdog = Some(ms(1_000));
        app.restart.when = When::Always;
        app.restart.limit = Some(1);
    })]);
    // Its end comes before bowout would give up what even SIGKILL does not end.
    draft.stop.grace = Some(ms(1_000));
    let mut stage = Stage::started(draft);
    stage.exits("app", 7);
    stage.at(100);
    stage.temper("app", Temper::Stuck);
    stage.at(20_000);
    assert_eq!(stage.finish(), Some((1_600, 137)));
}

#[test]
fn the_code_of_one_that_ended_by_itself_stays_although_another_is_killed() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Ignores);
    stage.exits("db", 7);
    stage.at(20_000);
    assert_eq!(stage.finish().map(|(_, code)| code), Some(7));
}

#[test]
fn one_that_is_not_essential_ends_alone() {
    let mut draft = two();
    draft.services[1].essential = false;
    let mut stage = Stage::started(draft);
    stage.exits("db", 7);
    stage.at(60_000);
    assert_eq!(stage.word("db"), "failed");
    assert_eq!(stage.word("web"), "running");
    assert_eq!(stage.finish(), None);
}

#[test]
fn when_nothing_is_left_the_container_ends() {
    for (codes, code) in [([0, 0], 0), ([0, 4], 4), ([5, 4], 5)] {
        let mut draft = two();
        for service in &mut draft.services {
            service.essential = false;
        }
        draft
            .services
            .push(service("tool", |tool| tool.autostart = false));
        let mut stage = Stage::started(draft);
        stage.exits("db", codes[1]);
        assert_eq!(stage.finish(), None);
        stage.at(100);
        stage.exits("web", codes[0]);
        assert_eq!(stage.finish(), Some((100, code)), "{codes:?}");
        assert_eq!(reason(&stage), Some(Reason::NothingLeft));
    }
}

#[test]
fn oneshots_that_have_all_completed_end_the_container_with_0() {
    let mut draft = two();
    for service in &mut draft.services {
        service.kind = Kind::Oneshot;
    }
    let mut stage = Stage::started(draft);
    stage.exits("db", 0);
    stage.exits("web", 0);
    assert_eq!(stage.finish(), Some((0, 0)));
}

#[test]
fn an_essential_oneshot_that_fails_ends_the_container() {
    let mut draft = two();
    draft.services[1].kind = Kind::Oneshot;
    draft.services.push(service("other", |_| {}));
    let mut stage = Stage::started(draft);
    stage.exits("db", 6);
    assert_eq!(stage.told("other"), [(0, Signal::TERM)]);
    assert!(stage.spawns("web").is_empty());
    assert_eq!(stage.finish(), Some((0, 6)));
}

#[test]
fn one_that_can_not_be_started_says_why_by_its_code() {
    for (kind, code) in [
        (SpawnErrorKind::NotFound, 127),
        (SpawnErrorKind::CannotExecute, 126),
        (SpawnErrorKind::Setup, 125),
    ] {
        for essential in [true, false] {
            let mut draft = two();
            draft.services[1].essential = essential;
            draft.services.push(service("other", |_| {}));
            let mut stage = Stage::new(draft);
            stage.broken.insert("db".into(), kind);
            stage.tell(Event::Started);
            assert!(stage.spawns("web").is_empty());
            // web is essential too, and what it depends on does not come.
            assert_eq!(stage.finish(), Some((0, code)), "{kind:?} {essential}");
            assert!(matches!(
                reason(&stage),
                Some(Reason::NotStarted {
                    service: ServiceId(1),
                    ..
                })
            ));
        }
    }
}

#[test]
fn one_that_never_becomes_ready_is_to_blame_for_those_that_wait() {
    let mut draft = two();
    draft.services[1].essential = false;
    draft.services[1].readiness = Readiness::Told;
    draft.services[1].start_timeout = Some(ms(1_000));
    let mut stage = Stage::started(draft);
    stage.temper("db", Temper::Cleans(0));
    stage.at(1_000);
    assert_eq!(stage.word("db"), "failed");
    assert_eq!(stage.finish(), Some((1_000, 1)));
    assert_eq!(
        reason(&stage),
        Some(Reason::Failed {
            service: ServiceId(1)
        })
    );
}

#[test]
fn a_command_that_does_not_work_has_failed_whatever_it_says() {
    let mut draft = Draft::single(service("app", |app| {
        app.readiness = Readiness::Told;
        app.start_timeout = Some(ms(1_000));
    }));
    draft.stop.grace = Some(ms(10_000));
    let mut stage = Stage::started(draft);
    stage.temper("app", Temper::Cleans(0));
    stage.at(1_000);
    assert_eq!(
        stage.finish(),
        Some((1_000, 1)),
        "it exits with 0 when it is stopped"
    );
}

#[test]
fn who_got_away_is_swept_and_counts() {
    for (temper, code) in [(Temper::Dies, 0), (Temper::Ignores, 137)] {
        let mut stage = Stage::new(two());
        stage.nameless = true;
        stage.tell(Event::Started);
        let db = stage.main("db").unwrap();
        let between = stage.fork("db", db, true);
        let away = stage.fork("db", between, true);
        stage.temper_of(away, temper);
        stage.ends_by_itself(between, Status::Exited(0));
        stage.signal(Signal::TERM);
        stage.at(20_000);
        let (at, said) = stage.finish().unwrap();
        assert!(at <= 9_500, "{temper:?} at {at}");
        assert_eq!(said, code, "{temper:?}");
    }
}

#[test]
fn the_report_names_everybody_and_who_was_killed() {
    let mut stage = Stage::started(two());
    stage.temper("web", Temper::Ignores);
    let (web, db) = (stage.main("web").unwrap(), stage.main("db").unwrap());
    stage.signal(Signal::TERM);
    stage.at(20_000);
    let report = stage
        .find(|action| match action {
            Action::Finish { report, .. } => Some(report.clone()),
            _ => None,
        })
        .unwrap();
    let pids: Vec<i32> = report
        .processes
        .iter()
        .map(|process| process.pid.get())
        .collect();
    assert_eq!(pids, [db, web]);
    let killed: Vec<i32> = report.killed().map(|process| process.pid.get()).collect();
    assert_eq!(killed, [web]);
    assert_eq!(report.code, 137);
    for (process, service) in report.processes.iter().zip([1, 0]) {
        assert_eq!(process.told[0].0, Signal::TERM);
        assert_eq!(process.service, Some(ServiceId(service)));
    }
}
