//! Reads resource limits.

use super::Draft;
use crate::cli::value::nearest;
use crate::file::chapter::chapters;
use crate::file::key::{Form, Key, Section, Shape, Take};
use crate::file::lookup::{Lookup, lookup};
use crate::file::reader::{Filled, Reader};
use crate::file::tree::Node;
use crate::settings::Limit;
use bowout_sys::spawn::Resource;

pub(super) const LIMITS: Form = Form {
    accepted: "a table { nofile = 1024 } or { nofile = { soft = 1024, hard = 4096 } }",
    shape: Shape::Map(
        "^(cpu|fsize|data|stack|core|rss|nproc|nofile|memlock|as|locks|sigpending|msgqueue|nice|rtprio|rttime)$",
        &Shape::Either(&[NUMBER.shape, Shape::Table(|| chapters(SECTIONS))]),
    ),
};

const NUMBER: Form = Form {
    accepted: "a whole number, 0 or more, or \"unlimited\", which is -1 too",
    shape: Shape::Either(&[Shape::Whole(-1, i64::MAX), Shape::Word(&["unlimited"])]),
};

/// A limit that was given; the inner `None` is unlimited.
#[derive(Default)]
pub(in crate::file) struct Pair {
    soft: Option<Option<u64>>,
    hard: Option<Option<u64>>,
}

const SECTIONS: &[Section<Pair>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "soft",
            required: true,
            about: "What counts.",
            example: "soft = 1024",
            take: Take::Other(&NUMBER, |reader, pair, node| pair.soft = reader.limit(node)),
            ..Key::PLAIN
        },
        Key {
            name: "hard",
            required: true,
            about: "How far the program itself may raise that.",
            example: "hard = \"unlimited\"",
            take: Take::Other(&NUMBER, |reader, pair, node| pair.hard = reader.limit(node)),
            ..Key::PLAIN
        },
    ],
}];

pub(in crate::file) static LOOKUP: Lookup<Pair> = lookup!(SECTIONS);

impl Reader<'_> {
    fn limit(&mut self, node: &Node<'_>) -> Option<Option<u64>> {
        let number = match self.filled(node) {
            Filled::Text(text) if text == "unlimited" => Some(-1),
            Filled::Text(text) => text.parse::<i64>().ok(),
            Filled::Other => node.data.whole(),
            Filled::Broken => return None,
        };
        match number {
            Some(-1) => Some(None),
            Some(number) if number >= 0 => Some(u64::try_from(number).ok()),
            Some(_) | None => {
                self.refuse(node, NUMBER.accepted);
                None
            }
        }
    }

    pub(super) fn limits(&mut self, draft: &mut Draft, node: &Node<'_>) {
        let Some(table) = node.data.table() else {
            return self.refuse(node, LIMITS.accepted);
        };
        for (name, value) in table.entries() {
            let mut pair = Pair::default();
            if Resource::from_name(&name.text).is_none() {
                let near = nearest(&name.text, Resource::NAMES.into_iter());
                let hint = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known: {}", Resource::NAMES.join(", ")),
                };
                let finding = self.error(
                    name.place,
                    format!("the limit `{}` is not known", name.text),
                );
                self.findings.add(finding.hint(hint));
                continue;
            }
            self.within(&name.text, |reader| {
                if value.data.table().is_some() {
                    reader.table(value, &LOOKUP, &mut pair);
                } else {
                    let limit = reader.limit(value);
                    pair = Pair {
                        soft: limit,
                        hard: limit,
                    };
                }
                let (Some(soft), Some(hard)) = (pair.soft, pair.hard) else {
                    return;
                };
                if soft.unwrap_or(u64::MAX) > hard.unwrap_or(u64::MAX) {
                    let finding = reader.error(value.place, "the soft limit is above the hard one");
                    reader
                        .findings
                        .add(finding.hint("the kernel refuses that (setrlimit(2))"));
                }
                let resource = name.text.clone().into_owned();
                draft.settings.limits.push(Limit {
                    resource,
                    soft,
                    hard,
                });
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_names_of_the_kernel() {
        let Shape::Map(pattern, _) = LIMITS.shape else {
            panic!("limits are a table");
        };
        assert_eq!(pattern, format!("^({})$", Resource::NAMES.join("|")));
    }
}
