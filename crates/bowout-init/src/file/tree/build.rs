//! Builds the tree from the events of the TOML parser, and goes on after errors as well as can be.
//!
//! The parser knows what a line is; which lines may add to which tables is decided here, by
//! <https://toml.io/en/v1.1.0>, so that an error can show both places.

use super::grow::{inner, insert, open_table};
use super::{DEEPEST, Data, Name, Node, Origin, Table, syntax};
use crate::cli::value::nearest;
use crate::file::finding::{self, Finding};
use crate::file::lookup::is_known;
use crate::file::source::{Place, Source};
use std::borrow::Cow;
use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::parser::{EventReceiver, ValidateWhitespace, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Span};

/// More errors than these of one file are not looked at.
const MOST: usize = 100;

/// Reads all of a file. What is wrong with it is left out of the tree.
pub(in crate::file) fn build(source: &Source, number: usize) -> (Table<'_>, Vec<Finding>) {
    let text = toml_parser::Source::new(&source.text);
    let tokens = text.lex().into_vec();
    let mut builder = Builder {
        source,
        text,
        number,
        root: Table::new(Origin::Header),
        current: Some(Vec::new()),
        header: None,
        is_secret: false,
        keys: Vec::new(),
        open: Vec::new(),
        findings: Vec::new(),
        scalars: Vec::new(),
    };
    let mut errors: Vec<ParseError> = Vec::new();
    let mut note = |error: ParseError| {
        if errors.len() < MOST {
            errors.push(error);
        }
    };
    let mut receiver = ValidateWhitespace::new(&mut builder, text);
    parse_document(&tokens, &mut receiver, &mut note);
    let wrong = syntax::findings(&mut errors, source, number);
    let mut wrong: Vec<Finding> = wrong.into_iter().chain(builder.scalars).collect();
    finding::sort(&mut wrong);
    let mut findings = builder.findings;
    let mut last_line = None;
    for finding in wrong {
        // What the parser says next about the same line follows from the first.
        let line = finding.place().map(|place| source.line(place));
        if line != last_line {
            findings.push(finding);
        }
        last_line = line;
    }
    (builder.root, findings)
}

/// An array or a table in braces that is not closed yet, with the keys its value is for.
struct Open<'s> {
    place: Place,
    keys: Vec<Name<'s>>,
    data: Data<'s>,
    is_secret: bool,
    /// Whether it is an array of NAME=value, as Compose has them, whose names are no secrets.
    has_names: bool,
    /// Whether its end is missing, most likely: what comes now belongs to the lines below it.
    is_cut: bool,
}

struct Builder<'s> {
    source: &'s Source,
    text: toml_parser::Source<'s>,
    number: usize,
    root: Table<'s>,
    /// The table that lines are for, by positions from the root; `None` after a header that is wrong.
    current: Option<Vec<usize>>,
    /// Whether a header is being read, and one of an array of tables.
    header: Option<bool>,
    /// Whether the header names secrets.
    is_secret: bool,
    keys: Vec<Name<'s>>,
    open: Vec<Open<'s>>,
    findings: Vec<Finding>,
    /// Values that are none.
    scalars: Vec<Finding>,
}

impl<'s> Builder<'s> {
    fn place(&self, span: Span) -> Place {
        Place {
            source: self.number,
            start: span.start(),
            end: span.end(),
        }
    }

