//! Turns one service of a Compose file into one of bowout.toml.

use super::super::document::{Remark, Service, Value, excerpt};
use super::super::template::Template;
use super::reader::Reader;
use super::yaml::{Data, Node};
use super::{health, rest, restart, start};
use bowout_core::Signal;
use bowout_sys::spawn::Resource;

/// What the other services of the file want of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Wanted {
    /// Somebody waits until it is healthy.
    pub(super) healthy: bool,
    /// Somebody waits until it has run to its end.
    pub(super) completed: bool,
}

/// What stands where the image says what runs.
const TO_BE_WRITTEN: &str = "to-be-written";

/// Keys that are read here; all others have no equivalent.
const READ: [&str; 23] = [
    "command",
    "depends_on",
    "deploy",
    "entrypoint",
    "env_file",
    "environment",
    "extends",
    "group_add",
    "healthcheck",
    "init",
    "logging",
    "oom_score_adj",
    "post_start",
    "pre_stop",
    "profiles",
    "restart",
    "scale",
    "security_opt",
    "stop_grace_period",
    "stop_signal",
    "ulimits",
    "user",
    "working_dir",
];

/// Reads a service.
pub(super) fn read(reader: &mut Reader<'_>, name: &str, node: &Node, wanted: Wanted) -> Service {
    let mut service = Service::new(name);
    command(reader, &mut service, node);
    if wanted.completed {
        service.set("type", "oneshot");
    }
    autostart(reader, &mut service, node);
    let policy = restart::read(reader, node);
    if !policy.goes_on_for_ever() && !wanted.completed {
        service.set("essential", false);
    }
    start::depends_on(reader, &mut service, node);
    health::read(reader, &mut service, node, wanted);
    policy.write(&mut service);
    stop(reader, &mut service, node);
    who(reader, &mut service, node);
    limits(reader, &mut service, node);
    output(reader, &mut service, node);
    start::hooks(reader, &mut service, node);
    start::environment(reader, &mut service, node);
    extends(reader, node);
    for (key, value) in node.entries().unwrap_or_default() {
        if !READ.contains(&key.text.as_str()) {
            rest::lose(reader, &key.text, value);
        }
    }
    service
}

fn command(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    let entrypoint = node
        .get("entrypoint")
        .map(|node| (node, reader.words("entrypoint", node)));
    let command = node
        .get("command")
        .and_then(|node| reader.words("command", node));
    let image = node.get("image").and_then(Node::scalar);
    // Null and the empty list take away what the image says.
    let own_entrypoint = entrypoint
        .as_ref()
        .and_then(|(_, words)| words.clone())
        .unwrap_or_default();
    let has_entrypoint = entrypoint.is_some();
    let command = command.unwrap_or_default();
    let words: Vec<Template> = own_entrypoint.iter().chain(&command).cloned().collect();
    if words.first().is_none_or(Template::is_empty) {
        let of = image.map_or_else(|| "its image".into(), |image| format!("the image {image}"));
        let hint = image.map_or_else(String::new, |image| {
            format!(" (`docker image inspect {image}` shows them)")
        });
        service.missing(
            format!("the command of {}", excerpt(&of)),
            format!(
                "it is not in the Compose file; write ENTRYPOINT and CMD of the image here{hint}"
            ),
        );
        service.set("command", TO_BE_WRITTEN);
        return;
    }
    let first = words.first().and_then(Template::plain).unwrap_or_default();
    if !has_entrypoint && first.starts_with('-') {
        let of = image.map_or_else(|| "its image".into(), excerpt);
        service.missing(
            format!("the ENTRYPOINT of {of}"),
            "it stood in front of this, and is not in the Compose file; write it here",
        );
    }
    let is_text = |key| node.get(key).filter(|node| node.scalar().is_some());
    let text = match (is_text("entrypoint"), is_text("command")) {
        (Some(_), Some(_)) | (None, None) => None,
        (Some(node), None) if command.is_empty() => reader.quietly("entrypoint", node),
        (None, Some(node)) if own_entrypoint.is_empty() => reader.quietly("command", node),
        (Some(_), None) | (None, Some(_)) => None,
    };
    super::super::set_command(service, words, text.as_ref());
}

fn autostart(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    let mut later = None;
    if let Some(profiles) = node.get("profiles") {
        let names: Vec<String> = reader
            .texts("profiles", profiles)
            .iter()
            .map(Template::written)
            .collect();
        if !names.is_empty() {
            later = Some(format!(
                "profiles: {}: `bowoutctl start {}` starts it.",
                names.join(", "),
                service.name
            ));
        }
    }
    for (key, count) in [
        ("scale", node.get("scale")),
        (
            "replicas",
            node.get("deploy").and_then(|deploy| deploy.get("replicas")),
        ),
    ] {
        let Some(count) = count else { continue };
        match reader.integer(key, count) {
            Some(0) => later = Some(format!("{key}: 0: `bowoutctl start {}` starts it.", service.name)),
            Some(1) | None => {}
            Some(_) => reader.lose(
                key,
                count,
                "one service is one process here; copy its table under other names, with ports of their own",
            ),
        }
    }
    if let Some(note) = later {
        service.note(note);
        service.set("autostart", false);
    }
}

