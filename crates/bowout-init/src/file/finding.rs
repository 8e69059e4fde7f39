//! Collects what is wrong, by places, until all that may not be shown is known.

use super::problem::{Excerpt, Level, Problem, Problems};
use super::source::{Place, Source, is_unseen};
use std::rc::Rc;

/// More than these are counted and not kept.
const MOST: usize = 100;

/// Something that is wrong. It is put together step by step, and goes from hand to hand: hence the box.
#[derive(Clone, Debug)]
pub(super) struct Finding(Box<Found>);

#[derive(Clone, Debug)]
struct Found {
    level: Level,
    place: Option<Place>,
    message: String,
    hint: Option<String>,
    example: Option<&'static str>,
    also: Vec<(Place, String)>,
}

impl Finding {
    fn new(level: Level, place: Option<Place>, message: String) -> Finding {
        Finding(Box::new(Found {
            level,
            place,
            message,
            hint: None,
            example: None,
            also: Vec::new(),
        }))
    }

    pub(super) fn error(place: Place, message: String) -> Finding {
        Finding::new(Level::Error, Some(place), message)
    }

    pub(super) fn warning(place: Place, message: String) -> Finding {
        Finding::new(Level::Warning, Some(place), message)
    }

    /// About a file as a whole, or about all of them.
    pub(super) fn general(message: String) -> Finding {
        Finding::new(Level::Error, None, message)
    }

    /// What to do, or what is accepted.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.0.hint = Some(hint.into());
        self
    }

    /// Lines that would be right.
    pub(super) fn example(mut self, example: &'static str) -> Finding {
        self.0.example = Some(example);
        self
    }

    /// Another place that has to do with it.
    pub(super) fn also(mut self, place: Place, what: impl Into<String>) -> Finding {
        self.0.also.push((place, what.into()));
        self
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.0.place
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
        self.more > 0 || found.any(|finding| finding.0.level == Level::Error)
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
        let problems = self.found.into_iter().map(|Finding(found)| Problem {
            level: found.level,
            message: clean(found.message),
            excerpt: found.place.and_then(excerpt),
            hint: found.hint.map(clean),
            example: found.example,
            related: found
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

/// File by file, from the first line to the last; what is said about one place stays in its order. There are some
/// hundred at most, for which the sorts of the standard library are too much code.
pub(super) fn sort(findings: &mut [Finding]) {
    let order = |finding: &Finding| {
        let place = finding.place();
        place.map_or((0, 0), |place| (place.source + 1, place.start))
    };
    for mut at in 1..findings.len() {
        while at > 0 && order(&findings[at]) < order(&findings[at - 1]) {
            findings.swap(at, at - 1);
            at -= 1;
        }
    }
}
