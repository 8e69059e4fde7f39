//! Holds a JSON document of any form, and writes it for people: in many lines, with the keys in order.

use crate::json;
use std::collections::BTreeMap;

/// A value.
pub(super) enum Tree {
    Switch(bool),
    Number(i64),
    Text(String),
    List(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

/// An object of these fields.
pub(super) fn object<const N: usize>(fields: [(&str, Tree); N]) -> Tree {
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Tree::Object(fields.into())
}

impl Tree {
    /// Adds a field to an object.
    pub(super) fn with(mut self, name: &str, value: impl Into<Tree>) -> Tree {
        if let Tree::Object(fields) = &mut self {
            fields.insert(name.to_owned(), value.into());
        }
        self
    }

    /// All of it, with what is inside of it two places to the right of `margin`.
    pub(super) fn pretty(&self, margin: &str) -> String {
        let inner = format!("{margin}  ");
        let (brackets, lines): (_, Vec<String>) = match self {
            Tree::Switch(value) => return json::text(value),
            Tree::Number(number) => return number.to_string(),
            Tree::Text(text) => return json::text(text),
            Tree::List(items) => {
                let lines = items.iter().map(|item| item.pretty(&inner));
                (('[', ']'), lines.collect())
            }
            Tree::Object(fields) => {
                let lines = fields
                    .iter()
                    .map(|(name, value)| format!("{}: {}", json::text(name), value.pretty(&inner)));
                (('{', '}'), lines.collect())
            }
        };
        let (open, close) = brackets;
        if lines.is_empty() {
            return format!("{open}{close}");
        }
        let lines = lines.join(&format!(",\n{inner}"));
        format!("{open}\n{inner}{lines}\n{margin}{close}")
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Tree {
        Tree::Switch(value)
    }
}

impl From<i64> for Tree {
    fn from(number: i64) -> Tree {
        Tree::Number(number)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Tree {
        Tree::Text(text)
    }
}

impl<T: Into<Tree>> FromIterator<T> for Tree {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Tree {
        Tree::List(items.into_iter().map(Into::into).collect())
    }
}
