//! Stops one service: the ladder of signals, half time, SIGKILL, and when it is over.

use super::walk::Walk;
use crate::action::{Action, Note, Target};
use crate::plan::budget::SETTLE;
use crate::plan::{KillMode, ServiceId};
use crate::process::{Disposition, Process, Stayed};
use crate::report::Recorder;
use crate::{Instant, Pid, Signal};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

/// A service on its way down.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Stopping {
    service: ServiceId,
    kill_mode: KillMode,
    main: Pid,
    main_alive: bool,
    since: Instant,
    /// When its time-out ends: SIGKILL if `enforced`, else only what half time and ladder go by.
    end: Instant,
    enforced: bool,
    half_time: HalfTime,
    ladder: Vec<Signal>,
    rung: usize,
    walk: Walk,
    /// Group and main modes: whether the signal of this rung is out.
    sent: bool,
    /// Since when SIGKILL goes to whoever is found.
    killing: Option<Instant>,
    killed: BTreeSet<Pid>,
    alone: bool,
    wakes: bool,
    shared: bool,
    /// Whether the last survey saw anybody of this service.
    members: Members,
}

/// When those below the ones in charge are told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum HalfTime {
    /// At this moment.
    At(Instant),
    /// That moment has come, and a survey is awaited for it.
    Due,
    /// They have been told.
    Passed,
}

/// What the last survey saw of a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Members {
    /// There was none, or it is out of date.
    Unknown,
    /// Nobody is left.
    Nobody,
    /// Somebody is.
    Somebody,
}

/// What a service is to be stopped with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    pub(crate) service: ServiceId,
    pub(crate) kill_mode: KillMode,
    pub(crate) main: Pid,
    pub(crate) main_alive: bool,
    pub(crate) ladder: Vec<Signal>,
    pub(crate) end: Instant,
    pub(crate) enforced: bool,
    /// Whether nobody but the main process is waited for.
    pub(crate) alone: bool,
    /// Whether bowout has children of other services, so that ECHILD says nothing of this one.
    pub(crate) shared: bool,
    /// Whether whoever is told is continued too: not those that are left to themselves.
    pub(crate) wakes: bool,
    /// Whether the signal goes out at all: nobody is told by one that is rewritten to nothing.
    pub(crate) tells: bool,
}

impl Stopping {
    /// Begins. `order.ladder` has at least one signal.
    pub(crate) fn begin(order: Order, now: Instant) -> Stopping {
        let walk = Walk::new(order.ladder[0]);
        Stopping {
            service: order.service,
            kill_mode: order.kill_mode,
            main: order.main,
            main_alive: order.main_alive,
            since: now,
            end: order.end,
            enforced: order.enforced,
            half_time: HalfTime::At(now.after(order.end.since(now) / 2)),
            ladder: order.ladder,
            rung: 0,
            walk,
            sent: !order.tells,
            killing: None,
            killed: BTreeSet::new(),
            alone: order.alone,
            wakes: order.wakes,
            shared: order.shared,
            members: Members::Unknown,
        }
    }

    /// The main process, alive or not: its number is the group's too.
    pub(crate) fn main(&self) -> Pid {
        self.main
    }

    /// The main process while it lives.
    pub(crate) fn living_main(&self) -> Option<Pid> {
        self.main_alive.then_some(self.main)
    }

    /// The signal of the present rung.
    #[must_use = "reads a value and changes nothing"]
    pub fn signal(&self) -> Signal {
        self.ladder[self.rung]
    }

    /// Whether nobody is left that this service waits for. Without /proc, and with children of other
    /// services about, nobody can tell when a group is empty; what is left of it is for the sweep.
    pub(crate) fn is_over(&self, blind: bool) -> bool {
        let others = match self.kill_mode {
            KillMode::Process | KillMode::Main => false,
            KillMode::Auto | KillMode::Group => {
                !self.alone && self.members != Members::Nobody && !(blind && self.shared)
            }
        };
        !self.main_alive && !others
    }

    /// Whether everybody who was found has been sent SIGKILL: nobody of them runs any more, and what
    /// this service depends on need not wait for the kernel.
    pub(crate) fn is_killed(&self) -> bool {
        !self.killed.is_empty()
    }

