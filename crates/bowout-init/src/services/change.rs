//! Goes over to another configuration: reads it, hands it to the core, and keeps what belongs to it aside
//! until it counts.

use super::difference::{self, Difference};
use super::{Known, Services};
use crate::assemble::assemble;
use crate::control::{Changed, Clock, Code, Ticket, Wanted};
use crate::log::{Level, Log};
use crate::origin::Wrong;
use crate::settings::{ServiceSettings, Settings};
use bowout_core::plan::{HookId, ServiceId};
use bowout_core::process::Process;
use bowout_core::{Event, Supervisor};
use std::collections::VecDeque;

/// What counts from the next `Install` on.
#[derive(Debug)]
pub(super) struct Next {
    settings: Settings,
    /// For each hook of the plan its place in the settings.
    hooks: Vec<u32>,
    /// For each service the one that goes on as it.
    services: Vec<Option<ServiceId>>,
    /// For each hook the one that goes on as it.
    from: Vec<Option<HookId>>,
}

impl Services {
    /// Does what a client wants and only the loop can do.
    pub(super) fn wanted(
        &mut self,
        wanted: Wanted,
        core: &Supervisor,
        log: &mut Log,
    ) -> Option<Event> {
        let mut is_file = false;
        let (ticket, read) = match wanted {
            Wanted::Command(command) => return Some(Event::Commanded(command)),
            Wanted::Shutdown => return Some(Event::StopRequested),
            Wanted::Reload(ticket) => {
                is_file = true;
                (ticket, self.origin.read())
            }
            Wanted::Add(ticket, text) => (ticket, self.with(&text)),
            Wanted::Remove(ticket, service) => (ticket, self.without(service)),
        };
        let prepared = read.and_then(|settings| self.prepare(settings, core));
        match prepared {
            Ok((event, difference)) => {
                tell_of(&difference, log);
                self.done(ticket, difference);
                Some(event)
            }
            Err(wrong) => {
                // Who asked is told. A file is everybody's business, so its mistakes are in the log too.
                if is_file {
                    tell_of_mistakes(&wrong, log);
                }
                if let Some(control) = &mut self.control {
                    let code = match wrong {
                        Wrong::Exists(_) => Code::Exists,
                        Wrong::Problems(_) | Wrong::Whole(_) => Code::BadConfig,
                    };
                    control.failed(ticket, code, &wrong.to_string());
                }
                None
            }
        }
    }

    /// Reads the configuration again. What is wrong with it is told, and changes nothing.
    #[inline(never)]
    pub(super) fn read_config(&mut self, core: &Supervisor, log: &mut Log) -> Option<Event> {
        let read = self.origin.read();
        self.took_text = true;
        match read.and_then(|settings| self.prepare(settings, core)) {
            Ok((event, difference)) => {
                tell_of(&difference, log);
                Some(event)
            }
            Err(wrong) => {
                tell_of_mistakes(&wrong, log);
                None
            }
        }
    }

    /// The settings that count once everything that is under way is done.
    fn latest(&self) -> &Settings {
        let next = self.offered.as_ref().or(self.next.as_ref());
        next.map_or(&self.settings, |next| &next.settings)
    }

    /// The core is given what was offered to it last.
    #[inline(never)]
    pub(crate) fn offer(&mut self) {
        if let Some(offered) = self.offered.take() {
            self.next = Some(offered);
        }
    }

    fn with(&self, text: &str) -> Result<Settings, Wrong> {
        let mut settings = self.latest().clone();
        self.origin.add(text, &mut settings)?;
        Ok(settings)
    }

    fn without(&self, id: ServiceId) -> Result<Settings, Wrong> {
        let mut settings = self.latest().clone();
        let Some(gone) = self.settings.services.get(id.0) else {
            return Err(Wrong::Whole("there is no such service".to_owned()));
        };
        settings
            .services
            .retain(|service| service.name != gone.name);
        let on_it = |service: &&ServiceSettings| {
            let mut on = service.depends_on.iter();
            on.any(|(name, _)| *name == gone.name)
        };
        let above = settings.services.iter().filter(on_it);
        let above: Vec<&str> = above.map(|service| service.name.as_str()).collect();
        match above.is_empty() {
            true => Ok(settings),
            false => Err(Wrong::Whole(format!(
                "what depends on {} has to be removed first: {}",
                gone.name,
                above.join(", ")
            ))),
        }
    }

    /// Looks at other settings as a whole, and makes them the next ones if they are good.
    fn prepare(
        &mut self,
        settings: Settings,
        core: &Supervisor,
    ) -> Result<(Event, Difference), Wrong> {
        let assembled = assemble(&settings, self.place).map_err(Wrong::Whole)?;
        let (kept, difference) = difference::services(&self.settings, &settings);
        let change = difference::change(core.plan(), &self.hooks, &assembled, kept);
        self.offered = Some(Next {
            settings,
            hooks: assembled.hooks,
            services: change.services.clone(),
            from: change.hooks.clone(),
        });
        Ok((Event::Reconfigured(Box::new(change)), difference))
    }

    fn done(&mut self, ticket: Ticket, difference: Difference) {
        if let Some(control) = &mut self.control {
            let changed = Changed {
                added: difference.added,
                changed: difference.changed,
                removed: difference.removed,
            };
            control.done(ticket, changed, Clock::read());
        }
    }

