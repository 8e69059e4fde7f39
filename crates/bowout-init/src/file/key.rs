//! Describes the keys of a table once: for reading them, for errors, for the schema and for the reference.
//!
//! `chapter` has what only the last two need, and `lookup` what reading needs.

use super::chapter::Chapter;
use super::reader::Reader;
use super::tree::Node;
use crate::settings::HookSettings;
use bowout_core::Signal;
use std::path::PathBuf;
use std::time::Duration;

/// A key of a table from which a `T` is made.
pub(super) struct Key<T: 'static> {
    pub(super) name: &'static str,
    /// Other names for the same, which are accepted.
    pub(super) aliases: &'static [&'static str],
    /// What others call it. Not accepted, but understood.
    pub(super) elsewhere: &'static [&'static str],
    /// Whether the table makes no sense without it.
    pub(super) required: bool,
    /// What holds where it is not given, in words.
    pub(super) default: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// A line that has it.
    pub(super) example: &'static str,
    pub(super) take: Take<T, &'static Form>,
}

impl<T> Key<T> {
    /// For what a key leaves out.
    pub(super) const PLAIN: Key<T> = Key {
        name: "",
        aliases: &[],
        elsewhere: &[],
        required: false,
        default: "",
        about: "",
        example: "",
        take: Take::Switch(|_, _| {}),
    };
}

/// Keys that belong together.
pub(super) struct Section<T: 'static> {
    /// Empty where the table has only one section.
    pub(super) heading: &'static str,
    pub(super) keys: &'static [Key<T>],
}

/// What is accepted, and where it goes. `F` says more about what has its own form.
pub(super) enum Take<T: 'static, F> {
    /// True or false.
    Switch(fn(&mut T, bool)),
    /// A duration, zero included.
    Duration(fn(&mut T, Duration)),
    /// A duration longer than zero.
    Period(fn(&mut T, Duration)),
    /// A whole number from the first to the second.
    Whole(i64, i64, fn(&mut T, i64)),
    /// A text that is not empty; what it is called.
    Text(&'static str, fn(&mut T, String)),
    /// A path; a relative one is relative to the folder of the file that it stands in.
    Path(fn(&mut T, PathBuf)),
    /// One of these.
    Word(&'static [&'static str], fn(&mut T, &'static str)),
    /// One signal, or an array of them.
    Signals(fn(&mut T, Vec<Signal>)),
    /// One signal.
    Signal(fn(&mut T, Signal)),
    /// One command with what belongs to it.
    Hook(fn(&mut T, HookSettings)),
    /// Any number of those.
    Hooks(fn(&mut T, Vec<HookSettings>)),
    /// What has its own form. Whoever takes it says what is wrong with it.
    Other(F, fn(&mut Reader<'_>, &mut T, &Node<'_>)),
}

/// What a value looks like.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// For errors and the reference.
    pub(super) accepted: &'static str,
    pub(super) shape: Shape,
}

/// What a value looks like, for the schema.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A text that is not empty.
    Text,
    /// A text of this regular expression (ECMA-262, as schemas have them).
    Pattern(&'static str),
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A text such as 1m30s.
    Duration,
    /// The name of a signal.
    Signal,
    /// True or false.
    Switch,
    /// Only that.
    Only(bool),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// A number, zero or more.
    Number,
    /// An array with at least one of these.
    List(&'static Shape),
    /// A table with any keys of this regular expression.
    Map(&'static str, &'static Shape),
    /// A table with any names of signals.
    SignalMap(&'static Shape),
    /// One of these.
    Either(&'static [Shape]),
    /// A table with these keys.
    Table(fn() -> Vec<Chapter>),
}

/// What is accepted as a whole number.
pub(super) fn between(least: i64, most: i64) -> String {
    format!("a whole number, {least} to {most}")
}

/// `"a"`, `"b"` or `"c"`.
pub(super) fn listed(words: &[&str]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == words.len() => " or ",
            _ => ", ",
        };
        text.push_str(before);
        text.push_str(&format!("{word:?}"));
    }
    text
}

/// Zero included.
pub(super) const DURATION: Form = Form {
    accepted: "a duration such as \"500ms\", \"10s\" or \"1m30s\", or a number of seconds; up to a year",
    shape: Shape::Either(&[Shape::Duration, Shape::Number]),
};

/// Longer than zero.
pub(super) const PERIOD: Form = Form {
    accepted: "a duration such as \"500ms\", \"10s\" or \"1m30s\", or a number of seconds; more than 0, up to a year",
    shape: DURATION.shape,
};

/// One signal.
pub(super) const SIGNAL: Form = Form {
    accepted: "a signal such as \"TERM\", \"SIGQUIT\", 15 or \"RTMIN+3\"",
    shape: Shape::Either(&[Shape::Signal, Shape::Whole(1, 64)]),
};

/// One or more.
pub(super) const SIGNALS: Form = Form {
    accepted: "a signal such as \"TERM\", \"SIGQUIT\", 15 or \"RTMIN+3\", or an array of them",
    shape: Shape::Either(&[SIGNAL.shape, Shape::List(&SIGNAL.shape)]),
};
