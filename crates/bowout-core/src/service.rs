//! Keeps one service: its state, apart from whether it is wanted.

pub mod restart;
pub mod run;
pub mod sequence;
pub mod stop;
pub mod walk;

use crate::event::SpawnError;
use crate::plan::{Condition, HookId, KillMode, Kind, ServiceId};
use crate::{Instant, Pid, Status};
use alloc::boxed::Box;
use restart::{Attempts, Decision};
use run::{Adopting, Launch, Run};
use sequence::Sequence;
use stop::Stopping;

/// What a service does now.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It waits for what it depends on.
    Waiting,
    /// Its `pre_start` hooks run.
    PreStart(Sequence),
    /// Its program was asked for.
    Starting,
    /// Its program runs, and shall leave a daemon behind.
    Launching(Launch),
    /// That program has ended, and the daemon is looked for.
    Adopting(Adopting),
    /// Its main process runs.
    Running(Run),
    /// Its `pre_stop` hooks run.
    PreStop(Leaving),
    /// It was told to stop, or its main process ended and the rest is told.
    Stopping(Box<Stopping>),
    /// Its `post_stop` hooks run.
    PostStop(Sequence),
    /// It waits for its next start.
    Backoff {
        /// When that is.
        until: Instant,
    },
    /// It is down, until somebody wants it.
    Ended(End),
}

/// A service that is about to be told to stop.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leaving {
    /// The main process, alive or not.
    pub main: Pid,
    /// Whether it lives.
    pub main_alive: bool,
    /// Who gets the signals.
    pub(crate) kill_mode: KillMode,
    /// The hooks that run before.
    pub hooks: Sequence,
}

/// Why a service is down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// Nobody wants it.
    Stopped,
    /// It ended by itself, with code 0.
    Completed,
    /// It failed for good, or what it depends on did.
    Failed,
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
    /// What it depends on did not come up.
    Blocked(ServiceId),
}

/// Why bowout stops a service that is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A `pre_start` hook failed.
    PreStartFailed,
    /// It was not ready in time.
    StartTimedOut,
    /// Its starter ended, and left no daemon behind.
    NoDaemon,
    /// Its health check failed.
    Unhealthy,
    /// It did not say in time that it works.
    WatchdogExpired,
}

/// One service at work.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Service {
    /// What it does now.
    pub state: State,
    /// Whether it shall be up.
    pub wanted: bool,
    /// How its main process ended last.
    pub ending: Ending,
    /// Why it was stopped last although it was wanted, if it was.
    pub fault: Option<Fault>,
    /// How often it was started again.
    pub attempts: Attempts,
    /// Whether it is started at once when it is down: somebody asked for a restart.
    pub(crate) restarting: bool,
    /// Whether it has no place in the plan that comes.
    pub(crate) retiring: bool,
    /// What follows once it is down.
    pub(crate) decision: Decision,
    /// Whether it was started since somebody asked for it.
    pub(crate) started: bool,
    /// Whether it has run to its end, with code 0.
    pub(crate) completed: bool,
    /// The process group of a main process that does not lead one: a daemon that forked twice.
    pub(crate) joined: Option<Pid>,
    /// Whether nobody could see which group a daemon is in.
    pub(crate) ungrouped: bool,
}

impl Service {
    /// A service that nobody has started.
    #[must_use = "makes a value and changes nothing"]
    pub(crate) fn new() -> Service {
        Service {
            state: State::Waiting,
            wanted: false,
            ending: Ending::NeverRan,
            fault: None,
            attempts: Attempts::default(),
            restarting: false,
            retiring: false,
            decision: Decision::Stay,
            started: false,
            completed: false,
            joined: None,
            ungrouped: false,
        }
    }

    /// It has another place in another plan.
    pub(crate) fn moved(
        &mut self,
        id: ServiceId,
        new_id: impl Fn(ServiceId) -> Option<ServiceId>,
        new_hook: impl Fn(HookId) -> Option<HookId>,
    ) {
        if let Ending::Blocked(on) = self.ending {
            self.ending = new_id(on).map_or(Ending::NeverRan, Ending::Blocked);
        }
        match &mut self.state {
            State::PreStart(hooks) | State::PostStop(hooks) => hooks.moved(new_hook),
            State::PreStop(leaving) => leaving.hooks.moved(new_hook),
            State::Stopping(stopping) => stopping.moved(id),
            State::Waiting
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::Running(_)
            | State::Backoff { .. }
            | State::Ended(_) => {}
        }
    }

    /// A process was reaped: it is nobody's main one any more, and its number may be anybody's from now on.
    /// Returns whether the service had named it.
    pub(crate) fn forgets(&mut self, pid: Pid) -> bool {
        let claimed = match &mut self.state {
            State::Launching(launch) => &mut launch.claimed,
            State::Adopting(adopting) => {
                adopting.filed = adopting.filed.filter(|filed| *filed != pid);
                &mut adopting.claimed
            }
            State::Running(run) => &mut run.claimed,
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => return false,
        };
        let was_named = *claimed == Some(pid);
        if was_named {
            *claimed = None;
        }
        was_named
    }

