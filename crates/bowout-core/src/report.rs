//! Keeps the account of a stop: who was told what and when, and how each one ended.

use crate::action::HookOutcome;
use crate::event::{Received, SpawnError};
use crate::order::{Map, Set};
use crate::plan::{HookId, ServiceId};
use crate::process::{Process, State, Stayed};
use crate::{Instant, Pid, Signal, Status};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

/// Why the container stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// A signal asked for it.
    Signal(Received),
    /// Somebody asked for it by another way.
    Request,
    /// An essential service ended by itself.
    Ended {
        /// The service.
        service: ServiceId,
        /// How.
        status: Status,
    },
    /// An essential service could not be started.
    NotStarted {
        /// The service.
        service: ServiceId,
        /// Why.
        error: SpawnError,
    },
    /// An essential service failed otherwise: it was not ready in time, or did not work any more.
    Failed {
        /// The service.
        service: ServiceId,
    },
    /// Every service has ended, none of them essential.
    NothingLeft,
}

impl Reason {
    /// Whether somebody outside of the plan asked for the stop, and so counts the time.
    #[must_use = "reads a value and changes nothing"]
    pub fn was_asked_for(&self) -> bool {
        match self {
            Reason::Signal(_) | Reason::Request => true,
            Reason::Ended { .. }
            | Reason::NotStarted { .. }
            | Reason::Failed { .. }
            | Reason::NothingLeft => false,
        }
    }
}

/// How a process of the account ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// bowout was its parent, or became it, and reaped it.
    Reaped {
        /// How it ended.
        status: Status,
        /// When it was reaped.
        at: Instant,
    },
    /// It was not there any more; its own parent knows how it ended.
    Gone {
        /// When that was seen.
        at: Instant,
    },
    /// It was still there when bowout left.
    Left,
}

impl End {
    /// When that was; `None`: it has not ended.
    #[must_use = "reads a value and changes nothing"]
    pub fn at(self) -> Option<Instant> {
        match self {
            End::Reaped { at, .. } | End::Gone { at } => Some(at),
            End::Left => None,
        }
    }
}

/// One process of the account.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ProcessReport {
    /// Its number.
    pub pid: Pid,
    /// Its name.
    pub name: String,
    /// Its parent when it was first seen.
    pub parent: Option<Pid>,
    /// The service it belongs to; `None`: it was left for the sweep.
    pub service: Option<ServiceId>,
    /// The signals bowout sent it.
    pub told: Vec<(Signal, Instant)>,
    /// When and why it was SIGKILLed.
    pub killed: Option<(Instant, Stayed)>,
    /// How it ended.
    pub end: End,
    /// Whether it was left over when every service was down.
    pub swept: bool,
}

/// One hook that ran in the stop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HookReport {
    /// The hook.
    pub hook: HookId,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// What became of it.
    pub outcome: HookOutcome,
}

/// The account of one stop.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Report {
    /// Why it began.
    pub reason: Reason,
    /// When it began.
    pub began: Instant,
    /// When bowout left.
    pub ended: Instant,
    /// The grace period less the margin; `None` when the platform's was not known.
    pub budget: Option<Duration>,
    /// The processes that were there, in the order in which they were seen.
    pub processes: Vec<ProcessReport>,
    /// The hooks that ran.
    pub hooks: Vec<HookReport>,
    /// The exit code.
    pub code: u8,
}

impl Report {
    /// Processes that bowout had to SIGKILL.
    pub fn killed(&self) -> impl Iterator<Item = &ProcessReport> {
        self.processes
            .iter()
            .filter(|process| process.killed.is_some())
    }

    /// How long it took.
    #[must_use = "reads a value and changes nothing"]
    pub fn took(&self) -> Duration {
        self.ended.since(self.began)
    }
}

/// Writes the account down as it happens.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recorder {
    /// Those that were seen, by number. Each has a place of its own: the row of a thousand is often moved.
    present: Map<Pid, Box<ProcessReport>>,
    /// Those whose number was used again.
    past: Vec<ProcessReport>,
    hooks: Vec<HookReport>,
    killed: usize,
}

