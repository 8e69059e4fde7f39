//! Lets larger plans and trees run in virtual time, in orders drawn by chance, and has every promise
//! checked at each step (`docs/promises.md`).
//!
//! `BOWOUT_SIM_SEEDS=1000000 cargo test --release -p bowout-core --test simulate` runs a million, from
//! `BOWOUT_SIM_FIRST` on; `BOWOUT_SIM_SEED=N` runs one and prints all that was said.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event, and a new one is none of it"
)]

#[allow(dead_code, reason = "each test program uses its part of the world")]
mod world;

mod simulate {
    pub(crate) mod chance;
    pub(crate) mod draw;
}

use bowout_core::Instant;
use simulate::chance::Chance;
use simulate::draw::draw_case;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use world::{Move, World};

/// Enough to meet every rule many times, in half a minute.
const SEEDS: u64 = if cfg!(debug_assertions) {
    10_000
} else {
    100_000
};

/// So many seeds of a broken promise are shown: one may be easier to read than another.
const SHOWN: usize = 16;

/// More steps than this without any time are a busy loop, and more in a stop are no stop.
const MOST: usize = 20_000;

/// Where a service that comes back every millisecond has left so many behind, nobody looks any further.
const CROWD: usize = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

#[test]
fn every_promise_is_kept_by_chance() {
    if let Some(seed) = number("BOWOUT_SIM_SEED") {
        let (_, violation, log) = play(seed, true);
        println!("{log}");
        assert_eq!(violation, None);
        return;
    }
    let first = number("BOWOUT_SIM_FIRST").unwrap_or(0);
    let seeds = number("BOWOUT_SIM_SEEDS").unwrap_or(SEEDS);
    let begun = std::time::Instant::now();
    let mut ended = 0;
    // The seeds of each kind of broken promise, and what the first is: kinds differ in more than digits.
    let mut broken: BTreeMap<String, (String, Vec<u64>)> = BTreeMap::new();
    for seed in first..first + seeds {
        let (finished, violation, _) = play(seed, false);
        ended += u64::from(finished);
        if let Some(violation) = violation {
            let kind = violation.replace(|letter: char| letter.is_ascii_digit(), "");
            let kind = kind.chars().take(40).collect();
            let entry = broken.entry(kind).or_insert((violation, Vec::new()));
            entry.1.push(seed);
        }
    }
    println!(
        "{seeds} seeds from {first} on, {ended} came to an end, {:?}",
        begun.elapsed()
    );
    for (violation, seeds) in broken.values() {
        let some = &seeds[..seeds.len().min(SHOWN)];
        println!(
            "{} times: {violation}: BOWOUT_SIM_SEED={some:?}",
            seeds.len()
        );
    }
    if let Some((violation, seeds)) = broken.values().next() {
        let (_, _, log) = play(seeds[0], true);
        panic!("BOWOUT_SIM_SEED={}: {violation}\n{log}", seeds[0]);
    }
    assert!(ended > seeds / 2, "most runs come to their end");
}

/// Runs one world; says whether it came to its end, which promise was broken, and what happened.
fn play(seed: u64, tell: bool) -> (bool, Option<String>, String) {
    let mut chance = Chance::new(seed);
    let case = draw_case(&mut chance);
    let mut world = World::new(Rc::new(case));
    world.logs = tell;
    world.thorough = tell || seed.is_multiple_of(4);
    let mut log = String::new();
    // Steps since time has passed, or since the stop began.
    let mut steps = 0;
    while steps < MOST {
        let Some(step) = choose(&world, &mut chance) else {
            let stuck = world.is_stuck();
            let stuck = stuck.then(|| "nothing happens, and it is not over".to_owned());
            return (world.sup.is_finished(), stuck, log);
        };
        let now = world.now;
        world.apply(step);
        steps += 1;
        if tell {
            log.push_str(&format!("{now:?} {step:?}\n"));
            for line in world.log.drain(..) {
                log.push_str(&format!("    {line}\n"));
            }
        }
        if let Some(violation) = world.monitor.violation.clone() {
            log.push_str(&format!(
                "{:?} deadline {:?}\n",
                world.now,
                world.sup.deadline()
            ));
            for id in world.sup.plan().ids().filter(|_| tell) {
                let (service, watch) = (world.sup.service(id), &world.monitor.seen[id.0]);
                log.push_str(&format!("{id:?} {:?}\n    {watch:?}\n", service.state));
            }
            return (false, Some(violation), log);
        }
        if !world.sup.is_stopping() {
            if world.now > now {
                steps = 0;
            }
            if world.kernel.procs.len() > CROWD {
                return (false, None, log);
            }
        }
    }
    (false, Some("it does not come to an end".to_owned()), log)
}

/// What happens next: most often something at this moment; else time passes until the next thing
/// that is due.
fn choose(world: &World, chance: &mut Chance) -> Option<Move> {
    let moves = world.moves();
    if world.sup.is_finished() || world.now > world.case.horizon {
        return None;
    }
    let rare = |step: &Move| {
        matches!(
            step,
            Move::Outside
                | Move::Ask
                | Move::Say(_)
                | Move::Fork(_)
                | Move::Wake(_)
                | Move::Fail(_)
        )
    };
    let (rare, common): (Vec<Move>, Vec<Move>) = moves
        .into_iter()
        .filter(|step| !matches!(step, Move::Deadline { .. }))
        .partition(rare);
    if !common.is_empty() && (rare.is_empty() || chance.below(8) > 0) {
        return Some(common[chance.below(common.len())]);
    }
    let idle = world.sup.deadline().is_none() && next_end(world).is_none();
    if !rare.is_empty() && (idle || world.is_bound_to_move() || chance.below(6) == 0) {
        return Some(rare[chance.below(rare.len())]);
    }
    if world.is_bound_to_move() || !common.is_empty() {
        return common.first().copied();
    }
    let deadline = world.sup.deadline();
    let step = next_end(world)
        .map(|at| at.min(world.now.after(Duration::from_millis(chance.range(1, 900)))));
    match (deadline, step) {
        (None, None) => rare.first().copied(),
        (None, Some(at)) => Some(Move::Pass(at)),
        (Some(deadline), Some(at)) if at < deadline && at > world.now => Some(Move::Pass(at)),
        (Some(_), _) => Some(Move::Deadline { late: false }),
    }
}

/// The next moment at which a process ends by itself.
fn next_end(world: &World) -> Option<Instant> {
    let ends = world
        .kernel
        .living()
        .filter_map(|(pid, proc)| world.kernel.may_end(pid, proc));
    ends.filter(|at| *at > world.now).min()
}
