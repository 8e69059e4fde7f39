//! Draws plans, process trees and stimuli.

use super::chance::Chance;
use crate::world::script::{Ends, OnStop, Sched, Script};
use crate::world::{Case, Part};
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{
    Draft, ForwardTo, Hook, HookMoment, KillMode, Leftovers, Plan, Service, ServiceId, Sweep,
};
use bowout_core::service::restart::{Restart, When};
use bowout_core::{Instant, Signal};
use std::time::Duration;

fn length(chance: &mut Chance) -> Duration {
    let most = chance.of(&[0, 50, 900, 3_000, 12_000]);
    Duration::from_millis(chance.range(0, most))
}

fn ends(chance: &mut Chance) -> Ends {
    match chance.below(8) {
        0 => Ends::Never,
        _ => Ends::After(length(chance)),
    }
}

fn script(chance: &mut Chance) -> Script {
    let on_stop = match chance.below(12) {
        0..4 => OnStop::Dies,
        4..7 => OnStop::Cleans,
        7 => OnStop::Ignores,
        8 => OnStop::Forwards,
        9 => OnStop::Defers {
            known: chance.once_in(2),
        },
        10 => OnStop::Blocks,
        _ => OnStop::Awaits,
    };
    Script {
        on_stop,
        ends: ends(chance),
        restless: chance.once_in(4).then(|| ends(chance)),
        forks: if chance.once_in(6) {
            u8::try_from(chance.below(3)).unwrap()
        } else {
            0
        },
        starts: match chance.below(24) {
            0 => Sched::Stopped,
            1 => Sched::Uninterruptible,
            _ => Sched::Awake,
        },
    }
}

fn tree(chance: &mut Chance) -> Vec<Part> {
    let most = chance.of(&[1, 1, 2, 2, 3, 3, 4, 8, 40]);
    let size = 1 + chance.below(most);
    (0..size)
        .map(|index| Part {
            parent: (index > 0 && !chance.once_in(12)).then(|| chance.below(index)),
            session: index == 0 || chance.once_in(8),
            script: script(chance),
        })
        .collect()
}

fn service(chance: &mut Chance, index: usize) -> Service {
    let mut service = Service::new(&format!("s{index}"));
    service.depends_on = (0..index)
        .filter(|_| chance.once_in(2))
        .map(|id| ServiceId(id).into())
        .collect();
    service.kill_mode = match chance.below(7) {
        0 => KillMode::Main,
        1 => KillMode::Group,
        2 => KillMode::Process,
        _ => KillMode::Auto,
    };
    if chance.once_in(4) {
        service.stop_signal = vec![Signal::QUIT, Signal::TERM];
        service.stop_signal.truncate(1 + chance.below(2));
    }
    service.stop_timeout = chance.once_in(4).then(|| length(chance));
    service.essential = !chance.once_in(4);
    service.restart = Restart {
        when: chance.of(&[When::Never, When::Never, When::OnFailure, When::Always]),
        limit: chance.once_in(2).then_some(2),
        ..Restart::NO
    };
    service
}

fn draft(chance: &mut Chance) -> Draft {
    let count = chance.of(&[1, 1, 1, 1, 2, 3, 5]);
    let mut draft = Draft::single(Service::new("s"));
    draft.services = (0..count).map(|index| service(chance, index)).collect();
    if count == 1 {
        draft.services[0].restart = Restart::NO;
        draft.services[0].essential = true;
    }
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
        draft.stop.leftovers = Leftovers::Leave;
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

pub(crate) fn draw_case(chance: &mut Chance) -> Case {
    let plan = Plan::new(draft(chance)).unwrap();
    let trees = plan.services().iter().map(|_| tree(chance)).collect();
    let mut case = Case::new(plan, trees);
    case.hooks = case.plan.hooks().iter().map(|_| script(chance)).collect();
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
    if chance.once_in(6) {
        case.failures = vec![chance.of(&[
            SpawnErrorKind::Exhausted,
            SpawnErrorKind::NotFound,
            SpawnErrorKind::Setup,
        ])];
    }
    case.proc = !chance.once_in(6);
    case.horizon = Instant::from_millis(25_000);
    case
}
