//! Keeps the last lines of every service for whoever asks later, within a bound for all of them together.

use super::form::Stream;
use bowout_core::order::{Map, gathered, sort};
use std::collections::VecDeque;
use std::time::SystemTime;

/// What all lines together may take, in bytes.
const LIMIT: usize = 256 * 1024;

/// What a line takes besides its text.
const OVERHEAD: usize = size_of::<Record>();

/// A line that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    /// Its number among the lines of all services: later lines have greater ones.
    pub(crate) sequence: u64,
    /// When it was read.
    pub(crate) time: SystemTime,
    /// Who wrote it.
    pub(crate) service: String,
    /// Where to.
    pub(crate) stream: Stream,
    /// Its bytes, without the newline.
    pub(crate) text: Vec<u8>,
}

/// What a follower gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    /// A line.
    Line(Line),
    /// Lines that were gone before the follower came to them.
    Missed {
        /// Whose.
        service: String,
        /// How many.
        lines: u64,
    },
}

/// The last lines of every service. When there is no room, the service that has most gives its oldest, so
/// that one that writes much leaves the lines of the others alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring {
    services: Map<String, Kept>,
    next: u64,
    used: usize,
}

/// The last lines of one service.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// How many lines it has lost: the number, among its own, of the first that is there.
    first: u64,
    /// How much text it has lost.
    forgotten: u64,
    records: VecDeque<Record>,
    text: VecDeque<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    sequence: u64,
    time: SystemTime,
    stream: Stream,
    length: u32,
    /// How much text its service wrote before it.
    offset: u64,
}

/// Somebody's place in the ring.
#[derive(Clone, Debug)]
pub(crate) struct Follower {
    /// For each service the number, among its own, of the next line; services that come later begin at 0.
    next: Map<String, u64>,
    /// Whether only the services above are followed.
    chosen: bool,
}

impl Ring {
    /// Adds a line.
    pub(crate) fn push(&mut self, service: &str, stream: Stream, time: SystemTime, text: &[u8]) {
        let wanted = text.len() + OVERHEAD;
        if wanted > LIMIT {
            return;
        }
        while self.used + wanted > LIMIT {
            self.evict(service);
        }
        // The name is copied only for its first line.
        if !self.services.contains_key(service) {
            self.services.insert(service.to_owned(), Kept::default());
        }
        if let Some(kept) = self.services.get_mut(service) {
            kept.records.push_back(Record {
                sequence: self.next,
                time,
                stream,
                length: u32::try_from(text.len()).unwrap_or(u32::MAX),
                offset: kept.forgotten + kept.text.len() as u64,
            });
            kept.text.extend(text);
            self.used += wanted;
            self.next += 1;
        }
    }

    /// Takes the oldest line of whoever has most. As a rule that is who writes now, and nobody else need
    /// be looked at.
    fn evict(&mut self, writer: &str) {
        let kept = self.services.get(writer);
        let is_greedy = kept.is_some_and(|kept| kept.used() > LIMIT / 2);
        let kept = match is_greedy {
            true => self.services.get_mut(writer),
            false => self.services.values_mut().max_by_key(|kept| kept.used()),
        };
        self.used -= kept.map_or(self.used, Kept::evict);
    }

    /// Forgets the services that are not wanted any more.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.services.retain(|name, _| wanted(name));
        self.used = self.services.values().map(Kept::used).sum();
    }

    /// The number of the next line: as long as it stays the same, there is nothing new.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.next
    }

    /// A place before the last `tail` lines of these services; of all, and of those that come later,
    /// where none is named.
    pub(crate) fn follow(&self, services: &[&str], tail: usize) -> Follower {
        let chosen = !services.is_empty();
        let names = self
            .services
            .keys()
            .map(String::as_str)
            .filter(|name| !chosen || services.contains(name));
        let mut newest: Vec<u64> = names
            .clone()
            .flat_map(|name| &self.services[name].records)
            .map(|record| record.sequence)
            .collect();
        sort(&mut newest, |a, b| a < b);
        let first = newest.len().saturating_sub(tail);
        let from = newest.get(first).copied().unwrap_or(self.next);
        let names = names.map(|name| {
            let kept = &self.services[name];
            let before = kept.records.partition_point(|line| line.sequence < from);
            (name.to_owned(), kept.first + before as u64)
        });
        let mut next: Map<String, u64> = gathered(names);
        for name in services {
            next.get_or_insert_with((*name).to_owned(), || 0);
        }
        Follower { next, chosen }
    }

    /// What comes next for a follower, at most so many lines: word of what it missed, then the oldest
    /// lines that it has not seen. Empty: there is nothing new.
    pub(crate) fn take(&self, follower: &mut Follower, most: usize) -> Vec<Item> {
        let mut items = Vec::new();
        let mut lines: Vec<(u64, &String, &Kept, usize)> = Vec::new();
        for (name, kept) in &self.services {
            let last = kept.first + kept.records.len() as u64;
            let at = match follower.next.get(name) {
                Some(at) if *at == last => continue,
                // Forgotten and known again, it begins anew.
                Some(at) if *at > last => 0,
                Some(at) => *at,
                None if follower.chosen => continue,
                None => 0,
            };
            if at < kept.first {
                items.push(Item::Missed {
                    service: name.clone(),
                    lines: kept.first - at,
                });
            }
            let from = at.max(kept.first);
            follower.next.insert(name.clone(), from);
            let from = usize::try_from(from - kept.first).unwrap_or(usize::MAX);
            let new = kept.records.iter().enumerate().skip(from).take(most);
            lines.extend(new.map(|(index, record)| (record.sequence, name, kept, index)));
        }
        sort(&mut lines, |a, b| a.0 < b.0);
        for (_, name, kept, index) in lines.into_iter().take(most) {
            if let Some(next) = follower.next.get_mut(name) {
                *next = kept.first + index as u64 + 1;
            }
            items.push(Item::Line(kept.line(name, index)));
        }
        items
    }
}

