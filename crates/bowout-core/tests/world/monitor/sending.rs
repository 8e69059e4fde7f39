//! Watches what is sent, started and run: to whom, when, and in which order.

use super::{HookSeen, Monitor, SETTLE, Watch};
use crate::world::World;
use crate::world::kernel::Origin;
use bowout_core::action::Target;
use bowout_core::event::Event;
use bowout_core::plan::{ForwardTo, HookMoment, KillMode, Leftovers, ServiceId, Sweep};
use bowout_core::service::State;
use bowout_core::{Action, Pid, Signal};
use std::time::Duration;

impl Monitor {
    pub(super) fn check_actions(world: &mut World, actions: &[Action], was_down: bool) {
        for (index, action) in actions.iter().enumerate() {
            match action {
                Action::Spawn { service } => Monitor::check_spawn(world, *service),
                Action::RunHook { hook, .. } => Monitor::check_hook(world, hook.0),
                Action::Signal {
                    signal,
                    target,
                    left: None,
                } if *signal == Signal::KILL => {
                    Monitor::check_kill(world, *target);
                }
                Action::Signal { signal, .. } if *signal == Signal::CONT => {}
                Action::Signal {
                    target,
                    signal,
                    left,
                } => {
                    let next = actions.get(index + 1);
                    let cont = Action::Signal {
                        target: *target,
                        signal: Signal::CONT,
                        left: None,
                    };
                    // Those who outlive a command that nobody waits beyond are told, and left.
                    let (sup, receiver) = (&world.sup, pid_of(*target));
                    let is_main = sup
                        .plan()
                        .ids()
                        .any(|id| sup.service(id).main() == receiver);
                    let left_to_themselves =
                        sup.plan().stop().leftovers == Leftovers::Leave && !is_main;
                    world
                        .monitor
                        .expect(next == Some(&cont) || left_to_themselves, || {
                            format!("{signal} to {target:?} without SIGCONT after it")
                        });
                    Monitor::check_stop_signal(world, *target, *signal, *left, was_down);
                }
                Action::Forward { .. }
                | Action::Survey { .. }
                | Action::ReadPidfile { .. }
                | Action::Extended { .. }
                | Action::ReadConfig
                | Action::Install
                | Action::Suspend
                | Action::Tell(_) => {}
                Action::Finish { .. } => {
                    world.monitor.expect(index + 1 == actions.len(), || {
                        "something follows Finish".into()
                    });
                }
            }
        }
    }

    fn check_spawn(world: &mut World, service: ServiceId) {
        let World {
            monitor,
            sup,
            kernel,
            ..
        } = world;
        let plan = sup.plan();
        let started = plan
            .graph()
            .dependencies(service)
            .iter()
            .all(|on| monitor.seen[on.0].main.is_some());
        monitor.expect(started, || {
            format!("{service:?} is started before what it depends on")
        });
        monitor.expect(monitor.stop.is_none(), || {
            format!("{service:?} is started during a stop")
        });
        let twice = monitor.seen[service.0]
            .main
            .is_some_and(|pid| kernel.procs.contains_key(&pid));
        monitor.expect(!twice, || format!("{service:?} is started twice"));
    }

    fn check_hook(world: &mut World, hook: usize) {
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
        match moment {
            HookMoment::PreStop => {
                monitor.expect(idle && one && monitor.stop.is_some(), || {
                    "a pre_stop hook runs twice, or beside another".into()
                });
                monitor.expect(
                    monitor.seen.iter().all(|watch| {
                        watch.stopping.is_none()
                            || watch.main.is_none_or(|pid| {
                                !world
                                    .kernel
                                    .procs
                                    .get(&pid)
                                    .is_some_and(super::super::kernel::Proc::lives)
                            })
                    }),
                    || "a pre_stop hook runs after somebody was told".into(),
                );
            }
            HookMoment::PostStop => {
                monitor.expect(idle && one, || {
                    "a post_stop hook runs twice, or beside another".into()
                });
                monitor.expect(monitor.down.is_some(), || {
                    "a post_stop hook runs before all services are down".into()
                });
            }
            HookMoment::Of(..) => {}
            HookMoment::OnSignal(_) => {}
        }
        monitor.hooks[hook] = HookSeen::Asked(*now);
    }

