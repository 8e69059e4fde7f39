//! Knows the command line of the init under test.

use std::env;
use std::path::Path;

use crate::binaries::bowout;

/// An init and its options, as a command line before the command.
#[derive(Clone, Debug)]
pub struct Init {
    program: Vec<String>,
    separator: bool,
}

impl Init {
    /// The init that `INIT_UNDER_TEST` names, or else `bowout-init --`.
    #[must_use]
    pub fn under_test() -> Self {
        match env::var("INIT_UNDER_TEST") {
            Ok(line) => Self::parse(&line),
            Err(_) => Self::bowout(),
        }
    }

    /// The static `bowout-init --`.
    #[must_use]
    pub fn bowout() -> Self {
        let program = vec![bowout("bowout-init").display().to_string()];
        Self {
            program,
            separator: true,
        }
    }

    /// An init by its command line; a last word `--` is its separator.
    ///
    /// # Panics
    /// If a quote is left open.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let mut program = split(line);
        let separator = program.last().is_some_and(|word| word == "--");
        if separator {
            program.pop();
        }
        Self { program, separator }
    }

    /// The whole command line for a command.
    #[must_use]
    pub fn command_line(&self, options: &[String], command: &[String]) -> Vec<String> {
        let separator = self.separator.then(|| "--".to_owned());
        self.program
            .iter()
            .chain(options)
            .chain(&separator)
            .chain(command)
            .cloned()
            .collect()
    }

    /// The same init without a `--` between its options and the command.
    #[must_use]
    pub fn without_separator(&self) -> Self {
        Self {
            program: self.program.clone(),
            separator: false,
        }
    }

    /// The same init with the flags that make it say the most, where these are known.
    #[must_use]
    pub fn talkative(&self) -> Self {
        let mut talkative = self.clone();
        let flags: &[&str] = match self.name() {
            "tini" | "tini-static" | "docker-init" => &["-vvv", "-w"],
            "dumb-init" | "bowout-init" => &["-v"],
            _ => &[],
        };
        talkative
            .program
            .extend(flags.iter().map(|&flag| flag.to_owned()));
        talkative
    }

    /// Whether there is no init at all: the command itself is PID 1.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.program.is_empty()
    }

    fn name(&self) -> &str {
        let program = self.program.first().map_or("", String::as_str);
        Path::new(program)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("")
    }
}

/// Splits as a shell does, with single and double quotes and nothing else.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (_, _) => word.get_or_insert_default().push(character),
        }
    }
    assert!(quote.is_none(), "INIT_UNDER_TEST has an open quote: {line}");
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_separator_stays_last() {
        let init = Init::parse("tini -g --");
        let line = init.command_line(&["-v".into()], &["true".into()]);
        assert_eq!(line, ["tini", "-g", "-v", "--", "true"]);
        let line = init.without_separator().command_line(&[], &["true".into()]);
        assert_eq!(line, ["tini", "-g", "true"]);
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(split("a 'b c'  \"d 'e\" ''"), ["a", "b c", "d 'e", ""]);
    }
}
