//! Describes tables and their keys for the schema and the reference. Reading needs nothing of it, so that a
//! program that only reads does not carry what is said about each key.

use super::command::{HOOK, HOOKS};
use super::key::{
    DURATION, Form, Key, PERIOD, SIGNAL, SIGNALS, Section, Shape, Take, between, listed,
};

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

impl<T> Take<T, &'static Form> {
    fn accepted(&self) -> String {
        let accepted = match self {
            Take::Whole(least, most, _) => return between(*least, *most),
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
