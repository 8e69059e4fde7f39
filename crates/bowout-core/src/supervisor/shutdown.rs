//! Stops the container: pre_stop hooks, drain, services in reverse order, post_stop hooks, sweep, exit.

mod ending;
mod sweep;

use super::Supervisor;
use super::{Actions, Phase};
use crate::action::{Action, Note};
use crate::plan::budget::SETTLE;
use crate::plan::{HookId, HookMoment, KillMode, ServiceId};
use crate::process::Process;
use crate::report::Reason;
use crate::service::stop::{Order, Stopping};
use crate::service::{Ending, State};
use crate::{Instant, Pid, Signal};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;
use sweep::Sweeping;

/// How many processes a line about who is waited for names.
const NAMED: usize = 16;

/// A stop under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Shutdown {
    reason: Reason,
    /// What services without a stop signal of their own get.
    pub(super) signal: Signal,
    began: Instant,
    /// When bowout has left, if `enforced`; else what shares of time are counted by.
    end: Instant,
    enforced: bool,
    haste: Haste,
    stage: Stage,
    /// When it is said next who is waited for.
    tick: Instant,
}

/// How often Ctrl-C was pressed since the stop began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Haste {
    None,
    Hurried,
    Forced,
}

/// The stages of a stop, in their order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Stage {
    PreStop {
        running: Option<HookId>,
        left: VecDeque<HookId>,
    },
    Draining {
        until: Instant,
    },
    Services,
    PostStop {
        running: Option<HookId>,
        left: VecDeque<HookId>,
    },
    Sweeping(Sweeping),
}

impl Shutdown {
    pub(super) fn deadline(&self) -> Option<Instant> {
        let end = self.enforced.then_some(self.end);
        let (stage, tick) = match &self.stage {
            Stage::PreStop { .. } | Stage::PostStop { .. } => (None, None),
            Stage::Draining { until } => (Some(*until), None),
            Stage::Services => (None, Some(self.tick)),
            Stage::Sweeping(sweeping) => (sweeping.deadline(), Some(self.tick)),
        };
        [end, stage, tick].into_iter().flatten().min()
    }
}

impl Supervisor {
    pub(super) fn request_stop(&mut self, reason: Reason, now: Instant, out: &mut Actions) {
        match self.phase {
            Phase::New | Phase::Up => self.begin_stop(reason, now, out),
            Phase::Stopping(_) | Phase::Finished => {}
        }
    }

    pub(super) fn begin_stop(&mut self, reason: Reason, now: Instant, out: &mut Actions) {
        let received = match reason {
            Reason::Signal(received) => Some(received),
            Reason::Request
            | Reason::Ended { .. }
            | Reason::NotStarted { .. }
            | Reason::NothingLeft => None,
        };
        let asked = received.map_or(Signal::TERM, |received| received.signal);
        let somebody_is_up = self.services.iter().any(|service| service.main().is_some());
        let hooks = match somebody_is_up {
            true => self.plan.hooks_at(HookMoment::PreStop).collect(),
            false => VecDeque::new(),
        };
        let enforced = self.budget.known || !reason.was_asked_for();
        let shutdown = Shutdown {
            reason,
            signal: self.rewritten(asked).unwrap_or(Signal::TERM),
            began: now,
            end: now.after(self.budget.total),
            enforced,
            haste: Haste::None,
            stage: Stage::PreStop {
                running: None,
                left: hooks,
            },
            tick: now.after(Duration::from_secs(1)),
        };
        out.push(Action::Tell(Note::StopBegun {
            budget: enforced.then_some(self.budget.total),
            received,
        }));
        self.phase = Phase::Stopping(shutdown);
    }

