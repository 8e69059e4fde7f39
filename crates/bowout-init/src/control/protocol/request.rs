//! Reads requests, and writes them for the client.

use super::Code;
use crate::cli::value::nearest;
use crate::json::{self, Read, Slot, Value, Write, written};
use crate::log::printable;
use bowout_core::Signal;
use std::time::Duration;

/// The longest text that a client may choose as an id: it is written into each line of the answer.
const LONGEST_ID: usize = 64;
/// The longest part of a request that is said back in an error.
const LONGEST_QUOTE: usize = 200;
/// The longest wait: a year. More is for ever, and is said by leaving the field out.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

/// What a client calls a request, and finds in each line of the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Id {
    /// A number.
    Number(u64),
    /// A text of at most 64 bytes.
    Text(String),
}

impl Write for Id {
    fn write(&self, to: &mut String) {
        match self {
            Id::Number(number) => number.write(to),
            Id::Text(text) => text.write(to),
        }
    }
}

impl Read for Id {
    fn read(mut slot: Slot<'_, '_>) -> Id {
        match slot.value.and_then(Value::number) {
            Some(number) => Id::Number(number),
            None => Id::Text(slot.take("a whole number or a string", Value::owned)),
        }
    }
}

/// A request as it stands on the line. Fields that nobody knows are skipped.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Call {
    pub(crate) id: Option<Id>,
    pub(crate) verb: String,
    pub(crate) services: Vec<String>,
    pub(crate) all: bool,
    pub(crate) wait: bool,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) signal: Option<String>,
    pub(crate) lines: Option<u64>,
    pub(crate) follow: bool,
    pub(crate) toml: Option<String>,
}

written!(given Call: id, verb, services, all, wait, timeout_ms, signal, lines, follow, toml);

impl Read for Call {
    fn read(mut slot: Slot<'_, '_>) -> Call {
        Call {
            id: slot.field("id"),
            verb: slot.field_or_default("verb"),
            services: slot.field_or_default("services"),
            all: slot.field_or_default("all"),
            wait: slot.field_or_default("wait"),
            timeout_ms: slot.field("timeout_ms"),
            signal: slot.field("signal"),
            lines: slot.field("lines"),
            follow: slot.field_or_default("follow"),
            toml: slot.field("toml"),
        }
    }
}

/// Which services are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Names {
    /// All.
    All,
    /// These; at least one.
    Some(Vec<String>),
}

/// Whether the answer waits for the end of what was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wait {
    /// How long at most; `None`: as long as it takes.
    pub(crate) timeout: Option<Duration>,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// Who is there?
    Ping,
    /// What do they do?
    Status(Names),
    /// Are they ready?
    Healthcheck(Names),
    /// Want them.
    Start(Names),
    /// Do not want them.
    Stop(Names),
    /// Stop and start them.
    Restart(Names),
    /// Have them read their configuration again.
    Reload(Names),
    /// Read bowout's own configuration again.
    ReloadConfig,
    /// Send a signal to their main processes.
    Signal(Names, Signal),
    /// What did they write?
    Logs {
        /// Whose lines.
        services: Names,
        /// The last so many; `None`: all that are kept.
        lines: Option<usize>,
        /// Whether new ones follow.
        follow: bool,
    },
    /// What happens from now on.
    Events(Names),
    /// One service more, as bowout.toml says it.
    Add(String),
    /// One service less.
    Remove(String),
    /// Stop the container.
    Shutdown,
}

/// One request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    /// What the client calls it.
    pub(crate) id: Option<Id>,
    /// What is asked for.
    pub(crate) verb: Verb,
    /// Whether the answer waits for the end of it; only where there is something to wait for.
    pub(crate) wait: Option<Wait>,
}

/// Every verb, for "did you mean" and for the documents.
pub(super) const VERBS: [&str; 13] = [
    "ping",
    "status",
    "healthcheck",
    "start",
    "stop",
    "restart",
    "reload",
    "signal",
    "logs",
    "events",
    "add",
    "remove",
    "shutdown",
];

/// Why a line can't be taken, with its id as far as that could be read.
pub(crate) type Refusal = (Option<Id>, Code, String);

