//! Follows what a parent is told about its child.

use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// A change of the started process that its parent is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
    /// It was stopped.
    Stopped,
    /// It was continued.
    Continued,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Change::Exited(code) => write!(f, "{code}"),
            Change::Killed(signal) => write!(f, "killed by {signal}"),
            Change::Stopped => f.write_str("stopped"),
            Change::Continued => f.write_str("continued"),
        }
    }
}

/// Tells of each change of a child, in a thread of its own, until it ends.
pub(crate) fn follow(child: &Child) -> Receiver<Change> {
    let (sender, receiver) = channel();
    let pid = Pid::from_child(child);
    thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
        while let Ok(Some(status)) = waitid(WaitId::Pid(pid), options) {
            let change = if let Some(code) = status.exit_status() {
                Change::Exited(code)
            } else if let Some(signal) = status.terminating_signal() {
                Change::Killed(signal)
            } else if status.stopped() {
                Change::Stopped
            } else {
                Change::Continued
            };
            let last = matches!(change, Change::Exited(_) | Change::Killed(_));
            if sender.send(change).is_err() || last {
                return;
            }
        }
    });
    receiver
}
