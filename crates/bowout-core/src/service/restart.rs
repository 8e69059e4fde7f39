//! Decides whether a service that ended is started again, and after which pause.

use crate::{Instant, Status};
use core::time::Duration;

/// The first pause.
pub const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A service that was up for as long starts with the first pause again.
pub const STEADY: Duration = Duration::from_secs(10);

/// When a service is started again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum When {
    /// Never.
    Never,
    /// When it ended otherwise than with code 0.
    OnFailure,
    /// Always.
    Always,
}

/// A restart policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Restart {
    /// When.
    pub when: When,
    /// After how many starts without a steady time between them it is given up; `None`: never.
    pub limit: Option<u32>,
}

impl Restart {
    /// A service that ends stays down.
    pub const NO: Restart = Restart {
        when: When::Never,
        limit: None,
    };
}

/// How often a service was started again since it was last steady.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Attempts {
    restarts: u32,
    /// How often in a row the system had no process to spare.
    starved: u32,
}

impl Attempts {
    /// The pause before the next start, or `None` when the service stays down.
    pub fn next_pause(
        &mut self,
        policy: Restart,
        status: Status,
        up_since: Instant,
        now: Instant,
    ) -> Option<Duration> {
        let wanted = match policy.when {
            When::Never => false,
            When::OnFailure => !status.is_success(),
            When::Always => true,
        };
        if !wanted {
            return None;
        }
        if now.since(up_since) >= STEADY {
            self.restarts = 0;
        }
        if policy.limit.is_some_and(|limit| self.restarts >= limit) {
            return None;
        }
        Some(doubled(&mut self.restarts))
    }

    /// The pause before a start that failed for want of processes is tried again. That is no failure
    /// of the service, so it is counted apart.
    pub fn pause(&mut self) -> Duration {
        doubled(&mut self.starved)
    }

    /// The start went well.
    pub fn started(&mut self) {
        self.starved = 0;
    }
}

fn doubled(count: &mut u32) -> Duration {
    let factor = 1u32.checked_shl(*count).unwrap_or(u32::MAX);
    *count = count.saturating_add(1);
    FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.pause(), FIRST_PAUSE);
        assert_eq!(attempts.pause(), 2 * FIRST_PAUSE);
        for _ in 0..100 {
            assert!(attempts.pause() <= LONGEST_PAUSE);
        }
        assert_eq!(attempts.pause(), LONGEST_PAUSE);
    }

    #[test]
    fn the_policy_decides_and_a_steady_time_forgives() {
        let policy = Restart {
            when: When::OnFailure,
            limit: Some(1),
        };
        let (start, soon) = (Instant::ZERO, Instant::from_millis(5));
        let mut attempts = Attempts::default();
        assert_eq!(
            attempts.next_pause(policy, Status::Exited(0), start, soon),
            None
        );
        assert_eq!(
            attempts.next_pause(policy, Status::Exited(1), start, soon),
            Some(FIRST_PAUSE)
        );
        assert_eq!(
            attempts.next_pause(policy, Status::Exited(1), start, soon),
            None,
            "the limit"
        );
        let later = start.after(STEADY);
        assert_eq!(
            attempts.next_pause(policy, Status::Exited(1), start, later),
            Some(FIRST_PAUSE)
        );
        assert_eq!(
            attempts.next_pause(Restart::NO, Status::Exited(1), start, later),
            None
        );
    }
}
