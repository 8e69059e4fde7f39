//! Skips a case in the open, and only where a skip may pass.

use std::env;
use std::panic::resume_unwind;

use nix::unistd::geteuid;

/// The payload of a skip.
pub struct Skip(pub String);

/// Leaves the case unless whoever runs the tests is root.
pub fn need_root() {
    if !geteuid().is_root() {
        skip("only root can do that");
    }
}

/// Leaves the case with a reason why it can't be held here.
///
/// # Panics
/// Always: with [`Skip`], which the runner prints, or, where a skip may hide a hole (`CI=true`,
/// `BOWOUT_NO_SKIP=1`), with a failure.
pub fn skip(reason: &str) -> ! {
    let set = |name: &str, value: &str| env::var(name).is_ok_and(|given| given == value);
    assert!(
        !set("CI", "true") && !set("BOWOUT_NO_SKIP", "1"),
        "a skip is a failure here: {reason}"
    );
    // Not `panic_any`, which would print a message that looks like a failure.
    resume_unwind(Box::new(Skip(reason.to_owned())));
}
