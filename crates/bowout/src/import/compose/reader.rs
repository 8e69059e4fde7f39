//! Reads values of a Compose file: texts with variables, words, durations, numbers.

use super::super::document::{Remark, missing};
use super::super::fault::{Fault, not_accepted};
use super::super::template::Template;
use super::interpolate;
use super::yaml::{Data, Node};
use bowout_init::cli::value;
use std::time::Duration;

/// What is read, and what came up on the way.
pub(super) struct Reader<'a> {
    file: &'a str,
    /// Where in the file: `services.web`.
    within: String,
    /// What can't be read.
    pub(super) faults: Vec<Fault>,
    /// What has no equivalent.
    pub(super) remarks: Vec<Remark>,
}

impl<'a> Reader<'a> {
    /// A reader for this part of a file.
    pub(super) fn new(file: &'a str, within: &str) -> Reader<'a> {
        Reader {
            file,
            within: within.to_owned(),
            faults: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Says that a value can't be read.
    pub(super) fn fault(&mut self, node: &Node, key: &str, error: impl AsRef<str>) {
        let text = format!("{}.{key}: {}", self.within, error.as_ref());
        self.faults.push(Fault::new(self.file, node.at, text));
    }

    /// Says that a value is none of those that are accepted.
    pub(super) fn refuse(&mut self, node: &Node, key: &str, accepted: &str) {
        let path = format!("{}.{key}", self.within);
        let text = not_accepted(&path, &node.shown(), accepted);
        self.faults.push(Fault::new(self.file, node.at, text));
    }

    /// Says that a key has no equivalent.
    pub(super) fn lose(&mut self, key: &str, node: &Node, why: &str) {
        let shown = super::super::document::excerpt(&node.shown());
        let what = match shown.is_empty() {
            true => key.to_owned(),
            false => format!("{key}: {shown}"),
        };
        self.remarks.push(missing(what, why));
    }

    /// A text; `None` for null.
    pub(super) fn text(&mut self, key: &str, node: &Node) -> Option<Template> {
        let text = match &node.data {
            Data::Scalar(text) => text,
            Data::Null => return None,
            Data::List(_) | Data::Map(_) => {
                self.refuse(node, key, "one text");
                return None;
            }
        };
        match interpolate::read(text) {
            Ok((template, mut remarks)) => {
                self.remarks.append(&mut remarks);
                Some(template)
            }
            Err(error) => {
                self.fault(node, key, error);
                None
            }
        }
    }

    /// A text that was read before: what is to be said of it has been said.
    pub(super) fn quietly(&mut self, key: &str, node: &Node) -> Option<Template> {
        let said = (self.faults.len(), self.remarks.len());
        let text = self.text(key, node);
        self.faults.truncate(said.0);
        self.remarks.truncate(said.1);
        text
    }

    /// Texts: one, or a list of them.
    pub(super) fn texts(&mut self, key: &str, node: &Node) -> Vec<Template> {
        match &node.data {
            Data::List(list) => list
                .iter()
                .filter_map(|node| self.text(key, node))
                .collect(),
            Data::Null | Data::Scalar(_) | Data::Map(_) => {
                self.text(key, node).into_iter().collect()
            }
        }
    }

    /// A command: a list of words, or a text that is split into words. `None` for null.
    pub(super) fn words(&mut self, key: &str, node: &Node) -> Option<Vec<Template>> {
        match &node.data {
            Data::Null => None,
            Data::List(list) => Some(
                list.iter()
                    .filter_map(|node| self.text(key, node))
                    .collect(),
            ),
            Data::Scalar(_) | Data::Map(_) => {
                let text = self.text(key, node)?;
                match text.words() {
                    Ok(words) => Some(words),
                    Err(error) => {
                        self.fault(node, key, error);
                        None
                    }
                }
            }
        }
    }

    /// A value of another kind than text. One that comes from a variable is not known yet.
    pub(super) fn value<T>(
        &mut self,
        key: &str,
        node: &Node,
        accepted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key, node)?;
        let Some(plain) = text.plain() else {
            self.lose(
                key,
                node,
                "the value is not known before the start; write one here",
            );
            return None;
        };
        let value = read(plain.trim());
        if value.is_none() {
            self.refuse(node, key, accepted);
        }
        value
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, node: &Node) -> Option<bool> {
        self.value(key, node, "true or false", |text| match text {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        })
    }

    /// A whole number.
    pub(super) fn integer(&mut self, key: &str, node: &Node) -> Option<i64> {
        self.value(key, node, "a whole number", |text| text.parse().ok())
    }

    /// A duration that is longer than zero; zero is the same as none.
    pub(super) fn period(&mut self, key: &str, node: &Node) -> Option<Template> {
        self.duration(key, node).filter(|text| !is_zero(text))
    }

    /// A text that is not empty.
    pub(super) fn filled(&mut self, key: &str, node: &Node) -> Option<Template> {
        let text = self.text(key, node)?;
        if text.is_empty() {
            self.refuse(node, key, "a text that is not empty");
            return None;
        }
        Some(text)
    }

    /// A duration as bowout.toml has it; one from a variable stays in it.
    pub(super) fn duration(&mut self, key: &str, node: &Node) -> Option<Template> {
        let text = self.text(key, node)?;
        let Some(plain) = text.plain() else {
            return Some(text);
        };
        match duration(plain.trim()) {
            Some(duration) => Some(Template::literal(&duration)),
            None => {
                self.refuse(node, key, "a duration such as 500ms, 10s or 1m30s");
                None
            }
        }
    }
}

/// Whether it is zero, which is the default in many places of Compose.
fn is_zero(text: &Template) -> bool {
    let length = text.plain().and_then(|text| value::duration(&text));
    length.is_some_and(|length| length.is_zero())
}

/// A duration of Go's, in the form of bowout.toml.
fn duration(text: &str) -> Option<String> {
    if value::duration(text).is_some() {
        let is_bare = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        return Some(format!("{text}{}", if is_bare { "s" } else { "" }));
    }
    // Go takes units in any order, and those that are shorter.
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = behind;
    }
    (!text.is_empty()).then(|| super::super::duration(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_are_read() {
        for (text, expected) in [
            ("1m30s", Some("1m30s")),
            ("10", Some("10s")),
            ("500ms", Some("500ms")),
            ("30s1m", Some("1m30s")),
            ("1500us", Some("1500us")),
            ("2000000ns", Some("2ms")),
            ("", None),
            ("10 s", None),
            ("s", None),
            ("1x", None),
            ("1e9h", None),
        ] {
            assert_eq!(duration(text).as_deref(), expected, "{text}");
        }
    }
}
