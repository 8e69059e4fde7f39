//! Holds what is written and read to what serde_json writes and reads.

use super::*;
use serde_json::Value as Other;

/// Pseudo-random numbers, the same in every run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).unwrap()
    }
}

/// What a value is, by this reader.
fn tree(value: Value<'_>) -> Option<Other> {
    if let Some(text) = value.text() {
        return Some(Other::String(text.into_owned()));
    }
    if let Some(switch) = value.switch() {
        return Some(Other::Bool(switch));
    }
    if let Some(number) = value.number::<u64>() {
        return Some(Other::from(number));
    }
    if let Some(items) = value.items() {
        return items.map(tree).collect();
    }
    if let Some(fields) = value.fields() {
        let fields = fields.map(|(name, value)| Some((name.text()?.into_owned(), tree(value)?)));
        return fields.collect::<Option<_>>().map(Other::Object);
    }
    value.is_null().then_some(Other::Null)
}

#[test]
fn any_text_is_written_as_others_write_it() {
    let all: String = ('\0'..='\u{300}').chain("\u{2028}😀".chars()).collect();
    assert_eq!(text(&all), serde_json::to_string(&all).unwrap());
    for letter in all.chars() {
        let word = format!("{letter}ä{letter}");
        assert_eq!(text(&word), serde_json::to_string(&word).unwrap());
    }
    assert_eq!(text(&""), "\"\"");
}

