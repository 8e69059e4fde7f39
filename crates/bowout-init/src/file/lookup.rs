//! Holds of the keys of each table what reading needs, as the compiler takes it out of their lists.
//!
//! What is said about a key is not in it, and the names are apart from what is done with their values: one
//! function looks for the names of all tables, whatever is made of them.

use super::command;
use super::key::{Form, Key, Section, Take};
use super::service::{self, dependencies, environment, limits, log, probes};
use super::signals;
use super::top;

/// The keys of a table from which a `T` is made.
pub(super) struct Lookup<T: 'static> {
    pub(super) labels: &'static [Label],
    /// What is done with the value of each.
    pub(super) takes: &'static [Take<T, ()>],
}

/// What a key is called, and what is said where it is not there.
#[derive(Clone, Copy)]
pub(super) struct Label {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) elsewhere: &'static [&'static str],
    pub(super) required: bool,
    pub(super) example: &'static str,
}

impl Label {
    /// Whether this is its name, or another one that is accepted.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }

    /// All names that are accepted.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// The keys of these sections, for a static.
macro_rules! lookup {
    ($sections:expr) => {{
        use $crate::file::lookup::{Lookup, count, labels, takes};
        Lookup {
            labels: &labels::<_, { count($sections) }>($sections),
            takes: &takes::<_, { count($sections) }>($sections),
        }
    }};
}
pub(super) use lookup;

/// How many keys sections have.
pub(super) const fn count<T>(sections: &[Section<T>]) -> usize {
    match sections {
        [] => 0,
        [first, rest @ ..] => first.keys.len() + count(rest),
    }
}

/// A key of sections, which have it.
const fn nth<T>(sections: &[Section<T>], index: usize) -> &Key<T> {
    let keys = sections[0].keys;
    match index < keys.len() {
        true => &keys[index],
        false => nth(sections.split_at(1).1, index - keys.len()),
    }
}

pub(super) const fn labels<T, const N: usize>(sections: &[Section<T>]) -> [Label; N] {
    let mut labels = [Key::<T>::PLAIN.label(); N];
    let mut index = 0;
    while index < N {
        labels[index] = nth(sections, index).label();
        index += 1;
    }
    labels
}

pub(super) const fn takes<T, const N: usize>(sections: &[Section<T>]) -> [Take<T, ()>; N] {
    let mut takes = [const { Key::<T>::PLAIN.take.bare() }; N];
    let mut index = 0;
    while index < N {
        takes[index] = nth(sections, index).take.bare();
        index += 1;
    }
    takes
}

impl<T> Key<T> {
    const fn label(&self) -> Label {
        Label {
            name: self.name,
            aliases: self.aliases,
            elsewhere: self.elsewhere,
            required: self.required,
            example: self.example,
        }
    }
}

impl<T> Take<T, &'static Form> {
    /// Without forms, behind which stand further tables with all that is said about them.
    const fn bare(&self) -> Take<T, ()> {
        match *self {
            Take::Switch(set) => Take::Switch(set),
            Take::Duration(set) => Take::Duration(set),
            Take::Period(set) => Take::Period(set),
            Take::Whole(least, most, set) => Take::Whole(least, most, set),
            Take::Text(called, set) => Take::Text(called, set),
            Take::Path(set) => Take::Path(set),
            Take::Word(words, set) => Take::Word(words, set),
            Take::Signals(set) => Take::Signals(set),
            Take::Signal(set) => Take::Signal(set),
            Take::Hook(set) => Take::Hook(set),
            Take::Hooks(set) => Take::Hooks(set),
            Take::Other(_, take) => Take::Other((), take),
        }
    }
}

/// Those of every table.
static ALL: [&[Label]; 11] = [
    top::LOOKUP.labels,
    top::LOG_LOOKUP.labels,
    signals::LOOKUP.labels,
    command::LOOKUP.labels,
    service::LOOKUP.labels,
    dependencies::LOOKUP.labels,
    environment::LOOKUP.labels,
    limits::LOOKUP.labels,
    log::LOOKUP.labels,
    probes::READY_LOOKUP.labels,
    probes::HEALTH_LOOKUP.labels,
];

/// Whether any table has a key of this name.
pub(super) fn is_known(name: &str) -> bool {
    ALL.iter().copied().flatten().any(|label| label.is(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::chapter::Chapter;
    use std::collections::BTreeSet;

    fn collect(chapters: &[Chapter], names: &mut BTreeSet<&'static str>) {
        for part in chapters.iter().flat_map(|chapter| &chapter.parts) {
            names.insert(part.name);
            names.extend(part.aliases);
            part.shape.tables(&mut |chapters| collect(&chapters, names));
        }
    }

    #[test]
    fn every_key_that_is_described_is_known_and_no_other() {
        let mut described = BTreeSet::new();
        collect(&top::parts(), &mut described);
        let known = ALL.iter().copied().flatten().flat_map(Label::names);
        assert_eq!(known.collect::<BTreeSet<_>>(), described);
    }
}
