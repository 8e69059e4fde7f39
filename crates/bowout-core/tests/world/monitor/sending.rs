//! Watches what is sent, started and run: to whom, when, and in which order.

use super::noting::begins_stop;
use super::{HookSeen, Monitor, Watch};
use crate::world::World;
use crate::world::asking::STALE;
use crate::world::kernel::Origin;
use bowout_core::action::Target;
use bowout_core::event::{Command, Event};
use bowout_core::plan::{ForwardTo, HookMoment, KillMode, Kind, Leftovers, ServiceId, Sweep};
use bowout_core::service::State;
use bowout_core::{Action, Pid, Signal};

impl Monitor {
    pub(super) fn check_actions(
        world: &mut World,
        event: &Event,
        actions: &[Action],
        was_down: bool,
    ) {
        for (index, action) in actions.iter().enumerate() {
            world.monitor.still_up = actions[index..].iter().any(begins_stop);
            match action {
                Action::Spawn { service } => Monitor::check_spawn(world, *service),
                Action::RunHook { hook, time } => Monitor::check_hook(world, hook.0, *time),
                Action::Tell(note) => Monitor::check_note(world, event, note),
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
                    left: None,
                } if !was_down && *target != Target::Namespace => {
                    Monitor::check_plain_signal(world, event, *target, *signal);
                }
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
                | Action::Suspend => {}
                Action::Finish { .. } => {
                    world.monitor.expect(index + 1 == actions.len(), || {
                        "something follows Finish".into()
                    });
                }
            }
        }
    }

    /// A signal that is no stop: somebody asked for it, or a hook is not wanted any more.
    fn check_plain_signal(world: &mut World, event: &Event, target: Target, signal: Signal) {
        let World { monitor, sup, .. } = world;
        let plan = sup.plan();
        let asked: Vec<(ServiceId, Signal)> = match event {
            Event::Commanded(Command::Signal(id, signal)) => vec![(*id, *signal)],
            Event::Commanded(Command::Reload(id)) => vec![(*id, plan.service(*id).reload.signal)],
            Event::SignalReceived(received) => {
                let rule = plan.signals().rules.get(&received.signal);
                let services = rule.map_or(&[][..], |rule| &rule.reload);
                let signal = |id: &ServiceId| (*id, plan.service(*id).reload.signal);
                services.iter().map(signal).collect()
            }
            _ => Vec::new(),
        };
        let is_asked = asked.iter().any(|(id, sent)| {
            let main = monitor.seen[id.0].main.map(Pid::new);
            *sent == signal && main.is_some() && pid_of(target) == main
        });
        let to_hook = monitor.hooks.iter().any(|hook| match hook {
            HookSeen::Runs(pid, _) => target == Target::Group(Pid::new(*pid)),
            HookSeen::Idle | HookSeen::Asked(_) | HookSeen::Killed(..) | HookSeen::Ended => false,
        });
        monitor.expect(is_asked || (to_hook && signal == Signal::TERM), || {
            format!("{signal} to {target:?}, and nobody asked for it")
        });
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
        let by = |own: fn(&Watch) -> Option<i32>| {
            monitor
                .seen
                .iter()
                .position(|watch| own(watch) == Some(pid))
        };
        let lives = |watch: &Watch| watch.main.filter(|_| watch.status.is_none());
        // What a service took for its own counts as that.
        let by_main = by(lives)
            .or(by(|watch| watch.main))
            .or(by(|watch| watch.group));
        let service = match known {
            Some(Origin::Service(service)) => by(lives).unwrap_or(service),
            Some(Origin::Stranger) => return monitor.broken(format!("stranger {pid} is told")),
            // What a hook leaves behind is bowout's own, and with one service its.
            Some(Origin::Hook(_) | Origin::Gone) => {
                return monitor.told.entry(pid).or_default().push(signal);
            }
            None => match by_main {
                Some(service) => service,
                None => return,
            },
        };
        let mode = plan.service(ServiceId(service)).kill_mode;
        let main_lives = monitor.seen[service]
            .main
            .is_some_and(|main| kernel.living().any(|(pid, _)| pid == main));
        let is_group =
            monitor.seen[service].group == Some(pid) && target != Target::Process(Pid::new(pid));
        let is_main = monitor.seen[service].main == Some(pid) || is_group;
        // Once the main process of one of many services is gone, the others are told.
        let to_main = is_main && matches!(target, Target::Process(_));
        let left_behind = mode == KillMode::Main && !main_lives && !to_main && !plan.is_command();
        let mode = if left_behind { KillMode::Auto } else { mode };
        match mode {
            // Before its daemon is known all are looked for.
            _ if !monitor.seen[service].adopted => {}
            // Nobody can see its group.
            _ if monitor.seen[service].group.is_none() => {}
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
        let main = monitor.seen[service].main.filter(|_| is_group);
        let told = monitor.told.entry(main.unwrap_or(pid)).or_default();
        let again = told.contains(&signal);
        told.push(signal);
        // Without /proc those are its group, which has the number of the main process that was told.
        monitor.expect(!again || left_behind, || {
            format!("{pid} is told {signal} twice")
        });
        if main_lives && is_main {
            let asked = monitor.stop.is_some() || monitor.seen[service].goes;
            monitor.expect(asked, || {
                format!("service {service} is told, and nobody asked for that")
            });
        }
        if main_lives && is_main && monitor.stop.is_some() && !monitor.seen[service].left_before {
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
        // Below a daemon that nobody can tell from another's, neither can its processes be.
        let forks = |id| matches!(plan.service(id).kind, Kind::Forking { .. });
        let unclear = !case.hints && !is_main && plan.ids().any(forks);
        let counts = monitor.haste == 0 && !unclear;
        if let Some(due) = monitor.seen[service].due.filter(|_| counts) {
            let expected = u32::try_from(due.since(now).as_millis()).unwrap();
            monitor.expect(left == Some(expected), || {
                format!("{pid} is told {left:?} ms are left instead of {expected}")
            });
        }
    }

    /// Only PID 1 signals everybody, and only when its services are down.
    pub(super) fn check_sweep_signal(world: &mut World) {
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
        let target = |main: i32, group: Option<i32>| match plan.signals().forward {
            ForwardTo::Main => Target::Process(Pid::new(main)),
            ForwardTo::Group => Target::Group(Pid::new(group.unwrap_or(main))),
        };
        let mut expected = Vec::new();
        let rule = plan.signals().rules.get(&signal);
        let receivers: Vec<ServiceId> = match rule {
            Some(rule) => rule.forward.clone(),
            None => plan
                .ids()
                .filter(|id| plan.service(*id).essential && !ruled)
                .collect(),
        };
        for id in receivers {
            // One that even SIGKILL did not end is given up.
            let up = sup.service(id).group().is_some();
            let main = monitor.seen[id.0]
                .main
                .filter(|pid| up && (kernel.procs.contains_key(pid) || *pid == STALE));
            expected.extend(main.zip(sent_as).map(|(main, signal)| Action::Forward {
                target: target(main, monitor.seen[id.0].group),
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