    fn check_stop_signal(
        world: &mut World,
        target: Target,
        signal: Signal,
        left: Option<u32>,
        was_down: bool,
    ) {
        let now = world.now;
        if target == Target::Namespace {
            return Monitor::check_sweep_signal(world);
        }
        let (Target::Process(pid) | Target::Group(pid)) = target else {
            return;
        };
        let pid = pid.get();
        if was_down {
            let stranger = world
                .kernel
                .procs
                .get(&pid)
                .is_some_and(|proc| proc.origin == Origin::Stranger);
            return world.monitor.expect(!stranger, || {
                format!("stranger {pid} is told by one who is not PID 1")
            });
        }
        let World {
            monitor,
            sup,
            kernel,
            case,
            ..
        } = world;
        let plan = sup.plan();
        let known = kernel.procs.get(&pid).map(|proc| proc.origin);
        let by_main = monitor
            .seen
            .iter()
            .position(|watch| watch.main == Some(pid));
        let service = match known {
            Some(Origin::Service(service)) => service,
            Some(Origin::Stranger) => return monitor.broken(format!("stranger {pid} is told")),
            // What a hook leaves behind is bowout's own, and with one service its.
            Some(Origin::Hook(_)) => return monitor.told.entry(pid).or_default().push(signal),
            None => match by_main {
                Some(service) => service,
                None => return,
            },
        };
        let mode = plan.service(ServiceId(service)).kill_mode;
        let main_lives = monitor.seen[service]
            .main
            .is_some_and(|main| kernel.living().any(|(pid, _)| pid == main));
        let is_main = monitor.seen[service].main == Some(pid);
        // Once the main process of one of many services is gone, the others are told.
        let to_main = is_main && matches!(target, Target::Process(_));
        let left_behind = mode == KillMode::Main && !main_lives && !to_main && !plan.is_command();
        let mode = if left_behind { KillMode::Auto } else { mode };
        match mode {
            KillMode::Main | KillMode::Process => {
                monitor.expect(is_main && matches!(target, Target::Process(_)), || {
                    format!("{signal} to {target:?} in {mode:?}")
                });
            }
            KillMode::Group => monitor
                .expect(is_main && matches!(target, Target::Group(_)), || {
                    format!("{signal} to {target:?} in {mode:?}")
                }),
            KillMode::Auto => monitor
                .expect(case.proc == matches!(target, Target::Process(_)), || {
                    format!("{signal} to {target:?} in {mode:?}")
                }),
        }
        let told = monitor.told.entry(pid).or_default();
        let again = told.contains(&signal);
        told.push(signal);
        // Without /proc those are its group, which has the number of the main process that was told.
        monitor.expect(!again || left_behind, || {
            format!("{pid} is told {signal} twice")
        });
        if main_lives && is_main {
            let up = |other: &usize| {
                let main = monitor.seen[*other].main;
                !matches!(sup.service(ServiceId(*other)).state, State::Ended(_))
                    && main.is_some_and(|main| {
                        kernel.living().any(|(pid, _)| pid == main)
                            && !monitor.killed.contains(&main)
                    })
            };
            let first = Monitor::dependents_of(plan, service).into_iter().find(up);
            monitor.expect(first.is_none(), || {
                format!("service {service} is told before its dependent {first:?} is down")
            });
            let hooked = monitor.pre_stop_over.is_some_and(|over| {
                monitor.undrained || monitor.haste > 0 || now >= over.after(sup.budget().drain)
            });
            monitor.expect(hooked, || {
                format!("service {service} is told before hooks and drain are over")
            });
        }
        if let Some(due) = monitor.seen[service].due.filter(|_| monitor.haste == 0) {
            let expected = u32::try_from(due.since(now).as_millis()).unwrap();
            monitor.expect(left == Some(expected), || {
                format!("{pid} is told {left:?} ms are left instead of {expected}")
            });
        }
    }

    /// Only PID 1 signals everybody, and only when its services are down.
    fn check_sweep_signal(world: &mut World) {
        let World {
            monitor, sup, now, ..
        } = world;
        monitor.swept.get_or_insert(*now);
        monitor.expect(sup.plan().stop().sweep == Sweep::Namespace, || {
            "kill(-1) by one who is not PID 1".into()
        });
        let down = monitor.down.is_some() || monitor.end(sup).is_some_and(|end| end <= *now);
        monitor.expect(down, || "kill(-1) before all services are down".into());
        let hooks_over = sup.plan().hooks_at(HookMoment::PostStop).all(|hook| {
            matches!(
                monitor.hooks[hook.0],
                HookSeen::Ended | HookSeen::Killed(..)
            ) || monitor.haste == 2
        });
        monitor.expect(hooks_over, || {
            "the sweep begins before the post_stop hooks are over".into()
        });
    }

