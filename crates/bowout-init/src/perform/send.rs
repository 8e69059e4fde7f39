//! Sends signals: bowout's own, and those that came.

use super::{Programs, World};
use crate::log::Level;
use bowout_core::action::Target;
use bowout_core::event::Received;
use bowout_core::plan::JobControl;
use bowout_core::{Event, Signal};
use bowout_sys::{signals, terminal};

impl World {
    /// Sends on a signal that came.
    #[inline(never)]
    pub(super) fn forward(&mut self, target: Target, signal: Signal, received: Received) {
        let sent = match (target, received.value) {
            (Target::Process(pid), Some(value)) => signals::queue(pid, signal, value),
            // The kernel queues values for processes only, so a group gets the signal without it.
            _ => signals::send(target, signal),
        };
        if signal == Signal::CONT {
            self.give_terminal();
        }
        if let Err(error) = sent {
            self.log.say(
                Level::Notice,
                &format!("cannot forward {}: {error}", received.signal),
            );
        }
    }

    /// Sends a signal of bowout's own.
    #[inline(never)]
    pub(super) fn signal(
        &mut self,
        target: Target,
        signal: Signal,
        left: Option<u32>,
    ) -> Option<Event> {
        // Nobody got the stop signal a moment ago, so there is nobody to continue.
        if std::mem::take(&mut self.nobody) && (target, signal) == (Target::Namespace, Signal::CONT)
        {
            return None;
        }
        let sent = match (target, left) {
            (Target::Process(pid), Some(left)) => signals::queue(pid, signal, left.into())
                // Too many signals queued for that user, or a kernel that refuses: it still gets the signal.
                .or_else(|_| signals::send(target, signal)),
            _ => signals::send(target, signal),
        };
        let Err(error) = sent else {
            return None;
        };
        if bowout_sys::is_nobody(&error) {
            self.nobody = target == Target::Namespace;
            return self.nobody.then_some(Event::NamespaceEmptied);
        }
        self.log
            .say(Level::Notice, &format!("cannot send {signal}: {error}"));
        None
    }

    /// bowout was continued by a shell that has put it in front: the command goes there.
    pub(super) fn give_terminal(&mut self) {
        let own_group = bowout_sys::terminal::own_group();
        if self.job_control == JobControl::Suspend
            && terminal::front() == Some(own_group)
            && let Programs::Command(command) = &self.programs
            && let Some(main) = command.main
        {
            _ = terminal::bring_to_front(main);
        }
    }
}
