//! Finds out whether a service that runs is ready, and whether it still works.

use super::{Actions, Phase, Supervisor};
use crate::action::{Action, HookOutcome, Note};
use crate::event::Notice;
use crate::plan::budget::{HOOK_TIME, SETTLE};
use crate::plan::{HookId, HookMoment, Kind, Readiness, ServiceId, ServiceMoment};
use crate::service::{Fault, State};
use crate::{Instant, Pid};
use alloc::vec::Vec;
use core::time::Duration;

/// How long from the end of one attempt to the next, where nothing is said.
const EVERY: Duration = Duration::from_secs(1);

impl Supervisor {
    /// The main process of a service runs from now on.
    pub(super) fn runs_now(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let plan = self.plan.service(id);
        let at_once = plan.readiness == Readiness::Started && plan.kind != Kind::Oneshot;
        if at_once {
            self.becomes_ready(id, now, out);
        }
    }

    /// In a stop nothing becomes ready, and what would follow from it does not; nor does one that somebody
    /// wanted down while its program was being started.
    pub(super) fn becomes_ready(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        if self.must_go(id) {
            return;
        }
        let State::Running(run) = &mut self.services[id.0].state else {
            return;
        };
        let is_first = !run.was_ready;
        if self.phase != Phase::Up || !run.becomes_ready(self.plan.service(id), now) {
            return;
        }
        out.push(Action::Tell(Note::Changed { service: id }));
        self.hooks_of(id, ServiceMoment::Readiness, now);
        if is_first {
            // They do not wait for each other: none of them decides anything.
            for hook in self.hooks_at(id, ServiceMoment::PostStart) {
                self.start_hook(hook, now, out);
            }
        }
    }

    /// A service said or showed that it is ready. That counts where it is awaited, or was taken back.
    #[inline(never)]
    pub(super) fn says_ready(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let Some(service) = self.services.get_mut(id.0) else {
            return out.push(Action::Tell(Note::Unexpected("ready: no such service")));
        };
        match &mut service.state {
            State::Launching(launch) => launch.told = true,
            State::Adopting(adopting) => adopting.told = true,
            State::Running(run) => {
                let plan = self.plan.service(id);
                let counts = plan.readiness == Readiness::Told || run.was_ready;
                // A oneshot is ready when it has ended.
                if counts && plan.kind != Kind::Oneshot {
                    self.becomes_ready(id, now, out);
                }
            }
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => {}
        }
    }

    #[inline(never)]
    pub(super) fn notified(
        &mut self,
        id: ServiceId,
        notice: Notice,
        now: Instant,
        out: &mut Actions,
    ) {
        if id.0 >= self.services.len() {
            return out.push(Action::Tell(Note::Unexpected("notified: no such service")));
        }
        match notice {
            Notice::Ready => self.says_ready(id, now, out),
            Notice::MainPid(pid) => self.claims(id, pid, now),
            Notice::Extend(length) => self.extend(id, length, now, out),
            Notice::Reloading | Notice::Stopping => {
                if let State::Running(run) = &mut self.services[id.0].state
                    && core::mem::take(&mut run.ready)
                {
                    out.push(Action::Tell(Note::Changed { service: id }));
                }
            }
            Notice::Watchdog | Notice::WatchdogPeriod(_) => {
                if let State::Running(run) = &mut self.services[id.0].state {
                    if let Notice::WatchdogPeriod(period) = notice {
                        run.watchdog = Some(period).filter(|period| !period.is_zero());
                    }
                    if self.phase == Phase::Up {
                        run.pet(now);
                    }
                }
            }
            Notice::WatchdogTrigger => {
                if let State::Running(_) = self.services[id.0].state {
                    self.fail(id, Fault::WatchdogExpired, now, out);
                }
            }
        }
    }

    /// A service says which process is its main one.
    fn claims(&mut self, id: ServiceId, pid: Pid, now: Instant) {
        match &mut self.services[id.0].state {
            // It can't be bowout's own child before its starter has ended.
            State::Launching(launch) => launch.claimed = Some(pid),
            State::Adopting(adopting) => {
                adopting.claimed = Some(pid);
                if adopting.look_at.is_some() {
                    adopting.look_at = Some(now);
                }
            }
            State::Running(run) if run.main != pid => {
                run.claimed = Some(pid);
                self.surveyor.want(now);
            }
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Running(_)
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => {}
        }
    }

