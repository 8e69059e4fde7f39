//! Watches that every promise is kept, by what the world knows and the core does not.

mod finish;
mod hooking;
mod killing;
mod knowing;
mod noting;
mod passing;
mod sending;
mod starting;
mod walking;
mod watch;

pub(crate) use watch::Watch;

use super::World;
use super::kernel::{Origin, Proc};
use bowout_core::event::{Event, SpawnErrorKind};
use bowout_core::plan::{Plan, ServiceId};
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

/// How a hook ended, or why it could not be started.
pub(crate) type HookResult = Result<Status, SpawnErrorKind>;

/// What an onlooker remembers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Monitor {
    pub(crate) violation: Option<String>,
    pub(crate) seen: Vec<Watch>,
    pub(crate) names: Vec<String>,
    /// Whether the container has started.
    pub(crate) up: bool,
    /// A hook that has just ended, and how, or why it could not be started.
    pub(crate) hook_ended: Option<(usize, HookResult)>,
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
    /// Whether the stop that is under way begins after what is judged, in the same breath.
    pub(crate) still_up: bool,
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
            seen: vec![Watch::new(); plan.services().len()],
            names: plan
                .services()
                .iter()
                .map(|service| service.name.clone())
                .collect(),
            up: false,
            hook_ended: None,
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
            still_up: false,
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
        for (index, hook) in self.hooks.iter_mut().enumerate() {
            let outcome = match *hook {
                HookSeen::Runs(own, _) if own == pid => status,
                HookSeen::Killed(own, _) if own == pid => Status::by(Signal::KILL),
                _ => continue,
            };
            *hook = HookSeen::Ended;
            self.hook_ended = Some((index, Ok(outcome)));
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
        match event {
            Event::SignalReceived(received) => received.signal == Signal::TERM,
            Event::Reconfigured(_) => true,
            _ => false,
        }
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
        if let Event::HookSpawnFailed { hook, error } = event {
            world.monitor.hooks[hook.0] = HookSeen::Ended;
            world.monitor.hook_ended = Some((hook.0, Err(error.kind)));
        }
        let was_stopping = world.monitor.stop.is_some();
        let stops = |watch: &Watch| watch.stopping.is_some();
        let were_stopping: Vec<bool> = world.monitor.seen.iter().map(stops).collect();
        let was_down = world.monitor.down.is_some();
        Monitor::learn(world, event, actions);
        Monitor::note_stop(world, event, actions);
        Monitor::check_extended(world, event, actions);
        Monitor::note_services(world, actions, was_stopping);
        Monitor::check_no_change(world, before, event, actions, was_stopping);
        Monitor::check_forward(world, event, actions);
        Monitor::check_walk(world, &were_stopping, event, actions);
        Monitor::check_actions(world, event, actions, was_down);
        Monitor::note_ends(world);
        Monitor::check_rest(world, event, actions);
        for action in actions {
            if let Action::Finish { code, report } = action {
                let (code, report) = (*code, report.clone());
                Monitor::check_finish(world, code, &report);
            }
        }
    }

    /// "While stopping, another SIGTERM changes nothing", and neither does a plan that is refused.
    fn check_no_change(
        world: &mut World,
        before: Option<&Supervisor>,
        event: &Event,
        actions: &[Action],
        was_stopping: bool,
    ) {
        let Some(before) = before else {
            return;
        };
        let refused = match event {
            Event::SignalReceived(received) => {
                was_stopping && world.sup.plan().stop().on.contains(received.signal)
            }
            Event::Reconfigured(change) => {
                was_stopping || change.services.len() != change.plan.services().len()
            }
            _ => false,
        };
        if refused && before.deadline().is_none_or(|at| at > world.now) {
            let same = world.sup == *before;
            let quiet = actions
                .iter()
                .all(|action| matches!(action, Action::Tell(_)));
            world.monitor.expect(same && quiet, || {
                format!("what is refused changed something: {actions:?}")
            });
        }
    }
}
