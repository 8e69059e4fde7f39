//! Holds the suite to the schema: there is a test in which each key of bowout.toml is given a value.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use conformance::{bowout, say};
use serde_json::Value;

/// The schema, as the tool prints it.
fn schema() -> Value {
    let mut command = Command::new(bowout("bowout"));
    command.arg("schema");
    say(command).with_code(0).json()
}

/// Every key that may stand anywhere, other names for the same among them.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.extend(properties.keys().cloned());
            }
            fields.values().for_each(|field| keys(field, found));
        }
        Value::Array(all) => all.iter().for_each(|one| keys(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// All tests of services but this one.
fn tests() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        if entry.file_name() != "schema.rs" {
            let source = fs::read_to_string(entry.path()).expect("it is text");
            text += &source.replace("\\n", "\n");
        }
    }
    text
}

/// Whether a key is given a value: `key =`, `[key.…]`, or `{key} =` in a loop over several names.
fn is_given(text: &str, key: &str) -> bool {
    let mut loops = text.split("for key in [").skip(1);
    let quoted = format!("\"{key}\"");
    if loops.any(|rest| {
        rest.split(']')
            .next()
            .is_some_and(|of| of.contains(&quoted))
    }) {
        return true;
    }
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.match_indices(key).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + key.len()..]);
        let begins = !before.ends_with(is_letter);
        let is_table = before.ends_with('[') && behind.starts_with('.');
        begins && (behind.starts_with(" = ") || behind.starts_with("=") || is_table)
    })
}

#[test]
fn every_key_has_a_test() {
    let mut all = BTreeSet::new();
    keys(&schema(), &mut all);
    for key in ["grace", "service", "stop_timeout", "max_size", "condition"] {
        assert!(all.contains(key), "the schema is read: {all:?}");
    }
    let tests = tests();
    let missing: Vec<&String> = all.iter().filter(|key| !is_given(&tests, key)).collect();
    assert!(missing.is_empty(), "no test gives {missing:?}");
    assert!(!is_given(&tests, "replicas_of_nothing"));
}

#[test]
fn the_schema_that_is_published_is_what_the_tool_prints() {
    let published = include_str!("../../../docs/bowout.schema.json");
    let published: Value = serde_json::from_str(published).expect("it is JSON");
    assert_eq!(schema(), published);
}
