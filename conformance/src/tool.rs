//! Runs the command line of the client, `ctl` and `healthcheck`, beside a supervisor.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::watchdog::watchdog;

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; -1 where a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Said {
    /// Its output as one JSON value.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Its output, after it has ended with this code.
    ///
    /// # Panics
    /// If it has ended otherwise.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// Runs a program to its end.
///
/// # Panics
/// If it can't be run, or goes on for ever.
#[track_caller]
pub fn say(mut command: Command) -> Said {
    let mut program = Program::start(&mut command);
    let mut stdout = String::new();
    while let Some(line) = program.read() {
        stdout.push_str(&line);
    }
    let (code, stderr) = program.end();
    Said {
        code,
        stdout,
        stderr,
    }
}

/// A program that writes line by line and goes on.
pub struct Program {
    child: Child,
    name: String,
    lines: Receiver<String>,
    errors: Option<thread::JoinHandle<String>>,
}

impl Program {
    /// Starts it.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {name}: {error}"));
        let mut output = BufReader::new(child.stdout.take().expect("it has a pipe"));
        let mut complaints = child.stderr.take().expect("it has a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut line = Vec::new();
            while output
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                if sender.send(text).is_err() {
                    break;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            let _ = complaints.read_to_string(&mut text);
            text
        });
        Self {
            child,
            name,
            lines,
            errors: Some(errors),
        }
    }

    /// The next line with its end; `None`: there are no more.
    ///
    /// # Panics
    /// If neither comes.
    #[track_caller]
    pub fn read(&mut self) -> Option<String> {
        match self.lines.recv_timeout(watchdog()) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("{} says nothing more", self.name),
        }
    }

    /// Waits for a line with this text, past all others.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        let mut others = Vec::new();
        while let Some(line) = self.read() {
            if line.contains(text) {
                return line;
            }
            others.push(line);
        }
        panic!("{}: no {text:?} in {others:?}", self.name)
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(&self) {
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT);
    }

    /// Waits for its end: the exit code, and what it said on standard error.
    ///
    /// # Panics
    /// If it can't be waited for.
    pub fn end(mut self) -> (i32, String) {
        let status = self.child.wait().expect("cannot wait for a child");
        let errors = self.errors.take().map(thread::JoinHandle::join);
        let stderr = errors.and_then(Result::ok).unwrap_or_default();
        (status.code().unwrap_or(-1), stderr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended, and been waited for: then nothing is sent to anybody.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