    /// Ctrl-C again: first a quarter of what is left, then SIGKILL.
    pub(super) fn interrupt_again(&mut self, now: Instant, out: &mut Actions) {
        let Phase::Stopping(shutdown) = &mut self.phase else {
            return;
        };
        let force = shutdown.haste >= Haste::Hurried;
        if force {
            shutdown.haste = Haste::Forced;
            shutdown.enforced = true;
            // Nobody is asked any more; what is left is the kernel's work.
            shutdown.end = shutdown.end.min(now.after(4 * SETTLE));
        } else {
            shutdown.haste = Haste::Hurried;
            shutdown.end = now.after(shutdown.end.since(now) / 4);
        }
        match &mut shutdown.stage {
            Stage::PreStop { left, .. } | Stage::PostStop { left, .. } if force => left.clear(),
            Stage::Draining { until } => *until = now,
            Stage::Sweeping(sweeping) => sweeping.hurry(now, force),
            Stage::PreStop { .. } | Stage::PostStop { .. } | Stage::Services => {}
        }
        self.hooks.hurry(now, force);
        for service in &mut self.services {
            if let State::Stopping(stopping) = &mut service.state {
                if force {
                    stopping.force(now);
                } else {
                    stopping.hurry(now);
                }
            }
        }
        out.push(Action::Tell(if force {
            Note::StopForced
        } else {
            Note::StopHurried
        }));
    }

    /// A length of time from the budget, as it is after Ctrl-C was pressed again.
    fn hasten(&self, length: Duration) -> Duration {
        match self
            .shutdown()
            .map_or(Haste::None, |shutdown| shutdown.haste)
        {
            Haste::None => length,
            Haste::Hurried => length / 4,
            Haste::Forced => Duration::ZERO,
        }
    }

    fn shutdown(&self) -> Option<&Shutdown> {
        match &self.phase {
            Phase::Stopping(shutdown) => Some(shutdown),
            Phase::New | Phase::Up | Phase::Finished => None,
        }
    }

    fn set_stage(&mut self, stage: Stage) {
        if let Phase::Stopping(shutdown) = &mut self.phase {
            shutdown.stage = stage;
        }
    }

    /// Goes from stage to stage as far as it goes now.
    pub(super) fn advance_shutdown(&mut self, now: Instant, out: &mut Actions) {
        while let Phase::Stopping(shutdown) = &self.phase {
            if shutdown.enforced && shutdown.end <= now {
                self.finish(now, out);
                return;
            }
            let next = match shutdown.stage.clone() {
                Stage::PreStop { running, left } => {
                    self.advance_hooks(running, left, true, now, out)
                }
                Stage::Draining { until } => {
                    let needed = self.services.iter().any(|service| service.main().is_some());
                    (until <= now || !needed).then_some(Stage::Services)
                }
                Stage::Services => self.advance_services(now, out),
                Stage::PostStop { running, left } => {
                    self.advance_hooks(running, left, false, now, out)
                }
                Stage::Sweeping(sweeping) => {
                    if self.advance_sweep(sweeping, now, out) {
                        self.finish(now, out);
                        return;
                    }
                    None
                }
            };
            match next {
                Some(stage) => self.set_stage(stage),
                None => break,
            }
        }
        if let Some(shutdown) = self.shutdown() {
            let counts = matches!(shutdown.stage, Stage::Services | Stage::Sweeping(_));
            if counts && shutdown.tick <= now {
                self.surveyor.want(now);
            }
        }
    }

    /// Hooks run one after the other. Returns the stage that follows this state, if it is another one.
    fn advance_hooks(
        &mut self,
        running: Option<HookId>,
        mut left: VecDeque<HookId>,
        before: bool,
        now: Instant,
        out: &mut Actions,
    ) -> Option<Stage> {
        if running.is_some_and(|hook| self.hooks.is_running(hook)) {
            return None;
        }
        if let Some(hook) = left.pop_front() {
            let time = self.hasten(self.budget.hook(hook));
            self.hooks.start(hook, now, Some(time), out);
            let running = Some(hook);
            return Some(match before {
                true => Stage::PreStop { running, left },
                false => Stage::PostStop { running, left },
            });
        }
        if !before {
            return Some(Stage::Sweeping(Sweeping::new()));
        }
        let drain = match self.shutdown().map(|shutdown| shutdown.haste) {
            Some(Haste::None) => self.budget.drain,
            Some(Haste::Hurried | Haste::Forced) | None => Duration::ZERO,
        };
        Some(Stage::Draining {
            until: now.after(drain),
        })
    }

