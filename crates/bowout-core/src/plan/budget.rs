//! Divides the grace period: what each part may take, and what is reserved for what comes after it.

use super::{HookId, HookMoment, Plan, ServiceId, ServiceMoment};
use alloc::vec::Vec;
use core::time::Duration;

/// What the kernel needs to end processes after their SIGKILL, and bowout to reap them. Measured:
/// 1,000 processes take 63 ms.
pub const SETTLE: Duration = Duration::from_millis(250);

/// What a service without a time-out of its own has where others were promised all of the grace period:
/// enough to act on its signal.
const LEAST: Duration = Duration::from_secs(1);

/// With less than this nothing can be cleaned up.
const SHORTEST: Duration = Duration::from_millis(100);

/// How long a hook may take that runs outside of a stop, where nothing is said.
pub const HOOK_TIME: Duration = Duration::from_secs(60);

/// The parts of one stop, scaled so that they fit.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Budget {
    /// From the request to the end; by the assumed grace where there is no other.
    pub total: Duration,
    /// Whether the total is a promise of the platform, so that bowout SIGKILLs by it.
    pub known: bool,
    /// What the parts add up to before they were scaled; more than `total` when they did not fit.
    pub wanted: Duration,
    /// The drain.
    pub drain: Duration,
    /// The sweep, at the end.
    pub sweep: Duration,
    /// Each hook's time.
    hooks: Vec<Duration>,
    /// Each service's stop time-out.
    timeouts: Vec<Duration>,
    /// Each service's stop time-out while the container goes on.
    alone: Vec<Duration>,
    /// What each service's own post_stop hooks may take.
    post_stops: Vec<Duration>,
    /// What comes after each service: its post_stop hooks, what it depends on, the container's post_stop
    /// hooks, the sweep.
    reserves: Vec<Duration>,
    /// What comes after all services.
    after_services: Duration,
}

impl Budget {
    /// Adds up the longest chain of a plan and scales its parts when they do not fit.
    #[must_use = "makes a value and changes nothing"]
    pub fn of(plan: &Plan) -> Budget {
        let stop = plan.stop();
        let grace = stop.grace.unwrap_or(stop.assumed_grace);
        // A margin that leaves nothing would be no stop at all.
        let total = grace.saturating_sub(stop.margin.min(grace / 2));
        // A hook without a limit of its own: a quarter leaves the larger part to the services.
        let hook_time = |id: HookId| plan.hooks()[id.0].timeout.unwrap_or(total / 4);
        let sum = |moment| {
            let times = plan.hooks_at(moment).map(hook_time);
            times.fold(Duration::ZERO, Duration::saturating_add)
        };
        let before = sum(HookMoment::PreStop).saturating_add(stop.drain);
        let sweep = SETTLE.min(total / 10);
        let after = sum(HookMoment::PostStop).saturating_add(sweep);

        let left = total.saturating_sub(before).saturating_sub(after);
        let default = default_share(plan, left);
        let timeout = |id: ServiceId| plan.service(id).stop_timeout.unwrap_or(default);
        let around = |id: ServiceId, moment| {
            let times = plan.hooks_at(HookMoment::Of(id, moment));
            let times = times.map(|hook| plan.hooks()[hook.0].timeout.unwrap_or(default));
            times.fold(Duration::ZERO, Duration::saturating_add)
        };
        let whole = |id: ServiceId| {
            let hooks = around(id, ServiceMoment::PreStop)
                .saturating_add(around(id, ServiceMoment::PostStop));
            timeout(id).saturating_add(hooks)
        };
        let below = plan.graph().longest_below(whole);
        let chain = below.iter().max().copied().unwrap_or_default();

        let wanted = before.saturating_add(chain).saturating_add(after);
        // Nobody has promised the assumed grace, so nothing is cut to fit it.
        let total = if stop.grace.is_some() {
            total
        } else {
            total.max(wanted)
        };
        let fit = |part: Duration| scale(part, total, wanted);
        Budget {
            total,
            known: stop.grace.is_some(),
            wanted,
            drain: fit(stop.drain),
            sweep: fit(sweep),
            hooks: (0..plan.hooks().len())
                .map(|index| match plan.hooks()[index].moment {
                    HookMoment::Of(..) => plan.hooks()[index].timeout.unwrap_or(default),
                    HookMoment::PreStop | HookMoment::PostStop | HookMoment::OnSignal(_) => {
                        hook_time(HookId(index))
                    }
                })
                .map(fit)
                .collect(),
            post_stops: plan
                .ids()
                .map(|id| fit(around(id, ServiceMoment::PostStop)))
                .collect(),
            timeouts: plan.ids().map(|id| fit(timeout(id))).collect(),
            alone: plan
                .ids()
                .map(|id| plan.service(id).stop_timeout.unwrap_or(default.max(LEAST)))
                .collect(),
            reserves: plan
                .ids()
                .map(|id| {
                    let own_below = plan.graph().dependencies(id).iter().map(|on| below[on.0]);
                    let own_below = own_below.max().unwrap_or_default();
                    let post_stop = around(id, ServiceMoment::PostStop);
                    fit(own_below.saturating_add(post_stop).saturating_add(after))
                })
                .collect(),
            after_services: fit(after),
        }
    }

