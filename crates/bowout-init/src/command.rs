//! Holds the program of a single command and those of its hooks, made once at the start.

use crate::contract::Contract;
use crate::environment::TIMEOUT;
use crate::log::Log;
use crate::perform::start;
use bowout_core::event::{SpawnError, SpawnErrorKind};
use bowout_core::plan::HookId;
use bowout_core::{Pid, Signal, SignalSet};
use bowout_sys::spawn::Program;
use std::ffi::CString;
use std::time::Duration;

/// One command.
pub(crate) struct Command {
    /// Its program; `None` when there is none to run.
    pub(crate) program: Option<Program>,
    /// The hooks' programs, in the plan's order.
    pub(crate) hooks: Vec<Program>,
    /// Its process, while it runs.
    pub(crate) main: Option<Pid>,
}

impl Command {
    /// Has the programs start with the signals that bowout was started with.
    pub(crate) fn inherit(&mut self, contract: &Contract, mask: SignalSet, chld_was_ignored: bool) {
        for program in self.program.iter_mut().chain(&mut self.hooks) {
            if contract.reset_signals {
                let standard = (1..=31)
                    .filter_map(Signal::new)
                    .filter(|signal| signal.is_catchable());
                program.dispositions = standard.map(|signal| (signal, false)).collect();
            } else {
                program.mask = mask;
                program
                    .dispositions
                    .extend(chld_was_ignored.then_some((Signal::CHLD, true)));
            }
        }
    }

    /// Starts the command.
    pub(crate) fn spawn(&mut self, log: &mut Log) -> Result<Pid, SpawnError> {
        let program = self.program.as_mut().ok_or(NOTHING)?;
        let pid = start(program, None, log)?;
        self.main = Some(pid);
        Ok(pid)
    }

    /// Starts a hook that may take so long.
    #[inline(never)]
    pub(crate) fn run_hook(
        &mut self,
        hook: HookId,
        time: Option<Duration>,
        log: &mut Log,
    ) -> Result<Pid, SpawnError> {
        let program = self.hooks.get_mut(hook.0).ok_or(NOTHING)?;
        let entry = time.and_then(|time| {
            let text = format!("{TIMEOUT}={}", crate::environment::seconds(time));
            CString::new(text).ok().map(Into::into)
        });
        let before = program.environment.len();
        program.environment.extend(entry);
        let started = start(program, None, log);
        program.environment.truncate(before);
        started
    }

    /// Whether that was the command.
    pub(crate) fn ended(&mut self, pid: Pid) -> bool {
        let was = self.main == Some(pid);
        if was {
            self.main = None;
        }
        was
    }
}

/// The plan and the programs do not fit together. Not known to happen.
pub(crate) const NOTHING: SpawnError = SpawnError {
    kind: SpawnErrorKind::Setup,
    errno: 0,
};
