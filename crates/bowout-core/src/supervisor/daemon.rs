//! Finds the main process of a service that starts a daemon, and believes no pid that it has not seen.

use super::attribution::Owner;
use super::{Actions, Supervisor};
use crate::action::{Action, Note};
use crate::plan::{Kind, ServiceId};
use crate::process::{Process, State as ProcessState};
use crate::service::run::{Adopting, Run};
use crate::service::{Fault, State};
use crate::{Instant, Pid, Status};

/// In how many looks in a row nobody must be there before a daemon is given up: one look that is taken while
/// processes fork can miss somebody.
const LOST: u8 = 2;

impl Supervisor {
    /// The program that starts a daemon has ended.
    #[inline(never)]
    pub(super) fn starter_ended(
        &mut self,
        id: ServiceId,
        status: Status,
        now: Instant,
        out: &mut Actions,
    ) {
        let State::Launching(launch) = &self.services[id.0].state else {
            return;
        };
        if status.is_success() {
            let adopting = Adopting::new(launch, now);
            self.look_for_daemon(id, adopting, out);
        } else {
            self.main_ended(id, status, now, out);
        }
    }

    /// A main process has ended. Where the service has named another one that was not bowout's child then, it
    /// is now, or was nothing but a name.
    pub(super) fn run_ended(
        &mut self,
        id: ServiceId,
        status: Status,
        now: Instant,
        out: &mut Actions,
    ) {
        let State::Running(run) = &self.services[id.0].state else {
            return;
        };
        match run.claimed {
            Some(_) => {
                let adopting = Adopting::after(run, status, now);
                self.cancel_hooks_of(id, now);
                self.look_for_daemon(id, adopting, out);
            }
            None => self.main_ended(id, status, now, out),
        }
    }

    fn look_for_daemon(&mut self, id: ServiceId, mut adopting: Adopting, out: &mut Actions) {
        if self.is_stopping() {
            // Its turn in the stop comes, and till then nobody is late.
            adopting.ready_by = None;
        }
        self.go(id, State::Adopting(adopting), out);
    }

    #[inline(never)]
    pub(super) fn advance_adopting(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let pidfile = self.plan.service(id).kind == Kind::Forking { pidfile: true };
        let State::Adopting(adopting) = &mut self.services[id.0].state else {
            return;
        };
        if adopting.ready_by.is_some_and(|by| by <= now) {
            return self.fail(id, Fault::NoDaemon, now, out);
        }
        if adopting.look_at.is_none_or(|at| at > now) {
            return;
        }
        adopting.look_at = None;
        if pidfile && adopting.claimed.is_none() {
            adopting.reading = true;
            out.push(Action::ReadPidfile { service: id });
        } else {
            self.look_for_daemons(now, out);
        }
    }

    fn look_for_daemons(&mut self, now: Instant, out: &mut Actions) {
        match self.surveyor.is_blind() {
            true => self.adopt_blindly(now, out),
            false => self.surveyor.want_now(now),
        }
    }

    #[inline(never)]
    pub(super) fn pidfile_read(
        &mut self,
        id: ServiceId,
        pid: Option<Pid>,
        now: Instant,
        out: &mut Actions,
    ) {
        let Some(service) = self.services.get_mut(id.0) else {
            return out.push(Action::Tell(Note::Unexpected("pidfile: no such service")));
        };
        let State::Adopting(adopting) = &mut service.state else {
            return;
        };
        if !core::mem::take(&mut adopting.reading) {
            return;
        }
        adopting.filed = pid;
        // Without a number, it is still seen whether there is anybody to wait for.
        self.look_for_daemons(now, out);
    }

    /// Looks for the daemons that are awaited, and at the main processes that services named.
    pub(super) fn adopt(
        &mut self,
        processes: &[Process],
        owners: &[Owner],
        now: Instant,
        out: &mut Actions,
    ) {
        for id in self.plan.ids() {
            match &self.services[id.0].state {
                State::Adopting(_) => self.adopt_daemon(id, processes, owners, now, out),
                State::Running(run) => {
                    if let Some(pid) = run.claimed {
                        self.adopt_named(id, pid, processes, owners, out);
                    }
                }
                State::Waiting
                | State::PreStart(_)
                | State::Starting
                | State::Launching(_)
                | State::PreStop(_)
                | State::Stopping(_)
                | State::PostStop(_)
                | State::Backoff { .. }
                | State::Ended(_) => {}
            }
        }
    }

