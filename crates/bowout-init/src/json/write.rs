//! Writes JSON.

use bowout_core::{Signal, Status};
use std::borrow::Cow;
use std::fmt::Write as _;

/// What can be written as JSON.
pub(crate) trait Write {
    /// Appends it.
    fn write(&self, to: &mut String);

    /// Whether it says nothing, so that its field can be left out.
    fn is_nothing(&self) -> bool {
        false
    }
}

/// A value as a text.
pub(crate) fn text(value: &dyn Write) -> String {
    let mut text = String::new();
    value.write(&mut text);
    text
}

/// A value on a line of its own, with its end.
pub(crate) fn line(value: &dyn Write) -> String {
    text(value) + "\n"
}

/// Writes an object of these fields.
pub(crate) fn object(to: &mut String, names: &[&str], values: &[&dyn Write]) {
    fields(to, names, values, |_| true);
}

/// Writes an object of those of these fields that say something.
pub(crate) fn object_of_given(to: &mut String, names: &[&str], values: &[&dyn Write]) {
    fields(to, names, values, |value| !value.is_nothing());
}

fn fields(
    to: &mut String,
    names: &[&str],
    values: &[&dyn Write],
    is_wanted: fn(&dyn Write) -> bool,
) {
    let mut front = '{';
    for (name, value) in names.iter().zip(values) {
        if is_wanted(*value) {
            to.push(front);
            name.write(to);
            to.push(':');
            value.write(to);
            front = ',';
        }
    }
    to.push_str(if front == '{' { "{}" } else { "}" });
}

impl Write for str {
    fn write(&self, to: &mut String) {
        to.push('"');
        let mut rest = self;
        let is_special = |byte| byte < b' ' || byte == b'"' || byte == b'\\';
        while let Some(place) = rest.bytes().position(is_special) {
            to.push_str(&rest[..place]);
            match rest.as_bytes()[place] {
                b'"' => to.push_str("\\\""),
                b'\\' => to.push_str("\\\\"),
                b'\n' => to.push_str("\\n"),
                b'\r' => to.push_str("\\r"),
                b'\t' => to.push_str("\\t"),
                0x08 => to.push_str("\\b"),
                0x0c => to.push_str("\\f"),
                control => _ = write!(to, "\\u{control:04x}"),
            }
            rest = &rest[place + 1..];
        }
        to.push_str(rest);
        to.push('"');
    }
}

impl Write for String {
    fn write(&self, to: &mut String) {
        self.as_str().write(to);
    }
}

impl<T: Write + ToOwned + ?Sized> Write for Cow<'_, T> {
    fn write(&self, to: &mut String) {
        T::write(self, to);
    }
}

impl Write for Signal {
    fn write(&self, to: &mut String) {
        _ = write!(to, "\"{self}\"");
    }
}

impl Write for Status {
    fn write(&self, to: &mut String) {
        match self {
            Status::Exited(code) => exited(to, *code),
            Status::Signaled {
                signal,
                core_dumped,
            } => signaled(to, signal, *core_dumped),
        }
    }
}

/// How a process ended, in the one form that it has in reports and over the socket.
pub(crate) fn exited(to: &mut String, code: u8) {
    object(to, &["kind", "code"], &[&"exited", &code]);
}

/// The same, of one that a signal ended.
pub(crate) fn signaled(to: &mut String, signal: &dyn Write, core_dumped: bool) {
    let names = ["kind", "signal", "core_dumped"];
    object(to, &names, &[&"signaled", &signal, &core_dumped]);
}

impl Write for bool {
    fn write(&self, to: &mut String) {
        to.push_str(if *self { "true" } else { "false" });
    }

    fn is_nothing(&self) -> bool {
        !self
    }
}

/// Numbers look as they do everywhere.
macro_rules! number {
    ($($type:ty),+) => {$(
        impl Write for $type {
            fn write(&self, to: &mut String) {
                _ = write!(to, "{self}");
            }
        }
    )+};
}

number!(u8, u32, u64, i32, usize);

impl<T: Write + ?Sized> Write for &T {
    fn write(&self, to: &mut String) {
        T::write(self, to);
    }
}

impl<T: Write> Write for Box<T> {
    fn write(&self, to: &mut String) {
        T::write(self, to);
    }
}

impl<T: Write> Write for Option<T> {
    fn write(&self, to: &mut String) {
        match self {
            Some(value) => value.write(to),
            None => to.push_str("null"),
        }
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self, to: &mut String) {
        let mut front = '[';
        for item in self {
            to.push(front);
            item.write(to);
            front = ',';
        }
        to.push_str(if front == '[' { "[]" } else { "]" });
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}
