//! Holds docs/commands/ctl.md and healthcheck.md to the tables of verbs and options.

use bowout_init::ctl::table::{OPTIONS, Spec, VERBS, Verb};
use std::path::Path;

fn document(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands");
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether the verb has a heading with its operands as the help has them.
fn has_heading(document: &str, verb: &Verb) -> bool {
    let usage = format!("{} {}", verb.name, verb.operands.usage());
    let heading = format!("### `{}`", usage.trim_end());
    document.lines().any(|line| line == heading)
}

/// The row of an option, if it says its letter and its value, and names every verb that takes it.
fn fault(document: &str, option: &Spec) -> Option<String> {
    let value = option
        .value
        .map_or_else(String::new, |value| format!(" {value}"));
    let long = format!("`--{}{value}`", option.long);
    let Some(row) = document
        .lines()
        .find(|line| line.starts_with("| `-") && line.contains(&long))
    else {
        return Some(format!("{long}: no row"));
    };
    if let Some(letter) = option.short
        && !row.contains(&format!("`-{letter}{value}`"))
    {
        return Some(format!("{long}: the letter -{letter} is missing"));
    }
    let verbs = row.split('|').nth(2).unwrap_or_default();
    let is_said =
        |verb: &Verb| verbs.contains(&format!("`{}`", verb.name)) || verbs.contains("the same");
    let mut wrong = VERBS.iter().filter(|verb| match option.is_common {
        true => !verbs.contains("every verb"),
        false => {
            verb.options.contains(&option.long) != is_said(verb) && !verbs.contains("the same")
        }
    });
    wrong
        .next()
        .map(|verb| format!("{long}: wrong about {}", verb.name))
}

#[test]
fn every_verb_and_every_option_of_ctl_is_documented() {
    let document = document("ctl.md");
    for verb in VERBS {
        assert!(has_heading(&document, verb), "{}", verb.name);
    }
    let faults: Vec<String> = OPTIONS
        .iter()
        .filter_map(|option| fault(&document, option))
        .collect();
    assert_eq!(faults, [""; 0]);
    for code in 0..=5 {
        assert!(
            document.contains(&format!("\n| {code} | ")),
            "exit code {code}"
        );
    }
}

#[test]
fn what_is_missing_is_seen() {
    let document = document("ctl.md");
    for verb in VERBS {
        let without = document.replace(&format!("### `{}", verb.name), "### `gone");
        assert!(!has_heading(&without, verb), "{}", verb.name);
    }
    for option in OPTIONS {
        let without = document.replace(&format!("--{}", option.long), "--gone");
        assert!(fault(&without, option).is_some(), "--{}", option.long);
    }
    let without = document.replace("`start`, `stop`, `restart`, `reload`, `signal`", "`start`");
    let all = OPTIONS.iter().find(|option| option.long == "all").unwrap();
    assert!(fault(&without, all).is_some());
}

#[test]
fn every_option_of_healthcheck_is_documented() {
    let document = document("healthcheck.md");
    let verb = VERBS
        .iter()
        .find(|verb| verb.name == "healthcheck")
        .unwrap();
    for option in OPTIONS
        .iter()
        .filter(|option| verb.takes(option) && option.long != "help")
    {
        assert!(
            document.contains(&format!("`--{}", option.long)),
            "--{}",
            option.long
        );
    }
}
