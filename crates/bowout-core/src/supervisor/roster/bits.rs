//! A set of small numbers, in their order.

use alloc::vec::Vec;

/// Which of so many are in it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// None of `count`.
    pub(super) fn new(count: usize) -> Bits {
        Bits {
            words: alloc::vec![0; count.div_ceil(64)],
        }
    }

    pub(super) fn add(&mut self, at: usize) {
        self.words[at / 64] |= 1 << (at % 64);
    }

    pub(super) fn remove(&mut self, at: usize) {
        self.words[at / 64] &= !(1 << (at % 64));
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// The first one from `from` on.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let mut at = from / 64;
        let mut word = self.words.get(at)? & (u64::MAX << (from % 64));
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        Some(at * 64 + word.trailing_zeros() as usize)
    }

    /// The last one before `before`.
    pub(super) fn last(&self, before: usize) -> Option<usize> {
        let mut at = before / 64;
        let part = self.words.get(at).copied().unwrap_or_default();
        let mut word = part & !(u64::MAX << (before % 64));
        while word == 0 {
            at = at.checked_sub(1)?;
            word = self.words[at];
        }
        Some(at * 64 + 63 - word.leading_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_in_their_order_and_backwards() {
        let members = [0, 1, 63, 64, 127, 128, 199];
        let mut bits = Bits::new(200);
        for at in members.into_iter().chain([5, 130]) {
            bits.add(at);
        }
        bits.remove(5);
        bits.remove(130);
        let mut seen = Vec::new();
        while let Some(at) = bits.next(seen.last().map_or(0, |last| last + 1)) {
            seen.push(at);
        }
        assert_eq!(seen, members);
        let mut seen = Vec::new();
        while let Some(at) = bits.last(seen.last().copied().unwrap_or(200)) {
            seen.push(at);
        }
        seen.reverse();
        assert_eq!(seen, members);
        bits.clear();
        assert_eq!((bits.next(0), bits.last(200)), (None, None));
        let none = Bits::new(0);
        assert_eq!((none.next(0), none.last(0)), (None, None));
    }
}
