//! Searches all states of a case, each once, and shows the way to one in which a promise is broken.

use crate::world::{Case, Move, World};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Instant as Clock;

/// More states than this are no small plan.
const MOST: usize = 600_000;

fn fingerprint(world: &World) -> (u64, u64) {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        world.hash(&mut hasher);
        hasher.finish()
    };
    (hash(0), hash(1))
}

/// Searches, and panics with the way to the first state that breaks a promise.
pub(crate) fn search(name: &str, case: Case) -> usize {
    let begun = Clock::now();
    let first = World::new(Rc::new(case));
    let mut seen = HashSet::from([fingerprint(&first)]);
    let mut ways: Vec<(usize, Move)> = Vec::new();
    let mut open = vec![(usize::MAX, first)];
    let mut ends = 0;
    while let Some((at, world)) = open.pop() {
        let moves = world.moves();
        if moves.is_empty() {
            ends += usize::from(world.sup.is_finished());
            if world.is_stuck() {
                fail(
                    name,
                    &world.case,
                    &ways,
                    at,
                    "nothing happens, and it is not over",
                );
            }
        }
        for step in moves {
            let mut next = world.clone();
            next.apply(step);
            if !seen.insert(fingerprint(&next)) {
                continue;
            }
            ways.push((at, step));
            let here = ways.len() - 1;
            if let Some(violation) = &next.monitor.violation {
                fail(name, &world.case, &ways, here, violation);
            }
            open.push((here, next));
        }
        assert!(seen.len() < MOST, "{name}: too many states");
    }
    assert!(ends > 0, "{name}: no way leads to an end");
    println!(
        "{name}: {} states, {ends} ends, {:?}",
        seen.len(),
        begun.elapsed()
    );
    seen.len()
}

fn fail(name: &str, case: &Rc<Case>, ways: &[(usize, Move)], mut at: usize, what: &str) -> ! {
    let mut path = Vec::new();
    while at != usize::MAX {
        path.push(ways[at].1);
        at = ways[at].0;
    }
    path.reverse();
    let mut world = World::new(Rc::clone(case));
    world.logs = true;
    let mut log = String::new();
    for step in path {
        let now = world.now;
        world.apply(step);
        log.push_str(&format!("{now:?} {step:?}\n"));
        for line in world.log.drain(..) {
            log.push_str(&format!("    {line}\n"));
        }
    }
    log.push_str(&format!(
        "{:?} deadline {:?}\n",
        world.now,
        world.sup.deadline()
    ));
    for (pid, proc) in &world.kernel.procs {
        log.push_str(&format!("  {pid}: {proc:?}\n"));
    }
    panic!("{name}: {what}\n{log}");
}