    fn raw(&self, span: Span, encoding: Option<Encoding>) -> Raw<'s> {
        let text: &'s str = self.text.input();
        let text = text.get(span.start()..span.end()).unwrap_or_default();
        Raw::new_unchecked(text, encoding, span)
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        }
    }

    /// Whether values that come now are for a key that holds secrets.
    fn hides(&self) -> bool {
        let inside = self.open.last().is_some_and(|open| open.is_secret);
        self.is_secret || inside || self.keys.iter().any(|name| holds_secrets(&name.text))
    }

    /// Covers a secret; where it has a name in front, the name is none.
    fn cover(&self, text: &str, place: Place) {
        let has_names = self.open.last().is_some_and(|open| open.has_names);
        match text.find('=').filter(|_| has_names) {
            Some(equals) => {
                let quotes = usize::from(text.ends_with(['"', '\'']));
                self.source.cover(Place {
                    start: place.start + equals + 1,
                    end: place.end - quotes,
                    ..place
                });
            }
            None if has_names => {}
            None => self.source.cover_value(place),
        }
    }

    /// Whether values that come now are for a key that is known, so that they may be repeated.
    fn is_ours(&self) -> bool {
        let keys = match self.open.last() {
            Some(open) if self.keys.is_empty() => &open.keys,
            Some(_) | None => &self.keys,
        };
        keys.last().is_some_and(|name| is_known(&name.text))
    }

    /// What is wrong with a value without quotes, as people who write such a thing understand it.
    fn unquoted(&self, text: &str, place: Place) -> Option<Finding> {
        let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
        // 10s, 10MB, 1m30s; and 027, which is no number in TOML either.
        let has_unit = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            && text
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .starts_with(|c: char| c.is_ascii_alphabetic())
            && !text.starts_with("0x")
            && !text.starts_with("0o")
            && !text.starts_with("0b");
        let is_octal = text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let finding = |message: &str| Finding::error(place, format!("this is no TOML: {message}"));
        let word = text.to_ascii_lowercase();
        match word.as_str() {
            "" => Some(finding("a value is missing")),
            "true" | "yes" | "on" => Some(finding("this is no value").hint("write true")),
            "false" | "no" | "off" => Some(finding("this is no value").hint("write false")),
            _ if is_number && !has_unit && !is_octal || word.ends_with(['"', '\'']) => None,
            _ if self.hides() || !self.is_ours() => Some(finding("a text is in quotes")),
            _ => Some(finding("a text is in quotes").hint(format!("write {text:?}"))),
        }
    }

    fn is_too_deep(&mut self, place: Place) -> bool {
        let is_too_deep = self.open.len() >= DEEPEST;
        if is_too_deep {
            let text = format!("this is nested too deeply; accepted: up to {DEEPEST} levels");
            self.find(Finding::error(place, text));
        }
        is_too_deep
    }

    /// Whether a value at this place is in an array whose end is missing.
    fn is_cut(&self, place: Place) -> bool {
        self.open.last().is_some_and(|open| {
            let last = open.data.list().and_then(<[Node<'_>]>::last);
            let between = last.and_then(|last| self.source.text.get(last.place.end..place.start));
            open.is_cut || between.is_some_and(|text| text.contains('\n') && !text.contains(','))
        })
    }

    /// A value is complete.
    fn value(&mut self, node: Node<'s>) {
        let Some(open) = self.open.last_mut() else {
            let keys = std::mem::take(&mut self.keys);
            let Some(path) = &self.current else {
                if !keys.last().is_some_and(|name| is_known(&name.text)) {
                    node.hide(self.source);
                }
                return;
            };
            let mut table = Some(&mut self.root);
            for position in path {
                table = table.and_then(|table| inner(table, *position));
            }
            if let Some(table) = table {
                let finding = insert(table, keys, node, self.source);
                self.findings
                    .extend(finding.filter(|_| self.findings.len() < MOST));
            }
            return;
        };
        if let Data::List(items) = &mut open.data {
            if !open.is_cut {
                items.push(node);
            }
        } else if let Data::Table(table) = &mut open.data {
            let keys = std::mem::take(&mut self.keys);
            let finding = insert(table, keys, node, self.source);
            self.findings
                .extend(finding.filter(|_| self.findings.len() < MOST));
        }
    }

    fn begin(&mut self, span: Span, data: Data<'s>) -> bool {
        let place = self.place(span);
        if self.is_too_deep(place) {
            self.value(Node {
                place,
                data: Data::Broken,
            });
            return false;
        }
        let is_secret = self.hides();
        let is_cut = self.is_cut(place);
        let keys = std::mem::take(&mut self.keys);
        let is_inside = self.is_secret || self.open.last().is_some_and(|open| open.is_secret);
        let (last, before) = match keys.split_last() {
            Some((last, before)) => (holds_secrets(&last.text), before),
            None => (false, keys.as_slice()),
        };
        let is_first = !is_inside && !before.iter().any(|name| holds_secrets(&name.text));
        self.open.push(Open {
            place,
            has_names: is_first && last && matches!(data, Data::List(_)),
            keys,
            data,
            is_secret,
            is_cut,
        });
        true
    }

    fn end(&mut self, span: Span) {
        if let Some(open) = self.open.pop() {
            let place = open.place.to(self.place(span));
            self.keys = open.keys;
            self.value(Node {
                place,
                data: open.data,
            });
        }
    }

    /// A header is complete: finds or makes its table.
    fn enter(&mut self) {
        let Some(is_list) = self.header.take() else {
            return;
        };
        let names = std::mem::take(&mut self.keys);
        self.is_secret = names.iter().any(|name| holds_secrets(&name.text));
        self.current = None;
        if names.is_empty() || names.iter().any(|name| name.is_broken) {
            return;
        }
        if names.len() > DEEPEST {
            let place = names[0].place.to(names[names.len() - 1].place);
            let text = format!("this is nested too deeply; accepted: up to {DEEPEST} levels");
            self.find(Finding::error(place, text));
            return;
        }
        match open_table(&mut self.root, names, is_list) {
            Ok(path) => self.current = Some(path),
            Err(finding) => self.find(finding),
        }
    }
}

impl EventReceiver for Builder<'_> {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.keys.clear();
        self.header = Some(false);
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.enter();
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.keys.clear();
        self.header = Some(true);
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.enter();
    }

    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.begin(span, Data::Table(Table::new(Origin::Braces)))
    }

    fn inline_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end(span);
    }

    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.begin(span, Data::List(Vec::new()))
    }

    fn array_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end(span);
    }

    fn simple_key(&mut self, span: Span, kind: Option<Encoding>, errors: &mut dyn ErrorSink) {
        let mut text = Cow::Borrowed("");
        let mut wrong: Option<ParseError> = None;
        self.raw(span, kind).decode_key(&mut text, &mut wrong);
        let is_broken = wrong.is_some();
        wrong
            .into_iter()
            .for_each(|error| errors.report_error(error));
        let place = self.place(span);
        self.keys.push(Name {
            text,
            place,
            is_broken,
        });
    }

    fn scalar(&mut self, span: Span, kind: Option<Encoding>, errors: &mut dyn ErrorSink) {
        let raw = self.raw(span, kind);
        let place = self.place(span);
        let mut text = Cow::Borrowed("");
        let mut wrong: Option<ParseError> = None;
        let decoded = raw.decode_scalar(&mut text, &mut wrong);
        let is_broken = wrong.is_some();
        // A word in an array without a comma before it is the next line's key.
        let is_cut = self.is_cut(place);
        if let Some(open) = self.open.last_mut() {
            open.is_cut = is_cut;
        }
        if let Some(error) = wrong.filter(|_| !is_cut) {
            match (kind, self.unquoted(raw.as_str(), place)) {
                (None, Some(finding)) if self.scalars.len() < MOST => self.scalars.push(finding),
                _ => errors.report_error(error),
            }
        }
        if self.hides() {
            self.cover(raw.as_str(), place);
        }
        let data = match decoded {
            _ if is_broken => Data::Broken,
            ScalarKind::String => Data::Text(text),
            ScalarKind::Boolean(value) => Data::Switch(value),
            ScalarKind::DateTime => Data::Date,
            ScalarKind::Float => Data::Fraction(text),
            ScalarKind::Integer(radix) => match i64::from_str_radix(&text, radix.value()) {
                Ok(value) => Data::Whole(value),
                Err(_) => {
                    let text = "this number is too large; accepted: what fits into 64 bits";
                    self.find(Finding::error(place, text.to_owned()));
                    Data::Broken
                }
            },
        };
        self.value(Node { place, data });
    }

    fn newline(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if self.open.is_empty() {
            // A header without its bracket is taken for one: the lines below it are meant for it.
            self.enter();
            self.keys.clear();
        }
    }

    fn error(&mut self, span: Span, _: &mut dyn ErrorSink) {
        if self.hides() {
            self.source.cover(self.place(span));
        }
    }
}

/// Whether the values under a key are nobody's business. A slip of the finger in it gives none away.
fn holds_secrets(name: &str) -> bool {
    let is_file = matches!(name, "env_file" | "environment_from_file");
    let starts = name
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("env"));
    !is_file && (starts || nearest(name, ["environment"].into_iter()).is_some())
}
