//! Lists the figures: what each is called, in what unit it is shown, and what the target is.

use std::time::Duration;

/// One figure of the comparison.
#[derive(Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) id: Id,
    /// The name by which `--only` chooses it.
    pub(crate) group: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) target: Target,
}

/// Names a figure in the code and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    StartPid1,
    StartElsewhere,
    ExitPid1,
    ExitElsewhere,
    SignalMedian,
    SignalTail,
    Rss,
    Pss,
    Charge,
    WakeUps,
    Orphans,
    TreeShare,
    TreeTime,
    Size,
    /// The figures of managers; the number is that of the services.
    Memory(usize),
    Up(usize),
    Down(usize),
    DownCode,
    Finished,
    FinishedTime,
    Chain,
    ChainTime,
    IdleSwitches(usize),
    IdleTime(usize),
    Restarts,
    RestartCost,
    PacedRestarts,
    PacedCost,
    MemoryGrowth,
    UpGrowth,
    DownGrowth,
}

/// The unit that a figure is kept and shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Kilobytes,
    Count,
    Workers,
    /// How many times as much.
    Times,
}

/// What bowout-init has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// At most this share of the best peer of the same run.
    OfBestPeer(f64),
    /// At most this share of the peer of this name.
    OfPeer(&'static str, f64),
    /// This and nothing else.
    Exactly(f64),
    /// Less than this.
    Below(f64),
    /// This or less.
    AtMost(f64),
    /// Shown, not judged.
    None,
}

/// Workers of the tree that is stopped.
pub(crate) const WORKERS: usize = 1_000;

/// Dead processes that are handed to the init at one moment.
pub(crate) const ORPHANS: usize = 10_000;

/// How long after the start everybody is at rest: what was set up is put away, and the slowest take a second
/// until they call a service started.
pub(crate) const SETTLE: Duration = Duration::from_millis(1_500);

/// How long the idle init is watched.
pub(crate) const IDLE_SECONDS: u64 = 10;

/// Puts a figure into a list.
pub(crate) const fn figure(
    id: Id,
    group: &'static str,
    title: &'static str,
    unit: Unit,
    target: Target,
) -> Figure {
    Figure {
        id,
        group,
        title,
        unit,
        target,
    }
}

/// Every figure of an init of one command, in the order of the table.
pub(crate) const FIGURES: &[Figure] = &[
    figure(
        Id::StartPid1,
        "start",
        "start, as PID 1",
        Unit::Microseconds,
        Target::OfBestPeer(0.45),
    ),
    figure(
        Id::StartElsewhere,
        "start",
        "start, not PID 1",
        Unit::Microseconds,
        Target::OfBestPeer(0.45),
    ),
    figure(
        Id::ExitPid1,
        "exit",
        "exit latency, as PID 1",
        Unit::Microseconds,
        Target::OfBestPeer(1.0),
    ),
    figure(
        Id::ExitElsewhere,
        "exit",
        "exit latency, not PID 1",
        Unit::Microseconds,
        Target::OfBestPeer(1.0),
    ),
    figure(
        Id::SignalMedian,
        "signal",
        "signal latency, p50",
        Unit::Microseconds,
        Target::OfBestPeer(1.0),
    ),
    figure(
        Id::SignalTail,
        "signal",
        "signal latency, p99",
        Unit::Microseconds,
        Target::None,
    ),
    figure(
        Id::Rss,
        "memory",
        "memory, RSS",
        Unit::Kilobytes,
        Target::OfBestPeer(0.5),
    ),
    figure(
        Id::Pss,
        "memory",
        "memory, PSS",
        Unit::Kilobytes,
        Target::None,
    ),
    figure(
        Id::Charge,
        "memory",
        "memory charged to the cgroup",
        Unit::Kilobytes,
        Target::OfBestPeer(0.85),
    ),
    figure(
        Id::WakeUps,
        "wakeups",
        "wake-ups in 10 s idle",
        Unit::Count,
        Target::Exactly(0.0),
    ),
    figure(
        Id::Orphans,
        "orphans",
        "reaping 10,000 orphans",
        Unit::Milliseconds,
        Target::None,
    ),
    figure(
        Id::TreeShare,
        "tree",
        "workers of 1,000 that finish",
        Unit::Workers,
        Target::Exactly(WORKERS as f64),
    ),
    figure(
        Id::TreeTime,
        "tree",
        "stop of the tree of 1,000",
        Unit::Milliseconds,
        Target::None,
    ),
    figure(
        Id::Size,
        "size",
        "binary",
        Unit::Kilobytes,
        Target::Below(1_000.0),
    ),
];

impl Unit {
    /// A value with its unit, with as many digits as it can bear.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Microseconds => format!("{} µs", digits(value)),
            Self::Milliseconds => format!("{} ms", digits(value)),
            Self::Kilobytes => format!("{} kB", digits(value)),
            Self::Count | Self::Workers => format!("{value:.0}"),
            Self::Times => format!("× {}", digits(value)),
        }
    }

    /// A value without its unit.
    pub(crate) fn bare(self, value: f64) -> String {
        match self {
            Self::Microseconds | Self::Milliseconds | Self::Kilobytes | Self::Times => {
                digits(value)
            }
            Self::Count | Self::Workers => format!("{value:.0}"),
        }
    }
}

fn digits(value: f64) -> String {
    if value.abs() < 10.0 {
        format!("{value:.2}")
    } else if value.abs() < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_digits_and_the_unit() {
        assert_eq!(Unit::Microseconds.show(8.512), "8.51 µs");
        assert_eq!(Unit::Microseconds.show(88.12), "88.1 µs");
        assert_eq!(Unit::Kilobytes.show(688.4), "688 kB");
        assert_eq!(Unit::Workers.show(1000.0), "1000");
    }

    #[test]
    fn titles_say_the_numbers_that_are_measured() {
        let has = |id: Id, text: &str| {
            FIGURES
                .iter()
                .any(|figure| figure.id == id && figure.title.contains(text))
        };
        assert!(has(Id::WakeUps, &format!("{IDLE_SECONDS} s")));
        assert!(has(Id::TreeShare, "1,000") && WORKERS == 1_000);
        assert!(has(Id::Orphans, "10,000") && ORPHANS == 10_000);
    }
}
