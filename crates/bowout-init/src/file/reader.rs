//! Reads tables by the lists of their keys, and values by their forms, and notes all that is wrong.

mod values;

pub(super) use values::{Filled, near_signal, near_word};

use super::finding::{Finding, Findings};
use super::interpolate::Filler;
use super::key::{SIGNAL, Take, between, listed};
use super::lookup::{Label, Lookup, is_known};
use super::service;
use super::source::{Place, Source};
use super::top;
use super::tree::{Data, Name, Node, Table};
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
    /// The value of the key that is being read, and lines that have one.
    example: Option<(Place, &'static str)>,
}

/// Which keys a table has, and where they are.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: Vec<(&'static str, Place)>,
    /// Keys that were meant by others that are not known.
    meant: Vec<&'static str>,
}

impl Seen {
    pub(super) fn get(&self, name: &str) -> Option<Place> {
        let mut seen = self.keys.iter();
        seen.find(|(there, _)| *there == name)
            .map(|(_, place)| *place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, Place)> {
        self.keys.iter().copied()
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
            example: None,
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
        self.refuse_but(node, accepted, None);
    }

    /// The same, where it is near to something that would be right.
    pub(super) fn refuse_but(&mut self, node: &Node<'_>, accepted: &str, meant: Option<&str>) {
        if node.data.is_broken() {
            return;
        }
        let is_single = match &node.data {
            Data::Text(_) | Data::Whole(_) | Data::Fraction(..) | Data::Switch(_) => true,
            Data::Date | Data::List(_) | Data::Table(_) | Data::Broken => false,
        };
        let written = self.findings.written(node.place).filter(|_| is_single);
        let has_variables = node.data.text().is_some_and(|text| text.contains("${"));
        let what = match written {
            Some(written) if has_variables => format!("{written}, with its variables put in,"),
            Some(written) => written.to_owned(),
            None if is_single => "this value".to_owned(),
            None => node.data.name().to_owned(),
        };
        let finding = self.error(node.place, format!("{what} is not accepted"));
        let meant = meant.map_or_else(String::new, |meant| format!("did you mean {meant:?}? "));
        let mut finding = finding.hint(format!("{meant}accepted: {accepted}"));
        // Where even the kind of value is another, a line says more than words.
        if let Some((_, example)) = self.example.filter(|(place, _)| *place == node.place)
            && !node.data.looks_like(example)
        {
            finding = finding.example(example);
        }
        self.findings.add(finding);
    }

    /// A table by its keys.
    pub(super) fn table<T>(
        &mut self,
        node: &Node<'_>,
        keys: &'static Lookup<T>,
        into: &mut T,
    ) -> Option<Seen> {
        self.table_of(node, "a table", keys, into)
    }

    /// The same, with words for what it has.
    pub(super) fn table_of<T>(
        &mut self,
        node: &Node<'_>,
        accepted: &str,
        keys: &'static Lookup<T>,
        into: &mut T,
    ) -> Option<Seen> {
        match node.data.table() {
            Some(table) => Some(self.entries(table, node.place, keys, into)),
            None => {
                self.refuse(node, accepted);
                None
            }
        }
    }

    /// The entries of a table that is at a place.
    pub(super) fn entries<T>(
        &mut self,
        table: &Table<'_>,
        place: Place,
        keys: &'static Lookup<T>,
        into: &mut T,
    ) -> Seen {
        self.labelled(table, place, keys.labels, &mut |reader, index, node| {
            reader.take(&keys.takes[index], into, node);
        })
    }

    /// The same, of which it says the number of each key with its value: here nothing has to know what is made
    /// of them, so that this is once in a program and not once for each table.
    fn labelled(
        &mut self,
        table: &Table<'_>,
        place: Place,
        labels: &'static [Label],
        take: &mut dyn FnMut(&mut Reader<'_>, usize, &Node<'_>),
    ) -> Seen {
        let mut seen = Seen::default();
        for (name, value) in table.entries() {
            let Some(index) = labels.iter().position(|label| label.is(&name.text)) else {
                seen.meant.extend(self.unknown(name, value, labels));
                continue;
            };
            let label = &labels[index];
            if let Some(first) = seen.get(label.name) {
                let message = format!("`{}` and `{}` are the same", name.text, label.name);
                let finding = self.error(name.place, message).hint("one of the two");
                self.findings.add(finding.also(first, "it is given here"));
                continue;
            }
            seen.keys.push((label.name, name.place));
            let outer = self.example.replace((value.place, label.example));
            self.within(label.name, |reader| take(reader, index, value));
            self.example = outer;
        }
        let missing = |label: &&Label| label.required && seen.get(label.name).is_none();
        for label in labels.iter().filter(missing) {
            if !self.is_broken && !seen.meant.contains(&label.name) {
                let finding = self.error(place, format!("`{}` is missing", label.name));
                self.findings.add(finding.example(label.example));
            }
        }
        seen
    }

    /// That exactly one of some keys is there.
    pub(super) fn one_of(&mut self, ways: &[&str], seen: &Seen, place: Place) -> Option<()> {
        let is_meant = ways.iter().any(|way| seen.meant.contains(way));
        let mut given = seen.iter().filter(|(key, _)| ways.contains(key));
        let given = (given.next(), given.next());
        let ways = ways.join(", ");
        let finding = match given {
            (Some(_), None) => return Some(()),
            (None, _) if self.is_broken || is_meant => return None,
            (None, _) => self.error(place, format!("one of these keys is missing: {ways}")),
            (Some((first, at)), Some((second, place))) => self
                .error(
                    place,
                    format!("`{first}` and `{second}` exclude each other"),
                )
                .hint(format!("accepted: one of {ways}"))
                .also(at, "the first is here"),
        };
        self.findings.add(finding);
        None
    }

    /// Says that a key is not known, and returns the one that was likely meant.
    fn unknown(
        &mut self,
        name: &Name<'_>,
        value: &Node<'_>,
        labels: &'static [Label],
    ) -> Option<&'static str> {
        let written = plain(&name.text);
        let known: Vec<&str> = labels.iter().flat_map(Label::names).collect();
        let has = |label: &&Label| label.elsewhere.iter().any(|there| plain(there) == written);
        let foreign = labels.iter().find(has);
        let meant = known.iter().find(|known| plain(known) == written);
        let meant = meant.copied();
        let near = value::nearest(&name.text, known.iter().copied());
        let ours = meant.or(foreign.map(|label| label.name)).or(near);
        let hint = match (meant, foreign) {
            (Some(meant), _) => Some(format!("did you mean `{meant}`?")),
            (None, Some(label)) => Some(format!("bowout calls it `{}`", label.name)),
            (None, None) => Whole::of(labels)
                .and_then(|of| misplaced(of, name, value))
                .or_else(|| near.map(|near| format!("did you mean `{near}`?"))),
        };
        // It may be a variable that was meant for `environment`.
        if ours.is_none_or(|ours| ours == "environment") && !is_known(&name.text) {
            value.hide(self.source);
        }
        let hint = hint.unwrap_or_else(|| {
            if Whole::of(labels) == Some(Whole::Service) {
                return "docs/config.md lists all keys of a service".to_owned();
            }
            let known = labels.iter().map(|label| format!("`{}`", label.name));
            format!("known here: {}", known.collect::<Vec<_>>().join(", "))
        });
        let finding = self.error(name.place, format!("the key `{}` is not known", name.text));
        self.findings.add(finding.hint(hint));
        // An alias is as good as the key.
        let label = ours.and_then(|ours| labels.iter().find(|label| label.is(ours)));
        label.map(|label| label.name)
    }

