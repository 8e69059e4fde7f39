//! Stands in for dumb-init 1.2.5.

use super::getopt::{Known, Line, help};
use super::{ALL, ASK_FOR_AN_END, Answer, ERRORS, options};
use crate::contract::{Contract, SessionPolicy, TERMINAL_STOPS, TerminalPolicy};
use bowout_core::plan::{ForwardTo, KillMode};
use bowout_core::{Signal, SignalSet};
use std::ffi::{OsStr, OsString};

static OPTIONS: &[Known] = &[
    known('c', "single-child", None, "signal the command alone"),
    known(
        'r',
        "rewrite",
        Some("A:B"),
        "forward signal A as B; 0 drops it",
    ),
    known('v', "verbose", None, "say what it does"),
    known('h', "help", None, "show this"),
    known('V', "version", None, "show the version"),
];

static VARIABLES: &[(&str, &str)] = &[
    ("DUMB_INIT_DEBUG", "1: as -v"),
    ("DUMB_INIT_SETSID", "0: as -c"),
];

/// The last of the signals that -r speaks of: the standard ones.
const LAST_SIGNAL: u8 = 31;

const fn known(
    letter: char,
    long: &'static str,
    value: Option<&'static str>,
    help: &'static str,
) -> Known {
    Known {
        letter,
        long: Some(long),
        value,
        help,
    }
}

/// As dumb-init is without an option.
const CONTRACT: Contract = Contract {
    session: SessionPolicy::New,
    terminal: TerminalPolicy::Control,
    reset_signals: true,
    forward: ForwardTo::Group,
    stop_is_a_signal: true,
    leave: SignalSet::EMPTY,
    swallow: SignalSet::EMPTY,
    suspend: TERMINAL_STOPS,
    wake: ASK_FOR_AN_END,
    job_control: false,
    wait_anywhere: false,
    subreaper: false,
    leaves_directory: true,
    tells_of_stops: false,
    tells_of_orphans: false,
    pause: false,
    tells_of_no_reaper: false,
    own_error: super::REFUSED,
};

