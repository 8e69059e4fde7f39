//! Reads the sections that are no programs: `[supervisord]`, groups, files to include, and the rest.

use super::super::document::{Remark, excerpt, missing};
use super::super::fault::Fault;
use super::super::source::Source;
use super::super::template::Template;
use super::expand::Names;
use super::ini::{self, Section};
use super::keys::Keys;
use super::program::{PRIORITY, Surroundings, octal, user};
use super::{environment, glob};
use std::collections::BTreeMap;
use std::path::Path;

/// What `[supervisord]` says.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// What holds for each program.
    pub(super) surroundings: Surroundings,
    /// What has no equivalent.
    pub(super) remarks: Vec<Remark>,
}

/// Keys of `[supervisord]` that are about itself.
const OWN_KEYS: [&str; 13] = [
    "nodaemon",
    "silent",
    "logfile",
    "logfile_maxbytes",
    "logfile_backups",
    "loglevel",
    "pidfile",
    "identifier",
    "childlogdir",
    "nocleanup",
    "strip_ansi",
    "directory",
    "minprocs",
];

/// Reads the files of `[include]` too, as supervisord does: those of the first file alone.
pub(super) fn include(
    source: &Source,
    sections: &mut Vec<Section>,
    faults: &mut Vec<Fault>,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let Some(at) = sections
        .iter()
        .position(|section| section.name == "include")
    else {
        return remarks;
    };
    let section = sections.remove(at);
    let mut keys = Keys::new(&section, None, Names::default());
    let Some(files) = keys.text("files") else {
        if keys.faults.is_empty() {
            keys.fault_of_section("files: is missing");
        }
        faults.append(&mut keys.faults);
        return remarks;
    };
    let base = source.folder.as_deref().unwrap_or(Path::new(""));
    for pattern in files.words().unwrap_or_default() {
        let Some(pattern) = pattern.plain() else {
            remarks.push(missing(
                format!("[include] files={}", pattern.written()),
                "the name is not known before the start; import the file by itself",
            ));
            continue;
        };
        let found = glob::files(&base.join(&pattern));
        if found.is_empty() {
            remarks.push(missing(
                format!("[include] files={}", excerpt(&pattern)),
                "there is no such file here; import it where it is, or by itself",
            ));
        }
        for path in found {
            let read = Source::read(&path).and_then(|source| source.check().map(|()| source));
            match read {
                Ok(source) => ini::read(&source, sections, faults),
                Err(fault) => faults.push(fault),
            }
        }
    }
    // A second file can't include a third one.
    sections.retain(|section| section.name != "include");
    keys.finish();
    remarks.append(&mut keys.remarks);
    remarks
}

/// Reads `[supervisord]`.
pub(super) fn supervisord(
    sections: &[Section],
    defaults: Option<&Section>,
    known: &BTreeMap<String, Template>,
    faults: &mut Vec<Fault>,
) -> Whole {
    let mut whole = Whole::default();
    let Some(section) = sections
        .iter()
        .find(|section| section.name == "supervisord")
    else {
        return whole;
    };
    let mut names = Names::default();
    for (name, value) in known {
        names.text(name, value.clone());
    }
    let mut keys = Keys::new(section, defaults, names);
    if let (Some(entry), Some(text)) = (keys.entry("environment"), keys.text("environment")) {
        match environment::read(&text) {
            Ok(variables) => whole.surroundings.environment = variables,
            Err(error) => keys.fault(entry, error),
        }
    }
    // Whoever starts as root and stays root has nothing to say to its programs.
    whole.surroundings.user = user(&mut keys).filter(|user| {
        let name = user.plain();
        name.is_none_or(|name| name != "root" && name != "0")
    });
    whole.surroundings.umask = keys
        .value("umask", "an octal number such as 022", octal)
        .filter(|umask| umask != "022");
    keys.lose(
        "minfds",
        "the container's own limit holds; `ulimits = { nofile = … }` gives a service another one",
    );
    let own: Vec<&str> = OWN_KEYS
        .into_iter()
        .filter(|key| keys.entry(key).is_some())
        .collect();
    keys.finish();
    if !own.is_empty() {
        whole.remarks.push(Remark::Note(format!(
            "[supervisord] {}: about supervisord itself. bowout stays in the foreground, logs to standard error, and \
             has no pidfile.",
            own.join(", ")
        )));
    }
    faults.append(&mut keys.faults);
    whole.remarks.append(&mut keys.remarks);
    whole
}

