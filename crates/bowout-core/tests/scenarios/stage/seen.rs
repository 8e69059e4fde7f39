//! Looks back at what was done on the stage, and when.

use super::{Stage, Whose};
use bowout_core::action::{Note, Target};
use bowout_core::plan::HookId;
use bowout_core::service::State;
use bowout_core::{Action, Pid, Signal};

impl Stage {
    pub(crate) fn main(&self, service: &str) -> Option<i32> {
        self.sup.service(self.id(service)).main().map(Pid::get)
    }

    pub(crate) fn word(&self, service: &str) -> &'static str {
        self.sup.service(self.id(service)).word()
    }

    pub(crate) fn state(&self, service: &str) -> &State {
        &self.sup.service(self.id(service)).state
    }

    pub(crate) fn is_ready(&self, service: &str) -> bool {
        let id = self.id(service);
        self.sup
            .service(id)
            .is_ready(self.sup.plan().service(id).kind)
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The first of what was done that the story looks for.
    pub(crate) fn find<T>(&self, look: impl Fn(&Action) -> Option<T>) -> Option<T> {
        self.done.iter().find_map(|(_, action)| look(action))
    }

    /// When something was done that the story looks for.
    pub(crate) fn when(&self, is_it: impl Fn(&Action) -> bool) -> Vec<u64> {
        let them = self.done.iter().filter(|(_, action)| is_it(action));
        them.map(|(at, _)| *at).collect()
    }

    pub(crate) fn said(&self, is_it: impl Fn(&Note) -> bool) -> Vec<u64> {
        self.when(|action| matches!(action, Action::Tell(note) if is_it(note)))
    }

    /// When its program was started.
    pub(crate) fn spawns(&self, name: &str) -> Vec<u64> {
        let id = self.id(name);
        self.when(|action| *action == Action::Spawn { service: id })
    }

    /// When a hook was run.
    pub(crate) fn runs(&self, name: &str) -> Vec<u64> {
        let mut hooks = self.sup.plan().hooks().iter();
        let id = HookId(hooks.position(|hook| hook.name == name).unwrap());
        self.when(|action| matches!(action, Action::RunHook { hook, .. } if *hook == id))
    }

    /// The signals to a service's processes but SIGCONT, and when.
    pub(crate) fn told(&self, service: &str) -> Vec<(u64, Signal)> {
        let id = self.id(service);
        self.sent(Whose::Service(id.0))
    }

    /// The signals to a hook's processes but SIGCONT, and when.
    pub(crate) fn told_hook(&self, name: &str) -> Vec<(u64, Signal)> {
        let mut hooks = self.sup.plan().hooks().iter();
        self.sent(Whose::Hook(
            hooks.position(|hook| hook.name == name).unwrap(),
        ))
    }

    fn sent(&self, whose: Whose) -> Vec<(u64, Signal)> {
        let sent = self.done.iter().filter_map(|(at, action)| match action {
            Action::Signal { target, signal, .. } if *signal != Signal::CONT => match target {
                Target::Process(pid) | Target::Group(pid) => {
                    (self.owners.get(&pid.get()) == Some(&whose)).then_some((*at, *signal))
                }
                Target::Namespace => None,
            },
            _ => None,
        });
        sent.collect()
    }

    /// When each process of a service ended.
    pub(crate) fn ended(&self, service: &str) -> Vec<u64> {
        let id = self.id(service);
        let ends = self.ends.iter();
        ends.filter(|(_, pid)| self.owners[pid] == Whose::Service(id.0))
            .map(|(at, _)| *at)
            .collect()
    }

    /// When bowout left, and with which code.
    pub(crate) fn finish(&self) -> Option<(u64, u8)> {
        let mut done = self.done.iter();
        done.find_map(|(at, action)| match action {
            Action::Finish { code, .. } => Some((*at, *code)),
            _ => None,
        })
    }
}
