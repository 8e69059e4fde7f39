//! Lets services, people and programs ask for things: notices, pidfiles, commands, another plan.

use super::kernel::Origin;
use super::monitor::Monitor;
use super::script::Script;
use super::{Answer, Case, Part, World};
use bowout_core::event::{Change, Command, Notice};
use bowout_core::plan::{HookId, Plan, ServiceId};
use bowout_core::{Event, Pid};
use std::rc::Rc;

/// A process that is never there.
pub(crate) const STALE: i32 = 9_999;

/// One thing that is asked for. A service goes by its place in the plan of that moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ask {
    Stop,
    Command(Command),
    /// A line on its descriptor.
    Ready(ServiceId),
    Notice(ServiceId, Notice),
    /// `MAINPID=`.
    Names(ServiceId, Whom),
    /// The plan with this place in `Case::changes`.
    Change(usize),
    /// A plan of which nobody says what goes on.
    BadChange,
}

/// Whom a service names as its main process, or its pidfile does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Whom {
    /// A process of its own whose parent is bowout.
    Child,
    /// One whose parent is not.
    Below,
    /// Somebody else's, or bowout itself.
    Other,
    /// One that is not there.
    Stale,
    /// Nobody.
    Nobody,
}

/// Who plays in a plan: the processes of each service and hook, each known by a number that it keeps from
/// plan to plan.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Cast {
    pub(crate) services: Vec<u32>,
    pub(crate) hook_numbers: Vec<u32>,
    pub(crate) trees: Vec<Vec<Part>>,
    pub(crate) hooks: Vec<Script>,
    /// What each service's pidfile says, look after look; the last goes on.
    pub(crate) pidfiles: Vec<Vec<Whom>>,
}

impl Cast {
    pub(crate) fn of(case: &Case) -> Cast {
        let numbers = |count: usize| (0..u32::try_from(count).unwrap()).collect();
        Cast {
            services: numbers(case.plan.services().len()),
            hook_numbers: numbers(case.plan.hooks().len()),
            trees: case.trees.clone(),
            hooks: case.hooks.clone(),
            pidfiles: case.pidfiles.clone(),
        }
    }

    /// Another plan, as it is told to a core that goes by this one.
    fn change(&self, plan: &Plan, next: &Cast) -> Change {
        let place = |old: &[u32], number: &u32| old.iter().position(|other| other == number);
        let services = next.services.iter();
        let hooks = next.hook_numbers.iter();
        Change {
            plan: plan.clone(),
            services: services
                .map(|number| place(&self.services, number).map(ServiceId))
                .collect(),
            hooks: hooks
                .map(|number| place(&self.hook_numbers, number).map(HookId))
                .collect(),
        }
    }
}

impl World {
    pub(super) fn ask(&mut self, ask: Ask) {
        let count = self.sup.plan().services().len();
        let at = |id: ServiceId| ServiceId(id.0 % count);
        match ask {
            Ask::Stop => self.tell(Event::StopRequested),
            Ask::Command(command) => self.tell(Event::Commanded(match command {
                Command::Start(id) => Command::Start(at(id)),
                Command::Stop(id) => Command::Stop(at(id)),
                Command::Restart(id) => Command::Restart(at(id)),
                Command::Reload(id) => Command::Reload(at(id)),
                Command::Signal(id, signal) => Command::Signal(at(id), signal),
            })),
            Ask::Ready(id) => self.tell(Event::Ready { service: at(id) }),
            Ask::Notice(id, notice) => self.tell(Event::Notified {
                service: at(id),
                notice,
            }),
            Ask::Names(id, whom) => {
                if let Some(pid) = self.whom(at(id).0, whom) {
                    self.tell(Event::Notified {
                        service: at(id),
                        notice: Notice::MainPid(Pid::new(pid)),
                    });
                }
            }
            Ask::Change(index) => {
                let case = Rc::clone(&self.case);
                let (plan, next) = &case.changes[index];
                let change = self.cast.change(plan, next);
                if !self.sup.is_stopping() {
                    self.coming = Some(index);
                }
                self.tell(Event::Reconfigured(Box::new(change)));
            }
            Ask::BadChange => {
                let change = Change {
                    plan: self.sup.plan().clone(),
                    services: Vec::new(),
                    hooks: Vec::new(),
                };
                self.tell(Event::Reconfigured(Box::new(change)));
            }
        }
    }

    /// The process that is meant. Without /proc the driver names only children of bowout: that is all that
    /// waitid(2) tells.
    fn whom(&self, service: usize, whom: Whom) -> Option<i32> {
        let named = self.named(service, whom);
        let is_child = |pid: &i32| {
            let of = self.kernel.procs.get(pid);
            of.is_some_and(|proc| proc.parent == self.kernel.own)
        };
        named.filter(|pid| self.case.proc || is_child(pid))
    }

    fn named(&self, service: usize, whom: Whom) -> Option<i32> {
        let own = self.kernel.own;
        let is_its = |origin: Origin| origin == Origin::Service(service);
        let mut living = self.kernel.living();
        match whom {
            Whom::Child => living
                .filter(|(_, proc)| is_its(proc.origin) && proc.parent == own)
                .map(|(pid, _)| pid)
                .last(),
            Whom::Below => living
                .find(|(_, proc)| is_its(proc.origin) && proc.parent != own)
                .map(|(pid, _)| pid),
            Whom::Other => living
                .find(|(_, proc)| !is_its(proc.origin))
                .map_or(Some(own), |(pid, _)| Some(pid)),
            Whom::Stale => Some(STALE),
            Whom::Nobody => None,
        }
    }

    /// What a service's pidfile says now.
    pub(super) fn pidfile(&mut self, service: usize) -> Option<i32> {
        let says = self.cast.pidfiles.get(service);
        let says = says.map_or(&[Whom::Child][..], Vec::as_slice);
        let at = usize::from(self.reads[service]).min(says.len() - 1);
        self.reads[service] = self.reads[service].saturating_add(1);
        self.whom(service, says[at])
    }

    /// The core goes by another plan from now on, and so does everybody.
    pub(super) fn install(&mut self) {
        let Some(index) = self.coming.take() else {
            return self.monitor.broken("a plan is installed that did not come");
        };
        let spoken = |answer: &Answer| match answer {
            Answer::Service(_) | Answer::Hook(_) | Answer::Pidfile(_) => true,
            Answer::Survey(_) | Answer::Emptied | Answer::Alone => false,
        };
        if self.answers.iter().any(spoken) {
            let text = "a plan is installed while an answer speaks of the old one";
            return self.monitor.broken(text);
        }
        let next = Rc::new(self.case.changes[index].1.clone());
        let places = |old: &[u32], new: &[u32]| -> Vec<Option<usize>> {
            let place = |number: &u32| new.iter().position(|other| other == number);
            old.iter().map(place).collect()
        };
        let services = places(&self.cast.services, &next.services);
        let hooks = places(&self.cast.hook_numbers, &next.hook_numbers);
        self.kernel.moved(&services, &hooks);
        let mut reads = vec![0; next.services.len()];
        for (old, new) in services.iter().enumerate() {
            if let Some(new) = new {
                reads[*new] = self.reads[old];
            }
        }
        self.reads = reads;
        self.cast = next;
        self.installed = index + 1;
        Monitor::moved(self, &services, &hooks);
    }
}
