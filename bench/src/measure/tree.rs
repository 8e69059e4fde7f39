//! Measures the stop of a master that ends at once and its workers that need 50 ms each.

use super::{Run, progress};
use crate::entrant::Role;
use crate::figure::{Id, WORKERS};

/// Here the peers run with their process group option too, which is the best they can do.
pub(super) fn measure(run: &mut Run<'_>, rounds: usize) {
    for round in 0..=rounds {
        progress("tree", round, rounds);
        for entrant in run.round(Id::TreeShare, |entrant| entrant.role != Role::Baseline) {
            let stage = run.stage(entrant, true);
            let words = [stage.probe(), "master".into(), WORKERS.to_string()];
            match stage.ask("tree", &[], &words).as_deref() {
                Ok([_, _]) if round == 0 => {}
                Ok([finished, time]) => {
                    run.samples.add(Id::TreeShare, entrant, *finished);
                    run.samples.add(Id::TreeTime, entrant, time / 1e6);
                }
                Ok(other) => run.fail(Id::TreeShare, entrant, format!("{} numbers", other.len())),
                Err(why) => run.fail(Id::TreeShare, entrant, why.clone()),
            }
        }
    }
}
