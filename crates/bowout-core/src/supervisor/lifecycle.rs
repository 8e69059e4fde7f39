//! Takes each service one step further in its life, and says how long it has.

mod end;
mod start;

use super::{Actions, Phase, Supervisor};
use crate::Instant;
use crate::action::{Action, Note};
use crate::plan::budget::HOOK_TIME;
use crate::plan::{HookId, HookMoment, ServiceId, ServiceMoment};
use crate::service::sequence::Sequence;
use crate::service::{Fault, Leaving, State};
use core::time::Duration;

impl Supervisor {
    /// The one place in which a service changes its state.
    pub(super) fn go(&mut self, id: ServiceId, state: State, out: &mut Actions) {
        let service = &mut self.services[id.0];
        let before = service.word();
        service.state = state;
        if service.word() != before {
            out.push(Action::Tell(Note::Changed { service: id }));
        }
    }

    /// Does all that is due for one service.
    pub(super) fn advance_service(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        // Each step can make another one due; a service has no more states than this in a row.
        for _ in 0..8 {
            if self.must_go(id) {
                self.take_down(id, now, out);
            }
            let before = core::mem::discriminant(&self.services[id.0].state);
            match &self.services[id.0].state {
                State::PreStart(_) => self.advance_pre_start(id, now, out),
                State::Launching(launch) => {
                    if launch.ready_by.is_some_and(|by| by <= now) {
                        self.fail(id, Fault::StartTimedOut, now, out);
                    }
                }
                State::Adopting(_) => self.advance_adopting(id, now, out),
                State::Running(_) => self.advance_run(id, now, out),
                State::PreStop(_) => self.advance_pre_stop(id, now, out),
                State::Stopping(_) => self.advance_stopping(id, now, out),
                State::PostStop(_) => self.advance_post_stop(id, now, out),
                State::Waiting | State::Starting | State::Backoff { .. } | State::Ended(_) => {
                    break;
                }
            }
            if core::mem::discriminant(&self.services[id.0].state) == before && !self.must_go(id) {
                break;
            }
        }
        self.services.is_done(id);
    }

    /// Whether it is up, and shall not be. In a stop of the container its turn decides that.
    pub(super) fn must_go(&self, id: ServiceId) -> bool {
        let service = &self.services[id.0];
        let unwanted = !service.wanted || service.restarting || service.fault.is_some();
        if !unwanted || self.phase != Phase::Up {
            return false;
        }
        match &service.state {
            State::PreStart(hooks) => !hooks.aborted,
            State::Launching(_) | State::Adopting(_) | State::Running(_) => true,
            State::Backoff { .. } => !service.wanted,
            // One that nobody has ever wanted has nothing to be taken down.
            State::Waiting
            | State::Starting
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Ended(_) => false,
        }
    }

    /// The hooks of a service at one moment.
    pub(super) fn sequence(&self, id: ServiceId, moment: ServiceMoment) -> Sequence {
        Sequence::new(self.plan.hooks_at(HookMoment::Of(id, moment)))
    }

    /// Runs the next hook of a sequence. Returns whether there is none left. `until` is when they have
    /// to be done, in a stop.
    fn advance_sequence(
        &mut self,
        hooks: &mut Sequence,
        now: Instant,
        until: Option<Instant>,
        out: &mut Actions,
    ) -> bool {
        if hooks.running.is_some() {
            return false;
        }
        if hooks.failed.is_some() || hooks.aborted || self.is_forced() {
            hooks.left.clear();
        }
        let Some(next) = hooks.left.front().copied() else {
            return true;
        };
        // One that was cancelled in an earlier life of the service may still be dying.
        if !self.hooks.is_running(next) {
            hooks.left.pop_front();
            hooks.running = Some(next);
            let time = self.hook_time(next);
            let time = until.map_or(time, |until| time.min(until.since(now)));
            self.hooks.start(next, now, Some(time), out);
        }
        false
    }

    /// How long a hook of a service has that others wait for.
    fn hook_time(&self, hook: HookId) -> Duration {
        match self.is_stopping() {
            true => self.hasten(self.budget.hook(hook)),
            false => self.plan.hooks()[hook.0].timeout.unwrap_or(HOOK_TIME),
        }
    }

    /// When a service that stops now is SIGKILLed at the latest.
    pub(super) fn kill_limit(&self, id: ServiceId, now: Instant) -> Instant {
        if !self.is_stopping() {
            return now.after(self.budget.alone(id));
        }
        let wanted = now.after(self.hasten(self.budget.timeout(id)));
        match self.enforced_end() {
            Some(end) => {
                let reserve = self.hasten(self.budget.reserve(id));
                wanted.min(end.before(reserve).max(now))
            }
            None => wanted,
        }
    }

    /// The container stops: what a service does from now on has another measure of time, and whatever
    /// could only have led to another start is forgotten.
    pub(super) fn enter_stop(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let limit = self.kill_limit(id, now);
        let enforced = self.enforced_end().is_some();
        let until = match &self.services[id.0].state {
            State::PreStop(_) => self.pre_stop_until(id),
            State::PostStop(_) => self.post_stop_until(id, now),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::Running(_)
            | State::Stopping(_)
            | State::Backoff { .. }
            | State::Ended(_) => None,
        };
        match &mut self.services[id.0].state {
            // What waits is wanted no more.
            State::Waiting | State::Backoff { .. } | State::PreStart(_) => {
                self.take_down(id, now, out);
            }
            State::Launching(launch) => launch.ready_by = None,
            State::Adopting(adopting) => adopting.ready_by = None,
            State::Running(run) => run.rest(),
            // Where nobody counts the time it keeps what it was given.
            State::Stopping(stopping) if enforced => {
                stopping.limit(now, limit);
                stopping.correct(now, out);
            }
            State::PreStop(Leaving { hooks, .. }) | State::PostStop(hooks) => {
                if let Some(hook) = hooks.running {
                    let at = now.after(self.hook_time(hook));
                    let at = until.map_or(at, |until| at.min(until)).max(now);
                    self.hooks.limit(hook, now, at, out);
                }
            }
            State::Starting | State::Stopping(_) | State::Ended(_) => {}
        }
        if enforced && matches!(self.services[id.0].state, State::Stopping(_)) {
            for hook in self.hooks_at(id, ServiceMoment::Stop) {
                self.hooks.limit(hook, now, limit, out);
            }
        }
    }
}
