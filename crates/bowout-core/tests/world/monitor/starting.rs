//! Watches what is started, found and given up: not before its time, and for a reason.

use super::{HookSeen, Monitor};
use crate::world::World;
use crate::world::kernel::Origin;
use bowout_core::action::Note;
use bowout_core::event::{Event, Notice};
use bowout_core::plan::{HookMoment, Kind, ServiceId, ServiceMoment};
use bowout_core::service::State;
use bowout_core::service::restart::When;
use bowout_core::{Action, Instant, Pid, Status};
use std::time::Duration;

impl Monitor {
    /// A start begins: what it depends on lets it, and somebody wants it.
    pub(super) fn check_begin(world: &mut World, id: ServiceId) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            ..
        } = world;
        // It may have been told, and been down, in this very breath.
        monitor.forget(id.0, kernel);
        let plan = sup.plan();
        let held = plan.service(id).depends_on.iter().find(|dependency| {
            let on = &monitor.seen[dependency.on.0];
            let kind = plan.service(dependency.on).kind;
            !on.satisfies(dependency.condition, kind, *now)
        });
        monitor.expect(held.is_none(), || {
            format!("{id:?} is started although {held:?} does not hold")
        });
        let watch = &mut monitor.seen[id.0];
        let (wanted, reason) = (watch.wanted && !watch.retiring, watch.may_start);
        let early = watch.not_before.filter(|at| *now < *at);
        let skipped = watch.pause.is_some_and(|pause| !pause.is_zero());
        watch.goes = false;
        watch.since = None;
        (watch.pause, watch.not_before) = (None, None);
        monitor.expect(wanted, || format!("{id:?} is started, and nobody wants it"));
        monitor.expect(reason, || format!("{id:?} is started for no reason"));
        monitor.expect(early.is_none() && !skipped, || {
            format!("{id:?} is started before its pause is over: {early:?}")
        });
    }

    pub(super) fn check_spawn(world: &mut World, id: ServiceId) {
        let hooks = HookMoment::Of(id, ServiceMoment::PreStart);
        let count = world.sup.plan().hooks_at(hooks).count();
        if count == 0 {
            Monitor::check_begin(world, id);
        }
        let World {
            monitor,
            sup,
            kernel,
            ..
        } = world;
        monitor.expect(monitor.stop.is_none(), || {
            format!("{id:?} is started during a stop")
        });
        let watch = &mut monitor.seen[id.0];
        let ran = core::mem::take(&mut watch.hooks[0]);
        let running = sup
            .plan()
            .hooks_at(hooks)
            .any(|hook| monitor.is_running(hook.0));
        monitor.expect(ran == count && !running, || {
            format!("{id:?} is started after {ran} of {count} hooks")
        });
        let twice = monitor.seen[id.0]
            .main
            .and_then(|pid| kernel.procs.get(&pid))
            .is_some_and(|proc| !proc.is_doomed());
        monitor.expect(!twice, || format!("{id:?} is started twice"));
    }

    pub(super) fn check_note(world: &mut World, event: &Event, note: &Note) {
        let now = world.now;
        match note {
            Note::Restarting { service, after } => {
                Monitor::check_restarting(world, *service, Some(*after), now);
            }
            Note::RestartsExhausted { service } => {
                Monitor::check_restarting(world, *service, None, now);
            }
            Note::StartTimedOut { service } => {
                let watch = &mut world.monitor.seen[service.0];
                let late = watch.ready_by.is_some_and(|by| by <= now);
                let kept = (late && !watch.ready) || !watch.adopted;
                watch.goes = true;
                watch.rests();
                world.monitor.expect(kept, || {
                    format!("{service:?} is given up although it is not late")
                });
            }
            Note::Unhealthy { service, watchdog } => {
                let retries = world.sup.plan().service(*service).liveness;
                let watch = &mut world.monitor.seen[service.0];
                let kept = match watchdog {
                    true => {
                        let trigger = Event::Notified {
                            service: *service,
                            notice: Notice::WatchdogTrigger,
                        };
                        *event == trigger || watch.pet_by.is_some_and(|by| by <= now)
                    }
                    false => retries.is_some_and(|own| watch.strikes >= own.retries.max(1)),
                };
                watch.goes = true;
                watch.rests();
                world.monitor.expect(kept, || {
                    format!("{service:?} is given up although it works")
                });
            }
            Note::Adopted { service, pid } => Monitor::check_adopted(world, *service, *pid),
            Note::DependencyFailed { service, on } => {
                let watch = &mut world.monitor.seen[service.0];
                (watch.blocked, watch.status, watch.failure) = (Some(on.0), None, None);
            }
            // What was done before is no part of the stop.
            Note::StopBegun { .. } => {
                let World {
                    monitor,
                    sup,
                    kernel,
                    ..
                } = world;
                for id in sup.plan().ids() {
                    if !matches!(sup.service(id).state, State::Stopping(_)) {
                        monitor.forget(id.0, kernel);
                    }
                }
            }
            Note::PlanScaled { .. }
            | Note::StopRepeated(_)
            | Note::StopHurried
            | Note::StopForced
            | Note::Waiting { .. }
            | Note::HalfTime { .. }
            | Note::NextRung { .. }
            | Note::Killing { .. }
            | Note::SpawnFailed { .. }
            | Note::MainExited { .. }
            | Note::Changed { .. }
            | Note::Refused { .. }
            | Note::HookEnded { .. }
            | Note::NoProc
            | Note::NotForwarded(_)
            | Note::Unexpected(_) => {}
        }
    }

    /// Restarts follow the policy, their pauses double, and there are no more than there may be.
    fn check_restarting(world: &mut World, id: ServiceId, after: Option<Duration>, now: Instant) {
        let World { monitor, sup, .. } = world;
        let plan = sup.plan().service(id);
        let (policy, limit) = (plan.restart, plan.restart.limit);
        let watch = &mut monitor.seen[id.0];
        let good = watch.status.is_some_and(Status::is_success) && !watch.goes;
        let mut up = watch.since.map_or(Duration::ZERO, |since| now.since(since));
        if plan.kind == Kind::Oneshot && good {
            up = Duration::MAX;
        }
        if up >= policy.steady {
            watch.pauses = Some(0);
        }
        watch.restarts.retain(|at| now.since(*at) < policy.window);
        let most = limit.map(|limit| usize::try_from(limit).unwrap());
        let full = most.is_some_and(|most| watch.restarts.len() >= most);
        let follows = match policy.when {
            When::Never => false,
            When::OnFailure => !good,
            When::Always => true,
        };
        let Some(after) = after else {
            let kept = follows && (full || !watch.counted);
            return monitor.expect(kept, || format!("{id:?} is given up too soon"));
        };
        if limit.is_some() {
            watch.restarts.push(now);
        }
        let longest = policy.longest_pause;
        let doubled = |count: u32| {
            let factor = 1u32.checked_shl(count).unwrap_or(u32::MAX);
            policy.first_pause.saturating_mul(factor).min(longest)
        };
        let (least, most) = match watch.pauses {
            Some(count) => (doubled(count) / 4 * 3, doubled(count)),
            None => (policy.first_pause.min(longest) / 4 * 3, longest),
        };
        watch.pauses = watch.pauses.map(|count| count + 1);
        watch.pause = Some(after);
        watch.may_start = true;
        let wanted = watch.wanted;
        monitor.expect(least <= after && after <= most, || {
            format!("{id:?} is started again after {after:?}, not {least:?} to {most:?}")
        });
        monitor.expect(!full, || format!("{id:?} is started again too often"));
        monitor.expect(follows && wanted, || {
            format!("{id:?} is started again against its policy")
        });
    }

    /// A daemon's main process is a child of bowout, and nobody else's.
    fn check_adopted(world: &mut World, id: ServiceId, pid: Pid) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            case,
            ..
        } = world;
        let number = pid.get();
        let of = kernel.procs.get(&number);
        let is_its = of.is_some_and(|proc| {
            let known = match proc.origin {
                Origin::Service(service) => service == id.0 || !case.hints,
                // What even SIGKILL has not ended is nobody's any more.
                Origin::Hook(hook) => monitor.hooks[hook] == HookSeen::Ended,
                Origin::Gone => true,
                Origin::Stranger => false,
            };
            proc.parent == kernel.own && known
        });
        let other = |(index, watch): (usize, &super::Watch)| {
            index != id.0 && watch.main == Some(number) && watch.status.is_none()
        };
        let taken = monitor.seen.iter().enumerate().any(other);
        // Without /proc nobody can see whose it is, and a name is believed; but not of one that was reaped.
        let is_its = is_its || (!case.proc && of.is_some());
        monitor.expect(is_its && !taken, || {
            format!("{number} is taken for the main process of {id:?}: {of:?}")
        });
        let up = monitor.stop.is_none() || monitor.still_up;
        let plan = sup.plan().service(id);
        let named = plan.kind != Kind::Forking { pidfile: false } || monitor.seen[id.0].claimed;
        // Numbers only grow here: whoever was there before the starter is no daemon of its.
        let later = monitor.seen[id.0]
            .main
            .is_none_or(|starter| starter < number);
        monitor.expect(named || !case.proc || later, || {
            format!("{number} of an earlier life is taken for the daemon of {id:?}")
        });
        let watch = &mut monitor.seen[id.0];
        let was_adopted = core::mem::replace(&mut watch.adopted, true);
        (watch.main, watch.status, watch.named) = (Some(number), None, None);
        // Where nobody can look, nobody knows the group.
        watch.group = of.filter(|_| case.proc).map(|proc| proc.group);
        watch.started = true;
        if plan.start_timeout.is_none() {
            watch.ready_by = None;
        }
        if !was_adopted {
            watch.runs(plan, *now, up);
            if watch.ready_at.is_some_and(|at| at <= *now) {
                watch.gets_ready(*now);
            }
            let awaited = plan.readiness == bowout_core::plan::Readiness::Told || watch.was_ready;
            if watch.told && up && awaited && plan.kind != Kind::Oneshot {
                watch.gets_ready(*now);
            }
        }
    }

    /// A service that asked for more time is told how much it has: no more than nobody else needs.
    pub(super) fn check_extended(world: &mut World, event: &Event, actions: &[Action]) {
        let Event::Notified {
            service,
            notice: Notice::Extend(length),
        } = event
        else {
            return;
        };
        let World {
            monitor, sup, now, ..
        } = world;
        let left = actions.iter().find_map(|action| match action {
            Action::Extended { service: id, left } if id == service => Some(*left),
            _ => None,
        });
        let limit = monitor
            .stop
            .as_ref()
            .filter(|stop| stop.enforced)
            .map(|stop| {
                stop.began
                    .after(sup.budget().total)
                    .before(sup.budget().reserve(*service))
            });
        let wanted = now.after(*length);
        let hasty = monitor.haste > 0;
        let watch = &mut monitor.seen[service.0];
        if let (Some(due), false) = (watch.due, hasty) {
            // What it was given before nobody takes away.
            let until = limit.map_or(wanted, |limit| wanted.min(limit)).max(due);
            let dead = due <= *now && watch.enforced;
            if !dead {
                watch.due = Some(until);
                monitor.expect(left == Some(until.since(*now)), || {
                    format!("{service:?} is told that it has {left:?}, and has until {until:?}")
                });
            }
        } else if let (Some(due), Some(left)) = (watch.due, left) {
            // After Ctrl-C was pressed again it has what is left of the whole at most.
            let end = monitor.end(sup);
            let until = now.after(left);
            monitor.seen[service.0].due = Some(due.max(until));
            monitor.expect(end.is_none_or(|end| until <= end), || {
                format!("{service:?} is told that it has {left:?}, and the stop ends at {end:?}")
            });
        } else if let Some(by) = watch.ready_by {
            watch.ready_by = Some(by.max(wanted));
        }
    }
}
