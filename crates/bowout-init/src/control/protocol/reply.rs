//! Writes what comes back, and reads it for the client.

use super::{Code, Id, State, VERSION, words};
use crate::json::{self, Read, Slot, Write, object, readable, written};
use bowout_core::Status;
use std::borrow::Cow;

/// One line of an answer. An answer is any number of lines with an `item`, and then one with a `result`
/// or an `error`, which is its last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reply<'a> {
    /// Of the protocol.
    pub(crate) version: u32,
    /// What the client called its request.
    pub(crate) id: Option<Cow<'a, Id>>,
    /// One of several things.
    pub(crate) item: Option<Item<'a>>,
    /// It was done.
    pub(crate) result: Option<Outcome<'a>>,
    /// It was not.
    pub(crate) error: Option<Failure<'a>>,
}

written!(given Reply<'_>: version, id, item, result, error);
readable!(Reply<'_>: version, id, item, result, error);

/// One of several things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item<'a> {
    /// A service, for `status`.
    Service(Box<ServiceStatus<'a>>),
    /// Something that happened, for `events`.
    Event(Event<'a>),
    /// A line of a service's output, for `logs`.
    Log(LogLine<'a>),
    /// Lines of a service that this client has not got, for `logs`.
    Missed(Missed<'a>),
}

impl Write for Item<'_> {
    fn write(&self, to: &mut String) {
        match self {
            Item::Service(service) => object(to, &["service"], &[service]),
            Item::Event(event) => object(to, &["event"], &[event]),
            Item::Log(line) => object(to, &["log"], &[line]),
            Item::Missed(missed) => object(to, &["missed"], &[missed]),
        }
    }
}

impl Read for Item<'_> {
    fn read(mut slot: Slot<'_, '_>) -> Self {
        let service = slot.field::<Option<_>>("service").map(Item::Service);
        let event = slot.field::<Option<_>>("event").map(Item::Event);
        let log = slot.field::<Option<_>>("log").map(Item::Log);
        let missed = slot.field::<Option<_>>("missed").map(Item::Missed);
        service.or(event).or(log).or(missed).unwrap_or_else(|| {
            slot.refuse("a service, an event or a line of a log");
            Item::Missed(Missed::default())
        })
    }
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Outcome<'a> {
    /// How the whole is, for `ping`, `status` and `healthcheck`.
    pub(crate) container: Option<ContainerStatus<'a>>,
    /// What became different, for `reload`, `add` and `remove`.
    pub(crate) configuration: Option<Changed>,
}

written!(given Outcome<'_>: container, configuration);
readable!(Outcome<'_>: container, configuration);

/// Why a request was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure<'a> {
    /// For programs.
    pub(crate) code: Code,
    /// For people.
    pub(crate) message: Cow<'a, str>,
}

written!(Failure<'_>: code, message);
readable!(Failure<'_>: code, message);

/// Services by what a new configuration means to them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Changed {
    /// They were not there before.
    pub(crate) added: Vec<String>,
    /// They are stopped, and started as the new configuration says.
    pub(crate) changed: Vec<String>,
    /// They are stopped, and not there any more.
    pub(crate) removed: Vec<String>,
}

written!(Changed: added, changed, removed);
readable!(Changed: added, changed, removed);

/// Where the container is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum ContainerState {
    /// Services are on their way up.
    Starting,
    /// None is.
    Running,
    /// A stop is under way.
    Stopping,
    /// A state of a later version. Never sent.
    Unknown,
}

words!(ContainerState:
    Starting = "starting",
    Running = "running",
    Stopping = "stopping",
    Unknown = "unknown",
);

/// How the whole is.
#[derive(Clone, PartialEq, Eq, Debug)]
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

written!(ContainerStatus<'_>: program, pid, state, ready, since, for_ms, left_ms, services);
readable!(ContainerStatus<'_>: program, pid, state, ready, since, for_ms, left_ms, services);

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug)]
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

impl Write for Exit {
    fn write(&self, to: &mut String) {
        match self {
            Exit::Exited { code } => json::exited(to, *code),
            Exit::Signaled {
                signal,
                core_dumped,
            } => json::signaled(to, signal, *core_dumped),
        }
    }
}

impl Read for Exit {
    fn read(mut slot: Slot<'_, '_>) -> Self {
        match slot.field::<String>("kind").as_str() {
            "signaled" => Exit::Signaled {
                signal: slot.field("signal"),
                core_dumped: slot.field("core_dumped"),
            },
            kind => {
                if kind != "exited" {
                    slot.refuse("an object of the kind exited or signaled");
                }
                let code = slot.field("code");
                Exit::Exited { code }
            }
        }
    }
}

/// How one service is. Every field is there; null where there is nothing to say.
#[derive(Clone, PartialEq, Eq, Debug)]
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

written!(ServiceStatus<'_>:
    name, kind, state, ready, wanted, reloading, essential, pid, since, for_ms, restarts,
    next_start_ms, memory_bytes, last_exit, status, why, stop_timeout_ms, depends_on,
);
readable!(ServiceStatus<'_>:
    name, kind, state, ready, wanted, reloading, essential, pid, since, for_ms, restarts,
    next_start_ms, memory_bytes, last_exit, status, why, stop_timeout_ms, depends_on,
);

/// What a service depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DependencyStatus<'a> {
    /// The other service.
    pub(crate) service: Cow<'a, str>,
    /// `started`, `ready` or `completed`.
    pub(crate) condition: Cow<'a, str>,
}

written!(DependencyStatus<'_>: service, condition);
readable!(DependencyStatus<'_>: service, condition);

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
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

written!(Event<'_>: time, event, service, state, ready, pid, message);
readable!(Event<'_>: time, event, service, state, ready, pid, message);

/// A line of a service's output.
#[derive(Clone, PartialEq, Eq, Debug)]
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

written!(LogLine<'_>: time, service, stream, text);
readable!(LogLine<'_>: time, service, stream, text);

/// So many lines of a service were thrown away before this client read them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Missed<'a> {
    /// The service.
    pub(crate) service: Cow<'a, str>,
    /// How many.
    pub(crate) lines: u64,
}

written!(Missed<'_>: service, lines);
readable!(Missed<'_>: service, lines);

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
        json::line(self).into_bytes()
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
