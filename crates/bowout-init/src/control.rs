//! Lets people and programs in the container see and steer the supervisor, over a Unix socket.
//!
//! docs/protocol.md is the reference for what is spoken. Everything here is bounded, and nobody is waited
//! for: a client that writes too long a line or does not read is dropped.
//!
//! The loop does this:
//!
//! | when | call |
//! |---|---|
//! | it begins | [`Control::open`]; an error is a line in the log |
//! | [`Control::descriptor`] is readable | [`Control::turn`]: a bounded piece of work; do what comes back |
//! | no event is left to treat, just before it waits | [`Control::settle`]: ends what was waited for, sends what is new |
//! | it waits | not longer than [`Control::deadline`], then `settle` |
//! | the core tells something | [`Control::tell`]: for those who follow events |
//! | a change of the configuration that came as [`Wanted`] worked or not | [`Control::done`] or [`Control::failed`], before `settle` |
//! | all is over | drop it: the socket's path is removed, and clients see the end |
//!
//! Commands to services are checked here (the service is there, no stop is under way, a signal has a
//! receiver), answered here, and waited for here: [`Wanted::Command`] goes to the core as
//! `Event::Commanded`, and that is all. What is asked about is read through [`Scene`]; [`View::of`] is what the
//! core knows of a service.
//!
//! It watches its descriptors by an epoll of its own, which the loop watches in turn.

mod facts;
mod happening;
mod listener;
pub(crate) mod protocol;
mod scene;
mod server;
#[cfg(test)]
mod stage;

pub(crate) use protocol::{Changed, Code};
pub(crate) use scene::{Clock, Container, Scene, View};
pub(crate) use server::{Ticket, Wanted};

use crate::settings::ControlSettings;
use bowout_core::Instant;
use bowout_core::order::Map;
use bowout_sys::poll::Poll;
use bowout_sys::socket::Listener;
use listener::Connection;
use server::{ClientId, Server};
use std::ffi::OsString;
use std::path::PathBuf;

/// Where the socket is unless somebody says otherwise.
pub(crate) const PLACE: &str = "/run/bowout.sock";

/// The variable that names another place.
pub(crate) const VARIABLE: &str = "BOWOUT_SOCKET";

/// The socket, and everybody who is connected.
#[derive(Debug)]
pub(crate) struct Control {
    listener: Listener,
    poll: Poll,
    server: Server,
    connections: Map<ClientId, Connection>,
    /// When connections are accepted again, after there was no descriptor left.
    accept_again: Option<Instant>,
}

/// Where the socket is: as the variable says, else as the configuration says, else at the usual place.
/// `None`: nowhere.
pub(crate) fn place(
    variable: Option<OsString>,
    setting: Option<&ControlSettings>,
) -> Option<PathBuf> {
    if let Some(path) = variable.filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    match setting {
        Some(ControlSettings::Off) => None,
        Some(ControlSettings::Socket(path)) => Some(path.clone()),
        None => Some(PLACE.into()),
    }
}
