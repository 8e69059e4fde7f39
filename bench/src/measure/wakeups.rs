//! Counts how often an idle init wakes up: its context switches while nothing happens.

use std::fs;
use std::time::Duration;

use super::{Run, is_init};
use crate::figure::{IDLE_SECONDS, Id, SETTLE};
use crate::stage::Held;

/// All inits idle at the same time: each is watched alone, none disturbs another.
pub(super) fn measure(run: &mut Run<'_>) {
    eprintln!("wake-ups: {IDLE_SECONDS} s");
    let mut idle: Vec<(usize, Held)> = Vec::new();
    for entrant in run.round(Id::WakeUps, is_init) {
        match run.stage(entrant, true).hold(&[]) {
            Ok(held) => idle.push((entrant, held)),
            Err(why) => run.fail(Id::WakeUps, entrant, why),
        }
    }
    std::thread::sleep(SETTLE);
    let before: Vec<_> = idle.iter().map(|(_, held)| switches(held)).collect();
    std::thread::sleep(Duration::from_secs(IDLE_SECONDS));
    for ((entrant, held), before) in idle.iter().zip(before) {
        match (before, switches(held)) {
            (Ok(before), Ok(after)) => {
                run.samples
                    .add(Id::WakeUps, *entrant, (after - before) as f64)
            }
            (Err(why), _) | (_, Err(why)) => run.fail(Id::WakeUps, *entrant, why),
        }
    }
}

fn switches(held: &Held) -> Result<u64, String> {
    let path = format!("/proc/{}/status", held.pid);
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    total(&text).ok_or(format!("{path} has no context switches"))
}

fn total(status: &str) -> Option<u64> {
    let value = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
    };
    Some(value("voluntary_ctxt_switches:")? + value("nonvoluntary_ctxt_switches:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_both_kinds() {
        assert_eq!(
            total("Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n"),
            Some(15)
        );
        assert_eq!(total("Name:\tx\n"), None);
    }
}
