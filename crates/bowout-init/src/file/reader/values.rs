//! Reads single values: texts with their variables, numbers, durations, signals.

use super::Reader;
use crate::cli::value;
use crate::file::key::{DURATION, PERIOD, SIGNALS};
use crate::file::source::Place;
use crate::file::tree::{Data, Node};
use bowout_core::Signal;
use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;

/// Longer ones are slips, and sums of them would not fit.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// What became of a text.
pub(in crate::file) enum Filled<'s> {
    Text(Cow<'s, str>),
    /// It is no text; nobody has said so.
    Other,
    /// Something is wrong with it, and that has been said.
    Broken,
}

impl Reader<'_> {
    /// A text with its variables put in, which may be empty; `None` where it is none, or where what is
    /// wrong has been said and `node` counts as broken.
    pub(in crate::file) fn filled<'s>(&mut self, node: &Node<'s>) -> Filled<'s> {
        let Some(text) = node.data.text() else {
            return match node.data.is_broken() {
                true => Filled::Broken,
                false => Filled::Other,
            };
        };
        let finding = match self.filler.fill(text.clone()) {
            Ok(filled) if !filled.contains('\0') => return Filled::Text(filled),
            Ok(_) => self.error(node.place, "a zero byte can't be passed on"),
            Err(fault) => {
                let place = self.part(node, fault.at);
                self.error(place, fault.message).hint(fault.hint)
            }
        };
        self.findings.add(finding);
        Filled::Broken
    }

    /// The place of a part of a text. Where escapes were replaced, it is the whole text's.
    fn part(&self, node: &Node<'_>, at: Range<usize>) -> Place {
        let Some(Cow::Borrowed(text)) = node.data.text() else {
            return node.place;
        };
        let all = self.source.text.as_ptr().addr();
        let start = text.as_ptr().addr().wrapping_sub(all);
        match start < self.source.text.len() {
            true => Place {
                start: start + at.start,
                end: start + at.end,
                ..node.place
            },
            false => node.place,
        }
    }

    /// A text that is not empty.
    pub(in crate::file) fn text(&mut self, node: &Node<'_>, accepted: &str) -> Option<String> {
        match self.filled(node) {
            Filled::Text(text) if !text.is_empty() => return Some(text.into_owned()),
            Filled::Text(_) | Filled::Other => self.refuse(node, accepted),
            Filled::Broken => {}
        }
        None
    }

    /// A path. A relative one starts in the folder of the file.
    pub(in crate::file) fn path(&mut self, node: &Node<'_>) -> Option<PathBuf> {
        self.text(node, "a path").map(|text| self.folder.join(text))
    }

    /// One of these words.
    pub(in crate::file) fn word(
        &mut self,
        node: &Node<'_>,
        words: &[&'static str],
        accepted: &str,
    ) -> Option<&'static str> {
        let text = match self.filled(node) {
            Filled::Text(text) => text,
            Filled::Other => Cow::Borrowed(""),
            Filled::Broken => return None,
        };
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            self.refuse_but(node, accepted, near_word(&text, words));
        }
        found
    }

    /// True or false, as one or as a text: from a variable it can't come otherwise.
    pub(super) fn switch(&mut self, node: &Node<'_>) -> Option<bool> {
        let value = match self.filled(node) {
            Filled::Text(text) => match text.as_ref() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            Filled::Other => node.data.switch(),
            Filled::Broken => return None,
        };
        if value.is_none() {
            self.refuse(node, "true or false");
        }
        value
    }

    /// A whole number, likewise.
    pub(in crate::file) fn whole(
        &mut self,
        node: &Node<'_>,
        range: RangeInclusive<i64>,
        accepted: &str,
    ) -> Option<i64> {
        let number = match self.filled(node) {
            Filled::Text(text) => text.parse().ok(),
            Filled::Other => node.data.whole(),
            Filled::Broken => return None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.refuse(node, accepted);
        }
        number
    }

    /// A duration, zero included.
    pub(in crate::file) fn duration(&mut self, node: &Node<'_>) -> Option<Duration> {
        self.time(node, Duration::ZERO, DURATION.accepted)
    }

    /// A duration that is longer than zero.
    pub(in crate::file) fn period(&mut self, node: &Node<'_>) -> Option<Duration> {
        self.time(node, Duration::from_nanos(1), PERIOD.accepted)
    }

    fn time(&mut self, node: &Node<'_>, least: Duration, accepted: &str) -> Option<Duration> {
        let time = match (&node.data, self.filled(node)) {
            (_, Filled::Broken) => return None,
            (_, Filled::Text(text)) => value::duration(&text),
            (Data::Fraction(digits), _) => value::seconds(digits),
            (data, _) => data
                .whole()
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
        };
        let time = time.filter(|time| (least..=LONGEST).contains(time));
        if time.is_none() {
            self.refuse(node, accepted);
        }
        time
    }

    /// A signal, by its name or number.
    pub(in crate::file) fn signal(&mut self, node: &Node<'_>, accepted: &str) -> Option<Signal> {
        let mut near = None;
        let signal = match self.filled(node) {
            Filled::Text(text) => {
                let signal = Signal::parse(&text);
                near = near_signal(&text).filter(|_| signal.is_none());
                signal
            }
            Filled::Other => {
                let number = node
                    .data
                    .whole()
                    .and_then(|number| u8::try_from(number).ok());
                number.and_then(Signal::new)
            }
            Filled::Broken => return None,
        };
        if signal.is_none() {
            self.refuse_but(node, accepted, near.as_deref());
        }
        signal
    }

    pub(super) fn signals(&mut self, node: &Node<'_>) -> Option<Vec<Signal>> {
        let list = node.data.list().filter(|items| !items.is_empty());
        let nodes = list.unwrap_or(std::slice::from_ref(node));
        let mut signals = Vec::new();
        for node in nodes {
            signals.extend(self.signal(node, SIGNALS.accepted));
        }
        (signals.len() == nodes.len()).then_some(signals)
    }
}

/// What others say for a word of ours: systemd, Compose, Kubernetes, supervisord.
const ELSEWHERE: [(&str, &str); 15] = [
    ("never", "no"),
    ("false", "no"),
    ("true", "always"),
    ("any", "always"),
    ("unexpected", "on-failure"),
    ("on-abnormal", "on-failure"),
    ("mixed", "main"),
    ("control-group", "group"),
    ("exec", "simple"),
    ("daemon", "forking"),
    ("healthy", "ready"),
    ("off", "none"),
    ("null", "none"),
    ("warning", "notice"),
    ("trace", "debug"),
];

/// The word of these that is meant by one that is none of them.
pub(in crate::file) fn near_word(text: &str, words: &[&'static str]) -> Option<&'static str> {
    let small = text.to_ascii_lowercase().replace('_', "-");
    let mut others = ELSEWHERE.iter().filter(|(there, _)| *there == small);
    let other = others.find_map(|(_, ours)| words.iter().find(|word| *word == ours));
    let near = || value::nearest(&small, words.iter().copied());
    other.copied().or_else(near).filter(|_| !small.is_empty())
}

/// The name of the signal that is meant by what is none. Nobody means one that can't be caught.
pub(in crate::file) fn near_signal(text: &str) -> Option<String> {
    let wanted = text.to_ascii_uppercase();
    let wanted = wanted.trim_start_matches("SIG");
    let known = Signal::all().filter(|signal| signal.is_catchable());
    let known: Vec<String> = known
        .map(|signal| signal.to_string()[3..].to_owned())
        .collect();
    let near = value::nearest(wanted, known.iter().map(String::as_str));
    near.filter(|_| !wanted.is_empty()).map(str::to_owned)
}
