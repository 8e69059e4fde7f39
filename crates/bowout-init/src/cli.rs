//! Reads the command line and the environment into options.

mod help;
pub mod table;
pub mod value;

use bowout_core::Signal;
use bowout_core::plan::{KillMode, MARGIN};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use table::{Repeat, Spec};

/// Where the stop report goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReportTarget {
    /// A file that is written anew.
    File(PathBuf),
    /// A descriptor that bowout was started with.
    Descriptor(i32),
}

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Whom the command runs as: names or numbers, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserSpec {
    /// User name or number.
    pub user: String,
    /// Group name or number, where one was given.
    pub group: Option<String>,
}

/// All that can be said on the command line or by the environment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// The platform's grace period.
    pub grace: Option<Duration>,
    /// How long before its end bowout is done.
    pub margin: Duration,
    /// The ladder of stop signals; empty: the one that came.
    pub stop_signal: Vec<Signal>,
    /// From the stop signal to SIGKILL.
    pub stop_timeout: Option<Duration>,
    /// Who gets the stop signal.
    pub kill_mode: KillMode,
    /// Signals that are turned into others, or dropped.
    pub rewrite: Vec<(Signal, Option<Signal>)>,
    /// Signals that ask for the stop; empty: TERM and INT.
    pub stop_on: Vec<Signal>,
    /// Exit codes that are turned into 0.
    pub expect_exit: Vec<u8>,
    /// Whether a clean stop that was asked for is 0.
    pub success_on_stop: bool,
    /// Commands before anybody is told to stop.
    pub pre_stop: Vec<String>,
    /// How long each of them may take.
    pub pre_stop_timeout: Option<Duration>,
    /// Commands after everybody has stopped.
    pub post_stop: Vec<String>,
    /// How long each of them may take.
    pub post_stop_timeout: Option<Duration>,
    /// How long services go on after a stop was asked for.
    pub drain: Duration,
    /// Commands on signals.
    pub on: Vec<(Signal, String)>,
    /// Whom the command runs as.
    pub user: Option<UserSpec>,
    /// Its working directory.
    pub workdir: Option<PathBuf>,
    /// Files with more environment.
    pub env_file: Vec<PathBuf>,
    /// Where the stop report goes.
    pub report: Option<ReportTarget>,
    /// The signal for bowout when its parent ends.
    pub pdeathsig: Option<Signal>,
    /// -1 quiet, 0 as usual, 1 more, 2 all.
    pub verbosity: i8,
    /// The form of log lines.
    pub log_format: LogFormat,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            command: Vec::new(),
            grace: None,
            margin: MARGIN,
            stop_signal: Vec::new(),
            stop_timeout: None,
            kill_mode: KillMode::Auto,
            rewrite: Vec::new(),
            stop_on: Vec::new(),
            expect_exit: Vec::new(),
            success_on_stop: false,
            pre_stop: Vec::new(),
            pre_stop_timeout: None,
            post_stop: Vec::new(),
            post_stop_timeout: None,
            drain: Duration::ZERO,
            on: Vec::new(),
            user: None,
            workdir: None,
            env_file: Vec::new(),
            report: None,
            pdeathsig: None,
            verbosity: 0,
            log_format: LogFormat::Text,
        }
    }
}

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parsed {
    /// A command to run.
    Run(Box<Options>),
    /// Help, or the version.
    Print(String),
}

/// A command line or an environment that can't be taken, in one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The name that messages begin with: the last part of what the program was called by.
#[must_use = "makes a value and changes nothing"]
pub fn program_name(called: Option<&OsStr>) -> String {
    let called = called.map(|name| name.to_string_lossy().into_owned());
    let name = called.as_deref().and_then(|name| name.rsplit('/').next());
    name.filter(|name| !name.is_empty())
        .unwrap_or("bowout-init")
        .to_owned()
}

