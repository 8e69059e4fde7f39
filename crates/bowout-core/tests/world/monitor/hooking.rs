//! Watches hooks: each at its moment, in order, one at a time, and for no longer than it may.

use super::{HookSeen, Monitor, SETTLE};
use crate::world::World;
use crate::world::kernel::Proc;
use bowout_core::plan::budget::HOOK_TIME;
use bowout_core::plan::{HookId, HookMoment, ServiceId, ServiceMoment};
use bowout_core::service::State;
use std::time::Duration;

impl Monitor {
    pub(super) fn is_running(&self, hook: usize) -> bool {
        match self.hooks[hook] {
            HookSeen::Asked(_) | HookSeen::Runs(..) | HookSeen::Killed(..) => true,
            HookSeen::Idle | HookSeen::Ended => false,
        }
    }

    pub(super) fn check_hook(world: &mut World, hook: usize, time: Option<Duration>) {
        let World {
            monitor, sup, now, ..
        } = world;
        let moment = sup.plan().hooks()[hook].moment;
        let idle = matches!(monitor.hooks[hook], HookSeen::Idle);
        let running = |seen: &HookSeen| match seen {
            HookSeen::Asked(_) | HookSeen::Runs(..) => true,
            HookSeen::Killed(_, at) => at.after(SETTLE) > *now,
            HookSeen::Idle | HookSeen::Ended => false,
        };
        let one = !monitor
            .hooks
            .iter()
            .zip(sup.plan().hooks())
            .any(|(seen, other)| other.moment == moment && running(seen));
        let itself = running(&monitor.hooks[hook]);
        monitor.expect(!itself, || format!("hook {hook} runs twice at a time"));
        match moment {
            HookMoment::PreStop => {
                monitor.expect(idle && one && monitor.stop.is_some(), || {
                    "a pre_stop hook runs twice, or beside another".into()
                });
                let told = monitor.seen.iter().any(|watch| {
                    let main = watch.main.and_then(|pid| world.kernel.procs.get(&pid));
                    let told = watch.stopping.is_some() && !watch.left_before;
                    told && main.is_some_and(Proc::lives)
                });
                monitor.expect(!told, || {
                    "a pre_stop hook runs after somebody was told".into()
                });
            }
            HookMoment::PostStop => {
                monitor.expect(idle && one, || {
                    "a post_stop hook runs twice, or beside another".into()
                });
                monitor.expect(monitor.down.is_some(), || {
                    "a post_stop hook runs before all services are down".into()
                });
            }
            HookMoment::Of(id, moment) => {
                let leaves = matches!(moment, ServiceMoment::PreStop | ServiceMoment::PostStop);
                let stop = monitor.stop.is_some() && (leaves || !monitor.still_up);
                let most = match stop {
                    true => sup.budget().hook(HookId(hook)),
                    false => sup.plan().hooks()[hook].timeout.unwrap_or(HOOK_TIME),
                };
                let given = time.is_some_and(|time| {
                    let exact = !stop && moment != ServiceMoment::Stop;
                    if exact { time == most } else { time <= most }
                });
                monitor.expect(given || moment == ServiceMoment::Stop, || {
                    format!("hook {hook} has {time:?} instead of {most:?}")
                });
                Monitor::check_service_hook(world, (id, moment), hook, one, stop);
            }
            HookMoment::OnSignal(_) => {}
        }
        world.monitor.hooks[hook] = HookSeen::Asked(world.now);
    }

    /// A hook of a service runs at its moment, once in a life, and in its order.
    fn check_service_hook(
        world: &mut World,
        (id, moment): (ServiceId, ServiceMoment),
        hook: usize,
        one: bool,
        stop: bool,
    ) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            ..
        } = world;
        let plan = sup.plan();
        let place = plan
            .hooks_at(HookMoment::Of(id, moment))
            .position(|other| other.0 == hook);
        let watch = &mut monitor.seen[id.0];
        let main = watch.main.and_then(|pid| kernel.procs.get(&pid));
        let lives = main.is_some_and(Proc::lives);
        let runs = watch.adopted && watch.main.is_some() && watch.status.is_none();
        let said = match moment {
            ServiceMoment::PreStart => {
                if place == Some(0) {
                    // It is the first of another start.
                    watch.hooks[0] = 0;
                }
                let next = core::mem::replace(&mut watch.hooks[0], place.map_or(0, |at| at + 1));
                let kept = place == Some(next) && one && !stop;
                if place == Some(0) {
                    Monitor::check_begin(world, id);
                }
                kept
            }
            ServiceMoment::PostStart => {
                // They do not wait for each other: one whose earlier run is still dying comes later.
                let bit = place.map_or(0, |at| 1 << at);
                let first = bit & !watch.hooks[3] != 0;
                watch.hooks[3] |= bit;
                first && runs && watch.was_ready && !stop
            }
            ServiceMoment::Readiness => runs && !watch.ready && !stop,
            ServiceMoment::Liveness => runs && watch.was_ready && !stop,
            ServiceMoment::Reload => runs && !stop,
            ServiceMoment::PreStop => {
                let next = core::mem::replace(&mut watch.hooks[1], place.map_or(0, |at| at + 1));
                let told = watch.stopping.is_some();
                place == Some(next) && one && !told && (watch.goes || stop)
            }
            ServiceMoment::Stop => watch.stopping == Some(*now) && (watch.goes || stop),
            ServiceMoment::PostStop => {
                let next = core::mem::replace(&mut watch.hooks[2], place.map_or(0, |at| at + 1));
                let down = matches!(sup.service(id).state, State::PostStop(_));
                let left = lives && !main.is_some_and(Proc::is_doomed);
                place == Some(next) && one && down && !left
            }
        };
        world.monitor.expect(said, || {
            format!("the {moment:?} hook {hook} of {id:?} runs out of turn")
        });
    }
}
