//! Parses the command line by hand: a handful of options need no library.

use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Compare bowout-init with every installed peer, in one interleaved run.

usage: bench init [OPTIONS]

  --runs N         rounds of the start and exit figures; the others scale with it (default 200)
  --only NAME      only this figure or this init; may be repeated
                   figures: start exit signal memory wakeups orphans tree size
  --bowout FILE    measure this binary instead of building the static release one
  --json FILE      write every figure with median, quartiles, extremes and sample count
  --markdown FILE  write the table (it always goes to standard output)
  --svg FILE       write the picture
  --check          exit 1 when a target is not met
  --help           this text

Peers are found on PATH: tini, tini-static, dumb-init, catatonit, docker-init, pid1.
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

/// The options of a run.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) runs: usize,
    pub(crate) only: Vec<String>,
    pub(crate) bowout: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) check: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runs: 200,
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
    let mut options = Options::default();
    let mut subject = false;
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
            "init" => subject = true,
            "--runs" => {
                let text = value()?;
                options.runs = text
                    .parse()
                    .ok()
                    .filter(|runs| (1..=10_000).contains(runs))
                    .ok_or(format!(
                        "--runs {text}: accepted is a number from 1 to 10000"
                    ))?;
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
    if subject {
        Ok(Request::Compare(options))
    } else {
        Err("what to compare? `init` is what there is".into())
    }
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
        assert!(parsed("").is_err());
        assert_eq!(parsed("--help"), Ok(Request::Help));
    }
}
