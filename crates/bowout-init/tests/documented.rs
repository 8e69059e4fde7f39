//! Holds docs/commands/run.md to the table of options: what can be said on the command line is explained there.

use bowout_init::cli::table::{Repeat, SPECS, Spec};
use std::path::Path;

fn reference() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands/run.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands under the heading of an option, up to the next heading, with the heading as its first line.
fn section<'a>(reference: &'a str, spec: &Spec) -> Option<&'a str> {
    let name = format!("--{}", spec.long);
    reference
        .split("\n### ")
        .skip(1)
        .map(|section| section.split("\n## ").next().unwrap_or(section))
        .find(|section| {
            let heading = section.lines().next().unwrap_or_default();
            heading
                .split(['`', ' ', ','])
                .any(|word| word == name.as_str())
        })
}

fn faults(reference: &str, spec: &Spec) -> Vec<String> {
    let Some(section) = section(reference, spec) else {
        return vec![format!("--{}: no heading of its own", spec.long)];
    };
    let heading = section.lines().next().unwrap_or_default();
    let mut wanted = vec![(section, format!("`{}`", spec.env))];
    if let Some(letter) = spec.short {
        wanted.push((heading, format!("`-{letter}")));
    }
    if let Some(value) = spec.value {
        wanted.push((heading, format!("--{} {value}`", spec.long)));
    }
    wanted.push((section, "default: ".to_owned()));
    match spec.repeat {
        Repeat::No => {}
        Repeat::Commas => wanted.push((section, ", commas between".to_owned())),
        Repeat::Lines => wanted.push((section, ", one a line".to_owned())),
    }
    wanted
        .into_iter()
        .filter(|(place, text)| !place.contains(text.as_str()))
        .map(|(_, text)| format!("--{}: does not say {text:?}", spec.long))
        .collect()
}

#[test]
fn every_option_is_documented() {
    let reference = reference();
    let faults: Vec<String> = SPECS
        .iter()
        .flat_map(|spec| faults(&reference, spec))
        .collect();
    assert!(
        faults.is_empty(),
        "docs/commands/run.md:\n{}",
        faults.join("\n")
    );
}

#[test]
fn an_option_that_is_missing_is_seen() {
    let reference = reference();
    for spec in SPECS {
        let without = reference.replace(&format!("--{}", spec.long), "--gone");
        assert!(!faults(&without, spec).is_empty(), "--{}", spec.long);
        let unnamed = reference.replace(spec.env, "BOWOUT_GONE");
        assert!(!faults(&unnamed, spec).is_empty(), "{}", spec.env);
    }
}
