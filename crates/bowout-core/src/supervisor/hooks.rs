//! Runs hooks: one process each, with a limit, and never two of one hook at a time.

use super::Supervisor;
use crate::action::{Action, HookOutcome, Note, Target};
use crate::event::SpawnError;
use crate::plan::budget::SETTLE;
use crate::plan::{HookId, HookMoment, Plan};
use crate::report::{HookReport, Recorder};
use crate::{Instant, Pid, Signal, Status};
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
        };
        out.push(Action::RunHook { hook: id, time });
    }

    pub(super) fn is_running(&self, id: HookId) -> bool {
        self.runs[id.0] != Run::Idle
    }

    /// Whether `pid` is a running hook's process, and so its group and session.
    pub(super) fn owns(&self, pid: Pid) -> bool {
        self.runs.iter().any(|run| match run {
            Run::Running { pid: own, .. } | Run::Killed { pid: own, .. } => *own == pid,
            Run::Idle | Run::Starting { .. } => false,
        })
    }

    pub(super) fn spawned(&mut self, id: HookId, pid: Pid) {
        if let Some(Run::Starting { since, kill_at }) = self.runs.get(id.0).copied() {
            self.runs[id.0] = Run::Running {
                pid,
                since,
                kill_at,
            };
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

    pub(super) fn advance(&mut self, now: Instant, recorder: &mut Recorder, out: &mut Vec<Action>) {
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
                    recorder.hook(self.end(HookId(index), since, now, HookOutcome::TimedOut));
                }
                Run::Idle | Run::Starting { .. } | Run::Running { .. } | Run::Killed { .. } => {}
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

impl Supervisor {
    pub(super) fn hook_ended(&mut self, report: HookReport, out: &mut Vec<Action>) {
        let HookReport {
            hook,
            outcome,
            ended,
            ..
        } = report;
        out.push(Action::Tell(Note::HookEnded { hook, outcome }));
        if self.is_stopping() {
            self.recorder.hook(report);
        }
        let on_signal = matches!(self.plan.hooks()[hook.0].moment, HookMoment::OnSignal(_));
        if on_signal && self.hooks.again[hook.0] && !self.is_stopping() {
            self.hooks.start(hook, ended, None, out);
        }
    }
}
