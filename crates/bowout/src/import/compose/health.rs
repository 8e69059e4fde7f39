//! Reads health checks: for whoever waits until a service is healthy, and for restarting it.

use super::super::document::{Line, Service, Value};
use super::super::template::Template;
use super::reader::Reader;
use super::service::Wanted;
use super::start;
use super::yaml::{Data, Node};

/// A check as Compose has it.
enum Test {
    /// Words of a command.
    Words(Vec<Template>),
    /// A text for a shell.
    Shell(Template),
}

/// What a test may be.
const ACCEPTED: &str = "a text, or a list that begins with CMD, CMD-SHELL or NONE";

/// Reads `healthcheck`.
pub(super) fn read(reader: &mut Reader<'_>, service: &mut Service, node: &Node, wanted: Wanted) {
    let check = node
        .get("healthcheck")
        .filter(|check| check.data != Data::Null);
    let test = check.and_then(|check| test(reader, check));
    let times = check.map(|check| times(reader, check)).unwrap_or_default();
    let (Some(check), Some(test)) = (check, test) else {
        if wanted.healthy {
            let name = service.name.clone();
            service
                .lines
                .push(Line::Remark(start::no_way_to_see(&name)));
        }
        return;
    };
    for (key, value) in check.entries().unwrap_or_default() {
        match key.text.as_str() {
            "test" | "interval" | "timeout" | "start_period" | "retries" | "disable" => {}
            "start_interval" => {
                reader.lose(
                    "healthcheck.start_interval",
                    value,
                    "`interval` holds from the start",
                );
            }
            other => {
                let path = format!("healthcheck.{other}");
                reader.lose(&path, value, "Compose doesn't know it either");
            }
        }
    }
    if wanted.completed {
        let why = "what runs to its end is not asked whether it still works";
        reader.lose("healthcheck.test", check.get("test").unwrap_or(check), why);
        return;
    }
    let mut entries = vec![("test".to_owned(), words(&test))];
    entries.extend(times);
    service.set("healthcheck", Value::Table(entries));
}

/// How often, and for how long.
fn times(reader: &mut Reader<'_>, check: &Node) -> Vec<(String, Value)> {
    let mut times = Vec::new();
    for key in ["interval", "timeout", "start_period"] {
        let path = format!("healthcheck.{key}");
        let value = check.get(key).and_then(|node| reader.period(&path, node));
        times.extend(value.map(|value| (key.to_owned(), Value::Text(value))));
    }
    let retries = check
        .get("retries")
        .and_then(|node| reader.integer("healthcheck.retries", node));
    if let Some(retries) = retries.filter(|retries: &i64| *retries != 0) {
        times.push(("retries".to_owned(), retries.into()));
    }
    times
}

/// The command of a check; `None`: there is none, or it is switched off.
fn test(reader: &mut Reader<'_>, check: &Node) -> Option<Test> {
    if check.entries().is_none() {
        reader.refuse(check, "healthcheck", "a map with `test`");
        return None;
    }
    if let Some(disable) = check.get("disable")
        && reader.flag("healthcheck.disable", disable) == Some(true)
    {
        return None;
    }
    let Some(test) = check.get("test") else {
        reader.lose(
            "healthcheck",
            check,
            "its test is in the image; write it here",
        );
        return None;
    };
    let Data::List(list) = &test.data else {
        let text = reader.text("healthcheck.test", test)?;
        if text.is_empty() {
            reader.refuse(test, "healthcheck.test", ACCEPTED);
            return None;
        }
        return Some(Test::Shell(text));
    };
    let kind = list.first().and_then(Node::scalar);
    let mut words: Vec<Template> = list
        .iter()
        .skip(1)
        .filter_map(|node| reader.text("healthcheck.test", node))
        .collect();
    let is_command = words.first().is_some_and(|word| !word.is_empty());
    match (kind, words.len()) {
        (Some("NONE"), _) => None,
        (Some("CMD"), _) if is_command => Some(Test::Words(words)),
        (Some("CMD-SHELL"), 1) if is_command => words.pop().map(Test::Shell),
        (Some(_) | None, _) => {
            reader.refuse(test, "healthcheck.test", ACCEPTED);
            None
        }
    }
}

/// As `healthcheck.test` has it.
fn words(test: &Test) -> Value {
    match test {
        Test::Words(words) => {
            let mut list = vec![Template::literal("CMD")];
            list.extend(words.iter().cloned());
            list.into()
        }
        Test::Shell(text) => vec![Template::literal("CMD-SHELL"), text.clone()].into(),
    }
}
