//! Reads the keys that are about the container as a whole.

use super::chapter::{Chapter, chapters};
use super::key::{Form, Key, Section, Shape, Take};
use super::lookup::{Lookup, lookup};
use super::reader::{Filled, Reader};
use super::service::{self, Draft, NAME_PATTERN};
use super::signals::{REWRITE, SIGNAL_RULES};
use super::source::Place;
use super::tree::Node;
use crate::cli::{LogFormat, ReportTarget};
use crate::settings::{ControlSettings, Settings};
use bowout_core::Signal;
use bowout_core::order::Map;
use std::path::PathBuf;

/// What all files together say.
#[derive(Default)]
pub(super) struct Top {
    /// Without the services.
    pub(super) settings: Settings,
    pub(super) services: Vec<Draft>,
    /// Where each service is, by its name.
    pub(super) names: Map<String, usize>,
    /// Names in rules for signals.
    pub(super) named: Vec<(String, Place)>,
    /// Where the rule for each signal is.
    pub(super) rules: Map<Signal, Place>,
    /// Where each key is that is given once in all files.
    pub(super) given: Map<&'static str, Place>,
    /// Files that the file that is being read includes.
    pub(super) includes: Vec<(String, Place)>,
}

/// More services than these are a slip, or an attack.
const MOST_SERVICES: usize = 10_000;

/// What a file may have.
const SECTIONS: &[Section<Top>] = &[
    Section {
        heading: "Services",
        keys: &[SERVICE, INCLUDE],
    },
    Section {
        heading: "The stop",
        keys: STOP_KEYS,
    },
    Section {
        heading: "Signals",
        keys: SIGNAL_KEYS,
    },
    Section {
        heading: "Account and control",
        keys: ACCOUNT_KEYS,
    },
];

pub(super) static LOOKUP: Lookup<Top> = lookup!(SECTIONS);

/// What a text may have that only adds services.
pub(super) static SERVICE_LOOKUP: Lookup<Top> = lookup!(&[Section {
    heading: "",
    keys: &[SERVICE],
}]);

/// Keys that many files may have.
pub(super) const SHARED: [&str; 3] = ["service", "include", "signal"];

/// What a file may have, for the schema and the reference.
pub(super) fn parts() -> Vec<Chapter> {
    chapters(SECTIONS)
}

const SERVICE: Key<Top> = Key {
    name: "service",
    aliases: &["services"],
    elsewhere: &["program", "programs", "process", "processes"],
    default: "none; there must be one in all files",
    about: "One table for each service; its name is up to 64 of A-Z a-z 0-9 _ - and a dot.",
    example: "[service.web]\ncommand = \"./web\"",
    take: Take::Other(
        &Form {
            accepted: "a table for each service: [service.NAME]",
            shape: Shape::Map(NAME_PATTERN, &Shape::Table(service::parts)),
        },
        |reader, top, node| reader.services(top, node),
    ),
    ..Key::PLAIN
};

const INCLUDE: Key<Top> = Key {
    name: "include",
    elsewhere: &["includes", "files", "import"],
    default: "nothing",
    about: "More files, which may have all that this one may. `*` and `?` stand for any letters and for any one, \
            but for no slash and no dot at the start of a name. A file that is named without them must be \
            there; what is found with them is read in the order of the names. A key that is no table is given \
            in one file only.",
    example: "include = [\"conf.d/*.toml\"]",
    take: Take::Other(
        &Form {
            accepted: "a path, in which * and ? may stand for letters, or an array of them",
            shape: Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
        },
        |reader, top, node| {
            let nodes = node.data.list().unwrap_or(std::slice::from_ref(node));
            for node in nodes {
                let path = reader.text(node, "a path, in which * and ? may stand for letters");
                top.includes.extend(path.map(|path| (path, node.place)));
            }
        },
    ),
    ..Key::PLAIN
};

