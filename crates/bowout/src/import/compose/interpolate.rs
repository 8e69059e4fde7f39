//! Reads the variables of a Compose file: `$NAME`, `${NAME:-default}` and the like, and `$$`.

use super::super::document::{Remark, missing};
use super::super::template::{Atom, Otherwise, Template};

/// A text with its variables, and what of them can't be said in bowout.toml.
///
/// # Errors
/// A `$` that Compose does not take either.
pub(crate) fn read(text: &str) -> Result<(Template, Vec<Remark>), String> {
    let mut reader = Reader {
        rest: text,
        remarks: Vec::new(),
    };
    let template = reader.template(0)?;
    Ok((template, reader.remarks))
}

/// The deepest that a default may stand in a default; bowout.toml has the same limit.
const DEEPEST: usize = 8;

struct Reader<'a> {
    rest: &'a str,
    remarks: Vec<Remark>,
}

impl Reader<'_> {
    /// All up to the end, or inside of braces up to the one that closes them.
    fn template(&mut self, depth: usize) -> Result<Template, String> {
        let mut template = Template::default();
        while let Some(c) = self.rest.chars().next() {
            if depth > 0 && c == '}' {
                break;
            }
            self.rest = &self.rest[c.len_utf8()..];
            if c != '$' {
                template.push(Atom::Char(c));
                continue;
            }
            if let Some(rest) = self.rest.strip_prefix('$') {
                self.rest = rest;
                template.push(Atom::Char('$'));
            } else if let Some(rest) = self.rest.strip_prefix('{') {
                self.rest = rest;
                self.braced(&mut template, depth + 1)?;
            } else {
                let name = self.name()?;
                template.push(or_empty(name));
            }
        }
        Ok(template)
    }

    fn name(&mut self) -> Result<String, String> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("a $ is followed by no name; accepted: $NAME, ${NAME:-default}, and $$ for a dollar sign".into());
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn braced(&mut self, template: &mut Template, depth: usize) -> Result<(), String> {
        const OPEN: &str =
            "a ${ is not closed; accepted: ${NAME}, ${NAME:-default}, ${NAME:?error}";
        if depth > DEEPEST {
            return Err("a ${ is inside of too many others".into());
        }
        let name = self.name()?;
        let with_colon = self.rest.starts_with(':');
        let rest = self.rest.trim_start_matches(':');
        let operator = rest.chars().next();
        let otherwise = match (operator, with_colon) {
            (Some('}'), false) => None,
            (Some('-'), true) => Some(Otherwise::Default),
            (Some('-'), false) => Some(Otherwise::DefaultIfUnset),
            (Some('?'), true) => Some(Otherwise::Error),
            (Some('?'), false) => Some(Otherwise::ErrorIfUnset),
            (Some('+'), _) => None,
            (Some(_) | None, _) => return Err(OPEN.into()),
        };
        let mut word = Template::default();
        if operator != Some('}') {
            self.rest = &rest[1..];
            word = self.template(depth)?;
        }
        self.rest = self.rest.strip_prefix('}').ok_or(OPEN)?;
        match otherwise {
            Some(otherwise) => template.push(Atom::Variable {
                name,
                otherwise: Some((otherwise, word)),
            }),
            None if operator == Some('+') => self.remarks.push(missing(
                format!(
                    "${{{name}{}+{}}}",
                    if with_colon { ":" } else { "" },
                    word.written()
                ),
                "bowout.toml has no such form; nothing stands there now",
            )),
            None => template.push(or_empty(name)),
        }
        Ok(())
    }
}

/// A variable that is nothing where it is not set, as Compose has it.
fn or_empty(name: String) -> Atom {
    Atom::Variable {
        name,
        otherwise: Some((Otherwise::Default, Template::default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, expected, lost) in [
            ("a $B c", "a ${B:-} c", 0),
            ("${B}-x", "${B:-}-x", 0),
            ("${B:-d e}", "${B:-d e}", 0),
            ("${B-d}", "${B-d}", 0),
            ("${B:?must be set}", "${B:?must be set}", 0),
            ("${B?must be set}", "${B?must be set}", 0),
            ("x${B:+y}z", "xz", 1),
            ("${A:-${B:-c}}", "${A:-${B:-c}}", 0),
            ("$$HOME $${X} 5$$", "$HOME $${X} 5$", 0),
            ("no dollars", "no dollars", 0),
        ] {
            let (template, remarks) = read(text).unwrap();
            assert_eq!(template.written(), expected, "{text}");
            assert_eq!(remarks.len(), lost, "{text}");
        }
    }

    #[test]
    fn what_compose_refuses_is_refused() {
        for text in [
            "$",
            "$(id)",
            "$1",
            "${",
            "${}",
            "${A",
            "${A:",
            "${A:=x}",
            "${A!}",
            "${A:-${B}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"${A:-".repeat(1000)).is_err());
    }
}
