//! Watches that every promise is kept, by what the world knows and the core does not.

mod finish;
mod passing;
mod sending;
mod walking;

use super::World;
use super::kernel::{Kernel, Origin, Proc};
use bowout_core::event::{Event, SpawnErrorKind};
use bowout_core::plan::{HookMoment, Plan, ServiceId};
use bowout_core::service::State;
use bowout_core::{Action, Instant, Signal, Status, Supervisor};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a SIGKILL takes at most before nobody waits for it.
pub(crate) const SETTLE: Duration = Duration::from_millis(250);
/// How long the end of somebody else's child can go unseen.
pub(crate) const UNSEEN: Duration = Duration::from_millis(250);

/// A stop, as an onlooker knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Stop {
    pub(crate) began: Instant,
    /// Whether somebody asked for it; else something ended by itself.
    pub(crate) asked: bool,
    /// Whether somebody counts the time.
    pub(crate) enforced: bool,
    /// What ends a command that was never started.
    pub(crate) signal: Signal,
    /// Whether a main process lived when it began.
    pub(crate) somebody_up: bool,
}

/// How far a hook has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum HookSeen {
    Idle,
    Asked(Instant),
    Runs(i32, Instant),
    Killed(i32, Instant),
    Ended,
}

/// What an onlooker knows of one service.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Watch {
    /// Its main process, the last that there was.
    pub(crate) main: Option<i32>,
    /// How that ended.
    pub(crate) status: Option<Status>,
    /// Why it could not be started.
    pub(crate) failure: Option<SpawnErrorKind>,
    /// Since when it is on its way down.
    pub(crate) stopping: Option<Instant>,
    /// When it is due for SIGKILL, as far as one can tell beforehand.
    pub(crate) due: Option<Instant>,
    /// Whether it is SIGKILLed then.
    pub(crate) enforced: bool,
    /// When those below one in charge are told.
    pub(crate) half: Option<Instant>,
    /// Who was there at the first look at it.
    pub(crate) present: Option<BTreeSet<i32>>,
    /// Whether SIGKILL went to one of its processes.
    pub(crate) killed: bool,
}

/// What an onlooker remembers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Monitor {
    pub(crate) violation: Option<String>,
    pub(crate) seen: Vec<Watch>,
    pub(crate) stop: Option<Stop>,
    /// How often Ctrl-C came while the stop was under way, up to twice.
    pub(crate) haste: u8,
    pub(crate) forced: Option<Instant>,
    pub(crate) down: Option<Instant>,
    /// Since when the namespace is swept.
    pub(crate) swept: Option<Instant>,
    pub(crate) told: BTreeMap<i32, Vec<Signal>>,
    pub(crate) killed: BTreeSet<i32>,
    pub(crate) killed_own: bool,
    /// Whether SIGKILL went to everybody unseen: then nobody can say whether it reached one.
    pub(crate) killed_unseen: bool,
    /// Who took charge when told.
    pub(crate) charge: BTreeSet<i32>,
    pub(crate) hooks: Vec<HookSeen>,
    pub(crate) pre_stop_over: Option<Instant>,
    /// Whether the drain is over because nobody is up whom it would serve.
    pub(crate) undrained: bool,
    /// Who lost the one in charge above, and by when that is seen.
    pub(crate) orphans: BTreeMap<i32, Instant>,
    pub(crate) stranger_ended: Option<Instant>,
    /// Since when nobody but strangers is swept.
    pub(crate) only_strangers: Option<Instant>,
    /// Surveys in a row that led to nothing, at one moment.
    idle: u8,
    /// Deadlines in a row that led to nothing and lie in the past.
    overdue: u8,
}

impl Monitor {
    pub(crate) fn new(plan: &Plan) -> Monitor {
        Monitor {
            violation: None,
            seen: vec![Watch::default(); plan.services().len()],
            stop: None,
            haste: 0,
            forced: None,
            down: None,
            swept: None,
            told: BTreeMap::new(),
            killed: BTreeSet::new(),
            killed_own: false,
            killed_unseen: false,
            charge: BTreeSet::new(),
            hooks: vec![HookSeen::Idle; plan.hooks().len()],
            pre_stop_over: None,
            undrained: false,
            orphans: BTreeMap::new(),
            stranger_ended: None,
            only_strangers: None,
            idle: 0,
            overdue: 0,
        }
    }

