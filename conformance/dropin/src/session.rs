//! Runs one init with one command and follows what happens to it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use crate::change::{Change, follow};
use crate::procfs::{self, Pid};
use crate::scratch::{FIFO, Scratch};
use crate::sender::Sender;
use crate::setting::{Setting, Terminal};
use crate::terminal::Person;
use crate::tool::{Side, Tool};
use crate::watchdog;

/// A line of the observer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `main`, `same`, `own` or `orphan`.
    pub role: String,
    /// The pid in its own PID namespace.
    pub pid: Pid,
    /// What it said.
    pub word: String,
}

/// An init that runs.
#[derive(Debug)]
pub struct Session {
    /// Nothing that goes well takes long: an init that never falls silent is cut short by this.
    deadline: Instant,
    scratch: Scratch,
    root: Pid,
    changes: Receiver<Change>,
    lines: Receiver<Said>,
    /// Everybody the observer has spoken for, as pids of the harness's namespace.
    known: Vec<(String, Pid)>,
    sender: Option<Sender>,
}

/// What an init's standard streams are.
#[derive(Debug)]
pub enum Streams {
    /// Input is /dev/null or the terminal; what is written goes to files.
    Files,
    /// All three are the terminal.
    OnTerminal,
    /// Input comes from this file.
    Input(File),
    /// Errors go here; the rest as in [`Streams::Files`].
    Errors(File),
}

