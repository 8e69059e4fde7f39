//! Expands `%(name)s` as supervisord does, and leaves the environment's variables to the start.

use super::super::template::{Atom, Template};
use std::collections::BTreeMap;

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    texts: BTreeMap<String, Template>,
    numbers: BTreeMap<String, i64>,
}

impl Names {
    /// A name for a text.
    pub(crate) fn text(&mut self, name: &str, text: impl Into<Template>) {
        self.texts.insert(name.to_owned(), text.into());
    }

    /// A name for a number.
    pub(crate) fn number(&mut self, name: &str, number: i64) {
        self.numbers.insert(name.to_owned(), number);
    }

    /// Puts what names stand for in their place. `%(ENV_X)s` that is not known is a variable of the
    /// environment that bowout is started with.
    ///
    /// # Errors
    /// A name that stands for nothing, or a `%` that is alone.
    pub(crate) fn expand(&self, text: &str) -> Result<Template, String> {
        let mut expanded = Template::default();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('%') {
            expanded.push_str(before);
            if let Some(behind) = behind.strip_prefix('%') {
                expanded.push(Atom::Char('%'));
                rest = behind;
                continue;
            }
            let named = behind
                .strip_prefix('(')
                .and_then(|inside| inside.split_once(')'));
            let Some((name, format)) = named else {
                return Err(
                    "a % stands alone; accepted: %(name)s, and %% for a percent sign".into(),
                );
            };
            let letter = format.find(|c: char| c.is_ascii_alphabetic());
            let Some(letter) = letter.filter(|at| format[..*at].chars().all(is_flag)) else {
                return Err(format!("%({name}) has no s or d behind it"));
            };
            let (flags, conversion) = (&format[..letter], format.as_bytes()[letter]);
            rest = &format[letter + 1..];
            self.put(&mut expanded, name, flags, conversion)?;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn put(
        &self,
        expanded: &mut Template,
        name: &str,
        flags: &str,
        conversion: u8,
    ) -> Result<(), String> {
        let padded = |text: String, is_number| pad(&text, flags, is_number);
        match (self.numbers.get(name), self.texts.get(name), conversion) {
            (Some(number), _, b'd' | b'i' | b'u' | b's') => {
                expanded.push_str(&padded(number.to_string(), conversion != b's'));
            }
            (Some(number), _, b'x') => expanded.push_str(&padded(format!("{number:x}"), true)),
            (Some(number), _, b'X') => expanded.push_str(&padded(format!("{number:X}"), true)),
            (Some(number), _, b'o') => expanded.push_str(&padded(format!("{number:o}"), true)),
            (None, Some(text), b's') => match text.plain() {
                Some(plain) => expanded.push_str(&padded(plain, false)),
                None => expanded.extend(text),
            },
            (None, None, b's') => match name.strip_prefix("ENV_").filter(|name| is_name(name)) {
                Some(variable) => expanded.push(Atom::Variable {
                    name: variable.to_owned(),
                    otherwise: None,
                }),
                None => return Err(self.unknown(name)),
            },
            _ => {
                let conversion = char::from(conversion);
                return Err(format!("%({name}){flags}{conversion} is no form for it"));
            }
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> String {
        let known = self.texts.keys().chain(self.numbers.keys());
        let known: Vec<&str> = known
            .map(String::as_str)
            .filter(|name| !name.starts_with("ENV_"))
            .collect();
        format!(
            "%({name})s stands for nothing; accepted: {}, ENV_NAME",
            known.join(", ")
        )
    }
}

fn is_flag(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '-' | '+' | ' ' | '#' | '.')
}

/// Whether the shell, and bowout.toml, take it for the name of a variable.
pub(crate) fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(good)
}

/// Fills up to the width that stands in the flags, as printf(3) does.
fn pad(text: &str, flags: &str, is_number: bool) -> String {
    /// Nobody numbers processes by more digits.
    const WIDEST: usize = 64;
    let flags = flags.split('.').next().unwrap_or_default();
    let digits = flags.trim_start_matches(['-', '+', ' ', '#', '0']);
    let width = digits.parse().unwrap_or(0).min(WIDEST);
    let zero = flags
        .trim_start_matches(['-', '+', ' ', '#'])
        .starts_with('0');
    match () {
        () if flags.contains('-') => format!("{text:<width$}"),
        () if zero && is_number => match text.strip_prefix('-') {
            Some(digits) => format!("-{digits:0>width$}", width = width.saturating_sub(1)),
            None => format!("{text:0>width$}"),
        },
        () => format!("{text:>width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.text("program_name", "web");
        names.text("ENV_SET", "there");
        names.number("process_num", 7);
        names
    }

    #[test]
    fn forms_are_those_of_python() {
        for (text, expanded) in [
            ("%(program_name)s_%(process_num)02d", "web_07"),
            ("%(process_num)d%%", "7%"),
            (
                "[%(process_num)5d|%(process_num)-3d|%(program_name)5s]",
                "[    7|7  |  web]",
            ),
            ("%(ENV_SET)s/%(ENV_HOME)s", "there/${HOME}"),
            ("%(process_num)s %(process_num)x", "7 7"),
            ("no names", "no names"),
        ] {
            let result = names().expand(text).map(|template| template.written());
            assert_eq!(result.as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn what_can_not_be_expanded_is_told() {
        for text in [
            "100%",
            "%s",
            "%(nobody)s",
            "%(program_name)",
            "%(program_name)d",
            "%(ENV_A-B)s",
            "%(a",
        ] {
            assert!(names().expand(text).is_err(), "{text}");
        }
        let said = names().expand("%(prgram)s").unwrap_err();
        assert!(
            said.contains("accepted: program_name, process_num, ENV_NAME"),
            "{said}"
        );
    }
}