    /// Whether even SIGKILL has not ended it in time (an uninterruptible system call).
    pub(crate) fn is_given_up(&self, now: Instant) -> bool {
        self.give_up_at().is_some_and(|at| at <= now)
    }

    fn give_up_at(&self) -> Option<Instant> {
        self.killing.map(|since| since.after(SETTLE))
    }

    /// When something is to be done although nothing happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let kill = (self.enforced && self.killing.is_none()).then_some(self.end);
        let half = match (self.half_time, self.kill_mode) {
            (HalfTime::At(at), KillMode::Auto) => Some(at),
            (HalfTime::At(_) | HalfTime::Due | HalfTime::Passed, _) => None,
        };
        [kill, half, self.next_rung_at(), self.give_up_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The kernel says that bowout has no child at all.
    pub(crate) fn nobody_is_left(&mut self) {
        self.main_alive = false;
        self.members = Members::Nobody;
    }

    /// A child of bowout ended. Returns whether a survey is worth its price now.
    pub(crate) fn exited(&mut self, pid: Pid) -> bool {
        let was_main = pid == self.main && self.main_alive;
        if was_main {
            self.main_alive = false;
        }
        let was_in_charge = self.walk.ended(pid);
        if !self.main_alive {
            self.members = Members::Unknown;
        }
        was_main || was_in_charge || !self.main_alive
    }

    /// Whether this service wants to be surveyed from time to time: somebody may end unseen by bowout,
    /// who is not the parent.
    pub(crate) fn wants_survey(&self) -> bool {
        match self.kill_mode {
            KillMode::Auto => {
                !self.main_alive || self.walk.somebody_in_charge() || self.killing.is_some()
            }
            KillMode::Group => !self.main_alive,
            KillMode::Main | KillMode::Process => false,
        }
    }

    /// Ctrl-C once more: what is left is divided by four.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.end = now.after(self.end.since(now) / 4);
        if let HalfTime::At(at) = &mut self.half_time {
            *at = now.after(at.since(now) / 4);
        }
    }

    /// SIGKILL as soon as this is next looked at.
    pub(crate) fn force(&mut self, now: Instant) {
        self.end = now;
        self.enforced = true;
    }

    /// Does what is due without looking at processes. Returns whether a survey is wanted for it.
    pub(crate) fn advance(
        &mut self,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) -> bool {
        let mut survey = false;
        if self.next_rung_at().is_some_and(|at| at <= now) {
            self.rung += 1;
            self.sent = false;
            self.walk.restart(self.ladder[self.rung]);
            out.push(Action::Tell(Note::NextRung {
                service: self.service,
                signal: self.signal(),
            }));
        }
        if matches!(self.half_time, HalfTime::At(at) if at <= now)
            && self.kill_mode == KillMode::Auto
        {
            self.half_time = HalfTime::Due;
            survey = true;
        }
        if self.enforced && self.killing.is_none() && self.end <= now {
            self.killing = Some(now);
            survey = true;
        }
        if self.sent || self.killing.is_some() {
            return survey;
        }
        self.sent = true;
        match self.kill_mode {
            KillMode::Auto => return true,
            KillMode::Main | KillMode::Process if self.main_alive => {
                recorder.told(self.main, self.signal(), now);
                self.send(Target::Process(self.main), self.signal(), now, out);
            }
            KillMode::Main | KillMode::Process => {}
            KillMode::Group => {
                recorder.told(self.main, self.signal(), now);
                self.send(Target::Group(self.main), self.signal(), now, out);
                // Its end was seen before this began: only a survey tells whether others are left.
                survey |= !self.main_alive;
            }
        }
        survey
    }

