//! Reads what a service needs to start: the others that it depends on, variables, and hooks.

use super::super::document::{Remark, Service, Value, excerpt, missing};
use super::super::template::Template;
use super::interpolate;
use super::reader::Reader;
use super::yaml::{Data, Node};

/// What Compose waits for, and what bowout calls it.
const CONDITIONS: [(&str, &str); 3] = [
    ("service_started", "started"),
    ("service_healthy", "ready"),
    ("service_completed_successfully", "completed"),
];

/// The services that one depends on, and what is awaited of each, in bowout's words.
pub(super) fn dependencies(node: &Node) -> Vec<(&str, &'static str)> {
    let Some(depends) = node.get("depends_on") else {
        return Vec::new();
    };
    match &depends.data {
        Data::List(list) => {
            let mut found: Vec<(&str, &str)> = Vec::new();
            for name in list.iter().filter_map(Node::scalar) {
                if !found.iter().any(|(there, _)| *there == name) {
                    found.push((name, "started"));
                }
            }
            found
        }
        Data::Map(entries) => entries
            .iter()
            .map(|(key, node)| {
                let said = node.get("condition").and_then(Node::scalar);
                let condition = CONDITIONS
                    .iter()
                    .find(|(compose, _)| Some(*compose) == said);
                let (_, condition) = condition.unwrap_or(&CONDITIONS[0]);
                (key.text.as_str(), *condition)
            })
            .collect(),
        Data::Null | Data::Scalar(_) => Vec::new(),
    }
}

/// `depends_on`, in both forms.
pub(super) fn depends_on(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    let Some(depends) = node.get("depends_on") else {
        return;
    };
    match &depends.data {
        Data::Null | Data::List(_) => {}
        Data::Scalar(_) => reader.refuse(
            depends,
            "depends_on",
            "a list of services, or a map of them",
        ),
        Data::Map(entries) => {
            for (key, node) in entries {
                details(reader, &key.text, node);
            }
        }
    }
    if let Data::List(list) = &depends.data
        && let Some(other) = list.iter().find(|node| node.scalar().is_none())
    {
        reader.refuse(other, "depends_on", "the name of a service");
    }
    let found = dependencies(node);
    if !found.is_empty() {
        service.set("depends_on", super::super::depends_on(&found));
    }
}

fn details(reader: &mut Reader<'_>, name: &str, node: &Node) {
    for (key, value) in node.entries().unwrap_or_default() {
        let path = format!("depends_on.{name}.{}", key.text);
        match key.text.as_str() {
            "condition" => {
                let is_known = |said: &str| CONDITIONS.iter().any(|(known, _)| *known == said);
                if !value.scalar().is_some_and(is_known) {
                    let accepted =
                        "service_started, service_healthy or service_completed_successfully";
                    reader.refuse(value, &path, accepted);
                }
            }
            "restart" if value.scalar() == Some("true") => {
                reader.lose(
                    &path,
                    value,
                    "whoever depends on a service is not restarted with it",
                );
            }
            "required" if value.scalar() == Some("false") => {
                reader.lose(
                    &path,
                    value,
                    "a service that is depended on has to be there",
                );
            }
            "restart" | "required" => {}
            _ => reader.lose(&path, value, "Compose doesn't know it either"),
        }
    }
}