impl Kept {
    fn used(&self) -> usize {
        self.text.len() + self.records.len() * OVERHEAD
    }

    /// Takes the oldest line away, and returns what that frees.
    fn evict(&mut self) -> usize {
        let Some(record) = self.records.pop_front() else {
            return 0;
        };
        self.first += 1;
        self.forgotten += u64::from(record.length);
        self.text.drain(..record.length as usize);
        // What was room for much must not stay when another one has the much.
        if self.text.len() < self.text.capacity() / 4 {
            self.text.shrink_to(self.text.len() * 2);
        }
        if self.records.len() < self.records.capacity() / 4 {
            self.records.shrink_to(self.records.len() * 2);
        }
        record.length as usize + OVERHEAD
    }

    fn line(&self, service: &str, index: usize) -> Line {
        let record = self.records[index];
        let start = usize::try_from(record.offset - self.forgotten).unwrap_or(usize::MAX);
        let text = self.text.range(start..start + record.length as usize);
        Line {
            sequence: record.sequence,
            time: record.time,
            service: service.to_owned(),
            stream: record.stream,
            text: text.copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(ring: &mut Ring, service: &str, text: &str) {
        ring.push(
            service,
            Stream::Out,
            SystemTime::UNIX_EPOCH,
            text.as_bytes(),
        );
    }

    /// Lines as `name text`, what was missed as `name -n`.
    fn taken(ring: &Ring, follower: &mut Follower, most: usize) -> Vec<String> {
        let text = |item| match item {
            Item::Line(line) => {
                format!("{} {}", line.service, String::from_utf8(line.text).unwrap())
            }
            Item::Missed { service, lines } => format!("{service} -{lines}"),
        };
        ring.take(follower, most).into_iter().map(text).collect()
    }

    #[test]
    fn lines_come_back_in_the_order_in_which_they_were_read() {
        let mut ring = Ring::default();
        for (service, text) in [("web", "1"), ("db", "2"), ("web", "3"), ("app", "")] {
            push(&mut ring, service, text);
        }
        let mut all = ring.follow(&[], usize::MAX);
        assert_eq!(taken(&ring, &mut all, 3), ["web 1", "db 2", "web 3"]);
        assert_eq!(taken(&ring, &mut all, 3), ["app "]);
        assert_eq!(taken(&ring, &mut all, 3), [""; 0]);
        let mut web = ring.follow(&["web", "new"], 1);
        assert_eq!(taken(&ring, &mut web, 9), ["web 3"]);
        push(&mut ring, "db", "4");
        push(&mut ring, "new", "5");
        push(&mut ring, "web", "6");
        assert_eq!(taken(&ring, &mut web, 9), ["new 5", "web 6"]);
        assert_eq!(taken(&ring, &mut all, 9), ["db 4", "new 5", "web 6"]);
        assert_eq!(
            taken(&ring, &mut ring.follow(&[], 2), 9),
            ["new 5", "web 6"]
        );
        assert_eq!(taken(&ring, &mut ring.follow(&[], 0), 9), [""; 0]);
        assert_eq!(ring.next_sequence(), 7);
    }

    #[test]
    fn one_that_writes_much_leaves_the_others_alone() {
        let mut ring = Ring::default();
        push(&mut ring, "quiet", "long ago");
        let mut follower = ring.follow(&[], usize::MAX);
        let line = "x".repeat(1000);
        for _ in 0..10_000 {
            push(&mut ring, "loud", &line);
            assert!(ring.used <= LIMIT);
        }
        assert!(ring.used > LIMIT - 2 * (1000 + OVERHEAD), "room is used");
        let kept = ring.services["loud"].records.len();
        let items = taken(&ring, &mut follower, 1);
        assert_eq!(
            items,
            [format!("loud -{}", 10_000 - kept), "quiet long ago".into()]
        );
        assert_eq!(taken(&ring, &mut follower, usize::MAX).len(), kept);
        // A second one that writes much gets half.
        for _ in 0..10_000 {
            push(&mut ring, "louder", &line);
        }
        let loud = ring.services["loud"].used();
        assert!(loud.abs_diff(LIMIT / 2) < LIMIT / 10, "{loud}");
    }

    #[test]
    fn room_that_is_not_used_is_given_back() {
        let mut ring = Ring::default();
        for number in 0..50 {
            let name = format!("{number}");
            for _ in 0..1000 {
                push(&mut ring, &name, &"x".repeat(700));
            }
        }
        let room = |kept: &Kept| kept.text.capacity() + kept.records.capacity() * OVERHEAD;
        let all: usize = ring.services.values().map(room).sum();
        assert!(all <= 5 * LIMIT, "{all}");
    }

    #[test]
    fn a_line_that_is_longer_than_all_is_not_kept() {
        let mut ring = Ring::default();
        push(&mut ring, "web", "1");
        push(&mut ring, "web", &"x".repeat(LIMIT));
        assert_eq!(taken(&ring, &mut ring.follow(&[], 9), 9), ["web 1"]);
    }

    #[test]
    fn who_is_forgotten_begins_anew() {
        let mut ring = Ring::default();
        for text in ["1", "2", "3"] {
            push(&mut ring, "web", text);
        }
        let mut follower = ring.follow(&["web"], 9);
        assert_eq!(taken(&ring, &mut follower, 9).len(), 3);
        ring.retain(|name| name != "web");
        assert_eq!((ring.used, taken(&ring, &mut follower, 9).len()), (0, 0));
        push(&mut ring, "web", "4");
        assert_eq!(taken(&ring, &mut follower, 9), ["web 4"]);
    }
}