/// Only what has an effect on what is done next: two machines that differ in nothing but when somebody
/// ended go on alike, and a search over all states need not tell them apart.
impl Hash for Recorder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (pid, entry) in &self.present {
            let ended = entry.end != End::Left;
            (pid, ended, entry.killed.is_some(), entry.swept).hash(state);
        }
        (self.killed, self.past.len(), self.hooks.len()).hash(state);
    }
}

impl Recorder {
    /// A survey saw these, and each belongs to this service.
    pub(crate) fn saw<'a>(
        &mut self,
        now: Instant,
        processes: impl Iterator<Item = (&'a Process, Option<ServiceId>)>,
    ) {
        let mut seen = Set::new();
        for (process, service) in processes {
            seen.insert(process.pid);
            if process.state == State::Zombie {
                // It has ended. How, its parent may say when it reaps it, unless all is over before.
                if let Some(entry) = self.present.get_mut(&process.pid)
                    && entry.end == End::Left
                {
                    entry.end = End::Gone { at: now };
                }
                continue;
            }
            let entry = self.entry(process.pid);
            if entry.end != End::Left {
                let past = core::mem::replace(entry, ProcessReport::new(process.pid));
                self.past.push(past);
            }
            let entry = self.entry(process.pid);
            entry.name.clone_from(&process.name);
            entry.parent.get_or_insert(process.parent);
            entry.service = service;
        }
        for (pid, entry) in &mut self.present {
            if entry.end == End::Left && !seen.contains(pid) {
                entry.end = End::Gone { at: now };
            }
        }
    }

    /// The main process of a service is there although no survey saw it.
    pub(crate) fn knows(&mut self, pid: Pid, name: &str, service: ServiceId) {
        let entry = self.entry(pid);
        if entry.name.is_empty() {
            entry.name = name.into();
        }
        entry.service = Some(service);
    }

    /// A service is down, and the container goes on: its stop is nobody's account.
    pub(crate) fn forget(&mut self, service: ServiceId) {
        self.present
            .retain(|_, entry| entry.service.is_some_and(|of| of != service));
        self.killed = self
            .present
            .values()
            .filter(|entry| entry.killed.is_some())
            .count();
    }

    /// Services have other places in another plan.
    pub(crate) fn moved(&mut self, new: impl Fn(ServiceId) -> Option<ServiceId>) {
        for entry in self.present.values_mut() {
            entry.service = entry.service.and_then(&new);
        }
    }

    /// The name of a process, as far as it is known.
    pub(crate) fn name(&self, pid: Pid) -> String {
        self.present
            .get(&pid)
            .map_or_else(String::new, |entry| entry.name.clone())
    }

    pub(crate) fn told(&mut self, service: ServiceId, pid: Pid, signal: Signal, now: Instant) {
        let entry = self.entry(pid);
        entry.service = Some(service);
        entry.told.push((signal, now));
    }

    pub(crate) fn killed(&mut self, service: ServiceId, pid: Pid, why: Stayed, now: Instant) {
        self.killed += 1;
        let entry = self.entry(pid);
        entry.service = Some(service);
        entry.killed = Some((now, why));
    }

    /// One that is left over is told. Returns whether it had not been.
    pub(crate) fn told_in_sweep(&mut self, pid: Pid, now: Instant) -> bool {
        let entry = self.entry(pid);
        let first = !core::mem::replace(&mut entry.swept, true);
        if first {
            entry.told.push((Signal::TERM, now));
        }
        first
    }

    /// One that is left over is SIGKILLed. Returns whether it had not been. A stranger's end says
    /// nothing of the plan, so it does not count.
    pub(crate) fn swept(&mut self, process: &Process, stranger: bool, now: Instant) -> bool {
        let entry = self.entry(process.pid);
        let first = entry.killed.is_none();
        if first {
            entry.killed = Some((now, process.stayed(Signal::TERM)));
            self.killed += usize::from(!stranger);
        }
        first
    }

    /// Somebody of bowout's own is SIGKILLed whom nobody can see.
    pub(crate) fn killed_unseen(&mut self) {
        self.killed += 1;
    }

