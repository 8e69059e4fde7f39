//! Draws plans, process trees and stimuli.

mod asks;
mod people;
mod services;

use super::chance::Chance;
use crate::world::Case;
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{
    Draft, ForwardTo, Hook, HookMoment, Leftovers, Plan, Rule, Service, ServiceId, Sweep,
};
use bowout_core::{Instant, Signal};
use people::{length, script};
use services::{Troupe, plain};
use std::time::Duration;

/// All but services and hooks of a plan.
fn frame(chance: &mut Chance) -> Draft {
    let mut draft = Draft::single(Service::new("s"));
    draft.stop.grace = chance
        .once_in(2)
        .then(|| Duration::from_millis(chance.range(0, 12_000)));
    if chance.once_in(4) {
        draft.stop.drain = length(chance);
    }
    if chance.once_in(3) {
        draft.stop.sweep = Sweep::Descendants;
    }
    if chance.once_in(8) {
        draft.signals.forward = ForwardTo::Group;
    }
    draft.exit.success_on_stop = chance.once_in(3);
    for _ in 0..chance.of(&[0, 0, 0, 1, 3]) {
        draft.hooks.push(Hook {
            name: "hook".into(),
            moment: chance.of(&[HookMoment::PreStop, HookMoment::PostStop]),
            timeout: chance.once_in(2).then(|| length(chance)),
        });
    }
    draft
}

/// One command, or several plain programs.
fn programs(chance: &mut Chance) -> Case {
    let count = chance.of(&[1, 1, 1, 1, 2, 3, 5]);
    let mut draft = frame(chance);
    if chance.once_in(8) {
        draft.stop.leftovers = Leftovers::Leave;
    }
    draft.services = (0..count).map(|index| plain(chance, index)).collect();
    if count == 1 {
        draft.services[0].restart = bowout_core::service::restart::Restart::NO;
        draft.services[0].essential = true;
    }
    let plan = Plan::new(draft).unwrap();
    let trees = plan
        .services()
        .iter()
        .map(|_| people::tree(chance))
        .collect();
    let mut case = Case::new(plan, trees);
    case.hooks = case.plan.hooks().iter().map(|_| script(chance)).collect();
    case
}

/// Services of all kinds, that are asked for all sorts of things.
fn services(chance: &mut Chance) -> Case {
    let mut draft = frame(chance);
    draft.is_command = false;
    let hooks = draft.hooks.iter().map(|_| script(chance)).collect();
    let mut troupe = Troupe::draw(chance, hooks);
    if chance.once_in(6) {
        let any = ServiceId(chance.below(troupe.services.len()));
        let rule = Rule {
            reload: vec![any],
            forward: vec![any],
            reload_config: chance.once_in(2),
        };
        draft.signals.rules.insert(Signal::USR1, rule);
    }
    let plan = troupe.plan(&draft);
    let first = troupe.cast();
    let mut case = Case::new(plan, first.trees.clone());
    case.hooks = first.hooks.clone();
    case.pidfiles = first.pidfiles.clone();
    for _ in 0..chance.of(&[0, 0, 1, 2]) {
        troupe = troupe.changed(chance);
        // A rule goes by places, which another plan has others of.
        draft.signals.rules.clear();
        let plan = troupe.plan(&draft);
        case.changes.push((plan, troupe.cast()));
    }
    case.asks = asks::draw(chance, case.plan.services().len(), case.changes.len());
    case.jitter = if chance.once_in(2) {
        chance.range(1, 1 << 40)
    } else {
        0
    };
    // bowout-init writes it into the environment of everybody it starts.
    case.hints = true;
    case
}

pub(crate) fn draw_case(chance: &mut Chance) -> Case {
    let mut case = match chance.below(3) {
        0 => programs(chance),
        _ => services(chance),
    };
    if chance.once_in(5) {
        // What one leaves behind is PID 1's child, and nobody can tell it from a service's.
        case.strangers = vec![script(chance).forks(0)];
    }
    case.outside = match chance.below(4) {
        0 => vec![Signal::INT; 1 + chance.below(4)],
        1 => vec![
            Signal::USR1,
            Signal::TERM,
            Signal::USR1,
            Signal::TERM,
            Signal::INT,
        ],
        _ => vec![Signal::TERM],
    };
    for _ in 0..chance.of(&[0, 0, 0, 0, 0, 1, 3]) {
        case.failures.push(chance.of(&[
            SpawnErrorKind::Exhausted,
            SpawnErrorKind::NotFound,
            SpawnErrorKind::Setup,
        ]));
    }
    case.proc = !chance.once_in(6);
    case.horizon = Instant::from_millis(25_000);
    case
}
