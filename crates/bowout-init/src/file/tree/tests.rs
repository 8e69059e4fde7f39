//! Tests the tree with what TOML allows and what it does not.

use super::{Data, Node, Table, build};
use crate::file::finding::Findings;
use crate::file::source::{Place, Source};
use std::fmt::Write;

/// The tree in one line, and the errors, each with its line.
fn read(text: &str) -> (String, Vec<String>) {
    let mut findings = Findings::default();
    let (source, number) = findings.source(Source::new("x".into(), text.into()));
    let (tree, wrong) = build(&source, number);
    let mut shown = String::new();
    table(&mut shown, &tree);
    wrong.into_iter().for_each(|finding| findings.add(finding));
    let problems = findings.finish();
    let errors = problems.iter().map(|problem| {
        let line = problem.excerpt.as_ref().map_or(0, |excerpt| excerpt.line);
        format!("{line}: {}", problem.message)
    });
    (shown, errors.collect())
}

fn table(shown: &mut String, table: &Table<'_>) {
    shown.push('{');
    for (index, (name, node)) in table.entries().iter().enumerate() {
        let comma = if index > 0 { " " } else { "" };
        let _ = write!(shown, "{comma}{}=", name.text);
        value(shown, node);
    }
    shown.push('}');
}

fn value(shown: &mut String, node: &Node<'_>) {
    let _ = match &node.data {
        Data::Text(text) => write!(shown, "{text:?}"),
        Data::Whole(number) => write!(shown, "{number}"),
        Data::Fraction(digits) => write!(shown, "{digits}"),
        Data::Switch(value) => write!(shown, "{value}"),
        Data::Date => write!(shown, "date"),
        Data::Broken => write!(shown, "broken"),
        Data::Table(inner) => {
            table(shown, inner);
            Ok(())
        }
        Data::List(items) => {
            shown.push('[');
            for (index, item) in items.iter().enumerate() {
                shown.push_str(if index > 0 { " " } else { "" });
                value(shown, item);
            }
            shown.push(']');
            Ok(())
        }
    };
}

#[test]
fn what_toml_allows_is_read() {
    let cases = [
        ("", "{}"),
        ("\u{feff}a = 1\r\nb = 2 # c\r\n", "{a=1 b=2}"),
        (
            "a = 'x'\nb = \"\\u0041\\t\"\nc = '''\nl'''",
            "{a=\"x\" b=\"A\\t\" c=\"l\"}",
        ),
        (
            "a = 0x1f\nb = -0\nc = 1_000\nd = 0o17",
            "{a=31 b=0 c=1000 d=15}",
        ),
        (
            "a = 1.5\nb = inf\nc = true\nd = 1979-05-27",
            "{a=1.5 b=inf c=true d=date}",
        ),
        (
            "a = [1, [2,\n 3], # x\n]\nb = { c = 1, d.e = 2 }",
            "{a=[1 [2 3]] b={c=1 d={e=2}}}",
        ),
        ("a.b.c = 1\na.b.d = 2\n\"a\".e = 3", "{a={b={c=1 d=2} e=3}}"),
        ("[a.b]\nc = 1\n[a]\nd = 2\n[a.e]", "{a={b={c=1} d=2 e={}}}"),
        (
            "[[a]]\nb = 1\n[[a]]\n[a.c]\nd = 1\n[[a.e]]\n[[a.e]]",
            "{a=[{b=1} {c={d=1} e=[{} {}]}]}",
        ),
        ("[a]\nb.c = 1\n[a.b.d]\ne = 2", "{a={b={c=1 d={e=2}}}}"),
        ("a = {\n b = 1,\n}", "{a={b=1}}"),
        ("'' = 1", "{=1}"),
    ];
    for (text, wanted) in cases {
        let (shown, errors) = read(text);
        assert_eq!(shown, wanted, "{text}");
        assert!(errors.is_empty(), "{text}\n{errors:?}");
    }
}

