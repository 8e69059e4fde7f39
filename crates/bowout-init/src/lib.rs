//! Lives as PID 1: asks the core what to do, and does it.
//!
//! [`run`] is the whole program, used by the binary `bowout-init` and by `bowout run`.

pub mod cli;
mod compat;
mod config;
mod contract;
mod environment;
mod log;
mod perform;
mod report;
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
    match compat::read(&name, &arguments, |variable| environment.owned(variable)) {
        None => run_here(&name, arguments, environment),
        Some(compat::Answer::Run(options, contract)) => {
            start(&name, *options, contract, environment)
        }
        Some(compat::Answer::Tell(text)) => {
            print!("{text}");
            0
        }
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

/// Runs with these arguments, without the program's name, under a name that messages begin with.
#[must_use = "the exit code is for whoever started the program"]
pub fn run_as(name: &str, arguments: Vec<OsString>) -> u8 {
    run_here(name, arguments, Environment::inherited())
}

fn run_here(name: &str, arguments: Vec<OsString>, environment: Environment) -> u8 {
    match cli::parse(name, arguments, |variable| environment.owned(variable)) {
        Ok(cli::Parsed::Run(options)) => start(name, *options, contract::OWN, environment),
        Ok(cli::Parsed::Print(text)) => {
            print!("{text}");
            0
        }
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
    let config = config::Config::new(name, options, contract, environment);
    match config.and_then(turn::Machine::new) {
        // The kernel takes all of it back at once, which is quicker than piece by piece.
        Ok(machine) => std::mem::ManuallyDrop::new(machine).run(),
        Err(error) => {
            eprintln!("{name}: {error}");
            own_error
        }
    }
}
