//! Stands in for tini 0.19, which is also `docker-init`.

use super::getopt::{Known, Line, help};
use super::{ASK_FOR_AN_END, Answer, commit, faults, licence, options};
use crate::contract::{Contract, SessionPolicy, TerminalPolicy};
use bowout_core::plan::ForwardTo;
use bowout_core::{Signal, SignalSet};
use std::ffi::{OsStr, OsString};

static OPTIONS: &[Known] = &[
    known('s', None, "adopt orphans when not PID 1"),
    known(
        'p',
        Some("SIGNAL"),
        "get SIGNAL when the parent ends (SIGTERM)",
    ),
    known('v', None, "say more; up to three times"),
    known('w', None, "say which orphans were reaped"),
    known('g', None, "signal the command's process group"),
    known('e', Some("CODE"), "turn exit code CODE into 0; repeatable"),
    known('h', None, "show this"),
    known('l', None, "show the licence"),
];

static VARIABLES: &[(&str, &str)] = &[
    ("TINI_SUBREAPER", "set: as -s"),
    ("TINI_KILL_PROCESS_GROUP", "set: as -g"),
    (
        "TINI_VERBOSITY",
        "0 to 4; else it is 1, and each -v adds one",
    ),
];

/// Standard signals whose names -p does not know.
const NOT_FOR_PDEATHSIG: [&str; 3] = ["SIGSTKFLT", "SIGIO", "SIGPWR"];

/// Errors and warnings.
const USUAL_VERBOSITY: i64 = 1;

const fn known(letter: char, value: Option<&'static str>, help: &'static str) -> Known {
    Known {
        letter,
        long: None,
        value,
        help,
    }
}

/// As tini is without an option.
fn contract() -> Contract {
    Contract {
        session: SessionPolicy::Group,
        terminal: TerminalPolicy::Foreground,
        reset_signals: false,
        forward: ForwardTo::Main,
        stop_is_a_signal: true,
        leave: faults(),
        swallow: SignalSet::EMPTY.with(Signal::TTIN).with(Signal::TTOU),
        suspend: SignalSet::EMPTY,
        wake: ASK_FOR_AN_END,
        job_control: true,
        wait_anywhere: false,
        subreaper: false,
        leaves_directory: false,
        tells_of_stops: false,
        tells_of_orphans: false,
        pause: false,
        tells_of_no_reaper: true,
        own_error: super::REFUSED,
    }
}

