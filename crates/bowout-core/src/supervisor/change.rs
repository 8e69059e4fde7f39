//! Goes over to another plan: what has no place in it is stopped first, then it counts as a whole.

use super::{Actions, Fact, Phase, Roster, Supervisor};
use crate::Instant;
use crate::action::{Action, Note};
use crate::event::Change;
use crate::order::{Map, Set, gathered};
use crate::plan::budget::Budget;
use crate::plan::{HookId, ServiceId};
use crate::service::{End, Service, State};
use alloc::boxed::Box;
use alloc::vec::Vec;

// One command has no change, no daemon and no reader of its words: `inline(never)` keeps all that out of the
// functions that its start goes through, and out of memory.
impl Supervisor {
    /// Another plan came. One that is not installed yet is forgotten for it.
    #[inline(never)]
    pub(super) fn reconfigured(&mut self, change: Box<Change>, out: &mut Actions) {
        if self.phase != Phase::Up {
            return;
        }
        if change.services.len() != change.plan.services().len()
            || change.hooks.len() != change.plan.hooks().len()
        {
            let text = "reconfigured: it does not say what goes on";
            return out.push(Action::Tell(Note::Unexpected(text)));
        }
        let stay: Set<ServiceId> = gathered(change.services.iter().flatten().copied());
        for id in self.plan.ids() {
            let service = &mut self.services[id.0];
            service.retiring = !stay.contains(&id);
            // It went down for a plan that never came.
            if !service.retiring
                && service.restarting
                && service.state == State::Ended(End::Stopped)
            {
                service.restarting = false;
                self.go(id, State::Waiting, out);
            }
        }
        self.change = Some(change);
    }

    /// Stops what has to go, in the order of a stop.
    #[inline(never)]
    pub(super) fn advance_change(&mut self, now: Instant, out: &mut Actions) {
        if self.change.is_none() {
            return;
        }
        let mut before = self.services.len();
        while let Some((place, id)) = self.last_open(before) {
            before = place;
            let service = &self.services[id.0];
            if !service.retiring || service.is_down() || service.is_leaving() {
                continue;
            }
            let held = self.plan.graph().dependents(id).iter().any(|on| {
                let other = &self.services[on.0];
                other.retiring && !other.is_down()
            });
            // What is not up yet is held by nobody.
            if held && service.is_up() {
                continue;
            }
            self.take_down(id, now, out);
            let service = &mut self.services[id.0];
            // Should the plan never come, it is started again.
            service.restarting |= service.wanted && !service.is_up();
            self.advance_service(id, now, out);
        }
    }

    /// Whether nothing keeps the plan that came from counting: what has no place in it is down, and whoever
    /// drives the core owes no answer in which a service or a hook goes by its place in the old one.
    pub(super) fn is_installable(&self) -> bool {
        self.change.is_some()
            && self.phase == Phase::Up
            && !self.hooks.is_starting()
            && self.services.count(Fact::Unsettled) == 0
    }

    /// The plan counts from now on. This is done before anything else in the answer to a deadline, so that
    /// nothing in that answer, or still on its way to the core, speaks of places in the old plan.
    #[inline(never)]
    pub(super) fn install_what_came(&mut self, now: Instant, out: &mut Actions) {
        if self.installable.is_some_and(|at| at <= now)
            && let Some(change) = self.change.take()
        {
            self.install(*change, out);
        }
    }

    #[inline(never)]
    fn install(&mut self, change: Change, out: &mut Actions) {
        let Change {
            plan,
            services,
            hooks,
        } = change;
        let mut new_hooks: Vec<Option<HookId>> = alloc::vec![None; self.plan.hooks().len()];
        for (index, old) in hooks.iter().enumerate() {
            if let Some(place) = old.and_then(|old| new_hooks.get_mut(old.0)) {
                place.get_or_insert(HookId(index));
            }
        }
        let new_hook = |old: HookId| new_hooks.get(old.0).copied().flatten();
        let mut new_ids: Vec<Option<ServiceId>> = alloc::vec![None; self.services.len()];
        for (index, old) in services.iter().enumerate() {
            if let Some(place) = old.and_then(|old| new_ids.get_mut(old.0)) {
                place.get_or_insert(ServiceId(index));
            }
        }
        let new_id = |old: ServiceId| new_ids.get(old.0).copied().flatten();
        let names = self.plan.ids();
        let names = names.map(|id| (self.plan.service(id).name.as_str(), id));
        let names: Map<&str, ServiceId> = gathered(names);
        let mut old: Vec<Option<Service>> = self.services.take().into_iter().map(Some).collect();
        let mut all = Vec::new();
        let mut begun = Vec::new();
        for (id, from) in plan.ids().zip(&services) {
            if let Some(mut service) = from.and_then(|from| old.get_mut(from.0)?.take()) {
                service.moved(id, new_id, new_hook);
                all.push(service);
                continue;
            }
            // What somebody stopped by hand stays so, changed or not.
            let before = names.get(plan.service(id).name.as_str());
            let wanted = before.map_or(plan.service(id).autostart, |before| {
                let before = old.get(before.0).and_then(Option::as_ref);
                before.is_some_and(|service| service.wanted)
            });
            if wanted {
                begun.push(id);
            }
            all.push(Service::new());
        }
        self.hooks.moved(&new_hooks, plan.hooks().len(), out);
        self.attribution.moved(new_id);
        self.recorder.moved(new_id);
        self.services = Roster::new(all, &plan);
        self.budget = Budget::of(&plan);
        self.plan = plan;
        out.push(Action::Install);
        self.want(begun, out);
        self.tell_of_budget(out);
    }
}
