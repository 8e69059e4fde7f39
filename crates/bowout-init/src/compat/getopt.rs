//! Takes options from the front of a command line by getopt(3)'s rules, up to the first word that is none.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// One option of a tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Its letter.
    pub(super) letter: char,
    /// Its long name, where it has one.
    pub(super) long: Option<&'static str>,
    /// What its value is called, where it takes one.
    pub(super) value: Option<&'static str>,
    /// What it does, in a line for the help.
    pub(super) help: &'static str,
}

/// A command line that is read from its front.
#[derive(Debug)]
pub(super) struct Line {
    known: &'static [Known],
    words: VecDeque<OsString>,
    /// What is left of a word of several letters.
    letters: VecDeque<u8>,
    /// Whether `--` ended the options.
    pub(super) dashes: bool,
}

impl Line {
    pub(super) fn new(known: &'static [Known], words: Vec<OsString>) -> Line {
        Line {
            known,
            words: words.into(),
            letters: VecDeque::new(),
            dashes: false,
        }
    }

    /// The next option's letter, and its value where it takes one; `None` where options end.
    ///
    /// # Errors
    /// What is wrong with the next word.
    pub(super) fn next(&mut self) -> Result<Option<(char, OsString)>, String> {
        if self.letters.is_empty() {
            let word = self.words.front().map_or(&b""[..], |word| word.as_bytes());
            // A lone dash is a word like any other.
            if !word.starts_with(b"-") || word == b"-" {
                return Ok(None);
            }
            let word = self.words.pop_front().unwrap_or_default().into_vec();
            if word == b"--" {
                self.dashes = true;
                return Ok(None);
            }
            let has_long = self.known.iter().any(|known| known.long.is_some());
            match word.strip_prefix(b"--") {
                Some(name) if has_long => return self.long(name).map(Some),
                Some(_) | None => self.letters = word[1..].iter().copied().collect(),
            }
        }
        self.letter().map(Some)
    }

    /// The words after the options.
    pub(super) fn rest(self) -> Vec<OsString> {
        self.words.into()
    }

    fn letter(&mut self) -> Result<(char, OsString), String> {
        let letter = char::from(self.letters.pop_front().unwrap_or(b'-'));
        let found = self.known.iter().find(|known| known.letter == letter);
        let known = found.ok_or_else(|| format!("-{}: unknown option", letter.escape_default()))?;
        if known.value.is_none() {
            return Ok((letter, OsString::new()));
        }
        // The value is what is left of the word, or the next one, whatever that is.
        let attached: Vec<u8> = self.letters.drain(..).collect();
        let value = match attached.is_empty() {
            false => Some(OsString::from_vec(attached)),
            true => self.words.pop_front(),
        };
        let value = value.ok_or_else(|| format!("-{letter}: a value is missing"))?;
        Ok((letter, value))
    }

    /// A long name may be cut short as long as only one begins so.
    fn long(&mut self, word: &[u8]) -> Result<(char, OsString), String> {
        let mut parts = word.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        let attached = parts.next().map(OsStr::from_bytes);
        let shown = String::from_utf8_lossy(name).into_owned();
        let long = |known: &Known| known.long.unwrap_or_default();
        let fits: Vec<&Known> = self
            .known
            .iter()
            .filter(|known| long(known).as_bytes().starts_with(name))
            .collect();
        let exact = fits.iter().find(|known| long(known).as_bytes() == name);
        let known = match (exact, fits.as_slice()) {
            (Some(known), _) => *known,
            (None, [known]) => *known,
            (None, []) => return Err(format!("--{shown}: unknown option")),
            (None, [first, second, ..]) => {
                let (first, second) = (long(first), long(second));
                return Err(format!("--{shown}: could be --{first} or --{second}"));
            }
        };
        let value = match (known.value, attached) {
            (None, None) => OsString::new(),
            (None, Some(_)) => return Err(format!("--{shown}: takes no value")),
            (Some(_), Some(value)) => value.to_owned(),
            (Some(_), None) => {
                let next = self.words.pop_front();
                next.ok_or_else(|| format!("--{shown}: a value is missing"))?
            }
        };
        Ok((known.letter, value))
    }
}

/// A help text made of a tool's tables.
pub(super) fn help(
    name: &str,
    purpose: &str,
    usage: &str,
    known: &[Known],
    variables: &[(&str, &str)],
) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "{purpose}\n\n\
         This is bowout {version}, which keeps to the options and the ways of {name}\n\
         when it is called by that name. It can do more by its own: see `bowout-init --help`.\n\n\
         Usage: {name} {usage}\n\nOptions:\n"
    );
    for option in known {
        let mut left = format!("-{}", option.letter);
        if let Some(long) = option.long {
            _ = write!(left, ", --{long}");
        }
        if let Some(value) = option.value {
            _ = write!(left, " {value}");
        }
        _ = writeln!(text, "  {left:<24}  {}", option.help);
    }
    text.push_str("\nEnvironment:\n");
    for (variable, meaning) in variables {
        _ = writeln!(text, "  {variable:<24}  {meaning}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    static KNOWN: &[Known] = &[
        option('a', Some("alpha"), None),
        option('l', Some("alphabet"), None),
        option('v', Some("value"), Some("V")),
    ];
    static SHORT: &[Known] = &[option('a', None, None), option('v', None, Some("V"))];

    const fn option(
        letter: char,
        long: Option<&'static str>,
        value: Option<&'static str>,
    ) -> Known {
        Known {
            letter,
            long,
            value,
            help: "",
        }
    }

    /// The letters and values, then the rest; or the error.
    fn read(known: &'static [Known], line: &str) -> String {
        let words = line.split_whitespace().map(OsString::from).collect();
        let mut line = Line::new(known, words);
        let mut text = String::new();
        loop {
            match line.next() {
                Ok(Some((letter, value))) => {
                    text += &format!("{letter}{} ", value.to_string_lossy());
                }
                Ok(None) => break,
                Err(error) => return error,
            }
        }
        let dashes = line.dashes;
        let rest = line.rest().join(OsStr::new(" "));
        format!("{text}| {} {dashes}", rest.to_string_lossy())
    }

    #[test]
    fn letters_come_alone_or_together() {
        assert_eq!(read(KNOWN, "-a -l x -a"), "a l | x -a false");
        assert_eq!(read(KNOWN, "-alav5 -v 6 -- -a"), "a l a v5 v6 | -a true");
        assert_eq!(read(KNOWN, "-v -- -a"), "v-- a |  false");
        assert_eq!(read(KNOWN, "- -a"), "| - -a false");
        assert_eq!(read(KNOWN, "-- --"), "| -- true");
    }

    #[test]
    fn long_names_may_be_cut_short() {
        let line = "--alpha --alphab --v 1 --val=2 x";
        assert_eq!(read(KNOWN, line), "a l v1 v2 | x false");
        assert_eq!(read(KNOWN, "--value="), "v |  false");
        assert_eq!(
            read(KNOWN, "--alp"),
            "--alp: could be --alpha or --alphabet"
        );
        assert_eq!(read(KNOWN, "--beta"), "--beta: unknown option");
        assert_eq!(read(KNOWN, "--alpha=1"), "--alpha: takes no value");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(read(KNOWN, "-ax"), "-x: unknown option");
        assert_eq!(read(KNOWN, "-av"), "-v: a value is missing");
        assert_eq!(read(KNOWN, "--value"), "--value: a value is missing");
        // Without long names a second dash is a letter, and no option.
        assert_eq!(read(SHORT, "--alpha"), "--: unknown option");
    }
}
