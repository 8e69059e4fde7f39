//! Reaps children: every one, realtime deaths included.

use crate::{pid, raw, told};
use bowout_core::{Pid, Signal, Status};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, WaitOptions, wait, waitid};
use std::io;

/// What the kernel says when it is asked for children (wait(2)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waited {
    /// One ended, and is reaped now.
    Ended(Pid, Status),
    /// One was stopped by a signal.
    Stopped(Pid, Signal),
    /// There are some, and none has anything to tell.
    NothingNew,
    /// There is none at all (ECHILD).
    NoChildren,
}

/// Asks for one child, without waiting; children that are stopped only with `stopped`.
///
/// # Errors
/// What waitpid(2) gives beside ECHILD and EINTR.
pub fn next(stopped: bool) -> io::Result<Waited> {
    let mut options = WaitOptions::NOHANG;
    if stopped {
        options |= WaitOptions::UNTRACED;
    }
    loop {
        return match wait(options) {
            Ok(Some((child, status))) => {
                let raw = status.as_raw();
                match decode(raw) {
                    Some(Decoded::Ended(status)) => Ok(Waited::Ended(pid(child), status)),
                    Some(Decoded::Stopped(signal)) => Ok(Waited::Stopped(pid(child), signal)),
                    None => continue,
                }
            }
            Ok(None) => Ok(Waited::NothingNew),
            Err(Errno::CHILD) => Ok(Waited::NoChildren),
            Err(Errno::INTR) => continue,
            Err(error) => Err(told("waitpid(-1)", error)),
        };
    }
}

/// Whether this is a child that has not ended, by the kernel's own word: without /proc nobody else can tell.
#[must_use]
pub fn is_living_child(child: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // ECHILD: it is nobody's, or somebody else's.
    raw(child).is_some_and(|child| matches!(waitid(WaitId::Pid(child), options), Ok(None)))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decoded {
    Ended(Status),
    Stopped(Signal),
}

/// Reads the kernel's status word: low seven bits a signal, or 0 for an exit, or 127 for a stop;
/// bit 7 a core dump; the next eight the code or the stop signal (wait(2), `W*` macros).
fn decode(word: i32) -> Option<Decoded> {
    let [low, high, ..] = word.to_le_bytes();
    match low & 0x7f {
        0 => Some(Decoded::Ended(Status::Exited(high))),
        0x7f if low == 0x7f => Signal::new(high).map(Decoded::Stopped),
        number => Signal::new(number).map(|signal| {
            Decoded::Ended(Status::Signaled {
                signal,
                core_dumped: low & 0x80 != 0,
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_known_until_it_has_ended_and_is_not_reaped_by_a_look() {
        use std::os::unix::process::ExitStatusExt;
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let pid = Pid::new(child.id().cast_signed());
        assert!(is_living_child(pid));
        // Its parent, and nobody's number.
        assert!(!is_living_child(crate::own_pid()));
        assert!(!is_living_child(Pid::new(i32::MAX)));
        child.kill().unwrap();
        let end = child.wait().unwrap();
        assert_eq!(end.signal(), Some(9));
        assert!(!is_living_child(pid));
    }

    #[test]
    fn every_way_to_end_is_read() {
        assert_eq!(decode(3 << 8), Some(Decoded::Ended(Status::Exited(3))));
        assert_eq!(decode(255 << 8), Some(Decoded::Ended(Status::Exited(255))));
        assert_eq!(decode(15), Some(Decoded::Ended(Status::by(Signal::TERM))));
        assert_eq!(decode(64), Some(Decoded::Ended(Status::by(Signal::RTMAX))));
        let dumped = Status::Signaled {
            signal: Signal::new(6).unwrap(),
            core_dumped: true,
        };
        assert_eq!(decode(6 | 0x80), Some(Decoded::Ended(dumped)));
        assert_eq!(decode(0x7f | 20 << 8), Some(Decoded::Stopped(Signal::TSTP)));
        assert_eq!(decode(0xffff), None, "continued");
    }
}
