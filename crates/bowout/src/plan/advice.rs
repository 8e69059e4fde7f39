//! Finds what would have to change for a plan to fit.

use super::schedule::{Kind, SHORTEST, Schedule, change};
use bowout_core::Plan;
use bowout_core::plan::{HookMoment, ServiceMoment};
use std::time::Duration;

/// No platform waits longer than a day.
const LONGEST: u64 = 24 * 60 * 60;

/// So many ways are named.
const NAMED: usize = 3;

/// One setting that alone would make it fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Change {
    /// Whose: `service web`, or the container's.
    pub(super) whose: Option<String>,
    /// What bowout.toml calls it.
    pub(super) key: &'static str,
    /// The hook, where it is one's.
    pub(super) hook: Option<String>,
    /// The longest value that fits.
    pub(super) value: Duration,
}

/// What would have to change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Advice {
    /// The shortest grace period in whole seconds that fits. `None`: no grace period would do.
    pub(super) grace: Option<Duration>,
    /// Settings each of which alone would do, the longest first.
    pub(super) changes: Vec<Change>,
}

impl Advice {
    /// For a plan that does not fit.
    pub(super) fn on(plan: &Plan, schedule: &Schedule) -> Advice {
        let excess = schedule.wanted.saturating_sub(schedule.budget);
        let mut chain = schedule.chain();
        chain.sort_by_key(|part| std::cmp::Reverse(part.length()));
        let changes = chain
            .into_iter()
            .filter_map(|part| {
                // Down to a millisecond: a value that somebody writes has no more digits.
                let value = part.length().saturating_sub(excess).as_millis();
                let value = Duration::from_millis(u64::try_from(value).unwrap_or(u64::MAX));
                (value >= SHORTEST).then(|| shorter(plan, part.kind, value))?
            })
            .take(NAMED)
            .collect();
        Advice {
            grace: shortest_grace(plan),
            changes,
        }
    }
}

/// This part with this time, if that is a setting, and the plan then fits.
fn shorter(plan: &Plan, kind: Kind, value: Duration) -> Option<Change> {
    let (draft, found) = match kind {
        Kind::Drain => (
            change(plan, |draft| draft.stop.drain = value),
            Change {
                whose: None,
                key: "drain",
                hook: None,
                value,
            },
        ),
        Kind::Stop(id) => (
            change(plan, |draft| {
                draft.services[id.0].stop_timeout = Some(value);
            }),
            Change {
                whose: Some(plan.service(id).name.clone()),
                key: "stop_timeout",
                hook: None,
                value,
            },
        ),
        Kind::Hook(hook) => {
            let (whose, key) = match plan.hooks()[hook.0].moment {
                HookMoment::PreStop => (None, "pre_stop"),
                HookMoment::PostStop => (None, "post_stop"),
                HookMoment::Of(id, ServiceMoment::PreStop) => (Some(id), "pre_stop"),
                HookMoment::Of(id, ServiceMoment::PostStop) => (Some(id), "post_stop"),
                // These run at other times.
                HookMoment::OnSignal(_)
                | HookMoment::Of(
                    _,
                    ServiceMoment::PreStart
                    | ServiceMoment::PostStart
                    | ServiceMoment::Readiness
                    | ServiceMoment::Liveness
                    | ServiceMoment::Reload
                    | ServiceMoment::Stop,
                ) => return None,
            };
            let changed = change(plan, |draft| draft.hooks[hook.0].timeout = Some(value));
            let found = Change {
                whose: whose.map(|id| plan.service(id).name.clone()),
                key,
                hook: Some(plan.hooks()[hook.0].name.clone()),
                value,
            };
            (changed, found)
        }
        Kind::Sweep | Kind::Margin => return None,
    };
    Schedule::of(&draft).fits().then_some(found)
}

/// A longer grace period fits whatever a shorter one does, because nothing grows as fast as it: but for
/// hooks without a time-out, of which four take all there is.
fn shortest_grace(plan: &Plan) -> Option<Duration> {
    let fits = |seconds: u64| {
        let grace = Duration::from_secs(seconds);
        Schedule::of(&change(plan, |draft| draft.stop.grace = Some(grace))).fits()
    };
    if !fits(LONGEST) {
        return None;
    }
    let (mut short, mut long) = (0, LONGEST);
    while short + 1 < long {
        let middle = short.midpoint(long);
        match fits(middle) {
            true => long = middle,
            false => short = middle,
        }
    }
    Some(Duration::from_secs(long))
}