pub(super) fn read(
    name: &str,
    arguments: Vec<OsString>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Answer {
    // The only long option, and only where it is alone.
    if arguments.as_slice() == ["--version"] {
        return Answer::Tell(format!("tini version 0.19.0 - git.{}\n", commit()));
    }
    let refuse =
        |what: String| Answer::Refuse(format!("{name}: {what} ('{name} -h' lists the options)\n"));
    let mut contract = contract();
    let mut pdeathsig = None;
    let mut expect_exit = Vec::new();
    let mut verbosity = USUAL_VERBOSITY;
    let mut line = Line::new(OPTIONS, arguments);
    loop {
        let (letter, value) = match line.next() {
            Ok(Some(option)) => option,
            Ok(None) => break,
            Err(error) => return refuse(error),
        };
        match letter {
            's' => contract.subreaper = true,
            'g' => contract.forward = ForwardTo::Group,
            'w' => contract.tells_of_orphans = true,
            'v' => verbosity += 1,
            'p' => match signal(&value) {
                Some(signal) => pdeathsig = Some(signal),
                None => return refuse(bad('p', &value, "a signal's name, such as SIGTERM")),
            },
            'e' => match code(&value) {
                Some(code) => expect_exit.push(code),
                None => return refuse(bad('e', &value, "an exit code, 0 to 255")),
            },
            'l' => return Answer::Tell(licence(name)),
            _ => {
                let purpose = "Runs a command below a small init.";
                let usage = "[OPTIONS] [--] COMMAND [ARG…] | --version";
                return Answer::Tell(help(name, purpose, usage, OPTIONS, VARIABLES));
            }
        }
    }
    let ended_by_dashes = line.dashes;
    let mut command = line.rest();
    if command.is_empty() {
        return refuse("no command".to_owned());
    }
    // tini's usage line has `PROGRAM -- ARGS`. Further behind, a `--` is the command's.
    let permutes = variable("POSIXLY_CORRECT").is_none();
    if permutes && !ended_by_dashes && command.get(1).is_some_and(|word| word == "--") {
        command.remove(1);
    }
    contract.subreaper |= variable("TINI_SUBREAPER").is_some();
    if variable("TINI_KILL_PROCESS_GROUP").is_some() {
        contract.forward = ForwardTo::Group;
    }
    if let Some(value) = variable("TINI_VERBOSITY") {
        verbosity = leading_number(&value);
    }
    let mut options = match options(name, command, variable) {
        Ok(options) => options,
        Err(answer) => return answer,
    };
    // Its levels are fatal, warning, info, debug, trace; ours begin one lower and have no trace.
    options.verbosity = i8::try_from((verbosity - 1).clamp(-1, 2)).unwrap_or_default();
    options.pdeathsig = pdeathsig.or(options.pdeathsig);
    options.expect_exit.extend(expect_exit);
    Answer::Run(options, contract)
}

fn bad(letter: char, value: &OsStr, accepted: &str) -> String {
    let value = value.to_string_lossy();
    format!("-{letter}: {value:?} is not accepted; accepted: {accepted}")
}

/// Full names in capitals, nothing else.
fn signal(value: &OsStr) -> Option<Signal> {
    let name = value.to_str()?;
    let mut standard = Signal::all().filter(|signal| !signal.is_realtime());
    let found = standard.find(|signal| signal.to_string() == name);
    found.filter(|_| !NOT_FOR_PDEATHSIG.contains(&name))
}

/// A decimal number as strtol(3) takes it: blanks and a sign in front, nothing behind. Nothing at all
/// is 0.
fn code(value: &OsStr) -> Option<u8> {
    let text = value.to_str()?;
    if text.is_empty() {
        return Some(0);
    }
    let number: i64 = text.trim_ascii_start().parse().ok()?;
    u8::try_from(number).ok()
}

/// As atoi(3): the number in front, 0 without one. Below zero is as much as can be, for tini counts
/// without a sign.
fn leading_number(value: &OsStr) -> i64 {
    let text = value.to_string_lossy();
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = digits
        .split(|digit: char| !digit.is_ascii_digit())
        .next()
        .unwrap_or_default();
    let number = match digits {
        "" => 0,
        digits => digits.parse().unwrap_or(i64::MAX),
    };
    match text.starts_with('-') && number > 0 {
        true => i64::MAX,
        false => number,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, is_refused, run};
    use super::*;

    #[test]
    fn each_option_does_its_own() {
        let (options, plain) = run("tini", "ls", &[]);
        assert_eq!(plain, contract());
        assert_eq!((options.verbosity, options.pdeathsig), (0, None));
        assert!(options.expect_exit.is_empty() && options.rewrite.is_empty());
        assert!(run("tini", "-s ls", &[]).1.subreaper);
        assert!(run("tini", "-w ls", &[]).1.tells_of_orphans);
        assert_eq!(run("tini", "-g ls", &[]).1.forward, ForwardTo::Group);
        assert_eq!(run("tini", "-vv ls", &[]).0.verbosity, 2);
        let (options, _) = run("tini", "-p SIGKILL ls", &[]);
        assert_eq!(options.pdeathsig, Some(Signal::KILL));
        let (options, _) = run("tini", "-e 1 -e255 -ge ~ ls", &[]);
        assert_eq!(options.expect_exit, [1, 255, 0]);
        let (options, _) = run("docker-init", "-gs -- ls -g", &[]);
        assert_eq!(options.command, ["ls", "-g"]);
    }

    #[test]
    fn the_environment_counts_when_it_is_there() {
        for value in ["", "0", "1"] {
            let variables = [
                ("TINI_SUBREAPER", value),
                ("TINI_KILL_PROCESS_GROUP", value),
            ];
            let (_, contract) = run("tini", "ls", &variables);
            assert!(contract.subreaper && contract.forward == ForwardTo::Group);
        }
        let far = "99999999999999999999";
        let levels = [
            ("0", -1),
            ("", -1),
            ("x", -1),
            ("1", 0),
            (" +2x", 1),
            ("9", 2),
            ("-1", 2),
            (far, 2),
        ];
        for (value, verbosity) in levels {
            let (options, _) = run("tini", "-vvv ls", &[("TINI_VERBOSITY", value)]);
            assert_eq!(options.verbosity, verbosity, "{value:?}");
        }
    }

    #[test]
    fn what_is_behind_the_command_is_its_own() {
        let command = |line, variables: &[_]| run("tini", line, variables).0.command;
        assert_eq!(command("ls -l -h", &[]), ["ls", "-l", "-h"]);
        assert_eq!(command("ls -- -l", &[]), ["ls", "-l"]);
        assert_eq!(command("ls a -- b", &[]), ["ls", "a", "--", "b"]);
        assert_eq!(command("-- ls -- a", &[]), ["ls", "--", "a"]);
        let posix = [("POSIXLY_CORRECT", "")];
        assert_eq!(command("ls -- -l", &posix), ["ls", "--", "-l"]);
    }

    #[test]
    fn what_it_is_asked_it_tells() {
        let version = format!("tini version 0.19.0 - git.{}\n", commit());
        assert_eq!(
            answer("docker-init", "--version", &[]),
            Answer::Tell(version)
        );
        assert!(!commit().contains('.'));
        assert!(matches!(answer("tini", "-sh -z", &[]), Answer::Tell(_)));
        assert!(matches!(answer("tini", "-l", &[]), Answer::Tell(_)));
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        let lines = "|--|-s|-z ls|--help|--version ls|-s --version|-e|-e 256 ls|-e -1 ls|-e 1x ls\
                     |-e 0x1 ls|-e 1_ ls|-p|-p TERM ls|-p 15 ls|-p sigterm ls|-p SIGIO ls\
                     |-p SIGPWR ls|-p SIGIOT ls|-p SIGRTMIN ls";
        for line in lines.split('|') {
            assert!(is_refused("tini", line, &[]), "{line}");
        }
        assert_eq!(code("+42".as_ref()), Some(42));
        assert_eq!(code(" 042".as_ref()), Some(42));
    }
}