    pub(crate) fn reaped(&mut self, pid: Pid, status: Status, now: Instant) {
        if let Some(entry) = self.present.get_mut(&pid) {
            entry.end = End::Reaped { status, at: now };
        }
    }

    pub(crate) fn hook(&mut self, report: HookReport) {
        self.hooks.push(report);
    }

    /// bowout has no child left: whoever had not been seen to end has ended by now.
    pub(crate) fn nobody_is_left(&mut self, now: Instant) {
        for entry in self.present.values_mut() {
            if entry.end == End::Left && entry.parent != Some(Pid::OUTSIDE) {
                entry.end = End::Gone { at: now };
            }
        }
    }

    /// Nor has the namespace: those who came from outside, whom bowout does not reap, have ended too.
    pub(crate) fn not_even_strangers_are_left(&mut self, now: Instant) {
        for entry in self.present.values_mut() {
            if entry.end == End::Left {
                entry.end = End::Gone { at: now };
            }
        }
    }

    /// Whether anybody had to be SIGKILLed.
    pub(crate) fn killed_anybody(&self) -> bool {
        self.killed > 0
    }

    /// Closes the account.
    pub(crate) fn close(
        self,
        reason: Reason,
        (began, ended): (Instant, Instant),
        budget: Option<Duration>,
        code: u8,
    ) -> Report {
        let mut processes = self.past;
        processes.extend(self.present.into_values().map(|entry| *entry));
        Report {
            reason,
            began,
            ended,
            budget,
            processes,
            hooks: self.hooks,
            code,
        }
    }

    fn entry(&mut self, pid: Pid) -> &mut ProcessReport {
        self.present
            .get_or_insert_with(pid, || Box::new(ProcessReport::new(pid)))
    }
}

impl ProcessReport {
    fn new(pid: Pid) -> ProcessReport {
        ProcessReport {
            pid,
            name: String::new(),
            parent: None,
            service: None,
            told: Vec::new(),
            killed: None,
            end: End::Left,
            swept: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_nobody_has_reaped_has_ended_all_the_same() {
        let mut recorder = Recorder::default();
        let mut process = Process::new(Pid::new(9), Pid::INIT);
        let at = Instant::from_millis;
        recorder.saw(at(1), [(&process, None)].into_iter());
        process.state = State::Zombie;
        recorder.saw(at(2), [(&process, None)].into_iter());
        recorder.saw(at(3), [(&process, None)].into_iter());
        let ends = |recorder: Recorder| -> Vec<End> {
            let report = recorder.close(Reason::Request, (at(0), at(5)), None, 0);
            report.processes.iter().map(|process| process.end).collect()
        };
        assert_eq!(ends(recorder.clone()), [End::Gone { at: at(2) }]);
        let status = Status::Exited(3);
        recorder.reaped(process.pid, status, at(4));
        assert_eq!(ends(recorder), [End::Reaped { status, at: at(4) }]);
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let mut recorder = Recorder::default();
        let process = Process::new(Pid::new(9), Pid::INIT);
        let at = Instant::from_millis;
        recorder.saw(at(1), [(&process, None)].into_iter());
        recorder.saw(at(2), core::iter::empty());
        recorder.saw(at(3), [(&process, None)].into_iter());
        let reason = Reason::Request;
        let report = recorder.close(reason, (at(0), at(4)), None, 0);
        let ends: Vec<End> = report.processes.iter().map(|process| process.end).collect();
        assert_eq!(ends, [End::Gone { at: at(2) }, End::Left]);
    }

    #[test]
    fn who_came_from_outside_is_gone_when_the_namespace_is_empty_and_not_before() {
        let mut recorder = Recorder::default();
        let at = Instant::from_millis;
        let stranger = Process::new(Pid::new(9), Pid::OUTSIDE);
        recorder.saw(at(1), [(&stranger, None)].into_iter());
        recorder.nobody_is_left(at(2));
        assert_eq!(recorder.present[&Pid::new(9)].end, End::Left);
        recorder.not_even_strangers_are_left(at(3));
        let end = End::Gone { at: at(3) };
        assert_eq!(recorder.present[&Pid::new(9)].end, end);
    }
}
