//! Judges bowout-init by each target against the best peer of the same run.

use crate::entrant::{Entrant, Role};
use crate::figure::{Figure, Id, Target};
use crate::machine::Machine;
use crate::options::Subject;
use crate::samples::Samples;
use crate::statistics::{Summary, summarise};

/// Everything that a report shows.
pub(crate) struct Comparison {
    pub(crate) subject: Subject,
    pub(crate) machine: Machine,
    pub(crate) entrants: Vec<Entrant>,
    pub(crate) rows: Vec<Row>,
}

/// One figure of all entrants.
pub(crate) struct Row {
    pub(crate) figure: &'static Figure,
    /// In the order of the entrants; none where an entrant has no part in the figure.
    pub(crate) cells: Vec<Option<Cell>>,
    pub(crate) verdict: Verdict,
}

/// One figure of one entrant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Measured(Summary),
    /// Every try failed; the first reason.
    Failed(String),
}

/// How bowout-init stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) met: Met,
    /// The best peer and our share of its median.
    pub(crate) best: Option<(String, f64)>,
    /// One short sentence.
    pub(crate) says: String,
}

/// Whether a target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Met {
    Yes,
    No,
    /// No target, or nothing to judge by.
    Open,
}

/// Sums up and judges every figure that has a sample or a failure.
pub(crate) fn judge(
    subject: Subject,
    entrants: &[Entrant],
    samples: &Samples,
    machine: Machine,
) -> Comparison {
    let cell = |id: Id, entrant: usize| match summarise(samples.of(id, entrant)) {
        Some(summary) => Some(Cell::Measured(summary)),
        None => samples
            .failures(id, entrant)
            .map(|(_, reason)| Cell::Failed(reason.to_owned())),
    };
    let rows = subject.figures().iter().filter_map(|figure| {
        let cells: Vec<Option<Cell>> = (0..entrants.len())
            .map(|entrant| cell(figure.id, entrant))
            .collect();
        let verdict = verdict(figure, entrants, &cells);
        cells.iter().any(Option::is_some).then_some(Row {
            figure,
            cells,
            verdict,
        })
    });
    let rows = rows.collect();
    Comparison {
        subject,
        machine,
        entrants: entrants.to_vec(),
        rows,
    }
}

fn verdict(figure: &Figure, entrants: &[Entrant], cells: &[Option<Cell>]) -> Verdict {
    let with_role = |fits: fn(Role) -> bool| {
        let pairs = entrants
            .iter()
            .zip(cells)
            .filter(move |(entrant, _)| fits(entrant.role));
        pairs.filter_map(|(entrant, cell)| match cell {
            Some(Cell::Measured(summary)) => Some((entrant.name.clone(), summary.median)),
            Some(Cell::Failed(_)) | None => None,
        })
    };
    let ours = with_role(|role| role == Role::Ours).next();
    let peers = with_role(|role| matches!(role, Role::Peer | Role::PeerGroup));
    let more_is_better = matches!(figure.id, Id::TreeShare | Id::Finished | Id::Chain);
    let best = peers.reduce(|best, peer| {
        if (peer.1 < best.1) != more_is_better {
            peer
        } else {
            best
        }
    });
    let Some((_, ours)) = ours else {
        return Verdict {
            met: Met::Open,
            best: None,
            says: "bowout-init not measured".into(),
        };
    };
    // A stop is fast where the workers are cut off, a file is small where the libc lies beside it, restarts are as many as a policy
    // wants, and growth is judged against oneself: no ratio says anything there.
    let comparable = !matches!(
        figure.id,
        Id::TreeTime
            | Id::Size
            | Id::DownCode
            | Id::FinishedTime
            | Id::ChainTime
            | Id::Restarts
            | Id::PacedRestarts
            | Id::MemoryGrowth
            | Id::UpGrowth
            | Id::DownGrowth
    );
    let best = best.filter(|(_, value)| comparable && *value > 0.0);
    let ratio = best.map(|(name, value)| (name, ours / value));
    let decide = |met: bool| if met { Met::Yes } else { Met::No };
    let (met, says) = match (figure.target, &ratio) {
        (Target::OfBestPeer(target), Some((name, ratio))) => {
            let distance = (ratio / target - 1.0) * 100.0;
            let side = if distance <= 0.0 { "under" } else { "over" };
            let met = *ratio <= target;
            (
                decide(met),
                format!(
                    "{ratio:.2} of {name}, target ≤ {target:.2}: {:.0} % {side} it",
                    distance.abs()
                ),
            )
        }
        (Target::OfBestPeer(target), None) => (
            Met::Open,
            format!("target ≤ {target:.2} of the best peer; no peer"),
        ),
        (Target::OfPeer(name, target), _) => {
            let found = entrants
                .iter()
                .zip(cells)
                .find(|(entrant, _)| entrant.name == name);
            match found {
                Some((_, Some(Cell::Measured(summary)))) if summary.median > 0.0 => {
                    let ratio = ours / summary.median;
                    let says = format!("{ratio:.2} of {name}, target ≤ {target:.2}");
                    (decide(ratio <= target), says)
                }
                _ => (
                    Met::Open,
                    format!("target ≤ {target:.2} of {name}, which is not measured"),
                ),
            }
        }
        (Target::Exactly(target), _) => {
            let distance = ours - target;
            let apart = if distance == 0.0 {
                String::new()
            } else {
                format!(", {distance:+.0}")
            };
            (
                decide(distance == 0.0),
                format!("{ours:.0}, target {target:.0}{apart}"),
            )
        }
        (Target::Below(target), _) => {
            let share = ours / target * 100.0;
            let (ours, limit) = (figure.unit.show(ours), figure.unit.show(target));
            (
                decide(share < 100.0),
                format!("{ours}, target < {limit}: {share:.0} % of it"),
            )
        }
        (Target::AtMost(target), _) => {
            let share = ours / target * 100.0;
            let (shown, limit) = (figure.unit.show(ours), figure.unit.show(target));
            (
                decide(ours <= target),
                format!("{shown}, target ≤ {limit}: {share:.0} % of it"),
            )
        }
        (Target::None, Some((name, ratio))) => (Met::Open, format!("{ratio:.2} of {name}")),
        (Target::None, None) if figure.id == Id::TreeTime => (
            Met::Open,
            "each worker needs 50 ms: what is sooner cut them off".into(),
        ),
        (Target::None, None) => (Met::Open, String::new()),
    };
    Verdict {
        met,
        best: ratio,
        says,
    }
}