    /// Stops each service once those that depend on it are down.
    fn advance_services(&mut self, now: Instant, out: &mut Actions) -> Option<Stage> {
        let mut survey = false;
        let order: Vec<ServiceId> = self
            .plan
            .graph()
            .start_order()
            .iter()
            .rev()
            .copied()
            .collect();
        for id in order {
            let free = |on: &ServiceId| self.services[on.0].is_down();
            let dependents_down = self.plan.graph().dependents(id).iter().all(free);
            match &self.services[id.0].state {
                State::Waiting | State::Backoff { .. } => self.services[id.0].state = State::Ended,
                State::Running { main, .. } if dependents_down => {
                    let main = *main;
                    let stopping = self.stopping(id, main, true, now);
                    self.services[id.0].state = State::Stopping(stopping);
                }
                State::Running { .. } | State::Starting | State::Stopping(_) | State::Ended => {}
            }
            let blind = self.surveyor.is_blind();
            let service = &mut self.services[id.0];
            if let State::Stopping(stopping) = &mut service.state {
                if stopping.advance(now, &mut self.recorder, out) {
                    if blind {
                        stopping.without_proc(now, &mut self.recorder, out);
                    }
                    survey = true;
                }
                if stopping.is_over() {
                    service.state = State::Ended;
                }
            }
        }
        if survey {
            self.surveyor.want_now(now);
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

    /// A service on its way down: it has its time-out, but nothing of what is reserved for what
    /// comes after it.
    pub(super) fn stopping(
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
        let (limit, enforced) = self.shutdown().map_or((now, false), |shutdown| {
            let reserve = self.hasten(self.budget.reserve(id));
            (shutdown.end.before(reserve), shutdown.enforced)
        });
        let order = Order {
            service: id,
            kill_mode: service.kill_mode,
            main,
            main_alive,
            ladder,
            end: now
                .after(self.hasten(self.budget.timeout(id)))
                .min(limit)
                .max(now),
            enforced: enforced || service.stop_timeout.is_some(),
            alone: self.leaves_others(id),
        };
        self.recorder.knows(main, &service.name, id);
        if let Ending::Exited(status) = self.services[id.0].ending {
            self.recorder.reaped(main, status, now);
        }
        Box::new(Stopping::begin(order, now))
    }

    /// Whether nobody but the main process of this service is waited for.
    fn leaves_others(&self, id: ServiceId) -> bool {
        let service = self.plan.service(id);
        service.kill_mode == KillMode::Process
            || self.plan.stop().leftovers == crate::plan::Leftovers::Leave
    }

    pub(super) fn tell_who_is_waited_for(
        &mut self,
        processes: &[Process],
        owners: &[super::attribution::Owner],
        now: Instant,
        out: &mut Actions,
    ) {
        let Phase::Stopping(shutdown) = &mut self.phase else {
            return;
        };
        let counts = matches!(shutdown.stage, Stage::Services | Stage::Sweeping(_));
        if !counts || shutdown.tick > now {
            return;
        }
        let since = now.since(shutdown.began);
        // After 1 s, after 5 s, and then every 10 s.
        let next = if since < Duration::from_secs(5) {
            5
        } else {
            (since.as_secs() + 5) / 10 * 10 + 5
        };
        shutdown.tick = shutdown.began.after(Duration::from_secs(next));
        let mut waited = Vec::new();
        for (process, owner) in processes.iter().zip(owners) {
            let super::attribution::Owner::Service(id) = owner else {
                continue;
            };
            let State::Stopping(stopping) = &self.services[id.0].state else {
                continue;
            };
            if process.state != crate::process::State::Zombie && waited.len() < NAMED {
                waited.push((process.pid, process.name.clone(), stopping.stayed(process)));
            }
        }
        if !waited.is_empty() {
            out.push(Action::Tell(Note::Waiting {
                since,
                processes: waited,
            }));
        }
    }
}
