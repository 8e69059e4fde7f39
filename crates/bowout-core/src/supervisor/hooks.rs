//! Runs hooks: one process each, with a limit, and never two of one hook at a time.

use super::Supervisor;
use super::pids::Pids;
use super::timers::Timers;
use crate::action::{Action, HookOutcome, Note, Target};
use crate::event::SpawnError;
use crate::plan::budget::{HOOK_TIME, SETTLE};
use crate::plan::{HookId, HookMoment, ServiceMoment};
use crate::report::HookReport;
use crate::{Instant, Pid, Signal, Status};
use alloc::vec;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

/// What each hook of the plan does now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hooks {
    runs: Vec<Run>,
    /// How many were asked for and did not come yet.
    starting: usize,
    /// The processes of those that run; each is its own group and session.
    pids: Pids,
    /// When each is to be ended, or given up.
    timers: Timers,
    /// Whether its signal came while it ran: like a pending signal, any number of times counts once.
    again: Vec<bool>,
}

/// What one hook does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Run {
    Idle,
    Starting {
        since: Instant,
        kill_at: Option<Instant>,
        /// Whether it is asked to end as soon as it is there.
        asked: bool,
    },
    Running {
        pid: Pid,
        since: Instant,
        kill_at: Option<Instant>,
    },
    /// SIGKILLed; it is given up when even that does not end it.
    Killed {
        pid: Pid,
        since: Instant,
        give_up_at: Instant,
    },
}

/// All else follows from these.
impl Hash for Hooks {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.runs, &self.again).hash(state);
    }
}

impl Run {
    fn pid(self) -> Option<Pid> {
        match self {
            Run::Running { pid, .. } | Run::Killed { pid, .. } => Some(pid),
            Run::Idle | Run::Starting { .. } => None,
        }
    }

    fn is_starting(self) -> bool {
        matches!(self, Run::Starting { .. })
    }

    fn kill_at(self) -> Option<Instant> {
        match self {
            Run::Starting { kill_at, .. } | Run::Running { kill_at, .. } => kill_at,
            Run::Idle | Run::Killed { .. } => None,
        }
    }

    fn deadline(self) -> Option<Instant> {
        match self {
            Run::Running { kill_at, .. } => kill_at,
            Run::Killed { give_up_at, .. } => Some(give_up_at),
            Run::Idle | Run::Starting { .. } => None,
        }
    }
}

impl Hooks {
    pub(super) fn new(count: usize) -> Hooks {
        Hooks {
            runs: vec![Run::Idle; count],
            starting: 0,
            pids: Pids::default(),
            timers: Timers::new(count),
            again: vec![false; count],
        }
    }

    /// The one place in which a hook does something else from now on.
    fn go(&mut self, id: HookId, run: Run) {
        let before = core::mem::replace(&mut self.runs[id.0], run);
        if before.pid() != run.pid() {
            if let Some(pid) = before.pid() {
                self.pids.remove(pid, id.0);
            }
            if let Some(pid) = run.pid() {
                self.pids.add(pid, id.0);
            }
        }
        self.starting += usize::from(run.is_starting());
        self.starting -= usize::from(before.is_starting());
        self.timers.set(id.0, run.deadline());
    }

    /// Finds out again what follows from what each does.
    pub(super) fn count_anew(&mut self) {
        let runs = core::mem::take(&mut self.runs);
        let again = core::mem::take(&mut self.again);
        *self = Hooks::new(runs.len());
        self.again = again;
        for (index, run) in runs.into_iter().enumerate() {
            self.go(HookId(index), run);
        }
    }

    pub(super) fn start(
        &mut self,
        id: HookId,
        now: Instant,
        time: Option<Duration>,
        out: &mut Vec<Action>,
    ) {
        if self.runs[id.0] != Run::Idle {
            self.again[id.0] = true;
            return;
        }
        self.again[id.0] = false;
        let run = Run::Starting {
            since: now,
            kill_at: time.map(|time| now.after(time)),
            asked: false,
        };
        self.go(id, run);
        out.push(Action::RunHook { hook: id, time });
    }

