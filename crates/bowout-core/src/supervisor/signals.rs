//! Treats signals that came for bowout: a stop, a repeated stop, a hook, or something to forward.

use super::{Phase, Supervisor};
use crate::action::{Action, Note, Target};
use crate::event::Received;
use crate::plan::{ForwardTo, HookMoment, JobControl, ServiceId};
use crate::process::{Process, State as ProcessState};
use crate::report::Reason;
use crate::service::{Service, State};
use crate::{Instant, Pid, Signal, SignalSet};
use alloc::vec::Vec;

impl Supervisor {
    pub(super) fn signal_received(
        &mut self,
        received: Received,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let signal = received.signal;
        if signal == Signal::CHLD || self.plan.signals().swallow.contains(signal) {
            return;
        }
        let Some(sent_as) = self.rewritten(signal) else {
            // Nobody gets it, and bowout stops by it all the same.
            if self.plan.signals().suspend.contains(signal) {
                out.push(Action::Suspend);
            }
            return;
        };
        let hooks: Vec<_> = self.plan.hooks_at(HookMoment::OnSignal(signal)).collect();
        let is_ruled = self.plan.signals().rules.contains_key(&signal);
        if is_ruled || !hooks.is_empty() {
            for hook in hooks {
                self.hooks.start(hook, now, None, out);
            }
            if is_ruled {
                self.follow_rule(sent_as, received, now, out);
            }
        } else if !self.plan.stop().on.contains(signal) {
            let essential = |id: &ServiceId| self.plan.service(*id).essential;
            let receivers: Vec<ServiceId> = self.plan.ids().filter(essential).collect();
            self.forward(&receivers, sent_as, received, now, out);
        } else if !self.is_stopping() {
            self.request_stop(Reason::Signal(received), now, out);
        } else if signal == Signal::INT {
            self.interrupt_again(now, out);
        } else {
            out.push(Action::Tell(Note::StopRepeated(signal)));
        }
    }

    /// What a signal goes on as; `None` when it is dropped. One step only: a map, not a chain.
    pub(super) fn rewritten(&self, signal: Signal) -> Option<Signal> {
        let rewrite = &self.plan.signals().rewrite;
        rewrite.get(&signal).copied().unwrap_or(Some(signal))
    }

    /// The signal that services without one of their own are stopped with.
    pub(super) fn stop_signal(&self) -> Signal {
        match &self.phase {
            Phase::Stopping(shutdown) => shutdown.signal,
            Phase::New | Phase::Up | Phase::Finished => {
                self.rewritten(Signal::TERM).unwrap_or(Signal::TERM)
            }
        }
    }

    /// The signals whose dispositions the next survey is for.
    pub(super) fn surveyed_signals(&self) -> SignalSet {
        let of = |service: &Service| match &service.state {
            State::Stopping(stopping) => Some(stopping.signal()),
            State::Waiting
            | State::PreStart(_)
            | State::Starting
            | State::Launching(_)
            | State::Adopting(_)
            | State::Running(_)
            | State::PreStop(_)
            | State::PostStop(_)
            | State::Backoff { .. }
            | State::Ended(_) => None,
        };
        let signals: SignalSet = self.services.iter().filter_map(of).collect();
        match signals == SignalSet::EMPTY {
            true => SignalSet::EMPTY.with(self.stop_signal()),
            false => signals,
        }
    }

    /// Does what the plan says of this signal, instead of forwarding it to everybody.
    fn follow_rule(
        &mut self,
        signal: Signal,
        received: Received,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let Some(rule) = self.plan.signals().rules.get(&received.signal).cloned() else {
            return;
        };
        if self.phase == Phase::Up {
            if rule.reload_config {
                out.push(Action::ReadConfig);
            }
            for id in rule.reload {
                self.reload(id, now, out);
            }
        }
        if !rule.forward.is_empty() {
            self.forward(&rule.forward, signal, received, now, out);
        }
    }

    fn forward(
        &mut self,
        receivers: &[ServiceId],
        signal: Signal,
        received: Received,
        now: Instant,
        out: &mut Vec<Action>,
    ) {
        let signals = self.plan.signals();
        let to_group = signals.forward == ForwardTo::Group
            // A terminal stop went to the whole group, so what ends it does too.
            || (signal == Signal::CONT && signals.job_control == JobControl::Suspend);
        let mains: Vec<(Pid, Pid)> = receivers
            .iter()
            .map(|id| &self.services[id.0])
            .filter_map(|service| Some((service.main()?, service)))
            .map(|(main, service)| (main, service.process_group(main)))
            .collect();
        for (main, group) in &mains {
            let target = if to_group {
                Target::Group(*group)
            } else {
                Target::Process(*main)
            };
            out.push(Action::Forward {
                target,
                signal,
                received,
            });
        }
        if mains.is_empty() {
            out.push(Action::Tell(Note::NotForwarded(received.signal)));
        } else if signals.wake.contains(signal) {
            self.wake = true;
            self.surveyor.want(now);
        }
        if self.plan.signals().suspend.contains(received.signal) {
            out.push(Action::Suspend);
        }
    }

    /// A receiver that is stopped would keep the signal until somebody continues it.
    pub(super) fn wake_the_stopped(&mut self, processes: &[Process], out: &mut Vec<Action>) {
        if !core::mem::take(&mut self.wake) {
            return;
        }
        let stopped = |process: &&Process| process.state == ProcessState::Stopped;
        let stopped = processes.iter().filter(stopped);
        let stopped: Vec<Pid> = stopped.map(|process| process.group).collect();
        for service in self.services.iter() {
            let Some(main) = service.main() else { continue };
            let group = service.process_group(main);
            if stopped.contains(&group) {
                out.push(Action::Signal {
                    target: match self.plan.signals().forward {
                        ForwardTo::Main => Target::Process(main),
                        ForwardTo::Group => Target::Group(group),
                    },
                    signal: Signal::CONT,
                    left: None,
                });
            }
        }
    }

    pub(super) fn suspended(&mut self, pid: Pid, signal: Signal, out: &mut Vec<Action>) {
        if self.whose_main(pid).is_none() || !signal.is_terminal_stop() {
            return;
        }
        match self.plan.signals().job_control {
            JobControl::None => {}
            JobControl::Continue => out.push(Action::Signal {
                target: Target::Group(pid),
                signal: Signal::CONT,
                left: None,
            }),
            JobControl::Suspend => out.push(Action::Suspend),
        }
    }
}
