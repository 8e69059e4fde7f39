//! Reads bowout.toml into settings, and says all that is wrong with it at once.
//!
//! One table of keys (`key::Key`) is behind all of it: what is read, what is said about a key that is not
//! known, `schema` for editors, and `reference` for people.
//!
//! The way of a file: text → `tree` (where everything knows its place) → `reader` (by the keys) →
//! `top::Top` (all files together) → `check` (what fits together) → settings.

mod chapter;
mod check;
mod command;
mod commands;
mod finding;
mod include;
mod interpolate;
mod key;
mod lookup;
mod problem;
mod procfile;
mod reader;
mod reference;
mod schema;
mod service;
mod signals;
mod source;
mod top;
mod tree;

pub use commands::commands;
pub use problem::{Excerpt, Level, Problem, Problems};
pub use procfile::{read_procfile, read_procfile_text};
pub use reference::reference;
pub use schema::schema;

use crate::settings::{ServiceSettings, Settings};
use crate::stdio;
use bowout_core::order::{Set, gathered};
use finding::{Finding, Findings};
use interpolate::Filler;
use lookup::Lookup;
use reader::Reader;
use source::{Place, Source};
use std::io::Read;
use std::path::{Path, PathBuf};
use top::Top;

/// No file is longer: nobody writes one of a megabyte.
const LONGEST: usize = 1 << 20;
/// Neither are all together, nor what their variables bring.
const LONGEST_IN_ALL: usize = 16 << 20;

/// Where variables come from: the environment, as text.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a configuration with all that it includes. Warnings are kept back; [`examine`] has them.
///
/// # Errors
/// All that is wrong.
pub fn read(path: &Path, variable: Variable<'_>) -> Result<Settings, Problems> {
    let (settings, problems) = examine(path, variable);
    settings.ok_or(problems)
}

/// As [`read`], with the warnings: there are settings unless there is an error.
#[must_use = "reads files and changes nothing"]
pub fn examine(path: &Path, variable: Variable<'_>) -> (Option<Settings>, Problems) {
    let mut files = Files::new(variable);
    files.load(path, None);
    files.finish()
}

/// As [`read`], from a text that is as good as the file of this name. What it includes is read.
///
/// # Errors
/// All that is wrong.
pub fn read_text(name: &Path, text: &str, variable: Variable<'_>) -> Result<Settings, Problems> {
    let (settings, problems) = examine_text(name, text, variable);
    settings.ok_or(problems)
}

/// As [`read_text`], with the warnings.
#[must_use = "reads files and changes nothing"]
pub fn examine_text(
    name: &Path,
    text: &str,
    variable: Variable<'_>,
) -> (Option<Settings>, Problems) {
    let mut files = Files::new(variable);
    files.text(name, text.to_owned(), &top::LOOKUP);
    files.finish()
}

/// Reads services that come to those that are there: a text as bowout.toml has it, with nothing but
/// `[service.NAME]`. They may depend on those in `there`; that none has the same name is for the caller to see.
///
/// # Errors
/// All that is wrong.
pub fn read_services(
    name: &Path,
    text: &str,
    there: &[&str],
    variable: Variable<'_>,
) -> Result<Vec<ServiceSettings>, Problems> {
    let mut files = Files::new(variable);
    files.there = gathered(there.iter().map(|name| (*name).to_owned()));
    files.text(name, text.to_owned(), &top::SERVICE_LOOKUP);
    let (settings, problems) = files.finish();
    settings.map(|settings| settings.services).ok_or(problems)
}

/// All files of a configuration.
struct Files<'a> {
    findings: Findings,
    top: Top,
    variable: Variable<'a>,
    /// Services that are there already.
    there: Set<String>,
    /// How many bytes may still come from files, and from variables.
    left: usize,
    left_for_variables: usize,
    /// Whether parts of a file could not be read.
    is_broken: bool,
    /// The files that led to the one that is read: as the file system knows them, and as messages do.
    chain: Vec<(PathBuf, String)>,
    read: Set<PathBuf>,
    /// The files that were read, as they are called in messages.
    paths: Vec<PathBuf>,
}

