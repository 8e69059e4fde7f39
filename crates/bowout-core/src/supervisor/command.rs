//! Does what somebody asks of one service: start, stop, restart, reload, a signal.

use super::{Actions, Phase, Supervisor};
use crate::action::{Action, Note, Target};
use crate::event::Command;
use crate::plan::{ServiceId, ServiceMoment};
use crate::service::State;
use crate::{Instant, Signal};
use alloc::vec::Vec;

impl Supervisor {
    #[inline(never)]
    pub(super) fn commanded(&mut self, command: Command, now: Instant, out: &mut Actions) {
        let (Command::Start(id)
        | Command::Stop(id)
        | Command::Restart(id)
        | Command::Reload(id)
        | Command::Signal(id, _)) = command;
        if id.0 >= self.services.len() {
            return out.push(Action::Tell(Note::Unexpected("command: no such service")));
        }
        if let Command::Signal(_, signal) = command {
            return self.send_by_command(id, signal, out);
        }
        // In a stop nobody is started any more, and everybody is stopped.
        if self.phase != Phase::Up {
            return;
        }
        match command {
            Command::Start(id) => {
                let service = &mut self.services[id.0];
                // Whatever was to follow, it is started once it is down.
                service.restarting |= service.is_leaving();
                self.want(alloc::vec![id], out);
            }
            Command::Stop(id) => {
                match self.services[id.0].state {
                    State::Waiting | State::Backoff { .. } | State::Ended(_) => {
                        let end = State::Ended(crate::service::End::Stopped);
                        self.go(id, end, out);
                    }
                    State::PreStart(_)
                    | State::Starting
                    | State::Launching(_)
                    | State::Adopting(_)
                    | State::Running(_)
                    | State::PreStop(_)
                    | State::Stopping(_)
                    | State::PostStop(_) => {}
                }
                let service = &mut self.services[id.0];
                service.wanted = false;
                service.restarting = false;
                service.started = false;
            }
            Command::Restart(id) => {
                let service = &mut self.services[id.0];
                service.attempts.forgive();
                service.attempts.asked();
                let rests = matches!(
                    service.state,
                    State::Ended(_) | State::Waiting | State::Backoff { .. }
                );
                service.restarting = !rests;
                self.want(alloc::vec![id], out);
            }
            Command::Reload(id) => self.reload(id, now, out),
            Command::Signal(..) => {}
        }
    }

    /// These are wanted, and with them all that they depend on; whoever is down waits for its start.
    pub(super) fn want(&mut self, asked: Vec<ServiceId>, out: &mut Actions) {
        let mut seen = alloc::vec![false; self.services.len()];
        let mut named = seen.clone();
        for id in &asked {
            named[id.0] = true;
        }
        let mut open = asked;
        while let Some(id) = open.pop() {
            if core::mem::replace(&mut seen[id.0], true) {
                continue;
            }
            open.extend(self.plan.graph().dependencies(id));
            self.want_one(id, named[id.0], out);
        }
    }

    fn want_one(&mut self, id: ServiceId, is_named: bool, out: &mut Actions) {
        let service = &mut self.services[id.0];
        let before = service.word();
        let was_wanted = core::mem::replace(&mut service.wanted, true);
        match service.state {
            // What has run to its end is not run again for the sake of those above it.
            State::Ended(_) if service.completed && was_wanted && !is_named => {}
            State::Ended(_) => {
                service.attempts.forgive();
                service.started = false;
                service.completed = false;
                service.fault = None;
                service.state = State::Waiting;
            }
            State::Backoff { .. } if is_named => service.state = State::Waiting,
            // It was on its way down because nobody wanted it.
            State::PreStart(_) | State::PreStop(_) | State::Stopping(_) | State::PostStop(_)
                if !was_wanted =>
            {
                service.restarting = true;
            }
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::Running(_)
            | State::PreStop(_)
            | State::Stopping(_)
            | State::PostStop(_)
            | State::Backoff { .. } => {}
        }
        if service.word() != before {
            out.push(Action::Tell(Note::Changed { service: id }));
        }
    }

    /// Has a service read its configuration again.
    pub(super) fn reload(&mut self, id: ServiceId, now: Instant, out: &mut Actions) {
        let State::Running(run) = &self.services[id.0].state else {
            return;
        };
        let main = run.main;
        let mut hooks = self.hooks_at(id, ServiceMoment::Reload).peekable();
        if hooks.peek().is_none() {
            let signal = self.plan.service(id).reload.signal;
            out.push(Action::Signal {
                target: Target::Process(main),
                signal,
                left: None,
            });
        }
        for hook in hooks {
            self.start_hook(hook, now, out);
        }
    }

    fn send_by_command(&mut self, id: ServiceId, signal: Signal, out: &mut Actions) {
        match self.services[id.0].main() {
            Some(main) => out.push(Action::Signal {
                target: Target::Process(main),
                signal,
                left: None,
            }),
            None => out.push(Action::Tell(Note::NotForwarded(signal))),
        }
    }
}
