//! Tells which service a process belongs to: by descent, by session, and by what was seen before.

use super::Supervisor;
use crate::Pid;
use crate::order::{Map, gathered};
use crate::plan::ServiceId;
use crate::process::Process;
use alloc::vec::Vec;

/// Which service each process belonged to when it was last seen. A daemon that reparented to bowout
/// stays with the service that started it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Attribution {
    seen: Map<Pid, ServiceId>,
}

/// Whose a process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// A service's.
    Service(ServiceId),
    /// A hook's that runs.
    Hook,
    /// A descendant of bowout that no service is known to have started.
    Orphan,
    /// Put into the namespace from outside, or bowout is not above it.
    Stranger,
}

impl Attribution {
    /// `pid` is the main process of `service`.
    pub(super) fn belongs(&mut self, pid: Pid, service: ServiceId) {
        self.seen.insert(pid, service);
    }

    /// A process was reaped: its number may be anybody's from now on. Returns whose it was.
    pub(super) fn ended(&mut self, pid: Pid) -> Option<ServiceId> {
        self.seen.remove(&pid)
    }

    /// Services have other places in another plan.
    pub(super) fn moved(&mut self, new: impl Fn(ServiceId) -> Option<ServiceId>) {
        let old = core::mem::take(&mut self.seen).into_iter();
        self.seen = gathered(old.filter_map(|(pid, id)| Some((pid, new(id)?))));
    }
}

impl Supervisor {
    /// The owner of each process of a survey, in its order.
    pub(super) fn owners(&mut self, processes: &[Process]) -> Vec<Owner> {
        let by_pid = processes.iter().map(|process| (process.pid, process));
        let by_pid: Map<Pid, &Process> = gathered(by_pid);
        let owners: Vec<Owner> = processes
            .iter()
            .map(|process| self.owner(process, &by_pid))
            .collect();
        self.attribution
            .seen
            .retain(|pid, _| by_pid.contains_key(pid));
        for (process, owner) in processes.iter().zip(&owners) {
            if let Owner::Service(service) = owner {
                self.attribution.seen.insert(process.pid, *service);
            }
        }
        owners
    }

    /// Goes up from a process until somebody is known, or bowout is reached.
    fn owner(&self, process: &Process, by_pid: &Map<Pid, &Process>) -> Owner {
        let mut at = process;
        // A survey is not taken in one moment: parents can seem to go round in a circle.
        for _ in 0..=by_pid.len() {
            if self.hooks.have(at.pid) || self.hooks.have(at.session) {
                return Owner::Hook;
            }
            if let Some(service) = self.known(at) {
                return Owner::Service(service);
            }
            if at.parent == self.own {
                let said = at.service.filter(|id| id.0 < self.services.len());
                return match (self.plan.is_command(), said) {
                    (true, _) => Owner::Service(ServiceId(0)),
                    (false, Some(service)) => Owner::Service(service),
                    (false, None) => Owner::Orphan,
                };
            }
            match by_pid.get(&at.parent) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        Owner::Stranger
    }

    fn known(&self, process: &Process) -> Option<ServiceId> {
        let seen = self.attribution.seen.get(&process.pid).copied();
        let led = || self.services.led_by(process.pid);
        seen.or_else(led)
            .or_else(|| self.services.led_by(process.session))
    }
}
