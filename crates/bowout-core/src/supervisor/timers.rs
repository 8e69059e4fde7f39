//! Knows the earliest of many moments, and all that have come.

use crate::Instant;
use alloc::vec::Vec;

/// The end of time, which moments that are too far away come to.
const END: Instant = Instant::from_nanos(u64::MAX);
/// What stands for it here, where the end of time stands for no moment at all.
const LAST: Instant = Instant::from_nanos(u64::MAX - 1);

/// A moment for each of so many, or none.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Timers {
    /// The leaves of a tree are its second half; whatever is above two has the earlier of both.
    tree: Vec<Instant>,
}

impl Timers {
    /// None of `count` has one.
    pub(super) fn new(count: usize) -> Timers {
        let leaves = match count {
            0 => 0,
            count => count.next_power_of_two(),
        };
        Timers {
            tree: alloc::vec![END; 2 * leaves],
        }
    }

    pub(super) fn set(&mut self, at: usize, when: Option<Instant>) {
        let mut place = self.tree.len() / 2 + at;
        let mut earliest = when.map_or(END, |when| when.min(LAST));
        while place > 0 && self.tree[place] != earliest {
            self.tree[place] = earliest;
            earliest = earliest.min(self.tree[place ^ 1]);
            place /= 2;
        }
    }

    pub(super) fn earliest(&self) -> Option<Instant> {
        match *self.tree.get(1)? {
            END => None,
            LAST => Some(END),
            at => Some(at),
        }
    }

    /// Whose moment has come, in their order.
    pub(super) fn due(&self, now: Instant) -> Vec<usize> {
        let mut due = Vec::new();
        self.gather(1, now.min(LAST), &mut due);
        due
    }

    fn gather(&self, place: usize, now: Instant, due: &mut Vec<usize>) {
        if self.tree.get(place).is_none_or(|at| *at > now) {
            return;
        }
        match place.checked_sub(self.tree.len() / 2) {
            Some(at) => due.push(at),
            None => {
                self.gather(2 * place, now, due);
                self.gather(2 * place + 1, now, due);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_is_known_whatever_is_set() {
        for count in 1..20 {
            let mut timers = Timers::new(count);
            let mut own: Vec<Option<Instant>> = alloc::vec![None; count];
            for step in 0..500u64 {
                // A few moments in an order that looks like none (Knuth, MMIX).
                let drawn = step.wrapping_mul(6_364_136_223_846_793_005) >> 33;
                let at = usize::try_from(drawn).unwrap() % count;
                own[at] = (drawn % 5 > 0).then(|| Instant::from_millis(drawn % 97));
                timers.set(at, own[at]);
                assert_eq!(timers.earliest(), own.iter().flatten().min().copied());
                let now = Instant::from_millis(40);
                let due = (0..count).filter(|at| own[*at].is_some_and(|at| at <= now));
                assert_eq!(timers.due(now), due.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_end_of_time_is_a_moment() {
        let end = Instant::from_nanos(u64::MAX);
        let mut timers = Timers::new(3);
        assert_eq!(timers.due(end), []);
        timers.set(1, Some(end));
        assert_eq!(timers.due(end), [1]);
        assert_eq!(timers.earliest(), Some(end));
        assert_eq!(Timers::new(0).earliest(), None);
        assert_eq!(Timers::default().due(end), []);
    }
}
