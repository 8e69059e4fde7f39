//! Holds what is looked up by a key, or is there only once, in a row that is kept in order.
//!
//! A B-tree is 3 to 8 kB of code for each kind of key and value. To put something into a row moves all that is
//! behind it, which takes microseconds with thousands of entries; most come in the order of their keys, and
//! nothing is moved then.

use alloc::vec::{self, Vec};
use core::borrow::Borrow;
use core::{fmt, iter, ops, slice};

/// Values by their keys, in the order of these.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Map<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Map<K, V> {
    /// One without entries.
    #[must_use = "makes a value and changes nothing"]
    pub const fn new() -> Map<K, V> {
        Map {
            entries: Vec::new(),
        }
    }

    /// How many entries there are.
    #[must_use = "reads a value and changes nothing"]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        let pair: fn(&(K, V)) -> (&K, &V) = |(key, value)| (key, value);
        self.entries.iter().map(pair)
    }

    /// The same, with values that can be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        let pair: fn(&mut (K, V)) -> (&K, &mut V) = |(key, value)| (key, value);
        self.entries.iter_mut().map(pair)
    }

    /// All keys, in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.entries.iter().map(|(key, _)| key)
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.entries.iter().map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// The same, to be taken out.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.entries.into_iter().map(|(_, value)| value)
    }

    /// Keeps those that are wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|(key, value)| wanted(key, value));
    }

    /// Takes all of them out.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

impl<K: Ord, V> Map<K, V> {
    /// Where a key is, or where it would have to be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.entries
            .binary_search_by(|(there, _)| there.borrow().cmp(key))
    }

    /// The value of a key.
    #[must_use = "reads a value and changes nothing"]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(&self.entries[place].1)
    }

    /// The same, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(&mut self.entries[place].1)
    }

    /// Whether there is a value of this key.
    #[must_use = "reads a value and changes nothing"]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Gives a key its value, and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(core::mem::replace(&mut self.entries[place].1, value)),
            Err(place) => {
                self.entries.insert(place, (key, value));
                None
            }
        }
    }

    /// The value of a key, which is made where there is none.
    pub fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let place = self.place(&key).unwrap_or_else(|place| {
            self.entries.insert(place, (key, value()));
            place
        });
        &mut self.entries[place].1
    }

    /// Takes the value of a key out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.entries.remove(place).1)
    }
}

type Iter<'a, K, V> = iter::Map<slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;
type IterMut<'a, K, V> =
    iter::Map<slice::IterMut<'a, (K, V)>, fn(&'a mut (K, V)) -> (&'a K, &'a mut V)>;

impl<K, V> Default for Map<K, V> {
    fn default() -> Map<K, V> {
        Map::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(entries: [(K, V); N]) -> Map<K, V> {
        super::gathered(entries)
    }
}

impl<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V> ops::Index<&Q> for Map<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the map has the key")
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> vec::IntoIter<(K, V)> {
        self.entries.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut Map<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

/// Things that are there only once, in their order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Set<T> {
    items: Vec<T>,
}

impl<T> Set<T> {
    /// One without anything.
    #[must_use = "makes a value and changes nothing"]
    pub const fn new() -> Set<T> {
        Set { items: Vec::new() }
    }

    /// How many there are.
    #[must_use = "reads a value and changes nothing"]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Keeps those that are wanted.
    pub fn retain(&mut self, wanted: impl FnMut(&T) -> bool) {
        self.items.retain(wanted);
    }

    /// Takes all of them out.
    pub fn clear(&mut self) {
        self.items.clear();
    }
}

impl<T: Ord> Set<T> {
    /// Whether this is there.
    #[must_use = "reads a value and changes nothing"]
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let place = |there: &T| there.borrow().cmp(item);
        self.items.binary_search_by(place).is_ok()
    }

    /// Adds this, and returns whether it was not there.
    pub fn insert(&mut self, item: T) -> bool {
        match self.items.binary_search(&item) {
            Ok(_) => false,
            Err(place) => {
                self.items.insert(place, item);
                true
            }
        }
    }

