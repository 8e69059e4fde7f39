//! Learns from each event what an onlooker can know of the services, without asking the core.

use super::{HookResult, HookSeen, Monitor, SETTLE, Watch};
use crate::world::World;
use bowout_core::action::Note;
use bowout_core::event::{Change, Command, Event, Notice, SpawnErrorKind};
use bowout_core::plan::{HookMoment, Kind, Plan, Readiness, ServiceId, ServiceMoment};
use bowout_core::service::State;
use bowout_core::{Action, Instant, Signal, Status};

impl Monitor {
    /// Learns from an event that the core has taken; `actions` say when it took longer to find out.
    pub(super) fn learn(world: &mut World, event: &Event, actions: &[Action]) {
        let World {
            monitor, sup, now, ..
        } = world;
        let (plan, now) = (sup.plan(), *now);
        monitor.give_up_hooks(plan, now);
        let up = monitor.stop.is_none() && monitor.up;
        match event {
            Event::Started => {
                monitor.up = true;
                let auto = plan.ids().filter(|id| plan.service(*id).autostart);
                for id in auto {
                    monitor.wants(plan, id);
                }
            }
            Event::Spawned { service, pid } => {
                let watch = &mut monitor.seen[service.0];
                watch.spawned(plan.service(*service), pid.get(), now, up);
            }
            Event::SpawnFailed { service, error } => {
                let watch = &mut monitor.seen[service.0];
                // A lack of processes says nothing of the service: it is tried again, as what it was.
                let starved = error.kind == SpawnErrorKind::Exhausted;
                if !(starved && up && watch.wanted && !watch.retiring) {
                    (watch.failure, watch.status, watch.blocked) = (Some(error.kind), None, None);
                }
                watch.may_start = watch.retiring;
            }
            Event::Exited { pid, .. } => {
                for watch in &mut monitor.seen {
                    watch.named = watch.named.filter(|named| *named != pid.get());
                }
                monitor.main_ended(pid.get());
            }
            Event::Ready { service } => monitor.says_ready(plan, *service, now),
            Event::Notified { service, notice } => {
                monitor.notified(plan, *service, *notice, now);
            }
            Event::Commanded(command) if up => {
                let wanted = |watch: &Watch| watch.wanted;
                let before: Vec<bool> = monitor.seen.iter().map(wanted).collect();
                monitor.commanded(plan, *command);
                // It is not there yet, and nothing has come of what was asked before.
                for id in plan.ids() {
                    let starts = sup.service(id).state == State::Starting;
                    let watch = &mut monitor.seen[id.0];
                    let again = watch.wanted && !before[id.0] && *command != Command::Restart(id);
                    watch.goes &= !starts || !again || watch.retiring;
                }
            }
            Event::Reconfigured(change) if up => monitor.reconfigured(change),
            Event::HookSpawned { .. }
            | Event::HookSpawnFailed { .. }
            | Event::ChildrenGone
            | Event::NamespaceEmptied
            | Event::Suspended { .. }
            | Event::SignalReceived(_)
            | Event::StopRequested
            | Event::PidfileRead { .. }
            | Event::Commanded(_)
            | Event::Reconfigured(_)
            | Event::Surveyed(_)
            | Event::DeadlineReached => {}
        }
        if let Some((hook, result)) = monitor.hook_ended.take() {
            monitor.service_hook_ended(plan, hook, result, now);
        }
        for action in actions {
            if let Action::Tell(Note::SpawnFailed {
                service,
                retry_in: Some(pause),
                ..
            }) = action
            {
                let watch = &mut monitor.seen[service.0];
                (watch.may_start, watch.pause) = (true, Some(*pause));
            }
        }
        for watch in &mut monitor.seen {
            if watch.ready_at.is_some_and(|at| at <= now) {
                watch.gets_ready(now);
            }
        }
    }

    /// What even SIGKILL has not ended in time is not waited for.
    fn give_up_hooks(&mut self, plan: &Plan, now: Instant) {
        for hook in 0..self.hooks.len() {
            if matches!(self.hooks[hook], HookSeen::Killed(_, at) if at.after(SETTLE) <= now) {
                self.hooks[hook] = HookSeen::Ended;
                let killed = Ok(Status::by(Signal::KILL));
                self.service_hook_ended(plan, hook, killed, now);
            }
        }
    }

    /// These are wanted, and all that they depend on.
    fn wants(&mut self, plan: &Plan, id: ServiceId) {
        self.seen[id.0].asked_for();
        for on in plan.graph().dependencies(id) {
            self.wants(plan, *on);
        }
    }

    fn main_ended(&mut self, pid: i32) {
        let Some(watch) = self.seen.iter_mut().find(|watch| watch.main == Some(pid)) else {
            return;
        };
        let was_ready = core::mem::take(&mut watch.ready);
        watch.ready_at = None;
        watch.pet_by = None;
        if watch.named.take().is_some() {
            // Whoever takes its place goes on with what it was, and is late when it would have been.
            watch.told = was_ready;
            // Nobody knows whether another one has taken its place.
            watch.adopted = false;
        } else if watch.adopted || !watch.status.is_some_and(Status::is_success) {
            watch.ready_by = None;
        }
    }

    fn says_ready(&mut self, plan: &Plan, id: ServiceId, now: Instant) {
        let watch = &mut self.seen[id.0];
        let plan = plan.service(id);
        if !watch.adopted {
            watch.told = true;
        } else if watch.status.is_none()
            && (plan.readiness == Readiness::Told || watch.was_ready)
            && plan.kind != Kind::Oneshot
            && self.stop.is_none()
        {
            watch.gets_ready(now);
        }
    }

