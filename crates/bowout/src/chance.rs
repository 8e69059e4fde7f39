//! Draws numbers that are the same each time, for tests that look at many cases.

/// A sequence of numbers (Marsaglia's xorshift, Journal of Statistical Software 8(14), 2003).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// One sequence for each seed from 1.
    pub(crate) fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next one: from 0, and below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % end.max(1)
    }
}
