//! Writes the part of docs/config.md that explains every key, from the lists of keys.

mod elsewhere;

use super::chapter::{Chapter, Part};
use super::command;
use super::key::Shape;
use super::service;
use super::top;
use std::fmt::Write;

/// The reference, as Markdown.
#[must_use = "makes a value and changes nothing"]
pub fn reference() -> String {
    let mut text = String::from("## The container\n\nThese stand at the top of a file.\n");
    for chapter in top::parts() {
        section(&mut text, "", &chapter);
    }
    text.push_str("\n## A service\n\nThese stand in `[service.NAME]`.\n");
    for chapter in service::parts() {
        section(&mut text, "service.", &chapter);
    }
    text.push_str(
        "\n## The table of a hook\n\nA hook is written as `command` is, or as a table:\n\n",
    );
    table(&mut text, &command::parts());
    text
}

fn section(text: &mut String, prefix: &str, chapter: &Chapter) {
    let _ = write!(text, "\n### {}\n", chapter.heading);
    for part in &chapter.parts {
        key(text, prefix, part);
    }
}

fn key(text: &mut String, prefix: &str, part: &Part) {
    let aliases: String = part
        .aliases
        .iter()
        .map(|alias| format!(", `{alias}`"))
        .collect();
    let _ = write!(text, "\n#### `{}`{aliases}\n\n{}\n", part.name, part.about);
    let nested = match (part.is_hook, part.name) {
        // They have chapters of their own.
        (true, _) | (_, "service") => None,
        (false, _) => tables(part.shape),
    };
    if let Some(chapters) = nested {
        text.push('\n');
        table(text, &chapters);
    }
    let accepted = code(&part.accepted);
    let default = match (part.required, part.default) {
        (true, _) => "required".to_owned(),
        (false, default) => format!("default: {}", code(default)),
    };
    let names = elsewhere::names(&format!("{prefix}{}", part.name));
    let names = names.map_or_else(String::new, |names| format!("- elsewhere: {names}\n"));
    let _ = write!(
        text,
        "\n- accepted: {accepted}\n- {default}\n{names}\n```toml\n{}\n```\n",
        part.example
    );
}

/// The keys of a table inside of another, one a line.
fn table(text: &mut String, chapters: &[Chapter]) {
    text.push_str("| key | what | accepted | default |\n|---|---|---|---|\n");
    for part in chapters.iter().flat_map(|chapter| &chapter.parts) {
        let default = match (part.required, part.default) {
            (true, _) => "required".to_owned(),
            (false, default) => code(default),
        };
        let accepted = code(&part.accepted);
        let _ = writeln!(
            text,
            "| `{}` | {} | {accepted} | {default} |",
            part.name, part.about
        );
    }
}

/// The keys of the first table that a value may be.
fn tables(shape: Shape) -> Option<Vec<Chapter>> {
    let mut first = None;
    shape.tables(&mut |chapters| {
        first.get_or_insert(chapters);
    });
    first
}

/// Words in quotes and braces are TOML, and set as such.
fn code(text: &str) -> String {
    if text.contains('`') {
        return text.to_owned();
    }
    let mut set = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '{', '[']) {
        let (before, from) = rest.split_at(start);
        let close = match from.as_bytes()[0] {
            b'{' => '}',
            b'[' => ']',
            _ => '"',
        };
        let Some(end) = from[1..].find(close) else {
            break;
        };
        let _ = write!(set, "{before}`{}`", &from[..end + 2]);
        rest = &from[end + 2..];
    }
    set.push_str(rest);
    set
}
