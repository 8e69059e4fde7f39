//! Searches the starts and stops of several services that depend on each other.

use super::plans::{CLEANS, DIES, GRACE, IGNORES, case, child, hook, ms, root};
use super::search::search;
use crate::world::Case;
use crate::world::script::{Ends, Sched, Script};
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{Draft, HookMoment, KillMode, Plan, Service, ServiceId};
use bowout_core::service::restart::{Restart, When};
use bowout_core::{Instant, Signal};

/// Services with these dependencies, in three seconds.
pub(crate) fn services(mode: KillMode, depends_on: &[&[usize]]) -> Draft {
    let mut draft = super::plans::draft(mode);
    draft.services = depends_on
        .iter()
        .enumerate()
        .map(|(index, on)| {
            let mut service = Service::new(&format!("s{index}"));
            service.depends_on = on.iter().copied().map(|id| ServiceId(id).into()).collect();
            service.kill_mode = mode;
            service
        })
        .collect();
    draft
}

pub(crate) const CHAIN: &[&[usize]] = &[&[1], &[]];
pub(crate) const DIAMOND: &[&[usize]] = &[&[1, 2], &[3], &[3], &[]];

pub(crate) fn one_each(draft: Draft, scripts: &[Script]) -> Case {
    let trees = scripts.iter().map(|script| vec![root(*script)]).collect();
    Case::new(Plan::new(draft).unwrap(), trees)
}

#[test]
fn a_chain_of_two() {
    for mode in [
        KillMode::Auto,
        KillMode::Main,
        KillMode::Group,
        KillMode::Process,
    ] {
        for (first, second) in [
            (DIES.restless(), DIES.restless()),
            (IGNORES, CLEANS),
            (CLEANS, IGNORES),
            (
                DIES.starts(Sched::Uninterruptible),
                CLEANS.ends(Ends::Never),
            ),
        ] {
            for grace in [GRACE, None] {
                let mut draft = services(mode, CHAIN);
                draft.stop.grace = grace;
                let mut case = one_each(draft, &[first, second]);
                case.horizon = Instant::from_millis(3_000);
                search(&format!("chain {mode:?} {first:?} {second:?}"), case);
            }
        }
    }
}

#[test]
fn a_chain_and_a_person_at_the_keyboard() {
    for grace in [GRACE, None] {
        let mut draft = services(KillMode::Auto, CHAIN);
        draft.stop.grace = grace;
        let mut case = one_each(draft, &[IGNORES, IGNORES]);
        case.outside = vec![Signal::INT, Signal::INT, Signal::INT];
        case.horizon = Instant::from_millis(3_000);
        search("chain INT", case);
    }
}

#[test]
fn a_chain_with_a_patient_head_and_a_promise_below_it() {
    // Nobody counts the time; what is below still has all that was promised to it.
    let mut draft = services(KillMode::Main, CHAIN);
    draft.stop.grace = None;
    draft.services[1].stop_timeout = Some(ms(1_000));
    let mut case = one_each(draft, &[CLEANS, IGNORES]);
    case.horizon = Instant::from_millis(6_000);
    search("patient head", case);
}

#[test]
fn a_chain_with_trees() {
    for mode in [KillMode::Auto, KillMode::Group] {
        for proc in [true, false] {
            let draft = services(mode, CHAIN);
            let mut case = case(draft, &[root(DIES.restless()), child(0, CLEANS)]);
            case.proc = proc;
            search(&format!("chain of trees {mode:?} {proc}"), case);
        }
    }
}

#[test]
fn a_diamond() {
    for script in [CLEANS, IGNORES, DIES.restless()] {
        let draft = services(KillMode::Main, DIAMOND);
        search(
            &format!("diamond {script:?}"),
            one_each(draft, &[script; 4]),
        );
    }
    let mut draft = services(KillMode::Main, DIAMOND);
    draft.services[0].stop_timeout = Some(ms(2_000));
    draft.services[1].stop_timeout = Some(ms(3_000));
    search("diamond that does not fit", one_each(draft, &[IGNORES; 4]));
}

#[test]
fn a_start_that_fails_below_another() {
    use SpawnErrorKind::{Exhausted, NotFound};
    for essential in [true, false] {
        for failures in [vec![NotFound], vec![Exhausted, Exhausted]] {
            let mut draft = services(KillMode::Main, CHAIN);
            draft.services[1].essential = essential;
            let mut case = one_each(draft, &[DIES.restless(), DIES.restless()]);
            case.failures = failures;
            search(&format!("failing below, essential {essential}"), case);
        }
    }
}

#[test]
fn services_that_are_started_again() {
    for essential in [true, false] {
        let mut draft = services(KillMode::Main, CHAIN);
        for service in &mut draft.services {
            service.essential = essential;
            service.restart = Restart {
                when: When::Always,
                limit: Some(1),
                ..Restart::NO
            };
        }
        let mut case = one_each(draft, &[DIES.restless(), DIES.restless()]);
        case.outside = vec![Signal::USR1, Signal::TERM];
        search(&format!("restarts, essential {essential}"), case);
    }
}

#[test]
fn hooks_and_a_drain_around_a_chain() {
    let mut draft = services(KillMode::Main, CHAIN);
    draft.stop.drain = ms(300);
    draft.hooks = vec![
        hook(HookMoment::PreStop, Some(ms(500))),
        hook(HookMoment::PostStop, Some(ms(500))),
    ];
    draft.services[0].restart = Restart {
        when: When::OnFailure,
        limit: None,
        ..Restart::NO
    };
    let mut case = one_each(draft, &[DIES.restless(), CLEANS.restless()]);
    case.hooks = vec![DIES.restless(), IGNORES];
    case.horizon = Instant::from_millis(2_600);
    search("hooks around a chain", case);
}
