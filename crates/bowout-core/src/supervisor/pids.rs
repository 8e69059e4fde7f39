//! Finds whose a process is by its number.

use crate::Pid;
use crate::order::Set;

/// Who has which process. A driver may give one number to two.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Pids {
    all: Set<(Pid, usize)>,
}

impl Pids {
    pub(super) fn add(&mut self, pid: Pid, owner: usize) {
        self.all.insert((pid, owner));
    }

    pub(super) fn remove(&mut self, pid: Pid, owner: usize) {
        self.all.remove(&(pid, owner));
    }

    /// Who has this process.
    pub(super) fn of(&self, pid: Pid) -> impl Iterator<Item = usize> {
        let theirs = move |entry: &&(Pid, usize)| entry.0 == pid;
        let from = self.all.not_before(&(pid, 0)).iter();
        from.take_while(theirs).map(|(_, owner)| *owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn one_number_can_be_that_of_two() {
        let mut pids = Pids::default();
        let pid = Pid::new;
        for (number, owner) in [(5, 1), (3, 0), (5, 0), (5, 0), (9, 2)] {
            pids.add(pid(number), owner);
        }
        assert_eq!(pids.of(pid(5)).collect::<Vec<_>>(), [0, 1]);
        pids.remove(pid(5), 0);
        pids.remove(pid(5), 7);
        assert_eq!(pids.of(pid(5)).collect::<Vec<_>>(), [1]);
        assert_eq!(pids.of(pid(4)).next(), None);
        assert_eq!(pids.of(pid(10)).next(), None);
    }
}
