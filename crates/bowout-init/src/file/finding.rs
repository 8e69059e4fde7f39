//! Collects what is wrong, by places, until all that may not be shown is known.

use super::problem::{Excerpt, Level, Problem, Problems};
use super::source::{Place, Source, is_unseen};
use std::rc::Rc;

/// More than these are counted and not kept.
const MOST: usize = 100;

/// Something that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    level: Level,
    pub(super) place: Option<Place>,
    message: String,
    hint: Option<Box<str>>,
    example: Option<&'static str>,
    also: Vec<(Place, String)>,
}

impl Finding {
    pub(super) fn error(place: Place, message: String) -> Finding {
        Finding {
            level: Level::Error,
            place: Some(place),
            message,
            hint: None,
            example: None,
            also: Vec::new(),
        }
    }

    pub(super) fn warning(place: Place, message: String) -> Finding {
        Finding {
            level: Level::Warning,
            ..Finding::error(place, message)
        }
    }

    /// About a file as a whole, or about all of them.
    pub(super) fn general(message: String) -> Finding {
        Finding {
            level: Level::Error,
            place: None,
            message,
            hint: None,
            example: None,
            also: Vec::new(),
        }
    }

    /// What to do, or what is accepted.
    pub(super) fn hint(self, hint: impl Into<String>) -> Finding {
        Finding {
            hint: Some(hint.into().into_boxed_str()),
            ..self
        }
    }

    /// Lines that would be right.
    pub(super) fn example(self, example: &'static str) -> Finding {
        Finding {
            example: Some(example),
            ..self
        }
    }

    /// Another place that has to do with it.
    pub(super) fn also(mut self, place: Place, what: impl Into<String>) -> Finding {
        self.also.push((place, what.into()));
        self
    }
}

/// All that was read, and all that was found in it.
#[derive(Debug, Default)]
pub(super) struct Findings {
    sources: Vec<Rc<Source>>,
    found: Vec<Finding>,
    more: usize,
}

impl Findings {
    /// Adds a file, and returns it with its number.
    pub(super) fn source(&mut self, source: Source) -> (Rc<Source>, usize) {
        let source = Rc::new(source);
        self.sources.push(Rc::clone(&source));
        (source, self.sources.len() - 1)
    }

    pub(super) fn add(&mut self, finding: Finding) {
        match self.found.len() < MOST {
            true => self.found.push(finding),
            false => self.more += 1,
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        let mut found = self.found.iter();
        self.more > 0 || found.any(|finding| finding.level == Level::Error)
    }

    /// What is written there, if it may be shown and is short.
    pub(super) fn written(&self, place: Place) -> Option<&str> {
        let source = self.sources.get(place.source)?;
        let text = source.text.get(place.start..place.end)?;
        let is_shown = !source.is_covered(place) && text.len() <= 60 && !text.contains(is_unseen);
        is_shown.then_some(text)
    }

    /// Nothing may be shown of this place.
    pub(super) fn cover(&self, place: Place) {
        if let Some(source) = self.sources.get(place.source) {
            source.cover(place);
        }
    }

    /// A name at a place, as it is written where it has variables: nobody knows what they bring.
    pub(super) fn name_at(&self, place: Place, name: &str) -> String {
        let source = self.sources.get(place.source);
        let text = source.and_then(|source| source.text.get(place.start..place.end));
        match text {
            Some(text) if text.contains("${") => {
                let written = self.written(place).unwrap_or("…");
                format!("{written}, with its variables put in")
            }
            Some(_) | None => format!("{name:?}"),
        }
    }

    /// All of it, as it can be shown: file by file, from the first line to the last.
    pub(super) fn finish(mut self) -> Problems {
        sort(&mut self.found);
        let sources = self.sources;
        let excerpt = |place: Place| {
            let source = sources.get(place.source)?;
            Some(Excerpt::new(&source.name, source.show(place)))
        };
        let problems = self.found.into_iter().map(|finding| Problem {
            level: finding.level,
            message: clean(finding.message),
            excerpt: finding.place.and_then(excerpt),
            hint: finding.hint.map(String::from).map(clean),
            example: finding.example,
            related: finding
                .also
                .into_iter()
                .filter_map(|(place, what)| Some((excerpt(place)?, clean(what))))
                .collect(),
        });
        Problems::new(problems.collect(), self.more)
    }
}

/// Names in a message are what somebody wrote, and it goes to a terminal or into a log.
fn clean(text: String) -> String {
    match text.contains(is_unseen) {
        true => text.replace(is_unseen, "\u{fffd}"),
        false => text,
    }
}
/// File by file, from the first line to the last; what is said about one place stays in its order.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| {
        let place = finding.place;
        place.map_or((0, 0), |place| (place.source + 1, place.start))
    });
}
