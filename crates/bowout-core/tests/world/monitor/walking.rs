//! Watches the walk down the tree: a second opinion on who is to be told, after each survey.

use super::Monitor;
use crate::world::World;
use crate::world::kernel::Origin;
use bowout_core::action::Target;
use bowout_core::event::Event;
use bowout_core::plan::KillMode;
use bowout_core::process::{Process, State as Sched};
use bowout_core::service::State;
use bowout_core::{Action, Pid, Signal};
use std::collections::{BTreeMap, BTreeSet};

impl Monitor {
    pub(super) fn check_walk(
        world: &mut World,
        were_stopping: &[bool],
        event: &Event,
        actions: &[Action],
    ) {
        let Event::Surveyed(Some(processes)) = event else {
            return;
        };
        for id in world.sup.plan().ids() {
            if world.sup.plan().service(id).kill_mode == KillMode::Auto && were_stopping[id.0] {
                Monitor::check_service_walk(world, id.0, processes, actions);
            }
        }
    }

    fn check_service_walk(
        world: &mut World,
        service: usize,
        processes: &[Process],
        actions: &[Action],
    ) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            case,
            ..
        } = world;
        let single = sup.plan().is_command();
        let held = monitor.seen[service].held.is_some_and(|until| *now < until);
        if monitor.seen[service].stopping.is_none() || held {
            return;
        }
        let State::Stopping(stopping) = &sup.service(bowout_core::plan::ServiceId(service)).state
        else {
            return;
        };
        let signal = stopping.signal();
        let origin = |process: &&Process| {
            let of = kernel.procs.get(&process.pid.get()).map(|proc| proc.origin);
            // What a hook left behind is the only service's.
            of == Some(Origin::Service(service))
                || (single
                    && matches!(of, Some(Origin::Hook(hook)) if monitor.hooks[hook] == super::HookSeen::Ended))
        };
        let own: BTreeMap<Pid, &Process> = processes
            .iter()
            .filter(origin)
            .filter(|process| process.state != Sched::Zombie)
            .map(|process| (process.pid, process))
            .collect();
        let first = monitor.seen[service].present.is_none();
        let present = monitor.seen[service]
            .present
            .get_or_insert_with(|| own.keys().map(|pid| pid.get()).collect())
            .clone();
        let told_now: BTreeSet<Pid> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Signal {
                    target: Target::Process(pid),
                    signal: sent,
                    ..
                } if *sent == signal => Some(*pid),
                _ => None,
            })
            .collect();
        let told_before = |pid: &Pid| {
            monitor
                .told
                .get(&pid.get())
                .is_some_and(|told| told.contains(&signal))
        };
        // In charge: told, and with a handler that can run, or that had to wait for its turn.
        let in_charge = |process: &Process| {
            let told = told_before(&process.pid) || told_now.contains(&process.pid);
            told && (process.takes_charge(signal)
                || (told_before(&process.pid) && process.caught.contains(signal)))
        };
        // Whoever was told last on the way up decides: in charge or not.
        let covered = |process: &Process| {
            let mut seen = BTreeSet::new();
            let mut at = own.get(&process.parent);
            while let Some(above) = at.filter(|above| seen.insert(above.pid)) {
                if told_before(&above.pid) || told_now.contains(&above.pid) {
                    return in_charge(above);
                }
                at = own.get(&above.parent);
            }
            false
        };
        let half = monitor.seen[service].half;
        let after_half = half.is_none_or(|half| half <= *now) || monitor.haste > 0;
        let gone = |process: &Process| !kernel.procs.contains_key(&process.pid.get());
        // A survey that took time speaks of those who are no more.
        let stale = case.slow && processes.iter().any(gone);
        let killing = own.keys().any(|pid| monitor.killed.contains(&pid.get()))
            || actions.iter().any(|action| {
                matches!(
                    action,
                    Action::Signal {
                        signal: Signal::KILL,
                        ..
                    }
                )
            })
            || monitor.seen[service].due.is_none_or(|due| due <= *now);
        let climbing = sup
            .plan()
            .service(bowout_core::plan::ServiceId(service))
            .stop_signal
            .len()
            > 1
            && !first;
        let mut verdicts = Vec::new();
        // With several services, one that left its session and its ancestors can be anybody's.
        let known =
            |process: &Process| single || monitor.seen[service].main == Some(process.session.get());
        for (pid, process) in own.iter().filter(|(_, process)| known(process)) {
            let told = told_before(pid) || told_now.contains(pid);
            if covered(process) {
                let early = told_now.contains(pid) && !after_half && !case.slow;
                let late = told_now.contains(pid) && !present.contains(&pid.get());
                verdicts.push((
                    !early && !late,
                    format!("{pid} is told {signal} although somebody in charge is above it"),
                ));
            } else if !killing && !climbing && !stale {
                verdicts.push((
                    told,
                    format!("{pid} is not told {signal} although nobody in charge is above it"),
                ));
            }
        }
        let charge: Vec<i32> = own
            .values()
            .filter(|process| in_charge(process))
            .map(|process| process.pid.get())
            .collect();
        for (kept, what) in verdicts {
            monitor.expect(kept, || what);
        }
        monitor.charge.extend(charge);
    }
}
