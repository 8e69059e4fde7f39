//! Puts things into an order, by less code than the standard library does it.
//!
//! Its sorts, maps and sets are made for speed with millions: each kind of thing that is sorted or held is 3 to
//! 8 kB of code. Here are some hundred at most, and the program is to be small.

mod map;

pub use map::{Map, Set};

/// Gathers what comes into a map or a set, one by one.
#[must_use = "makes a value and changes nothing"]
pub fn gathered<T, C: Default + Extend<T>>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// Sorts, without keeping the order of what is equal: a heap sort, in place and in `n log n` steps.
pub fn sort<T>(items: &mut [T], less: impl Fn(&T, &T) -> bool) {
    for at in (0..items.len() / 2).rev() {
        sink(items, at, &less);
    }
    for end in (1..items.len()).rev() {
        items.swap(0, end);
        sink(&mut items[..end], 0, &less);
    }
}

/// Takes an item down until nothing below it is greater.
fn sink<T>(items: &mut [T], mut at: usize, less: &impl Fn(&T, &T) -> bool) {
    loop {
        let mut below = 2 * at + 1;
        if below + 1 < items.len() && less(&items[below], &items[below + 1]) {
            below += 1;
        }
        if below >= items.len() || !less(&items[at], &items[below]) {
            return;
        }
        items.swap(at, below);
        at = below;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn it_sorts_what_the_standard_library_sorts() {
        // A small generator of numbers, with many that are equal (Knuth, MMIX).
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 58
        };
        for length in 0..200 {
            let mut items: Vec<u64> = (0..length).map(|_| next()).collect();
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items, |a, b| a < b);
            assert_eq!(items, expected);
        }
    }

    #[test]
    fn of_two_with_one_key_the_last_stays() {
        let map: Map<u8, char> = gathered([(2, 'a'), (1, 'b'), (2, 'c')]);
        assert_eq!(map, Map::from([(1, 'b'), (2, 'c')]));
        let set: Set<u8> = gathered([3, 1, 3]);
        assert_eq!(set, Set::from([1, 3]));
    }
}
