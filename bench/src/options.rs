//! Parses the command line by hand: a handful of options need no library.

use std::path::PathBuf;

use crate::figure::{FIGURES, Figure};
use crate::supervisors::{self, SIZES};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Compare bowout-init with every installed peer, in one interleaved run.

usage: bench init [OPTIONS]          with inits of one command
       bench supervisors [OPTIONS]   with managers of many services

  --runs N         rounds of the start figures; the others scale with it (default: init 200, supervisors 5)
  --only NAME      only this figure or this peer; may be repeated
                   figures of init: start exit signal memory wakeups orphans tree size
                   figures of supervisors: memory start stop finish chain idle crash growth
  --services N     supervisors: only with so many services; may be repeated (1, 10, 100 and 1000)
  --bowout FILE    measure this binary instead of building the static release one
  --json FILE      write every figure with median, quartiles, extremes and sample count
  --markdown FILE  write the table (it always goes to standard output)
  --svg FILE       write the picture
  --check          exit 1 when a target is not met
  --help           this text

Peers are found on PATH: tini, tini-static, dumb-init, catatonit, docker-init, pid1;
supervisord, s6-svscan, runsvdir, dinit, circusd, horust, multirun.
Progress goes to standard error. Memory charges need a writable memory cgroup (root).
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    /// The text above.
    Help,
    /// A run.
    Compare(Options),
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Inits of one command.
    Init,
    /// Managers of many services.
    Supervisors,
}

impl Subject {
    /// Every figure, in the order of the table.
    pub(crate) fn figures(self) -> &'static [Figure] {
        match self {
            Self::Init => FIGURES,
            Self::Supervisors => supervisors::FIGURES,
        }
    }

    /// The head of the picture.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Init => "bowout-init and its peers",
            Self::Supervisors => "bowout-init with many services, and its peers",
        }
    }

    /// What one of those that are compared is called in JSON.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Supervisors => "manager",
        }
    }

    fn runs(self) -> usize {
        match self {
            Self::Init => 200,
            Self::Supervisors => 5,
        }
    }
}

/// The options of a run.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) subject: Subject,
    pub(crate) runs: usize,
    /// How many services; empty: each of the sizes.
    pub(crate) services: Vec<usize>,
    pub(crate) only: Vec<String>,
    pub(crate) bowout: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) check: bool,
}

impl Options {
    fn of(subject: Subject) -> Self {
        Self {
            subject,
            runs: subject.runs(),
            services: Vec::new(),
            only: Vec::new(),
            bowout: None,
            json: None,
            markdown: None,
            svg: None,
            check: false,
        }
    }
}

/// Parses the words after the program's name.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut options = Options::of(Subject::Init);
    let mut subject = None;
    let mut runs = None;
    let mut args = args;
    while let Some(arg) = args.next() {
        let (name, inline) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_owned(), Some(value.to_owned()))
            }
            _ => (arg, None),
        };
        let mut value = || {
            inline
                .clone()
                .or_else(|| args.next())
                .ok_or(format!("{name} wants a value"))
        };
        match name.as_str() {
            "--help" | "-h" | "help" => return Ok(Request::Help),
            "init" => subject = Some(Subject::Init),
            "supervisors" => subject = Some(Subject::Supervisors),
            "--runs" => {
                let text = value()?;
                let number = text.parse().ok();
                runs = Some(
                    number
                        .filter(|runs| (1..=10_000).contains(runs))
                        .ok_or(format!(
                            "--runs {text}: accepted is a number from 1 to 10000"
                        ))?,
                );
            }
            "--services" => {
                let text = value()?;
                let number = text.parse().ok();
                options.services.push(
                    number
                        .filter(|size| SIZES.contains(size))
                        .ok_or(format!("--services {text}: accepted is 1, 10, 100 or 1000"))?,
                );
            }
            "--only" => options.only.push(value()?),
            "--bowout" => options.bowout = Some(value()?.into()),
            "--json" => options.json = Some(value()?.into()),
            "--markdown" => options.markdown = Some(value()?.into()),
            "--svg" => options.svg = Some(value()?.into()),
            "--check" => options.check = true,
            _ => return Err(format!("unknown word `{name}`")),
        }
    }
    options.subject = subject.ok_or("what to compare? `init` or `supervisors`")?;
    options.runs = runs.unwrap_or(options.subject.runs());
    Ok(Request::Compare(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn takes_values_after_a_space_and_after_an_equals_sign() {
        let Ok(Request::Compare(options)) =
            parsed("init --runs 7 --only=start --only tini --svg=a.svg --check")
        else {
            panic!("not a run");
        };
        assert_eq!(options.runs, 7);
        assert_eq!(options.only, ["start", "tini"]);
        assert_eq!(options.svg, Some("a.svg".into()));
        assert!(options.check);
    }

    #[test]
    fn each_subject_has_its_own_number_of_rounds() {
        let Ok(Request::Compare(options)) = parsed("supervisors --services 100 --services=1000")
        else {
            panic!("not a run");
        };
        assert_eq!((options.subject, options.runs), (Subject::Supervisors, 5));
        assert_eq!(options.services, [100, 1000]);
        let Ok(Request::Compare(options)) = parsed("--runs 9 init") else {
            panic!("not a run");
        };
        assert_eq!((options.subject, options.runs), (Subject::Init, 9));
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(
            parsed("init --runs 0"),
            Err("--runs 0: accepted is a number from 1 to 10000".into())
        );
        assert_eq!(parsed("init --json"), Err("--json wants a value".into()));
        assert_eq!(
            parsed("init --nonsense"),
            Err("unknown word `--nonsense`".into())
        );
        assert_eq!(
            parsed("supervisors --services 7"),
            Err("--services 7: accepted is 1, 10, 100 or 1000".into())
        );
        assert!(parsed("").is_err());
        assert_eq!(parsed("--help"), Ok(Request::Help));
    }
}
