//! Shows what is wrong with a configuration: with file, line, the line itself and what to do.

use super::source::Shown;
use crate::json::{self, written};
use std::fmt;
use std::ops::Range;

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The configuration is not taken.
    Error,
    /// It is taken, but likely does not say what was meant.
    Warning,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }

    /// SGR parameters (ECMA-48): bold red, bold yellow.
    fn colour(self) -> &'static str {
        match self {
            Level::Error => "1;31",
            Level::Warning => "1;33",
        }
    }
}

/// A line of a file, with a part of it marked. Values of variables are covered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excerpt {
    /// The file's path, as it was given.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The line, as it can be shown.
    pub text: String,
    /// What is marked of `text`, in characters; at least one.
    pub marked: Range<usize>,
}

impl Excerpt {
    pub(super) fn new(file: &str, shown: Shown) -> Excerpt {
        Excerpt {
            file: file.to_owned(),
            line: shown.line,
            column: shown.column,
            text: shown.text,
            marked: shown.marked,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How much it matters.
    pub level: Level,
    /// What is wrong: a lower-case fragment that names the key.
    pub message: String,
    /// Where; `None` where it is about no line.
    pub excerpt: Option<Excerpt>,
    /// What to do, or what is accepted.
    pub hint: Option<String>,
    /// Lines that would be right.
    pub example: Option<&'static str>,
    /// Other places that have to do with it, and what they have.
    pub related: Vec<(Excerpt, String)>,
}

/// All that is wrong with a configuration.
///
/// `{}` shows it as compilers do, `{:#}` in colour.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Problems {
    problems: Vec<Problem>,
    more: usize,
}

/// One problem in JSON. File, line and column are absent where there is no line to show.
struct Record<'a> {
    level: Option<&'a str>,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    text: Option<&'a str>,
    hint: Option<&'a str>,
    example: Option<&'a str>,
    related: Vec<Record<'a>>,
}

written!(given Record<'_>: level, message, file, line, column, text, hint, example, related);

impl<'a> Record<'a> {
    fn new(message: &'a str, excerpt: Option<&'a Excerpt>) -> Record<'a> {
        Record {
            level: None,
            message,
            file: excerpt.map(|excerpt| excerpt.file.as_str()),
            line: excerpt.map(|excerpt| excerpt.line),
            column: excerpt.map(|excerpt| excerpt.column),
            text: excerpt.map(|excerpt| excerpt.text.as_str()),
            hint: None,
            example: None,
            related: Vec::new(),
        }
    }
}

impl Problems {
    pub(super) fn new(problems: Vec<Problem>, more: usize) -> Problems {
        Problems { problems, more }
    }

    /// Each of them: file by file, from the first line to the last.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }

    /// Whether nothing is wrong.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether the configuration can't be taken.
    #[must_use = "reads a value and changes nothing"]
    pub fn has_errors(&self) -> bool {
        let mut problems = self.problems.iter();
        self.more > 0 || problems.any(|problem| problem.level == Level::Error)
    }

    /// One that is about no line of a file.
    pub(crate) fn whole(message: String, hint: &str) -> Problems {
        let mut problems = Problems::default();
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        problems.add(Level::Error, message, hint);
        problems
    }

    /// Adds a warning about what is no line of a file.
    pub(crate) fn warn(&mut self, message: String, hint: Option<&str>) {
        self.add(Level::Warning, message, hint);
    }

    fn add(&mut self, level: Level, message: String, hint: Option<&str>) {
        self.problems.push(Problem {
            level,
            message,
            excerpt: None,
            hint: hint.map(str::to_owned),
            example: None,
            related: Vec::new(),
        });
    }

    /// All of them as compilers show them.
    #[must_use = "makes a value and changes nothing"]
    pub fn shown(&self, in_colour: bool) -> String {
        match in_colour {
            true => format!("{self:#}"),
            false => format!("{self}"),
        }
    }

    /// How many there are of each kind: `2 errors, 1 warning`.
    #[must_use = "makes a value and changes nothing"]
    pub fn counted(&self) -> String {
        let of = |level| {
            self.problems
                .iter()
                .filter(|problem| problem.level == level)
                .count()
        };
        let words = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        };
        let errors = words(of(Level::Error) + self.more, "error");
        let warnings = words(of(Level::Warning), "warning");
        errors
            .into_iter()
            .chain(warnings)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// How many there are that are not kept, because there are so many.
    #[must_use = "reads a value and changes nothing"]
    pub fn more(&self) -> usize {
        self.more
    }

    /// One JSON object a line: `level`, `message`, and where there is a place `file`, `line`, `column` and
    /// `text`; `hint`; `example`; `related`, each with `message` and a place. Values of variables are covered.
    #[must_use = "makes a value and changes nothing"]
    pub fn json_lines(&self) -> String {
        let mut lines = String::new();
        for problem in &self.problems {
            let related = problem.related.iter();
            let record = Record {
                level: Some(problem.level.name()),
                hint: problem.hint.as_deref(),
                example: problem.example,
                related: related
                    .map(|(excerpt, message)| Record::new(message, Some(excerpt)))
                    .collect(),
                ..Record::new(&problem.message, problem.excerpt.as_ref())
            };
            lines.push_str(&json::line(&record));
        }
        lines
    }
}

