//! Reads standard input and writes standard output, without the locks and buffers of the standard library.

use bowout_sys::output;
use std::fs::File;
use std::io;

/// Standard input.
///
/// # Errors
/// There is none.
pub(crate) fn input() -> io::Result<File> {
    output::take(0)
}

/// Writes a text to standard output.
///
/// # Errors
/// It can't be written. Where there is no standard output, nobody wants it.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match output::write_all(output::standard_output(), text.as_bytes()) {
        Err(error) if bowout_sys::is_no_descriptor(&error) => Ok(()),
        written => written,
    }
}

/// The same, for a program that has nothing else to do, by its name; returns its exit code.
pub(crate) fn tell(name: &str, text: &str) -> u8 {
    match print(text) {
        // Who has enough of it (`| head`) does not mind.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("{name}: standard output: {}", bowout_sys::reason(&error));
            crate::OWN_ERROR
        }
        Ok(()) | Err(_) => 0,
    }
}
