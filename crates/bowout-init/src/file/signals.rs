//! Reads what is done with signals.

use super::chapter::chapters;
use super::key::{Form, Key, Section, Shape, Take};
use super::lookup::{Lookup, lookup};
use super::reader::{Filled, Reader, near_signal};
use super::source::Place;
use super::top::Top;
use super::tree::{Name, Node};
use crate::settings::{HookSettings, SignalRule};
use bowout_core::Signal;

pub(super) const SIGNAL_RULES: Form = Form {
    accepted: "a table for each signal: [signal.USR1]",
    shape: Shape::SignalMap(&Shape::Table(|| chapters(SECTIONS))),
};

pub(super) const REWRITE: Form = Form {
    accepted: "a table FROM = \"TO\", such as { TERM = \"QUIT\" }; \"0\" drops it",
    shape: Shape::SignalMap(&Shape::Either(&[
        Shape::Signal,
        Shape::Word(&["", "0"]),
        Shape::Whole(0, 64),
    ])),
};

const TARGET: &str = "a signal such as \"TERM\" or \"SIGQUIT\", or \"0\", which drops it";
const SOURCE: &str = "a signal such as HUP, SIGUSR1 or RTMIN+3, but not KILL, STOP or CHLD";

/// What is found in the table of a signal: exactly one of these.
#[derive(Default)]
pub(super) struct Found {
    reload: Vec<(String, Place)>,
    forward: Vec<(String, Place)>,
    run: Vec<HookSettings>,
}

const SECTIONS: &[Section<Found>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "reload",
            about: "These services are told to reload: by `exec_reload`, or by their `reload_signal`.",
            example: "reload = [\"web\"]",
            take: Take::Other(&NAMES, |reader, found, node| {
                found.reload = reader.names(node)
            }),
            ..Key::PLAIN
        },
        Key {
            name: "forward",
            about: "The main processes of these services get it.",
            example: "forward = [\"web\", \"worker\"]",
            take: Take::Other(&NAMES, |reader, found, node| {
                found.forward = reader.names(node)
            }),
            ..Key::PLAIN
        },
        Key {
            name: "run",
            elsewhere: &["command", "exec"],
            about: "These hooks run, and nobody gets it.",
            example: "run = \"./rotate\"",
            take: Take::Hooks(|found, hooks| found.run = hooks),
            ..Key::PLAIN
        },
        Key {
            name: "reload_config",
            elsewhere: &["reload_configuration"],
            about: "bowout reads its configuration again, starts what is new, stops what is gone, and restarts \
                    what changed.",
            example: "reload_config = true",
            take: Take::Other(&TRUE, |reader, _, node| reader.only_true(node)),
            ..Key::PLAIN
        },
        Key {
            name: "ignore",
            about: "Nothing, and nobody gets it.",
            example: "ignore = true",
            take: Take::Other(&TRUE, |reader, _, node| reader.only_true(node)),
            ..Key::PLAIN
        },
    ],
}];

pub(super) static LOOKUP: Lookup<Found> = lookup!(SECTIONS);

const NAMES: Form = Form {
    accepted: "an array of names of services",
    shape: Shape::List(&Shape::Text),
};

const TRUE: Form = Form {
    accepted: "true",
    shape: Shape::Only(true),
};

impl Reader<'_> {
    pub(super) fn rules(&mut self, top: &mut Top, node: &Node<'_>) {
        let Some(table) = node.data.table() else {
            return self.refuse(node, SIGNAL_RULES.accepted);
        };
        for (name, value) in table.entries() {
            let Some(signal) = self.source(name) else {
                continue;
            };
            if let Some(first) = top.rules.get(&signal) {
                let message = format!("what is done with {signal} is given already");
                let finding = self
                    .error(name.place, message)
                    .hint("each is given once, in all files");
                self.findings.add(finding.also(*first, "the first is here"));
                continue;
            }
            top.rules.insert(signal, name.place);
            let rule = self.within(&name.text, |reader| reader.rule(top, value));
            rule.into_iter().for_each(|rule| {
                top.settings.signals.insert(signal, rule);
            });
        }
    }

    fn rule(&mut self, top: &mut Top, node: &Node<'_>) -> Option<SignalRule> {
        let mut found = Found::default();
        let seen = self.table(node, &LOOKUP, &mut found)?;
        let ways = ["reload", "forward", "run", "reload_config", "ignore"];
        self.one_of(&ways, &seen, node.place)?;
        let strings =
            |names: &[(String, Place)]| names.iter().map(|(name, _)| name.clone()).collect();
        let rule = if seen.get("reload").is_some() {
            SignalRule::Reload(strings(&found.reload))
        } else if seen.get("forward").is_some() {
            SignalRule::Forward(strings(&found.forward))
        } else if seen.get("run").is_some() {
            SignalRule::Run(found.run)
        } else if seen.get("reload_config").is_some() {
            SignalRule::ReloadConfig
        } else {
            SignalRule::Ignore
        };
        top.named.append(&mut found.reload);
        top.named.append(&mut found.forward);
        Some(rule)
    }

    /// A signal that bowout can do something else with.
    fn source(&mut self, name: &Name<'_>) -> Option<Signal> {
        let signal = Signal::parse(&name.text);
        let signal = signal.filter(|signal| signal.is_catchable() && *signal != Signal::CHLD);
        if signal.is_none() {
            let finding = self.error(name.place, format!("`{}` is not accepted", name.text));
            let near = near_signal(&name.text).filter(|_| Signal::parse(&name.text).is_none());
            self.findings.add(match near {
                Some(near) => finding.hint(format!("did you mean `{near}`?")),
                None => finding.hint(format!("accepted: {SOURCE}")),
            });
        }
        signal
    }

    fn names(&mut self, node: &Node<'_>) -> Vec<(String, Place)> {
        let Some(items) = node.data.list().filter(|items| !items.is_empty()) else {
            self.refuse(node, NAMES.accepted);
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in items {
            let name = self.text(item, "the name of a service");
            names.extend(name.map(|name| (name, item.place)));
        }
        names
    }

    fn only_true(&mut self, node: &Node<'_>) {
        if node.data.switch() != Some(true) {
            self.refuse(node, TRUE.accepted);
        }
    }

    pub(super) fn rewrite(&mut self, top: &mut Top, node: &Node<'_>) {
        let Some(table) = node.data.table() else {
            return self.refuse(node, REWRITE.accepted);
        };
        for (name, value) in table.entries() {
            let from = self.source(name);
            let is_drop = match self.filled(value) {
                Filled::Text(text) => matches!(text.as_ref(), "" | "0"),
                Filled::Other => value.data.whole() == Some(0),
                Filled::Broken => continue,
            };
            let to = match is_drop {
                true => None,
                false => match self.signal(value, TARGET) {
                    Some(signal) => Some(signal),
                    None => continue,
                },
            };
            let Some(from) = from else {
                continue;
            };
            if top.settings.rewrite.insert(from, to).is_some() {
                let message = format!("what {from} is turned into is given already");
                let finding = self.error(name.place, message).hint("each is given once");
                self.findings.add(finding);
            }
        }
    }
}
