//! Writes the document as TOML, laid out as one would by hand.

use super::document::{Block, Document, Line, Remark, Service, Value};
use std::fmt::Write as _;

/// Where lines are broken, in columns.
const WIDTH: usize = 100;

/// The file's text.
pub(crate) fn toml(document: &Document) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        if !text.is_empty() {
            text.push('\n');
        }
        match block {
            Block::Remarks(list) => remarks(&mut text, list),
            Block::Service(service) => table(&mut text, service),
        }
    }
    text
}

/// Comments that belong to no service, notes set off from each other.
fn remarks(text: &mut String, list: &[Remark]) {
    for (at, remark) in list.iter().enumerate() {
        let both = (at > 0).then(|| (&list[at - 1], remark));
        if let Some((Remark::Note(_), _) | (_, Remark::Note(_))) = both {
            text.push_str("#\n");
        }
        comment(text, remark);
    }
}

fn table(text: &mut String, service: &Service) {
    service
        .above
        .iter()
        .for_each(|remark| comment(text, remark));
    let name = format!("service.{}", key(&service.name));
    _ = writeln!(text, "[{name}]");
    // A table inside has to stand behind everything else, else it would take that in.
    let mut behind = Vec::new();
    for line in &service.lines {
        match line {
            Line::Remark(remark) => comment(text, remark),
            Line::Entry(key, Value::Table(entries)) if !fits(key, entries) => {
                behind.push((key, entries));
            }
            Line::Entry(key, value) => entry(text, key, value),
        }
    }
    for (inner, entries) in behind {
        _ = writeln!(text, "\n[{name}.{inner}]");
        for (name, value) in entries {
            entry(text, name, value);
        }
    }
}

/// Whether a table is short enough for one line.
fn fits(name: &str, entries: &[(String, Value)]) -> bool {
    /// More are easier to read below each other.
    const MOST: usize = 4;
    let simple = |value: &Value| match value {
        Value::Text(_) | Value::Integer(_) | Value::Flag(_) => true,
        Value::List(_) | Value::Table(_) => false,
    };
    let nested = |value: &Value| match value {
        Value::Table(entries) => entries.len() == 1 && entries.iter().all(|(_, v)| simple(v)),
        Value::List(list) => list.iter().all(simple),
        Value::Text(_) | Value::Integer(_) | Value::Flag(_) => true,
    };
    let variables = name == "environment" && entries.len() > 1;
    let line = key(name).len() + " = ".len() + inline_table(entries).chars().count();
    !variables
        && entries.len() <= MOST
        && line <= WIDTH
        && entries.iter().all(|(_, value)| nested(value))
}

