//! Measures the way of a signal through the init: sent to init → taken by the child's sigwait.

use super::{Run, is_init, progress};
use crate::figure::Id;
use crate::statistics::quantile;

/// Signals in one life of an init. Many lives with fewer signals each, because where the scheduler puts the three processes decides
/// between two latencies and stays for most of a life.
const SIGNALS: usize = 500;

/// Each life gives one p50 and one p99.
pub(super) fn measure(run: &mut Run<'_>, rounds: usize) {
    for round in 0..=rounds {
        progress("signals", round, rounds);
        for entrant in run.round(Id::SignalMedian, is_init) {
            let stage = run.stage(entrant, true);
            match stage.ask(
                "signals",
                &[format!("count={SIGNALS}")],
                &[stage.child(), "signal".into()],
            ) {
                Ok(_) if round == 0 => {}
                Ok(mut latencies) => {
                    latencies.sort_unstable_by(f64::total_cmp);
                    for (id, share) in [(Id::SignalMedian, 0.5), (Id::SignalTail, 0.99)] {
                        if let Some(latency) = quantile(&latencies, share) {
                            run.samples.add(id, entrant, latency / 1e3);
                        }
                    }
                }
                Err(why) => run.fail(Id::SignalMedian, entrant, why),
            }
        }
    }
}
