//! `bowout schema`: the JSON Schema of bowout.toml, for editors.

use std::io::Write;

/// Prints it, and returns the exit code: 1 where it could not be written.
pub(crate) fn run() -> u8 {
    let written = std::io::stdout().write_all(bowout_init::file::schema().as_bytes());
    u8::from(written.is_err())
}
