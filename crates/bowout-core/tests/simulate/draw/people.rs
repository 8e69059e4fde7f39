//! Draws processes and their trees.

use super::super::chance::Chance;
use crate::world::Part;
use crate::world::script::{Ends, OnStop, Sched, Script};
use std::time::Duration;

pub(super) fn length(chance: &mut Chance) -> Duration {
    let most = chance.of(&[0, 50, 900, 3_000, 12_000]);
    Duration::from_millis(chance.range(0, most))
}

pub(super) fn ends(chance: &mut Chance) -> Ends {
    match chance.below(8) {
        0 => Ends::Never,
        _ => Ends::After(length(chance)),
    }
}

pub(super) fn script(chance: &mut Chance) -> Script {
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
        ..Script::new(on_stop)
    }
}

pub(super) fn tree(chance: &mut Chance) -> Vec<Part> {
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

/// A program that does something and ends, well or not: a hook, a oneshot, the starter of a daemon.
pub(super) fn brief(chance: &mut Chance) -> Script {
    let most = chance.of(&[0, 20, 400]);
    let after = Ends::After(Duration::from_millis(chance.range(0, most)));
    let script = match chance.below(12) {
        0 => return script(chance),
        1 => Script::new(OnStop::Dies).code(7),
        2..5 => Script::new(OnStop::Dies).code(7).either(),
        _ => Script::new(OnStop::Dies).code(0),
    };
    Script {
        restless: Some(after),
        ..script
    }
}
