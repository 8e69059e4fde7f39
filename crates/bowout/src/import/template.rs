//! Keeps texts in which some parts are variables, until they are written the way bowout.toml says it.

/// A text with variables in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Template {
    atoms: Vec<Atom>,
}

/// The smallest part of a text: a variable is never cut in two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Atom {
    /// A character that stands for itself.
    Char(char),
    /// The value of a variable of bowout's own environment.
    Variable {
        /// Its name.
        name: String,
        /// What stands there where it is not set; `None`: that is an error.
        otherwise: Option<(Otherwise, Template)>,
    },
}

/// What the text behind a variable's name is for. With the colon an empty variable counts as one that is
/// not set (POSIX, 2.6.2 Parameter Expansion).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Otherwise {
    /// `${NAME:-default}`.
    Default,
    /// `${NAME-default}`.
    DefaultIfUnset,
    /// `${NAME:?message}`.
    Error,
    /// `${NAME?message}`.
    ErrorIfUnset,
}

impl Otherwise {
    fn operator(self) -> &'static str {
        match self {
            Otherwise::Default => ":-",
            Otherwise::DefaultIfUnset => "-",
            Otherwise::Error => ":?",
            Otherwise::ErrorIfUnset => "?",
        }
    }
}

impl Template {
    /// A text without variables.
    pub(crate) fn literal(text: &str) -> Template {
        Template {
            atoms: text.chars().map(Atom::Char).collect(),
        }
    }

    /// Puts one more part at the end.
    pub(crate) fn push(&mut self, atom: Atom) {
        self.atoms.push(atom);
    }

    /// Puts a text at the end.
    pub(crate) fn push_str(&mut self, text: &str) {
        self.atoms.extend(text.chars().map(Atom::Char));
    }

    /// Puts another one at the end.
    pub(crate) fn extend(&mut self, other: &Template) {
        self.atoms.extend(other.atoms.iter().cloned());
    }

    /// The parts.
    pub(crate) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// The text, where it has no variables.
    pub(crate) fn plain(&self) -> Option<String> {
        self.atoms
            .iter()
            .map(|atom| match atom {
                Atom::Char(c) => Some(*c),
                Atom::Variable { .. } => None,
            })
            .collect()
    }

    /// Without space at both ends.
    pub(crate) fn trimmed(&self) -> Template {
        let is_space = |atom: &Atom| matches!(atom, Atom::Char(c) if c.is_whitespace());
        let from = self.atoms.iter().position(|atom| !is_space(atom));
        let to = self.atoms.iter().rposition(|atom| !is_space(atom));
        Template {
            atoms: match (from, to) {
                (Some(from), Some(to)) => self.atoms[from..=to].to_vec(),
                (None, _) | (_, None) => Vec::new(),
            },
        }
    }

    /// With a space for each run of space that has a line break in it.
    pub(crate) fn on_one_line(&self) -> Template {
        let is_space = |atom: &Atom| matches!(atom, Atom::Char(c) if c.is_whitespace());
        let mut line = Template::default();
        for run in self
            .trimmed()
            .atoms
            .chunk_by(|a, b| is_space(a) == is_space(b))
        {
            match run.contains(&Atom::Char('\n')) && run.iter().all(is_space) {
                true => line.push(Atom::Char(' ')),
                false => line.atoms.extend_from_slice(run),
            }
        }
        line
    }

    /// What bowout.toml says for it: `${NAME}`, `${NAME:-default}`, and `$$` for a `$` that would be read
    /// as one of these.
    pub(crate) fn written(&self) -> String {
        let mut text = String::new();
        let mut atoms = self.atoms.iter().peekable();
        while let Some(atom) = atoms.next() {
            match atom {
                Atom::Char('$') => {
                    text.push('$');
                    // `$HOME` is left alone by the reader; `$$` and `${` are not.
                    if matches!(
                        atoms.peek(),
                        Some(Atom::Char('$' | '{') | Atom::Variable { .. })
                    ) {
                        text.push('$');
                    }
                }
                Atom::Char(c) => text.push(*c),
                Atom::Variable { name, otherwise } => {
                    text.push_str("${");
                    text.push_str(name);
                    if let Some((otherwise, word)) = otherwise {
                        text.push_str(otherwise.operator());
                        text.push_str(&word.written());
                    }
                    text.push('}');
                }
            }
        }
        text
    }

