//! Measures what the init costs in memory: its own pages, and what its cgroup is charged.

use std::fs;
use std::time::Duration;

use super::{Run, is_init, progress};
use crate::cgroup::Cgroup;
use crate::entrant::{Entrant, Role};
use crate::figure::{Id, SETTLE};

/// Inits in one cgroup: the kernel charges some things in lumps, which the number spreads.
const CROWD: usize = 8;

/// The kernel brings its memory statistics up to date every two seconds.
const STATISTICS: Duration = Duration::from_millis(2_500);

/// RSS and PSS of one init alone.
pub(super) fn measure_pages(run: &mut Run<'_>, rounds: usize) {
    for round in 0..=rounds {
        progress("RSS and PSS", round, rounds);
        for entrant in run.round(Id::Rss, is_init) {
            let seen = run.stage(entrant, true).hold(&[]).and_then(|held| {
                std::thread::sleep(SETTLE);
                let path = format!("/proc/{}/smaps_rollup", held.pid);
                let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
                let value = |name| kilobytes(&text, name).ok_or(format!("{path} lacks {name}"));
                Ok((value("Rss:")?, value("Pss:")?))
            });
            match seen {
                Ok(_) if round == 0 => {}
                Ok((rss, pss)) => {
                    run.samples.add(Id::Rss, entrant, rss);
                    run.samples.add(Id::Pss, entrant, pss);
                }
                Err(why) => run.fail(Id::Rss, entrant, why),
            }
        }
    }
}

/// The charge of a cgroup with init and child, less that of a cgroup with the child alone.
///
/// All cgroups of a round stand at the same time, filled in turn, so that one wait serves all.
pub(super) fn measure_charge(run: &mut Run<'_>, rounds: usize) {
    let takes_part = |entrant: &Entrant| is_init(entrant) || entrant.role == Role::Baseline;
    for round in 1..=rounds {
        progress("charge", round, rounds);
        let mut groups = Vec::new();
        for entrant in run.round(Id::Charge, takes_part) {
            match Cgroup::create(&entrant.to_string()) {
                Ok(cgroup) => groups.push((entrant, cgroup, Vec::new())),
                Err(why) => run.fail(Id::Charge, entrant, why),
            }
        }
        for _ in 0..CROWD {
            for (entrant, cgroup, crowd) in &mut groups {
                match run.stage(*entrant, true).hold(&cgroup.options()) {
                    Ok(held) => crowd.push(held),
                    Err(why) => run.fail(Id::Charge, *entrant, why),
                }
            }
        }
        std::thread::sleep(STATISTICS);
        let charges: Vec<(usize, Result<u64, String>)> = groups
            .iter()
            .filter(|(_, _, crowd)| crowd.len() == CROWD)
            .map(|(entrant, cgroup, _)| (*entrant, cgroup.charge()))
            .collect();
        // The inits have to end before their cgroup can be removed.
        for (_, cgroup, crowd) in groups {
            drop(crowd);
            drop(cgroup);
        }
        let alone = charges
            .iter()
            .find(|(entrant, _)| run.entrants[*entrant].role == Role::Baseline);
        let Some((_, Ok(alone))) = alone.cloned() else {
            continue;
        };
        for (entrant, charge) in charges {
            match charge {
                Ok(charge) if is_init(&run.entrants[entrant]) => {
                    let extra = (charge as f64 - alone as f64) / CROWD as f64;
                    run.samples.add(Id::Charge, entrant, extra / 1_024.0);
                }
                Ok(_) => {}
                Err(why) => run.fail(Id::Charge, entrant, why),
            }
        }
    }
}

fn kilobytes(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        line.strip_prefix(name)?
            .trim()
            .strip_suffix(" kB")?
            .parse()
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_rollup() {
        let text = "00400000-7fff r--p 0 [rollup]\nRss:                 692 kB\nPss:                 688 kB\nPss_Dirty: 4 kB\n";
        assert_eq!(kilobytes(text, "Rss:"), Some(692.0));
        assert_eq!(kilobytes(text, "Pss:"), Some(688.0));
        assert_eq!(kilobytes(text, "Swap:"), None);
    }
}