/// A comparison with known numbers, for tests of what is drawn.
#[cfg(test)]
pub(crate) fn example() -> Comparison {
    let entrants = [
        Entrant::example("bowout-init", Role::Ours),
        Entrant::example("slow <peer>", Role::Peer),
        Entrant::example("fast-peer", Role::Peer),
        Entrant::example("no init", Role::Baseline),
    ];
    let mut samples = Samples::default();
    for (entrant, values) in [
        [40.0, 42.0, 44.0],
        [200.0, 220.0, 240.0],
        [90.0, 100.0, 110.0],
        [9.0, 10.0, 11.0],
    ]
    .iter()
    .enumerate()
    {
        for value in values {
            samples.add(Id::StartPid1, entrant, *value);
        }
    }
    samples.add(Id::TreeShare, 0, 999.0);
    samples.add(Id::TreeShare, 2, 0.0);
    samples.fail(Id::TreeShare, 1, "hung".into());
    judge(Subject::Init, &entrants, &samples, Machine::example())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_against_the_best_peer_and_not_the_baseline() {
        let comparison = example();
        let verdict = &comparison.rows[0].verdict;
        assert_eq!(verdict.met, Met::Yes);
        assert_eq!(verdict.best, Some(("fast-peer".into(), 0.42)));
        assert_eq!(
            verdict.says,
            "0.42 of fast-peer, target ≤ 0.45: 7 % under it"
        );
    }

    #[test]
    fn one_worker_short_is_not_met() {
        let comparison = example();
        let row = &comparison.rows[1];
        assert_eq!(row.verdict.met, Met::No);
        assert_eq!(row.verdict.says, "999, target 1000, -1");
        assert_eq!(row.cells[1], Some(Cell::Failed("hung".into())));
        assert_eq!(row.cells[3], None);
    }

    #[test]
    fn figures_without_samples_have_no_row() {
        assert_eq!(example().rows.len(), 2);
    }

    #[test]
    fn a_stop_that_cuts_workers_off_is_no_best_peer() {
        let entrants = [
            Entrant::example("bowout-init", Role::Ours),
            Entrant::example("peer", Role::Peer),
        ];
        let mut samples = Samples::default();
        samples.add(Id::TreeTime, 0, 60.0);
        samples.add(Id::TreeTime, 1, 10.0);
        let verdict = judge(Subject::Init, &entrants, &samples, Machine::example())
            .rows
            .remove(0)
            .verdict;
        assert_eq!((verdict.met, verdict.best), (Met::Open, None));
    }

    #[test]
    fn the_limit_itself_is_met_by_a_ratio_and_missed_by_a_bound() {
        let entrants = [
            Entrant::example("bowout-init", Role::Ours),
            Entrant::example("peer", Role::Peer),
        ];
        let mut samples = Samples::default();
        for (entrant, value) in [1_000.0, 1_000.0].into_iter().enumerate() {
            samples.add(Id::ExitPid1, entrant, value);
            samples.add(Id::Size, entrant, value);
        }
        let rows = judge(Subject::Init, &entrants, &samples, Machine::example()).rows;
        assert_eq!(
            rows.iter().map(|row| row.verdict.met).collect::<Vec<_>>(),
            [Met::Yes, Met::No]
        );
    }
}