fn stop(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    if let Some(signal) = node.get("stop_signal") {
        let accepted = "a signal such as SIGTERM, SIGQUIT or SIGRTMIN+3";
        if let Some(signal) = reader.value("stop_signal", signal, accepted, Signal::parse) {
            service.set("stop_signal", signal.to_string());
        }
    }
    if let Some(period) = node.get("stop_grace_period")
        && let Some(duration) = reader.duration("stop_grace_period", period)
    {
        service.set("stop_timeout", duration);
    }
}

fn who(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    for key in ["user", "working_dir"] {
        let Some(value) = node.get(key) else { continue };
        let text = reader.text(key, value).filter(|text| !text.is_empty());
        let Some(text) = text else { continue };
        // `1000:1000`, neither of them empty.
        let is_user = |text: &str| {
            let parts: Vec<&str> = text.split(':').collect();
            parts.len() <= 2 && parts.iter().all(|part| !part.is_empty())
        };
        if key == "user" && !text.plain().is_none_or(|text| is_user(&text)) {
            reader.refuse(
                value,
                key,
                "a user, or a user and a group, such as 1000:1000",
            );
            continue;
        }
        service.set(key, text);
    }
    if let Some(groups) = node.get("group_add") {
        let groups: Vec<Template> = reader.texts("group_add", groups);
        let groups: Vec<Template> = groups
            .into_iter()
            .filter(|group| !group.is_empty())
            .collect();
        if !groups.is_empty() {
            service.set("groups", groups);
        }
    }
}

fn limits(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    if let Some(limits) = node.get("ulimits") {
        let mut entries = Vec::new();
        for (key, value) in limits.entries().unwrap_or_default() {
            let path = format!("ulimits.{}", key.text);
            if Resource::from_name(&key.text).is_none() {
                let known = format!("is no limit; accepted: {}", Resource::NAMES.join(", "));
                reader.fault(value, &path, known);
                continue;
            }
            let limit = match &value.data {
                Data::Map(_) => {
                    let mut both = Vec::new();
                    for side in ["soft", "hard"] {
                        match value.get(side).and_then(|node| limit(reader, &path, node)) {
                            Some(limit) => both.push((side.to_owned(), limit)),
                            None => reader.refuse(
                                value,
                                &path,
                                "a number, or { soft: 1024, hard: 4096 }",
                            ),
                        }
                    }
                    if is_upside_down(&both) {
                        reader.refuse(value, &path, "a soft limit that is not above the hard one");
                    }
                    Some(Value::Table(both))
                }
                Data::Null | Data::Scalar(_) | Data::List(_) => limit(reader, &path, value),
            };
            entries.extend(limit.map(|limit| (key.text.clone(), limit)));
        }
        if limits.entries().is_none() {
            reader.refuse(limits, "ulimits", "a map such as { nofile: 65536 }");
        }
        if !entries.is_empty() {
            service.set("ulimits", Value::Table(entries));
        }
    }
    if let Some(score) = node.get("oom_score_adj")
        && let Some(score) = reader.value(
            "oom_score_adj",
            score,
            "a whole number, -1000 to 1000",
            |text| {
                text.parse()
                    .ok()
                    .filter(|score: &i64| (-1000..=1000).contains(score))
            },
        )
    {
        service.set("oom_score_adj", score);
    }
    if let Some(options) = node.get("security_opt") {
        let list = match &options.data {
            Data::List(list) => list.as_slice(),
            Data::Null | Data::Scalar(_) | Data::Map(_) => &[],
        };
        for option in list {
            match option.scalar() {
                Some("no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true") => {
                    service.set("no_new_privs", true);
                }
                Some("no-new-privileges:false" | "no-new-privileges=false") => {}
                Some(_) | None => rest::lose(reader, "security_opt", option),
            }
        }
    }
}

/// Whether the soft limit is above the hard one.
fn is_upside_down(both: &[(String, Value)]) -> bool {
    let number = |value: &Value| match value {
        Value::Integer(number) => *number,
        Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) => i64::MAX,
    };
    matches!(both, [(_, soft), (_, hard)] if number(soft) > number(hard))
}

/// One limit; -1 is none.
fn limit(reader: &mut Reader<'_>, path: &str, node: &Node) -> Option<Value> {
    match reader.integer(path, node)? {
        -1 => Some("unlimited".into()),
        limit if limit < 0 => {
            reader.refuse(
                node,
                path,
                "a number that is not negative, or -1 for unlimited",
            );
            None
        }
        limit => Some(limit.into()),
    }
}

fn output(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    let Some(logging) = node.get("logging") else {
        return;
    };
    match logging.get("driver").and_then(Node::scalar) {
        Some("none") => service.set("log", "none"),
        Some(_) | None => reader.lose(
            "logging",
            logging,
            "the engine's log driver belongs to the container",
        ),
    }
}

fn extends(reader: &mut Reader<'_>, node: &Node) {
    if let Some(extends) = node.get("extends") {
        reader.lose(
            "extends",
            extends,
            "it is in another file; `docker compose config` puts all into one, import what that prints",
        );
    }
    if let Some(init) = node.get("init")
        && reader.flag("init", init) == Some(true)
    {
        reader
            .remarks
            .push(Remark::Note("init: true: bowout is the init.".into()));
    }
}
