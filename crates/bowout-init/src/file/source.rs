//! Holds the text of a file and knows where things are in it, and what of it nobody may print.

use std::cell::RefCell;
use std::ops::Range;

/// A part of a file's text, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The file, by its place in the list of all that were read.
    pub(super) source: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Place {
    /// From the start of this place to the end of another one in the same file.
    pub(super) fn to(self, other: Place) -> Place {
        Place {
            end: other.end.max(self.end),
            ..self
        }
    }
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    /// What it is called in messages: its path, as it was given.
    pub(super) name: String,
    pub(super) text: String,
    secrets: RefCell<Vec<Range<usize>>>,
}

/// The line of a place, as it can be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// Counted from 1.
    pub(super) line: usize,
    /// In characters, counted from 1.
    pub(super) column: usize,
    /// The line: secrets covered, tabs and control characters replaced, cut where it is very long.
    pub(super) text: String,
    /// Where the place is in `text`, in characters. At least one long.
    pub(super) marked: Range<usize>,
}

/// So much of a line is shown; a line of a megabyte helps nobody.
const WIDEST: usize = 160;
/// So much of it before the place, where it has to be cut.
const BEFORE: usize = 40;
/// What stands where a secret is; its length is no secret's.
const COVER: &str = "***";

impl Source {
    pub(super) fn new(name: String, text: String) -> Source {
        Source {
            name,
            text,
            secrets: RefCell::default(),
        }
    }

    /// What is there is never shown.
    pub(super) fn cover(&self, place: Place) {
        if place.start >= place.end {
            return;
        }
        let mut all = place.start..place.end;
        let mut secrets = self.secrets.borrow_mut();
        // One cover for what was covered twice.
        secrets.retain(|secret| {
            let is_apart = secret.end <= all.start || all.end <= secret.start;
            if !is_apart {
                all = all.start.min(secret.start)..all.end.max(secret.end);
            }
            is_apart
        });
        secrets.push(all);
    }

    /// The same for a value, of which the quotes are shown.
    pub(super) fn cover_value(&self, place: Place) {
        let text = self.text.get(place.start..place.end).unwrap_or_default();
        let is_quoted =
            text.len() > 2 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']);
        let quotes = usize::from(is_quoted);
        self.cover(Place {
            start: place.start + quotes,
            end: place.end - quotes,
            ..place
        });
    }

    /// Whether some of a place is never shown.
    pub(super) fn is_covered(&self, place: Place) -> bool {
        let secrets = self.secrets.borrow();
        let mut secrets = secrets.iter();
        secrets.any(|secret| secret.start < place.end && place.start < secret.end)
    }

    /// The line in which a place begins, counted from 1.
    pub(super) fn line(&self, place: Place) -> usize {
        let before = &self.text.as_bytes()[..place.start.min(self.text.len())];
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The first line of a place.
    pub(super) fn show(&self, place: Place) -> Shown {
        let text = self.text.as_str();
        let start = floor(text, place.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |length| start + length);
        let end = place.end.clamp(start, line_end);
        let mut shown = Shown {
            line: self.line(place),
            column: text[line_start..start]
                .trim_start_matches('\u{feff}')
                .chars()
                .count()
                + 1,
            text: String::new(),
            marked: 0..0,
        };
        let secrets = self.secrets.borrow();
        let mut covered: Option<&Range<usize>> = None;
        let (mut width, mut from, mut to) = (0, None, 0);
        for (offset, character) in text[line_start..line_end].char_indices() {
            let offset = line_start + offset;
            if offset >= start && from.is_none() {
                // Inside of a secret, the whole cover is marked.
                let is_inside = covered.is_some_and(|secret| secret.contains(&offset));
                from = Some(if is_inside {
                    width - COVER.len()
                } else {
                    width
                });
            }
            let secret = secrets.iter().find(|secret| secret.contains(&offset));
            let is_new = secret.is_some() && secret != covered;
            covered = secret;
            if secret.is_none() || is_new {
                let before = shown.text.len();
                match (secret, character) {
                    (Some(_), _) => shown.text.push_str(COVER),
                    (None, '\t') => shown.text.push_str("    "),
                    (None, '\r' | '\u{feff}') => {}
                    (None, unseen) if is_unseen(unseen) => shown.text.push('\u{fffd}'),
                    (None, character) => shown.text.push(character),
                }
                width += shown.text[before..].chars().count();
            }
            if offset < end {
                to = width;
            }
        }
        let from = from.unwrap_or(width);
        shown.marked = from..to.max(from + 1);
        shown.cut();
        shown
    }
}

impl Shown {
    fn cut(&mut self) {
        let width = self.text.chars().count();
        if width <= WIDEST {
            return;
        }
        let first = self.marked.start.saturating_sub(BEFORE);
        let last = (first + WIDEST).min(width);
        let mut text: String = self.text.chars().skip(first).take(last - first).collect();
        if last < width {
            text.push('…');
        }
        if first > 0 {
            text.insert(0, '…');
        }
        let shift = first - usize::from(first > 0);
        self.marked = self.marked.start - shift..self.marked.end.min(last) - shift;
        self.marked.end = self.marked.end.max(self.marked.start + 1);
        self.text = text;
    }
}

/// Whether a letter does something to its reader's screen, or nothing that can be seen: control characters, and
/// those that turn the direction of what follows (Unicode, Bidi_Control) or have no width.
pub(super) fn is_unseen(letter: char) -> bool {
    let is_format = matches!(letter,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    letter.is_control() || is_format
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(start: usize, end: usize) -> Place {
        Place {
            source: 0,
            start,
            end,
        }
    }

    #[test]
    fn a_place_is_shown_in_its_line() {
        let source = Source::new("a".into(), "one\n\ttwo = 2\r\nthree".into());
        let shown = source.show(place(5, 8));
        assert_eq!((shown.line, shown.column), (2, 2));
        assert_eq!(shown.text, "    two = 2");
        assert_eq!(shown.marked, 4..7);
        // Beyond the end of the line, and of the text.
        assert_eq!(source.show(place(11, 30)).marked, 10..11);
        assert_eq!(source.show(place(90, 91)).marked, 5..6);
    }

    #[test]
    fn a_secret_is_covered_whatever_is_marked() {
        let source = Source::new("a".into(), "KEY = \"hunter2\" # x".into());
        source.cover(place(7, 14));
        for (start, end, marked) in [
            (0, 3, 0..3),
            (9, 10, 7..10),
            (6, 15, 6..11),
            (16, 19, 12..15),
        ] {
            let shown = source.show(place(start, end));
            assert_eq!(shown.text, "KEY = \"***\" # x");
            assert_eq!(shown.marked, marked, "{start}..{end}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let source = Source::new(
            "a".into(),
            format!("{}here{}", "a".repeat(500), "b".repeat(500)),
        );
        let shown = source.show(place(500, 504));
        assert_eq!(shown.text.chars().count(), WIDEST + 2);
        let marked: String = shown
            .text
            .chars()
            .skip(shown.marked.start)
            .take(4)
            .collect();
        assert_eq!(marked, "here");
        assert_eq!(shown.column, 501);
    }
}
