//! Runs the plan: takes what happened, and answers with what is to be done.

mod attribution;
mod hooks;
mod shutdown;
mod signals;
mod survey;

use crate::action::{Action, Note};
use crate::event::{Event, SpawnError, SpawnErrorKind};
use crate::plan::budget::Budget;
use crate::plan::{Plan, ServiceId};
use crate::report::{Reason, Recorder};
use crate::service::{Ending, Service, State};
use crate::{Instant, Pid, Status};
use alloc::vec::Vec;
use attribution::Attribution;
use hooks::Hooks;
use shutdown::Shutdown;
use survey::Surveyor;

/// What is to be done, in this order.
pub type Actions = Vec<Action>;

/// Where the container is in its life.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// `Event::Started` has not come.
    New,
    /// Services are wanted.
    Up,
    /// The stop is under way.
    Stopping(Shutdown),
    /// `Action::Finish` is out.
    Finished,
}

/// The state machine of PID 1.
///
/// It is total: whatever [`Event`] comes in whatever state, it is legal. Unknown pids, late answers
/// and early timers change nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Supervisor {
    plan: Plan,
    budget: Budget,
    own: Pid,
    phase: Phase,
    services: Vec<Service>,
    hooks: Hooks,
    surveyor: Surveyor,
    attribution: Attribution,
    recorder: Recorder,
    /// Whether bowout is known to have no child: it has started none, or ECHILD came.
    alone: bool,
    /// Whether a signal went out that a stopped receiver must be woken for.
    wake: bool,
}

impl Supervisor {
    /// A machine for this plan, in a process with this number.
    #[must_use = "a supervisor does nothing before it gets events"]
    pub fn new(plan: Plan, own: Pid) -> Supervisor {
        Supervisor {
            budget: Budget::of(&plan),
            services: plan.ids().map(|_| Service::new()).collect(),
            hooks: Hooks::new(&plan),
            surveyor: Surveyor::default(),
            attribution: Attribution::default(),
            recorder: Recorder::default(),
            phase: Phase::New,
            alone: true,
            wake: false,
            own,
            plan,
        }
    }

    /// Takes one event that happened, or was seen, at `now`, and answers with what is to be done.
    #[must_use = "actions that are not performed are lost"]
    pub fn handle(&mut self, now: Instant, event: Event) -> Actions {
        let mut out = Actions::new();
        if self.phase == Phase::Finished {
            return out;
        }
        self.take(now, event, &mut out);
        self.advance(now, &mut out);
        out
    }

    /// When [`Event::DeadlineReached`] is due; `None`: only something else can change anything.
    #[must_use = "a deadline that is not kept is missed"]
    pub fn deadline(&self) -> Option<Instant> {
        let backoff = self
            .services
            .iter()
            .filter_map(|service| match &service.state {
                State::Backoff { until } => Some(*until),
                State::Stopping(stopping) => stopping.deadline(),
                State::Waiting | State::Starting | State::Running { .. } | State::Ended => None,
            });
        let shutdown = match &self.phase {
            Phase::Stopping(shutdown) => shutdown.deadline(),
            Phase::New | Phase::Up | Phase::Finished => None,
        };
        if self.phase == Phase::Finished {
            return None;
        }
        backoff
            .chain(shutdown)
            .chain(self.hooks.deadline())
            .chain(self.surveyor.deadline())
            .min()
    }