    /// A service asks for more time: to start, as much as it says; to stop, what nobody else needs.
    fn extend(&mut self, id: ServiceId, length: Duration, now: Instant, out: &mut Actions) {
        let wanted = now.after(length);
        let limit = self
            .enforced_end()
            .map(|end| end.before(self.hasten(self.budget.reserve(id))));
        let left = match &mut self.services[id.0].state {
            State::Launching(launch) => later(&mut launch.ready_by, wanted, now),
            State::Running(run) => later(&mut run.ready_by, wanted, now),
            State::Adopting(adopting) => {
                later(&mut adopting.start_by, wanted, now);
                later(&mut adopting.ready_by, wanted, now)
            }
            State::Stopping(stopping) => {
                let until = limit.map_or(wanted, |limit| wanted.min(limit));
                Some(stopping.extend(until).since(now))
            }
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::PreStop(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => None,
        };
        if let Some(left) = left {
            out.push(Action::Extended { service: id, left });
        }
    }

    /// Does what is due for a main process that runs.
    pub(super) fn advance_run(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let State::Running(run) = &mut self.services[id.0].state else {
            return;
        };
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (ready, late) = (due(run.ready_at), due(run.ready_by));
        let (expired, check) = (due(run.watchdog_at), due(run.check_at));
        let probe = due(run.probe_at);
        if expired {
            return self.fail(id, Fault::WatchdogExpired, now, out);
        }
        if ready {
            self.becomes_ready(id, now, out);
        } else if late {
            return self.fail(id, Fault::StartTimedOut, now, out);
        }
        if probe {
            let asked = self.ask(id, ServiceMoment::Readiness, now, out);
            if let State::Running(run) = &mut self.services[id.0].state {
                (run.probe_at, run.probing) = asked;
            }
        }
        if check {
            let asked = self.ask(id, ServiceMoment::Liveness, now, out);
            if let State::Running(run) = &mut self.services[id.0].state {
                (run.check_at, run.checking) = asked;
            }
        }
    }

    /// Starts the hook that asks something of a service. Returns when it is tried again, and whether an
    /// answer is awaited: one that was cancelled in an earlier life of the service may still be dying.
    fn ask(
        &mut self,
        id: ServiceId,
        moment: ServiceMoment,
        now: Instant,
        out: &mut Actions,
    ) -> (Option<Instant>, bool) {
        match self.hooks_at(id, moment).next() {
            None => (None, false),
            Some(hook) if self.hooks.is_running(hook) => (Some(now.after(SETTLE)), false),
            Some(hook) => {
                self.start_hook(hook, now, out);
                (None, true)
            }
        }
    }

    /// A hook that asks, or is awaited, by a service has ended.
    pub(super) fn service_hook_ended(
        &mut self,
        id: ServiceId,
        moment: ServiceMoment,
        hook: HookId,
        outcome: HookOutcome,
        now: Instant,
        out: &mut Actions,
    ) {
        let plan = self.plan.service(id);
        let (readiness, liveness) = (plan.readiness, plan.liveness);
        match &mut self.services[id.0].state {
            State::PreStart(hooks) | State::PostStop(hooks) => hooks.ended(hook, outcome),
            State::PreStop(leaving) => leaving.hooks.ended(hook, outcome),
            State::Stopping(stopping) if moment == ServiceMoment::Stop => {
                if !outcome.is_success() {
                    stopping.release(now);
                }
            }
            // An answer that nobody awaits is to a question of an earlier life.
            State::Running(run) => match moment {
                ServiceMoment::Readiness if !core::mem::take(&mut run.probing) => {}
                ServiceMoment::Readiness if outcome.is_success() => {
                    self.becomes_ready(id, now, out);
                }
                ServiceMoment::Readiness => {
                    let every = match readiness {
                        Readiness::Probed { every } => every,
                        Readiness::Started | Readiness::Delay(_) | Readiness::Told => EVERY,
                    };
                    run.probe_at = Some(now.after(every));
                }
                ServiceMoment::Liveness if !core::mem::take(&mut run.checking) => {}
                ServiceMoment::Liveness => {
                    let Some(liveness) = liveness else { return };
                    run.check_at = Some(now.after(liveness.every));
                    if outcome.is_success() {
                        run.failures = 0;
                    } else if outcome.is_starved() {
                        // That says nothing of the service.
                    } else if now.since(run.since) >= liveness.start_period {
                        run.failures = run.failures.saturating_add(1);
                        if run.failures >= liveness.retries.max(1) {
                            self.fail(id, Fault::Unhealthy, now, out);
                        }
                    }
                }
                ServiceMoment::PreStart
                | ServiceMoment::PostStart
                | ServiceMoment::Reload
                | ServiceMoment::PreStop
                | ServiceMoment::Stop
                | ServiceMoment::PostStop => {}
            },
            State::Waiting
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::Stopping(_)
            | State::Backoff { .. }
            | State::Ended(_) => {}
        }
    }

    /// The hooks of a service at one moment.
    pub(super) fn hooks_at(
        &self,
        id: ServiceId,
        moment: ServiceMoment,
    ) -> impl Iterator<Item = HookId> + use<> {
        let hooks = self.plan.hooks_at(HookMoment::Of(id, moment));
        hooks.collect::<Vec<_>>().into_iter()
    }

    /// Whether a hook of a service runs that is for this moment.
    pub(super) fn runs_hook(&self, id: ServiceId, moment: ServiceMoment) -> bool {
        let mut hooks = self.plan.hooks_at(HookMoment::Of(id, moment));
        hooks.any(|hook| self.hooks.is_running(hook))
    }

    /// Starts a hook that nothing waits for.
    pub(super) fn start_hook(&mut self, hook: HookId, now: Instant, out: &mut Actions) {
        let time = self.plan.hooks()[hook.0].timeout.unwrap_or(HOOK_TIME);
        self.hooks.start(hook, now, Some(time), out);
    }

    /// What a service asked by is not asked any more.
    pub(super) fn cancel_hooks_of(&mut self, id: ServiceId, now: Instant) {
        for moment in [
            ServiceMoment::Readiness,
            ServiceMoment::Liveness,
            ServiceMoment::PostStart,
            ServiceMoment::Reload,
        ] {
            self.hooks_of(id, moment, now);
        }
    }

    /// Cancels the hooks of one moment.
    pub(super) fn hooks_of(&mut self, id: ServiceId, moment: ServiceMoment, now: Instant) {
        for hook in self.hooks_at(id, moment) {
            self.hooks.cancel(hook, now);
        }
    }
}

/// Moves a limit, where there is one, to a later moment. Returns what is left then.
fn later(limit: &mut Option<Instant>, wanted: Instant, now: Instant) -> Option<Duration> {
    *limit = limit.map(|at| at.max(wanted));
    limit.map(|at| at.since(now))
}
