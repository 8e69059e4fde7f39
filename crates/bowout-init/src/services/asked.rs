//! Keeps what bowout's own probes say: why a service is not ready, or does not work any more.

use super::Services;
use crate::assemble::readiness_probe;
use crate::log::{Level, Log};
use crate::settings::{Probe, ServiceSettings};
use bowout_core::action::Note;
use bowout_core::plan::{HookMoment, ServiceId, ServiceMoment};
use bowout_core::{Pid, Supervisor};
use bowout_sys::pipe::{self, Reader};
use std::os::fd::OwnedFd;

/// More than a probe has to say.
const LONGEST: usize = 1024;

/// What looks at a service at a moment, where something does.
pub(super) fn probe(settings: &ServiceSettings, moment: ServiceMoment) -> Option<&Probe> {
    match moment {
        ServiceMoment::Readiness => readiness_probe(settings),
        ServiceMoment::Liveness => settings.healthcheck.as_ref().map(|check| &check.probe),
        ServiceMoment::PreStart
        | ServiceMoment::PostStart
        | ServiceMoment::Reload
        | ServiceMoment::PreStop
        | ServiceMoment::Stop
        | ServiceMoment::PostStop => None,
    }
}

impl Services {
    /// A pipe for a hook that is a probe of bowout's own, of which one line at most comes. What a command
    /// writes may be more than a pipe holds, so there is none for it.
    pub(super) fn listen_to(&self, moment: HookMoment) -> Option<(ServiceId, Reader, OwnedFd)> {
        let (id, moment) = match moment {
            HookMoment::Of(id, moment) => (id, moment),
            HookMoment::PreStop | HookMoment::PostStop | HookMoment::OnSignal(_) => return None,
        };
        match probe(self.settings.services.get(id.0)?, moment)? {
            Probe::Tcp(_) | Probe::Http(_) => {
                let (reader, writer) = pipe::pair().ok()?;
                Some((id, reader, writer))
            }
            Probe::Exec(_) => None,
        }
    }

    /// A probe has ended, and has said all that it has to say.
    pub(super) fn has_answered(&mut self, pid: Pid) {
        let Some((id, mut reader)) = self.asked.remove(&pid) else {
            return;
        };
        let mut room = [0; LONGEST];
        let read = reader.read(&mut room).ok().flatten().unwrap_or(0);
        let text = String::from_utf8_lossy(&room[..read]);
        let line = text.lines().next().unwrap_or_default();
        if let Some(known) = self.known.get_mut(id.0) {
            known.found = line.strip_prefix("probe: ").unwrap_or(line).to_owned();
        }
    }

    /// Adds to the end of a service what was found by the last probe.
    pub(super) fn say_what_was_found(&self, note: &Note, core: &Supervisor, log: &mut Log) {
        let (Note::StartTimedOut { service }
        | Note::Unhealthy {
            service,
            watchdog: false,
        }) = note
        else {
            return;
        };
        let found = self.known.get(service.0).map(|known| known.found.as_str());
        if let Some(found) = found.filter(|found| !found.is_empty()) {
            let name = &core.plan().service(*service).name;
            log.say(Level::Notice, &format!("{name}: the last probe: {found}"));
        }
    }
}