impl Request {
    /// Reads a line, without its end.
    ///
    /// # Errors
    /// What is wrong with it, in words, without more of it than fits on a line.
    pub(crate) fn read(line: &[u8]) -> Result<Request, Refusal> {
        if !line.trim_ascii_start().starts_with(b"{") {
            let text = "a request is one JSON object on a line".to_owned();
            return Err((None, Code::BadRequest, text));
        }
        let call: Call =
            json::read(line).map_err(|wrong| (None, Code::BadRequest, wrong.to_string()))?;
        if let Some(Id::Text(text)) = &call.id
            && text.len() > LONGEST_ID
        {
            let text = format!("id: longer than {LONGEST_ID} bytes");
            return Err((None, Code::BadRequest, text));
        }
        let id = call.id.clone();
        call.checked().map_err(|(code, text)| (id, code, text))
    }
}

impl Call {
    /// The line, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        json::line(self).into_bytes()
    }

    fn checked(self) -> Result<Request, (Code, String)> {
        let wait = self.wait.then(|| Wait {
            timeout: self
                .timeout_ms
                .map(Duration::from_millis)
                .filter(|timeout| *timeout <= LONGEST_WAIT),
        });
        let verb =
            match self.verb.as_str() {
                "ping" => Verb::Ping,
                "status" => Verb::Status(self.some_or_all()),
                "healthcheck" => Verb::Healthcheck(self.some_or_all()),
                "start" => Verb::Start(self.named()?),
                "stop" => Verb::Stop(self.named()?),
                "restart" => Verb::Restart(self.named()?),
                "reload" if self.services.is_empty() && !self.all => Verb::ReloadConfig,
                "reload" => Verb::Reload(self.named()?),
                "signal" => Verb::Signal(self.named()?, self.signal()?),
                "logs" => Verb::Logs {
                    services: self.some_or_all(),
                    lines: self
                        .lines
                        .map(|lines| usize::try_from(lines).unwrap_or(usize::MAX)),
                    follow: self.follow,
                },
                "events" => Verb::Events(self.some_or_all()),
                "add" => Verb::Add(self.toml.ok_or_else(|| {
                    bad("toml: missing; add takes a service as bowout.toml says it")
                })?),
                "remove" => match self.services.as_slice() {
                    [service] => Verb::Remove(service.clone()),
                    _ => return Err(bad("services: remove takes one")),
                },
                "shutdown" => Verb::Shutdown,
                "" => return Err(bad("verb: missing")),
                other => return Err(unknown(other)),
            };
        let id = self.id;
        Ok(Request { id, verb, wait })
    }

    fn some_or_all(&self) -> Names {
        match self.services.is_empty() {
            true => Names::All,
            false => Names::Some(self.services.clone()),
        }
    }

    /// Services that have to be named: nobody restarts everything by leaving out a word.
    fn named(&self) -> Result<Names, (Code, String)> {
        match (self.services.is_empty(), self.all) {
            (false, false) => Ok(Names::Some(self.services.clone())),
            (true, true) => Ok(Names::All),
            (true, false) => Err(bad(
                "services: missing; name at least one, or set all to true",
            )),
            (false, true) => Err(bad("services, all: one of the two")),
        }
    }

    fn signal(&self) -> Result<Signal, (Code, String)> {
        let text = self
            .signal
            .as_deref()
            .ok_or_else(|| bad("signal: missing"))?;
        Signal::parse(text).ok_or_else(|| {
            bad(&format!(
                "signal: \"{}\" is not accepted; accepted: a signal such as TERM, SIGQUIT, 15 or RTMIN+3",
                quoted(text)
            ))
        })
    }
}

fn bad(text: &str) -> (Code, String) {
    (Code::BadRequest, text.to_owned())
}

fn unknown(verb: &str) -> (Code, String) {
    let hint = did_you_mean(verb, VERBS.into_iter());
    let text = format!("verb: \"{}\" is not known{hint}", quoted(verb));
    (Code::UnknownVerb, text)
}

/// The end of a message about a word that is not known.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    // The search takes time by the length of the word, and nobody misspells a word of that length.
    let near = (word.len() <= LONGEST_ID).then(|| nearest(word, known));
    near.flatten()
        .map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// What somebody else wrote, short and without the power to move a cursor.
pub(crate) fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST_QUOTE);
    let mut quoted = printable(&text[..end]);
    if end < text.len() {
        quoted.push('…');
    }
    quoted
}
