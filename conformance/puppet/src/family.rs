//! Starts other puppets and other programs as children, and waits for them.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The children of this puppet, by name.
#[derive(Default)]
pub(crate) struct Family {
    children: BTreeMap<String, Child>,
}

impl Family {
    /// Starts a puppet, perhaps through another program: `NAME [via PROGRAM ARG… --] [COMMANDS]`,
    /// where the commands are separated by `;`.
    ///
    /// The child is born with the mask of this process: one that takes TERM from birth can't miss one.
    pub(crate) fn spawn(&mut self, words: &[&str]) -> Result<u32, String> {
        let (name, rest) = words.split_first().ok_or("spawn whom?")?;
        let mut command = self.puppet(name, rest)?;
        command.stdin(Stdio::null());
        self.keep(name, &mut command)
    }

    /// Starts N workers and returns when all of them are ready.
    pub(crate) fn spawn_many(&mut self, words: &[&str]) -> Result<usize, String> {
        let (count, rest) = words.split_first().ok_or("spawn how many?")?;
        let count: usize = count.parse().map_err(|error| format!("{count}: {error}"))?;
        let (mut ready, theirs) = io::pipe().map_err(|error| format!("pipe: {error}"))?;
        for number in 0..count {
            let name = format!("@{number}");
            let mut command = self.puppet(&name, rest)?;
            let stdout = theirs
                .try_clone()
                .map_err(|error| format!("dup: {error}"))?;
            command.stdin(Stdio::null()).stdout(stdout);
            self.keep(&name, &mut command)?;
        }
        drop(theirs);
        let mut bytes = vec![0; count];
        ready
            .read_exact(&mut bytes)
            .map_err(|error| format!("not all are ready: {error}"))?;
        Ok(count)
    }

    /// Starts any program.
    pub(crate) fn run(&mut self, words: &[&str]) -> Result<u32, String> {
        let (name, rest) = words.split_first().ok_or("run whom?")?;
        let (program, arguments) = rest.split_first().ok_or("run what?")?;
        self.keep(name, Command::new(program).args(arguments))
    }

    /// Waits for one child, or for all with no name.
    pub(crate) fn wait(&mut self, name: Option<&str>) -> Result<String, String> {
        let Some(name) = name else {
            for child in self.children.values_mut() {
                child.wait().map_err(|error| format!("wait: {error}"))?;
            }
            self.children.clear();
            return Ok("all".to_owned());
        };
        let child = self
            .children
            .get_mut(name)
            .ok_or_else(|| format!("{name}: no such child"))?;
        let status = child.wait().map_err(|error| format!("wait: {error}"))?;
        self.children.remove(name);
        Ok(account(status))
    }

    /// Sends a signal to each child.
    pub(crate) fn signal(&self, signal: Signal) {
        for child in self.children.values() {
            // One that has ended in the meantime needs no signal.
            let _ = kill(Pid::from_raw(child.id().cast_signed()), signal);
        }
    }

    fn puppet(&self, name: &str, rest: &[&str]) -> Result<Command, String> {
        // /proc may be missing, so the path comes from the environment.
        let program = env::var("PUPPET").map_err(|_| "PUPPET is not set".to_owned())?;
        let (wrapper, script) = match rest {
            ["via", rest @ ..] => {
                let end = rest
                    .iter()
                    .position(|&word| word == "--")
                    .ok_or("via needs a --")?;
                (&rest[..end], &rest[end + 1..])
            }
            [..] => (&rest[..0], rest),
        };
        let mut command = match wrapper.split_first() {
            Some((first, others)) => {
                let mut command = Command::new(first);
                command.args(others).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg(name);
        let script = script.join(" ");
        command.args(
            script
                .split(';')
                .map(str::trim)
                .filter(|part| !part.is_empty()),
        );
        Ok(command)
    }

    fn keep(&mut self, name: &str, command: &mut Command) -> Result<u32, String> {
        let child = command.spawn().map_err(|error| format!("spawn: {error}"))?;
        let pid = child.id();
        self.children.insert(name.to_owned(), child);
        Ok(pid)
    }
}

fn account(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited {code}"),
        (None, signal) => format!("killed {}", signal.unwrap_or(0)),
    }
}
