//! Treats signals that came for bowout: a stop, a repeated stop, a hook, or something to forward.

use super::{Phase, Supervisor};
use crate::action::{Action, Note, Target};
use crate::event::Received;
use crate::plan::{ForwardTo, HookMoment, JobControl};
use crate::process::{Process, State as ProcessState};
use crate::report::Reason;
use crate::service::{Service, State};
use crate::{Instant, Pid, Signal};
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
        if !hooks.is_empty() {
            for hook in hooks {
                self.hooks.start(hook, now, None, out);
            }
        } else if !self.plan.stop().on.contains(signal) {
            self.forward(sent_as, received, now, out);
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

    /// The signal whose disposition the next survey is for.
    pub(super) fn surveyed_signal(&self) -> Signal {
        let of = |service: &Service| match &service.state {
            State::Stopping(stopping) => Some(stopping.signal()),
            State::Waiting
            | State::Starting
            | State::Running { .. }
            | State::Backoff { .. }
            | State::Ended => None,
        };
        let stopping = self.services.iter().find_map(of);
        stopping.unwrap_or_else(|| self.stop_signal())
    }

    fn forward(&mut self, signal: Signal, received: Received, now: Instant, out: &mut Vec<Action>) {
        let signals = self.plan.signals();
        let to_group = signals.forward == ForwardTo::Group
            // A terminal stop went to the whole group, so what ends it does too.
            || (signal == Signal::CONT && signals.job_control == JobControl::Suspend);
        let mains: Vec<Pid> = self
            .plan
            .ids()
            .filter(|id| self.plan.service(*id).essential)
            .filter_map(|id| self.services[id.0].main())
            .collect();
        for main in &mains {
            let target = if to_group {
                Target::Group(*main)
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
        for service in &self.services {
            let Some(main) = service.main() else { continue };
            let stopped =
                |process: &Process| process.group == main && process.state == ProcessState::Stopped;
            if processes.iter().any(stopped) {
                out.push(Action::Signal {
                    target: match self.plan.signals().forward {
                        ForwardTo::Main => Target::Process(main),
                        ForwardTo::Group => Target::Group(main),
                    },
                    signal: Signal::CONT,
                    left: None,
                });
            }
        }
    }

    pub(super) fn suspended(&mut self, pid: Pid, signal: Signal, out: &mut Vec<Action>) {
        let is_main = self
            .services
            .iter()
            .any(|service| service.main() == Some(pid));
        if !is_main || !signal.is_terminal_stop() {
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
