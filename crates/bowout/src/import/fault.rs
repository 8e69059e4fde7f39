//! Says what can't be read in a file, and where.

use std::fmt;

/// One thing that can't be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    /// The file's name, as it was given.
    pub(crate) file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub(crate) line: usize,
    /// What it is: the key, the value, and what would be accepted.
    pub(crate) text: String,
}

impl Fault {
    /// A fault in a line.
    pub(crate) fn new(file: &str, line: usize, text: impl Into<String>) -> Fault {
        Fault {
            file: file.to_owned(),
            line,
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
        match self.line {
            0 => write!(f, "{}: {text}", self.file),
            line => write!(f, "{}:{line}: {text}", self.file),
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
    fn a_fault_names_file_line_and_key() {
        let fault = Fault::new("a.conf", 3, not_accepted("user", "x\u{1b}", "a name"));
        let text = fault.to_string();
        assert_eq!(
            text,
            r#"a.conf:3: user: "x\u{1b}" is not accepted; accepted: a name"#
        );
        assert_eq!(
            Fault::new("a", 0, "is\u{1b}empty").to_string(),
            "a: is\\u{1b}empty"
        );
    }
}
