//! Judges a stop by what the processes themselves recorded.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::Record;

/// What came of one `docker stop`.
#[derive(Debug, Clone)]
pub struct Stop {
    /// As `docker inspect` shows it.
    pub exit_code: i32,
    /// From the stop signal to the end of PID 1.
    pub elapsed: Duration,
    /// What the processes recorded.
    pub records: Vec<Record>,
    /// What the container wrote.
    pub logs: String,
}

impl Stop {
    /// Whether every process that was ready ran its clean-up to the end.
    pub fn graceful(&self) -> bool {
        self.unfinished().is_empty() && !self.records.is_empty()
    }

    /// The processes that were ready and did not finish their clean-up, each with the last it recorded.
    pub fn unfinished(&self) -> Vec<String> {
        let of = self.by_process();
        let open = of
            .iter()
            .filter(|(_, events)| events.iter().all(|record| record.event != "done"));
        open.filter_map(|((pid, name), events)| {
            Some(format!("{name} ({pid}): last {}", events.last()?.event))
        })
        .collect()
    }

    /// The processes that got the stop signal more than once.
    pub fn told_twice(&self) -> Vec<String> {
        let of = self.by_process();
        let told = of.iter().filter(|(_, events)| {
            events
                .iter()
                .filter(|record| record.event == "got TERM")
                .count()
                > 1
        });
        told.map(|((pid, name), _)| format!("{name} ({pid})"))
            .collect()
    }

    /// The longest that a process took from its signal to the end of its clean-up, by its own clock calls.
    pub fn slowest_cleanup(&self) -> Duration {
        let of = self.by_process();
        let spans = of.values().filter_map(|events| {
            let at = |event: &str| {
                events
                    .iter()
                    .find(|record| record.event.starts_with(event))
                    .map(|record| record.at)
            };
            u64::try_from(at("done")? - at("got ")?).ok()
        });
        Duration::from_nanos(spans.max().unwrap_or(0))
    }

    /// The time that no process needed: what init and engine added.
    pub fn excess(&self) -> Duration {
        self.elapsed.saturating_sub(self.slowest_cleanup())
    }

    fn by_process(&self) -> BTreeMap<(u32, &str), Vec<&Record>> {
        let mut processes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in &self.records {
            processes
                .entry((record.pid, record.name.as_str()))
                .or_default()
                .push(record);
        }
        processes
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Record, Stop};

    fn stop(lines: &[(i64, u32, &str)]) -> Stop {
        let record = |(at, pid, event): &(i64, u32, &str)| Record {
            at: at * 1_000_000,
            pid: *pid,
            name: "app".to_owned(),
            event: (*event).to_owned(),
        };
        let records = lines.iter().map(record).collect();
        Stop {
            exit_code: 0,
            elapsed: Duration::from_millis(350),
            records,
            logs: String::new(),
        }
    }

    #[test]
    fn one_process_without_a_finished_cleanup_is_enough() {
        let half = stop(&[
            (1, 7, "ready"),
            (2, 8, "ready"),
            (3, 7, "got TERM"),
            (4, 8, "got TERM"),
            (304, 8, "done"),
        ]);
        assert_eq!(half.unfinished(), ["app (7): last got TERM"]);
        assert!(!half.graceful());
        assert!(half.told_twice().is_empty());
        assert_eq!(half.excess(), Duration::from_millis(50));
    }

    #[test]
    fn nothing_recorded_is_not_graceful() {
        assert!(!stop(&[]).graceful());
    }

    #[test]
    fn a_second_signal_is_seen() {
        let twice = stop(&[
            (1, 7, "ready"),
            (3, 7, "got TERM"),
            (4, 7, "got TERM"),
            (9, 7, "done"),
        ]);
        assert_eq!(twice.told_twice(), ["app (7)"]);
        assert!(twice.graceful());
    }
}
