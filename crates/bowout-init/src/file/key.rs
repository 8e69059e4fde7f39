//! Describes the keys of a table once: for reading them, for errors, for the schema and for the reference.

use super::command::{HOOK, HOOKS};
use super::reader::Reader;
use super::tree::Node;
use crate::settings::HookSettings;
use bowout_core::Signal;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;
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
    pub(super) take: Take<T>,
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

/// What is accepted, and where it goes.
pub(super) enum Take<T: 'static> {
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
    Other(&'static Form, fn(&mut Reader<'_>, &mut T, &Node<'_>)),
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

/// A section without its type.
pub(super) struct Chapter {
    pub(super) heading: &'static str,
    pub(super) parts: Vec<Part>,
}

/// A key without its type.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) required: bool,
    pub(super) default: &'static str,
    pub(super) about: &'static str,
    pub(super) example: &'static str,
    pub(super) accepted: String,
    pub(super) shape: Shape,
    /// Whether hooks are accepted, which the reference explains once.
    pub(super) is_hook: bool,
}

/// Describes the keys of a table.
pub(super) fn chapters<T>(sections: &'static [Section<T>]) -> Vec<Chapter> {
    let part = |key: &'static Key<T>| Part {
        name: key.name,
        aliases: key.aliases,
        required: key.required,
        default: key.default,
        about: key.about,
        example: key.example,
        accepted: key.take.accepted(),
        shape: key.take.shape(),
        is_hook: matches!(key.take, Take::Hook(_) | Take::Hooks(_)),
    };
    let chapters = sections.iter().map(|section| Chapter {
        heading: section.heading,
        parts: section.keys.iter().map(part).collect(),
    });
    chapters.collect()
}

/// Whether any table has a key of this name.
pub(super) fn is_known(name: &str) -> bool {
    // Looked up for each value of a file that is nothing but mistakes.
    static NAMES: OnceLock<BTreeSet<&str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut names = BTreeSet::new();
        collect(&super::top::parts(), &mut names);
        names
    });
    names.contains(name)
}

fn collect(chapters: &[Chapter], names: &mut BTreeSet<&'static str>) {
    for part in chapters.iter().flat_map(|chapter| &chapter.parts) {
        names.insert(part.name);
        names.extend(part.aliases);
        part.shape.tables(&mut |chapters| collect(&chapters, names));
    }
}

impl Shape {
    /// Shows each table that a value may be, or may hold, without those that are inside of it.
    pub(super) fn tables(&self, show: &mut dyn FnMut(Vec<Chapter>)) {
        match self {
            Shape::Table(chapters) => show(chapters()),
            Shape::List(shape) | Shape::Map(_, shape) | Shape::SignalMap(shape) => {
                shape.tables(show);
            }
            Shape::Either(shapes) => shapes.iter().for_each(|shape| shape.tables(show)),
            Shape::Text
            | Shape::Pattern(_)
            | Shape::Duration
            | Shape::Word(_)
            | Shape::Signal
            | Shape::Switch
            | Shape::Only(_)
            | Shape::Whole(..)
            | Shape::Number => {}
        }
    }
}

impl<T> Take<T> {
    /// In words, for errors and the reference.
    pub(super) fn accepted(&self) -> String {
        let accepted = match self {
            Take::Whole(least, most, _) => return format!("a whole number, {least} to {most}"),
            Take::Word(words, _) => return listed(words),
            Take::Text(called, _) => called,
            Take::Switch(_) => "true or false",
            Take::Duration(_) => DURATION.accepted,
            Take::Period(_) => PERIOD.accepted,
            Take::Path(_) => "a path",
            Take::Signals(_) => SIGNALS.accepted,
            Take::Signal(_) => SIGNAL.accepted,
            Take::Hook(_) => HOOK.accepted,
            Take::Hooks(_) => HOOKS.accepted,
            Take::Other(form, _) => form.accepted,
        };
        accepted.to_owned()
    }

    fn shape(&self) -> Shape {
        match self {
            Take::Switch(_) => Shape::Switch,
            Take::Duration(_) | Take::Period(_) => DURATION.shape,
            Take::Whole(least, most, _) => Shape::Whole(*least, *most),
            Take::Text(..) | Take::Path(_) => Shape::Text,
            Take::Word(words, _) => Shape::Word(words),
            Take::Signals(_) => SIGNALS.shape,
            Take::Signal(_) => SIGNAL.shape,
            Take::Hook(_) => HOOK.shape,
            Take::Hooks(_) => HOOKS.shape,
            Take::Other(form, _) => form.shape,
        }
    }
}

/// `"a"`, `"b"` or `"c"`.
fn listed(words: &[&str]) -> String {
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
