//! Turns one `[program:]` or `[fcgi-program:]` into services, one for each of its processes.

use super::super::document::{Line, Remark, Service, Value};
use super::super::template::Template;
use super::expand::Names;
use super::ini::Section;
use super::keys::Keys;
use super::order::Place;
use super::restart::{Restart, autorestart};
use super::{environment, output};
use bowout_core::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

/// What `[supervisord]` and `[group:]` say of a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// The group it is in; a program without one is a group of its own.
    pub(crate) group: Option<(String, i64)>,
    /// `environment` of `[supervisord]`.
    pub(crate) environment: Vec<(String, Template)>,
    /// `user` of `[supervisord]`.
    pub(crate) user: Option<Template>,
    /// `umask` of `[supervisord]`.
    pub(crate) umask: Option<String>,
}

/// One process of a program.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// What becomes of it.
    pub(crate) service: Service,
    /// Where it stands in the order.
    pub(crate) place: Place,
    /// Whether supervisord kept its output in files of its own choice.
    pub(crate) was_auto: bool,
}

/// The most processes that one program may have here: each is a table that somebody reads.
const MOST_PROCESSES: u32 = 100;

/// supervisord's priority where none is said.
pub(crate) const PRIORITY: i64 = 999;

/// Keys of `[fcgi-program:]` alone.
const SOCKET_KEYS: [&str; 4] = ["socket", "socket_backlog", "socket_owner", "socket_mode"];

/// What is the same for all processes of a program.
struct Program {
    restart: Restart,
    delay: Option<u32>,
    is_oneshot: bool,
    autostart: bool,
    stop_signal: Option<Signal>,
    stop_timeout: Option<u32>,
    kill_mode: Option<&'static str>,
    user: Option<Template>,
    umask: Option<String>,
}

/// Reads a program.
pub(crate) fn read(
    keys: &mut Keys<'_>,
    section: &Section,
    around: &Surroundings,
    names: &Names,
) -> Vec<Process> {
    let program = Program::read(keys, around);
    let own = keys.value("priority", "a whole number", |text| {
        text.parse::<i64>().ok()
    });
    let priority = match (&around.group, own) {
        (Some((group, priority)), Some(_)) => {
            keys.lose(
                "priority",
                &format!(
                    "inside of the group {group} all stop at the same time here; `depends_on` has them wait for each \
                     other"
                ),
            );
            *priority
        }
        (Some((_, priority)), None) => *priority,
        (None, own) => own.unwrap_or(PRIORITY),
    };
    let count = keys.number("numprocs").unwrap_or(1);
    let first = keys.number("numprocs_start").unwrap_or(0);
    if count > MOST_PROCESSES {
        keys.fault_of_section(
            "numprocs: is more than 100; write fewer, and take the rest over by hand",
        );
        return Vec::new();
    }
    if count == 0 {
        keys.lose("numprocs", "supervisord starts none of them");
    }
    let pattern = keys
        .entry("process_name")
        .map_or("%(program_name)s", |entry| &entry.value);
    if count > 1 && !pattern.contains("%(process_num)") {
        keys.fault_of_section("process_name: has no %(process_num) in it, which numprocs needs");
    }
    let mut processes = Vec::new();
    for number in 0..count {
        let mut names = names.clone();
        names.number("process_num", i64::from(first) + i64::from(number));
        names.number("numprocs", i64::from(count));
        let name = match names.expand(pattern).map(|name| name.plain()) {
            Ok(Some(name)) => name,
            Ok(None) | Err(_) => {
                keys.fault_of_section("process_name: is no name; accepted: one such as %(program_name)s_%(process_num)02d");
                break;
            }
        };
        if !super::super::is_name(&name) {
            let text = format!(
                "{name:?} is no name for a service; accepted: {}",
                super::super::NAME
            );
            keys.fault_of_section(&text);
            break;
        }
        // What is said of all of them is remarked on with the first one alone.
        let remarks = keys.remarks.len();
        let Some(mut process) = program.process(keys, around, &mut names, &name) else {
            break;
        };
        if number > 0 {
            keys.remarks.truncate(remarks);
        } else if count > 1 {
            process.service.above.push(Remark::Note(format!(
                "[{}] with numprocs={count}: one service for each process.",
                section.name
            )));
        }
        process.place.priority = priority;
        processes.push(process);
    }
    lose_the_rest(keys, section);
    if let Some(first) = processes.first_mut() {
        let remarks = std::mem::take(&mut keys.remarks);
        first
            .service
            .lines
            .extend(remarks.into_iter().map(Line::Remark));
    }
    processes
}