#[test]
fn an_object_has_all_its_fields_or_those_that_say_something() {
    type Fields = (&'static str, Option<u32>, Vec<&'static str>, bool);
    const NAMES: [&str; 4] = ["name", "pid", "tags", "open"];
    let written = |(name, pid, tags, open): &Fields| {
        let (mut all, mut given) = (String::new(), String::new());
        object(&mut all, &NAMES, &[name, pid, tags, open]);
        object_of_given(&mut given, &NAMES, &[name, pid, tags, open]);
        (all, given)
    };
    let (all, given) = written(&("a", None, vec![], false));
    assert_eq!(all, r#"{"name":"a","pid":null,"tags":[],"open":false}"#);
    assert_eq!(given, r#"{"name":"a"}"#);
    let (all, given) = written(&("", Some(0), vec!["x", "y"], true));
    assert_eq!(all, r#"{"name":"","pid":0,"tags":["x","y"],"open":true}"#);
    assert_eq!(given, all);
    let mut empty = String::new();
    object_of_given(&mut empty, &["a"], &[&false]);
    assert_eq!(empty, "{}");
    assert_eq!(line(&vec![1u8, 2]), "[1,2]\n");
}

#[test]
fn what_is_json_is_what_it_is_to_others() {
    let good = [
        r#"{"a":[1,2,{"b":null}],"c":"x\ny","d":true, "e" : false }"#,
        r#" [ ] "#,
        "\t{\r\n}\n",
        r#""\u0041\u00e4\ud83d\ude00\"\\\/\b\f\n\r\t""#,
        r#""ä😀""#,
        "0",
        "18446744073709551615",
    ];
    for text in good {
        let other: Other = serde_json::from_str(text).unwrap();
        assert_eq!(
            tree(Value::of(text.as_bytes()).unwrap()),
            Some(other),
            "{text}"
        );
    }
    // Numbers are taken whole or not at all.
    for text in [
        "-1",
        "1.5",
        "1e3",
        "-0.1E+2",
        "1E-9",
        "18446744073709551616",
    ] {
        assert!(serde_json::from_str::<Other>(text).is_ok());
        let value = Value::of(text.as_bytes()).unwrap();
        assert_eq!(tree(value), None, "{text}");
    }
    assert_eq!(read::<i32>(b" -12"), Ok(-12));
    assert!(read::<u8>(b"256").is_err());
}

/// Holds both readers to the same; says whether they took the text.
fn compared(text: &[u8]) -> bool {
    let ours = Value::of(text);
    let other = serde_json::from_slice::<Other>(text);
    let shown = text.escape_ascii();
    match (ours, other) {
        (Ok(ours), Ok(other)) => {
            let is_whole = !text.iter().any(|byte| b".-eE".contains(byte));
            assert!(tree(ours) == Some(other) || !is_whole, "{shown}");
            true
        }
        (Err(_), Err(_)) => false,
        // Half of a pair, and a number that nobody can hold, are seen by who wants them.
        (Ok(ours), Err(error)) => {
            let error = error.to_string();
            let is_late = error.contains("surrogate") || error.contains("hex escape");
            let is_late = is_late || error.contains("out of range");
            assert!(tree(ours).is_none() && is_late, "{shown}: {error}");
            false
        }
        (Err(place), Ok(_)) => panic!("{shown}: refused at {place}"),
    }
}

#[test]
fn what_is_almost_json_is_what_it_is_to_others() {
    const PARTS: [&str; 36] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"b\":",
        "1",
        "0",
        "-",
        ".",
        "e",
        "+",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\u{b}",
        "\\u",
        "d83d",
        "00e4",
        "\\n",
        "\u{1f}",
        "ä",
        "\"\"",
        "12",
        "[[",
        "]]",
        "{}",
        "[]",
        "{\"a\":1}",
    ];
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut taken = 0;
    for _ in 0..100_000 {
        let count = 1 + dice.below(9);
        let text: String = (0..count).map(|_| PARTS[dice.below(PARTS.len())]).collect();
        taken += usize::from(compared(text.as_bytes()));
    }
    assert!(taken > 3000, "{taken}");
}

#[test]
fn a_text_with_a_slip_is_what_it_is_to_others() {
    const TEXT: &str = r#"{"verb":"logs","id":"\u00e4\ud83d\ude00","services":["a","b"],"lines":10,"x":[null,{}]}"#;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut taken = 0;
    for _ in 0..50_000 {
        let mut bytes = TEXT.as_bytes().to_vec();
        for _ in 0..=dice.below(2) {
            let place = dice.below(bytes.len());
            match dice.below(3) {
                0 => drop(bytes.remove(place)),
                1 => bytes[place] = u8::try_from(dice.below(256)).unwrap(),
                _ => bytes.insert(place, b"\"\\{}[],:0 u"[dice.below(11)]),
            }
        }
        taken += usize::from(compared(&bytes));
    }
    assert!(taken > 5000, "{taken}");
}

#[test]
fn half_of_a_letter_is_no_text() {
    for text in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\ud83d\ud83d""#,
    ] {
        assert!(serde_json::from_str::<String>(text).is_err());
        assert!(read::<String>(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_of_its_field() {
    #[derive(PartialEq, Debug)]
    struct Outer {
        number: u8,
        switch: bool,
        inner: Option<Inner>,
        list: Vec<Inner>,
    }
    #[derive(PartialEq, Debug)]
    struct Inner {
        text: String,
    }
    readable!(Outer: number, switch, inner, list);
    readable!(Inner: text);
    let inner = |text: &str| Inner { text: text.into() };
    let text = r#"{"list":[{"text":"a"},{"text":"b","more":1}],"numb\u0065r":7,"switch":true}"#;
    assert_eq!(
        read(text.as_bytes()),
        Ok(Outer {
            number: 7,
            switch: true,
            inner: None,
            list: vec![inner("a"), inner("b")],
        })
    );
    let cases = [
        ("[1,]", "no JSON from byte 4 on"),
        ("1 1", "no JSON from byte 3 on"),
        ("[1]", "expected an object"),
        ("{}", "number: missing"),
        (r#"{"number":null}"#, "number: expected a whole number"),
        (r#"{"number":1,"number":1}"#, "number: there twice"),
        (
            r#"{"number":1,"switch":1}"#,
            "switch: expected true or false",
        ),
        (
            r#"{"number":1,"switch":true,"inner":1}"#,
            "inner: expected an object",
        ),
        (r#"{"number":1,"switch":true,"inner":{}}"#, "text: missing"),
        (
            r#"{"number":1,"switch":true,"inner":null}"#,
            "list: missing",
        ),
        (
            r#"{"number":1,"switch":true,"list":{}}"#,
            "list: expected an array",
        ),
        (
            r#"{"number":1,"switch":true,"list":[{"text":1}]}"#,
            "text: expected a string",
        ),
        (
            r#"{"number":1,"switch":true,"list":[null]}"#,
            "list: expected an object",
        ),
    ];
    for (text, wanted) in cases {
        let said = read::<Outer>(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(said, wanted, "{text}");
    }
    let said = read::<String>(b"\"\xff\"").unwrap_err().to_string();
    assert_eq!(said, "no JSON from byte 2 on");
}

#[test]
fn nesting_ends_somewhere() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(Value::of(nested(128).as_bytes()).is_ok());
    assert!(Value::of(nested(129).as_bytes()).is_err());
    assert!(Value::of("{\"a\":".repeat(60_000).as_bytes()).is_err());
}
