//! Keeps one client: what it has sent and was not looked at, what it has not read, and what it waits for.

use super::task::Task;
use crate::control::protocol::LONGEST_LINE;
use bowout_core::Instant;

/// What may be queued for a client that follows events and does not read. Then it is dropped.
pub(super) const MOST_QUEUED: usize = 256 << 10;
/// Up to here, requests are looked at and lines are fetched for a client. Beyond, it has to read first.
pub(super) const ENOUGH_QUEUED: usize = 16 << 10;
/// How many requests of one client may be under way.
pub(super) const MOST_TASKS: usize = 16;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    input: Vec<u8>,
    /// Up to here the input was looked at.
    begin: usize,
    /// Up to here there is no end of a line in the rest.
    searched: usize,
    output: Vec<u8>,
    /// Up to here the output was written.
    written: usize,
    pub(super) tasks: Vec<Task>,
    /// When it last sent a request, or read something.
    pub(super) active: Instant,
    /// Whether it will send no more.
    pub(super) has_ended: bool,
    /// Whether nothing of it is looked at any more: it leaves when it has read what is queued.
    pub(super) is_leaving: bool,
}

/// What is found in the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A line, without its end.
    Line(Vec<u8>),
    /// More than fits into a line, and no end of it.
    TooLong,
    /// No whole line.
    Nothing,
}

impl Client {
    pub(super) fn new(now: Instant) -> Client {
        Client {
            input: Vec::new(),
            begin: 0,
            searched: 0,
            output: Vec::new(),
            written: 0,
            tasks: Vec::new(),
            active: now,
            has_ended: false,
            is_leaving: false,
        }
    }

    pub(super) fn take_in(&mut self, bytes: &[u8]) {
        if self.is_leaving {
            return;
        }
        self.input.drain(..self.begin);
        self.searched -= self.begin;
        self.begin = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The next line.
    pub(super) fn next_line(&mut self) -> Found {
        let rest = &self.input[self.searched..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (end, behind) = match end.map(|end| self.searched + end) {
            Some(end) => (end, end + 1),
            None => (self.input.len(), self.input.len()),
        };
        let length = end - self.begin;
        if length > LONGEST_LINE {
            return Found::TooLong;
        }
        if end == behind && (length == 0 || !self.has_ended) {
            self.searched = end;
            return Found::Nothing;
        }
        let line = self.input[self.begin..end].to_vec();
        (self.begin, self.searched) = (behind, behind);
        // As a rule that was all, and then nothing is kept.
        if behind == self.input.len() {
            self.input = Vec::new();
            (self.begin, self.searched) = (0, 0);
        }
        Found::Line(line)
    }

    /// Whether there is room for what comes, and it will be looked at soon.
    pub(super) fn wants_read(&self) -> bool {
        !self.is_leaving && !self.has_ended && self.has_room() && !self.has_line()
    }

    /// Whether another request may be looked at, or another line be fetched.
    pub(super) fn has_room(&self) -> bool {
        self.queued().len() < ENOUGH_QUEUED
    }

    /// Whether there is a whole line that was not looked at.
    pub(super) fn has_line(&self) -> bool {
        self.input[self.searched..].contains(&b'\n')
    }

    /// What it has not read.
    pub(super) fn queued(&self) -> &[u8] {
        &self.output[self.written..]
    }

    pub(super) fn push(&mut self, line: &[u8]) {
        self.output.extend_from_slice(line);
    }

    pub(super) fn written(&mut self, length: usize, now: Instant) {
        self.active = now;
        self.written = (self.written + length).min(self.output.len());
        if self.written == self.output.len() {
            self.output = Vec::new();
            self.written = 0;
        } else if self.written >= ENOUGH_QUEUED {
            self.output.drain(..self.written);
            self.written = 0;
        }
    }

    /// Nothing of it counts any more but that it may read what is queued.
    pub(super) fn leave(&mut self) {
        self.is_leaving = true;
        self.input = Vec::new();
        (self.begin, self.searched) = (0, 0);
        self.tasks = Vec::new();
    }

    /// Whether it can be closed: nothing is queued, and nothing will be.
    pub(super) fn is_over(&self) -> bool {
        self.queued().is_empty()
            && (self.is_leaving
                || (self.has_ended && self.tasks.is_empty() && self.input.is_empty()))
    }

    /// Nothing of it counts any more at all: it is closed, whatever it has not read.
    pub(super) fn drop_now(&mut self) {
        self.leave();
        self.output = Vec::new();
        self.written = 0;
    }

    /// Whether it can be taken for asleep or gone: it waits for nothing, or does not read, or has said
    /// that it sends no more, behind which nobody can see that it has left.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty() || !self.queued().is_empty() || self.has_ended
    }

    /// What it takes of bowout's memory, in bytes.
    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        self.input.capacity() + self.output.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client::new(Instant::ZERO)
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_end() {
        let mut client = client();
        for byte in b"ab\n\ncd" {
            client.take_in(&[*byte]);
        }
        assert_eq!(client.next_line(), Found::Line(b"ab".to_vec()));
        assert_eq!(client.next_line(), Found::Line(Vec::new()));
        assert_eq!(client.next_line(), Found::Nothing);
        client.take_in(b"\n");
        assert_eq!(client.next_line(), Found::Line(b"cd".to_vec()));
        assert_eq!(client.weight(), 0);
    }

    #[test]
    fn a_last_line_needs_no_end() {
        let mut client = client();
        client.take_in(b"ab");
        assert_eq!(client.next_line(), Found::Nothing);
        client.has_ended = true;
        assert!(!client.is_over());
        assert_eq!(client.next_line(), Found::Line(b"ab".to_vec()));
        assert_eq!(client.next_line(), Found::Nothing);
        assert!(client.is_over());
    }

    #[test]
    fn a_line_has_a_longest_length() {
        for (length, fits) in [(LONGEST_LINE, true), (LONGEST_LINE + 1, false)] {
            let mut client = client();
            client.take_in(&vec![b'x'; length]);
            assert_eq!(client.next_line() == Found::Nothing, fits);
            client.take_in(b"\n");
            assert_eq!(client.next_line() == Found::TooLong, !fits);
        }
    }

    #[test]
    fn what_was_read_is_forgotten() {
        let mut client = client();
        for _ in 0..1000 {
            client.push(&[b'x'; 300]);
            client.written(299, Instant::ZERO);
        }
        assert_eq!(client.queued().len(), 1000);
        assert!(client.weight() < 4 * ENOUGH_QUEUED, "{}", client.weight());
        client.written(1000, Instant::ZERO);
        assert_eq!((client.queued().len(), client.weight()), (0, 0));
    }
}