/// Reads the environment, and the command line over it. Options end at the first word that is none,
/// or behind `--`: what follows is the command's.
///
/// # Errors
/// One line that names the option, the value, and what is accepted.
pub fn parse(
    name: &str,
    arguments: Vec<OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Parsed, UsageError> {
    let mut options = Options::default();
    for spec in table::SPECS {
        if let Some(value) = variable(spec.env).filter(|value| !value.is_empty()) {
            read_variable(spec, &value, &mut options)?;
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    loop {
        // `next` would take a word after options for a value, and go on behind it.
        let spec = match parser.next().map_err(|error| usage(name, &error))? {
            None => break,
            Some(lexopt::Arg::Value(command)) => {
                options.command.push(command);
                options
                    .command
                    .extend(parser.raw_args().map_err(|error| usage(name, &error))?);
                break;
            }
            Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
                return Ok(Parsed::Print(help::help(name)));
            }
            Some(lexopt::Arg::Long("version") | lexopt::Arg::Short('V')) => {
                return Ok(Parsed::Print(format!(
                    "bowout-init {}\n",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            // tini's users write -s; bowout is a subreaper whenever it is not PID 1.
            Some(lexopt::Arg::Short('s')) => continue,
            Some(argument) => find(name, &argument)?,
        };
        // What the command line says replaces what the environment said, and is not added to it.
        if spec.repeat != Repeat::No && !seen.contains(&spec.long) {
            (spec.clear)(&mut options);
        }
        seen.push(spec.long);
        let value = match spec.value {
            None => OsString::new(),
            Some(_) => parser.value().map_err(|_| {
                UsageError(format!(
                    "--{}: a value is missing; accepted: {}",
                    spec.long, spec.accepted
                ))
            })?,
        };
        apply(spec, &format!("--{}", spec.long), &value, &mut options)?;
    }
    check(name, options)
}

fn check(name: &str, options: Options) -> Result<Parsed, UsageError> {
    if options.command.is_empty() {
        let text = format!(
            "no command; say what to run: {name} [OPTIONS] [--] COMMAND [ARG…] ('{name} --help' lists the options)"
        );
        return Err(UsageError(text));
    }
    let stops = |signal: &Signal| match options.stop_on.is_empty() {
        true => matches!(*signal, Signal::TERM | Signal::INT),
        false => options.stop_on.contains(signal),
    };
    if let Some((signal, _)) = options.on.iter().find(|(signal, _)| stops(signal)) {
        return Err(UsageError(format!(
            "--on {signal}: --stop-on has it stop the container already; one of the two"
        )));
    }
    Ok(Parsed::Run(Box::new(options)))
}

fn find(name: &str, argument: &lexopt::Arg<'_>) -> Result<&'static Spec, UsageError> {
    let (found, written) = match argument {
        lexopt::Arg::Long(long) => (
            table::SPECS.iter().find(|spec| spec.long == *long),
            format!("--{long}"),
        ),
        lexopt::Arg::Short(short) => (
            table::SPECS.iter().find(|spec| spec.short == Some(*short)),
            format!("-{short}"),
        ),
        lexopt::Arg::Value(_) => (None, String::new()),
    };
    found.ok_or_else(|| {
        let nearest = value::nearest(
            written.trim_start_matches('-'),
            table::SPECS.iter().map(|spec| spec.long),
        );
        let hint = nearest.map_or_else(String::new, |near| format!("; did you mean --{near}?"));
        UsageError(format!(
            "{written}: unknown option{hint} ('{name} --help' lists the options)"
        ))
    })
}

fn usage(name: &str, error: &lexopt::Error) -> UsageError {
    UsageError(format!("{error} ('{name} --help' lists the options)"))
}

fn read_variable(spec: &Spec, value: &OsStr, options: &mut Options) -> Result<(), UsageError> {
    let separator = match spec.repeat {
        Repeat::No => return apply(spec, spec.env, value, options),
        Repeat::Commas => ',',
        Repeat::Lines => '\n',
    };
    let text = utf8(spec, spec.env, value)?;
    for part in text
        .split(separator)
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        apply(spec, spec.env, OsStr::new(part), options)?;
    }
    Ok(())
}

fn apply(
    spec: &Spec,
    source: &str,
    value: &OsStr,
    options: &mut Options,
) -> Result<(), UsageError> {
    let text = utf8(spec, source, value)?;
    // In the environment a switch has a value too.
    let is_variable = source == spec.env;
    let result = match (spec.value, is_variable) {
        (None, true) => match value::switch(text) {
            Some(true) => (spec.apply)(options, ""),
            Some(false) => Some(()),
            // One that can be given twice can be given a number.
            None => {
                let taken = (spec.apply)(options, text);
                return taken.ok_or_else(|| refused(source, text, "1, true, yes or 0, false, no"));
            }
        },
        _ => (spec.apply)(options, text),
    };
    result.ok_or_else(|| refused(source, text, spec.accepted))
}

fn utf8<'a>(spec: &Spec, source: &str, value: &'a OsStr) -> Result<&'a str, UsageError> {
    value
        .to_str()
        .ok_or_else(|| refused(source, &value.to_string_lossy(), spec.accepted))
}

fn refused(source: &str, value: &str, accepted: &str) -> UsageError {
    UsageError(format!(
        "{source}: {value:?} is not accepted; accepted: {accepted}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, variables: &[(&str, &str)]) -> Result<Options, String> {
        let words = line.split_whitespace().map(OsString::from).collect();
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        match parse("bowout-init", words, variable) {
            Ok(Parsed::Run(options)) => Ok(*options),
            Ok(Parsed::Print(text)) => Err(text),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn options_end_at_the_first_word_that_is_none() {
        let options = read("-v ls -l --grace 5s", &[]).unwrap();
        assert_eq!(options.command, ["ls", "-l", "--grace", "5s"]);
        assert_eq!(options.verbosity, 1);
        let options = read("--grace=5s -- -odd --", &[]).unwrap();
        assert_eq!(options.command, ["-odd", "--"]);
        assert_eq!(options.grace, Some(Duration::from_secs(5)));
    }

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let variables = [
            ("BOWOUT_GRACE", "5s"),
            ("BOWOUT_EXPECT_EXIT", "143, 130"),
            ("BOWOUT_SUCCESS_ON_STOP", "no"),
        ];
        let options = read("true", &variables).unwrap();
        assert_eq!(options.grace, Some(Duration::from_secs(5)));
        assert_eq!(options.expect_exit, [143, 130]);
        assert!(!options.success_on_stop);
        let options = read("--grace 7s -e 1 -e2 true", &variables).unwrap();
        assert_eq!(
            (options.grace, options.expect_exit),
            (Some(Duration::from_secs(7)), vec![1, 2])
        );
    }

    #[test]
    fn switches_have_values_in_the_environment() {
        let verbosity =
            |value| read("true", &[("BOWOUT_VERBOSE", value)]).map(|options| options.verbosity);
        assert_eq!(
            (verbosity("yes"), verbosity("0"), verbosity("2")),
            (Ok(1), Ok(0), Ok(2))
        );
        for bad in ["x", "-1", "999"] {
            assert!(verbosity(bad).is_err(), "{bad}");
        }
        assert!(read("true", &[("BOWOUT_QUIET", "2")]).is_err());
    }

    #[test]
    fn a_bad_value_names_option_value_and_what_is_accepted() {
        let cases = [
            (
                "--grace 10x true",
                "--grace: \"10x\" is not accepted; accepted: a duration such as 500ms, 10s or 1m30s",
            ),
            (
                "--grce 10s true",
                "--grce: unknown option; did you mean --grace? ('bowout-init --help' lists the options)",
            ),
            (
                "--grace",
                "--grace: a value is missing; accepted: a duration such as 500ms, 10s or 1m30s",
            ),
            (
                "-e 256 true",
                "--expect-exit: \"256\" is not accepted; accepted: exit codes, 0 to 255, separated by commas",
            ),
        ];
        for (line, message) in cases {
            assert_eq!(read(line, &[]).unwrap_err(), message);
        }
        let error = read("true", &[("BOWOUT_KILL_MODE", "none")]).unwrap_err();
        assert_eq!(
            error,
            "BOWOUT_KILL_MODE: \"none\" is not accepted; accepted: auto, main, group or process"
        );
        assert!(read("", &[]).unwrap_err().starts_with("no command; "));
        assert!(read("--on TERM=x --stop-on TERM true", &[]).is_err());
    }
}
