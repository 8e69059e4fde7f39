//! Reads what a service depends on.

use super::{Draft, NAME_PATTERN, Need};
use crate::file::chapter::chapters;
use crate::file::key::{Form, Key, Section, Shape, Take};
use crate::file::lookup::{Lookup, lookup};
use crate::file::reader::Reader;
use crate::file::tree::{Name, Node};
use bowout_core::plan::Condition;

pub(super) const DEPENDS_ON: Form = Form {
    accepted: "an array of names, or a table with a condition for each: { db = \"ready\" }",
    shape: Shape::Either(&[
        Shape::List(&Shape::Text),
        Shape::Map(
            NAME_PATTERN,
            &Shape::Either(&[Shape::Word(CONDITIONS), Shape::Table(|| chapters(SECTIONS))]),
        ),
    ]),
};

/// bowout's and Compose's.
const CONDITIONS: &[&str] = &[
    "started",
    "ready",
    "completed",
    "service_started",
    "service_healthy",
    "service_completed_successfully",
];
const ACCEPTED: &str = "\"started\", \"ready\" or \"completed\", or Compose's names for them";

fn condition(word: &str) -> Condition {
    match word {
        "ready" | "service_healthy" => Condition::Ready,
        "completed" | "service_completed_successfully" => Condition::Completed,
        _ => Condition::Started,
    }
}

const SECTIONS: &[Section<Condition>] = &[Section {
    heading: "",
    keys: &[Key {
        name: "condition",
        default: "\"started\"",
        about: "What is awaited.",
        example: "condition = \"ready\"",
        take: Take::Word(CONDITIONS, |wanted, word| *wanted = condition(word)),
        ..Key::PLAIN
    }],
}];

pub(in crate::file) static LOOKUP: Lookup<Condition> = lookup!(SECTIONS);

impl Reader<'_> {
    pub(super) fn depends_on(&mut self, draft: &mut Draft, node: &Node<'_>) {
        if let Some(items) = node.data.list() {
            for item in items {
                if let Some(name) = self.text(item, "the name of a service") {
                    let place = item.place;
                    let condition = Condition::Started;
                    draft.needs.push(Need {
                        name,
                        condition,
                        place,
                    });
                }
            }
        } else if let Some(table) = node.data.table() {
            for (name, value) in table.entries() {
                self.need(draft, name, value);
            }
        } else {
            self.refuse(node, DEPENDS_ON.accepted);
        }
        for (index, need) in draft.needs.iter().enumerate() {
            if let Some(first) = draft.needs[..index]
                .iter()
                .find(|first| first.name == need.name)
            {
                let name = self.findings.name_at(need.place, &need.name);
                let message = format!("the service {name} is there already");
                let finding = self.error(need.place, message).hint("each is given once");
                self.findings
                    .add(finding.also(first.place, "the first is here"));
            }
        }
    }

    fn need(&mut self, draft: &mut Draft, name: &Name<'_>, value: &Node<'_>) {
        let mut wanted = Condition::Started;
        if value.data.table().is_some() {
            self.within(&name.text, |reader| {
                reader.table(value, &LOOKUP, &mut wanted)
            });
        } else if let Some(word) = self.word(value, CONDITIONS, ACCEPTED) {
            wanted = condition(word);
        }
        draft.needs.push(Need {
            name: name.text.clone().into_owned(),
            condition: wanted,
            place: name.place,
        });
    }
}
