//! Says in other words what the TOML parser found.

use crate::file::finding::Finding;
use crate::file::source::{Place, Source};
use toml_parser::{Expected, ParseError};

/// What the parser says of every line below an array without its end.
const NO_COMMA: &str = "missing comma between array elements";
const EQUALS: &str = "unexpected `=` in array";

/// Whether a comma is missing in the same array as the one before, which is said once.
fn follows(error: &ParseError, before: &mut Option<usize>, source: &Source) -> bool {
    let at = error
        .unexpected()
        .or(error.context())
        .map_or(0, |span| span.start());
    let between = before
        .replace(at)
        .and_then(|before| source.text.get(before..at));
    let ends = |line: &str| !line.starts_with('[') && line.contains(']');
    between.is_some_and(|text| !text.lines().any(ends))
}

/// What the parser found, in words for people. `errors` loses what follows from others.
pub(super) fn findings(
    errors: &mut Vec<ParseError>,
    source: &Source,
    number: usize,
) -> Vec<Finding> {
    let mut before = None;
    errors.retain(|error| {
        let is_one =
            error.description() == NO_COMMA || before.is_some() && error.description() == EQUALS;
        !is_one || !follows(error, &mut before, source)
    });
    errors
        .iter()
        .map(|error| finding(error, source, number))
        .collect()
}

fn finding(error: &ParseError, source: &Source, number: usize) -> Finding {
    let span = error.unexpected().or(error.context()).unwrap_or_default();
    let place = Place {
        source: number,
        start: span.start(),
        end: span.end(),
    };
    let expected: Vec<String> = error
        .expected()
        .unwrap_or_default()
        .iter()
        .filter_map(|expected| match expected {
            Expected::Literal("\n") => Some("a new line".to_owned()),
            Expected::Literal(text) => Some(format!("`{text}`")),
            Expected::Description(text) => Some((*text).to_owned()),
            // The enum is the parser's, and may grow.
            _ => None,
        })
        .collect();
    let finding = |text: &str| Finding::error(place, format!("this is no TOML: {text}"));
    let found = source
        .text
        .get(span.start()..span.end())
        .unwrap_or_default();
    let is_open = expected == ["`\"`"] || expected == ["`'`"];
    // What people meet most often, in other words than the parser's.
    match (error.description(), found) {
        (_, ":") => finding("a key and its value have = between them").hint(
            "accepted: [service.NAME], and below it key = value; `bowout import` writes that from a compose.yaml",
        ),
        (_, found) if found.starts_with(|c: char| c.is_control() && c != '\n' && c != '\r') => {
            finding("a control character in a text").hint("write it as an escape, such as \\t or \\u001B")
        }
        (NO_COMMA, _) => {
            finding("a comma is missing, or the end of the array").hint("expected: `,` or `]`")
        }
        ("missing escaped value", _) => finding("an escape that there is not")
            .hint("write a backslash twice, or put the text into single quotes"),
        (_, _) if is_open => finding("the quotes are not closed"),
        (description, _) if expected.is_empty() => finding(description),
        (description, _) => {
            finding(description).hint(format!("expected: {}", expected.join(", ")))
        }
    }
}
