//! Runs the measurements of managers, one manager at a time, each figure in turns over all of them.

use std::time::Duration;

use super::figures::{SECONDS, USUAL};
use super::life::{Life, Stop};
use super::manager::Manager;
use super::scene::{Cast, Service};
use crate::figure::{Id, SETTLE};
use crate::programs::Programs;
use crate::samples::Samples;
use crate::shuffle::Shuffle;
use crate::statistics::summarise;

/// What every measurement works with.
struct Run<'a> {
    programs: &'a Programs,
    managers: &'a [Manager],
    shuffle: Shuffle,
    samples: Samples,
}

/// Measures the chosen groups of figures; `runs` is the number of rounds of the cheapest.
pub(super) fn all(
    programs: &Programs,
    managers: &[Manager],
    sizes: &[usize],
    runs: usize,
    chosen: impl Fn(&str) -> bool,
) -> Samples {
    let mut run = Run {
        programs,
        managers,
        shuffle: Shuffle::from_clock(),
        samples: Samples::default(),
    };
    let share = |divisor: usize| (runs / divisor).max(1);
    if ["memory", "start", "stop", "growth"]
        .into_iter()
        .any(&chosen)
    {
        run.warm_up();
        for size in sizes {
            run.lives(
                *size,
                if *size < 1_000 {
                    runs
                } else {
                    runs.div_ceil(2)
                },
            );
        }
        run.growth();
    }
    if chosen("finish") {
        run.finish(runs.div_ceil(2));
    }
    if chosen("chain") {
        run.chain(share(5));
    }
    if chosen("idle") {
        for size in sizes.iter().filter(|size| **size >= USUAL) {
            run.idle(*size);
        }
    }
    if chosen("crash") {
        run.crash(share(5));
    }
    run.samples
}

