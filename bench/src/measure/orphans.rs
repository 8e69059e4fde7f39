//! Measures how long 10,000 dead processes that are handed to the init at one moment stay zombies.

use super::{Run, is_init, progress};
use crate::figure::{Id, ORPHANS};

/// Starting the orphans takes most of the time of a round, and none of it is counted.
pub(super) fn measure(run: &mut Run<'_>, rounds: usize) {
    for round in 0..=rounds {
        progress("orphans", round, rounds);
        for entrant in run.round(Id::Orphans, is_init) {
            let stage = run.stage(entrant, true);
            let words = [
                stage.probe(),
                "orphans".into(),
                ORPHANS.to_string(),
                stage.child(),
            ];
            match stage.ask("last", &[], &words).as_deref() {
                Ok([_]) if round == 0 => {}
                Ok([time]) => run.samples.add(Id::Orphans, entrant, time / 1e6),
                Ok(other) => run.fail(Id::Orphans, entrant, format!("{} numbers", other.len())),
                Err(why) => run.fail(Id::Orphans, entrant, why.clone()),
            }
        }
    }
}