    pub(super) fn is_running(&self, id: HookId) -> bool {
        self.runs[id.0] != Run::Idle
    }

    /// Whether a hook's program was asked for, and did not come yet.
    pub(super) fn is_starting(&self) -> bool {
        self.starting > 0
    }

    /// Whether this is the process of a hook that runs, and so its group and its session.
    pub(super) fn have(&self, pid: Pid) -> bool {
        self.pids.of(pid).next().is_some()
    }

    pub(super) fn spawned(&mut self, id: HookId, pid: Pid, out: &mut Vec<Action>) {
        if let Some(Run::Starting {
            since,
            kill_at,
            asked,
        }) = self.runs.get(id.0).copied()
        {
            let run = Run::Running {
                pid,
                since,
                kill_at,
            };
            self.go(id, run);
            if asked {
                tell_to_end(pid, out);
            }
        }
    }

    /// Nobody wants its answer any more: it is SIGKILLed.
    pub(super) fn cancel(&mut self, id: HookId, now: Instant) {
        self.set_end(id, Some(now));
        self.again[id.0] = false;
    }

    /// It has until `at`, where it had longer. If this answer asks for it, it is told so.
    pub(super) fn limit(&mut self, id: HookId, now: Instant, at: Instant, out: &mut [Action]) {
        let own = self.runs[id.0].kill_at();
        self.set_end(id, Some(own.map_or(at, |own| own.min(at))));
        for action in out {
            if let Action::RunHook {
                hook,
                time: Some(time),
            } = action
                && *hook == id
            {
                *time = at.since(now).min(*time);
            }
        }
    }

    /// When a hook that runs, or is about to, is SIGKILLed.
    fn set_end(&mut self, id: HookId, at: Option<Instant>) {
        let mut run = self.runs[id.0];
        if let Run::Starting { kill_at, .. } | Run::Running { kill_at, .. } = &mut run {
            *kill_at = at;
            self.go(id, run);
        }
    }

    /// It is told to end, and has until `limit`.
    pub(super) fn ask_to_end(
        &mut self,
        id: HookId,
        now: Instant,
        limit: Instant,
        out: &mut Vec<Action>,
    ) {
        let own = self.runs[id.0].kill_at();
        let sooner = own.map_or(limit, |own| own.min(limit));
        self.set_end(id, Some(sooner.max(now)));
        match &mut self.runs[id.0] {
            Run::Starting { asked, .. } => *asked = true,
            Run::Running { pid, .. } => tell_to_end(*pid, out),
            Run::Idle | Run::Killed { .. } => {}
        }
    }

    /// Another plan of `count` hooks counts: each hook of the old one has this place in it. One that runs and
    /// has no place in it is SIGKILLed.
    pub(super) fn moved(&mut self, new: &[Option<HookId>], count: usize, out: &mut Vec<Action>) {
        let old = core::mem::replace(self, Hooks::new(count));
        for ((run, again), place) in old.runs.into_iter().zip(old.again).zip(new) {
            match (place, run) {
                (Some(place), run) => {
                    self.go(*place, run);
                    self.again[place.0] = again;
                }
                (None, Run::Running { pid, .. }) => out.push(Action::Signal {
                    target: Target::Group(pid),
                    signal: Signal::KILL,
                    left: None,
                }),
                (None, Run::Idle | Run::Starting { .. } | Run::Killed { .. }) => {}
            }
        }
    }

    pub(super) fn spawn_failed(
        &mut self,
        id: HookId,
        error: SpawnError,
        now: Instant,
    ) -> Option<HookReport> {
        let Some(Run::Starting { since, .. }) = self.runs.get(id.0).copied() else {
            return None;
        };
        Some(self.end(id, since, now, HookOutcome::NotStarted(error)))
    }

