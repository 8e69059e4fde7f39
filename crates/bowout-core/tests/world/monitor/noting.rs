//! Notes when the stop of the container, or of one service, begins and ends, and how long it may take.

use super::{HookSeen, Monitor, SETTLE, Stop};
use crate::world::World;
use crate::world::kernel::{Kernel, Origin};
use bowout_core::action::Note;
use bowout_core::event::Event;
use bowout_core::plan::{HookMoment, ServiceId, ServiceMoment};
use bowout_core::service::State;
use bowout_core::{Action, Signal, Status};

/// What is asked for before it in the same breath was asked for while the container was up.
pub(super) fn begins_stop(action: &Action) -> bool {
    matches!(action, Action::Tell(Note::StopBegun { .. }))
}

impl Monitor {
    pub(super) fn note_stop(world: &mut World, event: &Event, actions: &[Action]) {
        let monitor = &mut world.monitor;
        let plan = world.sup.plan();
        let interrupts = plan.stop().on.contains(Signal::INT)
            && matches!(event, Event::SignalReceived(received) if received.signal == Signal::INT);
        if monitor.stop.is_some() {
            if interrupts {
                monitor.haste = (monitor.haste + 1).min(2);
                if monitor.haste == 2 {
                    monitor.forced.get_or_insert(world.now);
                }
            }
            return;
        }
        if !world.sup.is_stopping() {
            return;
        }
        let signal = match event {
            Event::SignalReceived(received) if plan.stop().on.contains(received.signal) => {
                Some(received.signal)
            }
            _ => None,
        };
        let asked = signal.is_some() || matches!(event, Event::StopRequested);
        let kernel = &world.kernel;
        let somebody_up = monitor
            .seen
            .iter()
            .filter_map(|watch| watch.main.filter(|_| watch.status.is_none()))
            .any(|pid| kernel.procs.contains_key(&pid))
            || plan
                .ids()
                .any(|id| matches!(world.sup.service(id).state, State::Adopting(_)));
        let rewrite = &plan.signals().rewrite;
        let sent = signal.map(|signal| rewrite.get(&signal).copied().flatten().unwrap_or(signal));
        // Whoever began to leave in the same breath, before the stop of the container did.
        let before = actions.iter().take_while(|action| !begins_stop(action));
        let leaving: Vec<usize> = before
            .filter_map(|action| match action {
                Action::RunHook { hook, .. } => match plan.hooks()[hook.0].moment {
                    HookMoment::Of(id, ServiceMoment::PreStop) => Some(id.0),
                    _ => None,
                },
                Action::Tell(Note::StartTimedOut { service } | Note::Unhealthy { service, .. }) => {
                    Some(service.0)
                }
                _ => None,
            })
            .collect();
        for service in 0..monitor.seen.len() {
            let state = &world.sup.service(ServiceId(service)).state;
            let over = !asked && !matches!(state, State::Stopping(_));
            if monitor.seen[service].stopping.is_none() || over {
                monitor.forget(service, kernel);
            }
            let watch = &mut monitor.seen[service];
            let leaves = watch.hooks[1] > 0 || leaving.contains(&service);
            watch.left_before = watch.stopping.is_some() || leaves;
        }
        let pre_stop = plan.hooks_at(HookMoment::PreStop).count();
        monitor.stop = Some(Stop {
            began: world.now,
            asked,
            enforced: plan.stop().grace.is_some() || !asked,
            signal: sent.unwrap_or(Signal::TERM),
            somebody_up,
        });
        if pre_stop == 0 || !somebody_up {
            monitor.pre_stop_over = Some(world.now);
        }
    }

    /// Notes who is up no more, once what was done in the same breath is judged.
    pub(super) fn note_ends(world: &mut World) {
        for id in world.sup.plan().ids() {
            let state = &world.sup.service(id).state;
            let watch = &mut world.monitor.seen[id.0];
            if let (State::Backoff { .. }, Some(pause)) = (state, watch.pause) {
                (watch.pause, watch.not_before) = (None, Some(world.now.after(pause)));
            }
            let up = |state| {
                matches!(
                    state,
                    &(State::Launching(_) | State::Adopting(_) | State::Running(_))
                )
            };
            if !up(state) {
                watch.rests();
                watch.ready = false;
            } else if world.monitor.stop.is_some() {
                // In a stop nobody is late.
                watch.rests();
            }
            let down = matches!(
                state,
                State::PostStop(_) | State::Backoff { .. } | State::Waiting | State::Ended(_)
            );
            if down && world.monitor.stop.is_none() && !world.monitor.told.is_empty() {
                // Told, and down in one breath.
                world.monitor.forget(id.0, &world.kernel);
            }
        }
    }

