//! Runs the plan: takes what happened, and answers with what is to be done.

mod attribution;
mod change;
mod command;
mod daemon;
mod hooks;
mod lifecycle;
mod pids;
mod readiness;
mod roster;
mod shutdown;
mod signals;
mod survey;
mod timers;

use crate::action::{Action, Note};
use crate::event::{Change, Event};
use crate::order::Set;
use crate::plan::budget::Budget;
use crate::plan::{Kind, Plan, ServiceId};
use crate::report::{Reason, Recorder};
use crate::service::restart::Chance;
use crate::service::{Ending, Service, State};
use crate::{Instant, Pid, Status};
use alloc::boxed::Box;
use alloc::vec::Vec;
use attribution::Attribution;
use hooks::Hooks;
use roster::{Fact, Roster};
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
    services: Roster,
    hooks: Hooks,
    surveyor: Surveyor,
    attribution: Attribution,
    recorder: Recorder,
    /// Whether bowout is known to have no child: it has started none, or ECHILD came.
    alone: bool,
    /// Whether a signal went out that a stopped receiver must be woken for.
    wake: bool,
    /// The plan that counts once what has no place in it is down.
    change: Option<Box<Change>>,
    /// Since when it can be installed.
    installable: Option<Instant>,
    chance: Chance,
}

impl Supervisor {
    /// A machine for this plan, in a process with this number.
    #[must_use = "a supervisor does nothing before it gets events"]
    pub fn new(plan: Plan, own: Pid) -> Supervisor {
        Supervisor {
            budget: Budget::of(&plan),
            services: Roster::new(plan.ids().map(|_| Service::new()).collect(), &plan),
            hooks: Hooks::new(plan.hooks().len()),
            surveyor: Surveyor::default(),
            attribution: Attribution::default(),
            recorder: Recorder::default(),
            phase: Phase::New,
            alone: true,
            wake: false,
            change: None,
            installable: None,
            chance: Chance::default(),
            own,
            plan,
        }
    }

    /// Gives pauses before restarts a jitter, so that what failed together does not come back together.
    #[must_use = "a supervisor does nothing before it gets events"]
    pub fn with_jitter(mut self, seed: u64) -> Supervisor {
        self.chance = Chance::new(seed);
        self
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
        // Whoever is told looks at where the service has come to: once is enough.
        let mut told = Set::new();
        out.retain(|action| {
            let Action::Tell(Note::Changed { service }) = action else {
                return true;
            };
            told.insert(*service)
        });
        out
    }

