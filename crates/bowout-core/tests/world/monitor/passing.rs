//! Watches moments at which nothing is bound to happen any more, before time passes.

use super::{HookSeen, Monitor, SETTLE, UNSEEN};
use crate::world::World;
use crate::world::kernel::Origin;
use bowout_core::event::Event;
use bowout_core::plan::{KillMode, Leftovers, ServiceId, Sweep};
use bowout_core::service::{End, State};
use bowout_core::{Action, Instant};
use std::time::Duration;

/// How often those are looked at who are nobody's children here.
const STRANGERS: Duration = Duration::from_millis(50);

impl Monitor {
    /// No busy loop: a deadline that was kept lies in the future, unless it led to something.
    pub(super) fn check_rest(world: &mut World, event: &Event, actions: &[Action]) {
        let World {
            monitor, sup, now, ..
        } = world;
        let idle = !actions
            .iter()
            .any(|action| !matches!(action, Action::Survey { .. }));
        match event {
            // Once, a stage may end and leave to the next what is due at the same moment.
            Event::DeadlineReached => {
                let past = actions.is_empty() && sup.deadline().is_some_and(|at| at <= *now);
                monitor.overdue = if past { monitor.overdue + 1 } else { 0 };
                monitor.expect(monitor.overdue < 2, || {
                    "the deadline stays in the past".into()
                });
                monitor.idle = 0;
            }
            Event::Surveyed(_) if idle => monitor.idle += 1,
            Event::Surveyed(_) => monitor.idle = 0,
            _ => monitor.idle = 0,
        }
        monitor.expect(monitor.idle <= 3, || {
            "surveys follow each other although nothing happens".into()
        });
    }

    /// Nothing will happen before `to`.
    pub(crate) fn time_passes(world: &mut World, to: Instant) {
        if to <= world.now {
            return;
        }
        let late = world.case.late;
        let World { monitor, sup, .. } = world;
        monitor.idle = 0;
        if monitor.stop.is_none() {
            return Monitor::time_passes_up(world, to);
        }
        if let Some(end) = monitor.end(sup) {
            monitor.expect(to <= end.after(late), || {
                format!("bowout is there at {to:?}, after its end at {end:?}")
            });
        }
        if world.case.slow && !world.answers.is_empty() {
            return;
        }
        if !world.case.slow {
            Monitor::check_nobody_left(world, to);
            Monitor::check_strangers(world);
        }
        for id in sup_ids(world) {
            Monitor::check_service_at_rest(world, id);
        }
    }

    /// While services are wanted: whoever can start is started, and nobody waits in vain.
    pub(crate) fn at_rest(world: &mut World) {
        let World {
            monitor,
            sup,
            kernel,
            ..
        } = world;
        if monitor.stop.is_some() || !monitor.up {
            return;
        }
        let plan = sup.plan();
        for id in plan.ids() {
            let service = sup.service(id);
            if let State::Running(run) = &service.state {
                let same = run.ready == monitor.seen[id.0].ready;
                monitor.expect(same, || format!("{id:?} is taken for ready: {}", run.ready));
            }
            let watch = &monitor.seen[id.0];
            let waits = matches!(service.state, State::Waiting) && watch.wanted && !watch.retiring;
            let (mut may, mut never) = (true, false);
            for dependency in &plan.service(id).depends_on {
                let on = sup.service(dependency.on);
                if !on.satisfies(dependency.condition, plan.service(dependency.on).kind) {
                    may = false;
                    let over = matches!(on.state, State::Ended(End::Completed | End::Failed));
                    never |= over && !monitor.seen[dependency.on.0].retiring;
                }
            }
            monitor.expect(!(waits && may), || format!("{id:?} is not started"));
            monitor.expect(!(waits && never), || format!("{id:?} waits in vain"));
        }
        // Somebody may want again what somebody has stopped.
        let stopped = monitor.seen.iter().any(|watch| !watch.wanted);
        let alive = kernel.living().next().is_some() || sup.deadline().is_some();
        monitor.expect(alive || stopped, || {
            "nobody is there, and nothing happens".into()
        });
    }

    /// While services are wanted: whoever has to go goes, and whoever is late is seen to be.
    fn time_passes_up(world: &mut World, to: Instant) {
        if world.case.slow && !world.answers.is_empty() {
            return;
        }
        for id in sup_ids(world) {
            let World { monitor, sup, .. } = world;
            let watch = &monitor.seen[id.0];
            let late = |by: Option<Instant>| by.is_some_and(|by| by < to);
            match &sup.service(id).state {
                State::Launching(_) | State::Adopting(_) | State::Running(_) => {
                    let stays = watch.goes && !watch.retiring;
                    let late = late(watch.ready_by) || late(watch.pet_by);
                    monitor.expect(!stays, || format!("{id:?} is not taken down"));
                    monitor.expect(!late, || format!("{id:?} is late, and goes on"));
                }
                State::Stopping(_) => Monitor::check_service_at_rest(world, id),
                State::Waiting
                | State::PreStart(_)
                | State::Starting
                | State::PreStop(_)
                | State::PostStop(_)
                | State::Backoff { .. }
                | State::Ended(_) => {}
            }
        }
    }

