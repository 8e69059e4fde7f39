//! Spaces surveys of /proc: soon when something happened, and never for more than a part of the time.

use super::attribution::Owner;
use super::{Phase, Supervisor};
use crate::action::{Action, Note};
use crate::order::Set;
use crate::process::Process;
use crate::service::State;
use crate::{Instant, Pid};
use alloc::vec::Vec;
use core::time::Duration;

/// After a survey that took t, the next one begins no sooner than this many t later: a tree of
/// thousands that ends one by one is not looked through once for each of them.
const SPACING: u32 = 4;

/// How long somebody in charge who is not bowout's child may have ended before it is seen.
const UNPROMPTED: Duration = Duration::from_millis(250);

/// When to look at processes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Surveyor {
    /// When a survey is due.
    due: Option<Instant>,
    /// Since when the answer to one is awaited.
    asked: Option<Instant>,
    /// Before this moment the next one may not begin.
    not_before: Option<Instant>,
    /// Who was reaped since then: the answer may still show them, and their numbers are free.
    reaped: Set<Pid>,
    /// Whether /proc could not be read.
    blind: bool,
}

impl Surveyor {
    /// Something happened that only a survey can tell the consequence of.
    pub(super) fn want(&mut self, at: Instant) {
        let at = self.not_before.map_or(at, |earliest| earliest.max(at));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Something is due now that is done to those whom a survey finds.
    pub(super) fn want_now(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// A child was reaped.
    pub(super) fn reaped(&mut self, pid: Pid) {
        if self.asked.is_some() {
            self.reaped.insert(pid);
        }
    }

    pub(super) fn is_blind(&self) -> bool {
        self.blind
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.filter(|_| self.asked.is_none() && !self.blind)
    }

    /// Whether it is time to look. If so, the answer is awaited from now on.
    fn asks(&mut self, now: Instant) -> bool {
        let asks = self.deadline().is_some_and(|due| due <= now);
        if asks {
            self.due = None;
            self.asked = Some(now);
        }
        asks
    }

    /// Returns who was reaped meanwhile.
    fn answered(&mut self, now: Instant) -> Set<Pid> {
        if let Some(asked) = self.asked.take() {
            let cost = now.since(asked);
            self.not_before = (!cost.is_zero()).then(|| now.after(cost.saturating_mul(SPACING)));
        }
        core::mem::take(&mut self.reaped)
    }
}

impl Supervisor {
    pub(super) fn advance_survey(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.surveyor.asks(now) {
            let signals = self.surveyed_signals();
            out.push(Action::Survey { signals });
        }
    }

    pub(super) fn surveyed(
        &mut self,
        processes: Option<Vec<Process>>,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let reaped = self.surveyor.answered(now);
        let Some(mut processes) = processes else {
            self.surveyed_nothing(now, out);
            return;
        };
        processes.retain(|process| !reaped.contains(&process.pid));
        let owners = self.owners(&processes);
        self.wake_the_stopped(&processes, out);
        self.adopt(&processes, &owners, now, out);
        let service_of = |owner: &Owner| match owner {
            Owner::Service(service) => Some(*service),
            Owner::Hook | Owner::Orphan | Owner::Stranger => None,
        };
        // While the container is up there is no account to write.
        if let Phase::Stopping(_) = self.phase {
            let seen = processes.iter().zip(owners.iter().map(service_of));
            self.recorder.saw(now, seen);
        }

        let living = living_of(&processes, &owners, self.services.len());
        let mut again = false;
        for id in self.plan.ids() {
            let Some(stopping) = self.services.stopping(id) else {
                continue;
            };
            let before = out.len();
            stopping.surveyed(&living[id.0], now, &mut self.recorder, out);
            // Whoever was told may have forked while the walk went on: look until nobody is new.
            again |= out.len() > before;
            if stopping.wants_survey() {
                self.surveyor.want(now.after(UNPROMPTED));
            }
        }
        if again {
            self.surveyor.want(now);
        }
        self.sweep_surveyed(&processes, &owners, now, out);
        self.tell_who_is_waited_for(&processes, &owners, now, out);
    }

    fn surveyed_nothing(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.adopt_blindly(now, out);
        let stops = |service: &crate::service::Service| matches!(service.state, State::Stopping(_));
        if !matches!(self.phase, Phase::Stopping(_)) && !self.services.iter().any(stops) {
            return;
        }
        if !core::mem::replace(&mut self.surveyor.blind, true) {
            out.push(Action::Tell(Note::NoProc));
        }
        for id in self.plan.ids() {
            if let Some(stopping) = self.services.stopping(id) {
                stopping.without_proc(now, &mut self.recorder, out);
            }
        }
        if self.alone {
            self.sweep_children_gone(now, out);
        }
    }
}

/// The living processes of each service, in the order of the survey.
fn living_of<'a>(
    processes: &'a [Process],
    owners: &[Owner],
    count: usize,
) -> Vec<Vec<&'a Process>> {
    let mut living = alloc::vec![Vec::new(); count];
    for (process, owner) in processes.iter().zip(owners) {
        if let Owner::Service(id) = owner
            && process.state != crate::process::State::Zombie
        {
            living[id.0].push(process);
        }
    }
    living
}
