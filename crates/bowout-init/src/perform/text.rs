//! Decides when the text that is not needed any more leaves the memory.

use bowout_core::Instant;
use std::time::Duration;

/// How long what was needed last is kept: much of a start is needed again by an end that follows soon, and
/// of one request by the next.
const KEPT: Duration = Duration::from_secs(1);

/// How much of the program's text is in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Text {
    /// What goes on needs.
    Small,
    /// More, from now on.
    Large,
    /// More, until then.
    Until(Instant),
}

impl Text {
    /// How long may be waited from now on, or from a little earlier, where the wait may be as long as
    /// `limit`. Forgets what it is time for.
    pub(super) fn wait(&mut self, limit: Option<Duration>, now: Instant) -> Option<Duration> {
        if *self == Text::Small {
            return limit;
        }
        let end = match *self {
            Text::Until(end) => end,
            Text::Small | Text::Large => now.after(KEPT),
        };
        *self = Text::Until(end);
        if now < end {
            let left = end.since(now);
            return Some(limit.map_or(left, |limit| limit.min(left)));
        }
        *self = Text::Small;
        bowout_sys::memory::forget_text();
        limit
    }

    /// Whether a wait may have ended for this alone.
    pub(super) fn is_due(self, now: Instant) -> bool {
        match self {
            Text::Until(end) => end <= now,
            Text::Small | Text::Large => false,
        }
    }
}
