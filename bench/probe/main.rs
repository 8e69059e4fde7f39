//! Runs around and below the init that is measured: spawns it, stamps it, loads it, and says what it saw.
//!
//! One small static program with a mode for each part, so that every init pays the same for what surrounds it.

mod launch;
mod load;
mod services;
mod stage;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mode, rest) = match args.split_first() {
        Some((mode, rest)) => (mode.as_str(), rest),
        None => ("", &[][..]),
    };
    let outcome = match mode {
        "stage" => stage::run(rest),
        "services" => services::run(rest),
        "launch" => Err(launch::run(rest)),
        "orphans" => load::orphans(rest),
        "brood" => load::brood(rest),
        "master" => load::master(rest),
        "worker" => load::worker(),
        _ => Err(format!("unknown mode `{mode}`")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench-probe {mode}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The monotonic clock in nanoseconds: the same clock in every process of a run.
fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
