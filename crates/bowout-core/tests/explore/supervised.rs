//! Searches services that wait for each other, are asked and ask, come back, and are given more time.

use super::plans::{CLEANS, DIES, IGNORES, ms, root};
use super::search::search;
use super::services::{CHAIN, DIAMOND, one_each, services};
use crate::world::asking::{Ask, Whom};
use crate::world::script::{Ends, Script};
use crate::world::{Case, Part};
use bowout_core::Signal;
use bowout_core::event::{Command, Notice, SpawnErrorKind};
use bowout_core::plan::{
    Condition, Draft, Hook, HookMoment, KillMode, Kind, Liveness, Plan, Readiness, ServiceId,
    ServiceMoment,
};
use bowout_core::service::restart::{Restart, When};

const THREE: &[&[usize]] = &[&[1], &[2], &[]];
/// A program that ends at once, well or not.
const EITHER: Script = DIES.restless().either();

fn awaiting(mut draft: Draft, condition: Condition) -> Draft {
    for service in &mut draft.services {
        for dependency in &mut service.depends_on {
            dependency.condition = condition;
        }
    }
    draft
}

fn hook(draft: &mut Draft, id: usize, moment: ServiceMoment, timeout: u64) {
    draft.hooks.push(Hook {
        name: "hook".into(),
        moment: HookMoment::Of(ServiceId(id), moment),
        timeout: Some(ms(timeout)),
    });
}

fn again(limit: u32) -> Restart {
    Restart {
        when: When::OnFailure,
        limit: Some(limit),
        ..Restart::NO
    }
}

#[test]
fn chains_that_say_when_they_are_ready() {
    for (shape, count) in [(CHAIN, 2), (THREE, 3), (DIAMOND, 4)] {
        for restless in [false, true] {
            let mut draft = awaiting(services(KillMode::Main, shape), Condition::Ready);
            for service in &mut draft.services {
                service.readiness = Readiness::Told;
            }
            let last = count - 1;
            draft.services[last].start_timeout = Some(ms(400));
            let mut scripts = vec![CLEANS.tells(); count];
            if restless {
                scripts[last] = CLEANS.tells().restless();
            }
            search(
                &format!("told, {count} services, restless {restless}"),
                one_each(draft, &scripts),
            );
        }
    }
}

#[test]
fn chains_that_are_asked_whether_they_are_ready() {
    for (shape, count) in [(CHAIN, 2), (THREE, 3), (DIAMOND, 4)] {
        let mut draft = awaiting(services(KillMode::Main, shape), Condition::Ready);
        let last = count - 1;
        draft.services[last].readiness = Readiness::Probed { every: ms(100) };
        draft.services[last].start_timeout = Some(ms(250));
        if count < 4 {
            draft.services[last].restart = again(1);
        }
        draft.services[0].readiness = Readiness::Delay(ms(50));
        hook(&mut draft, last, ServiceMoment::Readiness, 80);
        let mut case = one_each(draft, &vec![CLEANS; count]);
        case.hooks = vec![EITHER];
        search(&format!("probed, {count} services"), case);
    }
}

#[test]
fn a_chain_behind_a_oneshot() {
    for essential in [true, false] {
        let mut draft = awaiting(services(KillMode::Main, THREE), Condition::Completed);
        draft.services[0].depends_on[0].condition = Condition::Started;
        draft.services[2].kind = Kind::Oneshot;
        draft.services[2].restart = again(1);
        draft.services[2].essential = essential;
        let case = one_each(draft, &[CLEANS, DIES.restless(), EITHER]);
        search(&format!("oneshot, essential {essential}"), case);
    }
}

#[test]
fn restarts_in_a_diamond() {
    for essential in [true, false] {
        let mut draft = awaiting(services(KillMode::Main, DIAMOND), Condition::Ready);
        draft.services[3].restart = again(1);
        draft.services[3].essential = essential;
        let case = one_each(draft, &[CLEANS, CLEANS, CLEANS, DIES.restless()]);
        search(
            &format!("diamond that comes back, essential {essential}"),
            case,
        );
    }
}

#[test]
fn hooks_of_services_in_a_chain() {
    for end in [EITHER, DIES.ends(Ends::Never)] {
        let mut draft = services(KillMode::Main, CHAIN);
        hook(&mut draft, 1, ServiceMoment::PreStart, 300);
        hook(&mut draft, 1, ServiceMoment::PreStart, 300);
        hook(&mut draft, 1, ServiceMoment::PostStart, 300);
        draft.services[1].restart = again(1);
        let mut case = one_each(draft, &[CLEANS, CLEANS]);
        case.hooks = vec![EITHER, end, end];
        case.failures = vec![SpawnErrorKind::NotFound];
        search(&format!("hooks before a start {end:?}"), case);

        let mut draft = services(KillMode::Main, CHAIN);
        hook(&mut draft, 0, ServiceMoment::PreStop, 300);
        hook(&mut draft, 0, ServiceMoment::PreStop, 300);
        hook(&mut draft, 1, ServiceMoment::PostStop, 300);
        let mut case = one_each(draft, &[CLEANS, DIES.restless()]);
        case.hooks = vec![EITHER, end, end];
        search(&format!("hooks around a stop {end:?}"), case);
    }
}