impl Problem {
    /// All of it in one line, for a log: `FILE:LINE:COLUMN: message; hint`.
    #[must_use = "makes a value and changes nothing"]
    pub fn one_line(&self) -> String {
        let place = self.excerpt.as_ref().map_or_else(String::new, |excerpt| {
            format!("{}:{}:{}: ", excerpt.file, excerpt.line, excerpt.column)
        });
        let hint = self.hint.as_ref();
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        format!("{place}{}{hint}", self.message)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        match self.more {
            0 => Ok(()),
            more => writeln!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pen = Pen(f.alternate());
        let level = pen.paint(self.level.colour(), self.level.name());
        writeln!(
            f,
            "{level}{}",
            pen.paint("1", &format!(": {}", self.message))
        )?;
        let excerpts = self
            .excerpt
            .iter()
            .chain(self.related.iter().map(|(excerpt, _)| excerpt));
        let width = excerpts.map(|excerpt| excerpt.line.to_string().len()).max();
        let width = width.unwrap_or(1);
        match &self.excerpt {
            Some(excerpt) => {
                let hint = self.hint.as_deref().unwrap_or_default();
                show(
                    f,
                    pen,
                    excerpt,
                    width,
                    "-->",
                    (self.level.colour(), '^', hint),
                )?;
            }
            None => {
                if let Some(hint) = &self.hint {
                    writeln!(f, "{:width$} {} {hint}", "", pen.paint("1;34", "="))?;
                }
            }
        }
        let mut before = "example: ";
        for line in self.example.iter().flat_map(|example| example.lines()) {
            writeln!(f, "{:width$} {} {before}{line}", "", pen.paint("1;34", "="))?;
            before = "         ";
        }
        for (excerpt, what) in &self.related {
            show(f, pen, excerpt, width, ":::", ("1;34", '-', what))?;
        }
        Ok(())
    }
}

fn show(
    f: &mut fmt::Formatter<'_>,
    pen: Pen,
    excerpt: &Excerpt,
    width: usize,
    arrow: &str,
    (colour, mark, what): (&str, char, &str),
) -> fmt::Result {
    let Excerpt {
        file,
        line,
        column,
        text,
        ..
    } = excerpt;
    let bar = pen.paint("1;34", "|");
    writeln!(
        f,
        "{:width$}{} {file}:{line}:{column}",
        "",
        pen.paint("1;34", arrow)
    )?;
    writeln!(f, "{:width$} {bar}", "")?;
    let number = pen.paint("1;34", &format!("{line:>width$} |"));
    writeln!(
        f,
        "{number}{}{text}",
        if text.is_empty() { "" } else { " " }
    )?;
    let marks: String = std::iter::repeat_n(mark, excerpt.marked.len()).collect();
    let below = match what.is_empty() {
        true => marks,
        false => format!("{marks} {what}"),
    };
    let indent = excerpt.marked.start;
    writeln!(
        f,
        "{:width$} {bar} {:indent$}{}",
        "",
        "",
        pen.paint(colour, &below)
    )
}

/// Whether there is colour.
#[derive(Clone, Copy)]
struct Pen(bool);

impl Pen {
    fn paint(self, parameters: &str, text: &str) -> String {
        match self.0 {
            true => format!("\u{1b}[{parameters}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem() -> Problem {
        let excerpt = |line, text: &str, marked| Excerpt {
            file: "a.toml".into(),
            line,
            column: 1,
            text: text.into(),
            marked,
        };
        Problem {
            level: Level::Error,
            message: "`a` is there already".into(),
            excerpt: Some(excerpt(12, "a = 2", 0..1)),
            hint: Some("each is given once".into()),
            example: None,
            related: vec![(excerpt(3, "a = 1", 0..1), "the first is here".into())],
        }
    }

    #[test]
    fn a_problem_is_shown_as_compilers_do() {
        let problems = Problems::new(vec![problem()], 2);
        let shown = "\
error: `a` is there already
  --> a.toml:12:1
   |
12 | a = 2
   | ^ each is given once
  ::: a.toml:3:1
   |
 3 | a = 1
   | - the first is here

… and 2 more
";
        assert_eq!(problems.to_string(), shown);
        let coloured = format!("{problems:#}");
        assert!(
            coloured.starts_with("\u{1b}[1;31merror\u{1b}[0m"),
            "{coloured}"
        );
    }

    #[test]
    fn a_problem_fits_into_a_line_of_a_log_and_of_json() {
        let line = problem().one_line();
        assert_eq!(
            line,
            "a.toml:12:1: `a` is there already; each is given once"
        );
        let json = Problems::new(vec![problem()], 0).json_lines();
        assert_eq!(
            json,
            "{\"level\":\"error\",\"message\":\"`a` is there already\",\"file\":\"a.toml\",\"line\":12,\
             \"column\":1,\"text\":\"a = 2\",\"hint\":\"each is given once\",\"related\":[{\"message\":\
             \"the first is here\",\"file\":\"a.toml\",\"line\":3,\"column\":1,\"text\":\"a = 1\"}]}\n"
        );
    }
}