/// The name behind the colon.
pub(crate) fn program_name(section: &Section) -> &str {
    section
        .name
        .split_once(':')
        .map_or("", |(_, name)| name.trim())
}

impl Program {
    fn read(keys: &mut Keys<'_>, around: &Surroundings) -> Program {
        let start = keys.number("startsecs");
        let again = keys.value("autorestart", "true, false or unexpected", autorestart);
        let is_oneshot = start == Some(0) && again == Some(None);
        let stop_as_group = keys.flag("stopasgroup");
        let kill_as_group = keys.flag("killasgroup");
        if stop_as_group == Some(true) && kill_as_group == Some(false) {
            keys.fault_of_section("killasgroup: can't be false where stopasgroup is true");
        }
        let umask = keys.value("umask", "an octal number such as 022", octal);
        Program {
            restart: Restart::read(keys, again, start.unwrap_or(1)),
            delay: start.filter(|seconds| *seconds > 0),
            is_oneshot,
            autostart: keys.flag("autostart").unwrap_or(true),
            stop_signal: keys.value(
                "stopsignal",
                "a signal such as TERM, QUIT or 15",
                Signal::parse,
            ),
            stop_timeout: keys.number("stopwaitsecs"),
            kill_mode: match (stop_as_group, kill_as_group) {
                (Some(true), _) => Some("group"),
                (_, Some(true)) => Some("main"),
                (Some(false) | None, Some(false) | None) => None,
            },
            user: user(keys).or_else(|| around.user.clone()),
            umask: umask.or_else(|| around.umask.clone()),
        }
    }

    /// One of its processes; `None` where that can't be read.
    fn process(
        &self,
        keys: &mut Keys<'_>,
        around: &Surroundings,
        names: &mut Names,
        name: &str,
    ) -> Option<Process> {
        let variables = variables(keys, around, names)?;
        let directory = keys.filled_with("directory", names);
        let log = output::read(keys, names);
        let (words, text) = command(keys, names)?;
        let mut service = Service::new(name);
        if mentions(&words, "supervisorctl") {
            service.missing(
                "supervisorctl",
                "the command calls it; `bowoutctl` does the same here (bowout-init by that name)",
            );
        }
        super::super::set_command(&mut service, words, Some(&text));
        if self.is_oneshot {
            service.set("type", "oneshot");
        }
        if !self.autostart {
            service.set("autostart", false);
        }
        if !self.restart.goes_on_for_ever() {
            service.set("essential", false);
        }
        if let Some(seconds) = self.delay {
            let delay = ("delay".to_owned(), Value::from(seconds_text(seconds)));
            service.set("ready", Value::Table(vec![delay]));
        }
        self.restart.write(&mut service);
        if let Some(signal) = self.stop_signal {
            service.set("stop_signal", signal.to_string());
        }
        if let Some(seconds) = self.stop_timeout {
            service.set("stop_timeout", seconds_text(seconds));
        }
        if let Some(mode) = self.kill_mode {
            service.set("kill_mode", mode);
        }
        if let Some(user) = &self.user {
            service.set("user", user.clone());
        }
        if let Some(directory) = directory {
            service.set("working_dir", directory);
        }
        if let Some(umask) = &self.umask {
            service.set("umask", umask.as_str());
        }
        if let Some(value) = log.value {
            service.set("log", value);
        }
        keys.remarks.extend(log.remarks);
        if !variables.is_empty() {
            let entries = variables
                .into_iter()
                .map(|(name, value)| (name, value.into()));
            service.set("environment", Value::Table(entries.collect()));
        }
        Some(Process {
            place: Place {
                name: name.to_owned(),
                priority: PRIORITY,
                autostart: self.autostart,
            },
            service,
            was_auto: log.was_auto,
        })
    }
}

