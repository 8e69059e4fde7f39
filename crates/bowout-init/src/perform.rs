//! Performs what the core decides, and waits for what happens next.

mod place;
mod send;
mod start;
mod text;
mod wait;

pub(crate) use start::{any_exists, start};

use crate::command::Command;
use crate::config::Setup;
use crate::contract::Contract;
use crate::log::Log;
use crate::report::{self, Account};
use crate::services::Services;
use crate::survey;
use bowout_core::plan::{HookId, JobControl, ServiceId};
use bowout_core::report::Report;
use bowout_core::{Action, Event, Instant, Pid, SignalSet, Supervisor};
use bowout_sys::signals;
use bowout_sys::terminal::{self, Standing};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use text::Text;

/// The world, as far as bowout acts on it.
pub(crate) struct World {
    pub(crate) log: Log,
    contract: Contract,
    standing: Standing,
    job_control: JobControl,
    account: Account,
    programs: Programs,
    own: Pid,
    is_init: bool,
    /// Signals that are blocked and waited for.
    set: SignalSet,
    /// Whether children may be left to reap without another SIGCHLD.
    reaping: bool,
    /// Whether the last signal was for everybody and found nobody.
    nobody: bool,
    /// When something happened last.
    now: Instant,
    /// How much of bowout itself is in memory.
    text: Text,
    /// The signals for which a survey was asked for and not taken yet.
    survey: Option<SignalSet>,
}

/// What runs.
enum Programs {
    /// One command: nothing but signals is waited for.
    Command(Box<Command>),
    /// Services: descriptors are waited for as well.
    Services(Box<Services>),
}

impl World {
    /// Makes everything ready; from here on, signals wait to be taken.
    ///
    /// # Errors
    /// What the kernel refuses, with the call.
    pub(crate) fn new(setup: Setup, job_control: JobControl) -> io::Result<World> {
        place::find(setup, job_control)
    }

    /// The core is about to take an event.
    pub(crate) fn reaches(&mut self, event: &Event, now: Instant) {
        self.now = now;
        if let (Event::Reconfigured(_), Programs::Services(services)) = (event, &mut self.programs)
        {
            services.offer();
        }
    }

    /// Does one thing. What follows from it at once is put behind the events that are there.
    pub(crate) fn perform(
        &mut self,
        action: Action,
        core: &Supervisor,
        events: &mut VecDeque<Event>,
    ) {
        match action {
            Action::Forward {
                target,
                signal,
                received,
            } => self.forward(target, signal, received),
            Action::Spawn { service } => events.push_back(self.spawn(service, core)),
            Action::RunHook { hook, time } => events.push_back(self.run_hook(hook, time, core)),
            Action::Signal {
                target,
                signal,
                left,
            } => events.extend(self.signal(target, signal, left)),
            Action::Survey { signals } => self.survey = Some(signals),
            Action::Suspend => {
                signals::stop_self();
                self.give_terminal();
            }
            Action::Tell(note) => {
                self.log.tell(&note, core.plan());
                if let Programs::Services(services) = &mut self.programs {
                    services.told(&note, core, &mut self.log);
                }
            }
            Action::ReadPidfile { .. }
            | Action::Extended { .. }
            | Action::ReadConfig
            | Action::Install => {
                if let Programs::Services(services) = &mut self.programs {
                    services.perform(&action, core, &mut self.log, events);
                }
            }
            // The loop ends with it.
            Action::Finish { .. } => {}
        }
    }

    /// Takes the survey that was asked for, if one was.
    pub(crate) fn survey(&mut self, core: &Supervisor) -> Option<Event> {
        let signals = self.survey.take()?;
        let whose = match &self.programs {
            Programs::Command(_) => None,
            Programs::Services(_) => Some(core),
        };
        let taken = survey::take(self.own, self.is_init, signals, whose);
        Some(Event::Surveyed(taken))
    }

    fn spawn(&mut self, service: ServiceId, core: &Supervisor) -> Event {
        let started = match &mut self.programs {
            Programs::Command(command) => command.spawn(&mut self.log),
            Programs::Services(services) => services.spawn(service, core, &mut self.log),
        };
        if started.is_ok() && self.contract.leaves_directory {
            // `/` is always there; if not, the old directory serves as well.
            _ = bowout_sys::identity::change_directory("/".as_ref());
        }
        match started {
            Ok(pid) => Event::Spawned { service, pid },
            Err(error) => Event::SpawnFailed { service, error },
        }
    }

    fn run_hook(&mut self, hook: HookId, time: Option<Duration>, core: &Supervisor) -> Event {
        let started = match &mut self.programs {
            Programs::Command(command) => command.run_hook(hook, time, &mut self.log),
            Programs::Services(services) => services.run_hook(hook, time, core, &mut self.log),
        };
        match started {
            Ok(pid) => Event::HookSpawned { hook, pid },
            Err(error) => Event::HookSpawnFailed { hook, error },
        }
    }

    /// The last things: what was written comes out, the terminal goes back, and the account is written.
    pub(crate) fn finish(&mut self, report: &Report, core: &Supervisor) {
        let mut said = None;
        if let Programs::Services(services) = &mut self.programs {
            services.finish(core, &mut self.log);
            said = Some(services.said());
        }
        if self.standing == Standing::Foreground {
            _ = terminal::bring_to_front(terminal::own_group());
        }
        let said = said.unwrap_or_default();
        report::write(report, core, &said, &mut self.account, &mut self.log);
    }
}
