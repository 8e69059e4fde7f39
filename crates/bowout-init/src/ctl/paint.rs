//! Colours what a person reads, and nothing else.

use crate::colour;
use crate::control::protocol::State;

/// Clears from the cursor to the end of the line (ECMA-48, 8.3.41).
pub(super) const CLEAR_REST: &str = "\x1b[K";

/// For names. Red is left out: it looks like an error.
const NAMES: [u8; 5] = [36, 33, 32, 35, 34];

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    /// On a terminal that can, where nobody has set NO_COLOR (no-color.org).
    pub(super) fn for_output() -> Paint {
        Paint(colour::is_wanted(&bowout_sys::output::standard_output()))
    }

    /// A head of a table.
    pub(super) fn head(self, text: &str) -> String {
        self.paint(text, 1)
    }

    /// The word for a state, by how worrying it is.
    pub(super) fn state(self, state: State, text: &str) -> String {
        let colour = match state {
            State::Running | State::Completed => 32,
            State::Waiting | State::Starting | State::Stopping | State::Backoff => 33,
            State::Failed => 31,
            State::Stopped | State::Unknown => 2,
        };
        self.paint(text, colour)
    }

    /// The name of a service in front of a line.
    pub(super) fn name(self, number: usize, text: &str) -> String {
        self.paint(text, NAMES[number % NAMES.len()])
    }

    fn paint(self, text: &str, code: u8) -> String {
        match self.0 {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_coloured_that_is_not_wanted_so() {
        assert_eq!(Paint(false).state(State::Failed, "failed"), "failed");
        assert_eq!(
            Paint(true).state(State::Failed, "failed"),
            "\x1b[31mfailed\x1b[0m"
        );
        assert_eq!(Paint(true).name(5, "a"), Paint(true).name(0, "a"));
    }
}