    fn take<T>(&mut self, take: &Take<T, ()>, into: &mut T, node: &Node<'_>) {
        match take {
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
                let number = self.whole(node, *least..=*most, &between(*least, *most));
                number.into_iter().for_each(|number| set(into, number));
            }
            Take::Text(accepted, set) => {
                self.text(node, accepted)
                    .into_iter()
                    .for_each(|text| set(into, text));
            }
            Take::Path(set) => self.path(node).into_iter().for_each(|path| set(into, path)),
            Take::Word(words, set) => {
                self.word(node, words, &listed(words))
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

/// The two tables whose keys are taken for each other's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    /// What stands at the top of a file.
    Container,
    /// What stands in `[service.NAME]`.
    Service,
}

impl Whole {
    /// The table that has these keys.
    fn of(labels: &[Label]) -> Option<Whole> {
        labels.iter().find_map(|label| match label.name {
            "service" => Some(Whole::Container),
            "depends_on" => Some(Whole::Service),
            _ => None,
        })
    }
}

/// What to do with a key that the other of the two tables has, or with a table of an unknown name.
#[cold]
fn misplaced(whole: Whole, name: &Name<'_>, value: &Node<'_>) -> Option<String> {
    let has = |labels: &[Label]| labels.iter().any(|label| label.is(&name.text));
    match whole {
        Whole::Service if has(top::LOOKUP.labels) => Some(format!(
            "`{}` is about the container: it stands at the top of the file, before the first table",
            name.text
        )),
        Whole::Container if has(service::LOOKUP.labels) => Some(format!(
            "`{}` is about a service: it stands below [service.NAME]",
            name.text
        )),
        Whole::Service => None,
        Whole::Container => {
            let table = value.data.table()?;
            let is_service = table.entries().iter().any(|(key, _)| key.text == "command");
            Some(match is_service {
                true => format!("did you mean [service.{}]?", name.text),
                false => "tables here: [service.NAME], [signal.NAME], [rewrite], [log]; what is about the \
                          container as a whole stands at the top of the file, before the first table"
                    .to_owned(),
            })
        }
    }
}

/// As people who write `dependsOn` or `ExecStart` mean it.
fn plain(name: &str) -> String {
    name.replace(['_', '-'], "").to_ascii_lowercase()
}
