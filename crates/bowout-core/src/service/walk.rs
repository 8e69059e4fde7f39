//! Decides who is sent a stop signal: it goes down the tree until somebody takes charge.

use crate::order::{Map, Set, gathered, sort};
use crate::process::{Process, State};
use crate::{Pid, Signal};
use alloc::vec::Vec;

/// Who was sent one stop signal, and who has taken charge of what is below.
///
/// A pid stands for a process here although it can be used again: numbers are handed out in a circle,
/// so within one stop that takes tens of thousands of forks, and it costs the newcomer no more than
/// to be told by the SIGKILL.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Walk {
    signal: Signal,
    told: Set<Pid>,
    in_charge: Set<Pid>,
    /// Who was there when the stop began. Who came later, below one in charge, is its clean-up.
    present: Option<Set<Pid>>,
}

impl Walk {
    /// A walk that has told nobody.
    #[must_use = "makes a value and changes nothing"]
    pub fn new(signal: Signal) -> Walk {
        Walk {
            signal,
            told: Set::new(),
            in_charge: Set::new(),
            present: None,
        }
    }

    /// The next signal of a ladder: everybody is told anew.
    pub fn restart(&mut self, signal: Signal) {
        self.signal = signal;
        self.told.clear();
        self.in_charge.clear();
    }

    /// The signal that this walk brings.
    #[must_use = "reads a value and changes nothing"]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Whether `pid` was sent the signal.
    #[must_use = "reads a value and changes nothing"]
    pub fn has_told(&self, pid: Pid) -> bool {
        self.told.contains(&pid)
    }

    /// Whether anybody has taken charge and has not ended.
    #[must_use = "reads a value and changes nothing"]
    pub fn somebody_in_charge(&self) -> bool {
        !self.in_charge.is_empty()
    }

    /// A process ended. Returns whether it was in charge, so that those below it must be told.
    pub fn ended(&mut self, pid: Pid) -> bool {
        self.told.remove(&pid);
        self.in_charge.remove(&pid)
    }

    /// Walks over the living processes of a service and returns who is to be sent the signal now,
    /// parents before children. With `all`, charge protects nobody who was there from the start.
    pub fn step(&mut self, processes: &[&Process], main: Pid, all: bool) -> Vec<Pid> {
        if self.present.is_none() {
            self.present = Some(gathered(processes.iter().map(|process| process.pid)));
        }
        let alive: Set<Pid> = gathered(processes.iter().map(|process| process.pid));
        self.told.retain(|pid| alive.contains(pid));
        self.in_charge.retain(|pid| alive.contains(pid));

        let mut children: Map<Pid, Vec<&Process>> = Map::new();
        let mut roots: Vec<&Process> = Vec::new();
        for process in processes {
            // A process is never its own parent, so every walk from a root ends.
            if alive.contains(&process.parent) && process.parent != process.pid {
                children
                    .get_or_insert_with(process.parent, Vec::new)
                    .push(process);
            } else {
                roots.push(process);
            }
        }
        // The main process first, then orphans by age of their number.
        let place = |process: &Process| (process.pid != main, process.pid);
        sort(&mut roots, |a, b| place(a) < place(b));

        let mut targets = Vec::new();
        // A stack of its own: a tree can be deeper than PID 1's.
        let mut open: Vec<(&Process, bool)> =
            roots.iter().rev().map(|root| (*root, false)).collect();
        let mut visited = Set::new();
        while let Some((process, covered)) = open.pop() {
            // A number can turn up twice: it was used again while /proc was read.
            if !visited.insert(process.pid) {
                continue;
            }
            let held = self.visit(process, covered, all, &mut targets);
            for child in children.get(&process.pid).into_iter().flatten().rev() {
                open.push((child, held));
            }
        }
        targets
    }

