//! Stands in for tini, dumb-init and catatonit: reads their command lines, keeps their contracts.
//!
//! Whoever replaces one of these programs by bowout, under the old name, sees no difference in options
//! and where they end, in environment variables, exit codes, who gets which signal, groups, sessions and
//! terminals. All of it is in the tables of this module's three parts; the words are bowout's own.

mod catatonit;
mod dumb_init;
mod getopt;
mod tini;

use crate::cli::{self, Options};
use crate::contract::Contract;
use bowout_core::plan::KillMode;
use bowout_core::{Signal, SignalSet};
use std::ffi::OsString;

/// The exit code of all three for a command line that they refuse.
pub(crate) const REFUSED: u8 = 1;

/// What a command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// A command to run, or a pause, under that contract.
    Run(Box<Options>, Contract),
    /// A text on standard output, and exit code 0.
    Tell(String),
    /// A text on standard error, and exit code 0.
    TellOnError(String),
    /// A line on standard error, and exit code [`REFUSED`].
    Refuse(String),
}

/// Reads one tool's command line, without the name it was called by.
type Reader = fn(&str, Vec<OsString>, &dyn Fn(&str) -> Option<OsString>) -> Answer;

/// Who is stood in for, by the name that bowout was called by.
const TOOLS: [(&str, Reader); 5] = [
    ("tini", tini::read),
    ("tini-static", tini::read),
    ("docker-init", tini::read),
    ("dumb-init", dumb_init::read),
    ("catatonit", catatonit::read),
];

/// Signals after which a stopped receiver is continued. They ask for an end; without this a stopped
/// process would sit there until the SIGKILL, below all three of the originals.
const ASK_FOR_AN_END: SignalSet = SignalSet::EMPTY
    .with(Signal::HUP)
    .with(Signal::INT)
    .with(Signal::QUIT)
    .with(Signal::TERM);

/// All that dumb-init and catatonit say unless they are asked for more.
const ERRORS: i8 = -1;
/// What they say when they are: everything.
const ALL: i8 = 2;

/// Faults. tini and catatonit leave them as they are: as PID 1 the kernel drops them, elsewhere the
/// init dies of them.
const FAULTS: [&str; 7] = ["ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "SYS"];

/// Reads the command line of the tool with this name; `None` when bowout is called by its own.
pub(crate) fn read(
    name: &str,
    arguments: &[OsString],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<Answer> {
    let (_, reader) = TOOLS.iter().find(|(tool, _)| *tool == name)?;
    Some(reader(name, arguments.to_vec(), &variable))
}

/// Options for `command` with what bowout's own environment variables say: they reach an image whose
/// command line can't be changed. What the tool's command line can say as well, it has the last word on.
fn options(
    name: &str,
    command: Vec<OsString>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Box<Options>, Answer> {
    let mut words = vec![OsString::from("--")];
    words.extend(command);
    match cli::parse(name, words, variable) {
        Ok(cli::Parsed::Run(mut options)) => {
            // The leftovers of the command are told; the command itself is, by forwarding.
            options.kill_mode = KillMode::Main;
            // A command of these is always one command.
            options.services = None;
            Ok(options)
        }
        Ok(cli::Parsed::Print(text)) => Err(Answer::Tell(text)),
        Err(error) => Err(Answer::Refuse(format!("{name}: {error}\n"))),
    }
}

fn faults() -> SignalSet {
    let signals = FAULTS.into_iter().filter_map(Signal::parse);
    signals.fold(SignalSet::EMPTY, SignalSet::with)
}

/// The licence, for the options that ask for it.
fn licence(name: &str) -> String {
    format!(
        "{name} is here bowout {}, by your choice under the MIT licence or the Apache licence 2.0.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// What an engine takes for the commit in `tini version X - git.COMMIT`: one word without dots.
fn commit() -> String {
    format!("bowout-{}", env!("CARGO_PKG_VERSION").replace('.', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `name` makes of a line of words, `~` being an empty one.
    pub(super) fn answer(name: &str, line: &str, variables: &[(&str, &str)]) -> Answer {
        let words = line.split_whitespace();
        let words = words.map(|word| OsString::from(word.replace('~', "").replace('_', " ")));
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let words: Vec<OsString> = words.collect();
        read(name, &words, variable).unwrap()
    }

    /// As [`answer`], for a line that runs something.
    pub(super) fn run(name: &str, line: &str, variables: &[(&str, &str)]) -> (Options, Contract) {
        match answer(name, line, variables) {
            Answer::Run(options, contract) => (*options, contract),
            Answer::Tell(text) | Answer::TellOnError(text) | Answer::Refuse(text) => {
                panic!("{name} {line}: {text}")
            }
        }
    }

    /// Whether the line is refused, in one line or more that begin with the name.
    pub(super) fn is_refused(name: &str, line: &str, variables: &[(&str, &str)]) -> bool {
        match answer(name, line, variables) {
            Answer::Refuse(text) => {
                assert!(text.starts_with(&format!("{name}: ")), "{text}");
                assert!(text.ends_with('\n'), "{text}");
                true
            }
            Answer::Run(..) | Answer::Tell(_) | Answer::TellOnError(_) => false,
        }
    }

    #[test]
    fn names_are_whole() {
        for name in ["bowout-init", "tini2", "bowout", "podman-init", ""] {
            assert_eq!(read(name, &[], |_| None), None, "{name}");
        }
        for (name, _) in TOOLS {
            assert!(is_refused(name, "", &[]), "{name}");
        }
    }

    #[test]
    fn bowouts_own_variables_count_as_well() {
        for (name, _) in TOOLS {
            let variables = [("BOWOUT_GRACE", "7s"), ("BOWOUT_KILL_MODE", "auto")];
            let (options, _) = run(name, "true", &variables);
            assert_eq!(options.grace, Some(std::time::Duration::from_secs(7)));
            assert_ne!(options.kill_mode, KillMode::Auto);
            assert!(is_refused(name, "true", &[("BOWOUT_GRACE", "x")]));
        }
    }
}
