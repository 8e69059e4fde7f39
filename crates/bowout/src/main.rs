//! Speaks for bowout at the desk and in CI: one file for each subcommand.
// The test harness brings a `main` of its own.
#![cfg_attr(not(test), no_main)]

#[cfg(test)]
mod chance;
mod cli;
mod completions;
mod import;
mod plan;
mod schema;
mod signals;

use std::ffi::{OsStr, OsString};

#[cfg(not(test))]
bowout_sys::entry!(bowout);

/// The exit code of a command line that can't be taken.
const USAGE: u8 = 2;

fn bowout(arguments: Vec<OsString>) -> u8 {
    if let Some(there) = arguments.get(1).and_then(|word| shared(word)) {
        return there(arguments.into_iter().skip(2).collect());
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
        Some(("schema", _)) => schema::run(),
        Some(("completions", matches)) => completions::run(matches),
        _ => USAGE,
    }
}

/// What bowout-init does too. It reads these options itself, so that both say the same: those of `run`, for
/// one, end where the command begins.
fn shared(word: &OsStr) -> Option<fn(Vec<OsString>) -> u8> {
    Some(match word.to_str()? {
        "run" => |rest| bowout_init::run_as("bowout run", rest),
        "ctl" => |rest| bowout_init::ctl::run("bowout ctl", rest),
        "healthcheck" => |rest| bowout_init::ctl::healthcheck("bowout healthcheck", rest),
        "probe" => bowout_init::probe::run,
        _ => return None,
    })
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
        assert_eq!(run("bowout probe http x"), bowout_init::OWN_ERROR);
        let absent = bowout_init::ctl::ABSENT;
        assert_eq!(run("bowout ctl ping --socket /nowhere/x.sock"), absent);
        assert_eq!(run("bowout ctl pong"), bowout_init::ctl::USAGE);
        // One code alone, since engines keep others for themselves.
        assert_eq!(run("bowout healthcheck --socket /nowhere/x.sock"), 1);
    }
}