const STOP_KEYS: &[Key<Top>] = &[
    Key {
        name: "grace",
        elsewhere: &[
            "grace_period",
            "stop_timeout",
            "stop_grace_period",
            "timeout",
        ],
        default: "that of the platform: 30s where `KUBERNETES_SERVICE_HOST` is set, else 10s",
        about: "The platform's grace period: bowout is done before its end, by SIGKILL if need be. `--grace` and \
                `BOWOUT_GRACE` go before it.",
        example: "grace = \"25s\"",
        take: Take::Period(|top, grace| top.settings.grace = Some(grace)),
        ..Key::PLAIN
    },
    Key {
        name: "margin",
        default: "500ms",
        about: "How long before the end of the grace period bowout is done.",
        example: "margin = \"1s\"",
        take: Take::Duration(|top, margin| top.settings.margin = Some(margin)),
        ..Key::PLAIN
    },
    Key {
        name: "drain",
        default: "0",
        about: "How long services go on after a stop was asked for, so that load balancers stop sending.",
        example: "drain = \"5s\"",
        take: Take::Duration(|top, drain| top.settings.drain = Some(drain)),
        ..Key::PLAIN
    },
    Key {
        name: "stop_on",
        elsewhere: &["stop_signal", "stop_signals"],
        default: "[\"TERM\", \"INT\"]",
        about: "Signals that ask for the stop.",
        example: "stop_on = [\"TERM\", \"QUIT\"]",
        take: Take::Signals(|top, signals| top.settings.stop_on = signals),
        ..Key::PLAIN
    },
    Key {
        name: "pre_stop",
        default: "none",
        about: "Runs before anybody is told to stop: deregister, flush.",
        example: "pre_stop = [[\"./deregister\", \"--now\"]]",
        take: Take::Hooks(|top, hooks| top.settings.pre_stop = hooks),
        ..Key::PLAIN
    },
    Key {
        name: "post_stop",
        default: "none",
        about: "Runs after everybody has stopped: move data to a persistent place.",
        example: "post_stop = { command = \"./save\", timeout = \"3s\" }",
        take: Take::Hooks(|top, hooks| top.settings.post_stop = hooks),
        ..Key::PLAIN
    },
];

const SIGNAL_KEYS: &[Key<Top>] = &[
    Key {
        name: "signal",
        elsewhere: &["signals", "on"],
        default: "every other signal is forwarded to the main process of each essential service, and HUP has \
                  bowout read its configuration again",
        about: "What is done with a signal that does not ask for the stop. A table for each, with exactly one of:",
        example: "[signal.USR1]\nrun = [[\"./rotate\", \"--now\"]]",
        take: Take::Other(&SIGNAL_RULES, |reader, top, node| reader.rules(top, node)),
        ..Key::PLAIN
    },
    Key {
        name: "rewrite",
        default: "nothing",
        about: "Signals that are turned into others before they are forwarded. `\"0\"` drops one.",
        example: "rewrite = { TERM = \"QUIT\", WINCH = \"0\" }",
        take: Take::Other(&REWRITE, |reader, top, node| reader.rewrite(top, node)),
        ..Key::PLAIN
    },
];

const ACCOUNT_KEYS: &[Key<Top>] = &[
    Key {
        name: "report",
        elsewhere: &["stop_report"],
        default: "none",
        about: "Where an account of the stop goes, as JSON: a file, or an open descriptor.",
        example: "report = \"fd:2\"",
        take: Take::Other(&REPORT, |reader, top, node| {
            top.settings.report = reader.report(node);
        }),
        ..Key::PLAIN
    },
    Key {
        name: "control",
        elsewhere: &["socket", "control_socket"],
        default: "`BOWOUT_SOCKET`, or \"/run/bowout.sock\"",
        about: "The socket that `bowout ctl` talks to; `false`: there is none.",
        example: "control = \"/run/app/bowout.sock\"",
        take: Take::Other(&CONTROL, |reader, top, node| {
            top.settings.control = reader.control(node);
        }),
        ..Key::PLAIN
    },
    Key {
        name: "log",
        elsewhere: &["logging", "log_level", "log_format", "verbosity"],
        default: "{ level = \"notice\", format = \"text\" }",
        about: "bowout's own log, on standard error.",
        example: "log = { level = \"info\", format = \"json\" }",
        take: Take::Other(&LOG, |reader, top, node| {
            reader.table_of(node, LOG.accepted, &LOG_LOOKUP, &mut top.settings);
        }),
        ..Key::PLAIN
    },
];

