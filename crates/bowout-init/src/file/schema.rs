//! Writes the JSON Schema of bowout.toml, for editors, from the lists of keys.

use super::chapter::{Chapter, Part};
use super::key::Shape;
use super::top;
use bowout_core::Signal;
use serde_json::{Map, Value, json};

/// What a text may have instead of what is wanted: nobody knows what a variable brings.
const VARIABLE: &str = r"\$\{";

/// The schema (draft 2020-12).
#[must_use = "makes a value and changes nothing"]
pub fn schema() -> String {
    let mut schema = object(&top::parts(), "");
    let more = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bowout.toml",
        "description": "What bowout runs in a container, and how it is stopped.",
    });
    if let (Value::Object(schema), Value::Object(more)) = (&mut schema, more) {
        schema.extend(more);
    }
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}

/// A table with these keys; `pointer` is where it stands in the schema (RFC 6901).
fn object(chapters: &[Chapter], pointer: &str) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for part in chapters.iter().flat_map(|chapter| &chapter.parts) {
        let place = format!("{pointer}/properties/{}", part.name);
        let mut schema = of(part.shape, &place);
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), description(part).into());
        }
        properties.insert(part.name.to_owned(), schema);
        for alias in part.aliases {
            let alias = (*alias).to_owned();
            let text = format!("Another name for `{}`.", part.name);
            properties.insert(
                alias,
                json!({ "$ref": format!("#{place}"), "description": text }),
            );
        }
        if part.required {
            required.push(part.name);
        }
    }
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if let (Value::Object(object), false) = (&mut object, required.is_empty()) {
        object.insert("required".to_owned(), required.into());
    }
    object
}

fn description(part: &Part) -> String {
    match part.default {
        "" => part.about.to_owned(),
        default => format!("{} Default: {default}.", part.about),
    }
}

fn of(shape: Shape, pointer: &str) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::Pattern("^") => json!({ "type": "string" }),
        Shape::Pattern(pattern) => text(pattern),
        Shape::Duration => text(&duration()),
        Shape::Signal => text(&signals()),
        Shape::Word(words) => json!({ "anyOf": [{ "enum": words }, text("")] }),
        Shape::Switch => json!({ "anyOf": [{ "type": "boolean" }, text("^(true|false)$")] }),
        Shape::Only(value) => json!({ "const": value }),
        Shape::Whole(least, most) => json!({ "anyOf": [
            { "type": "integer", "minimum": least, "maximum": most },
            text("^-?[0-9]+$"),
        ] }),
        Shape::Number => json!({ "type": "number", "minimum": 0 }),
        Shape::List(item) => {
            let items = of(*item, &format!("{pointer}/items"));
            json!({ "type": "array", "items": items })
        }
        Shape::Map(pattern, value) => map(pattern, *value, pointer),
        Shape::SignalMap(value) => map(&signals(), *value, pointer),
        Shape::Either(shapes) => {
            let one =
                |(index, shape): (usize, &Shape)| of(*shape, &format!("{pointer}/anyOf/{index}"));
            let shapes: Vec<Value> = shapes.iter().enumerate().map(one).collect();
            json!({ "anyOf": shapes })
        }
        Shape::Table(parts) => object(&parts(), pointer),
    }
}

/// A text of this pattern, or with a variable in it.
fn text(pattern: &str) -> Value {
    let pattern = match pattern {
        "" => VARIABLE.to_owned(),
        pattern => format!("{pattern}|{VARIABLE}"),
    };
    json!({ "type": "string", "pattern": pattern })
}

fn map(pattern: &str, value: Shape, pointer: &str) -> Value {
    // In a pointer these two letters have a meaning, and in a reference a percent sign has.
    let escaped = pattern
        .replace('~', "~0")
        .replace('/', "~1")
        .replace('%', "%25");
    let value = of(value, &format!("{pointer}/patternProperties/{escaped}"));
    json!({
        "type": "object",
        "patternProperties": { (pattern): value },
        "additionalProperties": false,
    })
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
