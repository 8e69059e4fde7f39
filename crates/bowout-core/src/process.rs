//! Describes what can be seen of a process from outside: who it is, and what a signal would do to it.

use crate::plan::ServiceId;
use crate::{Signal, SignalSet};
use alloc::string::String;
use core::fmt;

/// The number of a process, as bowout's own PID namespace counts.
///
/// Zero stands for a process outside of that namespace (pid_namespaces(7)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(i32);

impl Pid {
    /// A process outside of the namespace: the parent of PID 1 and of what an engine puts in.
    pub const OUTSIDE: Pid = Pid(0);
    /// The init process of a PID namespace.
    pub const INIT: Pid = Pid(1);

    /// The process with this number.
    ///
    /// # Panics
    /// When `number` is negative: to kill(2) those are groups, and a group is not a process.
    #[must_use = "makes a value and changes nothing"]
    pub const fn new(number: i32) -> Pid {
        assert!(number >= 0, "a process has no negative number");
        Pid(number)
    }

    /// The number.
    #[must_use = "reads a value and changes nothing"]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the kernel's scheduler says of a process (`State:` in /proc/PID/status, proc(5)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// It runs, or could, or sleeps and can be woken by a signal.
    Awake,
    /// It sits in a system call that no signal interrupts (`D`).
    Uninterruptible,
    /// It was stopped by a signal (`T`).
    Stopped,
    /// A debugger holds it (`t`).
    Traced,
    /// It ended, and its parent has not asked for its status yet (`Z`, `X`).
    Zombie,
}

/// What a process would do with a signal, seen from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// It has a handler.
    Caught,
    /// It takes the signal by sigwait(3) or signalfd(2).
    Awaited,
    /// It has the signal blocked: it may read it later, or never.
    Blocked,
    /// It has a handler that can't run before a child in the foreground ends: a shell with a trap.
    Deferred,
    /// It throws the signal away.
    Ignored,
    /// It has made no arrangement; the kernel's default action happens.
    Default,
}

/// Why a process is still there although it was sent the stop signal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stayed {
    /// It ignores the signal.
    Ignores,
    /// It has the signal blocked.
    Blocks,
    /// It is stopped, or held by a debugger.
    Stopped,
    /// It sits in a system call that no signal interrupts.
    Uninterruptible,
    /// It has a handler for the signal and is not done.
    Busy,
    /// It is a shell whose trap waits for a child in the foreground.
    Deferred,
    /// It was never sent the signal.
    Untold,
}

/// One process, as a survey found it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// Its parent's number; [`Pid::OUTSIDE`] when that lives in another namespace.
    pub parent: Pid,
    /// Its process group.
    pub group: Pid,
    /// Its session.
    pub session: Pid,
    /// Its name (`Name:`, at most 15 bytes).
    pub name: String,
    /// What the scheduler says.
    pub state: State,
    /// Signals with a handler (`SigCgt`).
    pub caught: SignalSet,
    /// Ignored signals (`SigIgn`).
    pub ignored: SignalSet,
    /// Signals that its first thread blocks (`SigBlk`).
    pub blocked: SignalSet,
    /// Signals that one of its threads takes by sigwait(3), or that a signalfd(2) of its takes.
    pub awaited: SignalSet,
    /// Base name of the program file, where it was worth reading (/proc/PID/exe).
    pub program: Option<String>,
    /// Whether its first thread sits in a system call that waits for a child (/proc/PID/syscall).
    pub waits_for_child: bool,
    /// The service that a child of bowout says it is of, where nobody knows it otherwise: a daemon that has
    /// left its session keeps its environment.
    pub service: Option<ServiceId>,
}

impl Process {
    /// A process with no arrangement for any signal; the other facts are filled in by the caller.
    #[must_use = "makes a value and changes nothing"]
    pub fn new(pid: Pid, parent: Pid) -> Process {
        Process {
            pid,
            parent,
            group: pid,
            session: pid,
            name: String::new(),
            state: State::Awake,
            caught: SignalSet::EMPTY,
            ignored: SignalSet::EMPTY,
            blocked: SignalSet::EMPTY,
            awaited: SignalSet::EMPTY,
            program: None,
            waits_for_child: false,
            service: None,
        }
    }

