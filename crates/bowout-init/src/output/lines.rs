//! Splits what a service writes into lines, without keeping more than one that is not complete.

/// A longer line is cut into pieces: the length at which container engines cut too (Docker's `json-file`,
/// containerd).
pub(crate) const LONGEST: usize = 16 * 1024;

/// A line, or a piece of one that is longer than [`LONGEST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece<'a> {
    /// Its bytes as they were written, without the newline.
    pub(crate) text: &'a [u8],
    /// Whether the same line goes on in the next piece.
    pub(crate) goes_on: bool,
}

/// Whether there is room for another line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// There is.
    More,
    /// There is none: what follows is held back.
    Full,
}

/// One stream on its way to be lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// The beginning of a line; behind it, while nobody has room, whole lines too.
    held: Vec<u8>,
    /// So much of it has no newline, as is known from the last look.
    looked_at: usize,
}

impl Lines {
    /// Gives every line that is complete by these bytes. What comes after a `Full` is held back: then
    /// nothing more is to be read before [`resume`](Lines::resume) has found room for it.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Piece<'_>) -> Room) -> Room {
        if !self.held.is_empty() {
            self.held.extend_from_slice(bytes);
            return self.resume(take);
        }
        let (used, room) = split(bytes, 0, &mut take);
        self.held.extend_from_slice(&bytes[used..]);
        self.looked_at = looked_at(room, self.held.len());
        room
    }

    /// Gives what was held back.
    pub(crate) fn resume(&mut self, mut take: impl FnMut(Piece<'_>) -> Room) -> Room {
        let (used, room) = split(&self.held, self.looked_at, &mut take);
        if used == self.held.len() {
            // Most lines are complete when they are read, so the next one needs no room here.
            self.held = Vec::new();
        } else {
            self.held.drain(..used);
        }
        self.looked_at = looked_at(room, self.held.len());
        room
    }

    /// The stream is over: gives what was held back, and what has no newline.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(Piece<'_>) -> Room) -> Room {
        let room = self.resume(&mut take);
        if room == Room::Full || self.held.is_empty() {
            return room;
        }
        let text = std::mem::take(&mut self.held);
        self.looked_at = 0;
        take(Piece {
            text: &text,
            goes_on: false,
        })
    }

    /// Whether nothing is held back.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// Where the next look begins: behind what has no newline, or at the start of what nobody had room for.
fn looked_at(room: Room, length: usize) -> usize {
    match room {
        Room::More => length,
        Room::Full => 0,
    }
}

