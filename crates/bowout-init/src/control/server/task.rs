//! Holds the requests of a client that are under way: what is fetched piece by piece, and what is waited for.

use super::goal::Goal;
use crate::control::protocol::{Changed, Id, Names, Wait};
use crate::control::scene::Clock;
use crate::output::Follower;
use bowout_core::Instant;

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: Option<Id>,
    pub(super) work: Work,
}

/// What is done for it.
#[derive(Debug)]
pub(super) enum Work {
    /// Services are told of as fast as the client reads.
    Status {
        services: Names,
        /// How many have been told of.
        told: usize,
    },
    /// Lines are sent as fast as the client reads.
    Logs(Reading),
    /// What happens is sent when it does.
    Events(Names),
    /// The answer comes when this is so.
    Goal {
        goal: Goal,
        deadline: Option<Instant>,
        /// What became different, to be said then.
        changed: Option<Changed>,
    },
    /// Whoever runs the loop has been asked, by a ticket of this number.
    Asked { serial: u64, wait: Option<Wait> },
}

/// A place in what is kept of the services' output.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) follower: Follower,
    /// The number of the first line that is not wanted any more; `None`: all that come are.
    pub(super) until: Option<u64>,
    /// What the number of the next line was when there was nothing more to send.
    pub(super) seen: Option<u64>,
}

impl Work {
    /// Waits for a goal.
    pub(super) fn goal(goal: Goal, wait: Wait, clock: Clock) -> Work {
        Work::Goal {
            goal,
            deadline: wait.timeout.map(|timeout| clock.now.after(timeout)),
            changed: None,
        }
    }
}

impl Task {
    /// Whether it follows what happens to this service, or to the whole.
    pub(super) fn follows(&self, service: Option<&str>) -> bool {
        match (&self.work, service) {
            (Work::Events(Names::All), _) => true,
            (Work::Events(Names::Some(names)), Some(service)) => {
                names.iter().any(|name| name == service)
            }
            // What happens to the whole happens to each.
            (Work::Events(Names::Some(_)), None) => true,
            (Work::Status { .. } | Work::Logs(_) | Work::Goal { .. } | Work::Asked { .. }, _) => {
                false
            }
        }
    }
}
