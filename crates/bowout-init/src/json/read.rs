//! Reads JSON, without a tree of it: a value is the part of the text where it stands, and is looked at again
//! by whoever wants to know more. A line of a stranger costs its reader no memory.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Lists and objects are not nested deeper: what walks them walks its stack.
const DEEPEST: u32 = 128;

/// What can be read from JSON.
pub(crate) trait Read {
    /// Reads it. Where something else stands, that is noted, and anything is returned.
    fn read(slot: Slot<'_, '_>) -> Self;
}

/// Reads a text that is one value.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read<T: Read>(text: &[u8]) -> Result<T, Wrong> {
    let value = Value::of(text).map_err(|place| Wrong {
        field: "",
        fault: Fault::Syntax(place),
    })?;
    let mut wrong = None;
    let read = T::read(Slot {
        name: "",
        value: Some(value),
        wrong: &mut wrong,
    });
    wrong.map_or(Ok(read), Err)
}

/// What is wrong with a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    /// The field that it is about; empty: the whole.
    field: &'static str,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// From this byte on it is no JSON.
    Syntax(usize),
    Missing,
    Twice,
    /// It is not this.
    Expected(&'static str),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        match self.fault {
            Fault::Syntax(place) => write!(f, "no JSON from byte {} on", place + 1),
            Fault::Missing => f.write_str("missing"),
            Fault::Twice => f.write_str("there twice"),
            Fault::Expected(expected) => write!(f, "expected {expected}"),
        }
    }
}

/// Where a value is expected.
pub(crate) struct Slot<'a, 's> {
    name: &'static str,
    /// What stands there.
    pub(crate) value: Option<Value<'a>>,
    /// The first thing that was wrong, anywhere.
    wrong: &'s mut Option<Wrong>,
}

impl<'a> Slot<'a, '_> {
    /// Reads what stands here, if `read` can make something of it.
    pub(crate) fn take<T: Default>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> T {
        let taken = self.value.and_then(read);
        if taken.is_none() {
            self.refuse(expected);
        }
        taken.unwrap_or_default()
    }

    /// Notes that something else stands here.
    pub(crate) fn refuse(&mut self, expected: &'static str) {
        self.note(match self.value {
            Some(_) => Fault::Expected(expected),
            None => Fault::Missing,
        });
    }

    fn note(&mut self, fault: Fault) {
        let field = self.name;
        self.wrong.get_or_insert(Wrong { field, fault });
    }

    /// Reads a field of the object that stands here.
    pub(crate) fn field<T: Read>(&mut self, name: &'static str) -> T {
        T::read(self.slot(name))
    }

    /// As [`Slot::field`], of one that may be left out.
    pub(crate) fn field_or_default<T: Read + Default>(&mut self, name: &'static str) -> T {
        let slot = self.slot(name);
        match slot.value {
            Some(_) => T::read(slot),
            None => T::default(),
        }
    }

    fn slot(&mut self, name: &'static str) -> Slot<'a, '_> {
        let fields = self.value.and_then(Value::fields);
        if fields.is_none() {
            self.refuse("an object");
        }
        let is_it = |there: Value<'_>| there.text().is_some_and(|there| there == name);
        let fields = fields.into_iter().flatten();
        let mut found = fields.filter(|(there, _)| is_it(*there));
        let value = found.next().map(|(_, value)| value);
        let wrong = &mut *self.wrong;
        let mut slot = Slot { name, value, wrong };
        if found.next().is_some() {
            slot.note(Fault::Twice);
        }
        slot
    }
}

/// A value, as it stands in a text that was looked through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// Looks through a text that is one value; if it is none, it says up to which byte it could be one.
    pub(super) fn of(text: &'a [u8]) -> Result<Value<'a>, usize> {
        let text = std::str::from_utf8(text).map_err(|error| error.valid_up_to())?;
        let mut walk = Walk { text, place: 0 };
        let value = walk.value(DEEPEST);
        walk.blanks();
        let is_all = walk.place == text.len();
        value.filter(|_| is_all).ok_or(walk.place)
    }

    /// Whether it is `null`.
    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(super) fn switch(self) -> Option<bool> {
        self.0.parse().ok()
    }

    /// The whole number that it is.
    pub(crate) fn number<T: FromStr>(self) -> Option<T> {
        self.0.parse().ok()
    }

    /// The text that it is, without quotes and escapes.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let mut rest = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if !rest.contains('\\') {
            return Some(Cow::Borrowed(rest));
        }
        let mut text = String::with_capacity(rest.len());
        while let Some((plain, escaped)) = rest.split_once('\\') {
            text.push_str(plain);
            let (letter, behind) = unescaped(escaped)?;
            text.push(letter);
            rest = behind;
        }
        text.push_str(rest);
        Some(Cow::Owned(text))
    }

    /// As [`Value::text`], to keep.
    pub(crate) fn owned(self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }

    /// What stands in the list that it is.
    pub(super) fn items(self) -> Option<impl Iterator<Item = Value<'a>>> {
        let text = self.0.strip_prefix('[')?;
        let mut walk = Walk { text, place: 0 };
        Some(std::iter::from_fn(move || {
            let item = walk.value(DEEPEST)?;
            walk.sign(b',');
            Some(item)
        }))
    }

    /// The names and values of the object that it is.
    pub(super) fn fields(self) -> Option<impl Iterator<Item = (Value<'a>, Value<'a>)>> {
        let text = self.0.strip_prefix('{')?;
        let mut walk = Walk { text, place: 0 };
        Some(std::iter::from_fn(move || {
            let field = walk.field(DEEPEST)?;
            walk.sign(b',');
            Some(field)
        }))
    }
}