/// The group of each program that is in one, and the group's priority.
pub(super) fn groups(
    sections: &[Section],
    defaults: Option<&Section>,
    known: &BTreeMap<String, Template>,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, (String, i64)> {
    let mut groups = BTreeMap::new();
    for section in sections {
        let Some(group) = section.name.strip_prefix("group:").map(str::trim) else {
            continue;
        };
        let mut keys = Keys::new(section, defaults, super::program::names("", group, known));
        let priority = keys.value("priority", "a whole number", |text| text.parse().ok());
        let Some(programs) = keys.text("programs").and_then(|text| text.plain()) else {
            if keys.faults.is_empty() {
                keys.fault_of_section("programs: is missing");
            }
            faults.append(&mut keys.faults);
            continue;
        };
        for program in programs
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let is_there = sections.iter().any(|section| {
                let kind = section.name.split_once(':');
                matches!(kind, Some(("program" | "fcgi-program", name)) if name.trim() == program)
            });
            if !is_there {
                let text = format!("programs: there is no [program:{}]", excerpt(program));
                match keys.entry("programs") {
                    Some(entry) => keys.fault(entry, text.trim_start_matches("programs: ")),
                    None => keys.fault_of_section(&text),
                }
            }
            groups.insert(
                program.to_owned(),
                (group.to_owned(), priority.unwrap_or(PRIORITY)),
            );
        }
        faults.append(&mut keys.faults);
    }
    groups
}

/// Whether a section is about supervisorctl, in whose place bowout has a control of its own.
fn is_control(section: &Section) -> bool {
    let factory = section.get("supervisor.rpcinterface_factory");
    let is_own = factory.is_some_and(|entry| entry.value.starts_with("supervisor.rpcinterface:"));
    matches!(section.name.as_str(), "unix_http_server" | "supervisorctl")
        || section.name.starts_with("rpcinterface:") && is_own
}

/// What is said of such sections, where there are any.
pub(super) fn control(sections: &[Section]) -> Vec<Remark> {
    let names = sections.iter().filter(|section| is_control(section));
    let names: Vec<String> = names
        .map(|section| format!("[{}]", excerpt(&section.name)))
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let mut remarks = vec![Remark::Note(format!(
        "{}: `bowoutctl` talks to bowout over /run/bowout.sock; root and bowout's own user may.",
        names.join(", ")
    ))];
    let server = sections
        .iter()
        .filter(|section| section.name == "unix_http_server");
    let others = server.flat_map(|section| &section.entries);
    // Nobody but the owner is what supervisord has where nothing is said.
    let others = others.filter(|entry| match entry.key.as_str() {
        "chown" | "username" | "password" => true,
        "chmod" => octal(&entry.value).is_none_or(|mode| !mode.ends_with("00")),
        _ => false,
    });
    let others: Vec<String> = others
        .map(|entry| match entry.key.as_str() {
            "username" | "password" => entry.key.clone(),
            key => format!("{key}={}", excerpt(&entry.value)),
        })
        .collect();
    if !others.is_empty() {
        remarks.push(missing(
            format!("[unix_http_server] {}", others.join(", ")),
            "the socket is for root and bowout's own user, and there are no passwords",
        ));
    }
    remarks
}

/// What is said of a section that is no program.
pub(super) fn others(section: &Section) -> Vec<Remark> {
    let what = format!("[{}]", excerpt(&section.name));
    let value = |key: &str| section.get(key).map(|entry| excerpt(&entry.value));
    let kind = section.name.split(':').next().unwrap_or_default();
    match kind {
        "supervisord" => Vec::new(),
        _ if is_control(section) => Vec::new(),
        "rpcinterface" => vec![missing(
            what,
            "bowout has no plug-ins; `bowoutctl` is its control",
        )],
        "inet_http_server" => vec![missing(
            what,
            "bowout is controlled over its Unix socket alone, by `bowoutctl`, also with `docker exec`",
        )],
        "group" => vec![missing(
            format!("{what} programs={}", value("programs").unwrap_or_default()),
            "bowout has no groups; `bowoutctl restart` takes several names",
        )],
        "eventlistener" => vec![missing(
            format!(
                "{what} command={} events={}",
                value("command").unwrap_or_default(),
                value("events").unwrap_or_default()
            ),
            "it speaks with supervisord alone. To end the container when a program fails: leave `essential = false` \
             out. To watch: `bowoutctl events`. To restart what hangs: `healthcheck`",
        )],
        "ctlplugin" => vec![missing(what, "bowout has no plug-ins")],
        _ => vec![missing(
            what,
            "supervisord 4 doesn't know this section either, so it had no effect",
        )],
    }
}