    /// All from this one on, in their order.
    #[must_use = "reads a value and changes nothing"]
    pub fn not_before(&self, first: &T) -> &[T] {
        match self.items.binary_search(first) {
            Ok(place) | Err(place) => &self.items[place..],
        }
    }

    /// Takes this out, and returns whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let place = self
            .items
            .binary_search_by(|there| there.borrow().cmp(item));
        place.map(|place| self.items.remove(place)).is_ok()
    }
}

impl<T> Default for Set<T> {
    fn default() -> Set<T> {
        Set::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.items).finish()
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Set<T> {
    fn from(items: [T; N]) -> Set<T> {
        super::gathered(items)
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> vec::IntoIter<T> {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> slice::Iter<'a, T> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::{BTreeMap, BTreeSet};
    use alloc::string::{String, ToString};

    /// A small generator of numbers (Knuth, MMIX).
    fn numbers() -> impl Iterator<Item = u64> {
        let next = |state: &u64| {
            let state = state.wrapping_mul(6_364_136_223_846_793_005);
            Some(state.wrapping_add(1_442_695_040_888_963_407))
        };
        iter::successors(Some(1), next).map(|state| state >> 58)
    }

    #[test]
    fn a_map_holds_what_the_standard_library_holds() {
        let (mut map, mut expected) = (Map::new(), BTreeMap::new());
        let mut numbers = numbers();
        for turn in 0..2000 {
            let key = numbers.next().unwrap();
            match numbers.next().unwrap() % 4 {
                0 => assert_eq!(map.remove(&key), expected.remove(&key)),
                1 => {
                    let value = *map.get_or_insert_with(key, || turn);
                    assert_eq!(value, *expected.entry(key).or_insert(turn));
                }
                _ => assert_eq!(map.insert(key, turn), expected.insert(key, turn)),
            }
            if turn % 100 == 99 {
                map.retain(|key, _| key % 3 > 0);
                expected.retain(|key, _| key % 3 > 0);
            }
            assert!(map.iter().eq(&expected) && map.keys().eq(expected.keys()));
            let key = numbers.next().unwrap();
            assert_eq!(map.get(&key), expected.get(&key));
            assert_eq!(map.get_mut(&key), expected.get_mut(&key));
            assert_eq!(map.contains_key(&key), expected.contains_key(&key));
            assert_eq!(
                (map.len(), map.is_empty()),
                (expected.len(), expected.is_empty())
            );
        }
        assert_eq!(map.into_iter().collect::<BTreeMap<_, _>>(), expected);
    }

    #[test]
    fn a_set_holds_what_the_standard_library_holds() {
        let (mut set, mut expected) = (Set::new(), BTreeSet::new());
        let mut numbers = numbers();
        for _ in 0..1000 {
            let item = numbers.next().unwrap();
            match numbers.next().unwrap() % 3 {
                0 => assert_eq!(set.remove(&item), expected.remove(&item)),
                _ => assert_eq!(set.insert(item), expected.insert(item)),
            }
            assert!(set.iter().eq(&expected));
            assert_eq!(set.contains(&item), expected.contains(&item));
            assert_eq!(
                (set.len(), set.is_empty()),
                (expected.len(), expected.is_empty())
            );
        }
        set.retain(|item| item % 2 > 0);
        assert!(!set.is_empty() && set.into_iter().all(|item| item % 2 > 0));
    }

    #[test]
    fn they_are_looked_up_and_shown_as_those_of_the_standard_library() {
        let map: Map<String, u8> = Map::from([("b".to_string(), 2), ("a".to_string(), 1)]);
        assert_eq!((map["a"], map.get("c")), (1, None));
        assert_eq!(alloc::format!("{map:?}"), "{\"a\": 1, \"b\": 2}");
        assert_eq!(alloc::format!("{:?}", Set::from([2, 1])), "{1, 2}");
    }
}