impl Run<'_> {
    /// Brings every manager and what it needs into the page cache.
    fn warm_up(&mut self) {
        for index in self.round(Id::Up(1), |_| true) {
            if let Err(why) = self.begin(index, |cast| cast.idle(1), 1) {
                self.fail(Id::Up(1), index, why);
            }
        }
    }

    /// Start, memory at rest, and stop, in one life.
    fn lives(&mut self, size: usize, rounds: usize) {
        for round in 1..=rounds {
            eprintln!("{size} services: {round}/{rounds}");
            for index in self.round(Id::Up(size), |_| true) {
                let seen = self
                    .begin(index, |cast| cast.idle(size), size)
                    .and_then(|life| {
                        std::thread::sleep(SETTLE);
                        Ok((life.start, life.usage()?, life.stop()?))
                    });
                match seen {
                    Ok((start, usage, stop)) => {
                        self.samples.add(Id::Up(size), index, start / 1e6);
                        self.samples.add(Id::Memory(size), index, usage.pss);
                        self.samples.add(Id::Down(size), index, stop.time / 1e6);
                        self.samples.add(Id::DownCode, index, stop.code);
                    }
                    Err(why) => self.fail(Id::Up(size), index, why),
                }
            }
        }
    }

    /// What each further service costs among 1,000, against what it costs among 100: the first one is taken off both, and with it what
    /// the manager costs anyway.
    fn growth(&mut self) {
        let ids = |figure: fn(usize) -> Id| [figure(1), figure(100), figure(1_000)];
        let kinds = [
            (Id::MemoryGrowth, ids(Id::Memory)),
            (Id::UpGrowth, ids(Id::Up)),
            (Id::DownGrowth, ids(Id::Down)),
        ];
        for (growth, [one, hundred, thousand]) in kinds {
            for index in 0..self.managers.len() {
                let median = |id: Id| {
                    let summary = summarise(self.samples.of(id, index))?;
                    Some(summary.median)
                };
                if let (Some(one), Some(hundred), Some(thousand)) =
                    (median(one), median(hundred), median(thousand))
                {
                    match per_service(one, hundred, thousand) {
                        Some(ratio) => self.samples.add(growth, index, ratio),
                        None => self
                            .samples
                            .fail(growth, index, "100 cost no more than 1".into()),
                    }
                }
            }
        }
    }

    /// How many services come to the end of a clean-up.
    fn finish(&mut self, rounds: usize) {
        for round in 1..=rounds {
            eprintln!("clean-up: {round}/{rounds}");
            for index in self.round(Id::Finished, |_| true) {
                match self.life(index, |cast| cast.clean(USUAL), USUAL) {
                    Ok(stop) => {
                        self.samples.add(Id::Finished, index, stop.finished);
                        self.samples.add(Id::FinishedTime, index, stop.time / 1e6);
                    }
                    Err(why) => self.fail(Id::Finished, index, why),
                }
            }
        }
    }

    /// How many of those that must stop last come to the end of their clean-up when the first one does not stop.
    fn chain(&mut self, rounds: usize) {
        for round in 1..=rounds {
            eprintln!("chain: {round}/{rounds}");
            for index in self.round(Id::Chain, |manager| manager.known.ordered) {
                match self.life(index, |cast| cast.chain(), 3) {
                    Ok(stop) => {
                        self.samples.add(Id::Chain, index, stop.finished);
                        self.samples.add(Id::ChainTime, index, stop.time / 1e6);
                    }
                    Err(why) => self.fail(Id::Chain, index, why),
                }
            }
        }
    }

    /// Wake-ups and processor time of the manager's processes while nothing happens.
    fn idle(&mut self, size: usize) {
        eprintln!("idle with {size} services: {SECONDS} s each");
        for index in self.round(Id::IdleSwitches(size), |_| true) {
            let seen = self
                .begin(index, |cast| cast.idle(size), size)
                .and_then(|life| {
                    std::thread::sleep(SETTLE);
                    let before = life.usage()?;
                    std::thread::sleep(Duration::from_secs(SECONDS));
                    Ok((before, life.usage()?))
                });
            match seen {
                Ok((before, after)) => {
                    let switches = after.switches - before.switches;
                    self.samples.add(Id::IdleSwitches(size), index, switches);
                    self.samples
                        .add(Id::IdleTime(size), index, (after.time - before.time) / 1e6);
                }
                Err(why) => self.fail(Id::IdleSwitches(size), index, why),
            }
        }
    }

    /// Restarts of a service that ends at once, and what each costs: the manager's time, and that of the process it starts.
    fn crash(&mut self, rounds: usize) {
        let kinds = [
            (Id::Restarts, Id::RestartCost, false),
            (Id::PacedRestarts, Id::PacedCost, true),
        ];
        for round in 1..=rounds {
            for (count, cost, paced) in kinds {
                let pace = if paced { "one a second" } else { "as they do" };
                eprintln!("crashes, {pace}: {round}/{rounds}, {SECONDS} s each");
                let takes_part =
                    |manager: &Manager| manager.known.restarts && (!paced || manager.known.paced);
                for index in self.round(count, takes_part) {
                    let seen =
                        self.begin(index, |cast| cast.crash(paced), 1)
                            .and_then(|mut life| {
                                let (before, used) = (life.usage()?, life.crashes()?);
                                std::thread::sleep(Duration::from_secs(SECONDS));
                                let (after, all) = (life.usage()?, life.crashes()?);
                                let time = after.time - before.time + all.1 - used.1;
                                Ok((all.0 - used.0, time))
                            });
                    match seen {
                        Ok((restarts, time)) => {
                            self.samples.add(count, index, restarts);
                            if restarts > 0.0 {
                                self.samples.add(cost, index, time / restarts / 1e6);
                            }
                        }
                        Err(why) => self.fail(count, index, why),
                    }
                }
            }
        }
    }

    /// Start, rest, stop.
    fn life(
        &self,
        index: usize,
        services: impl FnOnce(&Cast<'_>) -> Vec<Service>,
        staying: usize,
    ) -> Result<Stop, String> {
        let life = self.begin(index, services, staying)?;
        std::thread::sleep(SETTLE);
        life.stop()
    }

    fn begin(
        &self,
        index: usize,
        services: impl FnOnce(&Cast<'_>) -> Vec<Service>,
        staying: usize,
    ) -> Result<Life, String> {
        Life::begin(self.programs, &self.managers[index], services, staying)
    }

    /// The managers that take part, in a new random order.
    fn round(&mut self, id: Id, takes_part: impl Fn(&Manager) -> bool) -> Vec<usize> {
        let all = self.managers.iter().enumerate();
        let fit =
            all.filter(|(index, manager)| takes_part(manager) && self.samples.hopeful(id, *index));
        self.shuffle.order(fit.map(|(index, _)| index).collect())
    }

    /// Keeps a failure, and says so at once.
    fn fail(&mut self, id: Id, index: usize, reason: String) {
        eprintln!("  {}: {reason}", self.managers[index].known.name);
        self.samples.fail(id, index, reason);
    }
}

/// Nothing where 100 services do not cost more than one.
fn per_service(one: f64, hundred: f64, thousand: f64) -> Option<f64> {
    let (few, many) = ((hundred - one) / 99.0, (thousand - one) / 999.0);
    (few > 0.0).then_some(many / few)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_manager_costs_anyway_does_not_count() {
        let linear = |size: f64| 500.0 + 3.0 * size;
        let ratio = per_service(linear(1.0), linear(100.0), linear(1_000.0)).unwrap();
        assert!((ratio - 1.0).abs() < 1e-9, "{ratio}");
        let square = |size: f64| 500.0 + size * size;
        assert!(per_service(square(1.0), square(100.0), square(1_000.0)).unwrap() > 9.0);
        assert_eq!(per_service(5.0, 5.0, 50.0), None);
    }
}
