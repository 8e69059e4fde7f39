//! Says what can't be read in a file, and where.

use std::fmt;

/// A place in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    /// The line, from 1; 0 for the file as a whole.
    pub(crate) line: usize,
    /// The column, in characters from 1.
    pub(crate) column: usize,
}

impl Place {
    /// The file as a whole.
    pub(crate) const WHOLE: Place = Place { line: 0, column: 0 };

    /// Where the text ends that stands before it.
    pub(crate) fn behind(text: &str) -> Place {
        let last = text.rsplit('\n').next().unwrap_or_default();
        Place {
            line: 1 + text.matches('\n').count(),
            column: 1 + last.chars().count(),
        }
    }
}

/// One thing that can't be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// The file's name, as it was given.
    pub(crate) file: String,
    /// Where in it.
    pub(crate) at: Place,
    /// What it is: the key, the value, and what would be accepted.
    pub(crate) text: String,
}

impl Fault {
    /// A fault at a place.
    pub(crate) fn new(file: &str, at: Place, text: impl Into<String>) -> Fault {
        Fault {
            file: file.to_owned(),
            at,
            text: text.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What came out of a file may not move the cursor of a terminal.
        let text: String = self
            .text
            .chars()
            .flat_map(|c| match c.is_control() {
                true => c.escape_default().collect::<Vec<_>>(),
                false => vec![c],
            })
            .collect();
        match self.at {
            Place::WHOLE => write!(f, "{}: {text}", self.file),
            Place { line, column } => write!(f, "{}:{line}:{column}: {text}", self.file),
        }
    }
}

/// What is said of a value that is none of those that are accepted.
pub(crate) fn not_accepted(key: &str, value: &str, accepted: &str) -> String {
    format!(
        "{key}: {:?} is not accepted; accepted: {accepted}",
        super::document::excerpt(value)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_file_place_and_key() {
        let at = Place { line: 3, column: 7 };
        let fault = Fault::new("a.conf", at, not_accepted("user", "x\u{1b}", "a name"));
        let text = fault.to_string();
        assert_eq!(
            text,
            r#"a.conf:3:7: user: "x\u{1b}" is not accepted; accepted: a name"#
        );
        assert_eq!(
            Fault::new("a", Place::WHOLE, "is\u{1b}empty").to_string(),
            "a: is\\u{1b}empty"
        );
    }
    #[test]
    fn columns_are_characters() {
        assert_eq!(Place::behind(""), Place { line: 1, column: 1 });
        assert_eq!(Place::behind("a\né "), Place { line: 2, column: 3 });
    }
}
