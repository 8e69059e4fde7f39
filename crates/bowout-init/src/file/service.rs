//! Reads the table of a service, and looks at whether its keys go together.

pub(super) mod dependencies;
pub(super) mod environment;
pub(super) mod limits;
pub(super) mod log;
pub(super) mod probes;
mod running;
mod starting;
mod stopping;
mod surroundings;

use super::chapter::{Chapter, chapters};
use super::command::Written;
use super::key::Section;
use super::lookup::{Lookup, lookup};
use super::reader::{Reader, Seen};
use super::source::Place;
use super::tree::{Name, Node};
use crate::settings::{CommandLine, ReadyWhen, ServiceSettings, ServiceType};
use bowout_core::plan::Condition;
use bowout_core::service::restart::{LONGEST_PAUSE, When};

/// All keys of a service.
const SECTIONS: &[Section<Draft>] = &[
    Section {
        heading: "What runs",
        keys: running::KEYS,
    },
    Section {
        heading: "Start and health",
        keys: starting::KEYS,
    },
    Section {
        heading: "Restart",
        keys: starting::RESTART_KEYS,
    },
    Section {
        heading: "Stop and reload",
        keys: stopping::KEYS,
    },
    Section {
        heading: "Hooks",
        keys: stopping::HOOK_KEYS,
    },
    Section {
        heading: "Surroundings",
        keys: surroundings::KEYS,
    },
    Section {
        heading: "Output",
        keys: log::KEYS,
    },
];

pub(super) static LOOKUP: Lookup<Draft> = lookup!(SECTIONS);

/// What a table of a service may have, for the schema and the reference.
pub(super) fn parts() -> Vec<Chapter> {
    chapters(SECTIONS)
}

/// A service, with places for whoever looks at all of them.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) settings: ServiceSettings,
    /// Where its name is.
    pub(super) place: Place,
    pub(super) needs: Vec<Need>,
    /// Where its keys are.
    pub(super) keys: Seen,
    command: Option<(Written, Place)>,
    shell: bool,
    /// The limit that `restart = "on-failure:5"` brings along.
    restarts: Option<(u32, Place)>,
}

/// A service that another one depends on.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) name: String,
    pub(super) condition: Condition,
    pub(super) place: Place,
}

/// Longer names would break the prefixes of lines and the columns of tables.
const LONGEST_NAME: usize = 64;

/// Whether a service may be called so.
pub(super) fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= LONGEST_NAME && name.starts_with(starts) && name.chars().all(is_letter)
}

/// What is accepted as the name of a service.
pub(super) const NAME: &str =
    "up to 64 of A-Z a-z 0-9 _ - and a dot, where the first is a letter, a digit or _";
/// The same, for the schema.
pub(super) const NAME_PATTERN: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$";

