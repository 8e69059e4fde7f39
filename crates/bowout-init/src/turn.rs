//! Turns the wheel: wait, event, core, actions, perform.

use crate::config::Config;
use crate::log::Level;
use crate::perform::World;
use bowout_core::{Action, Event, Supervisor};
use std::collections::VecDeque;

/// The core and the world that it decides about.
pub(crate) struct Machine {
    core: Supervisor,
    world: World,
}

impl Machine {
    /// Makes everything ready; from here on, signals wait for the loop.
    ///
    /// # Errors
    /// What can't be made ready, in one line.
    pub(crate) fn new(config: Config) -> Result<Machine, String> {
        let job_control = config.plan.signals().job_control;
        let is_command = config.plan.is_command();
        let mut core = Supervisor::new(config.plan, bowout_sys::own_pid());
        if !is_command {
            core = core.with_jitter(bowout_sys::chance());
        }
        let world = World::new(config.setup, job_control).map_err(|error| error.to_string())?;
        Ok(Machine { core, world })
    }

    /// Runs until the core says that all is over, and returns the exit code. An error in here is an event
    /// or a line in the log: PID 1 does not bail.
    pub(crate) fn run(&mut self) -> u8 {
        let mut events = VecDeque::from([Event::Started]);
        loop {
            while let Some(event) = events.pop_front() {
                let now = bowout_sys::clock::now();
                let said = self
                    .world
                    .log
                    .writes(Level::Debug)
                    .then(|| format!("{event:?}"));
                self.world.reaches(&event, now);
                let actions = self.core.handle(now, event);
                if let Some(event) = said {
                    self.world
                        .log
                        .say(Level::Debug, &format!("{now:?} {event} → {actions:?}"));
                }
                for action in actions {
                    if let Action::Finish { code, report } = action {
                        self.world.finish(&report, &self.core);
                        return code;
                    }
                    self.world.perform(action, &self.core, &mut events);
                }
            }
            // A look at all processes is dear, so it comes after all that is known already: when the last
            // child is gone there is nothing to look at.
            match self.world.survey(&self.core) {
                Some(surveyed) => events.push_back(surveyed),
                None => self.world.wait(&self.core, &mut events),
            }
        }
    }
}
