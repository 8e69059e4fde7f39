//! Puts variables into texts: `${NAME}`, with what to do where there is none, as Compose does.

use std::borrow::Cow;
use std::ops::Range;

/// Defaults in defaults are not nested deeper.
const DEEPEST: usize = 8;

const ACCEPTED: &str = "accepted: ${NAME}, ${NAME:-default}, ${NAME:?message}; $$ is a dollar sign";

/// What is wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Where in the text.
    pub(super) at: Range<usize>,
    /// It holds nothing of the text but names of variables: the rest may be a secret.
    pub(super) message: String,
    pub(super) hint: String,
}

/// Looks variables up, and keeps within its means.
pub(super) struct Filler<'a> {
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// So many bytes may still come from variables.
    pub(super) left: usize,
}

impl Filler<'_> {
    /// The text with its variables put in.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn fill<'t>(&mut self, text: Cow<'t, str>) -> Result<Cow<'t, str>, Fault> {
        if !text.contains('$') {
            return Ok(text);
        }
        self.part(&text, 0..text.len(), 0).map(Cow::Owned)
    }

    fn part(&mut self, text: &str, range: Range<usize>, depth: usize) -> Result<String, Fault> {
        let mut filled = String::new();
        let mut at = range.start;
        while let Some(dollar) = text[at..range.end].find('$') {
            filled.push_str(&text[at..at + dollar]);
            at += dollar;
            let rest = &text[at..range.end];
            if rest.starts_with("$$") {
                filled.push('$');
                at += 2;
            } else if rest.starts_with("${") {
                let end = end(rest).ok_or_else(|| Fault {
                    at: at..range.end,
                    message: "`${` without its `}`".into(),
                    hint: ACCEPTED.into(),
                })?;
                filled.push_str(&self.variable(text, at..at + end, depth)?);
                at += end;
            } else {
                // Without braces it is none of ours: a shell's, perhaps.
                filled.push('$');
                at += 1;
            }
        }
        filled.push_str(&text[at..range.end]);
        Ok(filled)
    }

    /// `at` is where `${…}` is.
    fn variable(&mut self, text: &str, at: Range<usize>, depth: usize) -> Result<String, Fault> {
        let inner = at.start + 2..at.end - 1;
        let inside = &text[inner.clone()];
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = inside.find(|c| !is_part(c)).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(length);
        let fault = |message: String, hint: &str| Fault {
            at: at.clone(),
            message,
            hint: hint.to_owned(),
        };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || depth > DEEPEST {
            return Err(fault("this is no variable".into(), ACCEPTED));
        }
        let value = (self.variable)(name);
        // With the colon an empty one counts as none (POSIX, 2.6.2 Parameter Expansion).
        let (value, rest) = match rest.strip_prefix(':') {
            Some(rest) => (value.filter(|value| !value.is_empty()), rest),
            None => (value, rest),
        };
        let has_colon = inside.len() > length + rest.len();
        let behind = inner.end - rest.len() + 1..inner.end;
        let value = match (rest.chars().next(), value) {
            (None, Some(value)) if !has_colon => value,
            (None, None) if !has_colon => {
                let hint = format!("set it, or say what else: ${{{name}:-default}}");
                return Err(fault(format!("the variable {name} is not set"), &hint));
            }
            (Some('-' | '?'), Some(value)) => value,
            (Some('-'), None) => return self.part(text, behind, depth + 1),
            (Some('?'), None) => {
                return Err(fault(
                    format!("the variable {name} is not set"),
                    &text[behind],
                ));
            }
            _ => {
                let hint = format!("{ACCEPTED}, also where it is meant for a shell");
                return Err(fault("this is no way to use a variable".into(), &hint));
            }
        };
        self.left = match self.left.checked_sub(value.len()) {
            Some(left) => left,
            None => {
                let hint = "so much text is no configuration";
                return Err(fault("the variables are too long, all in all".into(), hint));
            }
        };
        Ok(value)
    }
}

/// Where `${…}` ends, with which the text begins; those inside of it are passed over.
fn end(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                open += 1;
                at += 1;
            }
            b'$' if bytes.get(at + 1) == Some(&b'$') => at += 1,
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, Fault> {
        let variable = |name: &str| match name {
            "PORT" => Some("80".to_owned()),
            "EMPTY" => Some(String::new()),
            "LONG" => Some("x".repeat(60)),
            _ => None,
        };
        let mut filler = Filler {
            variable: &variable,
            left: 100,
        };
        filler.fill(Cow::Borrowed(text)).map(Cow::into_owned)
    }

    #[test]
    fn variables_are_put_in() {
        let cases = [
            ("plain", "plain"),
            (":${PORT}/", ":80/"),
            ("${PORT}${PORT}", "8080"),
            ("a$$b $${PORT} $x $", "a$b ${PORT} $x $"),
            ("${X:-1}${X-2}${EMPTY:-3}[${EMPTY-4}]", "123[]"),
            ("${X:-a ${Y:-${PORT}} }", "a 80 "),
            ("${X:-}", ""),
            ("${PORT:?no}${EMPTY?no}", "80"),
            ("${X:-$$}", "$"),
        ];
        for (text, filled) in cases {
            assert_eq!(fill(text).as_deref(), Ok(filled), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let cases = [
            ("a ${X} b", 2..6, "the variable X is not set"),
            ("${X:?ask the admin}", 0..19, "the variable X is not set"),
            ("${EMPTY:?x}", 0..11, "the variable EMPTY is not set"),
            ("a ${X", 2..5, "`${` without its `}`"),
            ("${}", 0..3, "this is no variable"),
            ("${1}", 0..4, "this is no variable"),
            ("${PORT%x}", 0..9, "this is no way to use a variable"),
            ("${PORT:}", 0..8, "this is no way to use a variable"),
            ("${X:-${Y}}", 5..9, "the variable Y is not set"),
            (
                "${LONG}${LONG}",
                7..14,
                "the variables are too long, all in all",
            ),
        ];
        for (text, at, message) in cases {
            let fault = fill(text).unwrap_err();
            assert_eq!((fault.at, fault.message.as_str()), (at, message), "{text}");
        }
        assert_eq!(
            fill("${X:?ask the admin}").unwrap_err().hint,
            "ask the admin"
        );
        let deep = format!("{}{}", "${X:-".repeat(5000), "}".repeat(5000));
        assert_eq!(fill(&deep).unwrap_err().message, "this is no variable");
    }
}
