//! `bowout run`: the same code as `bowout-init`.

use std::ffi::OsString;

/// Runs a command as PID 1 would, and returns its exit code.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    bowout_init::run_as("bowout run", arguments)
}
