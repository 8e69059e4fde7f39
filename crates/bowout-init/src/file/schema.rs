//! Writes the JSON Schema of bowout.toml, for editors, from the lists of keys.

mod tree;

use super::chapter::{Chapter, Part};
use super::key::Shape;
use super::top;
use bowout_core::Signal;
use std::collections::BTreeMap;
use tree::{Tree, object};

/// What a text may have instead of what is wanted: nobody knows what a variable brings.
const VARIABLE: &str = r"\$\{";

/// The schema (draft 2020-12).
#[must_use = "makes a value and changes nothing"]
pub fn schema() -> String {
    let about = "What bowout runs in a container, and how it is stopped.";
    let schema = table(&top::parts(), "")
        .with("$schema", "https://json-schema.org/draft/2020-12/schema")
        .with("title", "bowout.toml")
        .with("description", about);
    schema.pretty("") + "\n"
}

/// A table with these keys; `pointer` is where it stands in the schema (RFC 6901).
fn table(chapters: &[Chapter], pointer: &str) -> Tree {
    let mut properties = BTreeMap::new();
    let mut required: Vec<&str> = Vec::new();
    for part in chapters.iter().flat_map(|chapter| &chapter.parts) {
        let place = format!("{pointer}/properties/{}", part.name);
        let schema = of(part.shape, &place).with("description", description(part));
        properties.insert(part.name.to_owned(), schema);
        for alias in part.aliases {
            let text = format!("Another name for `{}`.", part.name);
            let reference = object([
                ("$ref", format!("#{place}").into()),
                ("description", text.into()),
            ]);
            properties.insert((*alias).to_owned(), reference);
        }
        if part.required {
            required.push(part.name);
        }
    }
    let table = object([
        ("type", "object".into()),
        ("properties", Tree::Object(properties)),
        ("additionalProperties", false.into()),
    ]);
    match required.is_empty() {
        true => table,
        false => table.with("required", Tree::from_iter(required)),
    }
}

fn description(part: &Part) -> String {
    match part.default {
        "" => part.about.to_owned(),
        default => format!("{} Default: {default}.", part.about),
    }
}

fn of(shape: Shape, pointer: &str) -> Tree {
    match shape {
        Shape::Text => object([("type", "string".into()), ("minLength", 1.into())]),
        Shape::Pattern("^") => of_type("string"),
        Shape::Pattern(pattern) => text(pattern),
        Shape::Duration => text(&duration()),
        Shape::Signal => text(&signals()),
        Shape::Word(words) => {
            let words = Tree::from_iter(words.iter().copied());
            any_of([object([("enum", words)]), text("")])
        }
        Shape::Switch => any_of([of_type("boolean"), text("^(true|false)$")]),
        Shape::Only(value) => object([("const", value.into())]),
        Shape::Whole(least, most) => {
            let whole = of_type("integer")
                .with("minimum", least)
                .with("maximum", most);
            any_of([whole, text("^-?[0-9]+$")])
        }
        Shape::Number => of_type("number").with("minimum", 0),
        Shape::List(item) => {
            let items = of(*item, &format!("{pointer}/items"));
            of_type("array").with("items", items)
        }
        Shape::Map(pattern, value) => map(pattern, *value, pointer),
        Shape::SignalMap(value) => map(&signals(), *value, pointer),
        Shape::Either(shapes) => {
            let one =
                |(index, shape): (usize, &Shape)| of(*shape, &format!("{pointer}/anyOf/{index}"));
            any_of(shapes.iter().enumerate().map(one))
        }
        Shape::Table(parts) => table(&parts(), pointer),
    }
}

fn of_type(name: &str) -> Tree {
    object([("type", name.into())])
}

fn any_of(schemas: impl IntoIterator<Item = Tree>) -> Tree {
    object([("anyOf", Tree::from_iter(schemas))])
}

/// A text of this pattern, or with a variable in it.
fn text(pattern: &str) -> Tree {
    let pattern = match pattern {
        "" => VARIABLE.to_owned(),
        pattern => format!("{pattern}|{VARIABLE}"),
    };
    of_type("string").with("pattern", pattern)
}

fn map(pattern: &str, value: Shape, pointer: &str) -> Tree {
    // In a pointer these two letters have a meaning, and in a reference a percent sign has.
    let escaped = pattern
        .replace('~', "~0")
        .replace('/', "~1")
        .replace('%', "%25");
    let value = of(value, &format!("{pointer}/patternProperties/{escaped}"));
    of_type("object")
        .with("patternProperties", object([(pattern, value)]))
        .with("additionalProperties", false)
}

/// A number of seconds, or numbers with units, the larger ones first.
fn duration() -> String {
    const NUMBER: &str = r"[0-9]+(\.[0-9]*)?";
    const UNITS: [&str; 5] = ["h", "m", "s", "ms", "us"];
    let mut forms = vec![NUMBER.to_owned()];
    for (index, unit) in UNITS.iter().enumerate() {
        let rest = UNITS[index + 1..].iter();
        let rest: String = rest.map(|unit| format!("({NUMBER}{unit})?")).collect();
        forms.push(format!("{NUMBER}{unit}{rest}"));
    }
    format!("^({})$", forms.join("|"))
}

/// All signals as people write them: in capitals, or all small.
fn signals() -> String {
    let names = Signal::all().filter(|signal| !signal.is_realtime());
    let names: Vec<String> = names
        .map(|signal| signal.to_string()[3..].to_owned())
        .collect();
    let all = format!(
        "{}|IOT|CLD|POLL|UNUSED|RTMIN(\\+[0-9]+)?|RTMAX(-[0-9]+)?",
        names.join("|")
    );
    let small = all.to_lowercase();
    format!("^(SIG)?({all})$|^(sig)?({small})$|^[0-9]{{1,2}}$")
}