/// The letter whose escape stands here, behind its backslash, and what is behind it.
fn unescaped(text: &str) -> Option<(char, &str)> {
    let letter = match text.chars().next()? {
        'u' => return from_units(text),
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        itself => itself,
    };
    Some((letter, text.get(1..)?))
}

/// As [`unescaped`], from `u` and four digits, or from two of these where one is not enough (UTF-16).
fn from_units(text: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(text)?;
    if let Some(letter) = char::from_u32(u32::from(first)) {
        return Some((letter, rest));
    }
    let (second, rest) = unit(rest.strip_prefix('\\')?)?;
    let letter = char::decode_utf16([first, second]).next()?.ok()?;
    Some((letter, rest))
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.strip_prefix('u')?.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

/// Walks through a text, and stops where it is no JSON.
struct Walk<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    fn pass(&mut self, wanted: impl Fn(u8) -> bool) -> Option<()> {
        self.peek().filter(|byte| wanted(*byte))?;
        self.place += 1;
        Some(())
    }

    fn blanks(&mut self) {
        while self.pass(|byte| b" \t\r\n".contains(&byte)).is_some() {}
    }

    /// Passes a sign that may have blanks in front.
    fn sign(&mut self, sign: u8) -> Option<()> {
        self.blanks();
        self.pass(|byte| byte == sign)
    }

    /// Passes a value with so many levels at most.
    fn value(&mut self, levels: u32) -> Option<Value<'a>> {
        self.blanks();
        let start = self.place;
        match self.peek()? {
            b'"' => self.string()?,
            b'{' => self.many(b'}', levels, |walk, levels| walk.field(levels).map(drop))?,
            b'[' => self.many(b']', levels, |walk, levels| walk.value(levels).map(drop))?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.place).map(Value)
    }

    /// Passes what stands between brackets, with commas between.
    fn many(
        &mut self,
        end: u8,
        levels: u32,
        one: impl Fn(&mut Walk<'a>, u32) -> Option<()>,
    ) -> Option<()> {
        let levels = levels.checked_sub(1)?;
        self.place += 1;
        if self.sign(end).is_some() {
            return Some(());
        }
        loop {
            one(self, levels)?;
            if self.sign(b',').is_none() {
                return self.sign(end);
            }
        }
    }

    fn field(&mut self, levels: u32) -> Option<(Value<'a>, Value<'a>)> {
        self.blanks();
        let start = self.place;
        self.string()?;
        let name = self.text.get(start..self.place).map(Value)?;
        self.sign(b':')?;
        Some((name, self.value(levels)?))
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.place..)?.strip_prefix(word)?;
        self.place += word.len();
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.pass(|byte| byte == b'"')?;
        while self.pass(|byte| byte == b'"').is_none() {
            if self.pass(|byte| byte == b'\\').is_none() {
                self.pass(|byte| byte >= b' ')?;
            } else if self.pass(|byte| byte == b'u').is_some() {
                for _ in 0..4 {
                    self.pass(|byte| byte.is_ascii_hexdigit())?;
                }
            } else {
                self.pass(|byte| b"\"\\/bfnrt".contains(&byte))?;
            }
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        _ = self.pass(|byte| byte == b'-');
        if self.pass(|byte| byte == b'0').is_none() {
            self.digits()?;
        }
        if self.pass(|byte| byte == b'.').is_some() {
            self.digits()?;
        }
        if self.pass(|byte| matches!(byte, b'e' | b'E')).is_some() {
            _ = self.pass(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Some(())
    }

    /// Passes digits; at least one.
    fn digits(&mut self) -> Option<()> {
        self.pass(|byte| byte.is_ascii_digit())?;
        while self.pass(|byte| byte.is_ascii_digit()).is_some() {}
        Some(())
    }
}

impl Read for bool {
    fn read(mut slot: Slot<'_, '_>) -> bool {
        slot.take("true or false", Value::switch)
    }
}

impl Read for String {
    fn read(mut slot: Slot<'_, '_>) -> String {
        slot.take("a string", Value::owned)
    }
}

impl<T: ToOwned<Owned: Read> + ?Sized> Read for Cow<'_, T> {
    fn read(slot: Slot<'_, '_>) -> Self {
        Cow::Owned(T::Owned::read(slot))
    }
}

macro_rules! number {
    ($($type:ty),+) => {$(
        impl Read for $type {
            fn read(mut slot: Slot<'_, '_>) -> $type {
                slot.take("a whole number", Value::number)
            }
        }
    )+};
}

number!(u8, u32, u64, i32, usize);

impl<T: Read> Read for Box<T> {
    fn read(slot: Slot<'_, '_>) -> Self {
        Box::new(T::read(slot))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(slot: Slot<'_, '_>) -> Self {
        let is_there = slot.value.is_some_and(|value| !value.is_null());
        is_there.then(|| T::read(slot))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(mut slot: Slot<'_, '_>) -> Self {
        let Some(items) = slot.value.and_then(Value::items) else {
            slot.refuse("an array");
            return Vec::new();
        };
        let item = |value| {
            T::read(Slot {
                value: Some(value),
                name: slot.name,
                wrong: slot.wrong,
            })
        };
        items.map(item).collect()
    }
}