    /// A promise was broken; the first is kept.
    pub(crate) fn broken(&mut self, what: impl Into<String>) {
        self.violation.get_or_insert_with(|| what.into());
    }

    fn expect(&mut self, kept: bool, what: impl FnOnce() -> String) {
        if !kept {
            self.violation.get_or_insert_with(what);
        }
    }

    pub(crate) fn spawned(&mut self, service: usize, pid: i32) {
        self.seen[service] = Watch {
            main: Some(pid),
            ..Watch::default()
        };
    }

    /// A service is on its way down no more. While the container goes on, that is nobody's account.
    fn leaves(&mut self, service: usize, kernel: &Kernel) {
        let watch = &mut self.seen[service];
        (watch.stopping, watch.due, watch.half) = (None, None, None);
        watch.enforced = false;
        if self.stop.is_none() {
            self.forget(service, kernel);
        }
    }

    /// What was done to a service before the stop of the container, and was over by then, is no part of it.
    fn forget(&mut self, service: usize, kernel: &Kernel) {
        let watch = &mut self.seen[service];
        watch.present = None;
        watch.killed = false;
        let other = |pid: &i32| {
            let origin = kernel.procs.get(pid).map(|proc| proc.origin);
            origin.is_some_and(|origin| origin != Origin::Service(service))
        };
        self.told.retain(|pid, _| other(pid));
        self.killed.retain(other);
        self.charge.retain(other);
        self.orphans.retain(|pid, _| other(pid));
    }

    pub(crate) fn hook_runs(&mut self, hook: usize, pid: i32) {
        if let HookSeen::Asked(since) = self.hooks[hook] {
            self.hooks[hook] = HookSeen::Runs(pid, since);
        }
    }

    pub(crate) fn reaped(&mut self, pid: i32, status: Status) {
        for watch in &mut self.seen {
            if watch.main == Some(pid) && watch.status.is_none() {
                watch.status = Some(status);
            }
        }
        for hook in &mut self.hooks {
            if matches!(hook, HookSeen::Runs(own, _) | HookSeen::Killed(own, _) if *own == pid) {
                *hook = HookSeen::Ended;
            }
        }
    }

    /// A process ends; `children` are those it leaves behind.
    pub(crate) fn ended(
        &mut self,
        pid: i32,
        proc: &Proc,
        own: i32,
        children: &[i32],
        now: Instant,
    ) {
        let was_orphan = self.orphans.remove(&pid);
        if proc.origin == Origin::Stranger {
            self.stranger_ended = Some(now);
        }
        if self.charge.contains(&pid) {
            // bowout reaps its own children; the end of others is seen by looking.
            let seen = if proc.parent == own {
                now
            } else {
                now.after(UNSEEN)
            };
            let by = was_orphan.map_or(seen, |by| by.max(seen));
            self.orphans
                .extend(children.iter().map(|child| (*child, by)));
        }
    }

    pub(crate) fn kills(&mut self, reached: Vec<i32>, now: Instant) {
        for hook in &mut self.hooks {
            if let HookSeen::Runs(pid, _) = *hook
                && reached.contains(&pid)
            {
                *hook = HookSeen::Killed(pid, now);
            }
        }
        self.killed.extend(reached);
    }

    /// Whether the machine before an event is needed to judge what it did.
    pub(crate) fn needs_before(&self, event: &Event) -> bool {
        matches!(event, Event::SignalReceived(received) if received.signal == Signal::TERM)
    }

    /// Whether SIGKILL went to anybody of bowout's own, as far as it is part of the stop.
    pub(crate) fn has_killed(&self) -> bool {
        self.killed_own || self.seen.iter().any(|watch| watch.killed)
    }

    /// When bowout has left at the latest.
    pub(crate) fn end(&self, sup: &Supervisor) -> Option<Instant> {
        let stop = self.stop.as_ref()?;
        let by_force = self.forced.map(|at| at.after(4 * SETTLE));
        let by_grace = stop.enforced.then(|| stop.began.after(sup.budget().total));
        by_force.into_iter().chain(by_grace).min()
    }

