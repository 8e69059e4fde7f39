//! Keeps one service: its state, apart from whether it is wanted.

pub mod restart;
pub mod stop;
pub mod walk;

use crate::event::SpawnError;
use crate::{Instant, Pid, Status};
use alloc::boxed::Box;
use restart::Attempts;
use stop::Stopping;

/// What a service does now.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It waits for what it depends on.
    Waiting,
    /// Its program was asked for.
    Starting,
    /// Its main process runs.
    Running {
        /// The main process.
        main: Pid,
        /// Since when.
        since: Instant,
    },
    /// It waits for its next start.
    Backoff {
        /// When that is.
        until: Instant,
    },
    /// It was told to stop, or its main process ended and the rest is told.
    Stopping(Box<Stopping>),
    /// It is down for good.
    Ended,
}

/// How the main process of a service ended last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ending {
    /// It never ran.
    NeverRan,
    /// It was reaped.
    Exited(Status),
    /// Its program could not be started.
    NotStarted(SpawnError),
}

/// One service at work.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Service {
    /// What it does now.
    pub state: State,
    /// How its main process ended last.
    pub ending: Ending,
    /// How often it was started again.
    pub attempts: Attempts,
}

impl Service {
    /// A service that nobody has started.
    #[must_use = "makes a value and changes nothing"]
    pub(crate) fn new() -> Service {
        Service {
            state: State::Waiting,
            ending: Ending::NeverRan,
            attempts: Attempts::default(),
        }
    }

    /// Its main process, while that lives.
    #[must_use = "reads a value and changes nothing"]
    pub fn main(&self) -> Option<Pid> {
        match &self.state {
            State::Running { main, .. } => Some(*main),
            State::Stopping(stopping) => stopping.living_main(),
            State::Waiting | State::Starting | State::Backoff { .. } | State::Ended => None,
        }
    }

    /// The group of its processes, while one may be left.
    #[must_use = "reads a value and changes nothing"]
    pub fn group(&self) -> Option<Pid> {
        match &self.state {
            State::Running { main, .. } => Some(*main),
            State::Stopping(stopping) => Some(stopping.main()),
            State::Waiting | State::Starting | State::Backoff { .. } | State::Ended => None,
        }
    }

    /// Whether what depends on it may start: it runs, or has run.
    #[must_use = "reads a value and changes nothing"]
    pub fn was_started(&self) -> bool {
        matches!(self.state, State::Running { .. }) || matches!(self.ending, Ending::Exited(_))
    }

    /// Why it will never run, if that is so.
    #[must_use = "reads a value and changes nothing"]
    pub fn failure(&self) -> Option<SpawnError> {
        match (&self.state, self.ending) {
            (State::Ended, Ending::NotStarted(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether it is down for good.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_down(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}
