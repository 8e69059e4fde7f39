//! Says on a terminal what is waited for, once that takes more than a moment.

use super::paint;
use super::words;
use crate::colour::is_terminal;
use crate::control::protocol::{Call, Item, Reply, ServiceStatus, State};
use crate::log::printable;
use std::io::Write;
use std::time::Duration;

/// Up to here nobody wonders.
const MOMENT: Duration = Duration::from_secs(1);
/// How many services are named.
const NAMED: usize = 3;

/// The line at the bottom of the terminal.
pub(super) struct Progress {
    is_wanted: bool,
    /// Whether services are on their way down and not up.
    goes_down: bool,
    /// Whether an answer is awaited.
    is_looking: bool,
    is_shown: bool,
    /// Who is waited for, as far as the answer has come.
    away: Vec<String>,
}

impl Progress {
    pub(super) fn new(call: &Call) -> Progress {
        Progress {
            is_wanted: call.wait && is_terminal(&std::io::stderr()),
            goes_down: matches!(call.verb.as_str(), "stop" | "shutdown" | "remove"),
            is_looking: false,
            is_shown: false,
            away: Vec::new(),
        }
    }

    /// Whether it is time for another look at how things stand.
    pub(super) fn is_due(&mut self, waited: Duration) -> bool {
        let is_due = self.is_wanted && waited >= MOMENT && !self.is_looking;
        self.is_looking |= is_due;
        is_due
    }

    /// Takes a line of the answer to that look.
    pub(super) fn look(&mut self, reply: &Reply<'_>, waited: Duration) {
        if let Some(Item::Service(service)) = &reply.item {
            self.away.extend(away(service, self.goes_down));
        }
        if reply.result.is_some() || reply.error.is_some() {
            self.is_looking = false;
            let line = line(&std::mem::take(&mut self.away), waited);
            self.is_shown = true;
            _ = write!(std::io::stderr(), "\r{line}{}", paint::CLEAR_REST);
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            _ = write!(std::io::stderr(), "\r{}", paint::CLEAR_REST);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn away(service: &ServiceStatus<'_>, goes_down: bool) -> Option<String> {
    let name = printable(&service.name);
    let is_down = matches!(
        service.state,
        State::Stopped | State::Completed | State::Failed
    );
    if (goes_down && is_down) || (!goes_down && (service.ready || !service.wanted)) {
        return None;
    }
    Some(match service.next_start_ms {
        Some(next) => format!("{name} starts again in {}", words::length(next)),
        None => format!("{name} {}", service.state.said()),
    })
}

fn line(away: &[String], waited: Duration) -> String {
    let mut text = format!(
        "waiting for {}",
        words::length(u64::try_from(waited.as_millis()).unwrap_or(0))
    );
    let named = away.len().min(NAMED);
    if named > 0 {
        text.push_str(": ");
        text.push_str(&away[..named].join("; "));
    }
    if away.len() > named {
        text.push_str(&format!("; and {} more", away.len() - named));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::show::tests::service;

    #[test]
    fn who_is_waited_for_is_named() {
        let mut late = service("late", State::Backoff);
        late.next_start_ms = Some(3100);
        let services = [
            service("db", State::Running),
            service("web", State::Starting),
            late,
            service("a", State::Waiting),
            service("b", State::Waiting),
        ];
        let away = |goes_down| -> Vec<String> {
            let away = services
                .iter()
                .filter_map(|one| super::away(one, goes_down));
            away.collect()
        };
        assert_eq!(
            line(&away(false), Duration::from_millis(61_500)),
            "waiting for 1 min 1 s: web is starting; late starts again in 3 s; a is waiting for what it depends on; and 1 more"
        );
        assert_eq!(away(true).len(), 5);
        assert!(super::away(&service("db", State::Failed), true).is_none());
        assert_eq!(line(&[], Duration::from_secs(2)), "waiting for 2 s");
    }

    #[test]
    fn nobody_is_asked_in_the_first_moment_or_twice_at_once() {
        let mut progress = Progress::new(&Call::default());
        assert!(
            !progress.is_due(Duration::from_secs(5)),
            "no terminal, or no wait"
        );
        progress.is_wanted = true;
        assert!(!progress.is_due(Duration::from_millis(999)));
        assert!(progress.is_due(MOMENT) && !progress.is_due(MOMENT));
    }
}