impl Reader<'_> {
    /// One service.
    pub(super) fn service(&mut self, name: &Name<'_>, node: &Node<'_>) -> Option<Draft> {
        if !is_name(&name.text) {
            let finding = self.error(
                name.place,
                format!("{:?} is no name for a service", name.text),
            );
            self.findings.add(finding.hint(format!("accepted: {NAME}")));
        }
        let nothing = CommandLine {
            words: Vec::new(),
            shell: false,
        };
        let mut draft = Draft {
            settings: ServiceSettings::new(&name.text, nothing),
            place: name.place,
            needs: Vec::new(),
            keys: Seen::default(),
            command: None,
            shell: false,
            restarts: None,
        };
        self.within(&name.text, |reader| {
            let accepted = "a table, [service.NAME], with a command";
            let seen = reader.table_of(node, accepted, &LOOKUP, &mut draft)?;
            reader.fits(&mut draft, &seen);
            draft.keys = seen;
            // A command that is wrong has been said to be.
            if let Some((written, place)) = draft.command.take() {
                let line =
                    reader.within("command", |reader| reader.line(written, place, draft.shell));
                line.into_iter()
                    .for_each(|line| draft.settings.command = line);
            }
            let needs = draft.needs.iter();
            let needs = needs.map(|need| (need.name.clone(), need.condition));
            draft.settings.depends_on = needs.collect();
            Some(draft)
        })
    }

    /// Whether the keys of a service go together.
    fn fits(&mut self, draft: &mut Draft, seen: &Seen) {
        self.kind_fits(draft, seen);
        self.restart_fits(draft, seen);
        let settings = &draft.settings;
        if let (Some(first), Some(second)) = (seen.get("exec_reload"), seen.get("reload_signal")) {
            let finding = self
                .error(second, "a reload is a command or a signal")
                .hint("one of the two");
            self.findings
                .add(finding.also(first, "the command is here"));
        }
        let twice = settings.environment_from_file.keys();
        let twice = twice.filter(|name| settings.environment.contains_key(*name));
        for name in twice {
            let place = seen.get("environment_from_file").unwrap_or(draft.place);
            let message = format!("the variable {name} is in `environment` too");
            let finding = self.error(place, message).hint("one of the two");
            let also = seen
                .get("environment")
                .map(|first| (first, "it is in here"));
            self.findings.add(
                also.into_iter()
                    .fold(finding, |finding, (first, what)| finding.also(first, what)),
            );
        }
    }

    fn kind_fits(&mut self, draft: &Draft, seen: &Seen) {
        let settings = &draft.settings;
        let kind = seen.get("type");
        let mut clash = |key: &str, message: &str, hint: &str| {
            let Some(place) = seen.get(key) else {
                return;
            };
            let finding = self.error(place, message).hint(hint);
            let finding = kind.into_iter().fold(finding, |finding, kind| {
                finding.also(kind, "its type is given here")
            });
            self.findings.add(finding);
        };
        match settings.kind {
            ServiceType::Oneshot => {
                let hint = "a oneshot is ready when it has ended with code 0";
                clash("ready", "`ready` is for what goes on running", hint);
                let hint = "what runs to its end is not asked whether it still works";
                let has_check = settings.healthcheck.is_some();
                if has_check {
                    clash(
                        "healthcheck",
                        "`healthcheck` is for what goes on running",
                        hint,
                    );
                }
                clash("watchdog", "`watchdog` is for what goes on running", hint);
            }
            ServiceType::Notify => {
                if !matches!(settings.ready, None | Some(ReadyWhen::Notify)) {
                    let hint = "leave out one of the two";
                    clash(
                        "ready",
                        "type \"notify\" says already when it is ready",
                        hint,
                    );
                }
            }
            ServiceType::Simple | ServiceType::Forking => {}
        }
        if settings.kind != ServiceType::Forking {
            let hint = "add `type = \"forking\"`, or leave it out";
            clash(
                "pidfile",
                "only what starts a daemon and ends has a pidfile",
                hint,
            );
        }
    }

    fn restart_fits(&mut self, draft: &mut Draft, seen: &Seen) {
        if let Some((limit, place)) = draft.restarts.take() {
            match seen.get("max_restarts") {
                None => draft.settings.max_restarts = Some(limit),
                Some(second) => {
                    let finding = self.error(second, "how often it is restarted is given twice");
                    self.findings.add(
                        finding
                            .hint("one of the two")
                            .also(place, "it is given here"),
                    );
                }
            }
        }
        let settings = &draft.settings;
        let keys = [
            "max_restarts",
            "restart_window",
            "restart_delay",
            "restart_delay_max",
        ];
        if settings.restart == When::Never
            && let Some((key, place)) = seen.iter().find(|(key, _)| keys.contains(key))
        {
            let message = format!("`{key}` changes nothing: this is never restarted");
            let finding = self.warning(place, message);
            self.findings
                .add(finding.hint("add `restart = \"on-failure\"` or `\"always\"`"));
        }
        let longest = settings.restart_delay_max.unwrap_or(LONGEST_PAUSE);
        if let (Some(first), Some(place)) = (settings.restart_delay, seen.get("restart_delay"))
            && first > longest
        {
            let message = format!("the first pause is longer than the longest, {longest:?}");
            let finding = self
                .error(place, message)
                .hint("give a longer `restart_delay_max`");
            let max = seen.get("restart_delay_max");
            self.findings
                .add(max.into_iter().fold(finding, |finding, max| {
                    finding.also(max, "the longest is here")
                }));
        }
    }
}
