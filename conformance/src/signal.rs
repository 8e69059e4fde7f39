//! Names the signals and sends them, plain or queued with a value.

use std::fmt;
use std::process::Command;

use nix::sys::signal::{Signal as Standard, kill};
use nix::unistd::Pid;

/// A signal by the kernel's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal(pub i32);

#[allow(missing_docs, reason = "these are the names that signal(7) gives them")]
impl Signal {
    pub const HUP: Self = Self(1);
    pub const INT: Self = Self(2);
    pub const QUIT: Self = Self(3);
    pub const ABRT: Self = Self(6);
    pub const KILL: Self = Self(9);
    pub const USR1: Self = Self(10);
    pub const SEGV: Self = Self(11);
    pub const USR2: Self = Self(12);
    pub const PIPE: Self = Self(13);
    pub const TERM: Self = Self(15);
    pub const CHLD: Self = Self(17);
    pub const CONT: Self = Self(18);
    pub const STOP: Self = Self(19);
    pub const TSTP: Self = Self(20);
    pub const TTIN: Self = Self(21);
    pub const TTOU: Self = Self(22);
    pub const WINCH: Self = Self(28);
}

impl Signal {
    /// The realtime signal `SIGRTMIN+offset`, counted as the C library does: from 34.
    #[must_use]
    pub const fn realtime(offset: i32) -> Self {
        Self(34 + offset)
    }

    /// Its place in a set as /proc prints it.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << (self.0 - 1)
    }

    /// Sends it, as `kill` does.
    ///
    /// # Panics
    /// If it can't be sent.
    pub fn send(self, pid: i32) {
        match Standard::try_from(self.0) {
            Ok(standard) => kill(Pid::from_raw(pid), standard)
                .unwrap_or_else(|error| panic!("cannot send {self} to {pid}: {error}")),
            Err(_) => self.by_program(pid, &[]),
        }
    }

    /// Sends it with a value, as `sigqueue` does.
    ///
    /// # Panics
    /// If it can't be sent.
    pub fn queue(self, pid: i32, value: i32) {
        self.by_program(pid, &["--queue", &value.to_string()]);
    }

    /// By kill(1): neither a realtime signal nor a value can be sent by a safe call.
    fn by_program(self, pid: i32, options: &[&str]) {
        let output = Command::new("/bin/kill")
            .args(["--signal", &self.0.to_string()])
            .args(options)
            .args(["--", &pid.to_string()])
            .output()
            .expect("cannot run /bin/kill");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "cannot send {self} to {pid}: {complaint}"
        );
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Standard::try_from(self.0) {
            Ok(standard) => out.write_str(standard.as_str()),
            Err(_) => write!(out, "SIGRTMIN+{}", self.0 - 34),
        }
    }
}
