//! Reads the variables of a service, and where more of them are.

use super::Draft;
use crate::file::chapter::chapters;
use crate::file::key::{Form, Key, Section, Shape, Take};
use crate::file::lookup::{Lookup, lookup};
use crate::file::reader::{Filled, Reader};
use crate::file::source::Place;
use crate::file::tree::{Data, Node};
use crate::settings::EnvFile;
use std::path::PathBuf;

pub(super) const ENVIRONMENT: Form = Form {
    accepted: "a table NAME = value, or an array of \"NAME=value\" and \"NAME\"",
    shape: Shape::Either(&[
        Shape::Map(NAME_PATTERN, &VALUE),
        Shape::List(&Shape::Pattern("^[^=\\s\\u0000]+(=|$)")),
    ]),
};

const VALUE: Shape = Shape::Either(&[
    Shape::Pattern("^"),
    Shape::Number,
    Shape::Whole(i64::MIN, i64::MAX),
    Shape::Only(false),
]);
const VALUE_ACCEPTED: &str = "a text, a number, or false, which takes the variable away";
const NAME_PATTERN: &str = "^[^=\\s\\u0000]+$";

pub(super) const ENV_FILE: Form = Form {
    accepted: "a path, a table { path, required }, or an array of them",
    shape: Shape::Either(&[
        Shape::Text,
        ENV_FILE_TABLE,
        Shape::List(&Shape::Either(&[Shape::Text, ENV_FILE_TABLE])),
    ]),
};

const ENV_FILE_TABLE: Shape = Shape::Table(|| chapters(SECTIONS));

pub(super) const FROM_FILE: Form = Form {
    accepted: "a table NAME = \"/path\"",
    shape: Shape::Map(NAME_PATTERN, &Shape::Text),
};

const SECTIONS: &[Section<EnvFile>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "path",
            elsewhere: &["file"],
            required: true,
            about: "The file.",
            example: "path = \"secret.env\"",
            take: Take::Path(|file, path| file.path = path),
            ..Key::PLAIN
        },
        Key {
            name: "required",
            default: "true",
            about: "Whether the service does not start without it.",
            example: "required = false",
            take: Take::Switch(|file, required| file.required = required),
            ..Key::PLAIN
        },
    ],
}];

pub(in crate::file) static LOOKUP: Lookup<EnvFile> = lookup!(SECTIONS);

impl Reader<'_> {
    pub(super) fn environment(&mut self, draft: &mut Draft, node: &Node<'_>) {
        if let Some(table) = node.data.table() {
            for (name, value) in table.entries() {
                if !self.is_variable(&name.text, name.place) {
                    continue;
                }
                let value = match (self.filled(value), &value.data) {
                    (Filled::Text(text), _) => Some(text.into_owned()),
                    (Filled::Other, Data::Whole(number)) => Some(number.to_string()),
                    (Filled::Other, Data::Fraction(digits)) => Some(digits.to_string()),
                    (Filled::Other, Data::Switch(false)) => None,
                    (Filled::Other, Data::Switch(true)) => {
                        let finding =
                            self.error(value.place, format!("{}: true is no text", name.text));
                        self.findings.add(finding.hint("write \"true\", or \"1\""));
                        continue;
                    }
                    (Filled::Other, _) => {
                        self.within(&name.text, |reader| reader.refuse(value, VALUE_ACCEPTED));
                        continue;
                    }
                    (Filled::Broken, _) => continue,
                };
                draft
                    .settings
                    .environment
                    .insert(name.text.clone().into_owned(), value);
            }
        } else if let Some(items) = node.data.list() {
            for item in items {
                self.pair(draft, item);
            }
        } else {
            self.refuse(node, ENVIRONMENT.accepted);
        }
    }

    /// `NAME=value`, or `NAME` for what bowout has itself.
    fn pair(&mut self, draft: &mut Draft, item: &Node<'_>) {
        let text = match self.filled(item) {
            Filled::Text(text) => text,
            Filled::Other => return self.refuse(item, "\"NAME=value\", or \"NAME\""),
            Filled::Broken => return,
        };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text.as_ref(), (self.filler.variable)(&text)),
        };
        if !self.is_variable(name, item.place) {
            return;
        }
        if draft.settings.environment.contains_key(name) {
            let finding = self.error(item.place, "this variable is there already");
            self.findings.add(finding.hint("each is given once"));
        }
        if value.is_some() {
            draft.settings.environment.insert(name.to_owned(), value);
        }
    }

    fn is_variable(&mut self, name: &str, place: Place) -> bool {
        let is_one =
            !name.is_empty() && !name.contains(['=', '\0']) && !name.contains(char::is_whitespace);
        if !is_one {
            let finding = self.error(place, "this is no name of a variable");
            self.findings
                .add(finding.hint("accepted: at least one character, no = and no space"));
        }
        is_one
    }

    pub(super) fn env_file(&mut self, draft: &mut Draft, node: &Node<'_>) {
        let nodes = node.data.list().unwrap_or(std::slice::from_ref(node));
        for node in nodes {
            let mut file = EnvFile {
                path: PathBuf::new(),
                required: true,
            };
            if node.data.table().is_some() {
                self.table(node, &LOOKUP, &mut file);
            } else if node.data.text().is_some() {
                self.path(node)
                    .into_iter()
                    .for_each(|path| file.path = path);
            } else {
                self.refuse(node, ENV_FILE.accepted);
            }
            draft.settings.env_file.push(file);
        }
    }

    pub(super) fn variables_from_files(&mut self, draft: &mut Draft, node: &Node<'_>) {
        let Some(table) = node.data.table() else {
            return self.refuse(node, FROM_FILE.accepted);
        };
        for (name, value) in table.entries() {
            let is_one = self.is_variable(&name.text, name.place);
            let path = self.within(&name.text, |reader| reader.path(value));
            if let Some(path) = path.filter(|_| is_one) {
                draft
                    .settings
                    .environment_from_file
                    .insert(name.text.clone().into_owned(), path);
            }
        }
    }
}
