//! Holds what a TOML file says as a tree in which everything knows its place.

mod build;
mod grow;
mod syntax;
#[cfg(test)]
mod tests;

use super::source::{Place, Source};
use bowout_core::order::gathered;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) use build::build;

/// Arrays, tables and dotted keys are not nested deeper: what walks the tree walks its stack.
const DEEPEST: usize = 32;

/// A value.
#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) place: Place,
    pub(super) data: Data<'s>,
}

impl Node<'_> {
    /// Nothing of these values is ever shown; the keys and headers between them are.
    pub(super) fn hide(&self, source: &Source) {
        match &self.data {
            Data::List(items) => items.iter().for_each(|item| item.hide(source)),
            Data::Table(table) => {
                for (_, value) in &table.entries {
                    value.hide(source);
                }
            }
            Data::Text(_)
            | Data::Whole(_)
            | Data::Fraction(..)
            | Data::Switch(_)
            | Data::Date
            | Data::Broken => source.cover_value(self.place),
        }
    }
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Data<'s> {
    Text(Cow<'s, str>),
    Whole(i64),
    /// Its digits, as written, but for underscores; infinite ones and those that are none too.
    Fraction(Cow<'s, str>),
    Switch(bool),
    Date,
    List(Vec<Node<'s>>),
    Table(Table<'s>),
    /// It is wrong, and that has been said.
    Broken,
}

impl<'s> Data<'s> {
    pub(super) fn table(&self) -> Option<&Table<'s>> {
        if let Data::Table(table) = self {
            return Some(table);
        }
        None
    }

    pub(super) fn text(&self) -> Option<&Cow<'s, str>> {
        if let Data::Text(text) = self {
            return Some(text);
        }
        None
    }

    pub(super) fn list(&self) -> Option<&[Node<'s>]> {
        if let Data::List(items) = self {
            return Some(items);
        }
        None
    }

    fn list_mut(&mut self) -> Option<&mut Vec<Node<'s>>> {
        if let Data::List(items) = self {
            return Some(items);
        }
        None
    }

    pub(super) fn switch(&self) -> Option<bool> {
        if let Data::Switch(value) = self {
            return Some(*value);
        }
        None
    }

    pub(super) fn whole(&self) -> Option<i64> {
        if let Data::Whole(number) = self {
            return Some(*number);
        }
        None
    }

    /// Whether it is wrong, and that has been said.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Data::Broken)
    }

    fn table_mut(&mut self) -> Option<&mut Table<'s>> {
        if let Data::Table(table) = self {
            return Some(table);
        }
        None
    }

    /// Whether it is of the kind that this line gives its key.
    pub(super) fn looks_like(&self, line: &str) -> bool {
        let value = line.split_once(" = ").map_or("", |(_, value)| value);
        let begins = |letters: &[char]| value.starts_with(letters);
        match self {
            Data::Text(_) => begins(&['"']),
            Data::Whole(_) | Data::Fraction(..) => value.starts_with(|c: char| c.is_ascii_digit()),
            Data::Switch(_) => begins(&['t', 'f']),
            Data::List(_) => begins(&['[']),
            Data::Table(_) => begins(&['{']),
            Data::Date | Data::Broken => false,
        }
    }

    /// What to call it in a message.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Data::Text(_) => "a text",
            Data::Whole(_) => "a number",
            Data::Fraction(..) => "a number with a fraction",
            Data::Switch(_) => "true or false",
            Data::Date => "a date or time",
            Data::List(_) => "an array",
            Data::Table(_) => "a table",
            Data::Broken => "nothing",
        }
    }
}

/// A key in a table.
#[derive(Clone, Debug)]
pub(super) struct Name<'s> {
    pub(super) text: Cow<'s, str>,
    pub(super) place: Place,
    /// It is missing or wrong, and that has been said.
    is_broken: bool,
}

/// How a table came to be, which says who may still add to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// By a header of its own, or it is the file.
    Header,
    /// By the header of a table inside of it.
    Implied,
    /// By a dotted key.
    Dotted,
    /// By braces: it is complete.
    Braces,
}

/// A table, in the order in which it was written.
#[derive(Debug)]
pub(super) struct Table<'s> {
    origin: Origin,
    entries: Vec<(Name<'s>, Node<'s>)>,
    /// Where each key is, once there are too many to look through.
    index: BTreeMap<Cow<'s, str>, usize>,
}

/// A table with as many entries gets an index.
const INDEXED: usize = 16;

impl<'s> Table<'s> {
    fn new(origin: Origin) -> Table<'s> {
        Table {
            origin,
            entries: Vec::new(),
            index: BTreeMap::new(),
        }
    }

    pub(super) fn entries(&self) -> &[(Name<'s>, Node<'s>)] {
        &self.entries
    }

    fn find(&self, name: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self
                .entries
                .iter()
                .position(|(there, _)| there.text == name);
        }
        self.index.get(name).copied()
    }

    /// The value of a key.
    #[cfg(test)]
    fn value(&self, name: &str) -> Option<&Node<'s>> {
        self.find(name).map(|position| &self.entries[position].1)
    }

    /// Adds an entry that is not there yet, and returns its position.
    fn add(&mut self, name: Name<'s>, value: Node<'s>) -> usize {
        self.entries.push((name, value));
        let last = self.entries.len() - 1;
        if self.entries.len() == INDEXED {
            let names = self.entries.iter().map(|(name, _)| name.text.clone());
            self.index = gathered(names.zip(0..));
        } else if self.entries.len() > INDEXED {
            self.index.insert(self.entries[last].0.text.clone(), last);
        }
        last
    }
}
