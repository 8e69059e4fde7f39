//! Lists what can happen to PID 1. Events are past participles: they are facts.

use crate::plan::{HookId, Plan, ServiceId};
use crate::process::Process;
use crate::{Pid, Signal, Status};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

/// One thing that happened. [`Supervisor::handle`](crate::Supervisor::handle) takes any of them in
/// any state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// bowout is up: the plan may begin.
    Started,
    /// A program was started for a service: its exec is done.
    Spawned {
        /// The service.
        service: ServiceId,
        /// Its main process.
        pid: Pid,
    },
    /// A program for a service could not be started.
    SpawnFailed {
        /// The service.
        service: ServiceId,
        /// Why.
        error: SpawnError,
    },
    /// A hook's program was started.
    HookSpawned {
        /// The hook.
        hook: HookId,
        /// Its process.
        pid: Pid,
    },
    /// A hook's program could not be started.
    HookSpawnFailed {
        /// The hook.
        hook: HookId,
        /// Why.
        error: SpawnError,
    },
    /// A child ended and was reaped: a service's, a hook's, or an orphan that nobody knows.
    Exited {
        /// The child.
        pid: Pid,
        /// How it ended.
        status: Status,
    },
    /// The kernel says that bowout has no child at all (ECHILD).
    ChildrenGone,
    /// A signal to everybody in the PID namespace found nobody (ESRCH).
    NamespaceEmptied,
    /// A child was stopped by a signal and has not ended (job control).
    Suspended {
        /// The child.
        pid: Pid,
        /// The signal.
        signal: Signal,
    },
    /// A signal came for bowout itself.
    SignalReceived(Received),
    /// Somebody asked for the stop by another way than a signal.
    StopRequested,
    /// A service showed that it is ready: a line on its descriptor, a pattern in its output.
    Ready {
        /// The service.
        service: ServiceId,
    },
    /// A process of a service told something over the notify socket (sd_notify(3)).
    Notified {
        /// The service.
        service: ServiceId,
        /// What it told.
        notice: Notice,
    },
    /// The answer to [`Action::ReadPidfile`](crate::Action::ReadPidfile): the process that is named, or
    /// `None` when there is no such file yet, or one that was there before the start.
    PidfileRead {
        /// The service.
        service: ServiceId,
        /// Its daemon, as the file says.
        pid: Option<Pid>,
    },
    /// Somebody wants something of one service.
    Commanded(Command),
    /// The configuration was read again.
    Reconfigured(Box<Change>),
    /// The answer to [`Action::Survey`](crate::Action::Survey): every process in sight but bowout
    /// itself, or `None` where /proc can't be read.
    Surveyed(Option<Vec<Process>>),
    /// Time passed. Early or late, it is harmless.
    DeadlineReached,
}

/// What a service tells over the notify socket (sd_notify(3)).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Notice {
    /// `READY=1`.
    Ready,
    /// `RELOADING=1`: it is not ready before it says so again.
    Reloading,
    /// `STOPPING=1`: it is on its way down by itself.
    Stopping,
    /// `MAINPID=`: this is its main process from now on.
    MainPid(Pid),
    /// `WATCHDOG=1`: it works.
    Watchdog,
    /// `WATCHDOG=trigger`: it does not.
    WatchdogTrigger,
    /// `WATCHDOG_USEC=`: it will say so as often as this from now on.
    WatchdogPeriod(Duration),
    /// `EXTEND_TIMEOUT_USEC=`: it needs so much longer from now, to start or to stop.
    Extend(Duration),
}

/// What somebody wants of one service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// It is wanted, and with it what it depends on.
    Start(ServiceId),
    /// It is not wanted.
    Stop(ServiceId),
    /// It is stopped, and started again.
    Restart(ServiceId),
    /// It shall read its own configuration again.
    Reload(ServiceId),
    /// This signal goes to its main process.
    Signal(ServiceId, Signal),
}

/// Another plan, and which of its parts go on as they are.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Change {
    /// The plan.
    pub plan: Plan,
    /// For each service of the new plan the one of the old that goes on as it. What is left of the old
    /// plan is stopped first; then the rest of the new one starts.
    pub services: Vec<Option<ServiceId>>,
    /// For each hook of the new plan the one of the old that goes on as it.
    pub hooks: Vec<Option<HookId>>,
}

/// A signal as it came, with what the kernel says of its sender (sigaction(2), `siginfo_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Received {
    /// The signal.
    pub signal: Signal,
    /// Who sent it.
    pub sender: Sender,
    /// The value that sigqueue(3) gave it.
    pub value: Option<u64>,
}

/// Who sent a signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sender {
    /// Its process; [`Pid::OUTSIDE`] for the kernel or another PID namespace (an engine).
    pub pid: Pid,
    /// Its real user.
    pub uid: u32,
}

/// Why a program could not be started.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SpawnError {
    /// What kind of failure it was.
    pub kind: SpawnErrorKind,
    /// The kernel's error number (errno(3)).
    pub errno: i32,
}

/// Kinds of failure to start a program, by what follows from them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SpawnErrorKind {
    /// There is no such program: exit code 127.
    NotFound,
    /// There is, and it can't be run: exit code 126.
    CannotExecute,
    /// The system has no process to spare now (EAGAIN, ENOMEM): it is tried again.
    Exhausted,
    /// What bowout was to set up before the exec failed (user, working directory): exit code 125.
    Setup,
}

impl SpawnErrorKind {
    /// The exit code that stands for this failure (POSIX.1-2017, Shell Command Language, 2.8.2;
    /// 125 as env(1), chroot(1) and container engines use it).
    #[must_use = "reads a value and changes nothing"]
    pub const fn exit_code(self) -> u8 {
        match self {
            SpawnErrorKind::NotFound => 127,
            SpawnErrorKind::CannotExecute => 126,
            SpawnErrorKind::Exhausted | SpawnErrorKind::Setup => 125,
        }
    }
}