    fn adopt_daemon(
        &mut self,
        id: ServiceId,
        processes: &[Process],
        owners: &[Owner],
        now: Instant,
        out: &mut Actions,
    ) {
        let State::Adopting(adopting) = &self.services[id.0].state else {
            return;
        };
        if !adopting.is_looking() {
            return;
        }
        let starter = adopting.starter;
        let named = adopting.claimed.or(adopting.filed);
        let left = match self.plan.service(id).kind {
            Kind::Forking { pidfile: false } => self.left_behind(id, starter, processes, owners),
            Kind::Forking { pidfile: true } | Kind::Simple | Kind::Oneshot => None,
        };
        let (standing, found) = match named {
            Some(pid) => {
                let standing = self.may_be_main(id, pid, processes, owners);
                (standing, (standing == Standing::Own).then_some(pid))
            }
            // It counts when it is found again.
            None => (Standing::NotThere, left.filter(|_| left == adopting.found)),
        };
        if let Some(pid) = found {
            self.join(id, pid, processes);
            return self.adopted(id, pid, now, out);
        }
        // A name may be anybody's of the service; without one, only whom the starter left behind can come.
        let after = named.map_or(starter, |_| Pid::OUTSIDE);
        let somebody = self.somebody_is_there(id, after, processes, owners);
        let State::Adopting(adopting) = &mut self.services[id.0].state else {
            return;
        };
        if let Some(pid) = named.filter(|_| standing == Standing::Foreign) {
            adopting.claimed = None;
            if adopting.refused.replace(pid) != Some(pid) {
                out.push(Action::Tell(Note::Refused { service: id, pid }));
            }
        }
        adopting.found = left;
        adopting.missed = match somebody {
            true => 0,
            false => adopting.missed.saturating_add(1),
        };
        let is_lost = adopting.missed >= LOST;
        adopting.look_again(now);
        if is_lost {
            self.has_no_daemon(id, now, out);
        }
    }

    /// Nobody is there who could become the daemon, or write its number down.
    pub(super) fn has_no_daemon(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        match self.is_stopping() {
            // Nobody need wait for its turn.
            true => self.take_down(id, now, out),
            false => self.fail(id, Fault::NoDaemon, now, out),
        }
    }

    /// A daemon may be in a group that its starter made: it gets what the group gets.
    fn join(&mut self, id: ServiceId, main: Pid, processes: &[Process]) {
        let process = processes.iter().find(|process| process.pid == main);
        let group = process.map(|process| process.group);
        self.services[id.0].joined = group.filter(|group| *group != main);
    }

    /// The daemon is found: it is the main process.
    fn adopted(&mut self, id: ServiceId, pid: Pid, now: Instant, out: &mut Actions) {
        let State::Adopting(adopting) = &self.services[id.0].state else {
            return;
        };
        let (since, told, was_ready) = (adopting.since, adopting.told, adopting.was_ready);
        let start_by = adopting.start_by;
        out.push(Action::Tell(Note::Adopted { service: id, pid }));
        self.attribution.belongs(pid, id);
        let mut run = Run::new(self.plan.service(id), pid, since, start_by, now);
        run.was_ready = was_ready;
        self.runs(id, run, now, out);
        if told {
            self.says_ready(id, now, out);
        }
    }

    /// /proc can't be read: a pidfile that was written since the start is believed, if nobody else is
    /// known to have that process.
    pub(super) fn adopt_blindly(&mut self, now: Instant, out: &mut Actions) {
        for id in self.plan.ids() {
            let State::Adopting(adopting) = &mut self.services[id.0].state else {
                continue;
            };
            if !adopting.is_looking() {
                continue;
            }
            let named = adopting.claimed.take().or(adopting.filed);
            adopting.look_again(now);
            let Some(pid) = named else {
                continue;
            };
            let taken = |service: &crate::service::Service| service.group() == Some(pid);
            if pid == self.own || self.hooks.have(pid) || self.services.iter().any(taken) {
                out.push(Action::Tell(Note::Refused { service: id, pid }));
                continue;
            }
            self.services[id.0].ungrouped = true;
            self.adopted(id, pid, now, out);
        }
    }