    /// When [`Event::DeadlineReached`] is due; `None`: only something else can change anything.
    #[must_use = "a deadline that is not kept is missed"]
    pub fn deadline(&self) -> Option<Instant> {
        let shutdown = match &self.phase {
            Phase::Stopping(shutdown) => shutdown.deadline(),
            Phase::New | Phase::Up | Phase::Finished => None,
        };
        if self.phase == Phase::Finished {
            return None;
        }
        Instant::earliest(&[
            self.services.deadline(),
            shutdown,
            self.hooks.deadline(),
            self.surveyor.deadline(),
            self.installable,
        ])
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

    /// The service whose main process this is, or was, while others of it may be left.
    #[must_use = "reads a value and changes nothing"]
    pub fn led_by(&self, pid: Pid) -> Option<ServiceId> {
        self.services.led_by(pid)
    }

    /// The service whose main process this is.
    #[must_use = "reads a value and changes nothing"]
    pub fn whose_main(&self, pid: Pid) -> Option<ServiceId> {
        let led = self.led_by(pid);
        led.filter(|id| self.services[id.0].main().is_some())
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

    /// Whether everything that is wanted does what it is there for, and no stop is under way.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_ready(&self) -> bool {
        let ready = self.services.count(Fact::Unready) == 0;
        self.phase == Phase::Up && self.change.is_none() && ready
    }

    /// When the stop ends at the latest, while one is under way that has an end.
    #[must_use = "reads a value and changes nothing"]
    pub fn stop_ends_at(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Stopping(shutdown) => shutdown.enforced_end(),
            Phase::New | Phase::Up | Phase::Finished => None,
        }
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
                self.hooks.spawned(hook, pid, out);
            }
            Event::HookSpawnFailed { hook, error } => {
                if let Some(report) = self.hooks.spawn_failed(hook, error, now) {
                    self.hook_ended(report, out);
                }
            }
            Event::Exited { pid, status } => self.exited(pid, status, now, out),
            Event::ChildrenGone => self.children_gone(now, out),
            Event::NamespaceEmptied => self.namespace_emptied(now),
            Event::Suspended { pid, signal } => self.suspended(pid, signal, out),
            Event::SignalReceived(received) => self.signal_received(received, now, out),
            Event::StopRequested => self.request_stop(Reason::Request, now, out),
            Event::Ready { service } => self.says_ready(service, now, out),
            Event::Notified { service, notice } => self.notified(service, notice, now, out),
            Event::PidfileRead { service, pid } => self.pidfile_read(service, pid, now, out),
            Event::Commanded(command) => self.commanded(command, now, out),
            Event::Reconfigured(change) => self.reconfigured(change, out),
            Event::Surveyed(processes) => self.surveyed(processes, now, out),
            Event::DeadlineReached => self.install_what_came(now, out),
        }
    }

    /// Has everybody looked at in the answer to the next event, whatever has changed. That must change nothing:
    /// who is left out otherwise has nothing to do.
    pub fn look_at_all(&mut self) {
        if self.phase == Phase::Finished {
            return;
        }
        let services = self.services.take();
        self.services = Roster::new(services, &self.plan);
        self.hooks.count_anew();
    }

    /// Does all that is due at `now`, until nothing more follows from it.
    fn advance(&mut self, now: Instant, out: &mut Actions) {
        for report in self.hooks.given_up(now) {
            self.hook_ended(report, out);
        }
        self.stop_if_there_is_a_reason(now, out);
        self.services.wake(now);
        self.advance_due(now, out);
        if self.phase == Phase::Up {
            self.advance_change(now, out);
            self.block_what_cannot(now, out);
            // Before anybody is started who would have to go at once.
            self.stop_if_there_is_a_reason(now, out);
        }
        if self.phase == Phase::Up {
            self.start_what_can(now, out);
        }
        // A stop that has begun only now changes something for everybody.
        self.advance_due(now, out);
        self.advance_shutdown(now, out);
        self.hooks.kill_late(now, out);
        self.services.note(&self.plan);
        self.services.close();
        if self.phase != Phase::Finished {
            self.advance_survey(now, out);
            self.installable = self.is_installable().then_some(now);
        }
    }

    /// Does all that is due for those for whom something has changed.
    fn advance_due(&mut self, now: Instant, out: &mut Actions) {
        let mut from = 0;
        while let Some(id) = self.services.next_due(from) {
            from = id.0 + 1;
            self.advance_service(id, now, out);
        }
    }

    fn started(&mut self, out: &mut Actions) {
        if self.phase != Phase::New {
            out.push(Action::Tell(Note::Unexpected("started twice")));
            return;
        }
        self.phase = Phase::Up;
        let ids = self.plan.ids();
        let wanted: Vec<ServiceId> = ids.filter(|id| self.plan.service(*id).autostart).collect();
        self.want(wanted, out);
        self.tell_of_budget(out);
    }

    fn tell_of_budget(&self, out: &mut Actions) {
        if self.budget.known && !self.budget.fits() {
            out.push(Action::Tell(Note::PlanScaled {
                wanted: self.budget.wanted,
                budget: self.budget.total,
            }));
        }
    }

    fn exited(&mut self, pid: Pid, status: Status, now: Instant, out: &mut Actions) {
        self.recorder.reaped(pid, status, now);
        self.surveyor.reaped(pid);
        let owner = self.attribution.ended(pid);
        let whose = self.services.that_know(pid, owner);
        for id in &whose {
            if self.services[id.0].forgets(pid) {
                out.push(Action::Tell(Note::Refused { service: *id, pid }));
            }
        }
        if let Some(report) = self.hooks.exited(pid, status, now) {
            self.hook_ended(report, out);
            return;
        }
        // Whoever has lost its main process may end with any other.
        let mut survey = self.services.count(Fact::Remnant) > 0;
        for id in whose {
            let service = &mut self.services[id.0];
            if service.main() == Some(pid) {
                let starts = matches!(service.state, State::Launching(_));
                // A starter that did its work is no end of the service.
                if !(starts && status.is_success()) {
                    service.ending = Ending::Exited(status);
                }
                let is_done = self.plan.service(id).kind == Kind::Oneshot || starts;
                out.push(Action::Tell(Note::MainExited {
                    service: id,
                    pid,
                    status,
                    awaited: service.is_leaving() || (is_done && status.is_success()),
                }));
            }
            match &mut service.state {
                State::Launching(launch) if launch.starter == pid => {
                    self.starter_ended(id, status, now, out);
                }
                State::Running(run) if run.main == pid => {
                    self.run_ended(id, status, now, out);
                }
                State::PreStop(leaving) if leaving.main == pid => leaving.main_alive = false,
                State::Stopping(stopping) => survey |= stopping.exited(pid),
                State::Waiting
                | State::PreStart(_)
                | State::Starting
                | State::Launching(_)
                | State::Adopting(_)
                | State::Running(_)
                | State::PreStop(_)
                | State::PostStop(_)
                | State::Backoff { .. }
                | State::Ended(_) => {}
            }
        }
        if survey {
            self.surveyor.want(now);
        }
        self.sweep_exited(now);
    }

    fn children_gone(&mut self, now: Instant, out: &mut Actions) {
        self.alone = true;
        self.recorder.nobody_is_left(now);
        for id in self.plan.ids() {
            if let Some(stopping) = self.services.stopping(id) {
                stopping.nobody_is_left();
            }
        }
        for id in self.plan.ids() {
            if let State::Adopting(_) = self.services[id.0].state {
                self.has_no_daemon(id, now, out);
            }
        }
        self.sweep_children_gone(now, out);
    }

    fn stop_if_there_is_a_reason(&mut self, now: Instant, out: &mut Actions) {
        if self.phase == Phase::Up {
            self.services.note(&self.plan);
            if let Some(reason) = self.reason_to_stop() {
                self.begin_stop(reason, now, out);
            }
        }
    }

    /// Why the container is to stop although nobody asked for it.
    fn reason_to_stop(&self) -> Option<Reason> {
        if let Some(id) = self.services.first(Fact::Fatal) {
            return Some(self.reason_of(id));
        }
        // What somebody stopped may be started again; only what ended by itself leaves nothing to do. What
        // nobody has ever wanted is not waited for.
        let over = self.services.count(Fact::Over);
        let all = over + self.services.count(Fact::Untouched) == self.services.len();
        let left = !all || over == 0 || self.change.is_some();
        (!left).then_some(Reason::NothingLeft)
    }

    /// Why a service failed, as a reason to stop the others.
    fn reason_of(&self, id: ServiceId) -> Reason {
        let root = self.root_of(id);
        let is_sound = self.services[root.0].fault.is_none();
        match self.services[root.0].ending {
            Ending::NotStarted(error) => Reason::NotStarted {
                service: root,
                error,
            },
            // What it depends on has ended well, and did not do what was awaited of it.
            Ending::Exited(status) if root != id && is_sound && status.is_success() => {
                Reason::Failed { service: id }
            }
            Ending::Exited(status) if is_sound => Reason::Ended {
                service: root,
                status,
            },
            Ending::Exited(_) | Ending::NeverRan | Ending::Blocked(_) => {
                Reason::Failed { service: root }
            }
        }
    }

    /// The service that is to blame for one that failed: itself, or what it depends on.
    fn root_of(&self, id: ServiceId) -> ServiceId {
        let mut root = id;
        // The plan may have changed since somebody was blamed, so that blame could go round in a circle.
        for _ in self.services.iter() {
            match self.services.get(root.0).map(|service| service.ending) {
                Some(Ending::Blocked(on)) if on.0 < self.services.len() => root = on,
                Some(
                    Ending::NeverRan
                    | Ending::Exited(_)
                    | Ending::NotStarted(_)
                    | Ending::Blocked(_),
                )
                | None => break,
            }
        }
        root
    }
}