const REPORT: Form = Form {
    accepted: "a file, or fd: and the number of an open descriptor",
    shape: Shape::Text,
};

const CONTROL: Form = Form {
    accepted: "a path of up to 107 bytes, or false",
    shape: Shape::Either(&[Shape::Text, Shape::Only(false)]),
};

/// A longer one does not fit into the address of a socket (unix(7)).
const LONGEST_SOCKET: usize = 107;

const LOG: Form = Form {
    accepted: "a table { level, format }",
    shape: Shape::Table(|| chapters(LOG_SECTIONS)),
};

const LOG_SECTIONS: &[Section<Settings>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "level",
            elsewhere: &["verbosity", "loglevel"],
            default: "\"notice\"",
            about: "What is said: `error`, what could not be done (`-q`); `notice`, what is worth knowing \
                    without asking; `info` (`-v`); `debug`, everything (`-vv`).",
            example: "level = \"info\"",
            take: Take::Word(&["error", "notice", "info", "debug"], |settings, word| {
                settings.verbosity = Some(match word {
                    "error" => -1,
                    "info" => 1,
                    "debug" => 2,
                    _ => 0,
                });
            }),
            ..Key::PLAIN
        },
        Key {
            name: "format",
            default: "\"text\"",
            about: "`text` for people, `json` for one object a line.",
            example: "format = \"json\"",
            take: Take::Word(&["text", "json"], |settings, word| {
                settings.log_format = Some(match word {
                    "json" => LogFormat::Json,
                    _ => LogFormat::Text,
                });
            }),
            ..Key::PLAIN
        },
    ],
}];

pub(super) static LOG_LOOKUP: Lookup<Settings> = lookup!(LOG_SECTIONS);

impl Reader<'_> {
    fn services(&mut self, top: &mut Top, node: &Node<'_>) {
        let Some(table) = node.data.table() else {
            return self.refuse(node, "a table for each service: [service.NAME]");
        };
        for (name, value) in table.entries() {
            if top.services.len() == MOST_SERVICES {
                let message = format!("there are more than {MOST_SERVICES} services");
                let finding = self.error(name.place, message);
                self.findings.add(finding);
                return;
            }
            if let Some(first) = top.names.get(name.text.as_ref()) {
                let place = top.services[*first].place;
                let message = format!("the service {:?} is there already", name.text);
                let finding = self
                    .error(name.place, message)
                    .hint("each is given once, in all files");
                self.findings.add(finding.also(place, "the first is here"));
                continue;
            }
            if let Some(draft) = self.service(name, value) {
                top.names
                    .insert(name.text.clone().into_owned(), top.services.len());
                top.services.push(draft);
            }
        }
    }

    fn report(&mut self, node: &Node<'_>) -> Option<ReportTarget> {
        let text = self.text(node, REPORT.accepted)?;
        match text.strip_prefix("fd:") {
            None => Some(ReportTarget::File(self.folder.join(text))),
            Some(number) => {
                let number = number.parse().ok().filter(|number| *number >= 0);
                if number.is_none() {
                    self.refuse(node, REPORT.accepted);
                }
                number.map(ReportTarget::Descriptor)
            }
        }
    }

    fn control(&mut self, node: &Node<'_>) -> Option<ControlSettings> {
        if node.data.switch() == Some(false) {
            return Some(ControlSettings::Off);
        }
        let path = match self.filled(node) {
            Filled::Text(text) if !text.is_empty() => Some(self.folder.join(text.as_ref())),
            Filled::Text(_) | Filled::Other => None,
            Filled::Broken => return None,
        };
        let fits = |path: &PathBuf| path.as_os_str().len() <= LONGEST_SOCKET;
        let path = path.filter(fits);
        if path.is_none() {
            self.refuse(node, CONTROL.accepted);
        }
        path.map(ControlSettings::Socket)
    }
}