    /// A service that runs names another main process.
    fn adopt_named(
        &mut self,
        id: ServiceId,
        pid: Pid,
        processes: &[Process],
        owners: &[Owner],
        out: &mut Actions,
    ) {
        let standing = self.may_be_main(id, pid, processes, owners);
        let State::Running(run) = &mut self.services[id.0].state else {
            return;
        };
        match standing {
            Standing::Own => {
                run.claimed = None;
                run.main = pid;
                out.push(Action::Tell(Note::Adopted { service: id, pid }));
                self.attribution.belongs(pid, id);
                self.join(id, pid, processes);
            }
            // It is when those above it have ended.
            Standing::NotYet => {}
            Standing::NotThere | Standing::Foreign => {
                run.claimed = None;
                out.push(Action::Tell(Note::Refused { service: id, pid }));
            }
        }
    }

    /// Whether a process that was named can be the main one: bowout must be its parent, or nobody would
    /// tell bowout that it ended; and no other service may have it.
    fn may_be_main(
        &self,
        id: ServiceId,
        pid: Pid,
        processes: &[Process],
        owners: &[Owner],
    ) -> Standing {
        let mut both = processes.iter().zip(owners);
        let Some((process, owner)) = both.find(|(process, _)| process.pid == pid) else {
            return Standing::NotThere;
        };
        match owner {
            _ if process.state == ProcessState::Zombie => Standing::NotThere,
            Owner::Service(other) if *other != id => Standing::Foreign,
            Owner::Hook | Owner::Stranger => Standing::Foreign,
            // Its parent may be the starter's child, that has a moment to live.
            Owner::Service(_) | Owner::Orphan if process.parent != self.own => Standing::NotYet,
            Owner::Service(_) | Owner::Orphan => Standing::Own,
        }
    }

    /// The process that a starter left behind, where nothing names it: bowout's child of this service, the
    /// oldest by its number where there are several; else the only orphan that nobody else can have.
    ///
    /// Whoever has a smaller number than the starter is left of an earlier life. Numbers start again from the
    /// smallest after some millions: then, at the worst, one start fails.
    fn left_behind(
        &self,
        id: ServiceId,
        starter: Pid,
        processes: &[Process],
        owners: &[Owner],
    ) -> Option<Pid> {
        let children = || {
            let both = processes.iter().zip(owners);
            both.filter(|(process, _)| {
                process.parent == self.own
                    && process.state != ProcessState::Zombie
                    && process.pid > starter
            })
        };
        let own = children().filter(|(_, owner)| **owner == Owner::Service(id));
        let own = own.map(|(process, _)| process.pid).min();
        own.or_else(|| {
            let mut orphans = children().filter(|(_, owner)| **owner == Owner::Orphan);
            let first = orphans.next().map(|(process, _)| process.pid);
            first.filter(|_| orphans.next().is_none() && self.only_one_adopts())
        })
    }

    /// Whether a process is left that is of this service, or may be, and came after another one.
    fn somebody_is_there(
        &self,
        id: ServiceId,
        after: Pid,
        processes: &[Process],
        owners: &[Owner],
    ) -> bool {
        let mut both = processes.iter().zip(owners);
        both.any(|(process, owner)| {
            let is_its = *owner == Owner::Service(id) || *owner == Owner::Orphan;
            is_its && process.state != ProcessState::Zombie && process.pid > after
        })
    }

    fn only_one_adopts(&self) -> bool {
        let adopts = |service: &&crate::service::Service| {
            matches!(service.state, State::Adopting(_) | State::Launching(_))
        };
        self.services.iter().filter(adopts).count() == 1
    }
}

/// What a process is to a service that names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// It can be its main process.
    Own,
    /// It is of the service, and not yet bowout's child.
    NotYet,
    /// It is not there.
    NotThere,
    /// It is somebody else's.
    Foreign,
}
