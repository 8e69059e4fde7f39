//! Lives as PID 1: asks the core what to do, and does it.
//!
//! [`run`] is the whole program, used by the binary `bowout-init` and by `bowout run`.

pub mod assemble;
mod check;
pub mod cli;
pub mod colour;
mod command;
mod compat;
mod config;
mod contract;
mod control;
pub mod ctl;
mod environment;
pub mod file;
mod json;
mod log;
mod notify;
mod origin;
mod output;
mod perform;
pub mod probe;
mod report;
mod services;
pub mod settings;
mod stdio;
mod survey;
mod turn;
mod users;

use environment::Environment;
use std::ffi::OsString;

/// The exit code of bowout's own errors: a bad option, a bad value, a user that is not there. The same as
/// `docker run`, chroot(1) and env(1) use for theirs.
pub const OWN_ERROR: u8 = 125;

/// Runs `bowout-init` with these arguments, the program's name first, and returns its exit code.
#[must_use = "the exit code is for whoever started the program"]
pub fn run(arguments: Vec<OsString>) -> u8 {
    let mut arguments = arguments.into_iter();
    let name = cli::program_name(arguments.next().as_deref());
    let arguments: Vec<OsString> = arguments.collect();
    let environment = Environment::inherited();
    let options = environment.options();
    match compat::read(&name, &arguments, |variable| options.owned(variable)) {
        None if arguments.first().is_some_and(|word| word == "probe") => {
            probe::run(arguments.into_iter().skip(1).collect())
        }
        None => match client(&name, &arguments) {
            Some(code) => code,
            None => run_here(&name, arguments, environment, &options),
        },
        Some(compat::Answer::Run(options, contract)) => {
            start(&name, *options, contract, environment)
        }
        Some(compat::Answer::Tell(text)) => stdio::tell(&name, &text),
        Some(compat::Answer::TellOnError(text)) => {
            eprint!("{text}");
            0
        }
        Some(compat::Answer::Refuse(line)) => {
            eprint!("{line}");
            compat::REFUSED
        }
    }
}

/// Asks a running supervisor, where that is wanted: by the name of the program, or by its first word. A
/// command of such a name is run behind `--`.
#[inline(never)]
fn client(name: &str, arguments: &[OsString]) -> Option<u8> {
    if name == ctl::NAME {
        return Some(ctl::run(name, arguments.to_vec()));
    }
    let (word, rest) = arguments.split_first()?;
    match word.to_str()? {
        "ctl" => Some(ctl::run(&format!("{name} ctl"), rest.to_vec())),
        "healthcheck" => Some(ctl::healthcheck(
            &format!("{name} healthcheck"),
            rest.to_vec(),
        )),
        _ => None,
    }
}

/// Runs with these arguments, without the program's name, under a name that messages begin with.
#[must_use = "the exit code is for whoever started the program"]
pub fn run_as(name: &str, arguments: Vec<OsString>) -> u8 {
    let environment = Environment::inherited();
    let options = environment.options();
    run_here(name, arguments, environment, &options)
}

/// Reads the settings of the services that would be run with these arguments, without the program's name, and
/// runs nothing. `-` in the place of a file is standard input.
///
/// # Errors
/// What `run` would say: about the command line, about the environment, or all that is wrong with a file.
pub fn settings(name: &str, arguments: Vec<OsString>) -> Result<settings::Settings, String> {
    let variables = Environment::inherited().options();
    let parsed = cli::parse(name, arguments, |variable| variables.owned(variable));
    let mut options = match parsed.map_err(|error| error.to_string())? {
        cli::Parsed::Run(options) => options,
        cli::Parsed::Print(text) => return Err(text),
    };
    options.check = true;
    let origin = origin::Origin::find(name, *options)?;
    origin.read().map_err(|wrong| match wrong {
        origin::Wrong::Problems(problems) => {
            let shown = problems.shown(colour::is_wanted(&std::io::stderr()));
            format!("{}\n\n{shown}", problems.counted())
        }
        wrong @ (origin::Wrong::Whole(_) | origin::Wrong::Exists(_)) => wrong.to_string(),
    })
}

fn run_here(
    name: &str,
    arguments: Vec<OsString>,
    environment: Environment,
    options: &Environment,
) -> u8 {
    match cli::parse(name, arguments, |variable| options.owned(variable)) {
        Ok(cli::Parsed::Run(options)) if options.check && options.services.is_some() => {
            check::run(name, *options, environment)
        }
        Ok(cli::Parsed::Run(options)) => start(name, *options, contract::OWN, environment),
        Ok(cli::Parsed::Print(text)) => stdio::tell(name, &text),
        Err(error) => {
            eprintln!("{name}: {error}");
            OWN_ERROR
        }
    }
}

fn start(
    name: &str,
    options: cli::Options,
    contract: contract::Contract,
    environment: Environment,
) -> u8 {
    let own_error = contract.own_error;
    let config = match options.services {
        None => config::Config::new(name, options, contract, environment),
        Some(_) => config::Config::of_services(name, options, contract, environment),
    };
    match config.and_then(turn::Machine::new) {
        // The kernel takes all of it back at once, which is quicker than piece by piece.
        Ok(machine) => std::mem::ManuallyDrop::new(machine).run(),
        Err(error) => {
            eprintln!("{name}: {error}");
            own_error
        }
    }
}
