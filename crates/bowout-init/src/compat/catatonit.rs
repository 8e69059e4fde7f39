//! Stands in for catatonit 0.1.7.

use super::getopt::{Known, Line, help};
use super::{ALL, ASK_FOR_AN_END, Answer, ERRORS, commit, faults, licence, options};
use crate::contract::{Contract, SessionPolicy, TERMINAL_STOPS, TerminalPolicy};
use bowout_core::SignalSet;
use bowout_core::plan::ForwardTo;
use std::ffi::OsString;

static OPTIONS: &[Known] = &[
    known('g', None, "signal the command's process group"),
    known('P', None, "run nothing; end on SIGTERM or SIGINT"),
    known('h', None, "show this"),
    known('L', None, "show the licence"),
    known('V', Some("version"), "show the version"),
];

static VARIABLES: &[(&str, &str)] = &[
    ("CATATONIT_DEBUG", "set: say what it does"),
    ("CATATONIT_LOG", "must not be set"),
];

const fn known(letter: char, long: Option<&'static str>, help: &'static str) -> Known {
    Known {
        letter,
        long,
        value: None,
        help,
    }
}

/// As catatonit is without an option.
fn contract() -> Contract {
    Contract {
        session: SessionPolicy::Group,
        terminal: TerminalPolicy::Foreground,
        reset_signals: false,
        forward: ForwardTo::Main,
        stop_is_a_signal: true,
        leave: faults(),
        swallow: TERMINAL_STOPS,
        suspend: SignalSet::EMPTY,
        wake: ASK_FOR_AN_END,
        job_control: true,
        wait_anywhere: false,
        subreaper: true,
        leaves_directory: false,
        tells_of_stops: false,
        tells_of_orphans: false,
        pause: false,
        tells_of_no_reaper: false,
        own_error: super::REFUSED,
    }
}

pub(super) fn read(
    name: &str,
    arguments: Vec<OsString>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Answer {
    let refuse =
        |what: &str| Answer::Refuse(format!("{name}: {what} ('{name} -h' lists the options)\n"));
    if variable("CATATONIT_LOG").is_some() {
        return refuse("CATATONIT_LOG: must not be set; CATATONIT_DEBUG makes it say more");
    }
    let mut contract = contract();
    let mut line = Line::new(OPTIONS, arguments);
    loop {
        let letter = match line.next() {
            Ok(Some((letter, _))) => letter,
            Ok(None) => break,
            Err(error) => return refuse(&error),
        };
        match letter {
            'g' => contract.forward = ForwardTo::Group,
            'P' => {
                contract.pause = true;
                // Nobody is there to forward to: TERM and INT are what ends a pause.
                contract.stop_is_a_signal = false;
            }
            'L' => return Answer::Tell(licence(name)),
            'V' => {
                // The name in front is the one that engines look for.
                let commit = commit();
                return Answer::Tell(format!("tini version 0.1.7_catatonit - git.{commit}\n"));
            }
            _ => {
                let purpose = "Runs a command below a small init.";
                let usage = "[OPTIONS] [--] COMMAND [ARG…]";
                return Answer::TellOnError(help(name, purpose, usage, OPTIONS, VARIABLES));
            }
        }
    }
    let mut command = line.rest();
    if contract.pause {
        // What stands behind is not run; bowout's own command line wants one word there.
        command = vec![OsString::from("pause")];
    }
    if command.is_empty() {
        return refuse("no command");
    }
    let mut options = match options(name, command, variable) {
        Ok(options) => options,
        Err(answer) => return answer,
    };
    if contract.pause {
        options.command.clear();
    }
    let is_verbose = variable("CATATONIT_DEBUG").is_some();
    options.verbosity = if is_verbose { ALL } else { ERRORS };
    Answer::Run(options, contract)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, is_refused, run};
    use super::*;

    const NAME: &str = "catatonit";

    #[test]
    fn each_option_does_its_own() {
        let (options, plain) = run(NAME, "ls -V", &[]);
        assert_eq!((plain, options.verbosity), (contract(), ERRORS));
        assert_eq!(options.command, ["ls", "-V"]);
        assert_eq!(run(NAME, "-gg -- ls", &[]).1.forward, ForwardTo::Group);
        for line in ["-P", "-gP --", "-P ls -l"] {
            let (options, contract) = run(NAME, line, &[]);
            assert!(contract.pause && options.command.is_empty(), "{line}");
        }
    }

    #[test]
    fn the_environment_counts_when_it_is_there() {
        let (options, _) = run(NAME, "ls", &[("CATATONIT_DEBUG", "")]);
        assert_eq!(options.verbosity, ALL);
        assert!(is_refused(NAME, "ls", &[("CATATONIT_LOG", "")]));
        assert!(is_refused(NAME, "-V", &[("CATATONIT_LOG", "x")]));
    }

    #[test]
    fn what_it_is_asked_it_tells() {
        for line in ["-V", "--version", "--v", "-gV ls"] {
            let Answer::Tell(text) = answer(NAME, line, &[]) else {
                panic!("{line}");
            };
            assert!(text.starts_with("tini version 0.1.7_catatonit"), "{text}");
        }
        assert!(matches!(answer(NAME, "-L", &[]), Answer::Tell(_)));
        let help = answer(NAME, "-gh -x", &[]);
        assert!(matches!(help, Answer::TellOnError(_)));
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        let lines = "|--|-g|-x|--help|--versions|--version=1|-s ls|-x -V";
        for line in lines.split('|') {
            assert!(is_refused(NAME, line, &[]), "{line}");
        }
    }
}
