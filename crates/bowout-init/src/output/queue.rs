//! Keeps lines until their reader takes them, up to a bound.

/// So much waits for one destination. Beyond it, whoever writes waits.
pub(crate) const LIMIT: usize = 1024 * 1024;

/// Once so little waits, those who had to wait go on.
const LOW: usize = LIMIT / 2;

/// A pipe takes as much in one piece (pipe(7), PIPE_BUF): lines of others come between lines, not into them.
const ATOMIC: usize = 4096;

/// More room than this is given back when nothing waits.
const KEPT: usize = 16 * 1024;

/// Whole lines on their way to one destination.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    bytes: Vec<u8>,
    /// What is before it has been taken.
    head: usize,
}

impl Queue {
    /// The end, for one more line. It may go beyond the limit by that line.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room for another line.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= LIMIT
    }

    /// Whether there is so much room that it is worth while to go on.
    pub(crate) fn is_low(&self) -> bool {
        self.len() <= LOW
    }

    /// What to write next: as many whole lines as are written in one piece, or a line that is longer.
    pub(crate) fn front(&self) -> &[u8] {
        let waiting = &self.bytes[self.head..];
        let newline = |byte: &u8| *byte == b'\n';
        if waiting.len() <= ATOMIC {
            return waiting;
        }
        let last = waiting[..ATOMIC].iter().rposition(newline);
        let behind = || waiting[ATOMIC..].iter().position(newline);
        match last.or_else(|| behind().map(|at| ATOMIC + at)) {
            Some(at) => &waiting[..=at],
            None => waiting,
        }
    }

    /// The first `count` bytes have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        self.head = self.bytes.len().min(self.head + count);
        if self.head == self.bytes.len() {
            self.bytes.clear();
            self.head = 0;
            self.bytes.shrink_to(KEPT);
        } else if self.head >= LOW {
            // What is moved is at most as long as what was written since the last time.
            self.bytes.drain(..self.head);
            self.head = 0;
        }
    }

    /// Throws away what waits, and returns how many lines that were. One whose beginning was written counts.
    pub(crate) fn clear(&mut self) -> u64 {
        let lines = self.bytes[self.head..]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.advance(self.len());
        lines as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(lines: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for line in lines {
            queue.end().extend_from_slice(line.as_bytes());
            queue.end().push(b'\n');
        }
        queue
    }

    #[test]
    fn whole_lines_are_written_in_one_piece() {
        let line = "x".repeat(1500);
        let mut queue = filled(&[&line, &line, &line]);
        assert_eq!(queue.front().len(), 2 * 1501);
        queue.advance(2 * 1501);
        assert_eq!(queue.front().len(), 1501);
        queue.advance(1000);
        assert_eq!(queue.front().len(), 501, "the rest of a line goes first");
        queue.advance(501);
        assert!(queue.is_empty() && queue.front().is_empty());
    }

    #[test]
    fn a_line_longer_than_a_piece_goes_alone() {
        let queue = filled(&[&"x".repeat(9000), "y"]);
        assert_eq!(queue.front().len(), 9001);
    }

    #[test]
    fn it_is_full_and_has_room_again() {
        let line = "x".repeat(999);
        let mut queue = Queue::default();
        let mut lines = 0;
        while !queue.is_full() {
            queue.end().extend_from_slice(line.as_bytes());
            queue.end().push(b'\n');
            lines += 1;
        }
        assert_eq!(lines, LIMIT / 1000 + 1);
        while !queue.is_low() {
            let count = queue.front().len();
            assert!(count > 0 && count <= ATOMIC);
            queue.advance(count);
        }
        assert!(queue.len() > LOW - ATOMIC && !queue.is_full());
        let left = queue.len() as u64 / 1000;
        assert_eq!(queue.clear(), left);
        assert!(queue.is_empty());
    }

    #[test]
    fn room_is_given_back_and_the_front_does_not_grow() {
        let mut queue = Queue::default();
        for round in 0..10_000 {
            queue.end().extend_from_slice(&[b'\n'; 700]);
            queue.advance(if round % 2 == 0 { 600 } else { 700 });
            assert!(queue.bytes.len() <= 2 * LIMIT);
        }
        queue.advance(queue.len());
        assert!(queue.bytes.capacity() <= KEPT);
    }
}
