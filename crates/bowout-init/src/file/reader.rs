//! Reads tables by the lists of their keys, and values by their forms, and notes all that is wrong.

mod values;

pub(super) use values::Filled;

use super::finding::{Finding, Findings};
use super::interpolate::Filler;
use super::key::{Key, SIGNAL, Section, Take};
use super::source::{Place, Source};
use super::tree::{Name, Node, Table};
use crate::cli::value;
use std::path::Path;

/// What reads one file.
pub(super) struct Reader<'a> {
    pub(super) findings: &'a mut Findings,
    pub(super) filler: Filler<'a>,
    pub(super) source: &'a Source,
    /// The folder of the file: relative paths start there.
    pub(super) folder: &'a Path,
    /// Whether parts of the file could not be read: what is missing may be among them.
    pub(super) is_broken: bool,
    /// The keys down to the value that is being read, with dots between.
    path: String,
}

/// Which keys a table has, and where they are.
pub(super) struct Seen(Vec<(&'static str, Place)>);

impl Seen {
    pub(super) fn get(&self, name: &str) -> Option<Place> {
        let mut seen = self.0.iter();
        seen.find(|(there, _)| *there == name)
            .map(|(_, place)| *place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, Place)> {
        self.0.iter().copied()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        findings: &'a mut Findings,
        filler: Filler<'a>,
        source: &'a Source,
        folder: &'a Path,
        is_broken: bool,
    ) -> Reader<'a> {
        Reader {
            findings,
            filler,
            source,
            folder,
            is_broken,
            path: String::new(),
        }
    }

    /// Does something with this key behind the keys that messages begin with.
    pub(super) fn within<R>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let result = work(self);
        self.path.truncate(length);
        result
    }

    /// What is wrong, with the keys in front.
    pub(super) fn error(&self, place: Place, message: impl AsRef<str>) -> Finding {
        Finding::error(place, self.located(message.as_ref()))
    }

    /// What is odd, with the keys in front.
    pub(super) fn warning(&self, place: Place, message: impl AsRef<str>) -> Finding {
        Finding::warning(place, self.located(message.as_ref()))
    }

    fn located(&self, message: &str) -> String {
        match self.path.is_empty() {
            true => message.to_owned(),
            false => format!("{}: {message}", self.path),
        }
    }

    /// A value of the wrong form.
    pub(super) fn refuse(&mut self, node: &Node<'_>, accepted: &str) {
        if node.data.is_broken() {
            return;
        }
        let written = self
            .findings
            .written(node.place)
            .map_or("this", |text| text);
        let has_variables = node.data.text().is_some_and(|text| text.contains("${"));
        let filled = if has_variables {
            ", with its variables put in,"
        } else {
            ""
        };
        let message = format!("{written}{filled} is not accepted");
        let finding = self.error(node.place, message);
        self.findings
            .add(finding.hint(format!("accepted: {accepted}")));
    }

    /// A table by its keys.
    pub(super) fn table<T>(
        &mut self,
        node: &Node<'_>,
        sections: &'static [Section<T>],
        into: &mut T,
    ) -> Option<Seen> {
        match node.data.table() {
            Some(table) => Some(self.entries(table, node.place, sections, into)),
            None => {
                self.refuse(node, "a table");
                None
            }
        }
    }

    /// The entries of a table that is at a place.
    pub(super) fn entries<T>(
        &mut self,
        table: &Table<'_>,
        place: Place,
        sections: &'static [Section<T>],
        into: &mut T,
    ) -> Seen {
        let mut seen = Seen(Vec::new());
        for (name, value) in table.entries() {
            let keys = || sections.iter().flat_map(|section| section.keys);
            let is_it = |key: &&Key<T>| {
                let text = name.text.as_ref();
                key.name == text || key.aliases.contains(&text)
            };
            let Some(key) = keys().find(is_it) else {
                self.unknown(name, value, sections);
                continue;
            };
            if let Some(first) = seen.get(key.name) {
                let message = format!("`{}` and `{}` are the same", name.text, key.name);
                let finding = self.error(name.place, message).hint("one of the two");
                self.findings.add(finding.also(first, "it is given here"));
                continue;
            }
            seen.0.push((key.name, name.place));
            self.within(key.name, |reader| reader.take(key, into, value));
        }
        let keys = sections.iter().flat_map(|section| section.keys);
        for key in keys.filter(|key| key.required && seen.get(key.name).is_none()) {
            if !self.is_broken {
                let finding = self.error(place, format!("`{}` is missing", key.name));
                let hint = format!("accepted: {} = {}", key.name, key.take.accepted());
                self.findings.add(finding.hint(hint));
            }
        }
        seen
    }

    /// That exactly one of some keys is there.
    pub(super) fn one_of(&mut self, ways: &[&str], seen: &Seen, place: Place) -> Option<()> {
        let mut given = seen.iter().filter(|(key, _)| ways.contains(key));
        let finding = match (given.next(), given.next()) {
            (Some(_), None) => return Some(()),
            (None, _) if self.is_broken => return None,
            (None, _) => self.error(place, "what it goes by is missing"),
            (Some((first, at)), Some((second, place))) => {
                let message = format!("`{first}` and `{second}` exclude each other");
                self.error(place, message).also(at, "the first is here")
            }
        };
        self.findings
            .add(finding.hint(format!("accepted: one of {}", ways.join(", "))));
        None
    }

    fn unknown<T>(&mut self, name: &Name<'_>, value: &Node<'_>, sections: &'static [Section<T>]) {
        let keys = || sections.iter().flat_map(|section| section.keys);
        let written = plain(&name.text);
        let known = keys().flat_map(|key| std::iter::once(&key.name).chain(key.aliases));
        let mut known = known.copied();
        let foreign = keys().find(|key| key.elsewhere.iter().any(|there| plain(there) == written));
        let meant = known.clone().find(|known| plain(known) == written);
        let near = || value::nearest(&name.text, known.clone());
        let hint = match (meant, foreign) {
            (Some(meant), _) => Some(format!("did you mean `{meant}`?")),
            (None, Some(key)) => Some(format!("bowout calls it `{}`", key.name)),
            (None, None) => near().map(|near| format!("did you mean `{near}`?")),
        };
        if hint.is_none() || foreign.is_some_and(|key| key.name == "environment") {
            // It may be a variable that was meant for `environment`.
            self.findings.cover(value.place);
        }
        let hint = hint.unwrap_or_else(|| {
            if keys().count() > 12 {
                return "docs/config.md lists all keys".to_owned();
            }
            let first = known.next().map(|known| format!("`{known}`"));
            let rest = known.map(|known| format!(", `{known}`"));
            format!(
                "known here: {}",
                first.into_iter().chain(rest).collect::<String>()
            )
        });
        let finding = self.error(name.place, format!("the key `{}` is not known", name.text));
        self.findings.add(finding.hint(hint));
    }

    fn take<T>(&mut self, key: &'static Key<T>, into: &mut T, node: &Node<'_>) {
        match &key.take {
            Take::Switch(set) => self
                .switch(node)
                .into_iter()
                .for_each(|value| set(into, value)),
            Take::Duration(set) => self
                .duration(node)
                .into_iter()
                .for_each(|time| set(into, time)),
            Take::Period(set) => self
                .period(node)
                .into_iter()
                .for_each(|time| set(into, time)),
            Take::Whole(least, most, set) => {
                let number = self.whole(node, *least..=*most, &key.take.accepted());
                number.into_iter().for_each(|number| set(into, number));
            }
            Take::Text(accepted, set) => {
                self.text(node, accepted)
                    .into_iter()
                    .for_each(|text| set(into, text));
            }
            Take::Path(set) => self.path(node).into_iter().for_each(|path| set(into, path)),
            Take::Word(words, set) => {
                self.word(node, words, &key.take.accepted())
                    .into_iter()
                    .for_each(|word| set(into, word));
            }
            Take::Signals(set) => {
                self.signals(node)
                    .into_iter()
                    .for_each(|signals| set(into, signals));
            }
            Take::Signal(set) => {
                let signal = self.signal(node, SIGNAL.accepted);
                signal.into_iter().for_each(|signal| set(into, signal));
            }
            Take::Hook(set) => self.hook(node).into_iter().for_each(|hook| set(into, hook)),
            Take::Hooks(set) => self
                .hooks(node)
                .into_iter()
                .for_each(|hooks| set(into, hooks)),
            Take::Other(_, take) => take(self, into, node),
        }
    }
}

/// As people who write `dependsOn` or `ExecStart` mean it.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-'));
    letters.flat_map(char::to_lowercase).collect()
}
