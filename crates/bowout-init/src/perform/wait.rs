//! Waits for what happens next, and reaps whoever has ended.

use super::text::Text;
use super::{Programs, World};
use crate::log::Level;
use bowout_core::event::Received;
use bowout_core::plan::JobControl;
use bowout_core::{Event, Instant, Signal, Supervisor};
use bowout_sys::signals::{self, Woken};
use bowout_sys::wait::{self, Waited};
use std::collections::VecDeque;
use std::time::Duration;

/// How many children are reaped before signals are looked at again.
const REAPED_AT_ONCE: usize = 256;

/// How many signals are taken before anything else is looked at.
const TAKEN_AT_ONCE: usize = 32;

impl World {
    /// Waits until something happens, or the core's deadline.
    pub(crate) fn wait(&mut self, core: &Supervisor, events: &mut VecDeque<Event>) {
        match &self.programs {
            Programs::Command(_) => self.wait_for_signals(core.deadline(), core, events),
            Programs::Services(_) => self.wait_for_all(core, events),
        }
    }

    fn wait_for_signals(
        &mut self,
        deadline: Option<Instant>,
        core: &Supervisor,
        events: &mut VecDeque<Event>,
    ) {
        // While children are left over from the last time, other signals go first, so that no storm of
        // orphans keeps them waiting.
        let (set, limit) = match (self.reaping, deadline) {
            (true, _) => (self.set.without(Signal::CHLD), Some(Duration::ZERO)),
            (false, None) => (self.set, None),
            (false, Some(deadline)) => (self.set, Some(deadline.since(bowout_sys::clock::now()))),
        };
        match signals::wait(set, self.text.wait(limit, self.now)) {
            Ok(Woken::By(received)) if received.signal == Signal::CHLD => self.reap(core, events),
            Ok(Woken::By(received)) => events.extend(self.came(received)),
            Ok(Woken::ByNothing) if self.reaping => self.reap(core, events),
            Ok(Woken::ByNothing) => events.extend(self.time_is_up()),
            Err(error) => self.cannot_wait(&error, core, events),
        }
    }

    /// As above, with descriptors beside the signals. Those go first each time, and children with them;
    /// what services and clients have to say comes after that, a bounded piece at a time.
    #[inline(never)]
    fn wait_for_all(&mut self, core: &Supervisor, events: &mut VecDeque<Event>) {
        let Programs::Services(services) = &mut self.programs else {
            return;
        };
        let now = bowout_sys::clock::now();
        let limit = match (self.reaping, services.deadline(core)) {
            (true, _) => Some(Duration::ZERO),
            (false, deadline) => deadline.map(|deadline| deadline.since(now)),
        };
        if services.took_text() {
            self.text = Text::Large;
        }
        let heard = match services.listen(self.text.wait(limit, now)) {
            Ok(heard) => heard,
            Err(error) => return self.cannot_wait(&error, core, events),
        };
        if heard.others {
            services.turn(core, &mut self.log, events);
        }
        let mut children = self.reaping;
        if heard.signals {
            let mut came = Vec::new();
            while came.len() < TAKEN_AT_ONCE
                && let Some(received) = services.next_signal()
            {
                came.push(received);
            }
            children |= came.iter().any(|received| received.signal == Signal::CHLD);
            let others = came
                .into_iter()
                .filter(|received| received.signal != Signal::CHLD);
            let others: Vec<Event> = others.filter_map(|received| self.came(received)).collect();
            events.extend(others);
        }
        if children {
            self.reap(core, events);
        }
        if !heard.signals && !heard.others && !children {
            events.extend(self.time_is_up());
        }
    }

    /// Nothing came. Where that was only for what leaves the memory, it is none of the core's business.
    fn time_is_up(&mut self) -> Option<Event> {
        self.now = bowout_sys::clock::now();
        (!self.text.is_due(self.now)).then_some(Event::DeadlineReached)
    }

    fn came(&self, received: Received) -> Option<Event> {
        // A write to a dead pipe: bowout's own, and nobody else's business.
        let is_own = received.signal == Signal::PIPE && received.sender.pid == self.own;
        (!is_own).then_some(Event::SignalReceived(received))
    }

    /// Not known to happen. Whatever it is, it must not make PID 1 spin or leave.
    #[cold]
    #[inline(never)]
    fn cannot_wait(
        &mut self,
        error: &std::io::Error,
        core: &Supervisor,
        events: &mut VecDeque<Event>,
    ) {
        self.log
            .say(Level::Error, &format!("cannot wait for signals: {error}"));
        std::thread::sleep(Duration::from_millis(100));
        self.reap(core, events);
    }

    fn reap(&mut self, core: &Supervisor, events: &mut VecDeque<Event>) {
        self.reaping = false;
        let stopped_too = self.job_control != JobControl::None;
        for _ in 0..REAPED_AT_ONCE {
            match wait::next(stopped_too) {
                Ok(Waited::Ended(pid, status)) => {
                    let is_known = match &mut self.programs {
                        Programs::Command(command) => command.ended(pid),
                        Programs::Services(services) => {
                            services.ended(pid, core, &mut self.log, events)
                        }
                    };
                    if !is_known && self.contract.tells_of_orphans {
                        self.log
                            .say(Level::Notice, &format!("reaped {pid}, which {status}"));
                    }
                    events.push_back(Event::Exited { pid, status });
                }
                Ok(Waited::Stopped(pid, signal)) => {
                    events.push_back(Event::Suspended { pid, signal })
                }
                Ok(Waited::NothingNew) => return,
                Ok(Waited::NoChildren) => {
                    events.push_back(Event::ChildrenGone);
                    return;
                }
                Err(error) => {
                    self.log.say(Level::Error, &format!("cannot reap: {error}"));
                    return;
                }
            }
        }
        self.reaping = true;
    }
}