    /// At once when nothing is left.
    fn check_nobody_left(world: &mut World, to: Instant) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            case,
            ..
        } = world;
        let stop = sup.plan().stop();
        let hooks = monitor.hooks.iter().any(|hook| match hook {
            HookSeen::Asked(_) | HookSeen::Runs(..) => true,
            HookSeen::Killed(_, at) => *now < at.after(SETTLE),
            HookSeen::Idle | HookSeen::Ended => false,
        });
        let process_mode = sup.plan().is_command()
            && sup.plan().service(ServiceId(0)).kill_mode == KillMode::Process;
        let only_main = process_mode || stop.leftovers == Leftovers::Leave;
        let waited = kernel.living().any(|(pid, proc)| match proc.origin {
            Origin::Stranger => stop.sweep == Sweep::Namespace && !only_main,
            Origin::Service(service) => !only_main || monitor.seen[service].main == Some(pid),
            Origin::Hook(_) => true,
            Origin::Gone => !only_main,
        });
        // A second look is taken before a daemon is given up.
        let adopts = |id| matches!(sup.service(id).state, State::Adopting(_));
        let looks = sup.plan().ids().any(adopts) && to <= now.after(Duration::from_millis(50));
        if hooks || waited || looks || !world.answers.is_empty() {
            return;
        }
        let strangers = !case.strangers.is_empty() && stop.sweep == Sweep::Namespace;
        // Who is nobody's child here is not seen to end but by looking.
        let settled = Duration::from_secs(1) + SETTLE;
        let unseen = match case.proc {
            true => monitor
                .stranger_ended
                .is_some_and(|at| to <= at.after(STRANGERS)),
            false => monitor
                .stranger_ended
                .max(monitor.swept)
                .is_none_or(|at| to <= at.after(settled)),
        };
        monitor.expect(strangers && unseen, || {
            "nobody is left, and bowout stays".into()
        });
    }

    /// A shell from outside that ignores SIGTERM costs a second, and not the grace period.
    fn check_strangers(world: &mut World) {
        let World {
            monitor,
            kernel,
            now,
            ..
        } = world;
        let own = kernel
            .living()
            .any(|(_, proc)| proc.origin != Origin::Stranger);
        if own || monitor.swept.is_none() {
            monitor.only_strangers = None;
            return;
        }
        let since = *monitor.only_strangers.get_or_insert(*now);
        let left = kernel
            .living()
            .find(|(pid, _)| !monitor.killed.contains(pid));
        let in_time = *now <= since.after(Duration::from_secs(1) + STRANGERS);
        monitor.expect(left.is_none() || in_time, || {
            "a stranger costs more than a second".into()
        });
    }

    fn check_service_at_rest(world: &mut World, id: ServiceId) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            case,
            ..
        } = world;
        let plan = sup.plan();
        let service = &sup.service(id);
        let main = monitor.seen[id.0].main.filter(|pid| {
            kernel
                .procs
                .get(pid)
                .is_some_and(super::super::kernel::Proc::lives)
        });
        match &service.state {
            State::Waiting | State::Backoff { .. } => {
                monitor.broken(format!("{id:?} waits for its start during a stop"))
            }
            State::Running(_) => {
                let drained = monitor.pre_stop_over.is_some_and(|over| {
                    *now >= over.after(sup.budget().drain) || monitor.haste > 0 || monitor.undrained
                });
                let held = Monitor::dependents_of(plan, id.0)
                    .into_iter()
                    .any(|other| !sup.service(ServiceId(other)).is_down());
                monitor.expect(held || !drained, || {
                    format!("{id:?} is not told, and nothing holds it")
                });
            }
            State::Stopping(_) => {
                let held = monitor.seen[id.0].held.is_some_and(|until| *now < until);
                if let Some(main) = main.filter(|_| !held) {
                    let reached =
                        monitor.told.contains_key(&main) || monitor.killed.contains(&main);
                    monitor.expect(reached, || {
                        format!("main process {main} of {id:?} is not told")
                    });
                }
                let half = monitor.seen[id.0].half;
                let Some((since, due)) = monitor.seen[id.0].stopping.zip(monitor.seen[id.0].due)
                else {
                    return;
                };
                let mode = plan.service(id).kill_mode;
                let auto = mode == KillMode::Auto && case.proc;
                let killing = monitor.seen[id.0].enforced;
                let living: Vec<(i32, i32)> = kernel
                    .living()
                    .filter(|(_, proc)| proc.origin == Origin::Service(id.0))
                    .filter(|(_, proc)| {
                        plan.is_command() || monitor.seen[id.0].main == Some(proc.session)
                    })
                    .map(|(pid, proc)| (pid, proc.group))
                    .collect();
                for (pid, group) in living {
                    let present = monitor.seen[id.0]
                        .present
                        .as_ref()
                        .is_some_and(|present| present.contains(&pid));
                    let told = monitor.told.contains_key(&pid);
                    let killed = monitor.killed.contains(&pid);
                    if auto && present && half.is_some_and(|half| half <= *now) {
                        monitor
                            .expect(told || killed, || format!("{pid} is not told at half time"));
                    }
                    if let Some(by) = monitor.orphans.get(&pid).copied().filter(|_| auto) {
                        monitor.expect(told || killed || *now < by.max(since), || {
                            format!("{pid} has nobody in charge any more and is not told")
                        });
                    }
                    let meant = match mode {
                        _ if !monitor.seen[id.0].adopted => false,
                        KillMode::Process => monitor.seen[id.0].main == Some(pid),
                        KillMode::Group => monitor.seen[id.0].group == Some(group),
                        KillMode::Auto if !case.proc => monitor.seen[id.0].group == Some(group),
                        KillMode::Auto | KillMode::Main => plan.is_command(),
                    };
                    if killing && meant && *now >= due {
                        monitor.expect(killed || *now < due.after(UNSEEN) && !present, || {
                            format!("{pid} outlives its time-out")
                        });
                    }
                }
            }
            State::PreStart(_)
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::PreStop(_)
            | State::PostStop(_)
            | State::Ended(_) => {}
        }
    }
}

fn sup_ids(world: &World) -> Vec<ServiceId> {
    world.sup.plan().ids().collect()
}
