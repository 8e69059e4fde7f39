//! Reads the command line of `ctl` into a request.

use super::help;
use super::table::{OPTIONS, Operands, Spec, VERBS, Verb};
use crate::cli::value::{duration, nearest};
use crate::control::protocol::Call;
use bowout_core::Signal;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parsed {
    /// Help.
    Print(String),
    /// A request.
    Ask(Box<Asked>),
}

/// One request, and how its answer is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) socket: PathBuf,
    /// What is sent. For `add`, the text of the file is still missing.
    pub(super) call: Call,
    /// The file with a service, for `add`; `-` is standard input.
    pub(super) file: Option<PathBuf>,
    pub(super) timeout: Option<Duration>,
    pub(super) json: bool,
    pub(super) timestamps: bool,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    words: Vec<String>,
    socket: Option<PathBuf>,
    call: Call,
    timeout: Option<Duration>,
    json: bool,
    timestamps: bool,
    /// The options, to be looked at when the verb is known.
    seen: Vec<&'static Spec>,
    help: bool,
}

/// Reads a command line, without the program's name. `variable` is what the environment has for the socket.
///
/// # Errors
/// One line that says what can't be taken, and what can.
pub(super) fn parse(
    name: &str,
    arguments: Vec<OsString>,
    variable: Option<OsString>,
) -> Result<Parsed, String> {
    let mut found = Found::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let option = match argument {
            lexopt::Arg::Value(word) => {
                found.words.push(text(&word)?);
                continue;
            }
            lexopt::Arg::Long(long) => find_option(long)?,
            lexopt::Arg::Short(letter) => OPTIONS
                .iter()
                .find(|option| option.short == Some(letter))
                .ok_or_else(|| format!("-{letter}: unknown option ('{name} --help' lists all)"))?,
        };
        let value = match option.value {
            None => OsString::new(),
            Some(value) => parser
                .value()
                .map_err(|_| format!("--{}: {value} is missing", option.long))?,
        };
        found.take(option, &value)?;
    }
    finish(name, found, variable)
}

impl Found {
    fn take(&mut self, option: &'static Spec, value: &OsStr) -> Result<(), String> {
        let refused = |accepted: &str| {
            let value = value.to_string_lossy();
            format!(
                "--{}: {value:?} is not accepted; accepted: {accepted}",
                option.long
            )
        };
        match option.long {
            "all" => self.call.all = true,
            "wait" => self.call.wait = true,
            "timeout" => {
                let length = value.to_str().and_then(duration);
                let accepted = "a duration such as 500ms, 10s or 1m30s";
                self.timeout = Some(length.ok_or_else(|| refused(accepted))?);
                self.call.wait = true;
            }
            "follow" => self.call.follow = true,
            "lines" => {
                let number = value.to_str().and_then(|text| text.parse().ok());
                self.call.lines = Some(number.ok_or_else(|| refused("a number"))?);
            }
            "timestamps" => self.timestamps = true,
            "json" => self.json = true,
            "socket" if value.is_empty() => return Err(refused("a path")),
            "socket" => self.socket = Some(value.into()),
            "help" => self.help = true,
            other => return Err(format!("--{other}: unknown option")),
        }
        self.seen.push(option);
        Ok(())
    }
}

fn finish(name: &str, mut found: Found, variable: Option<OsString>) -> Result<Parsed, String> {
    let mut words = std::mem::take(&mut found.words).into_iter();
    let Some(word) = words.next() else {
        return match found.help {
            true => Ok(Parsed::Print(help::all(name))),
            false => Err(format!("no verb; '{name} --help' lists them")),
        };
    };
    let verb = find_verb(name, &word)?;
    if found.help {
        return Ok(Parsed::Print(help::of(name, verb)));
    }
    if let Some(option) = found.seen.iter().find(|option| !verb.takes(option)) {
        let usage = format!("'{name} {} --help' lists its options", verb.name);
        return Err(format!(
            "--{}: {} does not take it; {usage}",
            option.long, verb.name
        ));
    }
    let variable = variable.filter(|path| !path.is_empty());
    let mut asked = Asked {
        socket: found
            .socket
            .or_else(|| variable.map(PathBuf::from))
            .unwrap_or_else(|| crate::control::PLACE.into()),
        call: found.call,
        file: None,
        timeout: found.timeout,
        json: found.json,
        timestamps: found.timestamps,
    };
    asked.call.verb = verb.name.to_owned();
    asked.call.timeout_ms = asked
        .timeout
        .map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    operands(verb, words.collect(), &mut asked).map_err(|error| {
        let usage = format!("{name} {} {}", verb.name, verb.operands.usage());
        format!("{error}; usage: {}", usage.trim_end())
    })?;
    Ok(Parsed::Ask(Box::new(asked)))
}

