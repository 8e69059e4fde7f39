//! Reads what /proc says of a process, by its pid as the harness sees it.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::mask::Mask;
use crate::signal;
use crate::watchdog::await_that;

/// A process, by its pid in the harness's namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(pub i32);

impl Process {
    /// Whether there is such a process, a zombie included.
    #[must_use]
    pub fn exists(self) -> bool {
        fs::exists(format!("/proc/{}", self.0)).unwrap_or(false)
    }

    /// The letter of its state, `Z` for a zombie; none when it is gone.
    #[must_use]
    pub fn state(self) -> Option<char> {
        self.status("State:")?.chars().next()
    }

    /// The name of its program.
    #[must_use]
    pub fn name(self) -> Option<String> {
        self.status("Name:")
    }

    /// Its parent.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        self.status("PPid:")?.parse().ok().map(Self)
    }

    /// A signal set: `SigBlk`, `SigIgn`, `SigCgt`, `ShdPnd`.
    #[must_use]
    pub fn mask(self, name: &str) -> Option<Mask> {
        self.status(&format!("{name}:"))
            .map(|digits| Mask::parse(&digits))
    }

    /// Its children, zombies included.
    #[must_use]
    pub fn children(self) -> Vec<Self> {
        let path = format!("/proc/{0}/task/{0}/children", self.0);
        let list = fs::read_to_string(path).unwrap_or_default();
        list.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .map(Self)
            .collect()
    }

    /// Its children that nobody has reaped.
    #[must_use]
    pub fn zombies(self) -> Vec<Self> {
        self.children()
            .into_iter()
            .filter(|child| child.state() == Some('Z'))
            .collect()
    }

    /// Sends it a signal.
    pub fn signal(self, signal: signal::Signal) {
        signal.send(self.0);
    }

    /// SIGKILLs it, or finds it gone.
    pub(crate) fn kill(self) {
        let _ = kill(Pid::from_raw(self.0), Signal::SIGKILL);
    }

    /// Waits until it is in this state.
    ///
    /// # Panics
    /// If it does not come to be.
    #[track_caller]
    pub fn await_state(self, state: char) {
        await_that(&format!("process {} is in state {state}", self.0), || {
            self.state() == Some(state)
        });
    }

    /// Waits until somebody has reaped it.
    ///
    /// # Panics
    /// If nobody does.
    #[track_caller]
    pub fn await_reaped(self) {
        await_that(&format!("process {} is reaped", self.0), || !self.exists());
    }

    /// What is in one of its files in /proc: `limits`, `stat`, `oom_score_adj`.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    #[track_caller]
    pub fn file(self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.0))
            .unwrap_or_else(|error| panic!("process {}: {name}: {error}", self.0))
    }

    /// A line of its `status`: `Groups:`, `Umask:`, `NoNewPrivs:`; none when it is gone.
    #[must_use]
    pub fn status(self, key: &str) -> Option<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .map(|value| value.trim().to_owned())
    }

    /// What it has in memory, in bytes.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    #[track_caller]
    pub fn memory(self) -> u64 {
        self.bytes("VmRSS:")
    }

    /// What it has in memory of its program's file, in bytes.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    #[track_caller]
    pub fn text(self) -> u64 {
        self.bytes("RssFile:")
    }

    #[track_caller]
    fn bytes(self, key: &str) -> u64 {
        let text = self.status(key).expect("it is gone");
        let kilobytes: Option<u64> = text.split(' ').next().and_then(|text| text.parse().ok());
        1024 * kilobytes.unwrap_or_else(|| panic!("{key} {text}"))
    }

    /// How many descriptors it has open.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    #[track_caller]
    pub fn descriptors(self) -> usize {
        let folder = fs::read_dir(format!("/proc/{}/fd", self.0));
        folder.unwrap_or_else(|error| panic!("{error}")).count()
    }

    /// How many of those are sockets.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    #[track_caller]
    pub fn sockets(self) -> usize {
        let folder = fs::read_dir(format!("/proc/{}/fd", self.0));
        let links = folder.unwrap_or_else(|error| panic!("{error}")).flatten();
        let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
        let is_socket = |target: &PathBuf| target.to_string_lossy().starts_with("socket:");
        targets.filter(is_socket).count()
    }
}
