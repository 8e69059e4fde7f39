//! Holds `bowout-init` to what its own options promise, each given as an option and by environment.

mod bad_values;
mod budget;
mod exit_code;
mod hooks;
mod interrupts;
mod kill_mode;
mod output;
mod places;
mod report;
mod start;
mod stop_signal;

use std::time::{Duration, Instant};

use conformance::{Exit, Init, Puppet, Run, Stage, need_root, puppet_binary};

/// `bowout-init` as PID 1.
fn stage() -> Stage {
    Stage::new(&Init::bowout())
}

/// Holds a body that takes root to set up.
fn as_root(name: &str, body: impl FnOnce()) {
    conformance::case::test(name, || {
        need_root();
        body();
    });
}

/// Holds a body with an option given on the command line, and once more by its variable.
fn both_ways(option: &str, value: &str, body: impl Fn(Stage)) {
    body(stage().options(&[&format!("--{option}"), value]));
    body(stage().env(&variable(option), value));
}

/// The variable that stands for an option.
fn variable(option: &str) -> String {
    format!("BOWOUT_{}", option.to_uppercase().replace('-', "_"))
}

/// Starts a puppet that ignores these signals from birth, with whatever it starts later.
fn ignoring(stage: Stage, signals: &str) -> Run {
    let puppet = puppet_binary().display().to_string();
    stage.start(&["env", &format!("--ignore-signal={signals}"), &puppet, "app"])
}

/// Waits for the end, and says how it was and how long after the start that was.
#[track_caller]
fn ends(run: &mut Run, start: Instant) -> (Exit, Duration) {
    let (exit, at) = run.exit_at();
    (exit, at.saturating_duration_since(start))
}

/// Whatever came to the init before it reaped an orphan has been dealt with.
fn await_orphan(run: &Run, app: &mut Puppet) {
    app.spawn("parent", "");
    let mut parent = run.puppet("parent");
    parent.spawn("orphan", "");
    let mut orphan = run.puppet("orphan");
    parent.exit(0);
    app.ask("wait parent");
    orphan.exit(0);
    orphan.process.await_reaped();
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
