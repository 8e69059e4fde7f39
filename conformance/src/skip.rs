//! Skips a case in the open, and only where a skip may pass.

use std::env;
use std::panic::panic_any;

/// The payload of a skip.
pub struct Skip(pub String);

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
    panic_any(Skip(reason.to_owned()));
}