    /// Looks at the living processes of this service.
    pub(crate) fn surveyed(
        &mut self,
        processes: &[&Process],
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        let relevant: Vec<&Process> = match self.kill_mode {
            KillMode::Auto | KillMode::Main => processes.to_vec(),
            KillMode::Group => processes
                .iter()
                .copied()
                .filter(|process| process.group == self.main)
                .collect(),
            KillMode::Process => processes
                .iter()
                .copied()
                .filter(|process| process.pid == self.main)
                .collect(),
        };
        self.members = if relevant.is_empty() {
            Members::Nobody
        } else {
            Members::Somebody
        };
        if self.killing.is_some() {
            for process in relevant {
                if self.killed.insert(process.pid) {
                    self.kill(process, now, recorder, out);
                }
            }
            return;
        }
        if self.kill_mode != KillMode::Auto {
            return;
        }
        let half_time = match self.half_time {
            HalfTime::At(at) => at <= now,
            HalfTime::Due | HalfTime::Passed => true,
        };
        let told = self.walk.step(&relevant, self.main, half_time);
        let first = half_time && self.half_time != HalfTime::Passed;
        if first {
            self.half_time = HalfTime::Passed;
        }
        if first && !told.is_empty() {
            out.push(Action::Tell(Note::HalfTime {
                service: self.service,
                told: told.len(),
            }));
        }
        for pid in told {
            let process = relevant.iter().find(|process| process.pid == pid);
            let signal = process.map_or(self.signal(), |process| self.signal_for(process));
            recorder.told(pid, signal, now);
            self.send(Target::Process(pid), signal, now, out);
        }
    }

    /// What a process is told with. Shells start what is in their background with SIGINT and SIGQUIT
    /// ignored (POSIX.1-2017, Shell Command Language, 2.11), so one that ignores the stop signal and not
    /// SIGTERM gets that: it ignores Ctrl-C, and not the stop.
    fn signal_for(&self, process: &Process) -> Signal {
        let ignores = |signal| process.disposition(signal) == Disposition::Ignored;
        match ignores(self.signal()) && !ignores(Signal::TERM) {
            true => Signal::TERM,
            false => self.signal(),
        }
    }

    /// /proc can't be read: the group is all that can be reached.
    pub(crate) fn without_proc(
        &mut self,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        if self.kill_mode == KillMode::Auto {
            self.kill_mode = KillMode::Group;
            self.sent = false;
        }
        if self.killing.is_some() {
            self.kill_unseen(now, recorder, out);
        }
        self.advance(now, recorder, out);
    }

    /// SIGKILLs what can be reached without looking: the group, or the main process.
    pub(crate) fn kill_unseen(
        &mut self,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        let target = match self.kill_mode {
            KillMode::Process if !self.main_alive => return,
            KillMode::Process => Target::Process(self.main),
            KillMode::Auto | KillMode::Main | KillMode::Group => Target::Group(self.main),
        };
        if self.killed.insert(self.main) {
            let stayed = Stayed::Busy;
            out.push(Action::Tell(Note::Killing {
                pid: self.main,
                name: recorder.name(self.main),
                stayed,
            }));
            recorder.killed(self.main, stayed, now);
            out.push(Action::Signal {
                target,
                signal: Signal::KILL,
                left: None,
            });
        }
    }

    /// Who is waited for, and why.
    pub(crate) fn stayed(&self, process: &Process) -> Stayed {
        if self.kill_mode == KillMode::Auto && !self.walk.has_told(process.pid) {
            return Stayed::Untold;
        }
        process.stayed(self.signal())
    }

    fn kill(
        &self,
        process: &Process,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        let stayed = self.stayed(process);
        out.push(Action::Tell(Note::Killing {
            pid: process.pid,
            name: process.name.clone(),
            stayed,
        }));
        recorder.killed(process.pid, stayed, now);
        out.push(Action::Signal {
            target: Target::Process(process.pid),
            signal: Signal::KILL,
            left: None,
        });
    }

    /// A stop signal, and a SIGCONT after it: a process that is stopped takes no other signal.
    fn send(&self, target: Target, signal: Signal, now: Instant, out: &mut Vec<Action>) {
        let left = u32::try_from(self.end.since(now).as_millis()).unwrap_or(u32::MAX);
        let wake = self.wakes.then_some((Signal::CONT, None));
        let signals = [(signal, Some(left))].into_iter().chain(wake);
        out.extend(signals.map(|(signal, left)| Action::Signal {
            target,
            signal,
            left,
        }));
    }

    /// Each signal of a ladder has an equal share of the time-out.
    fn next_rung_at(&self) -> Option<Instant> {
        if self.killing.is_some() || self.rung + 1 >= self.ladder.len() {
            return None;
        }
        let share = |part: usize| u32::try_from(part).unwrap_or(u32::MAX);
        let span: Duration = self.end.since(self.since);
        Some(
            self.since
                .after(span / share(self.ladder.len()) * share(self.rung + 1)),
        )
    }
}