    /// Tells one process if it is to be told, and returns whether those below it are somebody's charge.
    fn visit(
        &mut self,
        process: &Process,
        covered: bool,
        all: bool,
        targets: &mut Vec<Pid>,
    ) -> bool {
        let was_present = self
            .present
            .as_ref()
            .is_none_or(|present| present.contains(&process.pid));
        // One that was told itself answers for those below it, whoever is above.
        let spared = covered && !self.told.contains(&process.pid);
        if spared && !(all && was_present) {
            return true;
        }
        if process.state == State::Zombie {
            // Only its other threads live, if any: it can be told nothing more.
            return false;
        }
        if self.in_charge.contains(&process.pid) {
            return true;
        }
        let takes_charge = process.takes_charge(self.signal);
        if self.told.insert(process.pid) {
            targets.push(process.pid);
            if takes_charge {
                self.in_charge.insert(process.pid);
            }
            return takes_charge;
        }
        // It was told before and is still here. A shell whose trap could not run then may run it
        // now, and what it has started since is that trap's doing: it is in charge from here on.
        if process.caught.contains(self.signal) {
            self.in_charge.insert(process.pid);
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignalSet;

    const TERM: SignalSet = SignalSet::from_bits(1 << 14);

    fn pid(number: i32) -> Pid {
        Pid::new(number)
    }

    fn process(number: i32, parent: i32, catches: bool) -> Process {
        let mut process = Process::new(pid(number), pid(parent));
        if catches {
            process.caught = TERM;
        }
        process
    }

    fn step(walk: &mut Walk, tree: &[Process], all: bool) -> Vec<i32> {
        let processes: Vec<&Process> = tree.iter().collect();
        let told = walk.step(&processes, pid(2), all);
        told.into_iter().map(Pid::get).collect()
    }

    #[test]
    fn it_goes_through_wrappers_and_ends_at_whoever_catches() {
        let mut walk = Walk::new(Signal::TERM);
        let tree = [
            process(5, 3, false),
            process(2, 1, false),
            process(3, 2, true),
            process(4, 2, false),
        ];
        assert_eq!(step(&mut walk, &tree, false), [2, 3, 4]);
        assert_eq!(step(&mut walk, &tree, false), [], "nobody is told twice");
    }

    #[test]
    fn charge_is_handed_on_when_its_holder_ends() {
        let mut walk = Walk::new(Signal::TERM);
        let tree = [
            process(2, 1, true),
            process(3, 2, false),
            process(4, 3, true),
            process(5, 4, true),
        ];
        assert_eq!(step(&mut walk, &tree, false), [2]);
        assert!(walk.ended(pid(2)));
        let orphans = [
            process(3, 1, false),
            process(4, 3, true),
            process(5, 4, true),
        ];
        assert_eq!(step(&mut walk, &orphans, false), [3, 4]);
    }

    #[test]
    fn at_half_time_those_who_were_there_are_told_and_a_clean_up_is_not() {
        let mut walk = Walk::new(Signal::TERM);
        let tree = [process(2, 1, true), process(3, 2, false)];
        assert_eq!(step(&mut walk, &tree, false), [2]);
        let later = [
            process(2, 1, true),
            process(3, 2, false),
            process(9, 2, false),
        ];
        assert_eq!(step(&mut walk, &later, true), [3]);
    }

    #[test]
    fn a_deferred_trap_is_in_charge_of_what_it_starts_later() {
        let mut shell = process(2, 1, true);
        shell.program = Some("dash".into());
        shell.waits_for_child = true;
        let mut walk = Walk::new(Signal::TERM);
        assert_eq!(
            step(&mut walk, &[shell.clone(), process(3, 2, true)], false),
            [2, 3]
        );
        // Its child ended; now it runs `sync` inside of its trap.
        assert_eq!(step(&mut walk, &[shell, process(4, 2, false)], false), []);
    }

    #[test]
    fn zombies_are_passed_over_and_circles_are_survived() {
        let mut walk = Walk::new(Signal::TERM);
        let mut zombie = process(2, 1, true);
        zombie.state = State::Zombie;
        // 7 and 8 name each other as parent: a survey is not taken in one moment.
        let tree = [
            zombie,
            process(3, 2, false),
            process(7, 8, false),
            process(8, 7, false),
        ];
        assert_eq!(step(&mut walk, &tree, false), [3]);
    }
}
