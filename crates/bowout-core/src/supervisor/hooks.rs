//! Runs hooks: one process each, with a limit, and never two of one hook at a time.

use super::Supervisor;
use crate::action::{Action, HookOutcome, Note, Target};
use crate::event::SpawnError;
use crate::plan::budget::{HOOK_TIME, SETTLE};
use crate::plan::{HookId, HookMoment, Plan, ServiceMoment};
use crate::report::HookReport;
use crate::{Instant, Pid, Signal, Status};
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// What each hook of the plan does now.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Hooks {
    runs: Vec<Run>,
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

impl Hooks {
    pub(super) fn new(plan: &Plan) -> Hooks {
        Hooks {
            runs: vec![Run::Idle; plan.hooks().len()],
            again: vec![false; plan.hooks().len()],
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
        self.runs[id.0] = Run::Starting {
            since: now,
            kill_at: time.map(|time| now.after(time)),
            asked: false,
        };
        out.push(Action::RunHook { hook: id, time });
    }

    pub(super) fn is_running(&self, id: HookId) -> bool {
        self.runs[id.0] != Run::Idle
    }

    /// Whether a hook's program was asked for, and did not come yet.
    pub(super) fn is_starting(&self) -> bool {
        let starts = |run: &Run| matches!(run, Run::Starting { .. });
        self.runs.iter().any(starts)
    }

    /// The processes of the hooks that run; each is its own group and session.
    pub(super) fn pids(&self) -> BTreeSet<Pid> {
        let mut pids = BTreeSet::new();
        for run in &self.runs {
            if let Run::Running { pid, .. } | Run::Killed { pid, .. } = run {
                pids.insert(*pid);
            }
        }
        pids
    }

    pub(super) fn spawned(&mut self, id: HookId, pid: Pid, out: &mut Vec<Action>) {
        if let Some(Run::Starting {
            since,
            kill_at,
            asked,
        }) = self.runs.get(id.0).copied()
        {
            self.runs[id.0] = Run::Running {
                pid,
                since,
                kill_at,
            };
            if asked {
                tell_to_end(pid, out);
            }
        }
    }

    /// Nobody wants its answer any more: it is SIGKILLed.
    pub(super) fn cancel(&mut self, id: HookId, now: Instant) {
        match &mut self.runs[id.0] {
            Run::Starting { kill_at, .. } | Run::Running { kill_at, .. } => *kill_at = Some(now),
            Run::Idle | Run::Killed { .. } => {}
        }
        self.again[id.0] = false;
    }

    /// It has until `at`, where it had longer.
    pub(super) fn limit(&mut self, id: HookId, at: Instant) {
        match &mut self.runs[id.0] {
            Run::Starting { kill_at, .. } | Run::Running { kill_at, .. } => {
                *kill_at = Some(kill_at.map_or(at, |own| own.min(at)));
            }
            Run::Idle | Run::Killed { .. } => {}
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
        let sooner = |at: Option<Instant>| Some(at.map_or(limit, |at| at.min(limit)).max(now));
        match &mut self.runs[id.0] {
            Run::Starting { kill_at, asked, .. } => {
                *asked = true;
                *kill_at = sooner(*kill_at);
            }
            Run::Running { pid, kill_at, .. } => {
                *kill_at = sooner(*kill_at);
                tell_to_end(*pid, out);
            }
            Run::Idle | Run::Killed { .. } => {}
        }
    }

    /// Another plan of `count` hooks counts: each hook of the old one has this place in it. One that runs and
    /// has no place in it is SIGKILLed.
    pub(super) fn moved(&mut self, new: &[Option<HookId>], count: usize, out: &mut Vec<Action>) {
        let old = core::mem::replace(&mut self.runs, vec![Run::Idle; count]);
        let again = core::mem::replace(&mut self.again, vec![false; count]);
        for ((run, again), place) in old.into_iter().zip(again).zip(new) {
            match (place, run) {
                (Some(place), run) => {
                    self.runs[place.0] = run;
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
        for index in 0..self.runs.len() {
            let (since, outcome) = match self.runs[index] {
                Run::Running {
                    pid: own, since, ..
                } if own == pid => (since, HookOutcome::Ended(status)),
                Run::Killed {
                    pid: own, since, ..
                } if own == pid => (since, HookOutcome::TimedOut),
                Run::Idle | Run::Starting { .. } | Run::Running { .. } | Run::Killed { .. } => {
                    continue;
                }
            };
            return Some(self.end(HookId(index), since, now, outcome));
        }
        None
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let at = |run: &Run| match run {
            Run::Running { kill_at, .. } => *kill_at,
            Run::Killed { give_up_at, .. } => Some(*give_up_at),
            Run::Idle | Run::Starting { .. } => None,
        };
        self.runs.iter().filter_map(at).min()
    }

    /// SIGKILLs what is over its time. Returns those that even that did not end.
    pub(super) fn advance(&mut self, now: Instant, out: &mut Vec<Action>) -> Vec<HookReport> {
        let mut given_up = Vec::new();
        for index in 0..self.runs.len() {
            match self.runs[index] {
                Run::Running {
                    pid,
                    since,
                    kill_at: Some(at),
                } if at <= now => {
                    let give_up_at = now.after(SETTLE);
                    self.runs[index] = Run::Killed {
                        pid,
                        since,
                        give_up_at,
                    };
                    out.push(Action::Signal {
                        target: Target::Group(pid),
                        signal: Signal::KILL,
                        left: None,
                    });
                }
                Run::Killed {
                    since, give_up_at, ..
                } if give_up_at <= now => {
                    given_up.push(self.end(HookId(index), since, now, HookOutcome::TimedOut));
                }
                Run::Idle | Run::Starting { .. } | Run::Running { .. } | Run::Killed { .. } => {}
            }
        }
        given_up
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
        for run in &mut self.runs {
            match run {
                Run::Starting { kill_at, .. } | Run::Running { kill_at, .. } => {
                    *kill_at = kill_at.map(shorter)
                }
                Run::Idle | Run::Killed { .. } => {}
            }
        }
    }

    fn end(
        &mut self,
        hook: HookId,
        began: Instant,
        ended: Instant,
        outcome: HookOutcome,
    ) -> HookReport {
        self.runs[hook.0] = Run::Idle;
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
