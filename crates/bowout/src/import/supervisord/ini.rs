//! Reads supervisord's dialect of INI files: that of Python's `RawConfigParser`, with comments behind
//! values.

use super::super::fault::{Fault, Place};
use super::super::source::Source;

/// A section; a second one of the same name is more of the first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Section {
    /// Its name, without the brackets.
    pub(crate) name: String,
    /// The file it begins in.
    pub(crate) file: String,
    /// Where it begins.
    pub(crate) at: Place,
    /// Its keys, in the order in which they were first written.
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The key, in lower case.
    pub(crate) key: String,
    /// The value; several lines are joined by line breaks.
    pub(crate) value: String,
    /// The file it is in.
    pub(crate) file: String,
    /// Where the key begins.
    pub(crate) at: Place,
}

impl Section {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn set(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|there| there.key == entry.key) {
            // The later one wins, as in supervisord.
            Some(there) => *there = entry,
            None => self.entries.push(entry),
        }
    }
}

/// Reads a file, and adds its sections to those that are there.
pub(crate) fn read(source: &Source, sections: &mut Vec<Section>, faults: &mut Vec<Fault>) {
    let mut reader = Reader {
        source,
        sections,
        section: None,
        open: None,
        column: 1,
    };
    for (number, line) in (1..).zip(source.text.lines()) {
        let blanks = line.chars().take_while(|c| c.is_whitespace()).count();
        let at = Place {
            line: number,
            column: 1 + blanks,
        };
        if let Err(text) = reader.line(at, line) {
            faults.push(Fault::new(&source.name, at, text));
        }
    }
    reader.close();
}

struct Reader<'a> {
    source: &'a Source,
    sections: &'a mut Vec<Section>,
    /// The section that lines belong to.
    section: Option<usize>,
    /// The key that a further line may belong to, and its value's lines.
    open: Option<(Entry, Vec<String>)>,
    /// Where that key begins.
    column: usize,
}

impl Reader<'_> {
    fn line(&mut self, at: Place, line: &str) -> Result<(), String> {
        let value = without_comment(line);
        let has_comment = value.len() < line.len();
        let value = value.trim();
        if value.is_empty() {
            // An empty line is a part of a value, if more of that follows.
            if let Some((_, lines)) = self.open.as_mut().filter(|_| !has_comment) {
                lines.push(String::new());
            }
            return Ok(());
        }
        if let Some((_, lines)) = self.open.as_mut().filter(|_| at.column > self.column) {
            lines.push(value.to_owned());
            return Ok(());
        }
        self.close();
        self.column = at.column;
        if let Some(name) = header(value) {
            self.section = Some(self.place(name, at));
            return Ok(());
        }
        let shown = super::super::document::excerpt(value);
        if self.section.is_none() {
            return Err(format!(
                "{shown:?} stands in front of the first section; accepted: a section such as [program:web] first"
            ));
        }
        let Some((key, value)) = value
            .split_once(['=', ':'])
            .filter(|(key, _)| !key.is_empty())
        else {
            return Err(format!(
                "{shown:?} is neither a section nor a key; accepted: `key=value`, and further lines of a value \
                 begin with a space"
            ));
        };
        let entry = Entry {
            key: key.trim_end().to_lowercase(),
            value: String::new(),
            file: self.source.name.clone(),
            at,
        };
        self.open = Some((entry, vec![value.trim().to_owned()]));
        Ok(())
    }

    /// The section with this name, which is made where there is none.
    fn place(&mut self, name: &str, at: Place) -> usize {
        let there = self
            .sections
            .iter()
            .position(|section| section.name == name);
        there.unwrap_or_else(|| {
            self.sections.push(Section {
                name: name.to_owned(),
                file: self.source.name.clone(),
                at,
                entries: Vec::new(),
            });
            self.sections.len() - 1
        })
    }

    /// Ends the value that is open.
    fn close(&mut self) {
        if let (Some((mut entry, lines)), Some(section)) = (self.open.take(), self.section) {
            entry.value = lines.join("\n").trim_end().to_owned();
            self.sections[section].set(entry);
        }
    }
}

/// The name in the brackets of a section's first line.
fn header(value: &str) -> Option<&str> {
    let inside = value.strip_prefix('[')?;
    let end = inside.rfind(']')?;
    Some(&inside[..end]).filter(|name| !name.is_empty())
}

/// The line up to a comment: `;` or `#` at its beginning, or behind a space.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with([';', '#']) {
        return "";
    }
    let mut before = None;
    for (at, c) in line.char_indices() {
        if matches!(c, ';' | '#') && before.is_some_and(char::is_whitespace) {
            return &line[..at];
        }
        before = Some(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str) -> (Vec<Section>, Vec<Fault>) {
        let (mut sections, mut faults) = (Vec::new(), Vec::new());
        read(
            &Source::new("t.conf", None, text),
            &mut sections,
            &mut faults,
        );
        (sections, faults)
    }

    #[test]
    fn the_dialect_is_that_of_supervisord() {
        let (sections, faults) = sections(
            "; head\n[supervisord]\nnodaemon = true ; in front\n[program:web]\nCommand: nginx -g \"daemon off;\"\n\
             environment=\n  A=\"1\",   # one\n\n  B=\"2\"\n# whole line\npriority=1\n[program:web]\npriority=2\n",
        );
        assert_eq!(faults, vec![]);
        assert_eq!(sections.len(), 2);
        let value = |section: usize, key: &str| {
            sections[section].get(key).map(|entry| entry.value.as_str())
        };
        assert_eq!(value(0, "nodaemon"), Some("true"));
        assert_eq!(value(1, "command"), Some("nginx -g \"daemon off;\""));
        assert_eq!(value(1, "environment"), Some("\nA=\"1\",\n\nB=\"2\""));
        assert_eq!(value(1, "priority"), Some("2"));
        assert_eq!(
            sections[1].get("priority").map(|entry| entry.at.line),
            Some(13)
        );
    }

    #[test]
    fn what_is_no_ini_is_told_with_its_line() {
        let (_, faults) = sections("a=b\n[x]\nnonsense\n=c\n");
        let texts: Vec<String> = faults.iter().map(Fault::to_string).collect();
        assert!(
            texts[0].starts_with("t.conf:1:1: \"a=b\" stands in front"),
            "{texts:?}"
        );
        assert!(
            texts[1].starts_with("t.conf:3:1: \"nonsense\" is neither"),
            "{texts:?}"
        );
        assert!(texts[2].starts_with("t.conf:4:1: \"=c\""), "{texts:?}");
    }

    #[test]
    fn a_hash_inside_of_a_word_is_no_comment() {
        assert_eq!(without_comment("a=b#c ;d"), "a=b#c ");
        assert_eq!(without_comment("  ; x"), "");
        assert_eq!(without_comment("a;b"), "a;b");
    }
}
