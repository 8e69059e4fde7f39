//! Bounds every wait, so that a hang is a failure with a name.

use std::env;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Far longer than anything takes on a busy machine, and never waited for by a test that passes.
const DEFAULT: Duration = Duration::from_secs(20);

static CHOSEN: OnceLock<Duration> = OnceLock::new();

/// How long anything may take before it counts as never. `CONFORMANCE_WATCHDOG` gives other seconds.
#[must_use]
pub fn watchdog() -> Duration {
    *CHOSEN.get_or_init(|| from_environment().unwrap_or(DEFAULT))
}

/// Lowers the bound where many hangs are expected, unless the environment gives one.
pub fn expect_hangs(bound: Duration) {
    let _ = CHOSEN.set(from_environment().unwrap_or(bound));
}

fn from_environment() -> Option<Duration> {
    let seconds = env::var("CONFORMANCE_WATCHDOG").ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Looks again and again until something is so: for facts that only /proc has, and no event tells.
///
/// # Panics
/// If it is not so when the watchdog is out.
#[track_caller]
pub fn await_that(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < watchdog(), "still not so: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
