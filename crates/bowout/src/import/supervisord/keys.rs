//! Reads the keys of one section, each once, and remembers which were read.

use super::super::document::{Remark, excerpt, missing};
use super::super::fault::{Fault, not_accepted};
use super::super::template::Template;
use super::expand::Names;
use super::ini::{Entry, Section};
use std::collections::BTreeSet;
use std::path::Path;

/// The keys of a section.
pub(crate) struct Keys<'a> {
    section: &'a Section,
    /// `[DEFAULT]`, which says what is not said.
    defaults: Option<&'a Section>,
    names: Names,
    read: BTreeSet<&'a str>,
    /// What can't be read.
    pub(crate) faults: Vec<Fault>,
    /// What has no equivalent.
    pub(crate) remarks: Vec<Remark>,
}

impl<'a> Keys<'a> {
    /// The keys of this section; `names` may stand in their values.
    pub(crate) fn new(
        section: &'a Section,
        defaults: Option<&'a Section>,
        names: Names,
    ) -> Keys<'a> {
        Keys {
            section,
            defaults,
            names,
            read: BTreeSet::new(),
            faults: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A key and its value, as they are written.
    pub(crate) fn entry(&mut self, key: &str) -> Option<&'a Entry> {
        let entry = self
            .section
            .get(key)
            .or_else(|| self.defaults.and_then(|section| section.get(key)))?;
        self.read.insert(&entry.key);
        Some(entry)
    }

    /// A text with its names expanded.
    pub(crate) fn text(&mut self, key: &str) -> Option<Template> {
        let names = self.names.clone();
        self.text_with(key, &names)
    }

    /// A text with these names expanded.
    pub(crate) fn text_with(&mut self, key: &str, names: &Names) -> Option<Template> {
        let entry = self.entry(key)?;
        let mut names = names.clone();
        names.text("here", here(&entry.file).as_str());
        match names.expand(&entry.value) {
            Ok(text) => Some(text),
            Err(error) => {
                self.fault(entry, error);
                None
            }
        }
    }

    /// A text that is not empty, with these names expanded.
    pub(crate) fn filled_with(&mut self, key: &str, names: &Names) -> Option<Template> {
        let text = self.text_with(key, names)?;
        if text.is_empty()
            && let Some(entry) = self.entry(key)
        {
            self.fault(entry, "is empty");
            return None;
        }
        Some(text)
    }

    /// A value of another kind than text. One that comes from the environment is not known yet.
    pub(crate) fn value<T>(
        &mut self,
        key: &str,
        accepted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let entry = self.entry(key)?;
        let Some(plain) = text.plain() else {
            self.lost(
                entry,
                "the value is not known before the start; write one here",
            );
            return None;
        };
        let value = read(plain.trim());
        if value.is_none() {
            let text = not_accepted(key, &plain, accepted);
            self.faults
                .push(Fault::new(&entry.file, entry.at, self.within(&text)));
        }
        value
    }

    /// `true`, `no`, `1`, ….
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        self.value(key, "true or false", flag)
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&mut self, key: &str) -> Option<u32> {
        self.value(key, "a whole number from 0 to 4294967295", |text| {
            text.parse().ok()
        })
    }

    /// Says that a value can't be read.
    pub(crate) fn fault(&mut self, entry: &Entry, error: impl AsRef<str>) {
        let text = self.within(&format!("{}: {}", entry.key, error.as_ref()));
        self.faults.push(Fault::new(&entry.file, entry.at, text));
    }

    /// Says that the section as a whole can't be taken.
    pub(crate) fn fault_of_section(&mut self, error: &str) {
        let text = self.within(error);
        self.faults
            .push(Fault::new(&self.section.file, self.section.at, text));
    }

    /// Says that a key has no equivalent.
    pub(crate) fn lost(&mut self, entry: &Entry, why: &str) {
        let what = format!("{}={}", entry.key, excerpt(&entry.value));
        self.remarks.push(missing(what, why));
    }

    /// Says of a key, where it is there, that it has no equivalent.
    pub(crate) fn lose(&mut self, key: &str, why: &str) {
        if let Some(entry) = self.entry(key) {
            self.lost(entry, why);
        }
    }

    /// Says of all keys that nobody asked for that nobody knows them.
    pub(crate) fn finish(&mut self) {
        for entry in &self.section.entries {
            if !self.read.contains(entry.key.as_str()) {
                self.lost(
                    entry,
                    "supervisord 4 doesn't know it either, so it had no effect",
                );
            }
        }
    }

    fn within(&self, text: &str) -> String {
        format!("[{}] {text}", self.section.name)
    }
}

/// What supervisord takes for yes and no.
fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// `%(here)s`: the folder of the file, from the root.
fn here(file: &str) -> String {
    let folder = Path::new(file)
        .parent()
        .filter(|folder| folder.is_absolute());
    let folder = match folder {
        Some(folder) => Ok(folder.to_owned()),
        None => std::path::absolute(Path::new(file)).map(|mut path| {
            path.pop();
            path
        }),
    };
    folder.map_or_else(|_| ".".into(), |folder| folder.display().to_string())
}
