//! Reads YAML into a tree that knows its lines, with anchors and merge keys resolved.

use super::super::fault::{Fault, Place};
use granit_parser::{Event, Marker, Parser, ScalarStyle};
use std::collections::HashMap;

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    /// Where it begins.
    pub(crate) at: Place,
    /// What it is.
    pub(crate) data: Data,
}

/// What a value is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Data {
    /// Null: nothing, `~` or `null`.
    Null,
    /// A text, a number, or a boolean, as it was written.
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order in which it was written.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    /// Where it begins.
    pub(crate) at: Place,
    /// The key.
    pub(crate) text: String,
}

/// The most values of one file, with those of anchors counted where they are used: aliases of aliases
/// would grow without end.
const MOST: usize = 100_000;

/// The deepest nesting, aliases included.
const DEEPEST: usize = 100;

impl Node {
    /// The value of a key, where this is a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let entries = self.entries()?;
        let found = entries.iter().find(|(there, _)| there.text == key);
        found.map(|(_, node)| node)
    }

    /// The entries, where this is a mapping.
    pub(crate) fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            Data::Null | Data::Scalar(_) | Data::List(_) => None,
        }
    }

    /// The text, where this is a scalar.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(text) => Some(text),
            Data::Null | Data::List(_) | Data::Map(_) => None,
        }
    }

    /// All texts inside, for a comment.
    pub(crate) fn shown(&self) -> String {
        match &self.data {
            Data::Null => String::new(),
            Data::Scalar(text) => text.clone(),
            Data::List(list) => list.iter().map(Node::shown).collect::<Vec<_>>().join(", "),
            Data::Map(entries) => entries
                .iter()
                .map(|(key, node)| match &node.data {
                    Data::Null => key.text.clone(),
                    Data::Scalar(_) | Data::List(_) | Data::Map(_) => {
                        format!("{}: {}", key.text, node.shown())
                    }
                })
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

/// Reads a file with one document.
///
/// # Errors
/// It is no YAML, or has what a configuration has no use for.
pub(crate) fn read(file: &str, text: &str) -> Result<Node, Fault> {
    let mut builder = Builder {
        file,
        open: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        count: 0,
    };
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| {
            let text = format!("is no YAML: {}", error.info());
            Fault::new(file, place(*error.marker()), text)
        })?;
        builder.event(event, place(span.start))?;
    }
    Ok(builder.root.unwrap_or(Node {
        at: Place { line: 1, column: 1 },
        data: Data::Null,
    }))
}

/// The parser counts columns from 0.
fn place(marker: Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

struct Builder<'a> {
    file: &'a str,
    /// Collections that are not complete yet, from the outside in.
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Anchored>,
    count: usize,
}

struct Open {
    anchor: usize,
    at: Place,
    /// The deepest that is inside, counted from this one.
    depth: usize,
    /// How many values are inside.
    count: usize,
    collection: Collection,
}

enum Collection {
    List(Vec<Node>),
    /// The entries, and the key whose value comes next.
    Map(Vec<(Key, Node)>, Option<Key>),
}