    pub(crate) fn dependents_of(plan: &Plan, id: usize) -> Vec<usize> {
        plan.graph()
            .dependents(ServiceId(id))
            .iter()
            .map(|on| on.0)
            .collect()
    }

    /// The core took an event and answered with these actions, which are not performed yet.
    pub(crate) fn handled(
        world: &mut World,
        before: Option<&Supervisor>,
        event: &Event,
        actions: &[Action],
    ) {
        if let Event::HookSpawnFailed { hook, .. } = event {
            world.monitor.hooks[hook.0] = HookSeen::Ended;
        }
        let was_stopping = world.monitor.stop.is_some();
        let stops = |watch: &Watch| watch.stopping.is_some();
        let were_stopping: Vec<bool> = world.monitor.seen.iter().map(stops).collect();
        let was_down = world.monitor.down.is_some();
        Monitor::note_stop(world, event);
        Monitor::note_services(world);
        Monitor::check_repeated_stop(world, before, event, actions, was_stopping);
        Monitor::check_forward(world, event, actions);
        Monitor::check_walk(world, &were_stopping, event, actions);
        Monitor::check_actions(world, actions, was_down);
        Monitor::check_rest(world, event, actions);
        for action in actions {
            if let Action::Finish { code, report } = action {
                let (code, report) = (*code, report.clone());
                Monitor::check_finish(world, code, &report);
            }
        }
    }

    fn note_stop(world: &mut World, event: &Event) {
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
        if let Event::SpawnFailed { service, error } = event {
            monitor.seen[service.0].failure = Some(error.kind);
        }
        if !world.sup.is_stopping() {
            return;
        }
        let signal = match event {
            Event::SignalReceived(received) => Some(received.signal),
            _ => None,
        };
        let asked = signal.is_some() || matches!(event, Event::StopRequested);
        let kernel = &world.kernel;
        let somebody_up = monitor
            .seen
            .iter()
            .filter_map(|watch| watch.main)
            .any(|pid| kernel.procs.contains_key(&pid));
        let rewrite = &plan.signals().rewrite;
        let sent = signal.map(|signal| rewrite.get(&signal).copied().flatten().unwrap_or(signal));
        for service in 0..monitor.seen.len() {
            if monitor.seen[service].stopping.is_none() {
                monitor.forget(service, kernel);
            }
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

    fn note_services(world: &mut World) {
        let World {
            monitor,
            sup,
            kernel,
            now,
            ..
        } = world;
        let plan = sup.plan();
        let budget = sup.budget();
        for id in plan.ids() {
            if !matches!(sup.service(id).state, State::Stopping(_)) {
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
            let counts = |stop: &Stop| stop.began == *now && stop.enforced;
            let begins = monitor.stop.as_ref().is_some_and(counts);
            let enforced = monitor.stop.as_ref().is_none_or(|stop| stop.enforced);
            let (hasty, watch) = (monitor.haste > 0, &mut monitor.seen[id.0]);
            if watch.stopping.is_none() {
                watch.stopping = Some(*now);
                watch.due = (!hasty).then_some(due);
                watch.half = watch.due.map(|_| half);
                watch.enforced = enforced || plan.service(id).stop_timeout.is_some();
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
            monitor.undrained |= plan.ids().all(|id| sup.service(id).main().is_none());
        }
    }

    /// "While stopping, another SIGTERM changes nothing."
    fn check_repeated_stop(
        world: &mut World,
        before: Option<&Supervisor>,
        event: &Event,
        actions: &[Action],
        was_stopping: bool,
    ) {
        let (Some(before), Event::SignalReceived(received)) = (before, event) else {
            return;
        };
        let stops = world.sup.plan().stop().on.contains(received.signal);
        if was_stopping && stops && before.deadline().is_none_or(|at| at > world.now) {
            let same = world.sup == *before;
            let quiet = actions
                .iter()
                .all(|action| matches!(action, Action::Tell(_)));
            world.monitor.expect(same && quiet, || {
                format!("a repeated stop changed something: {actions:?}")
            });
        }
    }
}
