//! Stops services in reverse order, each with its time-out and nothing of what comes after it.

use super::super::{Actions, Fact, Supervisor};
use super::Stage;
use crate::plan::{HookMoment, KillMode, Leftovers, ServiceId, ServiceMoment};
use crate::service::stop::{Order, Stopping};
use crate::service::{Ending, State};
use crate::{Instant, Pid, Signal, Status};
use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// How a service leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Leave {
    /// Its main process; of a daemon that is not known yet, its starter.
    pub(in super::super) main: Pid,
    /// Whether that lives.
    pub(in super::super) main_alive: bool,
    /// Whether it is stopped by its command, where it has one.
    pub(in super::super) by_command: bool,
    /// Who gets the signals.
    pub(in super::super) kill_mode: KillMode,
}

impl Supervisor {
    /// The last service before this place that may be free to stop.
    pub(in super::super) fn last_open(&mut self, before: usize) -> Option<(usize, ServiceId)> {
        self.services.note(&self.plan);
        let place = self.services.last_open(before)?;
        Some((place, self.plan.graph().start_order()[place]))
    }

    /// Stops each service once those that depend on it are down.
    pub(super) fn advance_services(&mut self, now: Instant, out: &mut Actions) -> Option<Stage> {
        let mut before = self.services.len();
        while let Some((place, id)) = self.last_open(before) {
            before = place;
            if self.services[id.0].is_down() {
                continue;
            }
            let free = |on: &ServiceId| match &self.services[on.0].state {
                State::Ended(_) => true,
                // Whoever SIGKILL does not end is not waited for. Hooks that follow it may need what it
                // depended on.
                State::Stopping(stopping) => {
                    let after = HookMoment::Of(*on, ServiceMoment::PostStop);
                    stopping.is_killed() && self.plan.hooks_at(after).next().is_none()
                }
                State::Waiting
                | State::PreStart(_)
                | State::Starting
                | State::Launching(_)
                | State::Adopting(_)
                | State::Running(_)
                | State::PreStop(_)
                | State::PostStop(_)
                | State::Backoff { .. } => false,
            };
            if self.plan.graph().dependents(id).iter().all(free) {
                self.take_down(id, now, out);
            }
            self.advance_service(id, now, out);
        }
        if self.services.count(Fact::Down) < self.services.len() {
            return None;
        }
        let left = match self.is_forced() {
            true => VecDeque::new(),
            false => self.plan.hooks_at(HookMoment::PostStop).collect(),
        };
        Some(Stage::PostStop {
            running: None,
            left,
        })
    }

    /// Does what is due for one service on its way down.
    pub(in super::super) fn advance_stopping(
        &mut self,
        id: ServiceId,
        now: Instant,
        out: &mut Actions,
    ) {
        let blind = self.surveyor.is_blind();
        let State::Stopping(stopping) = &mut self.services[id.0].state else {
            return;
        };
        if let Some(time) = stopping.starts_command(now) {
            for hook in self.hooks_at(id, ServiceMoment::Stop) {
                let own = self.plan.hooks()[hook.0].timeout.unwrap_or(time);
                self.hooks.start(hook, now, Some(own.min(time)), out);
            }
        }
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
        // Its stop command may have more to do than to tell it.
        if given_up || stopping.is_over(blind) && !self.runs_hook(id, ServiceMoment::Stop) {
            self.is_gone(id, now, out);
        }
    }

    /// A service on its way down: it has its time-out, but nothing of what is reserved for what
    /// comes after it.
    pub(in super::super) fn stopping(
        &mut self,
        id: ServiceId,
        leave: Leave,
        now: Instant,
    ) -> Box<Stopping> {
        let Leave {
            main,
            main_alive,
            by_command,
            kill_mode,
        } = leave;
        let service = self.plan.service(id);
        // Of a daemon that was found without /proc only the number is known.
        let kill_mode = match self.services[id.0].ungrouped && main_alive {
            true => KillMode::Process,
            false => kill_mode,
        };
        let ladder = match service.stop_signal.is_empty() {
            true => alloc::vec![self.stop_signal()],
            false => service.stop_signal.clone(),
        };
        // Outside of a stop of the container nobody but bowout counts the time.
        let enforced = self.shutdown().is_none_or(|shutdown| shutdown.enforced);
        let command = self
            .plan
            .hooks_at(HookMoment::Of(id, ServiceMoment::Stop))
            .next();
        let order = Order {
            service: id,
            kill_mode,
            main,
            group: self.services[id.0].process_group(main),
            main_alive,
            ladder,
            end: self.kill_limit(id, now),
            enforced: enforced || service.stop_timeout.is_some(),
            alone: kill_mode == KillMode::Process || self.plan.stop().leftovers == Leftovers::Leave,
            wakes: main_alive || self.plan.stop().leftovers == Leftovers::Wait,
            tells: self.plan.stop().leftovers == Leftovers::Wait
                || self.rewritten(Signal::TERM).is_some(),
            shared: !self.plan.is_command(),
            by_command: by_command && command.is_some(),
        };
        self.recorder.knows(main, &service.name, id);
        let service = &self.services[id.0];
        let ended = match (&service.state, service.ending) {
            (State::Adopting(adopting), _) => Some(adopting.status),
            (_, Ending::Exited(status)) => Some(status),
            (_, Ending::NeverRan | Ending::NotStarted(_) | Ending::Blocked(_)) => None,
        };
        // The ending is an earlier run's while this one lives.
        if let Some(status) = ended.filter(|_| !main_alive) {
            self.recorder.reaped(main, status, now);
        }
        Box::new(Stopping::begin(order, now))
    }
}