fn operands(verb: &Verb, mut words: Vec<String>, asked: &mut Asked) -> Result<(), String> {
    let call = &mut asked.call;
    match verb.operands {
        Operands::None => match words.first() {
            None => Ok(()),
            Some(word) => Err(format!("{word:?}: {} takes no services", verb.name)),
        },
        Operands::Services | Operands::ServicesOrConfiguration => {
            call.services = words;
            both(call)
        }
        Operands::ServicesOrAll => {
            call.services = words;
            named(call)
        }
        Operands::SignalAndServices => {
            if words.is_empty() {
                return Err("no signal".to_owned());
            }
            let signal = words.remove(0);
            if Signal::parse(&signal).is_none() {
                return Err(format!(
                    "{signal:?} is no signal; accepted: a signal such as TERM, SIGQUIT, 15 or RTMIN+3"
                ));
            }
            call.signal = Some(signal);
            call.services = words;
            named(call)
        }
        Operands::Service => match words.len() {
            1 => {
                call.services = words;
                Ok(())
            }
            _ => Err(format!("{} takes one service", verb.name)),
        },
        Operands::File => match words.len() {
            1 => {
                asked.file = Some(words.remove(0).into());
                Ok(())
            }
            _ => Err(format!("{} takes one file", verb.name)),
        },
    }
}

fn named(call: &Call) -> Result<(), String> {
    match call.services.is_empty() && !call.all {
        true => Err("no service; name at least one, or say --all".to_owned()),
        false => both(call),
    }
}

fn both(call: &Call) -> Result<(), String> {
    match !call.services.is_empty() && call.all {
        true => Err("services and --all: one of the two".to_owned()),
        false => Ok(()),
    }
}

fn find_verb(name: &str, word: &str) -> Result<&'static Verb, String> {
    let found = VERBS.iter().find(|verb| verb.name == word);
    found.ok_or_else(|| {
        let near = nearest(word, VERBS.iter().map(|verb| verb.name));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("{word:?} is no verb{hint} ('{name} --help' lists them)")
    })
}

fn find_option(long: &str) -> Result<&'static Spec, String> {
    let found = OPTIONS.iter().find(|option| option.long == long);
    found.ok_or_else(|| {
        let near = nearest(long, OPTIONS.iter().map(|option| option.long));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean --{near}?"));
        format!("--{long}: unknown option{hint}")
    })
}

fn text(word: &OsStr) -> Result<String, String> {
    let text = word.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("{:?} is no UTF-8", word.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Asked, String> {
        let words = line.split_whitespace().map(OsString::from).collect();
        let variable = Some(OsString::from("/v.sock"));
        match parse("ctl", words, variable)? {
            Parsed::Ask(asked) => Ok(*asked),
            Parsed::Print(text) => Err(text),
        }
    }

    fn sent(line: &str) -> String {
        String::from_utf8(read(line).unwrap().call.line()).unwrap()
    }

    #[test]
    fn options_stand_on_either_side_of_the_verb() {
        assert_eq!(sent("status"), "{\"verb\":\"status\"}\n");
        assert_eq!(
            sent("-w start --timeout 1m30s web db"),
            "{\"verb\":\"start\",\"services\":[\"web\",\"db\"],\"wait\":true,\"timeout_ms\":90000}\n"
        );
        assert_eq!(
            sent("signal rtmin+3 --all"),
            "{\"verb\":\"signal\",\"all\":true,\"signal\":\"rtmin+3\"}\n"
        );
        assert_eq!(
            sent("logs -fn20 web"),
            "{\"verb\":\"logs\",\"services\":[\"web\"],\"lines\":20,\"follow\":true}\n"
        );
        assert_eq!(
            sent("stop -- -odd"),
            "{\"verb\":\"stop\",\"services\":[\"-odd\"]}\n"
        );
        assert_eq!(read("add -").unwrap().file, Some("-".into()));
        assert_eq!(read("ping").unwrap().socket, PathBuf::from("/v.sock"));
        assert_eq!(
            read("--socket /o ping").unwrap().socket,
            PathBuf::from("/o")
        );
    }

    #[test]
    fn a_mistake_is_named_with_what_is_right() {
        let cases = [
            ("", "no verb; 'ctl --help' lists them"),
            (
                "strat web",
                "\"strat\" is no verb; did you mean start? ('ctl --help' lists them)",
            ),
            (
                "start",
                "no service; name at least one, or say --all; usage: ctl start SERVICE…|--all",
            ),
            (
                "restart web --all",
                "services and --all: one of the two; usage: ctl restart SERVICE…|--all",
            ),
            (
                "signal web",
                "\"web\" is no signal; accepted: a signal such as TERM, SIGQUIT, 15 or RTMIN+3; usage: ctl signal SIGNAL SERVICE…|--all",
            ),
            (
                "remove",
                "remove takes one service; usage: ctl remove SERVICE",
            ),
            (
                "shutdown web",
                "\"web\": shutdown takes no services; usage: ctl shutdown",
            ),
            (
                "status --wait",
                "--wait: status does not take it; 'ctl status --help' lists its options",
            ),
            (
                "status --jsn",
                "--jsn: unknown option; did you mean --json?",
            ),
            (
                "start web --timeout soon",
                "--timeout: \"soon\" is not accepted; accepted: a duration such as 500ms, 10s or 1m30s",
            ),
            ("logs -n", "--lines: N is missing"),
            (
                "logs -n x",
                "--lines: \"x\" is not accepted; accepted: a number",
            ),
        ];
        for (line, message) in cases {
            assert_eq!(read(line).unwrap_err(), message, "{line}");
        }
        assert!(read("--help").unwrap_err().contains("Verbs:"));
        assert!(
            read("start --help")
                .unwrap_err()
                .starts_with("Start services")
        );
    }
}
