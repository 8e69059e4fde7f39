//! Asks a running supervisor, for people and for programs: `bowout-init ctl`, `bowoutctl`, `bowout ctl`, and
//! `healthcheck`.

mod connection;
mod exchange;
mod health;
mod help;
mod options;
mod paint;
mod progress;
mod show;
pub mod table;
mod words;

use crate::control::VARIABLE;
use crate::control::protocol::{
    Changed, Code, ContainerStatus, Event, Item, LogLine, Outcome, ServiceStatus,
};
use crate::json::{self, object, written};
use crate::log::printable;
use crate::stdio;
use bowout_core::order::Map;
use options::{Asked, Parsed};
use paint::Paint;
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

pub use health::run as healthcheck;

/// The name that makes the program this client, without the word `ctl`.
pub(crate) const NAME: &str = "bowoutctl";

/// It was not done, or something is not ready.
pub const FAILED: u8 = 1;
/// The command line can't be taken.
pub const USAGE: u8 = 2;
/// There is no supervisor, or it does not answer.
pub const ABSENT: u8 = 3;
/// The caller may not, or there is no such service.
pub const REFUSED: u8 = 4;
/// The time is up.
pub const TIMED_OUT: u8 = 5;

/// Why it was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Failed {
    /// The supervisor says so.
    Answered(Code, String),
    /// There is none, or it does not answer.
    Absent(String),
    /// Its socket can't be opened by this user.
    Refused(String),
    /// It was asked in the wrong way.
    Usage(String),
    /// Whoever reads the output has enough.
    Enough,
}

/// Asks, by a command line without the program's name, and returns the exit code.
#[must_use = "the exit code is for whoever started the program"]
#[inline(never)]
pub fn run(name: &str, arguments: Vec<OsString>) -> u8 {
    let parsed = options::parse(name, arguments, std::env::var_os(VARIABLE));
    let asked = match parsed {
        Ok(Parsed::Ask(asked)) => *asked,
        Ok(Parsed::Print(text)) => {
            return say(&text).map_or_else(|failed| failed.exit_code(), |()| 0);
        }
        Err(text) => {
            eprintln!("{name}: {text}");
            return USAGE;
        }
    };
    let json = asked.json;
    match answer(asked) {
        Ok(()) => 0,
        Err(failed) => {
            failed.tell(name, json);
            failed.exit_code()
        }
    }
}

impl Failed {
    /// What the program ends with.
    fn exit_code(&self) -> u8 {
        match self {
            Failed::Enough => 0,
            Failed::Usage(_) => USAGE,
            Failed::Absent(_) => ABSENT,
            Failed::Refused(_) => REFUSED,
            Failed::Answered(code, _) => match code {
                Code::BadRequest | Code::UnknownVerb | Code::LineTooLong => USAGE,
                Code::Refused | Code::UnknownService => REFUSED,
                Code::Timeout => TIMED_OUT,
                Code::Busy
                | Code::Exists
                | Code::NotRunning
                | Code::Stopping
                | Code::BadConfig
                | Code::NoLog
                | Code::Failed
                | Code::NotReady
                | Code::Unsupported
                | Code::Unknown => FAILED,
            },
        }
    }

    fn text(&self) -> &str {
        match self {
            Failed::Answered(_, text)
            | Failed::Absent(text)
            | Failed::Refused(text)
            | Failed::Usage(text) => text,
            Failed::Enough => "",
        }
    }

    fn tell(&self, name: &str, json: bool) {
        struct Error<'a> {
            code: Option<Code>,
            message: &'a str,
        }
        written!(Error<'_>: code, message);
        if *self == Failed::Enough {
            return;
        }
        if json {
            let code = match self {
                Failed::Answered(code, _) => Some(*code),
                Failed::Refused(_) => Some(Code::Refused),
                Failed::Absent(_) | Failed::Usage(_) | Failed::Enough => None,
            };
            let message = self.text();
            let error = Error { code, message };
            let mut line = String::new();
            object(&mut line, &["error"], &[&error]);
            _ = say(&(line + "\n"));
            return;
        }
        // A configuration's mistakes are shown over several lines.
        let lines: Vec<String> = self.text().lines().map(printable).collect();
        eprintln!("{name}: {}", lines.join("\n"));
    }
}

fn answer(mut asked: Asked) -> Result<(), Failed> {
    if let Some(file) = &asked.file {
        asked.call.toml = Some(read(file)?);
    }
    match asked.call.verb.as_str() {
        "status" => status(asked),
        "logs" => logs(asked),
        "events" => events(asked),
        _ => command(asked),
    }
}