    /// The core goes over to the next plan. Events that wait name services by their old places.
    #[inline(never)]
    pub(super) fn install(
        &mut self,
        core: &Supervisor,
        log: &mut Log,
        events: &mut VecDeque<Event>,
    ) {
        let Some(next) = self.next.take() else {
            return;
        };
        let new_service = |old: ServiceId| {
            let place = next.services.iter().position(|from| *from == Some(old));
            place.map(ServiceId)
        };
        let new_hook = |old: HookId| {
            let place = next.from.iter().position(|from| *from == Some(old));
            place.map(HookId)
        };
        let waiting = std::mem::take(events).into_iter();
        *events = waiting
            .filter_map(|event| moved(event, &new_service, &new_hook))
            .collect();
        let now = bowout_sys::clock::now();
        let mut old: Vec<Option<Known>> = std::mem::take(&mut self.known)
            .into_iter()
            .map(Some)
            .collect();
        let known = next.services.iter().map(|from| {
            let goes_on = from.and_then(|from| old.get_mut(from.0)?.take());
            goes_on.unwrap_or_else(|| Known::new(now))
        });
        self.known = known.collect();
        // They go by the old places, and a probe is made again soon.
        self.asked.clear();
        self.settings = next.settings;
        self.hooks = next.hooks;
        self.open_outputs(log);
        if let Some(outputs) = &mut self.outputs {
            outputs.reopen();
        }
        // One that is offered and has not reached the core was compared with what counts no more.
        if let Some(offered) = self.offered.take() {
            events.retain(|event| !matches!(event, Event::Reconfigured(_)));
            match self.prepare(offered.settings, core) {
                Ok((event, _)) => events.push_back(event),
                // It was good a moment ago, and it does not depend on what is there.
                Err(wrong) => log.say(Level::Error, &wrong.to_string()),
            }
        }
    }
}

/// Says why a new configuration is not taken.
fn tell_of_mistakes(wrong: &Wrong, log: &mut Log) {
    let text = "nothing was changed: there are mistakes in the new configuration";
    log.say(Level::Error, text);
    for line in wrong.lines() {
        log.say(Level::Error, &line);
    }
}

/// Says what is otherwise.
fn tell_of(difference: &Difference, log: &mut Log) {
    let mut parts = Vec::new();
    for (word, names) in [
        ("new", &difference.added),
        ("changed", &difference.changed),
        ("gone", &difference.removed),
    ] {
        if !names.is_empty() {
            parts.push(format!("{word}: {}", names.join(", ")));
        }
    }
    let text = match parts.is_empty() {
        true => "no service has changed".to_owned(),
        false => parts.join("; "),
    };
    log.say(Level::Notice, &format!("another configuration: {text}"));
    if !difference.later.is_empty() {
        let keys = difference.later.join(", ");
        let text = format!("{keys}: counts when bowout is started the next time");
        log.say(Level::Notice, &text);
    }
}

/// An event with the places that its service and hook have in the new plan; `None`: they have none, and
/// what they do is nobody's business any more.
fn moved(
    event: Event,
    service_of: &dyn Fn(ServiceId) -> Option<ServiceId>,
    hook_of: &dyn Fn(HookId) -> Option<HookId>,
) -> Option<Event> {
    use bowout_core::event::Command;
    Some(match event {
        Event::Spawned { service, pid } => Event::Spawned {
            service: service_of(service)?,
            pid,
        },
        Event::SpawnFailed { service, error } => Event::SpawnFailed {
            service: service_of(service)?,
            error,
        },
        Event::HookSpawned { hook, pid } => Event::HookSpawned {
            hook: hook_of(hook)?,
            pid,
        },
        Event::HookSpawnFailed { hook, error } => Event::HookSpawnFailed {
            hook: hook_of(hook)?,
            error,
        },
        Event::Ready { service } => Event::Ready {
            service: service_of(service)?,
        },
        Event::Notified { service, notice } => Event::Notified {
            service: service_of(service)?,
            notice,
        },
        Event::PidfileRead { service, pid } => Event::PidfileRead {
            service: service_of(service)?,
            pid,
        },
        Event::Commanded(command) => Event::Commanded(match command {
            Command::Start(id) => Command::Start(service_of(id)?),
            Command::Stop(id) => Command::Stop(service_of(id)?),
            Command::Restart(id) => Command::Restart(service_of(id)?),
            Command::Reload(id) => Command::Reload(service_of(id)?),
            Command::Signal(id, signal) => Command::Signal(service_of(id)?, signal),
        }),
        Event::Surveyed(Some(processes)) => {
            let moved = processes.into_iter().map(|process| Process {
                service: process.service.and_then(service_of),
                ..process
            });
            Event::Surveyed(Some(moved.collect()))
        }
        event @ (Event::Started
        | Event::Exited { .. }
        | Event::ChildrenGone
        | Event::NamespaceEmptied
        | Event::Suspended { .. }
        | Event::SignalReceived(_)
        | Event::StopRequested
        | Event::Reconfigured(_)
        | Event::Surveyed(None)
        | Event::DeadlineReached) => event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowout_core::Pid;

    #[test]
    fn events_follow_their_service_to_its_new_place() {
        let service_of = |old: ServiceId| (old.0 == 2).then_some(ServiceId(0));
        let hook_of = |_: HookId| None;
        let ready = |place| Event::Ready {
            service: ServiceId(place),
        };
        let to = |event| moved(event, &service_of, &hook_of);
        assert_eq!(to(ready(2)), Some(ready(0)));
        assert_eq!(to(ready(1)), None);
        let hook = Event::HookSpawned {
            hook: HookId(0),
            pid: Pid::new(7),
        };
        assert_eq!(to(hook), None);
        assert_eq!(to(Event::ChildrenGone), Some(Event::ChildrenGone));
    }
}
