//! Scripts how a process behaves: what it makes of a stop signal, and when it ends.

use bowout_core::process::Process;
use bowout_core::{Signal, SignalSet};
use std::time::Duration;

/// What a process makes of a stop signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum OnStop {
    /// It has no handler, so it dies: a wrapper shell, or any plain program.
    Dies,
    /// It ignores the signal.
    Ignores,
    /// It has a handler and cleans up.
    Cleans,
    /// It has a handler, sends the signal to its children, and ends after them.
    Forwards,
    /// A shell whose trap can't run before its children have ended. `known`: one that shows it.
    Defers { known: bool },
    /// It has the signal blocked, and cleans up when it reads it.
    Blocks,
    /// It takes the signal by sigwait(3) or signalfd(2).
    Awaits,
}

/// When a process that cleans up is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ends {
    /// Whenever the world chooses.
    Freely,
    /// When this long has passed.
    After(Duration),
    /// Never.
    Never,
}

/// How the scheduler finds a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Sched {
    Awake,
    /// Stopped by a signal.
    Stopped,
    /// In a system call that no signal interrupts, until the world chooses, if ever.
    Uninterruptible,
}

/// A process' part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Script {
    pub(crate) on_stop: OnStop,
    pub(crate) ends: Ends,
    /// Whether it may end by itself at any moment, and after how long if that is fixed.
    pub(crate) restless: Option<Ends>,
    /// How many children it may still fork, at any moment, even while it dies.
    pub(crate) forks: u8,
    pub(crate) starts: Sched,
    /// With which code it ends by itself.
    pub(crate) code: u8,
    /// Whether it may as well end with 0.
    pub(crate) either: bool,
    /// Whether it says once that it is ready, at any moment.
    pub(crate) tells: bool,
}

impl Script {
    pub(crate) const fn new(on_stop: OnStop) -> Script {
        Script {
            on_stop,
            ends: Ends::Freely,
            restless: None,
            forks: 0,
            starts: Sched::Awake,
            code: 7,
            either: false,
            tells: false,
        }
    }

    pub(crate) const fn code(mut self, code: u8) -> Script {
        self.code = code;
        self
    }

    pub(crate) const fn either(mut self) -> Script {
        self.either = true;
        self
    }

    pub(crate) const fn tells(mut self) -> Script {
        self.tells = true;
        self
    }

    pub(crate) const fn restless(mut self) -> Script {
        self.restless = Some(Ends::Freely);
        self
    }

    pub(crate) const fn ends(mut self, ends: Ends) -> Script {
        self.ends = ends;
        self
    }

    pub(crate) const fn forks(mut self, forks: u8) -> Script {
        self.forks = forks;
        self
    }

    pub(crate) const fn starts(mut self, starts: Sched) -> Script {
        self.starts = starts;
        self
    }

    /// What a forked child does: it has its own handler if its parent has one.
    pub(crate) fn child(self) -> Script {
        let on_stop = match self.on_stop {
            OnStop::Cleans | OnStop::Forwards | OnStop::Blocks | OnStop::Awaits => OnStop::Cleans,
            OnStop::Dies | OnStop::Defers { .. } => OnStop::Dies,
            OnStop::Ignores => OnStop::Ignores,
        };
        Script {
            on_stop,
            forks: 0,
            restless: Some(self.ends),
            starts: Sched::Awake,
            tells: false,
            ..self
        }
    }

    /// Puts what /proc says of it into a survey's entry.
    pub(crate) fn describe(self, process: &mut Process, waits_for_child: bool) {
        let set: SignalSet = [Signal::TERM, Signal::INT, Signal::QUIT]
            .into_iter()
            .collect();
        match self.on_stop {
            OnStop::Dies => {}
            OnStop::Ignores => process.ignored = set,
            OnStop::Cleans | OnStop::Forwards => process.caught = set,
            OnStop::Defers { known } => {
                process.caught = set;
                process.program = Some(if known { "dash" } else { "bash" }.into());
                process.waits_for_child = waits_for_child;
            }
            OnStop::Blocks => process.blocked = set,
            OnStop::Awaits => process.awaited = set,
        }
    }
}
