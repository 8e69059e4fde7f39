//! Reads supervisord's `environment=A="1",B="2"`, whose quoting is that of Python's `shlex`.

use super::super::template::{Atom, Template};

/// The variables, in the order in which they were written; a later one of the same name wins.
///
/// # Errors
/// What can't be read, and what would be accepted.
pub(crate) fn read(text: &Template) -> Result<Vec<(String, Template)>, String> {
    const ACCEPTED: &str = "accepted: A=\"1\",B=\"two words\", with quotes around values that have more than \
                            letters, digits and _/.+-():";
    let tokens = tokens(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
    let mut variables: Vec<(String, Template)> = Vec::new();
    // Name, equals sign, value, and whatever stands there for a comma.
    for pair in tokens.chunks(4) {
        let [name, equals, value, ..] = pair else {
            return Err(format!("it ends inside of a pair; {ACCEPTED}"));
        };
        let name = name
            .plain()
            .filter(|_| equals.plain().as_deref() == Some("="));
        let Some(name) = name.filter(|name| super::super::is_variable(name)) else {
            return Err(format!("there is no = behind a name; {ACCEPTED}"));
        };
        variables.retain(|(there, _)| *there != name);
        variables.push((name, unquoted(value)));
    }
    Ok(variables)
}

/// Words, texts in quotes, and single characters that are neither.
fn tokens(text: &Template) -> Result<Vec<Template>, &'static str> {
    let mut tokens = Vec::new();
    let mut token = Template::default();
    let mut quote = None;
    let mut in_comment = false;
    for atom in text.atoms() {
        let c = match atom {
            Atom::Char(c) => *c,
            // Its value is not known yet; it is a word, or a part of one.
            Atom::Variable { .. } if in_comment => continue,
            Atom::Variable { .. } => {
                token.push(atom.clone());
                continue;
            }
        };
        if in_comment {
            in_comment = c != '\n';
            continue;
        }
        if let Some(open) = quote {
            token.push(atom.clone());
            if c == open {
                quote = None;
                tokens.push(std::mem::take(&mut token));
            }
            continue;
        }
        let is_word = c.is_ascii_alphanumeric() || "_/.+-():".contains(c);
        let is_quote = matches!(c, '\'' | '"');
        if is_word || is_quote && !token.is_empty() {
            // A quote inside of a word is a part of the word.
            token.push(atom.clone());
            continue;
        }
        if !token.is_empty() {
            tokens.push(std::mem::take(&mut token));
        }
        match c {
            '\'' | '"' => {
                token.push(atom.clone());
                quote = Some(c);
            }
            '#' => in_comment = true,
            c if c.is_whitespace() => {}
            _ => {
                token.push(atom.clone());
                tokens.push(std::mem::take(&mut token));
            }
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    Ok(tokens)
}

/// Without the quotes at both ends, however many there are.
fn unquoted(token: &Template) -> Template {
    let is_quote = |atom: &Atom| matches!(atom, Atom::Char('\'' | '"'));
    let atoms = token.atoms();
    let from = atoms.iter().take_while(|atom| is_quote(atom)).count();
    let to = atoms.iter().rev().take_while(|atom| is_quote(atom)).count();
    let mut text = Template::default();
    for atom in atoms.iter().take(atoms.len().saturating_sub(to)).skip(from) {
        text.push(atom.clone());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::expand::Names;
    use super::*;

    fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
        let text = Names::default().expand(text)?;
        let pairs = read(&text)?;
        Ok(pairs
            .into_iter()
            .map(|(name, value)| (name, value.written()))
            .collect())
    }

    #[test]
    fn quoting_is_that_of_supervisord() {
        for (text, expected) in [
            ("A=1,B=two", vec![("A", "1"), ("B", "two")]),
            ("A=\"a, b\",B='x=y'", vec![("A", "a, b"), ("B", "x=y")]),
            ("\nA=\"1\",\n\nB=\"2\",", vec![("A", "1"), ("B", "2")]),
            ("URL=http://host:80/x", vec![("URL", "http://host:80/x")]),
            ("A=\"it's\"", vec![("A", "it's")]),
            ("A=\"\"", vec![("A", "")]),
            (
                "A=%(ENV_A)s,B=\"x %(ENV_B)s y\"",
                vec![("A", "${A}"), ("B", "x ${B} y")],
            ),
            ("A=1,A=2", vec![("A", "2")]),
            ("", vec![]),
        ] {
            let expected: Vec<(String, String)> = expected
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            assert_eq!(pairs(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_supervisord_refuses_is_refused() {
        for text in ["A", "A=", "A=a@b,B=c", "A=\"1", "A B", "A=\"1\" B=\"2\""] {
            assert!(pairs(text).is_err(), "{text}");
        }
    }
}