/// The variables of a process; they may stand in its other keys from here on.
fn variables(
    keys: &mut Keys<'_>,
    around: &Surroundings,
    names: &mut Names,
) -> Option<Vec<(String, Template)>> {
    let mut all = around.environment.clone();
    let Some(entry) = keys.entry("environment") else {
        return Some(all);
    };
    let text = keys.text_with("environment", names)?;
    match environment::read(&text) {
        Ok(own) => {
            for (name, value) in own {
                names.text(&format!("ENV_{name}"), value.clone());
                match all.iter_mut().find(|(there, _)| *there == name) {
                    Some(there) => there.1 = value,
                    None => all.push((name, value)),
                }
            }
            Some(all)
        }
        Err(error) => {
            keys.fault(entry, error);
            None
        }
    }
}

/// The words of the command, and the text that they were split from.
fn command(keys: &mut Keys<'_>, names: &Names) -> Option<(Vec<Template>, Template)> {
    let Some(entry) = keys.entry("command") else {
        keys.fault_of_section("command: is missing");
        return None;
    };
    let text = keys.text_with("command", names)?;
    match text.words() {
        Ok(words) if words.first().is_some_and(|word| !word.is_empty()) => Some((words, text)),
        Ok(_) => {
            keys.fault(entry, "is empty");
            None
        }
        Err(error) => {
            keys.fault(entry, error);
            None
        }
    }
}

fn mentions(words: &[Template], program: &str) -> bool {
    words.iter().any(|word| word.written().contains(program))
}

/// Keys that are known and have no equivalent, and those that nobody knows.
fn lose_the_rest(keys: &mut Keys<'_>, section: &Section) {
    if section.name.starts_with("fcgi-program:") {
        keys.lose(
            "socket",
            "supervisord opens it and hands it over as descriptor 0; bowout opens none, so the program has to listen \
             itself, or `spawn-fcgi -n` in front of it",
        );
        for key in SOCKET_KEYS {
            if keys.entry(key).is_some() && key != "socket" {
                keys.lose(key, "belongs to `socket`");
            }
        }
    }
    let is_auto = |url: &str| url.trim().eq_ignore_ascii_case("auto");
    if keys
        .entry("serverurl")
        .is_some_and(|entry| !is_auto(&entry.value))
    {
        let why =
            "programs get no SUPERVISOR_SERVER_URL; `bowoutctl` finds its socket by BOWOUT_SOCKET";
        keys.lose("serverurl", why);
    }
    keys.finish();
}

/// Whom it runs as.
pub(super) fn user(keys: &mut Keys<'_>) -> Option<Template> {
    let text = keys.text("user")?;
    let entry = keys.entry("user")?;
    let is_one = |name: &str| !name.is_empty() && !name.contains(':');
    if !text.plain().is_none_or(|name| is_one(&name)) {
        keys.fault(entry, "is no user; accepted: a name or a number");
        return None;
    }
    Some(text)
}

/// A number of seconds as bowout.toml has it.
pub(super) fn seconds_text(seconds: u32) -> String {
    super::super::duration(Duration::from_secs(u64::from(seconds)))
}

/// An octal number as bowout.toml has it.
pub(crate) fn octal(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let value = u32::from_str_radix(digits, 8)
        .ok()
        .filter(|value| *value <= 0o777)?;
    Some(format!("{value:03o}"))
}

/// The names that are the same for all processes of a program.
pub(crate) fn names(program: &str, group: &str, known: &BTreeMap<String, Template>) -> Names {
    let mut names = Names::default();
    names.text("program_name", program);
    names.text("group_name", group);
    for (name, value) in known {
        names.text(name, value.clone());
    }
    names
}
