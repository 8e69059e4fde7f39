//! Runs the measurements one figure after the other, each interleaved over all entrants.

mod life;
mod memory;
mod orphans;
mod signal;
mod tree;
mod wakeups;

use crate::entrant::{Entrant, Role};
use crate::figure::Id;
use crate::programs::Programs;
use crate::samples::Samples;
use crate::shuffle::Shuffle;
use crate::stage::Stage;

/// What every measurement works with.
pub(crate) struct Run<'a> {
    programs: &'a Programs,
    entrants: &'a [Entrant],
    shuffle: Shuffle,
    samples: Samples,
}

/// Measures the chosen groups of figures; `runs` is the number of rounds of the cheapest.
pub(crate) fn all(
    programs: &Programs,
    entrants: &[Entrant],
    runs: usize,
    chosen: impl Fn(&str) -> bool,
) -> Samples {
    let mut run = Run {
        programs,
        entrants,
        shuffle: Shuffle::from_clock(),
        samples: Samples::default(),
    };
    // Rounds of the dearer figures: so many that the whole stays under four minutes with the default.
    let share = |divisor: usize| (runs / divisor).max(1);
    if chosen("start") || chosen("exit") {
        life::measure(&mut run, runs);
    }
    if chosen("signal") {
        signal::measure(&mut run, share(8));
    }
    if chosen("memory") {
        memory::measure_pages(&mut run, share(40));
        memory::measure_charge(&mut run, share(60));
    }
    if chosen("wakeups") {
        wakeups::measure(&mut run);
    }
    if chosen("orphans") {
        orphans::measure(&mut run, share(30));
    }
    if chosen("tree") {
        tree::measure(&mut run, share(30));
    }
    if chosen("size") {
        for (index, entrant) in entrants
            .iter()
            .enumerate()
            .filter(|(_, entrant)| is_init(entrant))
        {
            run.samples
                .add(Id::Size, index, entrant.size as f64 / 1_000.0);
        }
    }
    run.samples
}

/// bowout-init and the peers as they are called by default.
fn is_init(entrant: &Entrant) -> bool {
    matches!(entrant.role, Role::Ours | Role::Peer)
}

impl Run<'_> {
    /// The entrants that take part, in a new random order.
    fn round(&mut self, id: Id, takes_part: impl Fn(&Entrant) -> bool) -> Vec<usize> {
        let all = self.entrants.iter().enumerate();
        let fit =
            all.filter(|(index, entrant)| takes_part(entrant) && self.samples.hopeful(id, *index));
        self.shuffle.order(fit.map(|(index, _)| index).collect())
    }

    fn stage(&self, entrant: usize, pid1: bool) -> Stage<'_> {
        Stage {
            programs: self.programs,
            entrant: &self.entrants[entrant],
            pid1,
        }
    }

    /// Keeps a failure, and says so at once.
    fn fail(&mut self, id: Id, entrant: usize, reason: String) {
        eprintln!("  {}: {reason}", self.entrants[entrant].name);
        self.samples.fail(id, entrant, reason);
    }
}

/// Says on standard error where a run is: at the first and last round, and at every tenth part between.
fn progress(what: &str, round: usize, rounds: usize) {
    let step = rounds.div_ceil(10);
    if round == rounds || round.is_multiple_of(step) {
        eprintln!("{what}: {round}/{rounds}");
    }
}
