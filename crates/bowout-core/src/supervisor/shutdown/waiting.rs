//! Says who the stop waits for, and why: nobody shall have to guess what a container hangs on.

use super::super::attribution::Owner;
use super::super::{Actions, Phase, Supervisor};
use super::Stage;
use crate::action::{Action, Lingering, Note};
use crate::plan::Sweep;
use crate::process::Process;
use crate::service::State;
use crate::{Instant, Signal};
use alloc::vec::Vec;

/// How many processes a line about who is waited for names.
const NAMED: usize = 16;

impl Supervisor {
    pub(in super::super) fn tell_who_is_waited_for(
        &mut self,
        processes: &[Process],
        owners: &[Owner],
        now: Instant,
        out: &mut Actions,
    ) {
        let Phase::Stopping(shutdown) = &mut self.phase else {
            return;
        };
        if !core::mem::take(&mut shutdown.telling) {
            return;
        }
        let since = now.since(shutdown.began);
        let namespace = self.plan.stop().sweep == Sweep::Namespace;
        let sweeping = matches!(shutdown.stage, Stage::Sweeping(_));
        let mut waited = Vec::new();
        for (process, owner) in processes.iter().zip(owners) {
            let service = match owner {
                Owner::Service(id) => Some(*id),
                Owner::Hook | Owner::Orphan | Owner::Stranger => None,
            };
            let stopping = match service.map(|id| &self.services[id.0].state) {
                Some(State::Stopping(stopping)) => Some(stopping),
                Some(
                    State::Waiting
                    | State::PreStart(_)
                    | State::Starting
                    | State::Launching(_)
                    | State::Adopting(_)
                    | State::Running(_)
                    | State::PreStop(_)
                    | State::PostStop(_)
                    | State::Backoff { .. }
                    | State::Ended(_),
                )
                | None => None,
            };
            let swept = sweeping && (namespace || *owner != Owner::Stranger);
            let stayed = match stopping {
                Some(stopping) => stopping.stayed(process),
                None if swept => process.stayed(Signal::TERM),
                None => continue,
            };
            if process.state != crate::process::State::Zombie && waited.len() < NAMED {
                waited.push(Lingering {
                    pid: process.pid,
                    name: process.name.clone(),
                    service,
                    stayed,
                });
            }
        }
        if !waited.is_empty() {
            out.push(Action::Tell(Note::Waiting {
                since,
                processes: waited,
            }));
        }
    }
}