#[test]
fn what_toml_does_not_allow_is_refused_where_it_is() {
    let cases = [
        // Twice.
        ("a = 1\na = 2", "{a=1}", "2: `a` is there already"),
        ("[a]\n[a]", "{a={}}", "2: `a` is there already"),
        ("[a]\nb = 1\n[a.b]", "{a={b=1}}", "3: `b` is there already"),
        ("[a.b]\n[a]\nb = 1", "{a={b={}}}", "3: `b` is there already"),
        ("a = []\n[[a]]", "{a=[]}", "2: `a` is there already"),
        ("[[a]]\n[a]", "{a=[{}]}", "2: `a` is there already"),
        ("[a]\n[[a]]", "{a={}}", "2: `a` is there already"),
        ("a.b = 1\n[a]", "{a={b=1}}", "2: `a` is there already"),
        (
            "a = { b = 1, b = 2 }",
            "{a={b=1}}",
            "1: `b` is there already",
        ),
        // Added to what is complete.
        (
            "a = 1\na.b = 2",
            "{a=1}",
            "2: nothing can be added to `a`, a number that is complete",
        ),
        (
            "a = {}\na.b = 2",
            "{a={}}",
            "2: nothing can be added to `a`, a table that is complete",
        ),
        (
            "a = {}\n[a.b]",
            "{a={}}",
            "2: nothing can be added to `a`, a table that is complete",
        ),
        (
            "a = [{}]\n[a.b]",
            "{a=[{}]}",
            "2: nothing can be added to `a`, an array that is complete",
        ),
        (
            "[a.b.c]\nz = 9\n[a]\nb.c.t = 1",
            "{a={b={c={z=9}}}}",
            "4: nothing can be added to `c`, a table that is complete",
        ),
        // No TOML.
        (
            "a = \nb = 2",
            "{a=broken b=2}",
            "1: this is no TOML: a value is missing",
        ),
        (
            "a = yes",
            "{a=broken}",
            "1: this is no TOML: this is no value",
        ),
        (
            "a = ./x -y",
            "{a=broken}",
            "1: this is no TOML: a text is in quotes",
        ),
        (
            "[a\nb = 1",
            "{a={b=1}}",
            "1: this is no TOML: unclosed table",
        ),
        (
            "a = [1, 2\nb = 1",
            "{a=[1 2]}",
            "2: this is no TOML: a comma is missing, or the end of the array",
        ),
        ("a\nb = 1", "{b=1}", "1: this is no TOML: key with no value"),
        (
            "a/b = 1\n[a b]\nc = 1",
            "{a={c=1}}",
            "1: this is no TOML: invalid unquoted key",
        ),
        (
            "a = 99999999999999999999",
            "{a=broken}",
            "1: this number is too large; accepted: what fits into 64 bits",
        ),
    ];
    for (text, wanted, error) in cases {
        let (shown, errors) = read(text);
        assert_eq!(
            errors.first().map(String::as_str),
            Some(error),
            "{text}\n{errors:?}"
        );
        assert_eq!(shown, wanted, "{text}");
    }
}

#[test]
fn errors_in_many_lines_are_all_found() {
    let (_, errors) = read("a = \nb = ./x\n= 1\n[x\nc 1\nd = 'x\ne = 1");
    let lines: Vec<&str> = errors
        .iter()
        .filter_map(|error| error.split(':').next())
        .collect();
    assert_eq!(lines, ["1", "2", "3", "4", "5", "6"], "{errors:?}");
}

#[test]
fn depth_is_bounded_however_it_is_written() {
    let deep = 5000;
    for text in [
        format!("a = {}", "[".repeat(deep)),
        format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("a = {}", "{a=".repeat(deep)),
        format!("{}a = 1", "a.".repeat(deep)),
        format!("[{}a]", "a.".repeat(deep)),
        format!("a = {{ {}a = 1 }}", "a.".repeat(deep)),
    ] {
        let (_, errors) = read(&text);
        let deepest = errors
            .iter()
            .any(|error| error.contains("nested too deeply"));
        assert!(deepest, "{errors:?}");
    }
    // Each of them is allowed, and together they are not deeper than three of it.
    let (_, errors) = read(&format!(
        "[{}a]\n{}a = {}{}",
        "a.".repeat(30),
        "b.".repeat(30),
        "[".repeat(30),
        "]".repeat(30)
    ));
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn large_tables_find_what_is_twice() {
    let mut text = String::new();
    for number in 0..5000 {
        let _ = writeln!(text, "k{number} = {number}");
    }
    let source = Source::new("x".into(), text.clone());
    let (tree, wrong) = build(&source, 0);
    assert!(wrong.is_empty());
    assert_eq!(tree.entries().len(), 5000);
    assert!(matches!(
        tree.value("k4711").map(|node| &node.data),
        Some(Data::Whole(4711))
    ));
    text.push_str("k7 = 1");
    assert_eq!(read(&text).1, ["5001: `k7` is there already"]);
}

#[test]
fn values_of_variables_are_covered() {
    let text = "[s.environment]\nA = \"hunter2\"\nB = hunter2\n[t]\nenviroment.C = 'hunter2'\n\
                environment = [\"D=hunter2\", \"E\"]\n[u]\nenv = { F = \"hunter2\", F = \"hunter2\" }\n\
                environment_from_file = { G = \"/path\" }\n[u.env]\nH = \"hunter2\"\n[environment]\nI \"hunter2\"";
    let source = Source::new("x".into(), text.into());
    let _ = build(&source, 0);
    for (start, line) in text.lines().scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    }) {
        let place = Place {
            source: 0,
            start,
            end: start + 1,
        };
        let shown = source.show(place).text;
        assert!(!shown.contains("hunter2"), "{shown}");
        if !line.contains("hunter2") {
            assert_eq!(shown, line);
        }
    }
    let shown = |needle: &str| {
        let start = text.find(needle).unwrap();
        let end = start + 1;
        source
            .show(Place {
                source: 0,
                start,
                end,
            })
            .text
    };
    assert_eq!(shown("environment = ["), "environment = [\"D=***\", \"E\"]");
}