struct Anchored {
    node: Node,
    depth: usize,
    count: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, at: Place) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if text.contains('\0') {
                    return self.fault(at, "has a zero byte, which no program can be given");
                }
                let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let is_null = style == ScalarStyle::Plain
                    && !is_text
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let data = match is_null {
                    true => Data::Null,
                    false => Data::Scalar(text.into_owned()),
                };
                self.add(Node { at, data }, anchor, 0, 1)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.enter(anchor, at, Collection::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                self.enter(anchor, at, Collection::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(anchored) => {
                    let (mut node, depth) = (anchored.node.clone(), anchored.depth);
                    let count = anchored.count;
                    node.at = at;
                    self.add(node, 0, depth, count)
                }
                None => self.fault(at, "an alias is inside of what it stands for"),
            },
            Event::DocumentStart(..) if self.root.is_some() => {
                self.fault(at, "a second document begins; accepted: one in each file")
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..) => Ok(()),
            // What was not asked for doesn't come; the enum is the parser's, and may grow.
            Event::UnresolvedAlias(_) | _ => {
                self.fault(at, "is no YAML: an event that is not known")
            }
        }
    }

    fn fault<T>(&self, at: Place, text: &str) -> Result<T, Fault> {
        Err(Fault::new(self.file, at, text))
    }

    fn enter(&mut self, anchor: usize, at: Place, collection: Collection) -> Result<(), Fault> {
        if self.open.len() >= DEEPEST {
            return self.fault(at, "is nested deeper than 100 levels");
        }
        self.open.push(Open {
            anchor,
            at,
            depth: 0,
            count: 1,
            collection,
        });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Fault> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let data = match open.collection {
            Collection::List(list) => Data::List(list),
            Collection::Map(entries, _) => Data::Map(self.merged(entries)?),
        };
        let node = Node { at: open.at, data };
        // Its own count was added by those inside.
        self.add(node, open.anchor, open.depth + 1, open.count)
    }

    /// Puts a value where it belongs.
    fn add(&mut self, node: Node, anchor: usize, depth: usize, count: usize) -> Result<(), Fault> {
        let at = node.at;
        self.count += count;
        if self.count > MOST * DEEPEST || count > MOST {
            return self.fault(at, "has more than 100000 values");
        }
        if anchor > 0 {
            let node = node.clone();
            self.anchors.insert(anchor, Anchored { node, depth, count });
        }
        if self.open.len() + depth > DEEPEST {
            return self.fault(at, "is nested deeper than 100 levels");
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.depth = open.depth.max(depth);
        open.count += count;
        match &mut open.collection {
            Collection::List(list) => list.push(node),
            Collection::Map(entries, key) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let text = match node.data {
                        Data::Scalar(text) => text,
                        Data::Null => "null".into(),
                        Data::List(_) | Data::Map(_) => {
                            return self.fault(at, "a key is a list or a map; accepted: a text");
                        }
                    };
                    let twice = entries
                        .iter()
                        .find(|(there, _)| there.text == text && text != "<<");
                    if let Some((first, _)) = twice {
                        let text = format!(
                            "{:?} is there already, in line {}",
                            super::super::document::excerpt(&text),
                            first.at.line
                        );
                        return self.fault(at, &text);
                    }
                    *key = Some(Key { at, text });
                }
            },
        }
        Ok(())
    }

    /// Puts the entries of what `<<` names beside those that are there, which go first.
    fn merged(&self, entries: Vec<(Key, Node)>) -> Result<Vec<(Key, Node)>, Fault> {
        if !entries.iter().any(|(key, _)| key.text == "<<") {
            return Ok(entries);
        }
        let mut own: Vec<String> = entries.iter().map(|(key, _)| key.text.clone()).collect();
        let mut merged = Vec::new();
        for (key, node) in entries {
            if key.text != "<<" {
                merged.push((key, node));
                continue;
            }
            let maps = match node.data {
                Data::List(list) => list,
                Data::Map(_) | Data::Null | Data::Scalar(_) => vec![node],
            };
            for map in maps {
                let Data::Map(entries) = map.data else {
                    return self.fault(map.at, "<<: is no map, and no list of maps");
                };
                for (key, node) in entries {
                    if !own.contains(&key.text) {
                        own.push(key.text.clone());
                        merged.push((key, node));
                    }
                }
            }
        }
        Ok(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        read("t.yaml", text)
            .map(|node| node.shown())
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn values_are_as_they_were_written() {
        let node = read(
            "t",
            "a: 1.10\nb: ~\nc: 'null'\nd: !!str null\ne: [yes, \"x\\ty\"]\n",
        )
        .unwrap();
        assert_eq!(node.get("a").and_then(Node::scalar), Some("1.10"));
        assert_eq!(node.get("b").map(|node| &node.data), Some(&Data::Null));
        assert_eq!(node.get("c").and_then(Node::scalar), Some("null"));
        assert_eq!(node.get("d").and_then(Node::scalar), Some("null"));
        assert_eq!(node.get("e").map(|node| node.at.line), Some(5));
        assert_eq!(node.shown(), "a: 1.10, b, c: null, d: null, e: yes, x\ty");
        assert_eq!(shown(""), Ok(String::new()));
    }

    #[test]
    fn anchors_and_merge_keys_are_resolved() {
        let text = "x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz:\n  b: 9\n  <<: [*x, *y]\nl: *y\n";
        let node = read("t", text).unwrap();
        assert_eq!(
            node.get("z").map(Node::shown).as_deref(),
            Some("b: 9, a: 1, c: 3")
        );
        assert_eq!(node.get("l").map(Node::shown).as_deref(), Some("c: 3"));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        for (text, expected) in [
            ("a: [1\nb: 2\n", "t.yaml:"),
            (
                "a: 1\na: 2\n",
                "t.yaml:2:1: \"a\" is there already, in line 1",
            ),
            ("? [a]\n: b\n", "t.yaml:1:3: a key is a list"),
            ("a: *b\n", "t.yaml:1:4: is no YAML"),
            ("a: &a [*a]\n", "t.yaml:1:8: "),
            ("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document"),
            ("<<: 3\n", "t.yaml:1:5: <<: is no map"),
        ] {
            let error = shown(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(
            shown(&bomb)
                .unwrap_err()
                .contains("more than 100000 values")
        );
        let mut chain = String::from("a0: &a0 [x]\n");
        for level in 1..200 {
            chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(shown(&chain).unwrap_err().contains("nested deeper"));
        assert!(shown(&"[".repeat(10_000)).is_err());
    }
}