    fn notified(&mut self, plan: &Plan, id: ServiceId, notice: Notice, now: Instant) {
        let up = self.stop.is_none();
        let watch = &mut self.seen[id.0];
        let runs = watch.adopted && watch.main.is_some() && watch.status.is_none();
        match notice {
            Notice::Ready => self.says_ready(plan, id, now),
            Notice::Reloading | Notice::Stopping => watch.ready = false,
            Notice::MainPid(pid) => {
                watch.claimed = true;
                if runs && watch.main != Some(pid.get()) {
                    watch.named = Some(pid.get());
                }
            }
            Notice::Watchdog if up && runs => watch.pet(now),
            Notice::WatchdogPeriod(period) if runs => {
                watch.period = Some(period).filter(|period| !period.is_zero());
                if up {
                    watch.pet(now);
                }
            }
            Notice::WatchdogTrigger => watch.goes |= up && runs,
            Notice::Watchdog | Notice::WatchdogPeriod(_) | Notice::Extend(_) => {}
        }
    }

    fn commanded(&mut self, plan: &Plan, command: Command) {
        match command {
            Command::Start(id) => self.wants(plan, id),
            Command::Restart(id) => {
                self.wants(plan, id);
                self.seen[id.0].goes = true;
            }
            Command::Stop(id) => {
                let watch = &mut self.seen[id.0];
                (watch.wanted, watch.started) = (false, false);
                (watch.goes, watch.may_start) = (true, false);
            }
            Command::Reload(_) | Command::Signal(..) => {}
        }
    }

    fn reconfigured(&mut self, change: &Change) {
        if change.services.len() != change.plan.services().len() {
            return;
        }
        for (index, watch) in self.seen.iter_mut().enumerate() {
            let stays = change.services.contains(&Some(ServiceId(index)));
            watch.retiring = !stays;
            watch.goes |= !stays;
            watch.may_start |= !stays;
        }
    }

    /// A hook ended, or could not be started.
    fn service_hook_ended(&mut self, plan: &Plan, hook: usize, result: HookResult, now: Instant) {
        let HookMoment::Of(id, moment) = plan.hooks()[hook].moment else {
            return;
        };
        let up = self.stop.is_none();
        let watch = &mut self.seen[id.0];
        let good = result.is_ok_and(Status::is_success);
        let starved = result == Err(SpawnErrorKind::Exhausted);
        let runs = watch.adopted && watch.status.is_none() && watch.stopping.is_none();
        match moment {
            ServiceMoment::PreStart if !good && up => {
                if !starved {
                    // It is the service that has failed.
                    (watch.main, watch.blocked) = (None, None);
                    (watch.status, watch.failure) = (result.ok(), result.err());
                }
                (watch.goes, watch.since) = (true, None);
            }
            ServiceMoment::Readiness if good && runs && up => watch.gets_ready(now),
            ServiceMoment::Liveness if runs && good => watch.strikes = 0,
            ServiceMoment::Liveness if runs && !starved => {
                let since = watch.since.unwrap_or(now);
                let counts = plan
                    .service(id)
                    .liveness
                    .map(|liveness| liveness.start_period);
                watch.strikes += u32::from(counts.is_some_and(|at| now.since(since) >= at));
            }
            ServiceMoment::PreStart
            | ServiceMoment::PostStart
            | ServiceMoment::Readiness
            | ServiceMoment::Liveness
            | ServiceMoment::Reload
            | ServiceMoment::PreStop
            | ServiceMoment::Stop
            | ServiceMoment::PostStop => {}
        }
    }

    /// Another plan counts.
    pub(crate) fn moved(world: &mut World, services: &[Option<usize>], hooks: &[Option<usize>]) {
        let World {
            monitor,
            sup,
            kernel,
            ..
        } = world;
        let plan = sup.plan();
        let held = monitor.seen.iter().zip(services).any(|(watch, place)| {
            let main = watch.main.and_then(|pid| kernel.procs.get(&pid));
            place.is_none() && main.is_some_and(|proc| !proc.is_doomed())
        });
        monitor.expect(!held, || {
            "a plan is installed before what it has no place for is down".into()
        });
        let names = monitor.names.clone();
        let old = core::mem::take(&mut monitor.seen);
        let mut seen = vec![None; plan.services().len()];
        for (watch, place) in old.iter().zip(services) {
            if let Some(place) = place {
                seen[*place] = Some(watch.clone());
            }
        }
        monitor.names = plan
            .services()
            .iter()
            .map(|service| service.name.clone())
            .collect();
        let mut begun = Vec::new();
        monitor.seen = seen
            .into_iter()
            .enumerate()
            .map(|(index, watch)| {
                watch.unwrap_or_else(|| {
                    let name = names.iter().position(|name| *name == monitor.names[index]);
                    let wanted = name.map_or(plan.services()[index].autostart, |at| old[at].wanted);
                    begun.extend(wanted.then_some(ServiceId(index)));
                    Watch::new()
                })
            })
            .collect();
        for id in begun {
            monitor.wants(plan, id);
        }
        let mut seen = vec![HookSeen::Idle; plan.hooks().len()];
        for (hook, place) in monitor.hooks.iter().zip(hooks) {
            if let Some(place) = place {
                seen[*place] = *hook;
            }
        }
        monitor.hooks = seen;
    }
}