    /// What the process would do with `signal`.
    ///
    /// A blocked signal is never ignored: the kernel keeps it for the day it is unblocked or waited
    /// for, so `awaited` goes before all else.
    #[must_use = "reads a value and changes nothing"]
    pub fn disposition(&self, signal: Signal) -> Disposition {
        if self.awaited.contains(signal) {
            Disposition::Awaited
        } else if self.caught.contains(signal) {
            if self.is_shell_in_the_foreground() {
                Disposition::Deferred
            } else {
                Disposition::Caught
            }
        } else if self.ignored.contains(signal) {
            Disposition::Ignored
        } else if self.blocked.contains(signal) {
            Disposition::Blocked
        } else {
            Disposition::Default
        }
    }

    /// Whether the process, once it has the signal, looks after those below it.
    #[must_use = "reads a value and changes nothing"]
    pub fn takes_charge(&self, signal: Signal) -> bool {
        match self.disposition(signal) {
            Disposition::Caught | Disposition::Awaited | Disposition::Blocked => true,
            Disposition::Deferred | Disposition::Ignored | Disposition::Default => false,
        }
    }

    /// Why the process, which was sent `signal`, is still there.
    #[must_use = "reads a value and changes nothing"]
    pub fn stayed(&self, signal: Signal) -> Stayed {
        match self.state {
            State::Uninterruptible => return Stayed::Uninterruptible,
            State::Stopped | State::Traced => return Stayed::Stopped,
            State::Awake | State::Zombie => {}
        }
        match self.disposition(signal) {
            Disposition::Ignored => Stayed::Ignores,
            Disposition::Blocked => Stayed::Blocks,
            Disposition::Deferred => Stayed::Deferred,
            Disposition::Caught | Disposition::Awaited | Disposition::Default => Stayed::Busy,
        }
    }

    /// Measured: dash and busybox sit in wait4 for a child in the foreground and in rt_sigsuspend for
    /// their `wait` builtin, inside a trap too. bash sits in wait4 for both and can't be told apart.
    fn is_shell_in_the_foreground(&self) -> bool {
        self.waits_for_child && matches!(self.program.as_deref(), Some("dash" | "busybox"))
    }
}

impl fmt::Display for Stayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stayed::Ignores => "ignores the signal",
            Stayed::Blocks => "blocks the signal",
            Stayed::Stopped => "is stopped",
            Stayed::Uninterruptible => "is in an uninterruptible system call",
            Stayed::Busy => "is busy with its clean-up",
            Stayed::Deferred => "has a trap, and waits for a child",
            Stayed::Untold => "is left to the process above it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        Process::new(Pid::new(7), Pid::INIT)
    }

    #[test]
    fn a_signal_that_is_waited_for_is_taken_even_when_ignored() {
        let mut process = process();
        process.ignored = SignalSet::EMPTY.with(Signal::TERM);
        assert_eq!(process.disposition(Signal::TERM), Disposition::Ignored);
        process.awaited = process.ignored;
        assert_eq!(process.disposition(Signal::TERM), Disposition::Awaited);
        assert!(process.takes_charge(Signal::TERM));
        assert!(!process.takes_charge(Signal::INT));
    }

    #[test]
    fn only_shells_that_were_measured_defer_their_trap() {
        let mut process = process();
        process.caught = SignalSet::EMPTY.with(Signal::TERM);
        process.waits_for_child = true;
        for (program, charge) in [("dash", false), ("busybox", false), ("bash", true)] {
            process.program = Some(program.into());
            assert_eq!(process.takes_charge(Signal::TERM), charge, "{program}");
        }
        process.program = Some("dash".into());
        process.waits_for_child = false;
        assert!(
            process.takes_charge(Signal::TERM),
            "dash in its wait builtin"
        );
    }
}