/// Gives lines until there are no more, or there is no room. Returns how many bytes were used.
fn split(
    bytes: &[u8],
    looked_at: usize,
    take: &mut impl FnMut(Piece<'_>) -> Room,
) -> (usize, Room) {
    let mut start = 0;
    let mut look = looked_at;
    loop {
        let window = bytes.len().min(start + LONGEST);
        let newline = bytes[look..window].iter().position(|byte| *byte == b'\n');
        let (end, next, goes_on) = match newline {
            Some(at) => (look + at, look + at + 1, false),
            // A newline right behind the longest line still belongs to it.
            None if window - start == LONGEST && bytes.get(window) == Some(&b'\n') => {
                (window, window + 1, false)
            }
            None if bytes.len() - start > LONGEST => {
                let cut = start + boundary(&bytes[start..window]);
                (cut, cut, true)
            }
            None => return (start, Room::More),
        };
        let text = &bytes[start..end];
        (start, look) = (next, next);
        if take(Piece { text, goes_on }) == Room::Full {
            return (start, Room::Full);
        }
    }
}

/// Where to cut so that no letter is cut: before the last one if its bytes are not all there.
fn boundary(bytes: &[u8]) -> usize {
    // A letter has at most 4 bytes, and all but the first begin with the bits 10 (RFC 3629, 3).
    let last = bytes
        .iter()
        .rev()
        .take(4)
        .position(|byte| byte >> 6 != 0b10);
    let Some(back) = last else {
        return bytes.len();
    };
    let start = bytes.len() - 1 - back;
    match std::str::from_utf8(&bytes[start..]) {
        Err(error) if error.error_len().is_none() && start > 0 => start,
        Ok(_) | Err(_) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Got = Vec<(Vec<u8>, bool)>;

    fn collect(got: &mut Got) -> impl FnMut(Piece<'_>) -> Room + '_ {
        |piece| {
            got.push((piece.text.to_vec(), piece.goes_on));
            Room::More
        }
    }

    fn all(parts: &[&[u8]]) -> Got {
        let (mut lines, mut got) = (Lines::default(), Vec::new());
        for part in parts {
            assert_eq!(lines.feed(part, collect(&mut got)), Room::More);
        }
        lines.finish(collect(&mut got));
        assert!(lines.is_empty());
        got
    }

    #[test]
    fn it_does_not_matter_where_the_pipe_cuts() {
        let text = "one\n\ntwo ä€𝄞\r\nlast".as_bytes();
        let whole = all(&[text]);
        let expected: [&[u8]; 4] = [b"one", b"", "two ä€𝄞\r".as_bytes(), b"last"];
        let got: Vec<&[u8]> = whole.iter().map(|(line, _)| line.as_slice()).collect();
        assert_eq!(got, expected);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let parts = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(all(&parts), whole, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn nothing_is_no_line() {
        assert_eq!(all(&[b""]), []);
        assert_eq!(all(&[b"a\n"]), [(b"a".to_vec(), false)]);
    }

    #[test]
    fn a_long_line_comes_in_pieces_and_whole_letters() {
        for length in [LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST] {
            let mut text = vec![b'x'; length];
            text.push(b'\n');
            text.extend(b"next\n");
            let got = all(&[&text]);
            assert_eq!(got.len(), length.div_ceil(LONGEST) + 1, "{length}");
            let (last, pieces) = got[..got.len() - 1].split_last().unwrap();
            assert!(!last.1 && pieces.iter().all(|(text, on)| *on && text.len() == LONGEST));
            let byte_by_byte: Vec<&[u8]> = text.chunks(1).collect();
            assert_eq!(all(&byte_by_byte), got);
        }
        // One letter of three bytes lies across each place where it could be cut.
        let text = "€".repeat(LONGEST);
        let got = all(&[text.as_bytes()]);
        assert_eq!(
            got.iter()
                .flat_map(|(text, _)| text.clone())
                .collect::<Vec<u8>>(),
            text.as_bytes()
        );
        assert!(
            got.iter()
                .all(|(text, _)| text.len() <= LONGEST && std::str::from_utf8(text).is_ok())
        );
        // What is no text at all is cut where the limit is.
        assert_eq!(all(&[&[0xbf; LONGEST + 1]])[0].0.len(), LONGEST);
        assert_eq!(all(&[&[0xff; LONGEST + 1]])[0].0.len(), LONGEST);
    }

    #[test]
    fn what_nobody_has_room_for_is_held_back() {
        let mut lines = Lines::default();
        let mut got: Vec<Vec<u8>> = Vec::new();
        let mut one = |piece: Piece<'_>| {
            got.push(piece.text.to_vec());
            Room::Full
        };
        assert_eq!(lines.feed(b"a\nb\nc", &mut one), Room::Full);
        assert_eq!(lines.resume(&mut one), Room::Full);
        assert_eq!(lines.resume(&mut one), Room::More);
        assert!(!lines.is_empty());
        assert_eq!(lines.feed(b"c\nd\ne", &mut one), Room::Full);
        assert_eq!(lines.finish(&mut one), Room::Full);
        assert_eq!(lines.finish(&mut one), Room::Full);
        assert_eq!(lines.finish(&mut one), Room::More);
        assert!(lines.is_empty());
        assert_eq!(got, [&b"a"[..], b"b", b"cc", b"d", b"e"]);
    }

    #[test]
    fn no_more_than_a_line_is_kept() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.feed(&[b'x'; 1000], |_| Room::More);
            assert!(lines.held.len() <= LONGEST);
        }
    }
}
