//! Says plainly that a test does not run here, and fails it where nothing may be skipped.

use std::io::Write;

/// Prints `SKIP: reason` past the test runner's capture. Panics where a skip is a failure (`CI=true`, `BOWOUT_NO_SKIP=1`).
pub fn skip(reason: &str) {
    let set = |name: &str, value: &str| std::env::var(name).is_ok_and(|is| is == value);
    if set("CI", "true") || set("BOWOUT_NO_SKIP", "1") {
        panic!("SKIP is not allowed here (CI=true or BOWOUT_NO_SKIP=1): {reason}");
    }
    let _ = writeln!(std::io::stderr(), "SKIP: {reason}");
}

/// Says that a test has nothing to ask of this init (a dynamic binary in an empty image, an option only ours has).
/// That is no skip: it holds on every machine.
pub fn not_applicable(reason: &str) {
    let _ = writeln!(std::io::stderr(), "NOT APPLICABLE: {reason}");
}
