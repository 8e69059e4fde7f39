//! Stops services in reverse order, each with its time-out and nothing of what comes after it.

use super::super::{Actions, Supervisor};
use super::{Haste, Stage};
use crate::plan::{HookMoment, KillMode, Leftovers, ServiceId};
use crate::service::stop::{Order, Stopping};
use crate::service::{Ending, State};
use crate::{Instant, Pid, Signal, Status};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

impl Supervisor {
    /// Every service before those that it depends on.
    pub(super) fn stop_order(&self) -> Vec<ServiceId> {
        let order = self.plan.graph().start_order();
        order.iter().rev().copied().collect()
    }

    /// Stops each service once those that depend on it are down.
    pub(super) fn advance_services(&mut self, now: Instant, out: &mut Actions) -> Option<Stage> {
        for id in self.stop_order() {
            let free = |on: &ServiceId| match &self.services[on.0].state {
                State::Ended => true,
                State::Stopping(stopping) => stopping.is_killed(),
                State::Waiting
                | State::Starting
                | State::Running { .. }
                | State::Backoff { .. } => false,
            };
            if let State::Running { main, .. } = self.services[id.0].state
                && self.plan.graph().dependents(id).iter().all(free)
            {
                let stopping = self.stopping(id, main, true, now);
                self.services[id.0].state = State::Stopping(stopping);
            }
            self.advance_service(id, now, out);
        }
        if !self.services.iter().all(crate::service::Service::is_down) {
            return None;
        }
        let forced = self
            .shutdown()
            .is_some_and(|shutdown| shutdown.haste == Haste::Forced);
        let left = match forced {
            true => VecDeque::new(),
            false => self.plan.hooks_at(HookMoment::PostStop).collect(),
        };
        Some(Stage::PostStop {
            running: None,
            left,
        })
    }

    /// Does what is due for one service on its way down.
    pub(super) fn advance_service(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let blind = self.surveyor.is_blind();
        let service = &mut self.services[id.0];
        let State::Stopping(stopping) = &mut service.state else {
            return;
        };
        if stopping.advance(now, &mut self.recorder, out) {
            if blind {
                stopping.without_proc(now, &mut self.recorder, out);
            }
            self.surveyor.want_now(now);
        }
        let given_up = stopping.is_given_up(now);
        if given_up && stopping.living_main().is_some() {
            // It has its SIGKILL, and nothing else can come of it.
            service.ending = Ending::Exited(Status::by(Signal::KILL));
        }
        if given_up || stopping.is_over(blind) {
            service.state = State::Ended;
        }
    }

    /// A service on its way down: it has its time-out, but nothing of what is reserved for what
    /// comes after it.
    pub(in super::super) fn stopping(
        &mut self,
        id: ServiceId,
        main: Pid,
        main_alive: bool,
        now: Instant,
    ) -> Box<Stopping> {
        let service = self.plan.service(id);
        let ladder = match service.stop_signal.is_empty() {
            true => alloc::vec![self.stop_signal()],
            false => service.stop_signal.clone(),
        };
        let wanted = now.after(self.hasten(self.budget.timeout(id)));
        let limit = self
            .shutdown()
            .filter(|shutdown| shutdown.enforced)
            .map(|shutdown| {
                let reserve = self.hasten(self.budget.reserve(id));
                shutdown.end.before(reserve).max(now)
            });
        let order = Order {
            service: id,
            kill_mode: service.kill_mode,
            main,
            main_alive,
            ladder,
            end: limit.map_or(wanted, |limit| limit.min(wanted)),
            enforced: limit.is_some() || service.stop_timeout.is_some(),
            alone: self.leaves_others(id),
            wakes: main_alive || self.plan.stop().leftovers == Leftovers::Wait,
            tells: self.plan.stop().leftovers == Leftovers::Wait
                || self.rewritten(Signal::TERM).is_some(),
            shared: !self.plan.is_single(),
        };
        self.recorder.knows(main, &service.name, id);
        // The ending is an earlier run's while this one lives.
        if let Ending::Exited(status) = self.services[id.0].ending
            && !main_alive
        {
            self.recorder.reaped(main, status, now);
        }
        Box::new(Stopping::begin(order, now))
    }

    /// Whether nobody but the main process of this service is waited for.
    fn leaves_others(&self, id: ServiceId) -> bool {
        let service = self.plan.service(id);
        service.kill_mode == KillMode::Process || self.plan.stop().leftovers == Leftovers::Leave
    }
}
