//! Lists the figures of managers of many services.

use crate::figure::{Figure, Id, Target, Unit, figure};

/// How many services there are.
pub(crate) const SIZES: &[usize] = &[1, 10, 100, 1_000];

/// How many there are where one number is enough.
pub(super) const USUAL: usize = 100;

/// What each service needs for its clean-up where that is looked at, in milliseconds.
pub(super) const CLEAN_UP: usize = 100;

/// How long a manager is watched while nothing happens, and while one service crashes again and again.
pub(super) const SECONDS: u64 = 10;

/// How much dearer each service may be among 1,000 than among 100.
const GROWTH: f64 = 1.5;

/// Every figure, in the order of the table.
///
/// The target of the start is the share of the best manager with features in that of s6 in another run on another machine (dinit, 0.13 s
/// of 0.57 s), since it is rarely installed.
pub(crate) const FIGURES: &[Figure] = &[
    memory(1, "PSS in all, 1 service", Target::None),
    memory(10, "PSS in all, 10 services", Target::None),
    memory(100, "PSS in all, 100 services", Target::Below(1_000.0)),
    memory(1_000, "PSS in all, 1,000 services", Target::None),
    start(1, "start of 1", Target::None),
    start(10, "start of 10", Target::None),
    start(100, "start of 100", Target::OfPeer("s6", 0.23)),
    start(1_000, "start of 1,000", Target::None),
    stop(1, "stop of 1", Target::None),
    stop(10, "stop of 10", Target::None),
    stop(100, "stop of 100", Target::AtMost(50.0)),
    stop(1_000, "stop of 1,000", Target::None),
    figure(
        Id::DownCode,
        "stop",
        "exit code of the stop",
        Unit::Count,
        Target::Exactly(0.0),
    ),
    figure(
        Id::Finished,
        "finish",
        "of 100 that clean up for 100 ms: finish",
        Unit::Count,
        Target::Exactly(USUAL as f64),
    ),
    figure(
        Id::FinishedTime,
        "finish",
        "of 100 that clean up for 100 ms: stop",
        Unit::Milliseconds,
        Target::None,
    ),
    figure(
        Id::Chain,
        "chain",
        "web → app → db: of 2 finish",
        Unit::Count,
        Target::Exactly(2.0),
    ),
    figure(
        Id::ChainTime,
        "chain",
        "web → app → db: stop",
        Unit::Milliseconds,
        Target::AtMost(9_500.0),
    ),
    idle_switches(100, "wake-ups in 10 s idle, 100 services"),
    idle_switches(1_000, "wake-ups in 10 s idle, 1,000 services"),
    idle_time(100, "CPU in 10 s idle, 100 services"),
    idle_time(1_000, "CPU in 10 s idle, 1,000 services"),
    figure(
        Id::Restarts,
        "crash",
        "restarts in 10 s, default",
        Unit::Count,
        Target::None,
    ),
    figure(
        Id::RestartCost,
        "crash",
        "CPU of a restart, default",
        Unit::Milliseconds,
        Target::None,
    ),
    figure(
        Id::PacedRestarts,
        "crash",
        "restarts in 10 s, one a second",
        Unit::Count,
        Target::None,
    ),
    figure(
        Id::PacedCost,
        "crash",
        "CPU of a restart, one a second",
        Unit::Milliseconds,
        Target::None,
    ),
    growth(Id::MemoryGrowth, "PSS of each at 1,000 against 100"),
    growth(Id::UpGrowth, "start of each at 1,000 against 100"),
    growth(Id::DownGrowth, "stop of each at 1,000 against 100"),
];

const fn memory(services: usize, title: &'static str, target: Target) -> Figure {
    figure(
        Id::Memory(services),
        "memory",
        title,
        Unit::Kilobytes,
        target,
    )
}

const fn start(services: usize, title: &'static str, target: Target) -> Figure {
    figure(Id::Up(services), "start", title, Unit::Milliseconds, target)
}

const fn stop(services: usize, title: &'static str, target: Target) -> Figure {
    figure(
        Id::Down(services),
        "stop",
        title,
        Unit::Milliseconds,
        target,
    )
}

const fn idle_switches(services: usize, title: &'static str) -> Figure {
    figure(
        Id::IdleSwitches(services),
        "idle",
        title,
        Unit::Count,
        Target::Exactly(0.0),
    )
}

const fn idle_time(services: usize, title: &'static str) -> Figure {
    figure(
        Id::IdleTime(services),
        "idle",
        title,
        Unit::Milliseconds,
        Target::None,
    )
}

const fn growth(id: Id, title: &'static str) -> Figure {
    figure(id, "growth", title, Unit::Times, Target::AtMost(GROWTH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_figure_is_there_once() {
        let ids: HashSet<Id> = FIGURES.iter().map(|figure| figure.id).collect();
        assert_eq!(ids.len(), FIGURES.len());
        for size in SIZES {
            assert!(
                ids.contains(&Id::Memory(*size))
                    && ids.contains(&Id::Up(*size))
                    && ids.contains(&Id::Down(*size))
            );
        }
    }

    #[test]
    fn titles_say_the_numbers_that_are_measured() {
        let title = |id: Id| {
            let found = FIGURES.iter().find(|figure| figure.id == id);
            found.map_or("", |figure| figure.title)
        };
        assert!(title(Id::Finished).contains(&format!("{USUAL} that clean up for {CLEAN_UP} ms")));
        assert!(title(Id::Restarts).contains(&format!("{SECONDS} s")));
        assert!(title(Id::IdleSwitches(100)).contains(&format!("{SECONDS} s")));
    }
}
