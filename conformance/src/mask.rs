//! Reads a set of signals as /proc prints it.

use std::fmt;

use crate::signal::Signal;

/// A set of signals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mask(u64);

impl Mask {
    /// Nothing.
    pub const EMPTY: Self = Self(0);

    /// Just these.
    #[must_use]
    pub fn of(signals: &[Signal]) -> Self {
        Self(signals.iter().fold(0, |set, signal| set | signal.bit()))
    }

    /// From sixteen hexadecimal digits.
    ///
    /// # Panics
    /// If they are none.
    #[must_use]
    pub fn parse(digits: &str) -> Self {
        let bits = u64::from_str_radix(digits.trim(), 16);
        Self(bits.unwrap_or_else(|_| panic!("no signal set: {digits:?}")))
    }

    /// All of it but these.
    #[must_use]
    pub fn without(self, signals: &[Signal]) -> Self {
        Self(self.0 & !Self::of(signals).0)
    }

    /// Whether it has this one.
    #[must_use]
    pub fn has(self, signal: Signal) -> bool {
        self.0 & signal.bit() != 0
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = (1..=64).filter(|number| self.0 & (1 << (number - 1)) != 0);
        out.debug_set().entries(numbers).finish()
    }
}