fn status(asked: Asked) -> Result<(), Failed> {
    struct Whole<'a> {
        container: Option<ContainerStatus<'a>>,
        services: Vec<ServiceStatus<'a>>,
    }
    written!(Whole<'_>: container, services);
    let is_chosen = !asked.call.services.is_empty();
    let mut services = Vec::new();
    let outcome = exchange::ask(&asked.socket, asked.call, &mut |item| {
        if let Item::Service(service) = item {
            services.push(*service);
        }
        true
    })?;
    let container = outcome.container;
    if asked.json {
        return say(&json::line(&Whole {
            container,
            services,
        }));
    }
    let paint = Paint::for_output();
    if is_chosen {
        let blocks: Vec<String> = services.iter().map(|one| show::block(one, paint)).collect();
        return say(&blocks.join("\n"));
    }
    let mut text = container.as_ref().map_or_else(String::new, show::container);
    if !services.is_empty() {
        text.push('\n');
        text.push_str(&show::table(&services, paint));
    }
    say(&text)
}

fn logs(asked: Asked) -> Result<(), Failed> {
    let paint = Paint::for_output();
    let is_one = asked.call.services.len() == 1;
    // Each name gets its colour when it first comes.
    let mut names: Map<String, usize> = Map::new();
    let mut front = |service: &str| {
        if is_one {
            return String::new();
        }
        let next = names.len();
        let number = *names.get_or_insert_with(service.to_owned(), || next);
        format!("{} | ", paint.name(number, &printable(service)))
    };
    let line = |line: &LogLine<'_>, front: &str| match asked.timestamps {
        true => format!("{} {front}{}\n", line.time, line.text),
        false => format!("{front}{}\n", line.text),
    };
    stream(asked.clone(), &mut |item| match item {
        Item::Log(log) if asked.json => json::line(log),
        Item::Log(log) => line(log, &front(&log.service)),
        Item::Missed(_) if asked.json => json::line(item),
        Item::Missed(missed) => format!(
            "{}({} lines are not kept any more)\n",
            front(&missed.service),
            missed.lines
        ),
        Item::Service(_) | Item::Event(_) => String::new(),
    })
}

fn events(asked: Asked) -> Result<(), Failed> {
    let json = asked.json;
    let text = |event: &Event<'_>| match json {
        true => json::line(event),
        false => {
            // The time of day is enough for one who watches.
            let time = event.time.get(11..23).unwrap_or(&event.time);
            format!("{time}  {}\n", printable(&event.message))
        }
    };
    stream(asked, &mut |item| match item {
        Item::Event(event) => text(event),
        Item::Service(_) | Item::Log(_) | Item::Missed(_) => String::new(),
    })
}

/// Shows items as they come, until nobody reads them any more.
fn stream(asked: Asked, text: &mut dyn FnMut(&Item<'static>) -> String) -> Result<(), Failed> {
    let mut told = Ok(());
    exchange::ask(&asked.socket, asked.call, &mut |item| {
        told = say(&text(&item));
        told.is_ok()
    })?;
    told
}

fn command(asked: Asked) -> Result<(), Failed> {
    let outcome: Outcome<'_> = exchange::ask(&asked.socket, asked.call.clone(), &mut |_| true)?;
    if asked.json {
        return say(&json::line(&outcome));
    }
    if asked.call.verb == "healthcheck" {
        // Of the services that were asked about, and not of the whole.
        return say("ready\n");
    }
    let changed: Option<&Changed> = outcome.configuration.as_ref();
    match (changed, &outcome.container) {
        (Some(changed), _) => say(&show::changed(changed)),
        (None, Some(container)) => say(&show::container(container)),
        (None, None) => Ok(()),
    }
}

fn read(file: &Path) -> Result<String, Failed> {
    let mut text = String::new();
    let read = match file == Path::new("-") {
        true => stdio::input().and_then(|mut input| input.read_to_string(&mut text).map(drop)),
        false => std::fs::read_to_string(file).map(|read| text = read),
    };
    let failed = |error| format!("{}: {}", file.display(), bowout_sys::reason(&error));
    read.map_err(|error| Failed::Usage(failed(error)))?;
    Ok(text)
}

/// Writes to standard output. When nobody reads it (`| head`), that is no error.
fn say(text: &str) -> Result<(), Failed> {
    stdio::print(text).map_err(|error| {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failed::Enough;
        }
        let text = format!("standard output: {}", bowout_sys::reason(&error));
        Failed::Answered(Code::Failed, text)
    })
}