    pub(super) fn note_services(world: &mut World, actions: &[Action], was_stopping: bool) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            answers,
            ..
        } = world;
        let plan = sup.plan();
        let budget = sup.budget();
        for id in plan.ids() {
            let state = &sup.service(id).state;
            if !matches!(state, State::Stopping(_)) {
                if monitor.seen[id.0].stopping.is_some() {
                    monitor.leaves(id.0, kernel);
                }
                continue;
            }
            let due = match &monitor.stop {
                // Nothing else needs the time.
                None => now.after(budget.alone(id)),
                Some(stop) => {
                    let end = stop.began.after(budget.total);
                    let limit = end.before(budget.reserve(id)).max(*now);
                    let wanted = now.after(budget.timeout(id));
                    if stop.enforced {
                        wanted.min(limit)
                    } else {
                        wanted
                    }
                }
            };
            let half = now.after(due.since(*now) / 2);
            let begins = !was_stopping && monitor.stop.as_ref().is_some_and(|stop| stop.enforced);
            let enforced = monitor.stop.as_ref().is_none_or(|stop| stop.enforced);
            let (hasty, watch) = (monitor.haste > 0, &mut monitor.seen[id.0]);
            if watch.stopping.is_none() {
                watch.stopping = Some(*now);
                watch.due = (!hasty).then_some(due);
                watch.half = watch.due.map(|_| half);
                watch.enforced = enforced || plan.service(id).stop_timeout.is_some();
                let command = HookMoment::Of(id, ServiceMoment::Stop);
                // What ended before its daemon was found in the same breath was its starter.
                let found = |action: &Action| matches!(action, Action::Tell(Note::Adopted { service, .. }) if *service == id);
                let is_up = watch.status.is_none() || actions.iter().any(found);
                let held = plan.hooks_at(command).next().is_some() && is_up;
                if held {
                    (watch.held, watch.half) = (Some(half), None);
                }
            } else if begins && watch.due.is_some_and(|earlier| due < earlier) {
                // The container has less time than it had.
                watch.due = Some(due);
                watch.half = watch.half.map(|earlier| earlier.min(half));
            }
        }
        if monitor.stop.is_some() && plan.ids().all(|id| sup.service(id).is_down()) {
            monitor.down.get_or_insert(*now);
        }
        let pre_stop_over =
            plan.hooks_at(HookMoment::PreStop)
                .all(|hook| match monitor.hooks[hook.0] {
                    HookSeen::Ended => true,
                    HookSeen::Killed(_, at) => at.after(SETTLE) <= *now,
                    HookSeen::Idle => monitor.haste == 2,
                    HookSeen::Asked(_) | HookSeen::Runs(..) => false,
                });
        if monitor.stop.is_some() && pre_stop_over {
            monitor.pre_stop_over.get_or_insert(*now);
        }
        if monitor.pre_stop_over.is_some() {
            // Of a daemon that is looked for, somebody may be left.
            let children = kernel.living().next().is_some() || !answers.is_empty();
            let up = |id| {
                let service = sup.service(id);
                let looks = matches!(service.state, State::Adopting(_)) && children;
                service.main().is_some() || looks
            };
            monitor.undrained |= !plan.ids().any(up);
        }
    }

    /// A service is on its way down no more. While the container goes on, that is nobody's account.
    fn leaves(&mut self, service: usize, kernel: &Kernel) {
        let watch = &mut self.seen[service];
        (watch.stopping, watch.due, watch.half) = (None, None, None);
        watch.held = None;
        if let Some(proc) = watch.main.and_then(|pid| kernel.procs.get(&pid))
            && watch.status.is_none()
            && proc.is_doomed()
        {
            // Even SIGKILL has not ended it, and nothing else can come of it.
            watch.status = Some(Status::by(Signal::KILL));
        }
        watch.enforced = false;
        if self.stop.is_none() {
            self.forget(service, kernel);
        }
    }

    /// What was done to a service before the stop of the container, and was over by then, is no part of it.
    pub(super) fn forget(&mut self, service: usize, kernel: &Kernel) {
        let watch = &mut self.seen[service];
        watch.present = None;
        watch.killed = false;
        let mains: Vec<i32> = self
            .seen
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != service)
            .filter_map(|(_, watch)| watch.main)
            .collect();
        let other = |pid: &i32| {
            if mains.contains(pid) {
                return true;
            }
            let origin = kernel.procs.get(pid).map(|proc| proc.origin);
            origin.is_some_and(|origin| origin != Origin::Service(service))
        };
        self.told.retain(|pid, _| other(pid));
        self.killed.retain(other);
        self.charge.retain(other);
        self.orphans.retain(|pid, _| other(pid));
    }
}