    /// Whether the parts fit without being scaled.
    #[must_use = "reads a value and changes nothing"]
    pub fn fits(&self) -> bool {
        self.wanted <= self.total
    }

    /// How long a hook may take.
    #[must_use = "reads a value and changes nothing"]
    pub fn hook(&self, id: HookId) -> Duration {
        self.hooks[id.0]
    }

    /// How long a service has from its stop signal to SIGKILL, when the container goes on without it:
    /// nothing else needs the time, so it is not scaled.
    #[must_use = "reads a value and changes nothing"]
    pub fn alone(&self, id: ServiceId) -> Duration {
        self.alone[id.0]
    }

    /// How long a service has from its stop signal to SIGKILL, when the container stops.
    #[must_use = "reads a value and changes nothing"]
    pub fn timeout(&self, id: ServiceId) -> Duration {
        self.timeouts[id.0]
    }

    /// What is kept free for all that stops after a service.
    #[must_use = "reads a value and changes nothing"]
    pub fn reserve(&self, id: ServiceId) -> Duration {
        self.reserves[id.0]
    }

    /// How long a service's own post_stop hooks may take.
    #[must_use = "reads a value and changes nothing"]
    pub fn post_stop(&self, id: ServiceId) -> Duration {
        self.post_stops[id.0]
    }

    /// What is kept free for the hooks and the sweep that follow the services.
    #[must_use = "reads a value and changes nothing"]
    pub fn after_services(&self) -> Duration {
        self.after_services
    }
}

/// What a service without a time-out of its own gets, and a hook of a service: an equal share, on the
/// chain where that is least, of what those with a time-out leave.
fn default_share(plan: &Plan, left: Duration) -> Duration {
    let hooks = |id: ServiceId| {
        let moments = [ServiceMoment::PreStop, ServiceMoment::PostStop];
        let hooks = moments.map(|moment| plan.hooks_at(HookMoment::Of(id, moment)));
        hooks
            .into_iter()
            .flatten()
            .map(|hook| plan.hooks()[hook.0].timeout)
            .chain([plan.service(id).stop_timeout])
    };
    // One way down from each service is enough: for a chain the share is least where most time is
    // promised, and that chain is found by counting a share-less service as nothing and as one.
    let promised = plan.graph().longest_below(|id| {
        let times = hooks(id).flatten();
        times.fold(Duration::ZERO, Duration::saturating_add)
    });
    let counted = plan.graph().longest_below(|id| {
        let shares = hooks(id).filter(Option::is_none).count();
        Duration::from_secs(u64::try_from(shares).unwrap_or(u64::MAX))
    });
    let free = left.saturating_sub(promised.iter().max().copied().unwrap_or_default());
    let shares = counted.iter().max().map_or(0, Duration::as_secs).max(1);
    let share = free / u32::try_from(shares).unwrap_or(u32::MAX);
    // With nothing it would be SIGKILLed in the moment in which it is told. What is added here does not fit,
    // so that all are cut alike.
    match share < SHORTEST && left >= SHORTEST {
        true => LEAST,
        false => share,
    }
}

