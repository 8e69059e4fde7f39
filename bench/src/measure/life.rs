//! Measures one short life: exec of init → first instruction of the child, and end of the child → end of init.

use super::{Run, progress};
use crate::entrant::Role;
use crate::figure::Id;

/// As PID 1 of a new PID namespace and as an ordinary process, in one interleaved run.
pub(super) fn measure(run: &mut Run<'_>, rounds: usize) {
    let kinds = [
        (Id::StartPid1, Id::ExitPid1, true),
        (Id::StartElsewhere, Id::ExitElsewhere, false),
    ];
    for round in 0..=rounds {
        progress("start and exit", round, rounds);
        for (start, exit, pid1) in kinds {
            for entrant in run.round(start, |entrant| entrant.role != Role::PeerGroup) {
                let stage = run.stage(entrant, pid1);
                match stage.ask("once", &[], &[stage.child()]).as_deref() {
                    // The first round warms up the page cache.
                    Ok([_, _]) if round == 0 => {}
                    Ok([started, exited]) => {
                        run.samples.add(start, entrant, started / 1e3);
                        run.samples.add(exit, entrant, exited / 1e3);
                    }
                    Ok(other) => run.fail(start, entrant, format!("{} numbers", other.len())),
                    Err(why) => run.fail(start, entrant, why.clone()),
                }
            }
        }
    }
}