    fn check_kill(world: &mut World, target: Target) {
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
                let of = |watch: &&mut Watch| watch.main == Some(pid.get());
                if let Some(watch) = monitor.seen.iter_mut().find(of) {
                    watch.killed = true;
                }
            }
        }
        for pid in reached {
            Monitor::check_killed(world, pid, target);
            world.monitor.killed.insert(pid);
        }
    }

    fn check_killed(world: &mut World, pid: i32, target: Target) {
        let slow = world.case.slow;
        let World {
            monitor,
            sup,
            kernel,
            now,
            ..
        } = world;
        let plan = sup.plan();
        let proc = &kernel.procs[&pid];
        let enforced = monitor.stop.as_ref().is_none_or(|stop| stop.enforced);
        let over = monitor.forced.is_some()
            || monitor.end(sup).is_some_and(|end| end <= now.after(SETTLE))
            || (enforced && monitor.haste > 0);
        match proc.origin {
            Origin::Service(service) => {
                let id = ServiceId(service);
                let mode = plan.service(id).kill_mode;
                let main = monitor.seen[service].main;
                monitor.killed_own |= monitor.stop.is_some();
                monitor.seen[service].killed = true;
                // One that has no time at all is told, killed and down in one breath.
                let stops = monitor.seen[service].stopping.is_some()
                    || monitor.stop.is_some()
                    || sup.budget().alone(id).is_zero();
                monitor.expect(stops, || {
                    format!("SIGKILL to {pid} although nobody stops it")
                });
                match mode {
                    KillMode::Process => monitor
                        .expect(main == Some(pid) || monitor.down.is_some(), || {
                            format!("SIGKILL to {pid} in process mode")
                        }),
                    KillMode::Group => monitor
                        .expect(Some(proc.group) == main || monitor.down.is_some(), || {
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
                let limit = sup.budget().hook(bowout_core::plan::HookId(hook));
                let (HookSeen::Asked(since) | HookSeen::Runs(_, since)) = monitor.hooks[hook]
                else {
                    return;
                };
                let due = since.after(limit) <= *now || monitor.haste > 0;
                let clipped = monitor.end(sup).is_some_and(|end| end <= now.after(SETTLE));
                monitor.expect(due || clipped || slow, || {
                    format!("SIGKILL to hook {hook} before its time-out")
                });
            }
        }
    }

    /// A signal without a rule goes to the main process of each essential service, value and all.
    pub(super) fn check_forward(world: &mut World, event: &Event, actions: &[Action]) {
        let World {
            monitor,
            sup,
            kernel,
            ..
        } = world;
        let plan = sup.plan();
        let forwards: Vec<&Action> = actions
            .iter()
            .filter(|action| matches!(action, Action::Forward { .. }))
            .collect();
        let Event::SignalReceived(received) = event else {
            return monitor.expect(forwards.is_empty(), || {
                "a signal is forwarded that did not come".into()
            });
        };
        let signal = received.signal;
        let sent_as = plan
            .signals()
            .rewrite
            .get(&signal)
            .copied()
            .unwrap_or(Some(signal));
        let ruled = plan.signals().swallow.contains(signal)
            || plan.stop().on.contains(signal)
            || plan.hooks_at(HookMoment::OnSignal(signal)).next().is_some();
        let target = |main: i32| match plan.signals().forward {
            ForwardTo::Main => Target::Process(Pid::new(main)),
            ForwardTo::Group => Target::Group(Pid::new(main)),
        };
        let mut expected = Vec::new();
        for id in plan
            .ids()
            .filter(|id| plan.service(*id).essential && !ruled)
        {
            let up = !sup.service(id).is_down();
            let main = monitor.seen[id.0]
                .main
                .filter(|pid| up && kernel.procs.contains_key(pid));
            expected.extend(main.zip(sent_as).map(|(main, signal)| Action::Forward {
                target: target(main),
                signal,
                received: *received,
            }));
        }
        let same = forwards
            .iter()
            .map(|action| (*action).clone())
            .collect::<Vec<_>>()
            == expected;
        monitor.expect(same || sup.is_finished(), || {
            format!("{signal} is forwarded as {forwards:?}, expected {expected:?}")
        });
    }
}

fn pid_of(target: Target) -> Option<Pid> {
    match target {
        Target::Process(pid) | Target::Group(pid) => Some(pid),
        Target::Namespace => None,
    }
}