impl Session {
    /// Starts `tool` of that side, `args` after its name. The words `FIFO` in `args` stand for the
    /// path of the FIFO.
    ///
    /// # Panics
    /// When anything the harness itself needs fails.
    #[must_use]
    #[expect(
        clippy::zombie_processes,
        reason = "the thread that follows it reaps it"
    )]
    pub fn start(
        tool: Tool,
        side: Side,
        setting: &Setting,
        args: &[&str],
        streams: Streams,
    ) -> (Session, Option<Person>) {
        let scratch = Scratch::new(tool, side);
        let fifo = scratch.file(FIFO).display().to_string();
        let mut init = vec![tool.name()];
        init.extend(
            args.iter()
                .map(|&arg| if arg == "FIFO" { &fifo } else { arg }),
        );
        let mut command = setting.command(&scratch, &init);
        // Kept open for writing as well: the end of one writer is not the end of the reports.
        let events = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&fifo)
            .expect("FIFO");
        let create =
            |name: &str| Stdio::from(File::create(scratch.file(name)).expect("output file"));
        command
            .stdin(Stdio::null())
            .stdout(create("stdout"))
            .stderr(create("stderr"));
        let person = (setting.terminal != Terminal::None).then(|| {
            let (person, slave) = Person::sit_down();
            if matches!(streams, Streams::OnTerminal) {
                command.stdout(slave.try_clone().expect("dup"));
                command.stderr(slave.try_clone().expect("dup"));
            }
            command.stdin(slave);
            person
        });
        match streams {
            Streams::Files | Streams::OnTerminal => {}
            Streams::Input(input) => drop(command.stdin(input)),
            Streams::Errors(errors) => drop(command.stderr(errors)),
        }
        let child = command.spawn().expect("the init starts");
        let session = Session {
            deadline: Instant::now() + 2 * watchdog(),
            root: child.id(),
            changes: follow(&child),
            lines: listen(events),
            known: Vec::new(),
            sender: None,
            scratch,
        };
        (session, person)
    }

    /// Starts the observer below `tool`, and waits until all of it is ready.
    #[must_use]
    pub fn observe(
        tool: Tool,
        side: Side,
        setting: &Setting,
        options: &[&str],
        roles: &[&str],
    ) -> Session {
        let observer = concat!(env!("CARGO_MANIFEST_DIR"), "/probes/observer.py");
        let mut args = options.to_vec();
        // -S -E -B: as fast as it gets, nothing from the environment, nothing written.
        args.extend(["--", "/usr/bin/python3", "-S", "-E", "-B", observer, "FIFO"]);
        args.extend(roles);
        let (mut session, _) = Session::start(tool, side, setting, &args, Streams::Files);
        for _ in 0..=roles.len() {
            session.expect("ready");
        }
        session
    }

    /// The next line of the observer whose word begins so; lines before it are dropped.
    ///
    /// # Panics
    /// When the watchdog bites, or the init ends first.
    pub fn expect(&mut self, word: &str) -> Said {
        loop {
            let said = self.next_line(word);
            if said.word.starts_with(word) {
                return said;
            }
        }
    }

    /// The next line of the observer.
    ///
    /// # Panics
    /// When the watchdog bites.
    pub fn next_line(&mut self, hope: &str) -> Said {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left.min(watchdog())) {
            Ok(said) => {
                if said.word == "ready" {
                    let pid = self.outer(said.pid);
                    self.known.push((said.role.clone(), pid));
                }
                said
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                panic!(
                    "the observer never said {hope:?}; stderr: {:?}",
                    self.scratch.read("stderr")
                )
            }
        }
    }

    /// Every line that has been written until now.
    pub fn heard(&mut self) -> Vec<Said> {
        // A line of ours behind them: when it comes back, they all have come.
        let events = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.scratch.file(FIFO));
        let written = events.and_then(|mut events| events.write_all(b"harness 0 mark\n"));
        written.expect("FIFO");
        let mut heard = Vec::new();
        loop {
            let said = self.next_line("the harness's own mark");
            if said.role == "harness" {
                return heard;
            }
            heard.push(said);
        }
    }

    /// The pid, in the harness's namespace, of a process of the observer.
    ///
    /// # Panics
    /// When no process of that role has said that it is ready.
    #[must_use]
    pub fn pid(&self, role: &str) -> Pid {
        let found = self.known.iter().find(|(name, _)| name == role);
        found.unwrap_or_else(|| panic!("nobody is {role}")).1
    }

    /// The pid of the init: the parent of the main process.
    ///
    /// # Panics
    /// When the main process is gone.
    #[must_use]
    pub fn init(&self) -> Pid {
        procfs::parent(self.pid("main")).expect("main is there")
    }

    /// The pid of the process that was spawned: the init itself where no `unshare` or shell is between.
    #[must_use]
    pub fn root(&self) -> Pid {
        self.root
    }

    /// Sends a signal by number; it has been sent when this returns.
    pub fn send(&mut self, pid: Pid, signal: i32) {
        self.sender
            .get_or_insert_with(Sender::new)
            .send(pid, signal);
    }

    /// Waits for the next change of the spawned process.
    ///
    /// # Panics
    /// When the watchdog bites.
    #[must_use]
    pub fn change(&self) -> Change {
        self.changes.recv_timeout(watchdog()).unwrap_or_else(|_| {
            let tree: Vec<_> = procfs::descendants(self.root)
                .into_iter()
                .map(|pid| (pid, procfs::state(pid)))
                .collect();
            panic!(
                "the init does not end: {tree:?}; stderr: {:?}",
                self.scratch.read("stderr")
            )
        })
    }

    /// The end of the spawned process, if it has come.
    #[must_use]
    pub fn try_end(&self) -> Option<Change> {
        self.changes
            .try_recv()
            .ok()
            .filter(|change| matches!(change, Change::Exited(_) | Change::Killed(_)))
    }

    /// Waits for the end of the spawned process; stops on the way do not count.
    #[must_use]
    pub fn end(&self) -> Change {
        loop {
            let change = self.change();
            if matches!(change, Change::Exited(_) | Change::Killed(_)) {
                return change;
            }
        }
    }

    /// The directory of this run.
    #[must_use]
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    fn outer(&self, inner: Pid) -> Pid {
        let mut candidates = procfs::descendants(self.root);
        // An orphan that was adopted from outside the tree runs in the harness's own namespace.
        candidates.push(inner);
        let found = candidates
            .into_iter()
            .find(|&pid| procfs::inner_pid(pid) == Some(inner));
        found.unwrap_or_else(|| panic!("no process below {} is {inner}", self.root))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A line without words: the thread that listens takes it for the end.
        let events = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.scratch.file(FIFO));
        let _ = events.and_then(|mut events| events.write_all(b"\n"));
        let mut left = procfs::descendants(self.root);
        left.extend(self.known.iter().map(|&(_, pid)| pid));
        left.retain(|&pid| procfs::state(pid).is_some());
        // Children first: an init that is killed in front of them would leave them to others.
        for pid in left.into_iter().rev() {
            self.send(pid, 9);
        }
    }
}

/// Reads the observer's lines in a thread of its own.
fn listen(events: File) -> Receiver<Said> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(events).lines().map_while(Result::ok) {
            let mut words = line.splitn(3, ' ');
            let (Some(role), Some(pid), Some(word)) = (words.next(), words.next(), words.next())
            else {
                return;
            };
            let said = Said {
                role: role.to_owned(),
                pid: pid.parse().unwrap_or_default(),
                word: word.to_owned(),
            };
            if sender.send(said).is_err() {
                return;
            }
        }
    });
    receiver
}
