//! Starts services: what they depend on first, their pre_start hooks next, then their program.

use crate::action::{Action, HookOutcome, Note};
use crate::event::{SpawnError, SpawnErrorKind};
use crate::plan::{Kind, ServiceId, ServiceMoment};
use crate::service::restart::Decision;
use crate::service::run::{Launch, Run};
use crate::service::{End, Ending, Fault, State};
use crate::supervisor::{Actions, Supervisor};
use crate::{Instant, Pid, Signal, Status};
use core::time::Duration;

impl Supervisor {
    /// Whoever waits for what will never come has failed; in start order, since others may wait for that.
    pub(in crate::supervisor) fn block_what_cannot(&mut self, now: Instant, out: &mut Actions) {
        let mut from = 0;
        while let Some((place, id)) = self.next_open(from) {
            from = place + 1;
            if self.is_due(id, now)
                && let Free::Never(on) = self.is_free(id)
            {
                self.blocked(id, on, out);
            }
        }
    }

    pub(in crate::supervisor) fn start_what_can(&mut self, now: Instant, out: &mut Actions) {
        let mut from = 0;
        while let Some((place, id)) = self.next_open(from) {
            from = place + 1;
            if !self.is_due(id, now) {
                continue;
            }
            match self.is_free(id) {
                Free::Yes => {
                    self.begin_start(id, out);
                    // Without hooks before it, its program is asked for in the same breath.
                    self.advance_service(id, now, out);
                }
                // What it depends on may have gone down while it waited for its next start.
                Free::NotYet => self.go(id, State::Waiting, out),
                Free::Never(_) => {}
            }
        }
    }

    /// The next service from this place on that may be free to start.
    fn next_open(&mut self, from: usize) -> Option<(usize, ServiceId)> {
        self.services.note(&self.plan);
        let place = self.services.next_open(from)?;
        Some((place, self.plan.graph().start_order()[place]))
    }

    /// Whether a service waits for nothing any more but for what it depends on.
    fn is_due(&self, id: ServiceId, now: Instant) -> bool {
        let service = &self.services[id.0];
        let is_due = match service.state {
            State::Waiting => true,
            State::Backoff { until } => until <= now,
            State::PreStart(_)
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::Running(_)
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Ended(_) => false,
        };
        is_due && service.wanted && !service.retiring
    }

    /// Whether what a service depends on lets it start.
    fn is_free(&self, id: ServiceId) -> Free {
        let mut free = Free::Yes;
        for dependency in &self.plan.service(id).depends_on {
            let on = &self.services[dependency.on.0];
            let kind = self.plan.service(dependency.on).kind;
            if on.satisfies(dependency.condition, kind) {
                continue;
            }
            match on.state {
                // One that is about to be replaced says nothing of the one that comes.
                State::Ended(End::Completed | End::Failed) if !on.retiring => {
                    return Free::Never(dependency.on);
                }
                State::Waiting
                | State::PreStart(_)
                | State::Starting
                | State::Launching(_)
                | State::Adopting(_)
                | State::Running(_)
                | State::PreStop(_)
                | State::Stopping(_)
                | State::PostStop(_)
                | State::Backoff { .. }
                | State::Ended(_) => free = Free::NotYet,
            }
        }
        free
    }

    fn blocked(&mut self, id: ServiceId, on: ServiceId, out: &mut Actions) {
        self.services[id.0].ending = Ending::Blocked(on);
        self.services[id.0].restarting = false;
        self.go(id, State::Ended(End::Failed), out);
        out.push(Action::Tell(Note::DependencyFailed { service: id, on }));
    }

    fn begin_start(&mut self, id: ServiceId, out: &mut Actions) {
        let service = &mut self.services[id.0];
        service.fault = None;
        service.restarting = false;
        service.decision = Decision::Stay;
        let hooks = self.sequence(id, ServiceMoment::PreStart);
        self.go(id, State::PreStart(hooks), out);
    }

