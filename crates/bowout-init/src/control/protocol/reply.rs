//! Writes what comes back, and reads it for the client.

use super::{Code, Id, State, VERSION};
use bowout_core::Status;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One line of an answer. An answer is any number of lines with an `item`, and then one with a `result`
/// or an `error`, which is its last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Reply<'a> {
    /// Of the protocol.
    pub(crate) version: u32,
    /// What the client called its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Cow<'a, Id>>,
    /// One of several things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) item: Option<Item<'a>>,
    /// It was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Outcome<'a>>,
    /// It was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Failure<'a>>,
}

/// One of several things.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Item<'a> {
    /// A service, for `status`.
    Service(Box<ServiceStatus<'a>>),
    /// Something that happened, for `events`.
    Event(Event<'a>),
    /// A line of a service's output, for `logs`.
    Log(LogLine<'a>),
    /// So many lines of a service were thrown away before this client read them.
    Missed {
        /// The service.
        service: Cow<'a, str>,
        /// How many.
        lines: u64,
    },
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome<'a> {
    /// How the whole is, for `ping`, `status` and `healthcheck`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<ContainerStatus<'a>>,
    /// What became different, for `reload`, `add` and `remove`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configuration: Option<Changed>,
}

/// Why a request was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Failure<'a> {
    /// For programs.
    pub(crate) code: Code,
    /// For people.
    pub(crate) message: Cow<'a, str>,
}

/// Services by what a new configuration means to them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// They were not there before.
    pub(crate) added: Vec<String>,
    /// They are stopped, and started as the new configuration says.
    pub(crate) changed: Vec<String>,
    /// They are stopped, and not there any more.
    pub(crate) removed: Vec<String>,
}

/// Where the container is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContainerState {
    /// Services are on their way up.
    Starting,
    /// None is.
    Running,
    /// A stop is under way.
    Stopping,
    /// A state of a later version. Never sent.
    #[serde(other)]
    Unknown,
}

/// How the whole is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ContainerStatus<'a> {
    /// Name and version of the supervisor.
    pub(crate) program: Cow<'a, str>,
    /// Its process.
    pub(crate) pid: i32,
    /// Where it is in its life.
    pub(crate) state: ContainerState,
    /// Whether every service that is wanted is ready, and no stop is under way.
    pub(crate) ready: bool,
    /// When it began, by RFC 3339.
    pub(crate) since: String,
    /// How long ago that was.
    pub(crate) for_ms: u64,
    /// What is left until the stop is over; null where no stop is under way, or nobody counts.
    pub(crate) left_ms: Option<u64>,
    /// How many services there are.
    pub(crate) services: usize,
}

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Exit {
    /// By itself.
    Exited {
        /// With this code.
        code: u8,
    },
    /// By a signal.
    Signaled {
        /// This one.
        signal: String,
        /// Whether the kernel wrote a core dump.
        core_dumped: bool,
    },
}

/// How one service is. Every field is there; null where there is nothing to say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ServiceStatus<'a> {
    /// Its name.
    pub(crate) name: Cow<'a, str>,
    /// `simple`, `oneshot` or `forking`.
    pub(crate) kind: Cow<'a, str>,
    /// What it does now.
    pub(crate) state: State,
    /// Whether what depends on it may start.
    pub(crate) ready: bool,
    /// Whether it is wanted up.
    pub(crate) wanted: bool,
    /// Whether it reads its configuration again.
    pub(crate) reloading: bool,
    /// Whether the container stops when it ends for good.
    pub(crate) essential: bool,
    /// Its main process.
    pub(crate) pid: Option<i32>,
    /// When this state began, by RFC 3339.
    pub(crate) since: String,
    /// How long ago that was.
    pub(crate) for_ms: u64,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// How long until that happens next.
    pub(crate) next_start_ms: Option<u64>,
    /// What its processes have in memory.
    pub(crate) memory_bytes: Option<u64>,
    /// How its main process ended last.
    pub(crate) last_exit: Option<Exit>,
    /// What it says of itself (sd_notify(3), `STATUS=`).
    pub(crate) status: Option<Cow<'a, str>>,
    /// Why it failed, or what it waits for.
    pub(crate) why: Option<Cow<'a, str>>,
    /// From its stop signal to SIGKILL.
    pub(crate) stop_timeout_ms: Option<u64>,
    /// What starts before it, and stops after it.
    pub(crate) depends_on: Vec<DependencyStatus<'a>>,
}

/// What a service depends on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct DependencyStatus<'a> {
    /// The other service.
    pub(crate) service: Cow<'a, str>,
    /// `started`, `ready` or `completed`.
    pub(crate) condition: Cow<'a, str>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Event<'a> {
    /// When, by RFC 3339.
    pub(crate) time: String,
    /// What kind of thing.
    pub(crate) event: Cow<'a, str>,
    /// To which service.
    pub(crate) service: Option<Cow<'a, str>>,
    /// What that does now.
    pub(crate) state: Option<State>,
    /// Whether it is ready.
    pub(crate) ready: Option<bool>,
    /// Its main process.
    pub(crate) pid: Option<i32>,
    /// For people.
    pub(crate) message: Cow<'a, str>,
}

/// A line of a service's output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LogLine<'a> {
    /// When it was read, by RFC 3339.
    pub(crate) time: String,
    /// Who wrote it.
    pub(crate) service: Cow<'a, str>,
    /// `stdout` or `stderr`.
    pub(crate) stream: Cow<'a, str>,
    /// The line, without its end. What is no UTF-8 is replaced by U+FFFD.
    pub(crate) text: Cow<'a, str>,
}

impl<'a> Reply<'a> {
    /// One of several things.
    pub(crate) fn item(id: Option<&'a Id>, item: Item<'a>) -> Reply<'a> {
        Reply {
            item: Some(item),
            ..Reply::empty(id)
        }
    }

    /// It was done.
    pub(crate) fn done(id: Option<&'a Id>, outcome: Outcome<'a>) -> Reply<'a> {
        Reply {
            result: Some(outcome),
            ..Reply::empty(id)
        }
    }

    /// It was not.
    pub(crate) fn failed(id: Option<&'a Id>, code: Code, message: &'a str) -> Reply<'a> {
        let message = Cow::Borrowed(message);
        Reply {
            error: Some(Failure { code, message }),
            ..Reply::empty(id)
        }
    }

    /// The line, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }

    fn empty(id: Option<&'a Id>) -> Reply<'a> {
        Reply {
            version: VERSION,
            id: id.map(Cow::Borrowed),
            item: None,
            result: None,
            error: None,
        }
    }
}

impl Outcome<'_> {
    /// It was done, and this became different.
    pub(crate) fn of(configuration: Option<Changed>) -> Outcome<'static> {
        Outcome {
            container: None,
            configuration,
        }
    }
}

impl From<Status> for Exit {
    fn from(status: Status) -> Exit {
        match status {
            Status::Exited(code) => Exit::Exited { code },
            Status::Signaled {
                signal,
                core_dumped,
            } => Exit::Signaled {
                signal: signal.to_string(),
                core_dumped,
            },
        }
    }
}
