//! Carries out one command at a time, and what was told to be done on a signal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::{Pid, Uid, setpgid, setsid, setuid};

use crate::channel::Channel;
use crate::facts::facts;
use crate::family::Family;
use crate::notify;
use crate::signals::{Signals, numbers, signal_set};

/// The process, and what it was told.
pub(crate) struct Puppet {
    name: String,
    channel: Channel,
    signals: Signals,
    family: Family,
    /// What to do when a signal comes, in the order in which it was told.
    reactions: BTreeMap<i32, Vec<String>>,
}

impl Puppet {
    /// A puppet that has been told nothing yet.
    pub(crate) fn new(name: String, channel: Channel) -> Self {
        Self {
            name,
            channel,
            signals: Signals::default(),
            family: Family::default(),
            reactions: BTreeMap::new(),
        }
    }

    /// What the harness calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says hello and obeys until the harness hangs up.
    pub(crate) fn perform(&mut self) -> ExitCode {
        self.channel.hello(&self.name);
        loop {
            let Some(commands) = self.listen(None) else {
                return ExitCode::SUCCESS;
            };
            for command in commands {
                let answer = self.obey(&command);
                self.channel.say(&answer);
            }
        }
    }

    /// Carries out one command and gives the line to answer.
    pub(crate) fn obey(&mut self, command: &str) -> String {
        match self.carry_out(command) {
            Ok(answer) => answer,
            Err(complaint) => format!("err {complaint}"),
        }
    }