/// `environment` and `env_file`, in all their forms.
pub(super) fn environment(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    if let Some(files) = node.get("env_file") {
        env_files(reader, service, files);
    }
    let Some(environment) = node.get("environment") else {
        return;
    };
    let mut variables: Vec<(String, Template)> = Vec::new();
    let mut passed = Vec::new();
    match &environment.data {
        Data::Map(entries) => {
            for (key, value) in entries {
                let path = format!("environment.{}", key.text);
                match reader.text(&path, value) {
                    Some(text) => put(&mut variables, &key.text, text),
                    None => passed.push(key.text.clone()),
                }
            }
        }
        Data::List(list) => {
            for node in list {
                let Some(text) = node.scalar() else {
                    reader.refuse(node, "environment", "NAME=value, or NAME");
                    continue;
                };
                match text.split_once('=') {
                    Some((name, value)) => match interpolate::read(value) {
                        Ok((text, mut remarks)) => {
                            reader.remarks.append(&mut remarks);
                            put(&mut variables, name, text);
                        }
                        Err(error) => reader.fault(node, &format!("environment.{name}"), error),
                    },
                    None => passed.push(text.to_owned()),
                }
            }
        }
        Data::Null => {}
        Data::Scalar(_) => {
            reader.refuse(environment, "environment", "a map, or a list of NAME=value")
        }
    }
    if !passed.is_empty() {
        reader.remarks.push(Remark::Note(format!(
            "{}: from the container's own environment, which every service gets.",
            passed.join(", ")
        )));
    }
    if let Some((name, _)) = variables
        .iter()
        .find(|(name, _)| !super::super::is_variable(name))
    {
        let text = format!(
            "{:?} is no name of a variable; accepted: one without = and spaces",
            excerpt(name)
        );
        reader.fault(environment, "environment", text);
    }
    if !variables.is_empty() {
        let entries = variables
            .into_iter()
            .map(|(name, value)| (name, value.into()));
        service.set("environment", Value::Table(entries.collect()));
    }
}

/// A later one of the same name wins.
fn put(variables: &mut Vec<(String, Template)>, name: &str, value: Template) {
    match variables.iter_mut().find(|(there, _)| there == name) {
        Some(there) => there.1 = value,
        None => variables.push((name.to_owned(), value)),
    }
}

fn env_files(reader: &mut Reader<'_>, service: &mut Service, files: &Node) {
    let list = match &files.data {
        Data::List(list) => list.as_slice(),
        Data::Null | Data::Scalar(_) | Data::Map(_) => std::slice::from_ref(files),
    };
    let mut found = Vec::new();
    for file in list {
        let path = match &file.data {
            Data::Map(_) => file.get("path"),
            Data::Null | Data::Scalar(_) | Data::List(_) => Some(file),
        };
        let Some(path) = path.and_then(|path| reader.filled("env_file", path)) else {
            continue;
        };
        let is_optional = file
            .get("required")
            .is_some_and(|node| node.scalar() == Some("false"));
        found.push(match is_optional {
            true => super::super::optional_file(path),
            false => Value::Text(path),
        });
        if let Some(format) = file.get("format") {
            reader.lose("env_file.format", format, "bowout reads `NAME=value` lines");
        }
    }
    if !found.is_empty() {
        reader.remarks.push(Remark::Note(
            "env_file: the file has to be in the image, or mounted.".into(),
        ));
        service.set("env_file", Value::List(found));
    }
}

/// `post_start` and `pre_stop`.
pub(super) fn hooks(reader: &mut Reader<'_>, service: &mut Service, node: &Node) {
    for key in ["post_start", "pre_stop"] {
        let Some(hooks) = node.get(key) else { continue };
        let Data::List(list) = &hooks.data else {
            reader.refuse(hooks, key, "a list of { command: … }");
            continue;
        };
        let mut commands = Vec::new();
        for hook in list {
            let words = hook.get("command").and_then(|node| reader.words(key, node));
            match words {
                Some(words) if words.first().is_some_and(|word| !word.is_empty()) => {
                    commands.push(Value::from(words))
                }
                Some(_) | None => reader.refuse(hook, key, "a command"),
            }
            for (inner, value) in hook.entries().unwrap_or_default() {
                if inner.text != "command" {
                    let path = format!("{key}.{}", inner.text);
                    reader.lose(
                        &path,
                        value,
                        "a hook runs as the service does; say it in the command",
                    );
                }
            }
        }
        if !commands.is_empty() {
            service.set(key, Value::List(commands));
        }
    }
}

/// What is said of a service that others wait for until it is healthy, and that says no way to see it.
pub(super) fn no_way_to_see(name: &str) -> Remark {
    missing(
        "condition: service_healthy",
        format!(
            "{name} has no healthcheck in the Compose file, though its image may have a HEALTHCHECK; say in `ready` how \
             it is seen"
        ),
    )
}