    /// The processes that it is found by: the one that leads its others, which is its main one while that lives,
    /// and those that were named to be the main one.
    #[must_use = "reads a value and changes nothing"]
    pub(crate) fn processes(&self) -> [Option<Pid>; 3] {
        let (claimed, filed) = match &self.state {
            State::Launching(launch) => (launch.claimed, None),
            State::Adopting(adopting) => (adopting.claimed, adopting.filed),
            State::Running(run) => (run.claimed, None),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => (None, None),
        };
        [self.group(), claimed, filed]
    }

    /// Its main process, while that lives; of a daemon that is being started, its starter.
    #[must_use = "reads a value and changes nothing"]
    pub fn main(&self) -> Option<Pid> {
        match &self.state {
            State::Launching(launch) => Some(launch.starter),
            State::Running(run) => Some(run.main),
            State::PreStop(leaving) => leaving.main_alive.then_some(leaving.main),
            State::Stopping(stopping) => stopping.living_main(),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Adopting(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => None,
        }
    }

    /// The group of its processes, while one may be left.
    #[must_use = "reads a value and changes nothing"]
    pub fn group(&self) -> Option<Pid> {
        match &self.state {
            State::Launching(launch) => Some(launch.starter),
            State::Adopting(adopting) => Some(adopting.starter),
            State::Running(run) => Some(run.main),
            State::PreStop(leaving) => Some(leaving.main),
            State::Stopping(stopping) => Some(stopping.main()),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => None,
        }
    }

    /// The process group of this main process.
    #[must_use = "reads a value and changes nothing"]
    pub(crate) fn process_group(&self, main: Pid) -> Pid {
        self.joined.unwrap_or(main)
    }

    /// Since when its main process runs.
    #[must_use = "reads a value and changes nothing"]
    pub fn since(&self) -> Option<Instant> {
        match &self.state {
            State::Running(run) => Some(run.since),
            State::Launching(launch) => Some(launch.since),
            State::Adopting(adopting) => Some(adopting.since),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => None,
        }
    }

    /// When something is to be done for it although nothing happens.
    #[must_use = "reads a value and changes nothing"]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Backoff { until } => Some(*until),
            State::Launching(launch) => launch.ready_by,
            State::Adopting(adopting) => adopting.deadline(),
            State::Running(run) => run.deadline(),
            State::Stopping(stopping) => stopping.deadline(),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PreStop(_)
            | State::PostStop(_)
            | State::Ended(_) => None,
        }
    }

    /// Whether it does what it is there for: its main process runs and is ready, or it has run to its end.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_ready(&self, kind: Kind) -> bool {
        match &self.state {
            State::Running(run) => run.ready,
            State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(End::Completed) => kind == Kind::Oneshot && self.completed,
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::PreStop(_)
            | State::Ended(End::Stopped | End::Failed) => false,
        }
    }

    /// Whether what depends on it by this condition may start.
    #[must_use = "reads a value and changes nothing"]
    pub fn satisfies(&self, condition: Condition, kind: Kind) -> bool {
        match condition {
            Condition::Started => self.started,
            Condition::Ready => self.is_ready(kind),
            Condition::Completed => self.completed,
        }
    }

    /// Why it will never run, if that is so.
    #[must_use = "reads a value and changes nothing"]
    pub fn failure(&self) -> Option<SpawnError> {
        match (&self.state, self.ending) {
            (State::Ended(_), Ending::NotStarted(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether it is down, and stays so unless somebody wants it.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_down(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// Whether it has a process, or is about to: what depends on it goes first.
    #[must_use = "reads a value and changes nothing"]
    pub(crate) fn is_up(&self) -> bool {
        match &self.state {
            State::Starting | State::Launching(_) | State::Adopting(_) | State::Running(_) => true,
            State::Waiting
            | State::PreStart(_)
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => false,
        }
    }

    /// Whether it is on its way down.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_leaving(&self) -> bool {
        matches!(
            self.state,
            State::PreStop(_) | State::Stopping(_) | State::PostStop(_)
        )
    }

    /// Its state in one word, for people and programs.
    #[must_use = "reads a value and changes nothing"]
    pub fn word(&self) -> &'static str {
        match &self.state {
            State::Waiting if self.wanted => "waiting",
            State::Waiting => "stopped",
            State::PreStart(_) | State::Starting | State::Launching(_) | State::Adopting(_) => {
                "starting"
            }
            State::Running(run) if run.ready => "running",
            State::Running(_) => "starting",
            State::PreStop(_) | State::Stopping(_) | State::PostStop(_) => "stopping",
            State::Backoff { .. } => "backoff",
            State::Ended(End::Stopped) => "stopped",
            State::Ended(End::Completed) => "completed",
            State::Ended(End::Failed) => "failed",
        }
    }
}