impl Files<'_> {
    fn new(variable: Variable<'_>) -> Files<'_> {
        Files {
            findings: Findings::default(),
            top: Top::default(),
            variable,
            there: Set::new(),
            left: LONGEST_IN_ALL,
            left_for_variables: LONGEST_IN_ALL,
            is_broken: false,
            chain: Vec::new(),
            read: Set::new(),
            paths: Vec::new(),
        }
    }

    fn refuse(&mut self, from: Option<Place>, message: String, hint: &str) {
        let finding = match from {
            Some(place) => Finding::error(place, message),
            None => Finding::general(message),
        };
        // What can't be read may have had what others need.
        self.is_broken = true;
        self.findings.add(match hint {
            "" => finding,
            hint => finding.hint(hint),
        });
    }

    /// Reads a file, and those that it includes. `from` is where it was included.
    fn load(&mut self, path: &Path, from: Option<Place>) {
        let shown = path.display().to_string();
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => {
                let reason = bowout_sys::reason(&error);
                return self.refuse(from, format!("cannot read {shown}: {reason}"), "");
            }
        };
        if let Some(first) = self.chain.iter().position(|(there, _)| *there == real) {
            let circle = self.chain[first..].iter().chain(self.chain.get(first));
            let chain: Vec<&str> = circle.map(|(_, shown)| shown.as_str()).collect();
            let message = format!(
                "files include each other in a circle: {}",
                chain.join(" → ")
            );
            return self.refuse(from, message, "leave out one of these includes");
        }
        if !self.read.insert(real.clone()) {
            let message = format!("{shown} is included already");
            return self.refuse(from, message, "each file is read once");
        }
        if self.chain.len() > include::DEEPEST || self.read.len() > include::MOST {
            let accepted = format!(
                "accepted: {} files, {} levels",
                include::MOST,
                include::DEEPEST
            );
            return self.refuse(from, format!("{shown} is one file too many"), &accepted);
        }
        match contents(path, LONGEST.min(self.left)) {
            Ok(text) => {
                self.left -= text.len();
                self.chain.push((real, shown));
                self.paths.push(path.to_owned());
                self.text(path, text, &top::LOOKUP);
                self.chain.pop();
            }
            Err((message, hint)) => {
                self.refuse(from, format!("cannot read {shown}: {message}"), hint)
            }
        }
    }

    fn text(&mut self, path: &Path, text: String, keys: &'static Lookup<Top>) {
        let source = Source::new(path.display().to_string(), text);
        let (source, number) = self.findings.source(source);
        let (tree, wrong) = tree::build(&source, number);
        let is_broken = !wrong.is_empty();
        self.is_broken |= is_broken;
        wrong
            .into_iter()
            .for_each(|finding| self.findings.add(finding));
        let folder = path.parent().unwrap_or(Path::new(""));
        let filler = Filler {
            variable: self.variable,
            left: self.left_for_variables,
        };
        let mut reader = Reader::new(&mut self.findings, filler, &source, folder, is_broken);
        let place = Place {
            source: number,
            start: 0,
            end: 0,
        };
        let seen = reader.entries(&tree, place, keys, &mut self.top);
        self.left_for_variables = reader.filler.left;
        for (key, place) in seen.iter().filter(|(key, _)| !top::SHARED.contains(key)) {
            if let Some(first) = self.top.given.get(key) {
                let finding = Finding::error(place, format!("`{key}` is given already"));
                let finding = finding.hint("each is given once, in all files");
                self.findings.add(finding.also(*first, "the first is here"));
                continue;
            }
            self.top.given.insert(key, place);
        }
        drop(tree);
        for (pattern, place) in std::mem::take(&mut self.top.includes) {
            let path = folder.join(&pattern);
            if !include::is_pattern(&pattern) {
                self.load(&path, Some(place));
                continue;
            }
            match include::find(&path) {
                Ok(paths) => paths.iter().for_each(|path| self.load(path, Some(place))),
                Err((folder, error)) => {
                    let reason = bowout_sys::reason(&error);
                    let message = format!("cannot read {}: {reason}", folder.display());
                    self.refuse(Some(place), message, "");
                }
            }
        }
    }

    fn finish(mut self) -> (Option<Settings>, Problems) {
        check::check(&self.top, &self.there, self.is_broken, &mut self.findings);
        let has_errors = self.findings.has_errors();
        let mut settings = self.top.settings;
        let services = self.top.services.into_iter();
        settings.services = services.map(|draft| draft.settings).collect();
        settings.files = self.paths;
        let problems = self.findings.finish();
        ((!has_errors).then_some(settings), problems)
    }
}

/// What is in a file of up to `most` bytes, if it is one: nobody shall hang on a pipe. Else what is wrong with
/// it, and what to do.
fn contents(path: &Path, most: usize) -> Result<String, (String, &'static str)> {
    let reason = |error: std::io::Error| (bowout_sys::reason(&error), "");
    if !std::fs::metadata(path).map_err(reason)?.is_file() {
        return Err(("it is no regular file".into(), ""));
    }
    bounded(std::fs::File::open(path).map_err(reason)?, most)
}

/// As [`contents`], from standard input, as long as one file may be.
pub(crate) fn standard_input() -> Result<String, (String, &'static str)> {
    let input = stdio::input().map_err(|error| (bowout_sys::reason(&error), ""))?;
    bounded(input, LONGEST)
}

fn bounded(file: std::fs::File, most: usize) -> Result<String, (String, &'static str)> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most + 1).unwrap_or(u64::MAX);
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| (bowout_sys::reason(&error), ""))?;
    if bytes.len() > most {
        let hint = "accepted: up to 1 MiB, and 16 MiB in all files";
        return Err(("it is too long".into(), hint));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        (format!("line {line} is no UTF-8"), "save it as UTF-8")
    })
}
