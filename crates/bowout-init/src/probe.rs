//! Asks a server once whether it is there, in a process of its own: PID 1 reads nothing that comes over a network.

mod address;
mod http;

use crate::cli::value;
use address::{Address, Limit};
use http::Url;
use std::ffi::OsString;
use std::time::Duration;

/// How long it may take where nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

const HELP: &str = "\
Usage: bowout-init probe tcp HOST:PORT [--timeout DURATION]
       bowout-init probe http URL [--timeout DURATION]

Asks a server once whether it is there. tcp: a connection is accepted. http: a GET
gets a status below 400. HOST may be empty: the local host.

  --timeout DURATION  all in all [5s]
  --help              this text

Exit code: 0 yes, 1 no, with the reason on standard error, 125 bad arguments
";

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Question {
    Tcp(Address),
    Http(Url),
}

/// What the arguments ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Parsed {
    Ask {
        question: Question,
        /// As it was written.
        text: String,
        timeout: Duration,
    },
    Help,
}

/// Runs `probe` with the arguments behind that word, and returns its exit code: 0 when the server is
/// there, 1 when it is not, [`OWN_ERROR`](crate::OWN_ERROR) for arguments that can't be taken.
#[must_use = "the exit code is the answer"]
#[inline(never)]
pub fn run(arguments: Vec<OsString>) -> u8 {
    match parse(arguments) {
        Ok(Parsed::Help) => crate::stdio::tell("probe", HELP),
        Ok(Parsed::Ask {
            question,
            text,
            timeout,
        }) => {
            let limit = Limit::new(timeout);
            // The resolver knows no limit. Without the alarm it has its own.
            let line = format!("probe: {text}: {}\n", limit.is_up());
            let _alarm = bowout_sys::alarm::exit_after(timeout, 1, line);
            match ask(&question, &limit) {
                Ok(()) => 0,
                Err(reason) => {
                    eprintln!("probe: {text}: {reason}");
                    1
                }
            }
        }
        Err(error) => {
            eprintln!("probe: {error}");
            crate::OWN_ERROR
        }
    }
}

/// Whether a probe can ask for this address: `host:port`, `[::1]:port`, `:port`.
///
/// # Errors
/// What is wrong with it, and what is accepted.
pub fn check_tcp(text: &str) -> Result<(), String> {
    Address::parse(text).map(|_| ())
}

/// Whether a probe can ask for this URL.
///
/// # Errors
/// What is wrong with it, and what is accepted.
pub fn check_http(text: &str) -> Result<(), String> {
    Url::parse(text).map(|_| ())
}

fn parse(arguments: Vec<OsString>) -> Result<Parsed, String> {
    use lexopt::{Arg, Parser};
    let mut parser = Parser::from_args(arguments);
    let mut words = Vec::new();
    let mut timeout = TIMEOUT;
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("timeout") => {
                let text = parser.value().map_err(|error| error.to_string())?;
                let text = text.to_string_lossy();
                timeout = value::duration(&text).filter(|time| !time.is_zero()).ok_or_else(|| {
                    format!("--timeout: {text:?} is not accepted; accepted: a duration such as 500ms or 5s")
                })?;
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(Parsed::Help),
            Arg::Value(word) => words.push(word.to_string_lossy().into_owned()),
            Arg::Long(_) | Arg::Short(_) => return Err(argument.unexpected().to_string()),
        }
    }
    let usage = "accepted: tcp HOST:PORT, or http URL";
    let [kind, text] = <[String; 2]>::try_from(words).map_err(|words| {
        format!(
            "two words are wanted, and {} were given; {usage}",
            words.len()
        )
    })?;
    let question = match kind.as_str() {
        "tcp" => Question::Tcp(Address::parse(&text)?),
        "http" => Question::Http(Url::parse(&text)?),
        _ => return Err(format!("{kind:?} is not accepted; {usage}")),
    };
    Ok(Parsed::Ask {
        question,
        text,
        timeout,
    })
}

fn ask(question: &Question, limit: &Limit) -> Result<(), String> {
    match question {
        Question::Tcp(address) => address.connect(limit).map(|_| ()),
        Question::Http(url) => {
            let status = url.get(limit)?;
            match status < 400 {
                true => Ok(()),
                false => Err(format!("status {status}")),
            }
        }
    }
}

#[cfg(test)]
mod tests;
