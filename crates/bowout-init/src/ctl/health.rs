//! Says by its exit code whether the container, or services, are ready: for HEALTHCHECK and exec probes.

use super::exchange;
use super::options::{self, Asked, Parsed};
use super::{FAILED, say};
use crate::control::VARIABLE;
use crate::log::printable;
use std::ffi::OsString;

/// Asks, by a command line without the program's name: 0 when all is ready, else 1 and one line why. There
/// is no third code: engines keep 2 for themselves.
#[must_use = "the exit code is for whoever started the program"]
#[inline(never)]
pub fn run(name: &str, arguments: Vec<OsString>) -> u8 {
    let mut words = arguments;
    words.insert(0, "healthcheck".into());
    let called = name.strip_suffix(" healthcheck").unwrap_or(name);
    let parsed = options::parse(called, words, std::env::var_os(VARIABLE));
    match parsed {
        Ok(Parsed::Print(text)) => {
            _ = say(&text);
            0
        }
        Ok(Parsed::Ask(asked)) => check(name, *asked),
        Err(text) => {
            eprintln!("{name}: {text}");
            FAILED
        }
    }
}

fn check(name: &str, asked: Asked) -> u8 {
    match exchange::ask(&asked.socket, asked.call, &mut |_| true) {
        Ok(_) => 0,
        Err(failed) => {
            // An engine keeps what is written, and shows it to whoever asks why.
            eprintln!("{name}: {}", printable(failed.text()));
            FAILED
        }
    }
}
