//! Gives the core a notion of time without a clock: whoever drives it brings the clock's reading along.

use core::fmt;
use core::time::Duration;

/// A moment on the driver's monotonic clock, in nanoseconds since a moment of the driver's choice.
///
/// Deadlines are kept as absolute `Instant`s: a deadline that is a length of time drifts each time it
/// is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The origin of the driver's clock.
    pub const ZERO: Instant = Instant(0);

    /// The moment `nanos` nanoseconds after the origin.
    #[must_use = "makes a value and changes nothing"]
    pub const fn from_nanos(nanos: u64) -> Instant {
        Instant(nanos)
    }

    /// The moment `millis` milliseconds after the origin.
    #[must_use = "makes a value and changes nothing"]
    pub const fn from_millis(millis: u64) -> Instant {
        Instant(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the origin.
    #[must_use = "reads a value and changes nothing"]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero when `earlier` is in truth later.
    #[must_use = "reads a value and changes nothing"]
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The earliest of these, where there is any.
    #[must_use = "makes a value and changes nothing"]
    pub fn earliest(all: &[Option<Instant>]) -> Option<Instant> {
        all.iter().copied().flatten().min()
    }

    /// This moment, `length` later. Stops at the end of time (584 years) instead of wrapping.
    #[must_use = "makes a value and changes nothing"]
    pub fn after(self, length: Duration) -> Instant {
        Instant(
            self.0
                .saturating_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)),
        )
    }

    /// This moment, `length` earlier; the origin when that would lie before it.
    #[must_use = "makes a value and changes nothing"]
    pub fn before(self, length: Duration) -> Instant {
        Instant(
            self.0
                .saturating_sub(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:06}s",
            self.0 / 1_000_000_000,
            self.0 / 1_000 % 1_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_never_wrap() {
        let early = Instant::from_millis(1);
        let late = Instant::from_millis(3);
        assert_eq!(late.since(early), Duration::from_millis(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.before(Duration::from_secs(9)), Instant::ZERO);
        assert_eq!(late.after(Duration::MAX), Instant::from_nanos(u64::MAX));
    }
}
