//! Describes one service: when it starts, when it is ready, and how it is stopped.

use super::{KillMode, ServiceId};
use crate::Signal;
use crate::service::restart::Restart;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// What is awaited of a service that another one depends on (Compose's `depends_on`, `condition`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Condition {
    /// It was started (`service_started`).
    #[default]
    Started,
    /// It is ready (`service_healthy`).
    Ready,
    /// It has run to its end, with code 0 (`service_completed_successfully`).
    Completed,
}

/// A service that starts before another one, and stops after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Dependency {
    /// The service that is depended on.
    pub on: ServiceId,
    /// What is awaited of it.
    pub condition: Condition,
}

/// What the program of a service is to bowout.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Kind {
    /// It runs in the foreground: the process that is started is the main process.
    #[default]
    Simple,
    /// It runs to its end, and has done its work with code 0.
    Oneshot,
    /// It starts a daemon and ends; the daemon is the main process then.
    Forking {
        /// Whether the daemon says its pid in a file. Else it is the one process that is left over.
        pidfile: bool,
    },
}

/// When a service is ready.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Readiness {
    /// When it was started; a oneshot when it has completed; a daemon when its main process is known.
    #[default]
    Started,
    /// So long after that.
    Delay(Duration),
    /// When it says so: by sd_notify(3), by a line on a descriptor, by a pattern in its output. Whoever
    /// drives the core tells it by [`Event::Ready`](crate::Event::Ready).
    Told,
    /// When its hooks of the moment [`ServiceMoment::Readiness`] end with code 0; they are tried again
    /// after this pause.
    Probed {
        /// From the end of one attempt to the next.
        every: Duration,
    },
}

/// How it is found out that a running service does not work any more, by its hook of the moment
/// [`ServiceMoment::Liveness`]. It is then stopped, and started again as after any other failure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Liveness {
    /// From the end of one attempt to the next.
    pub every: Duration,
    /// How many attempts in a row must fail; at least 1.
    pub retries: u32,
    /// For how long after the start failures are not counted.
    pub start_period: Duration,
}

/// How a service is told to read its configuration again. Where it has hooks of the moment
/// [`ServiceMoment::Reload`], they run instead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reload {
    /// The signal for its main process.
    pub signal: Signal,
}

/// A moment in the life of a service at which hooks of it run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ServiceMoment {
    /// Before its program is started; a failure is a failed start.
    PreStart,
    /// Once it is ready.
    PostStart,
    /// Asks whether it is ready.
    Readiness,
    /// Asks whether it still works.
    Liveness,
    /// Has it read its configuration again.
    Reload,
    /// It is to stop, and has not been told yet.
    PreStop,
    /// Stops it, instead of a signal.
    Stop,
    /// Its last process has ended.
    PostStop,
}

/// One program that is kept, and how it is stopped.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Service {
    /// Its name, unique in the plan.
    pub name: String,
    /// What its program is.
    pub kind: Kind,
    /// Services that start before it, and stop after it.
    pub depends_on: Vec<Dependency>,
    /// Whether it is started with the container, or only when somebody asks for it.
    pub autostart: bool,
    /// When it is ready.
    pub readiness: Readiness,
    /// How long it may take from the start of its program until it is ready, a oneshot until it has
    /// ended, and a daemon until its main process is known; then the start has failed. `None`: for ever.
    pub start_timeout: Option<Duration>,
    /// How it is found out that it does not work any more.
    pub liveness: Option<Liveness>,
    /// It must say that it works at least so often (sd_notify(3), `WATCHDOG=1`).
    pub watchdog: Option<Duration>,
    /// The signals that stop it, one after the other; empty: the one that came.
    pub stop_signal: Vec<Signal>,
    /// How long it has before SIGKILL; `None`: what the budget leaves.
    pub stop_timeout: Option<Duration>,
    /// Who gets the signals.
    pub kill_mode: KillMode,
    /// How it reads its configuration again.
    pub reload: Reload,
    /// What happens when it ends although it is wanted.
    pub restart: Restart,
    /// Whether the container stops when it ends for good. A oneshot that has completed has not.
    pub essential: bool,
}

impl Service {
    /// An essential service with every default.
    #[must_use = "makes a value and changes nothing"]
    pub fn new(name: &str) -> Service {
        Service {
            name: name.into(),
            kind: Kind::Simple,
            depends_on: Vec::new(),
            autostart: true,
            readiness: Readiness::Started,
            start_timeout: None,
            liveness: None,
            watchdog: None,
            stop_signal: Vec::new(),
            stop_timeout: None,
            kill_mode: KillMode::Auto,
            reload: Reload {
                signal: Signal::HUP,
            },
            restart: Restart::NO,
            essential: true,
        }
    }
}

impl From<ServiceId> for Dependency {
    fn from(on: ServiceId) -> Dependency {
        Dependency {
            on,
            condition: Condition::Started,
        }
    }
}