pub(super) fn read(
    name: &str,
    arguments: Vec<OsString>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Answer {
    let refuse = |what: &str| {
        Answer::Refuse(format!(
            "{name}: {what} ('{name} --help' lists the options)\n"
        ))
    };
    let (mut single, mut verbose, mut rewrites) = (false, false, Vec::new());
    let mut line = Line::new(OPTIONS, arguments);
    loop {
        let (letter, value) = match line.next() {
            Ok(Some(option)) => option,
            Ok(None) => break,
            Err(error) => return refuse(&error),
        };
        match letter {
            'c' => single = true,
            'v' => verbose = true,
            'r' => match rewrite(&value) {
                Some(rewrite) => rewrites.push(rewrite),
                None => {
                    let accepted = "A:B, numbers of signals, A from 1 to 31, B from 0 to 31";
                    let value = value.to_string_lossy();
                    return refuse(&format!(
                        "--rewrite: {value:?} is not accepted; accepted: {accepted}"
                    ));
                }
            },
            'V' => {
                // Programs compare the whole of it; who it really is stands in the help.
                return Answer::TellOnError("dumb-init v1.2.5\n".to_owned());
            }
            _ => {
                let purpose = "Runs a command and forwards signals to its process group.";
                let usage = "[OPTIONS] [--] COMMAND [ARG…]";
                return Answer::TellOnError(help(name, purpose, usage, OPTIONS, VARIABLES));
            }
        }
    }
    let command = line.rest();
    if command.is_empty() {
        return refuse("no command");
    }
    verbose |= variable("DUMB_INIT_DEBUG").is_some_and(|value| value == "1");
    single |= variable("DUMB_INIT_SETSID").is_some_and(|value| value == "0");
    let mut options = match options(name, command, variable) {
        Ok(options) => options,
        Err(answer) => return answer,
    };
    options.verbosity = if verbose { ALL } else { ERRORS };
    // Of two for one signal the later counts.
    options.rewrite.extend(rewrites);
    let mut contract = CONTRACT;
    if single {
        contract.session = SessionPolicy::Same;
        contract.terminal = TerminalPolicy::Keep;
        contract.forward = ForwardTo::Main;
    } else {
        // What the command leaves in its group is told when the command ends.
        options.kill_mode = KillMode::Group;
    }
    Answer::Run(options, contract)
}

/// As scanf(3) takes `%d:%d`: blanks and a sign in front of each number, anything behind the second.
fn rewrite(value: &OsStr) -> Option<(Signal, Option<Signal>)> {
    let (from, rest) = number(value.to_str()?)?;
    let (to, _) = number(rest.strip_prefix(':')?)?;
    let is_standard = from <= LAST_SIGNAL && to <= LAST_SIGNAL;
    let from = Signal::new(from).filter(|_| is_standard)?;
    Some((from, Signal::new(to)))
}

fn number(text: &str) -> Option<(u8, &str)> {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = digits.find(|digit: char| !digit.is_ascii_digit());
    let (digits, rest) = digits.split_at(end.unwrap_or(digits.len()));
    let number: u8 = digits.parse().ok()?;
    let is_negative = text.starts_with('-') && number != 0;
    (!is_negative).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, is_refused, run};
    use super::*;

    const NAME: &str = "dumb-init";

    #[test]
    fn each_option_does_its_own() {
        let (options, contract) = run(NAME, "ls", &[]);
        assert_eq!(contract, CONTRACT);
        assert_eq!(options.verbosity, ERRORS);
        assert_eq!(options.kill_mode, KillMode::Group);
        for line in ["-c ls", "--single-child ls", "--s ls", "-cv ls"] {
            let (options, contract) = run(NAME, line, &[]);
            assert_eq!(contract.session, SessionPolicy::Same, "{line}");
            assert_eq!(contract.terminal, TerminalPolicy::Keep, "{line}");
            assert_eq!(contract.forward, ForwardTo::Main, "{line}");
            assert_eq!(options.kill_mode, KillMode::Main, "{line}");
        }
        for line in ["-v ls", "--verbose ls", "--verb ls"] {
            assert_eq!(run(NAME, line, &[]).0.verbosity, ALL, "{line}");
        }
        let (options, _) = run(NAME, "ls -c -- -r", &[]);
        assert_eq!(options.command, ["ls", "-c", "--", "-r"]);
    }

    #[test]
    fn signals_are_rewritten_by_number() {
        let quit = Some(Signal::QUIT);
        let spellings = "15:3 _15:3 15:_3 +15:+3 015:003 15:3x 15:3.5 15:3_";
        for value in spellings.split(' ') {
            let (options, _) = run(NAME, &format!("-r {value} ls"), &[]);
            assert_eq!(options.rewrite, [(Signal::TERM, quit)], "{value:?}");
        }
        let (options, _) = run(NAME, "-r15:0 --rewrite=1:31 --r 2:3 ls", &[]);
        let expected = [
            (Signal::TERM, None),
            (Signal::HUP, Signal::new(31)),
            (Signal::INT, quit),
        ];
        assert_eq!(options.rewrite, expected);
        let bad = "~ x x:y 15 15: :3 15::3 15:x 15_:3 0:1 32:1 1:32 -1:2 1:-2 TERM:QUIT";
        for value in bad.split(' ') {
            let line = format!("-r {value} ls");
            assert!(is_refused(NAME, &line, &[]), "{value:?}");
        }
    }

    #[test]
    fn the_environment_counts_by_its_value() {
        let verbosity = |value| run(NAME, "ls", &[("DUMB_INIT_DEBUG", value)]).0.verbosity;
        assert_eq!(verbosity("1"), ALL);
        for value in ["0", "", "11", "true"] {
            assert_eq!(verbosity(value), ERRORS, "{value:?}");
        }
        let session = |line, value| run(NAME, line, &[("DUMB_INIT_SETSID", value)]).1.session;
        assert_eq!(session("ls", "0"), SessionPolicy::Same);
        assert_eq!(session("ls", "1"), SessionPolicy::New);
        assert_eq!(session("ls", ""), SessionPolicy::New);
        assert_eq!(session("-c ls", "1"), SessionPolicy::Same);
    }

    #[test]
    fn what_it_is_asked_it_tells_on_standard_error() {
        for line in ["-V", "--version", "--vers", "-c -V --yolo"] {
            let version = Answer::TellOnError("dumb-init v1.2.5\n".to_owned());
            assert_eq!(answer(NAME, line, &[]), version, "{line}");
        }
        for line in ["-h", "--help", "--h", "-h -r x"] {
            let answer = answer(NAME, line, &[]);
            assert!(matches!(answer, Answer::TellOnError(_)), "{line}");
        }
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        let lines = "|--|-c|-x ls|--yolo ls|--ver ls|--help=1|-r|--rewrite|-r 15:3|-r x -h";
        for line in lines.split('|') {
            assert!(is_refused(NAME, line, &[]), "{line}");
        }
    }
}