    fn carry_out(&mut self, command: &str) -> Result<String, String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let done = || Ok("ok".to_owned());
        match words.as_slice() {
            ["ping"] => done(),
            ["facts"] => Ok(facts(&self.own_descriptors())),
            ["env", name] => Ok(match std::env::var(name) {
                Ok(value) => format!("env {value}"),
                Err(_) => "unset".to_owned(),
            }),
            ["catch", set] => {
                for signal in numbers(set)? {
                    self.signals
                        .catch(signal)
                        .map_err(|error| format!("{signal}: {error}"))?;
                }
                done()
            }
            ["take", set] => {
                self.signals
                    .take(signal_set(set)?)
                    .map_err(|error| error.to_string())?;
                done()
            }
            ["block", set] => signal_set(set)?
                .thread_block()
                .map_err(told)
                .and_then(|()| done()),
            ["unblock"] => signal_set("all")?
                .thread_unblock()
                .map_err(told)
                .and_then(|()| done()),
            ["on", signal, reaction @ ..] => {
                let signal = signal
                    .parse()
                    .map_err(|error| format!("{signal}: {error}"))?;
                self.reactions
                    .entry(signal)
                    .or_default()
                    .push(reaction.join(" "));
                done()
            }
            ["work", milliseconds] => self.work(milliseconds).and_then(|()| done()),
            ["clean", milliseconds] => self.clean(milliseconds).and_then(|()| done()),
            ["record", note @ ..] => self.record(&note.join(" ")).and_then(|()| done()),
            ["spawn", rest @ ..] => self.family.spawn(rest).map(|pid| format!("ok {pid}")),
            ["spawn-many", rest @ ..] => self.family.spawn_many(rest).map(|n| format!("ok {n}")),
            ["run", rest @ ..] => self.family.run(rest).map(|pid| format!("ok {pid}")),
            ["wait"] => self.family.wait(None),
            ["wait", name] => self.family.wait(Some(name)),
            ["signal-children", signal] => {
                self.family.signal(standard(signal)?);
                done()
            }
            ["kill", pid, signal] => {
                let pid = pid.parse().map_err(|error| format!("{pid}: {error}"))?;
                kill(Pid::from_raw(pid), standard(signal)?)
                    .map_err(told)
                    .and_then(|()| done())
            }
            ["setsid"] => setsid().map_err(told).and_then(|_| done()),
            ["setpgid"] => {
                let own = Pid::from_raw(0);
                setpgid(own, own).map_err(told).and_then(|()| done())
            }
            // A setuid program keeps its real uid, and whoever has that may signal it; not so now.
            ["become-root"] => setuid(Uid::from_raw(0)).map_err(told).and_then(|()| done()),
            ["stop-self"] => raise(Signal::SIGSTOP).map_err(told).and_then(|()| done()),
            ["read-line"] => {
                let mut line = String::new();
                io::stdin()
                    .lock()
                    .read_line(&mut line)
                    .map_err(|error| error.to_string())?;
                Ok(format!("line {}", line.trim_end()))
            }
            ["print", text @ ..] => {
                println!("{}", text.join(" "));
                done()
            }
            ["print-error", text @ ..] => {
                eprintln!("{}", text.join(" "));
                done()
            }
            // Without the end of the line.
            ["print-part", text @ ..] => {
                let mut out = io::stdout().lock();
                write!(out, "{}", text.join(" "))
                    .and_then(|()| out.flush())
                    .map_err(|error| error.to_string())?;
                done()
            }
            ["print-lines", count, text @ ..] => {
                let count: u32 = count.parse().map_err(|error| format!("{count}: {error}"))?;
                let (mut out, text) = (io::stdout().lock(), text.join(" "));
                (1..=count)
                    .try_for_each(|number| writeln!(out, "{text} {number}"))
                    .map_err(|error| error.to_string())?;
                done()
            }
            // Bytes, two digits each, whatever they are.
            ["print-bytes", digits] => print_bytes(digits).and_then(|()| done()),
            // One line of so many letters.
            ["print-long", length] => {
                let length: usize = length
                    .parse()
                    .map_err(|error| format!("{length}: {error}"))?;
                println!("{}", "x".repeat(length));
                done()
            }
            ["say", descriptor, text @ ..] => {
                notify::write(descriptor, &format!("{}\n", text.join(" "))).and_then(|()| done())
            }
            ["say-part", descriptor, text @ ..] => {
                notify::write(descriptor, &text.join(" ")).and_then(|()| done())
            }
            ["notify", words @ ..] => notify::send(words).and_then(|()| done()),
            ["notify-to", place, words @ ..] => {
                notify::send_to(&place.into(), words).and_then(|()| done())
            }
            ["notify-flood", count, words @ ..] => {
                notify::flood(count, words).and_then(|()| done())
            }
            ["notify-big", length, words @ ..] => notify::big(length, words).and_then(|()| done()),
            ["notify-barrier", words @ ..] => notify::barrier(words).and_then(|()| done()),
            ["notify-asked", words @ ..] => notify::asked(words),
            ["exit", code] => {
                let code = code.parse().map_err(|error| format!("{code}: {error}"))?;
                std::process::exit(code)
            }
            [..] => Err(format!("{command}: no such command")),
        }
    }

    /// Works for so long and then records that it is done, and which signals it has got by then.
    fn clean(&mut self, milliseconds: &str) -> Result<(), String> {
        self.work(milliseconds)?;
        self.record(&format!("cleaned {}", self.signals.tally()))
    }

    /// Works for so long, still counting the signals that come.
    fn work(&mut self, milliseconds: &str) -> Result<(), String> {
        let time = milliseconds
            .parse()
            .map_err(|error| format!("{milliseconds}: {error}"))?;
        let end = Instant::now() + Duration::from_millis(time);
        loop {
            for arrival in self.signals.arrivals() {
                self.channel.say(&arrival.account);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.await_signal(left);
        }
    }

    /// Appends one line with the name of this process: a single write, so lines never mix.
    fn record(&self, note: &str) -> Result<(), String> {
        let path = std::env::var_os("PUPPET_RECORD").ok_or("PUPPET_RECORD is not set")?;
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| format!("cannot open the record: {error}"))?;
        file.write_all(format!("{} {note}\n", self.name).as_bytes())
            .map_err(|error| format!("cannot write the record: {error}"))
    }

    /// Waits for commands or signals, tells of the signals and reacts to them. `None` when the
    /// harness has hung up.
    fn listen(&mut self, limit: Option<Duration>) -> Option<Vec<String>> {
        let commands_ready = {
            let socket = self.channel.as_fd();
            let signals = self.signals.descriptors();
            let ready = wait_readable(socket.iter().copied().chain(signals), limit);
            socket.is_some() && ready.first().copied().unwrap_or(false)
        };
        for arrival in self.signals.arrivals() {
            self.channel.say(&arrival.account);
            for reaction in self
                .reactions
                .get(&arrival.signal)
                .cloned()
                .unwrap_or_default()
            {
                let answer = self.obey(&reaction);
                if answer.starts_with("err") {
                    self.channel.say(&answer);
                }
            }
        }
        if commands_ready {
            self.channel.lines()
        } else {
            Some(Vec::new())
        }
    }

    fn await_signal(&self, limit: Duration) {
        wait_readable(self.signals.descriptors().into_iter(), Some(limit));
    }

    fn own_descriptors(&self) -> BTreeSet<i32> {
        let socket = self
            .channel
            .as_fd()
            .map(|descriptor| descriptor.as_raw_fd());
        self.signals.own_descriptors().chain(socket).collect()
    }
}

/// Polls, and says of each descriptor whether it is readable. A signal's EINTR reads as "none yet".
fn wait_readable<'a>(
    descriptors: impl Iterator<Item = BorrowedFd<'a>>,
    limit: Option<Duration>,
) -> Vec<bool> {
    let mut polled: Vec<_> = descriptors
        .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN))
        .collect();
    let timeout = limit.map_or(PollTimeout::NONE, |limit| {
        // Rounded up, so that the last millisecond is not spun away.
        PollTimeout::try_from(limit + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
    });
    match poll(&mut polled, timeout) {
        Ok(_) => polled
            .iter()
            .map(|one| one.any().unwrap_or(false))
            .collect(),
        Err(_) => vec![false; polled.len()],
    }
}

fn print_bytes(digits: &str) -> Result<(), String> {
    let bytes: Result<Vec<u8>, _> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2).unwrap_or_default(), 16))
        .collect();
    let bytes = bytes.map_err(|error| format!("{digits}: {error}"))?;
    let mut out = io::stdout().lock();
    out.write_all(&bytes)
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}

fn standard(number: &str) -> Result<Signal, String> {
    let number: i32 = number
        .parse()
        .map_err(|error| format!("{number}: {error}"))?;
    Signal::try_from(number).map_err(|error| format!("{number}: {error}"))
}

fn told(error: nix::Error) -> String {
    error.desc().to_owned()
}
