//! Defines what is spoken over the control socket: one JSON object a line, each way. docs/protocol.md is
//! written for those who speak it, and its examples are read by a test here.

mod reply;
mod request;

pub(crate) use reply::{
    Changed, ContainerState, ContainerStatus, DependencyStatus, Event, Exit, Item, LogLine, Missed,
    Outcome, Reply, ServiceStatus,
};
pub(crate) use request::{Call, Id, Names, Request, Verb, Wait, did_you_mean, quoted};

use std::time::{Duration, SystemTime};

/// The version of the protocol. It grows when something is taken away or changes its meaning, and stays
/// when something is added.
pub(crate) const VERSION: u32 = 1;

/// The longest line that is taken, in bytes: a service with all that can be said of it has room.
pub(crate) const LONGEST_LINE: usize = 64 << 10;

/// Has an enum written and read as a word. What is none of these words is `Unknown`.
macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),+ $(,)?) => {
        impl $type {
            /// The word for people and programs.
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $($type::$variant => $word),+
                }
            }
        }

        impl $crate::json::Write for $type {
            fn write(&self, to: &mut String) {
                self.word().write(to);
            }
        }

        impl $crate::json::Read for $type {
            fn read(slot: $crate::json::Slot<'_, '_>) -> $type {
                let word = String::read(slot);
                let known = [$($type::$variant),+];
                let found = known.into_iter().find(|one| one.word() == word);
                found.unwrap_or($type::Unknown)
            }
        }
    };
}

use words;

/// Why a request was not done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Code {
    /// It is no JSON object, or a field has a value that it can't have.
    BadRequest,
    /// It is longer than [`LONGEST_LINE`]. The connection is closed.
    LineTooLong,
    /// There is no such verb.
    UnknownVerb,
    /// The peer is neither root nor bowout's own user. The connection is closed.
    Refused,
    /// There are as many clients, or requests of this client under way, as there may be.
    Busy,
    /// There is no such service.
    UnknownService,
    /// There is such a service already.
    Exists,
    /// The service has no main process now.
    NotRunning,
    /// The container is stopping.
    Stopping,
    /// The configuration can't be taken; nothing was changed.
    BadConfig,
    /// The output of the service is not kept.
    NoLog,
    /// What was waited for will not come.
    Failed,
    /// The container, or the service, is not ready.
    NotReady,
    /// What was waited for has not come in time.
    Timeout,
    /// This supervisor does not do that.
    Unsupported,
    /// A code of a later version. Never sent.
    Unknown,
}

words!(Code:
    BadRequest = "bad_request",
    LineTooLong = "line_too_long",
    UnknownVerb = "unknown_verb",
    Refused = "refused",
    Busy = "busy",
    UnknownService = "unknown_service",
    Exists = "exists",
    NotRunning = "not_running",
    Stopping = "stopping",
    BadConfig = "bad_config",
    NoLog = "no_log",
    Failed = "failed",
    NotReady = "not_ready",
    Timeout = "timeout",
    Unsupported = "unsupported",
    Unknown = "unknown",
);

/// What a service does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum State {
    /// It is down, and nobody wants it otherwise.
    Stopped,
    /// It waits for what it depends on.
    Waiting,
    /// It is on its way up, and not ready.
    Starting,
    /// Its main process runs, and was ready.
    Running,
    /// It is on its way down.
    Stopping,
    /// It waits for its next start.
    Backoff,
    /// It has run to its end, with code 0.
    Completed,
    /// It is down, and was given up.
    Failed,
    /// A state of a later version. Never sent.
    Unknown,
}

words!(State:
    Stopped = "stopped",
    Waiting = "waiting",
    Starting = "starting",
    Running = "running",
    Stopping = "stopping",
    Backoff = "backoff",
    Completed = "completed",
    Failed = "failed",
    Unknown = "unknown",
);

impl State {
    /// What is said of a service behind its name.
    pub(crate) const fn said(self) -> &'static str {
        match self {
            State::Stopped => "is stopped",
            State::Waiting => "is waiting for what it depends on",
            State::Starting => "is starting",
            State::Running => "is running",
            State::Stopping => "is stopping",
            State::Backoff => "is waiting for its next start",
            State::Completed => "has completed",
            State::Failed => "has failed",
            State::Unknown => "is in a state that is not known",
        }
    }
}

/// A moment on the wall, given as the time since 1970, as RFC 3339 has it.
pub(crate) fn rfc3339(since_epoch: Duration) -> String {
    humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + since_epoch).to_string()
}

/// Milliseconds, for a field that ends with `_ms`.
pub(crate) fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
