//! Decides whether a service that ended is started again, and after which pause.

use crate::Instant;
use alloc::collections::VecDeque;
use core::time::Duration;

/// The first pause.
pub const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A service that was up for as long starts with the first pause again.
pub const STEADY: Duration = Duration::from_secs(10);
/// The time in which restarts are counted.
pub const WINDOW: Duration = Duration::from_secs(60);

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
    /// How many restarts there may be in [`window`](Restart::window); `None`: any number.
    pub limit: Option<u32>,
    /// The time in which restarts are counted.
    pub window: Duration,
    /// The first pause. Each next one is twice as long.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// A service that was up for as long starts with the first pause again.
    pub steady: Duration,
}

impl Restart {
    /// A service that ends stays down.
    pub const NO: Restart = Restart {
        when: When::Never,
        limit: None,
        window: WINDOW,
        first_pause: FIRST_PAUSE,
        longest_pause: LONGEST_PAUSE,
        steady: STEADY,
    };
}

/// What follows when a service is down that is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Decision {
    /// It stays down.
    Stay,
    /// It stays down: it was started again as often as it may be.
    Exhausted,
    /// It is started again after this pause.
    Again(Duration),
}

/// A sequence of numbers that nobody has to keep from anybody: jitter. Zero gives zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Chance(u64);

impl Chance {
    /// Numbers that follow from this one.
    #[must_use = "makes a value and changes nothing"]
    pub const fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A length from zero to `most` (Marsaglia's xorshift, Journal of Statistical Software 8(14), 2003).
    fn up_to(&mut self, most: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let part = u32::try_from(self.0 >> 44).unwrap_or(0);
        most / (1 << 20) * part
    }
}

/// How often a service was started again since it was last steady.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Attempts {
    /// Since it was last steady.
    restarts: u32,
    /// How often in a row the system had no process to spare.
    starved: u32,
    /// Restarts since the container started.
    total: u32,
    /// When the restarts of the window were, where they are limited.
    recent: VecDeque<Instant>,
}

impl Attempts {
    /// How often it was started again since the container started.
    #[must_use = "reads a value and changes nothing"]
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Decides what follows an end by itself. `up` is how long it was up.
    pub fn decide(
        &mut self,
        policy: Restart,
        failed: bool,
        up: Duration,
        now: Instant,
        chance: &mut Chance,
    ) -> Decision {
        let wanted = match policy.when {
            When::Never => false,
            When::OnFailure => failed,
            When::Always => true,
        };
        if !wanted {
            return Decision::Stay;
        }
        if up >= policy.steady {
            self.restarts = 0;
        }
        if let Some(limit) = policy.limit {
            self.recent.retain(|at| now.since(*at) < policy.window);
            if self.recent.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                return Decision::Exhausted;
            }
            self.recent.push_back(now);
        }
        self.total = self.total.saturating_add(1);
        let pause = doubled(&mut self.restarts, policy.first_pause, policy.longest_pause);
        // Services that failed together do not all come back at the same moment.
        Decision::Again(pause.saturating_sub(chance.up_to(pause / 4)))
    }

    /// Somebody asked for another start: whatever was counted is forgiven.
    pub fn forgive(&mut self) {
        self.restarts = 0;
        self.recent.clear();
    }

    /// Somebody asked for a restart.
    pub fn asked(&mut self) {
        self.total = self.total.saturating_add(1);
    }

    /// The pause before a start that failed for want of processes is tried again. That is no failure
    /// of the service, so it is counted apart.
    pub fn pause(&mut self) -> Duration {
        doubled(&mut self.starved, FIRST_PAUSE, LONGEST_PAUSE)
    }

    /// The start went well.
    pub fn started(&mut self) {
        self.starved = 0;
    }
}

fn doubled(count: &mut u32, first: Duration, longest: Duration) -> Duration {
    let factor = 1u32.checked_shl(*count).unwrap_or(u32::MAX);
    *count = count.saturating_add(1);
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn decide(attempts: &mut Attempts, policy: Restart, failed: bool, now: u64) -> Decision {
        let now = Instant::from_millis(now);
        attempts.decide(policy, failed, 5 * MS, now, &mut Chance::default())
    }

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
    fn the_policy_decides_and_a_window_forgets() {
        let policy = Restart {
            when: When::OnFailure,
            limit: Some(2),
            ..Restart::NO
        };
        let mut attempts = Attempts::default();
        assert_eq!(decide(&mut attempts, policy, false, 0), Decision::Stay);
        let first = Decision::Again(FIRST_PAUSE);
        assert_eq!(decide(&mut attempts, policy, true, 0), first);
        let second = Decision::Again(2 * FIRST_PAUSE);
        assert_eq!(decide(&mut attempts, policy, true, 30_000), second);
        assert_eq!(
            decide(&mut attempts, policy, true, 59_999),
            Decision::Exhausted
        );
        let third = Decision::Again(4 * FIRST_PAUSE);
        assert_eq!(
            decide(&mut attempts, policy, true, 60_000),
            third,
            "the first is out"
        );
        assert_eq!(
            decide(&mut attempts, policy, true, 60_001),
            Decision::Exhausted
        );
        attempts.forgive();
        assert_eq!(decide(&mut attempts, policy, true, 60_002), first);
        assert_eq!(attempts.total(), 4);
        assert_eq!(
            decide(&mut attempts, Restart::NO, true, 60_002),
            Decision::Stay
        );
    }

    #[test]
    fn a_steady_time_starts_with_the_first_pause() {
        let policy = Restart {
            when: When::Always,
            ..Restart::NO
        };
        let mut attempts = Attempts::default();
        for _ in 0..3 {
            _ = decide(&mut attempts, policy, true, 0);
        }
        let later = Instant::from_millis(20_000);
        let steady = attempts.decide(policy, true, STEADY, later, &mut Chance::default());
        assert_eq!(steady, Decision::Again(FIRST_PAUSE));
    }

    #[test]
    fn jitter_takes_up_to_a_quarter() {
        let policy = Restart {
            when: When::Always,
            longest_pause: FIRST_PAUSE,
            ..Restart::NO
        };
        let mut attempts = Attempts::default();
        let mut chance = Chance::new(42);
        let mut pauses = alloc::collections::BTreeSet::new();
        for _ in 0..200 {
            match attempts.decide(policy, true, MS, Instant::ZERO, &mut chance) {
                Decision::Again(pause) => {
                    assert!(
                        pause <= FIRST_PAUSE && pause >= FIRST_PAUSE * 3 / 4,
                        "{pause:?}"
                    );
                    pauses.insert(pause);
                }
                Decision::Stay | Decision::Exhausted => panic!("it is always started again"),
            }
        }
        assert!(pauses.len() > 100, "they differ");
    }
}
