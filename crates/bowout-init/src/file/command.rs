//! Reads commands and hooks in all the forms in which people write them.

use super::chapter::{Chapter, chapters};
use super::key::{Form, Key, Section, Shape, Take};
use super::lookup::{Lookup, lookup};
use super::reader::{Filled, Reader};
use super::source::Place;
use super::tree::Node;
use crate::cli::value;
use crate::settings::{CommandLine, HookSettings};
use std::time::Duration;

/// A command as it was written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// To be split into words, or for a shell.
    Text(String),
    /// Word by word.
    Words(Vec<String>),
}

/// A command, not of a hook.
pub(super) const COMMAND: Form = Form {
    accepted: "a command and its arguments as a text, quoted as for a shell, or as an array of words",
    shape: Shape::Either(&[Shape::Text, Shape::List(&ANY_TEXT)]),
};

const ANY_TEXT: Shape = Shape::Pattern("^");

/// One hook.
pub(super) const HOOK: Form = Form {
    accepted: "a command as a text, as an array of words, or as a table { command, timeout, shell }",
    shape: Shape::Either(&[COMMAND.shape, HOOK_TABLE]),
};

/// Any number of hooks.
pub(super) const HOOKS: Form = Form {
    accepted: "a hook, or an array of hooks; each is a command as a text, an array of words, or a table \
               { command, timeout, shell }",
    shape: Shape::Either(&[Shape::Text, HOOK_TABLE, Shape::List(&HOOK.shape)]),
};

const HOOK_TABLE: Shape = Shape::Table(parts);

/// What the table of a hook may have, for the schema and the reference.
pub(super) fn parts() -> Vec<Chapter> {
    chapters(SECTIONS)
}

#[derive(Default)]
pub(super) struct Draft {
    command: Option<(Written, Place)>,
    timeout: Option<Duration>,
    shell: bool,
}

const SECTIONS: &[Section<Draft>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "command",
            elsewhere: &["cmd", "run", "exec", "args"],
            required: true,
            about: "What runs.",
            example: "command = [\"./drain\", \"--all\"]",
            take: Take::Other(&COMMAND, |reader, draft, node| {
                let written = reader.command(node);
                draft.command = written.map(|written| (written, node.place));
            }),
            ..Key::PLAIN
        },
        Key {
            name: "timeout",
            default: "a quarter of the grace period where it runs in a stop, else 1m",
            about: "How long it has before SIGKILL.",
            example: "timeout = \"3s\"",
            take: Take::Period(|draft, timeout| draft.timeout = Some(timeout)),
            ..Key::PLAIN
        },
        Key {
            name: "shell",
            default: "false",
            about: "Whether `/bin/sh -c` runs it, as one text.",
            example: "shell = true",
            take: Take::Switch(|draft, shell| draft.shell = shell),
            ..Key::PLAIN
        },
    ],
}];

pub(super) static LOOKUP: Lookup<Draft> = lookup!(SECTIONS);

/// What only a shell understands, where it stands alone.
const OPERATORS: [&str; 12] = [
    "&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>&1", "2>", "&>",
];

impl Reader<'_> {
    /// A command as it was written.
    pub(super) fn command(&mut self, node: &Node<'_>) -> Option<Written> {
        let Some(items) = node.data.list() else {
            let text = self.text(node, COMMAND.accepted)?;
            return Some(Written::Text(text));
        };
        self.words(items, node).map(Written::Words)
    }

    /// The words of an array, of which there is at least one.
    pub(super) fn words(&mut self, items: &[Node<'_>], node: &Node<'_>) -> Option<Vec<String>> {
        let mut words = Vec::new();
        for item in items {
            match self.filled(item) {
                Filled::Text(word) => words.push(word.into_owned()),
                Filled::Other => self.refuse(item, "texts, one for each word"),
                Filled::Broken => {}
            }
        }
        if words.len() < items.len() {
            return None;
        }
        if words.first().is_none_or(String::is_empty) {
            let finding = self.error(node.place, "there is no program");
            self.findings
                .add(finding.hint(format!("accepted: {}", COMMAND.accepted)));
            return None;
        }
        Some(words)
    }

    /// What is to be run.
    pub(super) fn line(
        &mut self,
        written: Written,
        place: Place,
        shell: bool,
    ) -> Option<CommandLine> {
        let text = match written {
            Written::Words(_) if shell => {
                let finding = self.error(place, "a shell takes one text, and this is an array");
                self.findings
                    .add(finding.hint("write it as a text, or leave out `shell = true`"));
                return None;
            }
            Written::Words(words) => return Some(CommandLine { words, shell }),
            Written::Text(text) => text,
        };
        if shell {
            let words = vec![text];
            return Some(CommandLine { words, shell });
        }
        let Some(words) = value::words(&text).filter(|words| !words[0].is_empty()) else {
            let (message, hint) = match text.trim().is_empty() {
                true => (
                    "there is no program",
                    format!("accepted: {}", COMMAND.accepted),
                ),
                false => (
                    "this can't be split into words",
                    "close the quotes, as for a shell".to_owned(),
                ),
            };
            let finding = self.error(place, message).hint(hint);
            self.findings.add(finding);
            return None;
        };
        let operator = words.iter().find(|word| OPERATORS.contains(&word.as_str()));
        if let Some(operator) = operator {
            let message = format!("no shell runs this, and the program gets `{operator}` as it is");
            let hint = "add `shell = true`, or write it as an array if it is meant so";
            let finding = self.warning(place, message).hint(hint);
            self.findings.add(finding);
        }
        Some(CommandLine { words, shell })
    }

    /// One hook.
    pub(super) fn hook(&mut self, node: &Node<'_>) -> Option<HookSettings> {
        let mut draft = Draft::default();
        if node.data.table().is_some() {
            self.table(node, &LOOKUP, &mut draft)?;
        } else if node.data.list().is_some() || node.data.text().is_some() {
            draft.command = self.command(node).map(|written| (written, node.place));
        } else {
            self.refuse(node, HOOK.accepted);
        }
        let (written, place) = draft.command?;
        let command = self.line(written, place, draft.shell)?;
        Some(HookSettings {
            command,
            timeout: draft.timeout,
        })
    }

    /// Any number of hooks.
    pub(super) fn hooks(&mut self, node: &Node<'_>) -> Option<Vec<HookSettings>> {
        let Some(items) = node.data.list() else {
            return self.hook(node).map(|hook| vec![hook]);
        };
        let looks_like_option = |item: &&Node<'_>| {
            item.data
                .text()
                .is_some_and(|text| text.starts_with('-') && text.len() > 1)
        };
        if let Some(item) = items.iter().skip(1).find(looks_like_option) {
            let message = "this is an array of hooks, and a hook that begins with a dash is none";
            let hint = "one hook word by word: [[\"./drain\", \"--all\"]]";
            let finding = self.error(item.place, message).hint(hint);
            self.findings.add(finding);
            return None;
        }
        let hooks: Vec<HookSettings> = items.iter().filter_map(|item| self.hook(item)).collect();
        (hooks.len() == items.len()).then_some(hooks)
    }
}
