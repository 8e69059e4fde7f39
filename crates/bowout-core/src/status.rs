//! Says how a process ended, and which exit code stands for it.

use crate::Signal;
use core::fmt;

/// How a process ended, as wait(2) tells it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// It called `exit` with this code.
    Exited(u8),
    /// A signal ended it. Realtime signals included.
    Signaled {
        /// The signal.
        signal: Signal,
        /// Whether the kernel wrote a core dump.
        core_dumped: bool,
    },
}

impl Status {
    /// Death by `signal`, without a core dump.
    #[must_use = "makes a value and changes nothing"]
    pub const fn by(signal: Signal) -> Status {
        Status::Signaled {
            signal,
            core_dumped: false,
        }
    }

    /// The code a shell gives for this end: N, or 128 + the signal's number
    /// (POSIX.1-2017, Shell Command Language, 2.8.2).
    #[must_use = "reads a value and changes nothing"]
    pub const fn exit_code(self) -> u8 {
        match self {
            Status::Exited(code) => code,
            Status::Signaled { signal, .. } => 128 + signal.number(),
        }
    }

    /// Whether the process ended with code 0.
    #[must_use = "reads a value and changes nothing"]
    pub const fn is_success(self) -> bool {
        matches!(self, Status::Exited(0))
    }

    /// The signal that ended the process, if one did.
    #[must_use = "reads a value and changes nothing"]
    pub const fn signal(self) -> Option<Signal> {
        match self {
            Status::Exited(_) => None,
            Status::Signaled { signal, .. } => Some(signal),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Exited(code) => write!(f, "exited with {code}"),
            Status::Signaled {
                signal,
                core_dumped: false,
            } => write!(f, "ended by {signal}"),
            Status::Signaled {
                signal,
                core_dumped: true,
            } => write!(f, "ended by {signal}, core dumped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_shells() {
        assert_eq!(Status::Exited(3).exit_code(), 3);
        assert_eq!(Status::by(Signal::TERM).exit_code(), 143);
        assert_eq!(Status::by(Signal::new(64).unwrap()).exit_code(), 192);
    }
}
