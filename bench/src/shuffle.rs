//! Shuffles the order of each round, so that no init always runs after the same neighbour.

/// A small generator: nothing here needs better randomness than a fair order.
pub(crate) struct Shuffle(u64);

impl Shuffle {
    /// Starts from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Starts from the clock.
    pub(crate) fn from_clock() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self::new(since.map_or(1, |since| since.as_nanos() as u64))
    }

    /// The same items in a random order.
    pub(crate) fn order<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for last in (1..items.len()).rev() {
            let other = (self.next() % (last as u64 + 1)) as usize;
            items.swap(last, other);
        }
        items
    }

    /// xorshift64
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_stays_and_every_place_is_reached() {
        let mut shuffle = Shuffle::new(7);
        let mut first = [0; 4];
        for _ in 0..400 {
            let order = shuffle.order(vec![0, 1, 2, 3]);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
            first[order[0]] += 1;
        }
        assert!(first.iter().all(|count| *count > 50), "{first:?}");
    }
}