#[test]
fn a_command_that_stops_a_service() {
    for script in [EITHER, DIES.ends(Ends::Never)] {
        let mut draft = services(KillMode::Auto, CHAIN);
        hook(&mut draft, 0, ServiceMoment::Stop, 400);
        let mut case = one_each(draft, &[CLEANS, CLEANS]);
        case.hooks = vec![script];
        case.asks = vec![
            Ask::Command(Command::Stop(ServiceId(0))),
            Ask::Command(Command::Start(ServiceId(0))),
        ];
        search(&format!("stop command {script:?}"), case);
    }
}

#[test]
fn chains_that_ask_for_more_time() {
    for (shape, count) in [(CHAIN, 2), (THREE, 3), (DIAMOND, 4)] {
        for id in [0, count - 1] {
            let mut draft = services(KillMode::Main, shape);
            draft.services[id].stop_timeout = Some(ms(200));
            let mut case = one_each(draft, &vec![IGNORES; count]);
            case.asks = vec![
                Ask::Notice(ServiceId(id), Notice::Extend(ms(300))),
                Ask::Notice(ServiceId(id), Notice::Extend(ms(60_000))),
            ];
            search(&format!("{id} of {count} asks for more"), case);
        }
    }
}

#[test]
fn commands_to_a_chain() {
    let (zero, one) = (ServiceId(0), ServiceId(1));
    for asks in [
        vec![Command::Stop(one), Command::Start(zero)],
        vec![Command::Restart(one), Command::Stop(zero)],
        vec![Command::Restart(zero), Command::Restart(zero)],
        vec![Command::Reload(zero), Command::Restart(one)],
        vec![Command::Signal(zero, Signal::USR2), Command::Stop(zero)],
    ] {
        let draft = awaiting(services(KillMode::Main, CHAIN), Condition::Ready);
        let mut case = one_each(draft, &[CLEANS, DIES.restless()]);
        case.asks = asks.iter().copied().map(Ask::Command).collect();
        search(&format!("commands {asks:?}"), case);
    }
}

#[test]
fn a_daemon_and_its_pidfile() {
    let daemon = |script| {
        vec![
            root(EITHER),
            Part {
                parent: Some(0),
                session: true,
                script,
            },
        ]
    };
    for pidfile in [
        vec![Whom::Child],
        vec![Whom::Nobody, Whom::Child],
        vec![Whom::Stale, Whom::Child],
        vec![Whom::Other],
    ] {
        for mode in [KillMode::Auto, KillMode::Group] {
            let mut draft = services(mode, CHAIN);
            draft.services[1].kind = Kind::Forking { pidfile: true };
            draft.services[1].start_timeout = Some(ms(200));
            draft.services[1].restart = again(1);
            let trees = vec![vec![root(CLEANS)], daemon(DIES.restless())];
            let mut case = Case::new(Plan::new(draft).unwrap(), trees);
            case.pidfiles = vec![Vec::new(), pidfile.clone()];
            case.hints = true;
            search(&format!("pidfile {pidfile:?} {mode:?}"), case);
        }
    }
}

#[test]
fn a_daemon_that_nobody_names() {
    for mode in [KillMode::Auto, KillMode::Main] {
        let mut draft = services(mode, &[&[]]);
        draft.is_command = false;
        draft.services[0].kind = Kind::Forking { pidfile: false };
        draft.services[0].start_timeout = Some(ms(200));
        let worker = Part {
            parent: Some(1),
            session: false,
            script: CLEANS,
        };
        let tree = vec![
            root(EITHER),
            Part {
                parent: None,
                session: false,
                script: CLEANS.restless(),
            },
            worker,
        ];
        let mut case = Case::new(Plan::new(draft).unwrap(), vec![tree]);
        case.hints = true;
        case.asks = vec![Ask::Names(ServiceId(0), Whom::Child)];
        search(&format!("daemon without a name {mode:?}"), case);
    }
}

#[test]
fn a_service_that_is_watched() {
    let mut draft = services(KillMode::Main, &[&[]]);
    draft.is_command = false;
    draft.services[0].watchdog = Some(ms(300));
    draft.services[0].restart = again(1);
    draft.services[0].liveness = Some(Liveness {
        every: ms(200),
        retries: 2,
        start_period: ms(100),
    });
    hook(&mut draft, 0, ServiceMoment::Liveness, 150);
    let mut case = one_each(draft, &[CLEANS]);
    case.hooks = vec![EITHER];
    case.asks = vec![
        Ask::Notice(ServiceId(0), Notice::Watchdog),
        Ask::Notice(ServiceId(0), Notice::Reloading),
        Ask::Notice(ServiceId(0), Notice::Ready),
    ];
    search("watched", case);
}
