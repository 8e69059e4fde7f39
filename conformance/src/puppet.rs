//! Talks to a puppet: tells it what to do and reads what it got.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use crate::mask::Mask;
use crate::process::Process;
use crate::signal::Signal;
use crate::watchdog::watchdog;

/// A signal that a puppet got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// Which.
    pub signal: Signal,
    /// `si_code`, where it was taken from a signalfd.
    pub code: Option<i32>,
    /// `si_pid`, likewise.
    pub pid: Option<i32>,
    /// `si_value`, likewise.
    pub value: Option<i32>,
}

/// What a puppet is and was started with.
pub struct Facts(BTreeMap<String, String>);

impl Facts {
    /// A fact as it was reported.
    ///
    /// # Panics
    /// If there is no such fact.
    #[must_use]
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no fact {name:?} in {:?}", self.0))
    }

    /// A fact that is a number.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    #[track_caller]
    pub fn number(&self, name: &str) -> i32 {
        let text = self.text(name);
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, no number"))
    }

    /// A fact that is a set of signals.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    #[track_caller]
    pub fn mask(&self, name: &str) -> Mask {
        Mask::parse(self.text(name))
    }
}

/// A puppet that has said hello.
pub struct Puppet {
    name: String,
    /// The process, as the harness sees it.
    pub process: Process,
    /// The pid as the puppet itself sees it.
    pub own_pid: i32,
    stream: UnixStream,
    lines: Receiver<String>,
    got: VecDeque<Got>,
}

impl Puppet {
    /// Reads the hello of a new connection. None from one that ended before it said it.
    pub(crate) fn meet(stream: UnixStream, process: Process) -> Option<Self> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut hello = String::new();
        reader.read_line(&mut hello).ok()?;
        let mut words = hello.split_whitespace();
        let (Some("hello"), Some(name), Some(pid)) = (words.next(), words.next(), words.next())
        else {
            return None;
        };
        let (name, own_pid) = (name.to_owned(), pid.parse().ok()?);
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Some(Self {
            name,
            process,
            own_pid,
            stream,
            lines,
            got: VecDeque::new(),
        })
    }

    /// The name it said.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells it something and returns its answer.
    ///
    /// # Panics
    /// If it does not answer, or says that it can't.
    #[track_caller]
    pub fn ask(&mut self, command: impl Display) -> String {
        let answer = self.try_ask(&command);
        assert!(
            !answer.starts_with("err "),
            "{}: {command}: {answer}",
            self.name
        );
        answer
    }

    /// Tells it something and returns its answer, which may begin with `err`.
    ///
    /// # Panics
    /// If it does not answer.
    #[track_caller]
    pub fn try_ask(&mut self, command: impl Display) -> String {
        self.tell(&command);
        self.answer(&command.to_string())
    }

    /// Tells it something that it will not answer, or not at once.
    ///
    /// # Panics
    /// If it is gone.
    #[track_caller]
    pub fn tell(&mut self, command: impl Display) {
        let sent = self.stream.write_all(format!("{command}\n").as_bytes());
        if let Err(error) = sent {
            panic!("{} is gone, cannot tell it `{command}`: {error}", self.name);
        }
    }

    /// Waits for the answer to what it was told.
    ///
    /// # Panics
    /// If it does not come.
    #[track_caller]
    pub fn answer(&mut self, command: &str) -> String {
        loop {
            match self.lines.recv_timeout(watchdog()) {
                Ok(line) => match parse_got(&line) {
                    Some(got) => self.got.push_back(got),
                    None => return line,
                },
                Err(RecvTimeoutError::Timeout) => panic!("{} never answers {command:?}", self.name),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended instead of answering {command:?}", self.name)
                }
            }
        }
    }

    /// What it is and was started with.
    ///
    /// # Panics
    /// If it does not answer.
    #[track_caller]
    pub fn facts(&mut self) -> Facts {
        let line = self.ask("facts");
        let pairs = line
            .split_whitespace()
            .filter_map(|word| word.split_once('='));
        Facts(
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The value of a variable of its environment.
    ///
    /// # Panics
    /// If it does not answer.
    #[track_caller]
    pub fn env(&mut self, name: &str) -> Option<String> {
        self.ask(format_args!("env {name}"))
            .strip_prefix("env ")
            .map(str::to_owned)
    }

    /// Starts a child puppet, with these commands, separated by `;`.
    ///
    /// # Panics
    /// If it can't.
    #[track_caller]
    pub fn spawn(&mut self, name: &str, commands: &str) {
        self.ask(format_args!("spawn {name} {commands}"));
    }

    /// Waits for the next signal it gets.
    ///
    /// # Panics
    /// If none comes, or it ends.
    #[track_caller]
    pub fn next_signal(&mut self) -> Got {
        self.await_signal("a signal")
    }

    #[track_caller]
    fn await_signal(&mut self, what: &str) -> Got {
        if let Some(got) = self.got.pop_front() {
            return got;
        }
        match self.lines.recv_timeout(watchdog()) {
            Ok(line) => parse_got(&line)
                .unwrap_or_else(|| panic!("{} said {line:?} and did not get {what}", self.name)),
            Err(RecvTimeoutError::Timeout) => panic!("{} never gets {what}", self.name),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("{} ended instead of getting {what}", self.name)
            }
        }
    }

    /// Waits for this signal, past the SIGCONT that may follow another.
    ///
    /// # Panics
    /// If another comes, or none.
    #[track_caller]
    pub fn expect(&mut self, signal: Signal) -> Got {
        loop {
            let got = self.await_signal(&signal.to_string());
            if got.signal == Signal::CONT && signal != Signal::CONT {
                continue;
            }
            assert_eq!(got.signal, signal, "{} got {got:?}", self.name);
            return got;
        }
    }

    /// Every signal that it has got by now and that nobody has asked for yet.
    ///
    /// # Panics
    /// If it does not answer.
    #[track_caller]
    pub fn signals(&mut self) -> Vec<Signal> {
        self.ask("ping");
        self.got.drain(..).map(|got| got.signal).collect()
    }

    /// Waits until it has ended, and returns the signals it told of on the way.
    ///
    /// # Panics
    /// If it goes on.
    #[track_caller]
    pub fn await_end(&mut self) -> Vec<Signal> {
        let mut got: Vec<Signal> = self.got.drain(..).map(|got| got.signal).collect();
        loop {
            match self.lines.recv_timeout(watchdog()) {
                Ok(line) => got.extend(parse_got(&line).map(|got| got.signal)),
                Err(RecvTimeoutError::Timeout) => panic!("{} never ends", self.name),
                Err(RecvTimeoutError::Disconnected) => return got,
            }
        }
    }

    /// Ends it and waits until it has.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn exit(&mut self, code: i32) {
        self.tell(format_args!("exit {code}"));
        self.await_end();
    }
}

fn parse_got(line: &str) -> Option<Got> {
    let (number, rest) = line.strip_prefix("got ")?.split_once(' ')?;
    let of = |key: &str| {
        let pair = rest
            .split(' ')
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        pair.and_then(|value| value.parse().ok())
    };
    Some(Got {
        signal: Signal(number.parse().ok()?),
        code: of("code"),
        pid: of("pid"),
        value: of("value"),
    })
}