    pub(super) fn advance_pre_start(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let State::PreStart(hooks) = &mut self.services[id.0].state else {
            return;
        };
        let mut hooks = core::mem::take(hooks);
        let over = self.advance_sequence(&mut hooks, now, None, out);
        let (failed, aborted) = (hooks.failed, hooks.aborted);
        self.services[id.0].state = State::PreStart(hooks);
        if !over {
            return;
        }
        if aborted {
            return self.settle(id, now, out);
        }
        if let Some(HookOutcome::NotStarted(error)) = failed.filter(|failed| failed.is_starved()) {
            return self.start_later(id, error, now, out);
        }
        if let Some(outcome) = failed {
            self.services[id.0].ending = match outcome {
                HookOutcome::Ended(status) => Ending::Exited(status),
                HookOutcome::TimedOut => Ending::Exited(Status::by(Signal::KILL)),
                HookOutcome::NotStarted(error) => Ending::NotStarted(error),
            };
            self.services[id.0].fault = Some(Fault::PreStartFailed);
            // What it did in an earlier run, it has not done in this one.
            self.services[id.0].completed = false;
            self.decide(id, true, Duration::ZERO, now, out);
            return self.settle(id, now, out);
        }
        self.go(id, State::Starting, out);
        out.push(Action::Spawn { service: id });
    }

    /// The system has no process to spare: that is no failure of the service.
    fn start_later(&mut self, id: ServiceId, error: SpawnError, now: Instant, out: &mut Actions) {
        let pause = self.services[id.0].attempts.pause();
        out.push(Action::Tell(Note::SpawnFailed {
            service: id,
            error,
            retry_in: Some(pause),
        }));
        let until = now.after(pause);
        self.go(id, State::Backoff { until }, out);
    }

    pub(in crate::supervisor) fn spawned(
        &mut self,
        id: ServiceId,
        pid: Pid,
        now: Instant,
        out: &mut Actions,
    ) {
        let stopping = self.is_stopping();
        let Some(service) = self.services.get_mut(id.0) else {
            return out.push(Action::Tell(Note::Unexpected("spawned: no such service")));
        };
        if service.state != State::Starting {
            return out.push(Action::Tell(Note::Unexpected(
                "spawned: nobody asked for it",
            )));
        }
        service.attempts.started();
        service.completed = false;
        service.joined = None;
        service.ungrouped = false;
        self.attribution.belongs(pid, id);
        let plan = self.plan.service(id);
        // In a stop nothing becomes of it, so nothing is late.
        let start_timeout = plan.start_timeout.filter(|_| !stopping);
        let ready_by = start_timeout.map(|time| now.after(time));
        match plan.kind {
            Kind::Forking { .. } => {
                let launch = Launch {
                    starter: pid,
                    since: now,
                    ready_by,
                    told: false,
                    claimed: None,
                };
                self.go(id, State::Launching(launch), out);
            }
            Kind::Simple | Kind::Oneshot => {
                let run = Run::new(plan, pid, now, ready_by, now);
                self.runs(id, run, now, out);
            }
        }
        // A stop that came before the exec is not lost: it takes down what it finds up.
    }

    pub(in crate::supervisor) fn spawn_failed(
        &mut self,
        id: ServiceId,
        error: SpawnError,
        now: Instant,
        out: &mut Actions,
    ) {
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
        let wanted = service.wanted && !service.retiring;
        let again = error.kind == SpawnErrorKind::Exhausted && !stopping && wanted;
        let pause = again.then(|| service.attempts.pause());
        out.push(Action::Tell(Note::SpawnFailed {
            service: id,
            error,
            retry_in: pause,
        }));
        service.restarting = service.retiring && service.wanted;
        let state = match pause {
            Some(pause) => State::Backoff {
                until: now.after(pause),
            },
            None => {
                service.ending = Ending::NotStarted(error);
                service.completed = false;
                State::Ended(if wanted { End::Failed } else { End::Stopped })
            }
        };
        self.go(id, state, out);
    }

    /// A main process runs.
    pub(in crate::supervisor) fn runs(
        &mut self,
        id: ServiceId,
        mut run: Run,
        now: Instant,
        out: &mut Actions,
    ) {
        self.services[id.0].started = true;
        if self.is_stopping() {
            run.rest();
        }
        self.go(id, State::Running(run), out);
        self.runs_now(id, now, out);
    }
}

/// Whether a service may start.
enum Free {
    Yes,
    NotYet,
    Never(ServiceId),
}
