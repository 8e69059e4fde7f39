//! Takes services down, by themselves or because they have to go, and decides what follows.

use crate::action::{Action, Note};
use crate::plan::{KillMode, Kind, ServiceId, ServiceMoment};
use crate::report::Reason;
use crate::service::restart::Decision;
use crate::service::{End, Ending, Fault, Leaving, State};
use crate::supervisor::shutdown::Leave;
use crate::supervisor::{Actions, Phase, Supervisor};
use crate::{Instant, Status};
use core::time::Duration;

impl Supervisor {
    /// A main process has ended by itself.
    pub(in crate::supervisor) fn main_ended(
        &mut self,
        id: ServiceId,
        status: Status,
        now: Instant,
        out: &mut Actions,
    ) {
        let Some(main) = self.services[id.0].group() else {
            return;
        };
        let kill_mode = self.kill_mode(id);
        let since = self.services[id.0].since().unwrap_or(now);
        let done = self.plan.service(id).kind == Kind::Oneshot && status.is_success();
        self.services[id.0].completed = status.is_success();
        // It is up no more, whatever follows.
        let before = self.services[id.0].word();
        self.services[id.0].state = State::Ended(End::Stopped);
        // A oneshot that did its work was as steady as it can be.
        let up = if done {
            Duration::MAX
        } else {
            now.since(since)
        };
        self.decide(id, !status.is_success(), up, now, out);
        self.cancel_hooks_of(id, now);
        // The others of its service are told; in the stop that this may begin, or before its next start.
        let leave = Leave {
            main,
            main_alive: false,
            by_command: false,
            kill_mode,
        };
        let stopping = self.stopping(id, leave, now);
        self.services[id.0].state = State::Stopping(stopping);
        if self.services[id.0].word() != before {
            out.push(Action::Tell(Note::Changed { service: id }));
        }
    }

    /// Something that bowout found out is as bad as an end. In a stop of the container it is no news.
    pub(in crate::supervisor) fn fail(
        &mut self,
        id: ServiceId,
        fault: Fault,
        now: Instant,
        out: &mut Actions,
    ) {
        if self.services[id.0].fault.is_some() || self.phase != Phase::Up {
            return;
        }
        out.push(Action::Tell(match fault {
            Fault::Unhealthy | Fault::WatchdogExpired => Note::Unhealthy {
                service: id,
                watchdog: fault == Fault::WatchdogExpired,
            },
            Fault::PreStartFailed | Fault::StartTimedOut | Fault::NoDaemon => {
                Note::StartTimedOut { service: id }
            }
        }));
        let since = self.services[id.0].since().unwrap_or(now);
        self.services[id.0].fault = Some(fault);
        self.decide(id, true, now.since(since), now, out);
    }

    /// Decides what follows an end by itself. Where nothing does, and the container can't do without this
    /// service, the others stop too, at once.
    pub(super) fn decide(
        &mut self,
        id: ServiceId,
        failed: bool,
        up: Duration,
        now: Instant,
        out: &mut Actions,
    ) {
        let plan = self.plan.service(id);
        let (policy, essential) = (plan.restart, plan.essential);
        let service = &mut self.services[id.0];
        if self.phase != Phase::Up || !service.wanted || service.restarting {
            return;
        }
        if service.retiring {
            // The one that takes its place is started; and so is this one if that never comes.
            service.restarting = true;
            return;
        }
        service.decision = service
            .attempts
            .decide(policy, failed, up, now, &mut self.chance);
        let completed = plan.kind == Kind::Oneshot && !failed;
        match service.decision {
            Decision::Again(after) => {
                out.push(Action::Tell(Note::Restarting { service: id, after }));
                return;
            }
            Decision::Exhausted => {
                out.push(Action::Tell(Note::RestartsExhausted { service: id }));
            }
            Decision::Stay => {}
        }
        if essential && !completed {
            let reason = match (service.fault, service.ending) {
                (None, Ending::Exited(status)) => Reason::Ended {
                    service: id,
                    status,
                },
                (_, Ending::NotStarted(error)) => Reason::NotStarted { service: id, error },
                (_, Ending::Exited(_) | Ending::NeverRan | Ending::Blocked(_)) => {
                    Reason::Failed { service: id }
                }
            };
            self.request_stop(reason, now, out);
        }
    }