fn entry(text: &mut String, name: &str, value: &Value) {
    let name = key(name);
    let line = inline(value);
    let room = WIDTH.saturating_sub(name.len() + " = ".len());
    match value {
        Value::Text(template) if template.written().contains('\n') => {
            _ = writeln!(text, "{name} = {}", lines(&template.written()));
        }
        Value::List(list) if line.chars().count() > room => {
            _ = writeln!(text, "{name} = [");
            for value in list {
                let value = match value {
                    Value::Text(template) if template.written().contains('\n') => {
                        lines(&template.written())
                    }
                    Value::Text(_)
                    | Value::Integer(_)
                    | Value::Flag(_)
                    | Value::List(_)
                    | Value::Table(_) => inline(value),
                };
                _ = writeln!(text, "    {value},");
            }
            text.push_str("]\n");
        }
        Value::Text(_) | Value::Integer(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) => {
            _ = writeln!(text, "{name} = {line}");
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Text(template) => string(&template.written()),
        Value::Integer(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(list) => {
            let parts: Vec<String> = list.iter().map(inline).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Table(entries) => inline_table(entries),
    }
}

fn inline_table(entries: &[(String, Value)]) -> String {
    let parts: Vec<String> = entries
        .iter()
        .map(|(name, value)| format!("{} = {}", key(name), inline(value)))
        .collect();
    match parts.is_empty() {
        true => "{}".into(),
        false => format!("{{ {} }}", parts.join(", ")),
    }
}

/// A key: bare where TOML allows it.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => string(name),
    }
}

/// A string on one line: literal where that saves backslashes.
fn string(text: &str) -> String {
    let literal = text.contains(['"', '\\']) && !text.contains('\'');
    let is_control = text.chars().any(|c| c.is_control());
    if literal && !is_control {
        return format!("'{text}'");
    }
    if text.contains(['"', '\\']) && !is_control && !text.contains("''") && !text.ends_with('\'') {
        return format!("'''{text}'''");
    }
    format!("\"{}\"", escaped(text, false))
}

/// A string of several lines.
fn lines(text: &str) -> String {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    let literal = text.contains(['"', '\\']) && !text.contains("''") && !text.ends_with('\'');
    // The first line break behind the quotes is none of the text's.
    match literal && !text.contains(control) {
        true => format!("'''\n{text}'''"),
        false => format!("\"\"\"\n{}\"\"\"", escaped(text, true)),
    }
}

/// The inside of a basic string (TOML 1.0): what has to be escaped, is.
fn escaped(text: &str, breaks_stay: bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' if breaks_stay => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => _ = write!(out, "\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

/// A comment, broken between words.
fn comment(text: &mut String, remark: &Remark) {
    let (words, further) = match remark {
        Remark::Note(note) => (note.clone(), "#"),
        // What belongs to one remark can be seen at its left.
        Remark::Missing { what, why } => (format!("not taken over: {what}: {why}"), "#  "),
    };
    let mut line = String::from("#");
    for word in words_of(&words) {
        // TOML has no control characters in comments.
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        let is_full = line.chars().count() + 1 + word.chars().count() > WIDTH;
        if is_full && line.trim_end().len() > 1 {
            _ = writeln!(text, "{line}");
            line = further.to_owned();
        }
        line.push(' ');
        line.push_str(&word);
    }
    _ = writeln!(text, "{line}");
}

/// Words of a comment; what stands in backquotes stays together, unless that is a line by itself.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in text.split_whitespace() {
        let joined = words
            .last_mut()
            .filter(|last| is_open && last.len() < WIDTH / 2);
        match joined {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
        is_open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::document::missing;
    use super::*;

    #[test]
    fn strings_are_quoted_so_that_they_come_back() {
        assert_eq!(string("a b"), "\"a b\"");
        assert_eq!(string("say \"x\""), "'say \"x\"'");
        assert_eq!(string("it's \"x\""), "'''it's \"x\"'''");
        assert_eq!(string("it''s \"x\"\\"), r#""it''s \"x\"\\""#);
        assert_eq!(
            string("a\tb\u{1}\u{7f}\r\n"),
            "\"a\\tb\\u0001\\u007F\\r\\n\""
        );
        assert_eq!(lines("a \"b\"\nc\n"), "'''\na \"b\"\nc\n'''");
        assert_eq!(lines("a '''\"\nb"), "\"\"\"\na '''\\\"\nb\"\"\"");
        assert_eq!(key("web-1"), "web-1");
        assert_eq!(key("web.1"), "\"web.1\"");
        assert_eq!(key(""), "\"\"");
    }

    #[test]
    fn a_service_is_laid_out_as_by_hand() {
        let mut service = Service::new("web");
        service.above.push(Remark::Note("the front".into()));
        service.set("command", vec!["a", "b c"]);
        service.set(
            "environment",
            Value::Table(vec![("A".into(), "1".into()), ("B C".into(), "2".into())]),
        );
        service.missing("priority=1", "why");
        service.set("ready", Value::Table(vec![("delay".into(), "1s".into())]));
        let mut document = Document::default();
        document.remarks(vec![missing("x", "y")]);
        document.service(service);
        assert_eq!(
            toml(&document),
            r#"# not taken over: x: y

# the front
[service.web]
command = ["a", "b c"]
# not taken over: priority=1: why
ready = { delay = "1s" }

[service.web.environment]
A = "1"
"B C" = "2"
"#
        );
    }

    #[test]
    fn what_is_long_is_broken() {
        let mut text = String::new();
        comment(&mut text, &missing("word ".repeat(40), "why\u{7}"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() == 3 && lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[1].starts_with("#   word") && lines[2].ends_with("why"));
        let mut text = String::new();
        entry(&mut text, "command", &vec!["word"; 30].into());
        assert!(text.starts_with("command = [\n    \"word\",\n") && text.ends_with("\n]\n"));
    }
}
