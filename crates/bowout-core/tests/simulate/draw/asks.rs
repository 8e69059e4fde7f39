//! Draws what services say and people ask for.

use super::super::chance::Chance;
use super::people::length;
use crate::world::asking::{Ask, Whom};
use bowout_core::Signal;
use bowout_core::event::{Command, Notice};
use bowout_core::plan::ServiceId;

pub(super) fn draw(chance: &mut Chance, services: usize, changes: usize) -> Vec<Ask> {
    let count = chance.of(&[0, 1, 3, 8]);
    let mut asks: Vec<Ask> = (0..count).map(|_| ask(chance, services)).collect();
    for change in 0..changes {
        // They come in their order, and some of them twice.
        for _ in 0..chance.of(&[1, 1, 2]) {
            let least = asks.iter().rposition(|ask| matches!(ask, Ask::Change(_)));
            let least = least.map_or(0, |at| at + 1);
            let at = least + chance.below(asks.len() + 1 - least);
            asks.insert(at, Ask::Change(change));
        }
    }
    asks
}

fn ask(chance: &mut Chance, services: usize) -> Ask {
    let id = ServiceId(chance.below(services));
    match chance.below(24) {
        0..3 => Ask::Command(Command::Start(id)),
        3..6 => Ask::Command(Command::Stop(id)),
        6..9 => Ask::Command(Command::Restart(id)),
        9 => Ask::Command(Command::Reload(id)),
        10 => Ask::Command(Command::Signal(id, Signal::USR2)),
        11 => Ask::Ready(id),
        12 => Ask::Notice(id, Notice::Ready),
        13 => Ask::Notice(id, Notice::Reloading),
        14 => Ask::Notice(id, Notice::Stopping),
        15 => Ask::Notice(id, Notice::Watchdog),
        16 => Ask::Notice(id, Notice::WatchdogTrigger),
        17 => Ask::Notice(id, Notice::WatchdogPeriod(length(chance))),
        18..21 => Ask::Notice(id, Notice::Extend(length(chance))),
        21 | 22 => Ask::Names(
            id,
            chance.of(&[
                Whom::Child,
                Whom::Child,
                Whom::Below,
                Whom::Other,
                Whom::Stale,
            ]),
        ),
        _ => chance.of(&[Ask::Stop, Ask::BadChange]),
    }
}
