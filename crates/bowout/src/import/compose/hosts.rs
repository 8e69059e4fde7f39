//! Finds names of other services that are used as host names: in one container they are none.

use super::super::document::{Line, Remark, Service, Value, missing};
use super::super::template::Template;
use std::collections::BTreeMap;

/// Says of each name where it is used.
pub(super) fn remarks(service: &Service, names: &[&str]) -> Vec<Remark> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in &service.lines {
        match line {
            Line::Entry("environment", Value::Table(entries)) => {
                for (variable, value) in entries {
                    if let Value::Text(text) = value {
                        look(text, is_host(variable), names, variable, &mut found);
                    }
                }
            }
            Line::Entry(key @ ("command" | "healthcheck" | "ready"), value) => {
                for text in texts(value) {
                    look(text, false, names, key, &mut found);
                }
            }
            Line::Entry(..) | Line::Remark(_) => {}
        }
    }
    found
        .into_iter()
        .map(|(name, mut places)| {
            places.dedup();
            missing(
                format!("{name} as a host name in {}", places.join(", ")),
                "it was another container; in this one it is 127.0.0.1",
            )
        })
        .collect()
}

fn texts(value: &Value) -> Vec<&Template> {
    match value {
        Value::Text(text) => vec![text],
        Value::Integer(_) | Value::Flag(_) => Vec::new(),
        Value::List(list) => list.iter().flat_map(texts).collect(),
        Value::Table(entries) => entries.iter().flat_map(|(_, value)| texts(value)).collect(),
    }
}

/// Whether a variable with such a name holds a host.
fn is_host(variable: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    [
        "HOST", "HOSTS", "SERVER", "SERVERS", "ADDR", "ADDRESS", "HOSTNAME",
    ]
    .iter()
    .any(|end| upper.ends_with(end))
}

fn look<'a>(
    text: &Template,
    is_host: bool,
    names: &[&'a str],
    place: &str,
    found: &mut BTreeMap<&'a str, Vec<String>>,
) {
    let text = text.written();
    for name in names {
        let alone = is_host && text.split(',').any(|part| part.trim() == *name);
        if alone || has_host(&text, name) {
            found.entry(name).or_default().push(place.to_owned());
        }
    }
}

/// Whether a name stands where a URL or an address has its host: `//db`, `@db`, `db:5432`.
fn has_host(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if before.ends_with(is_part) || after.starts_with(is_part) {
            return false;
        }
        let port = after
            .strip_prefix(':')
            .is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
        before.ends_with("//") || before.ends_with('@') || port
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_a_word() {
        for (text, yes) in [
            ("postgres://user:pw@db:5432/app", true),
            ("redis://db/0", true),
            ("db:5432", true),
            ("tcp://a:1,db:2", true),
            ("gunicorn db:app", false),
            ("/srv/db/x", false),
            ("my-db:5432", false),
            ("db.example.org:5432", false),
            ("//dbx", false),
        ] {
            assert_eq!(has_host(text, "db"), yes, "{text}");
        }
        assert!(is_host("DB_HOST") && !is_host("DB_NAME"));
    }
}