    /// Splits it into words as a POSIX shell does, and does nothing else of what a shell does.
    ///
    /// # Errors
    /// A quote that is not closed, or a backslash at the end.
    pub(crate) fn words(&self) -> Result<Vec<Template>, &'static str> {
        let mut words = Vec::new();
        let mut word: Option<Template> = None;
        let mut quote = None;
        let mut atoms = self.atoms.iter();
        while let Some(atom) = atoms.next() {
            match (quote, atom) {
                (Some(open), Atom::Char(c)) if *c == open => quote = None,
                (None, Atom::Char(c @ ('\'' | '"'))) => {
                    quote = Some(*c);
                    _ = word.get_or_insert_default();
                }
                (None, Atom::Char('\\')) => match atoms.next() {
                    Some(atom) => word.get_or_insert_default().push(atom.clone()),
                    None => return Err("it ends with a backslash"),
                },
                (Some('"'), Atom::Char('\\')) => {
                    let next = atoms.next().ok_or("a quote is not closed")?;
                    let word = word.get_or_insert_default();
                    // Inside of double quotes a backslash takes its meaning from these only.
                    if !matches!(next, Atom::Char('"' | '\\' | '$' | '`')) {
                        word.push(Atom::Char('\\'));
                    }
                    word.push(next.clone());
                }
                (None, Atom::Char(c)) if c.is_whitespace() => words.extend(word.take()),
                (_, atom) => word.get_or_insert_default().push(atom.clone()),
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed");
        }
        words.extend(word);
        Ok(words)
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Template {
        Template::literal(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, default: Option<&str>) -> Template {
        Template {
            atoms: vec![Atom::Variable {
                name: name.into(),
                otherwise: default.map(|text| (Otherwise::Default, Template::literal(text))),
            }],
        }
    }

    #[test]
    fn words_are_those_of_a_shell() {
        let split = |text: &str| {
            Template::literal(text)
                .words()
                .map(|words| words.iter().filter_map(Template::plain).collect::<Vec<_>>())
        };
        assert_eq!(split("a  'b c' \"d\\\"e\" f\\ g"), {
            Ok(vec!["a".into(), "b c".into(), "d\"e".into(), "f g".into()])
        });
        assert_eq!(
            split("'' a\nb"),
            Ok(vec!["".into(), "a".into(), "b".into()])
        );
        assert_eq!(split("\"a\\nb\""), Ok(vec!["a\\nb".into()]));
        assert_eq!(split(""), Ok(vec![]));
        assert!(split("a 'b").is_err() && split("a\\").is_err() && split("\"a\\").is_err());
    }

    #[test]
    fn a_variable_is_one_word_whatever_is_in_it() {
        let mut text = Template::literal("run --to=");
        text.extend(&variable("TO", Some("a b")));
        let words = text.words().unwrap();
        assert_eq!(words.len(), 2);
        assert_eq!(words[1].written(), "--to=${TO:-a b}");
        assert_eq!(words[1].plain(), None);
    }

    #[test]
    fn a_dollar_that_is_no_variable_stays_one() {
        assert_eq!(Template::literal("$HOME $(id)").written(), "$HOME $(id)");
        assert_eq!(Template::literal("${HOME} $$").written(), "$${HOME} $$$");
        let mut text = Template::literal("$");
        text.extend(&variable("X", None));
        assert_eq!(text.written(), "$$${X}");
    }

    #[test]
    fn trimming_leaves_the_inside_alone() {
        assert_eq!(Template::literal(" a b\n").trimmed().written(), "a b");
        assert_eq!(Template::literal("  ").trimmed().written(), "");
        let text = Template::literal("\na  b \n  c\n");
        assert_eq!(text.on_one_line().written(), "a  b c");
    }
}
