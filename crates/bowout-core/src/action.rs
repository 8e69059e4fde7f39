//! Lists what PID 1 can be told to do. Actions are imperatives, and are done in the order given.

use crate::event::{Received, SpawnError, SpawnErrorKind};
use crate::plan::{HookId, ServiceId};
use crate::process::Stayed;
use crate::report::Report;
use crate::{Pid, Signal, SignalSet, Status};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// One thing to do. A failure to do it is never an end: it is told as an event, or logged.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Start the program of a service. Answered by `Spawned` or `SpawnFailed`.
    Spawn {
        /// The service.
        service: ServiceId,
    },
    /// Start the program of a hook. Answered by `HookSpawned` or `HookSpawnFailed`.
    RunHook {
        /// The hook.
        hook: HookId,
        /// How long it may take, for its environment; `None` where nobody counts.
        time: Option<Duration>,
    },
    /// Send a signal of bowout's own.
    Signal {
        /// To whom.
        target: Target,
        /// Which.
        signal: Signal,
        /// Milliseconds left for the receiver, to go as the `sigqueue` value; `None`: a plain signal.
        left: Option<u32>,
    },
    /// Send on a signal that came, with its value.
    Forward {
        /// To whom.
        target: Target,
        /// As which signal.
        signal: Signal,
        /// As it came.
        received: Received,
    },
    /// Look at every process in sight. Answered by `Surveyed`.
    Survey {
        /// The signals whose dispositions matter.
        signals: SignalSet,
    },
    /// Read the pidfile of a service whose starter has ended. Answered by `PidfileRead`.
    ReadPidfile {
        /// The service.
        service: ServiceId,
    },
    /// A service asked for more time: tell it how much it has.
    Extended {
        /// The service.
        service: ServiceId,
        /// From now until it is SIGKILLed.
        left: Duration,
    },
    /// Read the configuration again. Answered by `Reconfigured`, if it is good.
    ReadConfig,
    /// What had to go is gone: the plan of the last `Reconfigured` counts from now on.
    Install,
    /// Stop bowout itself (SIGSTOP), as a shell's job does; nothing happens to a PID 1. Whoever drives
    /// the core gives the terminal back to the main process when bowout goes on.
    Suspend,
    /// Say something in the log.
    Tell(Note),
    /// All is over: write the report, and exit with this code. Nothing follows.
    Finish {
        /// The exit code.
        code: u8,
        /// What happened.
        report: Box<Report>,
    },
}

/// Whom a signal goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// One process.
    Process(Pid),
    /// A process group.
    Group(Pid),
    /// Every process in bowout's PID namespace but bowout itself: `kill(-1)`. Only ever used by PID 1.
    Namespace,
}

/// Something worth a line in the log. Words are given to it by whoever writes the log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Note {
    /// The parts of the plan are longer than the grace period leaves, and were scaled down.
    PlanScaled {
        /// What the parts add up to.
        wanted: Duration,
        /// What there is.
        budget: Duration,
    },
    /// The stop begins.
    StopBegun {
        /// How long there is; `None` when nobody gave a grace period.
        budget: Option<Duration>,
        /// The signal that asked for it, if one did.
        received: Option<Received>,
    },
    /// A stop is under way already; this request changes nothing.
    StopRepeated(Signal),
    /// Ctrl-C a second time: no drain, and a quarter of the time.
    StopHurried,
    /// Ctrl-C a third time: SIGKILL now.
    StopForced,
    /// Processes that the stop waits for.
    Waiting {
        /// How long it has waited.
        since: Duration,
        /// Who, and why.
        processes: Vec<Lingering>,
    },
    /// Half of the stop time-out has passed: those below the ones in charge get the signal too.
    HalfTime {
        /// The service.
        service: ServiceId,
        /// How many processes got it.
        told: usize,
    },
    /// The next signal of a ladder is sent.
    NextRung {
        /// The service.
        service: ServiceId,
        /// The signal.
        signal: Signal,
    },
    /// A process is SIGKILLed.
    Killing(Lingering),
    /// A service could not be started.
    SpawnFailed {
        /// The service.
        service: ServiceId,
        /// Why.
        error: SpawnError,
        /// When it is tried again, if it is.
        retry_in: Option<Duration>,
    },
    /// The main process of a service ended.
    MainExited {
        /// The service.
        service: ServiceId,
        /// Its main process.
        pid: Pid,
        /// How.
        status: Status,
        /// Whether it was to end: it is being stopped, or has done all it is there for.
        awaited: bool,
    },
    /// A service is started again after a pause.
    Restarting {
        /// The service.
        service: ServiceId,
        /// The pause.
        after: Duration,
    },
    /// A service changed its state.
    Changed {
        /// The service.
        service: ServiceId,
    },
    /// A service was given up: it was started as often as it may be.
    RestartsExhausted {
        /// The service.
        service: ServiceId,
    },
    /// A service was not ready in time.
    StartTimedOut {
        /// The service.
        service: ServiceId,
    },
    /// A service did not say or show in time that it works.
    Unhealthy {
        /// The service.
        service: ServiceId,
        /// Whether its watchdog ran out; else its health check failed.
        watchdog: bool,
    },
    /// A daemon's main process was found.
    Adopted {
        /// The service.
        service: ServiceId,
        /// Its main process.
        pid: Pid,
    },
    /// A process that a pidfile or `MAINPID=` names is not accepted: it is no child of bowout, or another
    /// service's.
    Refused {
        /// The service.
        service: ServiceId,
        /// The process.
        pid: Pid,
    },
    /// What a service depends on will not come up, so it is not started.
    DependencyFailed {
        /// The service.
        service: ServiceId,
        /// What it depends on.
        on: ServiceId,
    },
    /// A hook ended.
    HookEnded {
        /// The hook.
        hook: HookId,
        /// What became of it.
        outcome: HookOutcome,
    },
    /// /proc can't be read, so signals go to process groups.
    NoProc,
    /// A signal came that has no receiver (any more).
    NotForwarded(Signal),
    /// An event came that the state does not expect; nothing was changed.
    Unexpected(&'static str),
}

/// What became of a hook.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HookOutcome {
    /// It ended by itself.
    Ended(Status),
    /// It was SIGKILLed when its time was up.
    TimedOut,
    /// It could not be started.
    NotStarted(SpawnError),
}

impl HookOutcome {
    /// Whether there was no process to spare for the hook: it has not said anything.
    #[must_use = "reads a value and changes nothing"]
    pub const fn is_starved(self) -> bool {
        match self {
            HookOutcome::NotStarted(error) => matches!(error.kind, SpawnErrorKind::Exhausted),
            HookOutcome::Ended(_) | HookOutcome::TimedOut => false,
        }
    }

    /// Whether the hook did what it was there for.
    #[must_use = "reads a value and changes nothing"]
    pub const fn is_success(self) -> bool {
        match self {
            HookOutcome::Ended(status) => status.is_success(),
            HookOutcome::TimedOut | HookOutcome::NotStarted(_) => false,
        }
    }
}

/// A process that is still there in a stop.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lingering {
    /// Its number.
    pub pid: Pid,
    /// Its name.
    pub name: String,
    /// The service it belongs to; `None`: it was left for the sweep.
    pub service: Option<ServiceId>,
    /// Why it is still there.
    pub stayed: Stayed,
}
