//! Ends it all: the exit code, and the account.

use super::super::{Actions, Phase, Supervisor};
use crate::action::Action;
use crate::plan::ServiceId;
use crate::report::{Reason, Recorder};
use crate::service::{End, Ending, State};
use crate::{Instant, Signal, Status};
use alloc::boxed::Box;

/// What a container engine makes of a SIGKILL: 128 + 9.
const KILLED: u8 = 128 + Signal::KILL.number();

impl Supervisor {
    pub(super) fn finish(&mut self, now: Instant, out: &mut Actions) {
        let Phase::Stopping(shutdown) = core::mem::replace(&mut self.phase, Phase::Finished) else {
            return;
        };
        let code = self.exit_code(&shutdown.reason, shutdown.signal);
        let recorder: Recorder = core::mem::take(&mut self.recorder);
        let budget = self.budget.known.then_some(self.budget.total);
        let report = recorder.close(shutdown.reason, (shutdown.began, now), budget, code);
        out.push(Action::Finish {
            code,
            report: Box::new(report),
        });
    }

    fn exit_code(&self, reason: &Reason, signal: Signal) -> u8 {
        let clean_stop = reason.was_asked_for() && !self.recorder.killed_anybody();
        if self.plan.is_command() {
            let exit = self.plan.exit();
            let code = match self.services[0].ending {
                Ending::NotStarted(error) => return error.kind.exit_code(),
                _ if self.services[0].main().is_some() => return KILLED,
                // It was never started because the stop came first: as if the signal had ended it.
                Ending::NeverRan => Status::by(signal).exit_code(),
                Ending::Exited(status) => status.exit_code(),
                Ending::Blocked(_) => 1,
            };
            // One that does not work has failed, whatever it says when it is stopped for that.
            let code = match *reason {
                Reason::Failed { .. } => code.max(1),
                Reason::Signal(_)
                | Reason::Request
                | Reason::Ended { .. }
                | Reason::NotStarted { .. }
                | Reason::NothingLeft => code,
            };
            let forgiven = exit.expected.contains(&code) || (exit.success_on_stop && clean_stop);
            return if forgiven { 0 } else { code };
        }
        match *reason {
            Reason::Signal(_) | Reason::Request if clean_stop => 0,
            Reason::Signal(_) | Reason::Request => KILLED,
            Reason::Ended { status, .. } => status.exit_code(),
            Reason::NotStarted { error, .. } => error.kind.exit_code(),
            Reason::Failed { service } => self.failed_code(service),
            Reason::NothingLeft => {
                let failed =
                    |id: &ServiceId| self.services[id.0].state == State::Ended(End::Failed);
                let first = self.plan.ids().find(failed);
                first.map_or(0, |id| self.failed_code(id))
            }
        }
    }

    /// The code of a service that failed: its own where that says so, else 1.
    fn failed_code(&self, id: ServiceId) -> u8 {
        let root = self.root_of(id);
        let root = self.services.get(root.0);
        match root.map(|service| service.ending) {
            // It leaves with bowout, whatever an earlier run of it ended with.
            _ if root.is_some_and(|service| service.main().is_some()) => KILLED,
            Some(Ending::Exited(status)) if !status.is_success() => status.exit_code(),
            Some(Ending::NotStarted(error)) => error.kind.exit_code(),
            Some(Ending::Exited(_) | Ending::NeverRan | Ending::Blocked(_)) | None => 1,
        }
    }
}