    /// The plan.
    #[must_use = "reads a value and changes nothing"]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How the grace period is divided.
    #[must_use = "reads a value and changes nothing"]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// One service at work.
    #[must_use = "reads a value and changes nothing"]
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.0]
    }

    /// Whether a stop is under way, or over.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping(_) | Phase::Finished)
    }

    /// Whether everything is over.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    fn take(&mut self, now: Instant, event: Event, out: &mut Actions) {
        match event {
            Event::Started => self.started(out),
            Event::Spawned { service, pid } => {
                self.alone = false;
                self.spawned(service, pid, now, out);
            }
            Event::SpawnFailed { service, error } => self.spawn_failed(service, error, now, out),
            Event::HookSpawned { hook, pid } => {
                self.alone = false;
                self.hooks.spawned(hook, pid);
            }
            Event::HookSpawnFailed { hook, error } => {
                if let Some(report) = self.hooks.spawn_failed(hook, error, now) {
                    self.hook_ended(report, out);
                }
            }
            Event::Exited { pid, status } => self.exited(pid, status, now, out),
            Event::ChildrenGone => self.children_gone(now, out),
            Event::NamespaceEmptied => self.namespace_emptied(),
            Event::Suspended { pid, signal } => self.suspended(pid, signal, out),
            Event::SignalReceived(received) => self.signal_received(received, now, out),
            Event::StopRequested => self.request_stop(Reason::Request, now, out),
            Event::Surveyed(processes) => self.surveyed(processes, now, out),
            Event::DeadlineReached => {}
        }
    }

    /// Does all that is due at `now`, until nothing more follows from it.
    fn advance(&mut self, now: Instant, out: &mut Actions) {
        self.hooks.advance(now, &mut self.recorder, out);
        if self.phase == Phase::Up {
            self.start_what_can(now, out);
            if let Some(reason) = self.reason_to_stop() {
                self.begin_stop(reason, now, out);
            }
        }
        self.advance_shutdown(now, out);
        if self.phase != Phase::Finished {
            self.surveyor.advance(now, self.surveyed_signal(), out);
        }
    }

    fn started(&mut self, out: &mut Actions) {
        if self.phase != Phase::New {
            out.push(Action::Tell(Note::Unexpected("started twice")));
            return;
        }
        self.phase = Phase::Up;
        if self.budget.known && !self.budget.fits() {
            out.push(Action::Tell(Note::PlanScaled {
                wanted: self.budget.wanted,
                budget: self.budget.total,
            }));
        }
    }

    fn start_what_can(&mut self, now: Instant, out: &mut Actions) {
        for index in 0..self.services.len() {
            let id = self.plan.graph().start_order()[index];
            let mut on = self.plan.graph().dependencies(id).iter();
            let ready = match self.services[id.0].state {
                State::Waiting => {
                    let failure = on.clone().find_map(|on| self.services[on.0].failure());
                    if let Some(error) = failure {
                        self.never_starts(id, error, out);
                        continue;
                    }
                    on.all(|on| self.services[on.0].was_started())
                }
                State::Backoff { until } => until <= now,
                State::Starting | State::Running { .. } | State::Stopping(_) | State::Ended => {
                    false
                }
            };
            if ready {
                self.services[id.0].state = State::Starting;
                out.push(Action::Spawn { service: id });
            }
        }
    }

    fn spawned(&mut self, id: ServiceId, pid: Pid, now: Instant, out: &mut Actions) {
        let Some(service) = self.services.get_mut(id.0) else {
            return out.push(Action::Tell(Note::Unexpected("spawned: no such service")));
        };
        if service.state != State::Starting {
            return out.push(Action::Tell(Note::Unexpected(
                "spawned: nobody asked for it",
            )));
        }
        service.attempts.started();
        service.state = State::Running {
            main: pid,
            since: now,
        };
        self.attribution.belongs(pid, id);
        // A stop that came before the exec is not lost: `advance_shutdown` stops what it finds up.
    }

    fn spawn_failed(&mut self, id: ServiceId, error: SpawnError, now: Instant, out: &mut Actions) {
        let stopping = self.is_stopping();
        let Some(service) = self.services.get_mut(id.0) else {
            return out.push(Action::Tell(Note::Unexpected(
                "spawn failed: no such service",
            )));
        };
        if service.state != State::Starting {
            return out.push(Action::Tell(Note::Unexpected(
                "spawn failed: nobody asked for it",
            )));
        }
        if error.kind == SpawnErrorKind::Exhausted && !stopping {
            let pause = service.attempts.pause();
            service.state = State::Backoff {
                until: now.after(pause),
            };
            out.push(Action::Tell(Note::SpawnFailed {
                service: id,
                error,
                retry_in: Some(pause),
            }));
        } else {
            self.never_starts(id, error, out);
        }
    }

    /// A service can't be started, or what it depends on can't.
    fn never_starts(&mut self, id: ServiceId, error: SpawnError, out: &mut Actions) {
        let service = &mut self.services[id.0];
        service.ending = Ending::NotStarted(error);
        service.state = State::Ended;
        out.push(Action::Tell(Note::SpawnFailed {
            service: id,
            error,
            retry_in: None,
        }));
    }

    fn exited(&mut self, pid: Pid, status: Status, now: Instant, out: &mut Actions) {
        self.recorder.reaped(pid, status, now);
        self.surveyor.reaped(pid);
        if let Some(report) = self.hooks.exited(pid, status, now) {
            self.hook_ended(report, out);
            return;
        }
        let mut survey = false;
        for id in self.plan.ids() {
            let service = &mut self.services[id.0];
            if service.main() == Some(pid) {
                service.ending = Ending::Exited(status);
                out.push(Action::Tell(Note::MainExited {
                    service: id,
                    pid,
                    status,
                }));
            }
            match &mut service.state {
                State::Running { main, since } if *main == pid => {
                    let since = *since;
                    self.main_ended(id, pid, status, since, now, out);
                }
                State::Stopping(stopping) => survey |= stopping.exited(pid),
                State::Waiting
                | State::Starting
                | State::Running { .. }
                | State::Backoff { .. }
                | State::Ended => {}
            }
        }
        if survey {
            self.surveyor.want(now);
        }
        self.sweep_exited(now);
    }

    /// A main process that was wanted has ended by itself.
    fn main_ended(
        &mut self,
        id: ServiceId,
        main: Pid,
        status: Status,
        since: Instant,
        now: Instant,
        out: &mut Actions,
    ) {
        let policy = self.plan.service(id).restart;
        let wanted = self.phase == Phase::Up;
        let service = &mut self.services[id.0];
        let pause = service.attempts.next_pause(policy, status, since, now);
        if let Some(pause) = pause.filter(|_| wanted) {
            out.push(Action::Tell(Note::Restarting {
                service: id,
                after: pause,
            }));
            service.state = State::Backoff {
                until: now.after(pause),
            };
            return;
        }
        if !self.plan.service(id).essential {
            service.state = State::Ended;
            return;
        }
        // The others of its service are told in the stop that this begins; it is up itself no more.
        service.state = State::Ended;
        self.request_stop(
            Reason::Ended {
                service: id,
                status,
            },
            now,
            out,
        );
        let stopping = self.stopping(id, main, false, now);
        self.services[id.0].state = State::Stopping(stopping);
    }

    fn children_gone(&mut self, now: Instant, out: &mut Actions) {
        self.alone = true;
        self.recorder.nobody_is_left(now);
        for service in &mut self.services {
            if let State::Stopping(stopping) = &mut service.state {
                stopping.nobody_is_left();
            }
        }
        self.sweep_children_gone(now, out);
    }

    /// Why the container is to stop although nobody asked for it.
    fn reason_to_stop(&self) -> Option<Reason> {
        for id in self
            .plan
            .ids()
            .filter(|id| self.plan.service(*id).essential)
        {
            if let Some(error) = self.services[id.0].failure() {
                return Some(Reason::NotStarted { service: id, error });
            }
        }
        let all_down = !self.services.is_empty() && self.services.iter().all(Service::is_down);
        all_down.then_some(Reason::NothingLeft)
    }
}
