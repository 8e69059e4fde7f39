//! Stops one service: the ladder of signals, half time, SIGKILL, and when it is over.

mod telling;

use super::walk::Walk;
use crate::order::Set;
use crate::plan::budget::SETTLE;
use crate::plan::{KillMode, ServiceId};
use crate::{Instant, Pid, Signal};
use alloc::vec::Vec;
use core::time::Duration;

/// A service on its way down.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Stopping {
    service: ServiceId,
    kill_mode: KillMode,
    main: Pid,
    group: Pid,
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
    killed: Set<Pid>,
    alone: bool,
    wakes: bool,
    shared: bool,
    /// Whether the last survey saw anybody of this service.
    members: Members,
    command: StopCommand,
}

/// What stops it instead of a signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum StopCommand {
    /// Nothing.
    None,
    /// A command that is to be started now.
    Due,
    /// A command that has until this moment; then the signal goes out all the same.
    Until(Instant),
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
    /// The process group of that.
    pub(crate) group: Pid,
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
    /// Whether a command stops it instead of a signal.
    pub(crate) by_command: bool,
}

impl Stopping {
    /// Begins. `order.ladder` has at least one signal.
    pub(crate) fn begin(order: Order, now: Instant) -> Stopping {
        let walk = Walk::new(order.ladder[0]);
        let mut stopping = Stopping {
            service: order.service,
            kill_mode: order.kill_mode,
            main: order.main,
            group: order.group,
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
            killed: Set::new(),
            alone: order.alone,
            wakes: order.wakes,
            shared: order.shared,
            members: Members::Unknown,
            command: match order.by_command {
                true => StopCommand::Due,
                false => StopCommand::None,
            },
        };
        if !stopping.main_alive {
            stopping.turn_to_the_others();
        }
        stopping
    }

    /// The main process is gone. In main mode the others were its business; now they are told, and waited
    /// for: a service is not down while they run, nor may what it depends on stop, or it start again beside
    /// them. Of one command the sweep tells them, which follows at once.
    fn turn_to_the_others(&mut self) {
        if self.kill_mode == KillMode::Main && self.shared && !self.alone {
            self.kill_mode = KillMode::Auto;
            self.sent = false;
        }
    }

    /// Its service has another place in another plan.
    pub(crate) fn moved(&mut self, service: ServiceId) {
        self.service = service;
    }

    /// Whether the command that stops it is to be started now, and how long it has: half of the time is
    /// left for the signal.
    pub(crate) fn starts_command(&mut self, now: Instant) -> Option<Duration> {
        if self.command != StopCommand::Due {
            return None;
        }
        let half = self.end.since(now) / 2;
        self.command = StopCommand::Until(now.after(half));
        Some(self.end.since(now))
    }

    /// The command did not do it: the signal goes out now.
    pub(crate) fn release(&mut self, now: Instant) {
        if let StopCommand::Until(at) = &mut self.command {
            *at = now;
        }
    }

    /// Moves the end to a later moment, never to an earlier one. Returns where it is.
    pub(crate) fn extend(&mut self, until: Instant) -> Instant {
        if self.killing.is_none() {
            self.end = self.end.max(until);
        }
        self.end
    }

    /// The container stops: there may be an end that is earlier, and all before it comes earlier with it.
    pub(crate) fn limit(&mut self, now: Instant, end: Instant) {
        self.enforced = true;
        if end < self.end {
            self.end = end;
            self.not_after(now.after(end.since(now) / 2));
        }
    }

    /// Brings half time, and the moment at which a command has had its time, forward.
    fn not_after(&mut self, at: Instant) {
        if let HalfTime::At(half) = &mut self.half_time {
            *half = at.min(*half);
        }
        if let StopCommand::Until(until) = &mut self.command {
            *until = at.min(*until);
        }
    }

    /// Whether a command stops it, and no signal has gone out yet.
    fn is_held(&self) -> bool {
        match self.command {
            StopCommand::Due | StopCommand::Until(_) => true,
            StopCommand::None => false,
        }
    }

    /// The main process, alive or not.
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
            (HalfTime::At(at), KillMode::Auto) if !self.is_held() => Some(at),
            (HalfTime::At(_) | HalfTime::Due | HalfTime::Passed, _) => None,
        };
        let release = match self.command {
            StopCommand::Until(at) if self.killing.is_none() => Some(at),
            StopCommand::None | StopCommand::Due | StopCommand::Until(_) => None,
        };
        let rung = self.next_rung_at();
        Instant::earliest(&[kill, half, release, rung, self.give_up_at()])
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
            self.turn_to_the_others();
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
        let quarter = |at: Instant| now.after(at.since(now) / 4);
        self.end = quarter(self.end);
        if let HalfTime::At(at) = &mut self.half_time {
            *at = quarter(*at);
        }
        if let StopCommand::Until(at) = &mut self.command {
            *at = quarter(*at);
        }
    }

    /// SIGKILL as soon as this is next looked at.
    pub(crate) fn force(&mut self, now: Instant) {
        self.end = now;
        self.enforced = true;
    }

    /// Each signal of a ladder has an equal share of the time-out.
    fn next_rung_at(&self) -> Option<Instant> {
        if self.killing.is_some() || self.is_held() || self.rung + 1 >= self.ladder.len() {
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
