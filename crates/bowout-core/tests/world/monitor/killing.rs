//! Watches SIGKILL: to whom, and not before the time that was promised.

use super::{HookSeen, Monitor, SETTLE, Watch};
use crate::world::World;
use crate::world::kernel::Origin;
use bowout_core::Pid;
use bowout_core::action::Target;
use bowout_core::plan::budget::HOOK_TIME;
use bowout_core::plan::{HookId, HookMoment, KillMode, ServiceId, ServiceMoment};
use std::time::Duration;

impl Monitor {
    pub(super) fn check_kill(world: &mut World, target: Target) {
        if target == Target::Namespace {
            Monitor::check_sweep_signal(world);
            world.monitor.killed_unseen |= !world.case.proc;
        }
        let reached = world.reached(target);
        if let Target::Process(pid) | Target::Group(pid) = target {
            let hook = world
                .monitor
                .hooks
                .iter()
                .any(|hook| matches!(hook, HookSeen::Runs(own, _) | HookSeen::Killed(own, _) if *own == pid.get()));
            let monitor = &mut world.monitor;
            if !(hook && matches!(target, Target::Group(_))) {
                monitor.killed_own |= monitor.stop.is_some();
                let of = |watch: &&mut Watch| {
                    watch.main == Some(pid.get()) || watch.group == Some(pid.get())
                };
                if let Some(watch) = monitor.seen.iter_mut().find(of) {
                    watch.killed = true;
                }
            }
        }
        for pid in reached {
            Monitor::check_killed(world, pid, target);
            world.monitor.killed.insert(pid);
        }
        for hook in &mut world.monitor.hooks {
            if let HookSeen::Runs(pid, _) = *hook
                && target == Target::Group(Pid::new(pid))
            {
                *hook = HookSeen::Killed(pid, world.now);
            }
        }
    }

    fn check_killed(world: &mut World, pid: i32, target: Target) {
        let slow = world.case.slow;
        let World {
            monitor,
            sup,
            kernel,
            now,
            case,
            ..
        } = world;
        let plan = sup.plan();
        let proc = &kernel.procs[&pid];
        let enforced = monitor.stop.as_ref().is_none_or(|stop| stop.enforced);
        let over = monitor.forced.is_some()
            || monitor.end(sup).is_some_and(|end| end <= now.after(SETTLE))
            || (enforced && monitor.haste > 0);
        match proc.origin {
            Origin::Service(origin) => {
                // What a service took for its main process has the time of that service.
                let takes = |watch: &Watch| watch.main == Some(pid) && watch.status.is_none();
                let service = match target {
                    Target::Process(_) => monitor.seen.iter().position(takes).unwrap_or(origin),
                    Target::Group(_) | Target::Namespace => origin,
                };
                let id = ServiceId(service);
                let mode = plan.service(id).kill_mode;
                let main = monitor.seen[service].main;
                let group = monitor.seen[service].group;
                monitor.killed_own |= monitor.stop.is_some();
                monitor.seen[service].killed = true;
                // One that has no time at all is told, killed and down in one breath.
                let stops = monitor.seen[service].stopping.is_some()
                    || monitor.stop.is_some()
                    || sup.budget().alone(id).is_zero();
                monitor.expect(stops, || {
                    format!("SIGKILL to {pid} although nobody stops it")
                });
                // Where nobody can look, a pidfile that names another service's daemon is believed.
                let mistaken = !case.proc && main != Some(pid) && {
                    let mains = monitor.seen.iter().filter_map(|watch| watch.main);
                    mains.into_iter().any(|other| other == pid)
                };
                match mode {
                    _ if mistaken || !monitor.seen[service].adopted => {}
                    _ if group.is_none() => {}
                    KillMode::Process => monitor
                        .expect(main == Some(pid) || monitor.down.is_some(), || {
                            format!("SIGKILL to {pid} in process mode")
                        }),
                    KillMode::Group => monitor
                        .expect(Some(proc.group) == group || monitor.down.is_some(), || {
                            format!("SIGKILL to {pid} in group mode")
                        }),
                    KillMode::Auto | KillMode::Main => {}
                }
                let watch = &monitor.seen[service];
                let promised = match watch.stopping {
                    Some(_) => watch.enforced,
                    None => enforced || plan.service(id).stop_timeout.is_some(),
                };
                let due = monitor.seen[service].due.is_none_or(|due| due <= *now)
                    || slow
                    || monitor.haste > 0;
                monitor.expect(over || (promised && due), || {
                    format!("SIGKILL to {pid} before its time-out")
                });
            }
            // It had its time when it had a place in a plan.
            Origin::Gone => monitor.killed_own |= monitor.down.is_some(),
            Origin::Stranger => {
                let second = monitor
                    .down
                    .is_some_and(|down| down.after(Duration::from_secs(1)) <= *now);
                monitor.expect(target == Target::Namespace, || {
                    format!("SIGKILL to stranger {pid}")
                });
                monitor.expect(second || over || monitor.haste > 0, || {
                    format!("SIGKILL to stranger {pid} within a second")
                });
            }
            Origin::Hook(hook) => {
                // Its own limit sends SIGKILL to its group; anything else is the sweep's.
                monitor.killed_own |= !matches!(target, Target::Group(_));
                let (HookSeen::Asked(since) | HookSeen::Runs(_, since)) = monitor.hooks[hook]
                else {
                    return;
                };
                // Nobody wants an answer from a service that has gone, or is ready.
                let cancelled = match plan.hooks()[hook].moment {
                    HookMoment::Of(_, ServiceMoment::PreStop | ServiceMoment::PostStop)
                    | HookMoment::PreStop
                    | HookMoment::PostStop
                    | HookMoment::OnSignal(_) => false,
                    HookMoment::Of(id, ServiceMoment::PreStart) => {
                        let watch = &monitor.seen[id.0];
                        watch.goes || !watch.wanted
                    }
                    HookMoment::Of(_, _) => true,
                };
                let own = plan.hooks()[hook].timeout;
                let limit = match monitor.stop.as_ref().filter(|stop| stop.began <= since) {
                    Some(_) => sup.budget().hook(HookId(hook)),
                    None => own.unwrap_or(HOOK_TIME),
                };
                let cut = monitor
                    .stop
                    .as_ref()
                    .is_some_and(|stop| since <= stop.began);
                let due = since.after(limit) <= *now || monitor.haste > 0;
                let clipped = monitor
                    .end(sup)
                    .is_some_and(|end| match plan.hooks()[hook].moment {
                        HookMoment::Of(id, _) => {
                            end.before(sup.budget().reserve(id))
                                <= now.after(SETTLE + sup.budget().timeout(id))
                        }
                        HookMoment::PreStop | HookMoment::PostStop | HookMoment::OnSignal(_) => {
                            end <= now.after(SETTLE)
                        }
                    });
                monitor.expect(due || clipped || slow || cancelled || cut, || {
                    format!("SIGKILL to hook {hook} before its time-out")
                });
            }
        }
    }
}