    /// Begins to take a service down, as far as that has not begun.
    pub(in crate::supervisor) fn take_down(
        &mut self,
        id: ServiceId,
        now: Instant,
        out: &mut Actions,
    ) {
        let kill_mode = self.kill_mode(id);
        let (main, main_alive) = match &mut self.services[id.0].state {
            State::Waiting | State::Backoff { .. } => {
                self.go(id, State::Ended(End::Stopped), out);
                return;
            }
            State::PreStart(hooks) => {
                let is_asked = core::mem::replace(&mut hooks.aborted, true);
                if let Some(hook) = hooks.running {
                    let limit = self.kill_limit(id, now);
                    match is_asked {
                        // It may have been given more time while the container went on.
                        true => self.hooks.limit(hook, now, limit, out),
                        false => self.hooks.ask_to_end(hook, now, limit, out),
                    }
                }
                return;
            }
            State::Launching(launch) => (launch.starter, true),
            State::Adopting(adopting) => {
                let (starter, status) = (adopting.starter, adopting.status);
                // No daemon came of this run, so that is how it ended.
                self.services[id.0].ending = Ending::Exited(status);
                (starter, false)
            }
            State::Running(run) => (run.main, true),
            // Once it is spawned it is found up.
            State::Starting
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Ended(_) => return,
        };
        self.cancel_hooks_of(id, now);
        let hooks = self.sequence(id, ServiceMoment::PreStop);
        let state = if hooks.is_empty() || !main_alive {
            let leave = Leave {
                main,
                main_alive,
                by_command: main_alive,
                kill_mode,
            };
            State::Stopping(self.stopping(id, leave, now))
        } else {
            State::PreStop(Leaving {
                main,
                main_alive,
                kill_mode,
                hooks,
            })
        };
        self.go(id, state, out);
    }

    pub(super) fn advance_pre_stop(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let until = self.pre_stop_until(id);
        let State::PreStop(leaving) = &mut self.services[id.0].state else {
            return;
        };
        let mut hooks = core::mem::take(&mut leaving.hooks);
        // A hook that fails costs the others nothing.
        hooks.failed = None;
        let over = self.advance_sequence(&mut hooks, now, until, out);
        let State::PreStop(leaving) = &mut self.services[id.0].state else {
            return;
        };
        leaving.hooks = hooks;
        if over {
            let leave = Leave {
                main: leaving.main,
                main_alive: leaving.main_alive,
                by_command: leaving.main_alive,
                kill_mode: leaving.kill_mode,
            };
            let stopping = self.stopping(id, leave, now);
            self.go(id, State::Stopping(stopping), out);
        }
    }

    /// When its pre_stop hooks have to be done: what is left is for the stop itself, and for those after it.
    pub(super) fn pre_stop_until(&self, id: ServiceId) -> Option<Instant> {
        let timeout = self.budget.timeout(id);
        let reserve = self.budget.reserve(id).saturating_add(timeout);
        let end = self.enforced_end()?;
        Some(end.before(self.hasten(reserve)))
    }

    /// Nobody of it is left.
    pub(in crate::supervisor) fn is_gone(
        &mut self,
        id: ServiceId,
        now: Instant,
        out: &mut Actions,
    ) {
        self.hooks_of(id, ServiceMoment::Stop, now);
        if self.phase == Phase::Up {
            // A stop that begins later has no part in it.
            self.recorder.forget(id);
        }
        let hooks = self.sequence(id, ServiceMoment::PostStop);
        self.go(id, State::PostStop(hooks), out);
    }

    pub(super) fn advance_post_stop(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let until = self.post_stop_until(id, now);
        let State::PostStop(hooks) = &mut self.services[id.0].state else {
            return;
        };
        let mut hooks = core::mem::take(hooks);
        hooks.failed = None;
        let over = self.advance_sequence(&mut hooks, now, until, out);
        self.services[id.0].state = State::PostStop(hooks);
        if over {
            self.settle(id, now, out);
        }
    }

    /// When its post_stop hooks have to be done: what is left is for those that stop after it.
    pub(super) fn post_stop_until(&self, id: ServiceId, now: Instant) -> Option<Instant> {
        let own = self.budget.post_stop(id);
        let below = self.budget.reserve(id).saturating_sub(own);
        let end = self.enforced_end()?;
        Some(end.before(self.hasten(below)).max(now))
    }

    /// It is down: what follows?
    pub(super) fn settle(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let up = self.phase == Phase::Up;
        let oneshot = self.plan.service(id).kind == Kind::Oneshot;
        let service = &mut self.services[id.0];
        let clean = service.fault.is_none()
            && matches!(service.ending, Ending::Exited(status) if status.is_success());
        let down = |clean| if clean { End::Completed } else { End::Failed };
        let state = if !up || service.retiring {
            // In a stop nobody asks; a oneshot that had done its work has.
            State::Ended(match oneshot && clean {
                true => End::Completed,
                false => End::Stopped,
            })
        } else if !service.wanted {
            service.restarting = false;
            State::Ended(End::Stopped)
        } else if service.restarting {
            service.restarting = false;
            service.fault = None;
            State::Waiting
        } else {
            match service.decision {
                Decision::Again(pause) => State::Backoff {
                    until: now.after(pause),
                },
                Decision::Stay | Decision::Exhausted => State::Ended(down(clean)),
            }
        };
        self.go(id, state, out);
    }

    /// Who of a service gets the signals. Before its daemon is known nobody can say who the main process is,
    /// so all are looked for.
    fn kill_mode(&self, id: ServiceId) -> KillMode {
        match &self.services[id.0].state {
            State::Launching(_) | State::Adopting(_) => KillMode::Auto,
            State::PreStop(leaving) => leaving.kill_mode,
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Running(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => self.plan.service(id).kill_mode,
        }
    }
}
