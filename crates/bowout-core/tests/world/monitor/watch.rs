//! Remembers what an onlooker knows of one service.

use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{Condition, Kind, Service};
use bowout_core::{Instant, Status};
use std::collections::BTreeSet;
use std::time::Duration;

/// What an onlooker knows of one service.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Watch {
    /// Its main process, the last that there was; of a daemon that is not known yet, its starter.
    pub(crate) main: Option<i32>,
    /// The process group of that.
    pub(crate) group: Option<i32>,
    /// How that ended.
    pub(crate) status: Option<Status>,
    /// Why it could not be started.
    pub(crate) failure: Option<SpawnErrorKind>,
    /// What it depends on and did not come up.
    pub(crate) blocked: Option<usize>,
    /// Since when it is on its way down.
    pub(crate) stopping: Option<Instant>,
    /// When it is due for SIGKILL, as far as one can tell beforehand.
    pub(crate) due: Option<Instant>,
    /// Whether it is SIGKILLed then.
    pub(crate) enforced: bool,
    /// When those below one in charge are told.
    pub(crate) half: Option<Instant>,
    /// Until when a command of its own may stop it, without a signal.
    pub(crate) held: Option<Instant>,
    /// Who was there at the first look at it.
    pub(crate) present: Option<BTreeSet<i32>>,
    /// Whether SIGKILL went to one of its processes.
    pub(crate) killed: bool,
    /// Whether it was on its way down when the container's stop began.
    pub(crate) left_before: bool,
    /// Whether it shall be up.
    pub(crate) wanted: bool,
    /// Whether it has no place in the plan that comes.
    pub(crate) retiring: bool,
    /// Whether there is a reason to take it down although it lives.
    pub(crate) goes: bool,
    /// Whether there is a reason to start it.
    pub(crate) may_start: bool,
    /// Whether what it depends on let it start when its first hook ran.
    pub(crate) cleared: bool,
    /// Since when it runs.
    pub(crate) since: Option<Instant>,
    /// Whether its main process is the one that counts.
    pub(crate) adopted: bool,
    /// Whether it named one since its start.
    pub(crate) claimed: bool,
    /// Another one that it named, and that has not been reaped since.
    pub(crate) named: Option<i32>,
    /// Whether it was started since it was last stopped by hand.
    pub(crate) started: bool,
    /// Whether it said that it is ready before its main process was known.
    pub(crate) told: bool,
    pub(crate) ready: bool,
    pub(crate) was_ready: bool,
    /// When it is ready by the passing of time.
    pub(crate) ready_at: Option<Instant>,
    /// When it must be ready.
    pub(crate) ready_by: Option<Instant>,
    /// How often it says that it works.
    pub(crate) period: Option<Duration>,
    /// When it must have said so.
    pub(crate) pet_by: Option<Instant>,
    /// How many checks in a row found that it does not work.
    pub(crate) strikes: u32,
    /// How many hooks of the moment have run: pre_start, pre_stop, post_stop, post_start.
    pub(crate) hooks: [usize; 4],
    /// When it was started again, as far as that is counted.
    pub(crate) restarts: Vec<Instant>,
    /// How often in a row; `None`: nobody knows.
    pub(crate) pauses: Option<u32>,
    /// Whether everything that counts was seen since the container started.
    pub(crate) counted: bool,
    /// The pause before its next start, once it is down.
    pub(crate) pause: Option<Duration>,
    /// When that is over.
    pub(crate) not_before: Option<Instant>,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        Watch {
            may_start: true,
            pauses: Some(0),
            counted: true,
            ..Watch::default()
        }
    }

    /// Its program runs.
    pub(crate) fn spawned(&mut self, plan: &Service, pid: i32, now: Instant, up: bool) {
        let forks = matches!(plan.kind, Kind::Forking { .. });
        *self = Watch {
            main: Some(pid),
            group: Some(pid),
            since: Some(now),
            wanted: self.wanted,
            retiring: self.retiring,
            goes: !self.wanted || self.retiring || self.goes,
            may_start: self.retiring || self.goes,
            adopted: !forks,
            started: !forks || self.started,
            ready_by: plan
                .start_timeout
                .filter(|_| up)
                .map(|time| now.after(time)),
            restarts: core::mem::take(&mut self.restarts),
            pauses: self.pauses,
            counted: self.counted,
            ..Watch::default()
        };
        if !forks {
            self.runs(plan, now, up);
        }
    }

    /// Its main process is known.
    pub(crate) fn runs(&mut self, plan: &Service, now: Instant, up: bool) {
        use bowout_core::plan::Readiness::{Delay, Probed, Started, Told};
        self.period = plan.watchdog.filter(|period| !period.is_zero());
        if plan.kind == Kind::Oneshot || !up {
            return;
        }
        match plan.readiness {
            Started => self.gets_ready(now),
            Delay(delay) => self.ready_at = Some(now.after(delay)),
            Told | Probed { .. } => {}
        }
    }

    pub(crate) fn gets_ready(&mut self, now: Instant) {
        if !self.ready {
            (self.ready, self.was_ready) = (true, true);
            (self.ready_at, self.ready_by) = (None, None);
            if self.pet_by.is_none() {
                self.pet(now);
            }
        }
    }

    pub(crate) fn pet(&mut self, now: Instant) {
        let period = self.period.filter(|_| self.was_ready);
        self.pet_by = period.map(|period| now.after(period));
    }

    /// Nobody waits for its word any more.
    pub(crate) fn rests(&mut self) {
        (self.ready_at, self.ready_by, self.pet_by) = (None, None, None);
    }

    /// Somebody asked for it: what was counted is forgiven.
    pub(crate) fn asked_for(&mut self) {
        self.wanted = true;
        self.may_start = true;
        self.counted = false;
        self.restarts.clear();
        self.pauses = None;
        (self.pause, self.not_before) = (None, None);
    }

    /// Whether what depends on it may start.
    pub(crate) fn satisfies(&self, condition: Condition, kind: Kind, now: Instant) -> bool {
        let done = self.status.is_some_and(Status::is_success);
        match condition {
            Condition::Started => self.started,
            Condition::Ready if kind == Kind::Oneshot => done,
            Condition::Ready => self.ready || self.ready_at.is_some_and(|at| at <= now),
            Condition::Completed => done,
        }
    }
}