    pub(super) fn exited(&mut self, pid: Pid, status: Status, now: Instant) -> Option<HookReport> {
        let hook = HookId(self.pids.of(pid).next()?);
        let (since, outcome) = match self.runs[hook.0] {
            Run::Running { since, .. } => (since, HookOutcome::Ended(status)),
            Run::Killed { since, .. } => (since, HookOutcome::TimedOut),
            Run::Idle | Run::Starting { .. } => return None,
        };
        Some(self.end(hook, since, now, outcome))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.earliest()
    }

    /// Those that even SIGKILL did not end.
    pub(super) fn given_up(&mut self, now: Instant) -> Vec<HookReport> {
        let mut given_up = Vec::new();
        for index in self.timers.due(now) {
            if let Run::Killed { since, .. } = self.runs[index] {
                given_up.push(self.end(HookId(index), since, now, HookOutcome::TimedOut));
            }
        }
        given_up
    }

    /// SIGKILLs those that are over their time.
    pub(super) fn kill_late(&mut self, now: Instant, out: &mut Vec<Action>) {
        for index in self.timers.due(now) {
            if let Run::Running { pid, since, .. } = self.runs[index] {
                let give_up_at = now.after(SETTLE);
                let run = Run::Killed {
                    pid,
                    since,
                    give_up_at,
                };
                self.go(HookId(index), run);
                out.push(Action::Signal {
                    target: Target::Group(pid),
                    signal: Signal::KILL,
                    left: None,
                });
            }
        }
    }

    /// Divides what each has left by four, or leaves nothing of it.
    pub(super) fn hurry(&mut self, now: Instant, force: bool) {
        let shorter = |at: Instant| {
            if force {
                now
            } else {
                now.after(at.since(now) / 4)
            }
        };
        for index in 0..self.runs.len() {
            let own = self.runs[index].kill_at();
            self.set_end(HookId(index), own.map(shorter));
        }
    }

    fn end(
        &mut self,
        hook: HookId,
        began: Instant,
        ended: Instant,
        outcome: HookOutcome,
    ) -> HookReport {
        self.go(hook, Run::Idle);
        HookReport {
            hook,
            began,
            ended,
            outcome,
        }
    }
}

fn tell_to_end(pid: Pid, out: &mut Vec<Action>) {
    out.extend([Signal::TERM, Signal::CONT].map(|signal| Action::Signal {
        target: Target::Group(pid),
        signal,
        left: None,
    }));
}

impl Supervisor {
    pub(super) fn hook_ended(&mut self, report: HookReport, out: &mut Vec<Action>) {
        let HookReport {
            hook,
            outcome,
            ended,
            ..
        } = report;
        let moment = self.plan.hooks()[hook.0].moment;
        // One that asks again and again is news only to the service it asks about.
        let asks = matches!(
            moment,
            HookMoment::Of(_, ServiceMoment::Readiness | ServiceMoment::Liveness)
        );
        if !asks {
            out.push(Action::Tell(Note::HookEnded { hook, outcome }));
        }
        if self.is_stopping() && !asks {
            self.recorder.hook(report);
        }
        if let HookMoment::Of(id, moment) = moment {
            self.service_hook_ended(id, moment, hook, outcome, ended, out);
        }
        let again = match moment {
            HookMoment::OnSignal(_)
            | HookMoment::Of(_, ServiceMoment::Reload | ServiceMoment::PostStart) => {
                self.hooks.again[hook.0]
            }
            HookMoment::PreStop | HookMoment::PostStop | HookMoment::Of(..) => false,
        };
        if again && !self.is_stopping() {
            let time = match moment {
                HookMoment::OnSignal(_) => None,
                HookMoment::PreStop | HookMoment::PostStop | HookMoment::Of(..) => {
                    Some(self.plan.hooks()[hook.0].timeout.unwrap_or(HOOK_TIME))
                }
            };
            self.hooks.start(hook, ended, time, out);
        }
    }
}
