//! Stops one service: the ladder of signals, half time, SIGKILL, and when it is over.

use super::walk::Walk;
use crate::action::{Action, Note, Target};
use crate::plan::{KillMode, ServiceId};
use crate::process::{Process, Stayed};
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
    /// When those below the ones in charge are told; `None` when they have been.
    half_time: Option<Instant>,
    ladder: Vec<Signal>,
    rung: usize,
    walk: Walk,
    /// Group and main modes: whether the signal of this rung is out.
    sent: bool,
    killing: bool,
    killed: BTreeSet<Pid>,
    alone: bool,
    /// Whether the last survey saw anybody of this service.
    members: Members,
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
            half_time: Some(now.after(order.end.since(now) / 2)),
            ladder: order.ladder,
            rung: 0,
            walk,
            sent: false,
            killing: false,
            killed: BTreeSet::new(),
            alone: order.alone,
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
    pub(crate) fn signal(&self) -> Signal {
        self.ladder[self.rung]
    }

    /// Whether nobody is left that this service waits for.
    pub(crate) fn is_over(&self) -> bool {
        let others = match self.kill_mode {
            KillMode::Process | KillMode::Main => false,
            KillMode::Auto | KillMode::Group => !self.alone && self.members != Members::Nobody,
        };
        !self.main_alive && !others
    }

    /// When something is to be done although nothing happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let kill = (self.enforced && !self.killing).then_some(self.end);
        let half = self.half_time.filter(|_| self.kill_mode == KillMode::Auto);
        [kill, half, self.next_rung_at()]
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
            KillMode::Auto => !self.main_alive || self.walk.somebody_in_charge() || self.killing,
            KillMode::Group => !self.main_alive,
            KillMode::Main | KillMode::Process => false,
        }
    }

    /// Ctrl-C once more: what is left is divided by four.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.end = now.after(self.end.since(now) / 4);
        self.half_time = self.half_time.map(|half| now.after(half.since(now) / 4));
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
        if self.half_time.is_some_and(|at| at <= now) && self.kill_mode == KillMode::Auto {
            survey = true;
        }
        if self.enforced && !self.killing && self.end <= now {
            self.killing = true;
            survey = true;
            if matches!(self.kill_mode, KillMode::Process) {
                self.kill_main(now, recorder, out);
            }
        }
        if self.sent || self.killing {
            return survey;
        }
        self.sent = true;
        match self.kill_mode {
            KillMode::Auto => return true,
            KillMode::Main | KillMode::Process if self.main_alive => {
                recorder.told(self.main, self.signal(), now);
                self.send(Target::Process(self.main), now, out);
            }
            KillMode::Main | KillMode::Process => {}
            KillMode::Group => {
                recorder.told(self.main, self.signal(), now);
                self.send(Target::Group(self.main), now, out);
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
        if self.killing {
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
        let half_time = self.half_time.is_none_or(|at| at <= now);
        let told = self.walk.step(&relevant, self.main, half_time);
        if half_time && self.half_time.take().is_some() && !told.is_empty() {
            out.push(Action::Tell(Note::HalfTime {
                service: self.service,
                told: told.len(),
            }));
        }
        for pid in told {
            recorder.told(pid, self.signal(), now);
            self.send(Target::Process(pid), now, out);
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
        if self.killing
            && !matches!(self.kill_mode, KillMode::Process)
            && self.killed.insert(self.main)
        {
            recorder.killed(self.main, Stayed::Busy, now);
            out.push(Action::Signal {
                target: Target::Group(self.main),
                signal: Signal::KILL,
                left: None,
            });
        }
        self.advance(now, recorder, out);
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

    fn kill_main(&mut self, now: Instant, recorder: &mut Recorder, out: &mut Vec<Action>) {
        if self.main_alive && self.killed.insert(self.main) {
            recorder.killed(self.main, Stayed::Busy, now);
            out.push(Action::Signal {
                target: Target::Process(self.main),
                signal: Signal::KILL,
                left: None,
            });
        }
    }

    /// A stop signal, and a SIGCONT after it: a process that is stopped takes no other signal.
    fn send(&self, target: Target, now: Instant, out: &mut Vec<Action>) {
        let left = u32::try_from(self.end.since(now).as_millis()).unwrap_or(u32::MAX);
        let signals = [(self.signal(), Some(left)), (Signal::CONT, None)];
        out.extend(signals.map(|(signal, left)| Action::Signal {
            target,
            signal,
            left,
        }));
    }

    /// Each signal of a ladder has an equal share of the time-out.
    fn next_rung_at(&self) -> Option<Instant> {
        if self.killing || self.rung + 1 >= self.ladder.len() {
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
