//! Is the list of options, in the order of the help.

use super::{Repeat, Scope, Spec};
use crate::cli::{LogFormat, ReportTarget, UserSpec, value};
use crate::settings::ControlSettings;
use bowout_core::Signal;
use bowout_core::plan::KillMode;
use std::path::PathBuf;

const DURATION: &str = "a duration such as 500ms, 10s or 1m30s";
const SIGNALS: &str = "signals such as TERM, SIGQUIT, 15 or RTMIN+3, separated by commas";
const FILE: &str = "a file";
const COMMAND: &str = "a command and its arguments, quoted as for a shell";

const SERVICES: &str = "Services";
const STOP: &str = "Stopping";
const SIGNAL: &str = "Signals";
const HOOK: &str = "Hooks";
const EXIT: &str = "Exit code and account";
const CHILD: &str = "The command's surroundings";
const LOG: &str = "Log";

const PLAIN: Spec = Spec {
    long: "",
    short: None,
    env: "",
    value: None,
    accepted: "",
    repeat: Repeat::No,
    scope: Scope::All,
    heading: STOP,
    help: "",
    apply: |_, _| None,
    clear: |_| {},
};

/// Every option.
pub const SPECS: &[Spec] = &[
    Spec {
        long: "config",
        short: Some('c'),
        env: "BOWOUT_CONFIG",
        value: Some("FILE"),
        accepted: FILE,
        scope: Scope::Services,
        heading: SERVICES,
        help: "Run the services that this file describes [default: without a command ./bowout.toml, \
               else /etc/bowout.toml]",
        apply: |options, text| path(text).map(|file| options.config = Some(file)),
        ..PLAIN
    },
    Spec {
        long: "procfile",
        env: "BOWOUT_PROCFILE",
        value: Some("[FILE]"),
        accepted: FILE,
        scope: Scope::Services,
        heading: SERVICES,
        help: "Run the services of a Procfile, one NAME: COMMAND a line [default: ./Procfile]",
        apply: |options, text| {
            let text = if text.is_empty() { "Procfile" } else { text };
            options.procfile = Some(PathBuf::from(text));
            Some(())
        },
        ..PLAIN
    },
    Spec {
        long: "check",
        env: "BOWOUT_CHECK",
        scope: Scope::Services,
        heading: SERVICES,
        help: "Look for mistakes in the configuration, and run nothing: exit code 0 without, 1 with some",
        apply: |options, text| {
            options.check = true;
            text.is_empty().then_some(())
        },
        ..PLAIN
    },
    Spec {
        long: "socket",
        env: "BOWOUT_SOCKET",
        value: Some("FILE|off"),
        accepted: "a path for the socket, or off",
        scope: Scope::Services,
        heading: SERVICES,
        help: "Where 'bowout-init ctl' reaches bowout [default: /run/bowout.sock]",
        apply: |options, text| {
            options.socket = Some(match text {
                "off" => ControlSettings::Off,
                text => ControlSettings::Socket(path(text)?),
            });
            Some(())
        },
        ..PLAIN
    },
    Spec {
        long: "grace",
        env: "BOWOUT_GRACE",
        value: Some("DURATION"),
        accepted: DURATION,
        help: "The platform's grace period: bowout is done before its end, by SIGKILL if need be. \
               Without it nothing is SIGKILLed that the platform would not SIGKILL",
        apply: |options, text| value::duration(text).map(|grace| options.grace = Some(grace)),
        ..PLAIN
    },
    Spec {
        long: "margin",
        env: "BOWOUT_MARGIN",
        value: Some("DURATION"),
        accepted: DURATION,
        help: "How long before the end of the grace period bowout is done [default: 500ms]",
        apply: |options, text| value::duration(text).map(|margin| options.margin = Some(margin)),
        ..PLAIN
    },
    Spec {
        long: "stop-signal",
        env: "BOWOUT_STOP_SIGNAL",
        value: Some("SIGNAL,…"),
        accepted: SIGNALS,
        repeat: Repeat::Commas,
        scope: Scope::Command(Some("stop_signal")),
        help: "The signal that stops the command; several are a ladder, each with an equal share of the \
               time [default: the signal that came]",
        apply: |options, text| {
            value::signals(text).map(|signals| options.stop_signal.extend(signals))
        },
        clear: |options| options.stop_signal.clear(),
        ..PLAIN
    },
    Spec {
        long: "stop-timeout",
        env: "BOWOUT_STOP_TIMEOUT",
        value: Some("DURATION"),
        accepted: DURATION,
        scope: Scope::Command(Some("stop_timeout")),
        help: "How long the command has from the stop signal to SIGKILL [default: what the grace period \
               leaves]",
        apply: |options, text| {
            value::duration(text).map(|timeout| options.stop_timeout = Some(timeout))
        },
        ..PLAIN
    },
    Spec {
        long: "kill-mode",
        env: "BOWOUT_KILL_MODE",
        value: Some("MODE"),
        accepted: "auto, main, group or process",
        scope: Scope::Command(Some("kill_mode")),
        help: "Who gets the stop signal: auto (down the tree until somebody takes charge), main (the \
               command; SIGKILL goes to all), group (its process group), process (the command, and nobody \
               else is waited for) [default: auto]",
        apply: |options, text| {
            options.kill_mode = match text {
                "auto" => KillMode::Auto,
                "main" => KillMode::Main,
                "group" => KillMode::Group,
                "process" => KillMode::Process,
                _ => return None,
            };
            Some(())
        },
        ..PLAIN
    },
    Spec {
        long: "drain",
        env: "BOWOUT_DRAIN",
        value: Some("DURATION"),
        accepted: DURATION,
        help: "How long the command goes on after a stop was asked for, so that load balancers stop \
               sending [default: 0]",
        apply: |options, text| value::duration(text).map(|drain| options.drain = Some(drain)),
        ..PLAIN
    },
    Spec {
        long: "stop-on",
        env: "BOWOUT_STOP_ON",
        value: Some("SIGNAL,…"),
        accepted: SIGNALS,
        repeat: Repeat::Commas,
        heading: SIGNAL,
        help: "Signals that ask for the stop [default: TERM,INT]",
        apply: |options, text| {
            let signals = value::signals(text)?;
            if !signals.iter().all(|signal| signal.is_catchable()) {
                return None;
            }
            options.stop_on.extend(signals);
            Some(())
        },
        clear: |options| options.stop_on.clear(),
        ..PLAIN
    },
    Spec {
        long: "rewrite",
        short: Some('r'),
        env: "BOWOUT_REWRITE",
        value: Some("FROM:TO"),
        accepted: "two signals such as TERM:QUIT or 15:3; FROM:0 drops it",
        repeat: Repeat::Commas,
        scope: Scope::All,
        heading: SIGNAL,
        help: "Send the command another signal than the one that came; 0 drops it",
        apply: |options, text| {
            for part in text.split(',') {
                options.rewrite.push(value::rewrite(part.trim())?);
            }
            Some(())
        },
        clear: |options| options.rewrite.clear(),
    },
    Spec {
        long: "on",
        env: "BOWOUT_ON",
        value: Some("SIGNAL=CMD"),
        accepted: "a signal and a command, such as USR1=./rotate.sh",
        repeat: Repeat::Lines,
        heading: SIGNAL,
        help: "Run a command when this signal comes, and do not send it on",
        apply: |options, text| value::on(text).map(|on| options.on.push(on)),
        clear: |options| options.on.clear(),
        ..PLAIN
    },
    Spec {
        long: "pdeathsig",
        short: Some('p'),
        env: "BOWOUT_PDEATHSIG",
        value: Some("SIGNAL"),
        accepted: "a signal such as TERM",
        heading: SIGNAL,
        help: "The signal that bowout gets when its own parent ends",
        apply: |options, text| Signal::parse(text).map(|signal| options.pdeathsig = Some(signal)),
        ..PLAIN
    },
    Spec {
        long: "pre-stop",
        env: "BOWOUT_PRE_STOP",
        value: Some("CMD"),
        accepted: COMMAND,
        repeat: Repeat::Lines,
        heading: HOOK,
        help: "Run this before anybody is told to stop (deregister, flush)",
        apply: |options, text| value::words(text).map(|_| options.pre_stop.push(text.to_owned())),
        clear: |options| options.pre_stop.clear(),
        ..PLAIN
    },
    Spec {
        long: "pre-stop-timeout",
        env: "BOWOUT_PRE_STOP_TIMEOUT",
        value: Some("DURATION"),
        accepted: DURATION,
        heading: HOOK,
        help: "How long each pre-stop command may take [default: a quarter of the grace period]",
        apply: |options, text| {
            value::duration(text).map(|timeout| options.pre_stop_timeout = Some(timeout))
        },
        ..PLAIN
    },
    Spec {
        long: "post-stop",
        env: "BOWOUT_POST_STOP",
        value: Some("CMD"),
        accepted: COMMAND,
        repeat: Repeat::Lines,
        heading: HOOK,
        help: "Run this after everybody has stopped (move data to a persistent place)",
        apply: |options, text| value::words(text).map(|_| options.post_stop.push(text.to_owned())),
        clear: |options| options.post_stop.clear(),
        ..PLAIN
    },
    Spec {
        long: "post-stop-timeout",
        env: "BOWOUT_POST_STOP_TIMEOUT",
        value: Some("DURATION"),
        accepted: DURATION,
        heading: HOOK,
        help: "How long each post-stop command may take [default: a quarter of the grace period]",
        apply: |options, text| {
            value::duration(text).map(|timeout| options.post_stop_timeout = Some(timeout))
        },
        ..PLAIN
    },
    Spec {
        long: "expect-exit",
        short: Some('e'),
        env: "BOWOUT_EXPECT_EXIT",
        value: Some("CODE"),
        accepted: "exit codes, 0 to 255, separated by commas",
        repeat: Repeat::Commas,
        heading: EXIT,
        scope: Scope::Command(None),
        help: "Turn this exit code of the command into 0, for example 143",
        apply: |options, text| {
            for part in text.split(',') {
                options.expect_exit.push(part.trim().parse().ok()?);
            }
            Some(())
        },
        clear: |options| options.expect_exit.clear(),
    },
    Spec {
        long: "success-on-stop",
        env: "BOWOUT_SUCCESS_ON_STOP",
        heading: EXIT,
        scope: Scope::Command(None),
        help: "Exit with 0 when the stop was asked for and nothing had to be SIGKILLed",
        apply: |options, text| {
            options.success_on_stop = true;
            text.is_empty().then_some(())
        },
        ..PLAIN
    },
    Spec {
        long: "report",
        env: "BOWOUT_REPORT",
        value: Some("FILE|fd:N"),
        accepted: "a file, or fd: and the number of an open descriptor",
        heading: EXIT,
        help: "Write an account of the stop there, as JSON",
        apply: |options, text| {
            let target = match text.strip_prefix("fd:") {
                Some(number) => {
                    ReportTarget::Descriptor(number.parse().ok().filter(|fd| *fd >= 0)?)
                }
                None => ReportTarget::File(path(text)?),
            };
            options.report = Some(target);
            Some(())
        },
        ..PLAIN
    },
    Spec {
        long: "user",
        short: Some('u'),
        env: "BOWOUT_USER",
        value: Some("USER[:GROUP]"),
        accepted: "a user, or a user and a group, by name or number",
        heading: CHILD,
        scope: Scope::Command(Some("user")),
        help: "Run the command as this user",
        apply: |options, text| {
            let (user, group) = match text.split_once(':') {
                Some((user, group)) => (user, Some(group)),
                None => (text, None),
            };
            if user.is_empty() || group.is_some_and(str::is_empty) {
                return None;
            }
            let (user, group) = (user.to_owned(), group.map(str::to_owned));
            options.user = Some(UserSpec { user, group });
            Some(())
        },
        ..PLAIN
    },
    Spec {
        long: "workdir",
        short: Some('w'),
        env: "BOWOUT_WORKDIR",
        value: Some("DIR"),
        accepted: "a directory",
        heading: CHILD,
        scope: Scope::Command(Some("working_dir")),
        help: "Run the command in this directory",
        apply: |options, text| path(text).map(|directory| options.workdir = Some(directory)),
        ..PLAIN
    },
    Spec {
        long: "env-file",
        env: "BOWOUT_ENV_FILE",
        value: Some("FILE"),
        accepted: "a file with NAME=value lines",
        repeat: Repeat::Lines,
        heading: CHILD,
        help: "Add the NAME=value lines of this file to the command's environment",
        apply: |options, text| path(text).map(|file| options.env_file.push(file)),
        clear: |options| options.env_file.clear(),
        ..PLAIN
    },
    Spec {
        long: "verbose",
        short: Some('v'),
        env: "BOWOUT_VERBOSE",
        heading: LOG,
        help: "Say more; -vv says everything",
        apply: |options, text| {
            let more = if text.is_empty() {
                1
            } else {
                text.parse().ok().filter(|more| *more > 0)?
            };
            options.verbosity = options.verbosity.max(0).saturating_add(more);
            Some(())
        },
        ..PLAIN
    },
    Spec {
        long: "quiet",
        short: Some('q'),
        env: "BOWOUT_QUIET",
        heading: LOG,
        help: "Say nothing but errors",
        apply: |options, text| {
            options.verbosity = -1;
            text.is_empty().then_some(())
        },
        ..PLAIN
    },
    Spec {
        long: "log-format",
        env: "BOWOUT_LOG_FORMAT",
        value: Some("FORMAT"),
        accepted: "text or json",
        heading: LOG,
        help: "text, or json for one object a line [default: text]",
        apply: |options, text| {
            options.log_format = Some(match text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return None,
            });
            Some(())
        },
        ..PLAIN
    },
];

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}
