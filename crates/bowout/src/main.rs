//! Speaks for bowout at the desk and in CI: one file for each subcommand.
// The test harness brings a `main` of its own.
#![cfg_attr(not(test), no_main)]

mod cli;
mod completions;
mod import;
mod plan;
mod run;
mod signals;

use std::ffi::OsString;

#[cfg(not(test))]
bowout_sys::entry!(bowout);

/// The exit code of a command line that can't be taken.
const USAGE: u8 = 2;

fn bowout(arguments: Vec<OsString>) -> u8 {
    // `run` has its own way of reading options: they end where the command begins.
    if arguments.get(1).is_some_and(|word| word == "run") {
        return run::run(arguments.into_iter().skip(2).collect());
    }
    if arguments.get(1).is_some_and(|word| word == "probe") {
        return bowout_init::probe::run(arguments.into_iter().skip(2).collect());
    }
    let matches = match cli::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and the version are no errors. Where nobody reads them, there is nobody to tell.
            _ = error.print();
            return if error.use_stderr() { USAGE } else { 0 };
        }
    };
    match matches.subcommand() {
        Some(("signals", matches)) => signals::run(matches.get_flag("json")),
        Some(("import", matches)) => import::run(matches),
        Some(("plan", matches)) => plan::run(matches),
        Some(("completions", matches)) => completions::run(matches),
        _ => USAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_usage_from_success() {
        let run = |line: &str| bowout(line.split(' ').map(OsString::from).collect());
        assert_eq!(run("bowout sgnals"), USAGE);
        assert_eq!(run("bowout signals --json"), 0);
        assert_eq!(run("bowout run --grace x true"), bowout_init::OWN_ERROR);
    }
}