fn scale(part: Duration, total: Duration, wanted: Duration) -> Duration {
    if wanted <= total || wanted.is_zero() {
        return part;
    }
    let nanos = part.as_nanos().saturating_mul(total.as_nanos()) / wanted.as_nanos();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Draft, Hook, Service};
    use alloc::vec;

    const SECOND: Duration = Duration::from_secs(1);

    fn chain(timeouts: &[Option<Duration>], grace: Duration) -> Budget {
        let mut draft = Draft::single(Service::new("0"));
        draft.services = (0..timeouts.len())
            .map(|index| {
                let mut service = Service::new(&alloc::format!("{index}"));
                service.stop_timeout = timeouts[index];
                if index + 1 < timeouts.len() {
                    service.depends_on = vec![ServiceId(index + 1).into()];
                }
                service
            })
            .collect();
        draft.stop.grace = Some(grace);
        Budget::of(&Plan::new(draft).unwrap())
    }

    #[test]
    fn one_command_has_all_but_the_margin_and_the_sweep() {
        let budget = chain(&[None], 10 * SECOND);
        assert!(budget.fits() && budget.known);
        assert_eq!(budget.total, Duration::from_millis(9_500));
        assert_eq!(budget.timeout(ServiceId(0)), Duration::from_millis(9_250));
        assert_eq!(budget.reserve(ServiceId(0)), SETTLE);
    }

    #[test]
    fn a_chain_shares_what_is_left() {
        let budget = chain(&[None, Some(3 * SECOND), None], 10 * SECOND);
        assert!(budget.fits());
        assert_eq!(budget.timeout(ServiceId(0)), Duration::from_millis(3_125));
        assert_eq!(
            budget.reserve(ServiceId(0)),
            Duration::from_millis(3_000 + 3_125 + 250)
        );
    }

    #[test]
    fn what_does_not_fit_is_scaled_all_alike() {
        let budget = chain(&[Some(10 * SECOND), Some(5 * SECOND)], 10 * SECOND);
        assert!(!budget.fits());
        let (first, second) = (budget.timeout(ServiceId(0)), budget.timeout(ServiceId(1)));
        assert_eq!(first, 2 * second);
        assert!(first + budget.reserve(ServiceId(0)) <= budget.total);
        assert!(first + budget.reserve(ServiceId(0)) > budget.total - Duration::from_micros(1));
    }

    #[test]
    fn hooks_and_the_drain_come_out_of_the_same_budget() {
        let mut draft = Draft::single(Service::new("web"));
        draft.stop.grace = Some(10 * SECOND);
        draft.stop.drain = SECOND;
        for (moment, timeout) in [
            (HookMoment::PreStop, Some(2 * SECOND)),
            (HookMoment::PostStop, None),
        ] {
            draft.hooks.push(Hook {
                name: "hook".into(),
                moment,
                timeout,
            });
        }
        let budget = Budget::of(&Plan::new(draft).unwrap());
        assert!(budget.fits());
        assert_eq!(budget.hook(HookId(1)), Duration::from_millis(2_375));
        assert_eq!(
            budget.timeout(ServiceId(0)),
            Duration::from_millis(9_500 - 1_000 - 2_000 - 2_375 - 250)
        );
    }

    #[test]
    fn a_service_that_stops_alone_has_its_time_whole() {
        let budget = chain(&[Some(60 * SECOND), None], 10 * SECOND);
        assert!(budget.timeout(ServiceId(0)) < 10 * SECOND);
        assert_eq!(budget.alone(ServiceId(0)), 60 * SECOND);
        assert_eq!(budget.alone(ServiceId(1)), LEAST);
        let budget = chain(&[None, None], 10 * SECOND);
        assert_eq!(budget.alone(ServiceId(1)), budget.timeout(ServiceId(1)));
    }

    #[test]
    fn promises_to_others_leave_nobody_without_time() {
        let budget = chain(&[Some(60 * SECOND), None], 10 * SECOND);
        assert!(!budget.fits());
        assert!(budget.timeout(ServiceId(1)) > SHORTEST);
        assert!(budget.timeout(ServiceId(0)) > 9 * SECOND);
    }

    #[test]
    fn what_is_reserved_is_all_that_comes_after_on_the_longest_way() {
        let timeouts = [1, 1, 3, 1];
        let depends_on: [&[usize]; 4] = [&[1, 2], &[3], &[3], &[]];
        let mut draft = Draft::single(Service::new("0"));
        draft.services = (0..4)
            .map(|index| {
                let mut service = Service::new(&alloc::format!("{index}"));
                service.stop_timeout = Some(timeouts[index] * SECOND);
                let on = depends_on[index].iter();
                service.depends_on = on.map(|on| ServiceId(*on).into()).collect();
                service
            })
            .collect();
        draft.hooks.push(Hook {
            name: "after".into(),
            moment: HookMoment::Of(ServiceId(0), ServiceMoment::PostStop),
            timeout: Some(2 * SECOND),
        });
        draft.stop.grace = Some(10 * SECOND);
        let budget = Budget::of(&Plan::new(draft).unwrap());
        assert_eq!(budget.reserve(ServiceId(0)), (2 + 3 + 1) * SECOND + SETTLE);
        assert_eq!(budget.reserve(ServiceId(1)), SECOND + SETTLE);
    }

    #[test]
    fn a_grace_of_nothing_is_a_plan_of_nothing() {
        let budget = chain(&[Some(SECOND)], Duration::ZERO);
        assert_eq!(budget.total, Duration::ZERO);
        assert_eq!(budget.timeout(ServiceId(0)), Duration::ZERO);
    }
}
