//! Keeps the services, and knows for whom something has changed: nobody else need be looked at.

mod bits;
mod facts;

use super::pids::Pids;
use super::timers::Timers;
use crate::plan::{Plan, ServiceId};
use crate::service::stop::Stopping;
use crate::service::{Service, State};
use crate::{Instant, Pid};
use alloc::vec::Vec;
use bits::Bits;
use core::ops::{Deref, Index, IndexMut};
pub(super) use facts::Fact;
use facts::Facts;

/// The services of the plan.
///
/// Whoever gets one to change it has it looked at: that is seen to here and nowhere else. What others go by
/// is noted once it has been changed, and whoever depends on it, or it on them, is looked at for that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Roster {
    services: Vec<Service>,
    noted: Vec<Noted>,
    /// Of how many services each fact is true.
    counts: [usize; Fact::COUNT],
    /// The processes that they are found by.
    processes: Pids,
    /// When each is to be looked at although nothing happens.
    timers: Timers,
    /// Who may have changed since it was noted.
    changed: Bits,
    /// Who may have something to do.
    due: Bits,
    /// By place in the start order: who may be free to start, or to stop.
    open: Bits,
}

/// What was noted of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Noted {
    facts: Facts,
    processes: [Option<Pid>; 3],
}

/// All else follows from them once nobody is due any more.
impl core::hash::Hash for Roster {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.services.hash(state);
    }
}

impl Roster {
    /// Nothing is known of these: all are looked at.
    pub(super) fn new(services: Vec<Service>, plan: &Plan) -> Roster {
        let count = services.len();
        let mut roster = Roster {
            noted: alloc::vec![Noted::default(); count],
            counts: [0; Fact::COUNT],
            processes: Pids::default(),
            timers: Timers::new(count),
            changed: Bits::new(count),
            due: Bits::new(count),
            open: Bits::new(count),
            services,
        };
        for at in 0..count {
            roster.suspect(at);
        }
        roster.note(plan);
        roster
    }

    /// The services go over to another roster.
    pub(super) fn take(&mut self) -> Vec<Service> {
        core::mem::take(&mut self.services)
    }

    /// A service on its way down, if it is that.
    pub(super) fn stopping(&mut self, id: ServiceId) -> Option<&mut Stopping> {
        // Only who is that is looked at for it.
        if !matches!(self.services[id.0].state, State::Stopping(_)) {
            return None;
        }
        let State::Stopping(stopping) = &mut self[id.0].state else {
            return None;
        };
        Some(stopping)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Service> {
        (at < self.services.len()).then(|| &mut self[at])
    }

    /// Something may have changed for it.
    fn suspect(&mut self, at: usize) {
        self.changed.add(at);
        self.due.add(at);
    }

    /// Notes what has changed.
    pub(super) fn note(&mut self, plan: &Plan) {
        while let Some(at) = self.changed.next(0) {
            self.changed.remove(at);
            self.note_one(ServiceId(at), plan);
        }
    }

    fn note_one(&mut self, id: ServiceId, plan: &Plan) {
        let service = &self.services[id.0];
        let noted = Noted {
            facts: Facts::of(service, plan.service(id)),
            processes: service.processes(),
        };
        self.timers.set(id.0, service.deadline());
        let graph = plan.graph();
        self.open.add(graph.place(id));
        let before = core::mem::replace(&mut self.noted[id.0], noted);
        if before.processes != noted.processes {
            for pid in before.processes.iter().flatten() {
                self.processes.remove(*pid, id.0);
            }
            for pid in noted.processes.iter().flatten() {
                self.processes.add(*pid, id.0);
            }
        }
        for (at, count) in self.counts.iter_mut().enumerate() {
            *count += usize::from(noted.facts.has(at));
            *count -= usize::from(before.facts.has(at));
        }
        if noted.facts.differ_for_others(before.facts) {
            for other in graph.dependents(id).iter().chain(graph.dependencies(id)) {
                self.open.add(graph.place(*other));
            }
        }
    }

    /// Of how many services this was true when it was noted.
    pub(super) fn count(&self, fact: Fact) -> usize {
        self.counts[fact as usize]
    }

    /// The first service of which this was true when it was noted.
    pub(super) fn first(&self, fact: Fact) -> Option<ServiceId> {
        // Mostly there is none.
        if self.count(fact) == 0 {
            return None;
        }
        let is_it = |noted: &Noted| noted.facts.has(fact as usize);
        self.noted.iter().position(is_it).map(ServiceId)
    }

    /// The services that knew this process when it was noted, and its owner.
    pub(super) fn that_know(&self, pid: Pid, owner: Option<ServiceId>) -> Vec<ServiceId> {
        let mut all = Vec::new();
        for id in self.processes.of(pid).map(ServiceId).chain(owner) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }

    /// The service whose processes this one leads.
    pub(super) fn led_by(&self, pid: Pid) -> Option<ServiceId> {
        let mut known = self.processes.of(pid);
        known
            .find(|at| self.services[*at].group() == Some(pid))
            .map(ServiceId)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timers.earliest()
    }

    /// Whoever waited for this moment is to be looked at.
    pub(super) fn wake(&mut self, now: Instant) {
        for at in self.timers.due(now) {
            self.suspect(at);
        }
    }

    /// The next one that is to be looked at.
    pub(super) fn next_due(&self, from: usize) -> Option<ServiceId> {
        self.due.next(from).map(ServiceId)
    }

    /// Nothing is left to do for it before something changes.
    pub(super) fn is_done(&mut self, id: ServiceId) {
        self.due.remove(id.0);
    }

    /// The first place from this one on in the start order whose service may be free to start.
    pub(super) fn next_open(&self, from: usize) -> Option<usize> {
        self.open.next(from)
    }

    /// The last place before this one in the start order whose service may be free to stop.
    pub(super) fn last_open(&self, before: usize) -> Option<usize> {
        self.open.last(before)
    }

    /// It is asked of all who is free.
    pub(super) fn open(&mut self) {
        for at in 0..self.services.len() {
            self.open.add(at);
        }
    }

    /// Whoever is not free now is not before something changes.
    pub(super) fn close(&mut self) {
        self.open.clear();
    }
}

impl Deref for Roster {
    type Target = [Service];

    fn deref(&self) -> &[Service] {
        &self.services
    }
}

impl Index<usize> for Roster {
    type Output = Service;

    fn index(&self, at: usize) -> &Service {
        &self.services[at]
    }
}

impl IndexMut<usize> for Roster {
    #[inline(never)]
    fn index_mut(&mut self, at: usize) -> &mut Service {
        self.suspect(at);
        &mut self.services[at]
    }
}
