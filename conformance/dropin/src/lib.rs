//! Compares bowout, called by another init's name, with the program that has that name in Debian.
//!
//! A test gives a table of cases: a command line, an environment, a stimulus. Each is run against the
//! original and against bowout, and what was observed (exit code, which stream was written to, what
//! the child saw, who got which signal) has to be equal. Where bowout differs on purpose, the case
//! names an entry of [`divergence`] and the value that bowout must show instead.

pub mod change;
pub mod compare;
pub mod divergence;
pub mod facts;
pub mod procfs;
pub mod scratch;
mod sender;
pub mod session;
pub mod setting;
pub mod terminal;
pub mod tool;

/// How long anything may take before the harness calls it a hang: only a broken init gets there.
/// `BOWOUT_WATCHDOG` gives other seconds, for a run against an init that is known to be broken.
#[must_use]
pub fn watchdog() -> std::time::Duration {
    let given = std::env::var("BOWOUT_WATCHDOG").ok();
    let seconds = given.and_then(|text| text.parse().ok()).unwrap_or(30);
    std::time::Duration::from_secs(seconds)
}
