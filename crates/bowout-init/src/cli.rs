//! Reads the command line and the environment into options.

mod help;
mod scope;
pub mod table;
pub mod value;

use crate::settings::ControlSettings;
use bowout_core::Signal;
use bowout_core::plan::KillMode;
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
    /// The command and its arguments, or several as one service each.
    pub command: Vec<OsString>,
    /// Where services come from; `None`: one command runs.
    pub services: Option<Services>,
    /// The configuration.
    pub config: Option<PathBuf>,
    /// The Procfile.
    pub procfile: Option<PathBuf>,
    /// Whether the configuration is only looked at.
    pub check: bool,
    /// Where bowout is controlled from; `None`: as the configuration says.
    pub socket: Option<ControlSettings>,
    /// The platform's grace period.
    pub grace: Option<Duration>,
    /// How long before its end bowout is done.
    pub margin: Option<Duration>,
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
    pub drain: Option<Duration>,
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
    pub log_format: Option<LogFormat>,
}

/// Where services come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Services {
    /// [`Options::config`].
    Config,
    /// [`Options::procfile`].
    Procfile,
    /// [`Options::command`]: `NAME: COMMAND` each.
    Lines,
    /// A file at one of the usual places.
    UsualPlaces,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            command: Vec::new(),
            services: None,
            config: None,
            procfile: None,
            check: false,
            socket: None,
            grace: None,
            margin: None,
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
            drain: None,
            on: Vec::new(),
            user: None,
            workdir: None,
            env_file: Vec::new(),
            report: None,
            pdeathsig: None,
            verbosity: 0,
            log_format: None,
        }
    }
}

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parsed {
    /// A command or services to run.
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
    // Where each option came from, for those that do not go together.
    let mut given: Vec<(&Spec, Origin)> = Vec::new();
    for spec in table::SPECS {
        if let Some(value) = variable(spec.env).filter(|value| !value.is_empty()) {
            read_variable(spec, &value, &mut options)?;
            given.push((spec, Origin::Variable));
        }
    }
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
        let is_new = |(other, origin): &(&Spec, Origin)| {
            other.long != spec.long || *origin == Origin::Variable
        };
        if spec.repeat != Repeat::No && given.iter().all(is_new) {
            (spec.clear)(&mut options);
        }
        let (value, origin) = match spec.value {
            None => (OsString::new(), Origin::Line),
            Some(_) if spec.is_optional() => match parser.optional_value() {
                Some(value) => (value, Origin::LineWithValue),
                None => (OsString::new(), Origin::Line),
            },
            Some(_) => {
                let value = parser.value().map_err(|_| {
                    UsageError(format!(
                        "--{}: a value is missing; accepted: {}",
                        spec.long, spec.accepted
                    ))
                })?;
                (value, Origin::LineWithValue)
            }
        };
        given.push((spec, origin));
        apply(spec, &format!("--{}", spec.long), &value, &mut options)?;
    }
    scope::settle(name, &mut options, &given)?;
    check(&options)?;
    Ok(Parsed::Run(Box::new(options)))
}

/// Where an option was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// By its variable.
    Variable,
    /// On the command line, without a value.
    Line,
    /// On the command line, with one.
    LineWithValue,
}

fn check(options: &Options) -> Result<(), UsageError> {
    let stops = |signal: &Signal| match options.stop_on.is_empty() {
        true => matches!(*signal, Signal::TERM | Signal::INT),
        false => options.stop_on.contains(signal),
    };
    if let Some((signal, _)) = options.on.iter().find(|(signal, _)| stops(signal)) {
        return Err(UsageError(format!(
            "--on {signal}: --stop-on has it stop the container already; one of the two"
        )));
    }
    Ok(())
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
mod tests;
