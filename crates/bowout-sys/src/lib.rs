//! Does what bowout decides: every system call, and the only `unsafe` code of the project.
//!
//! There is no policy here: no plan, no event, no retry, no time-out of its own, no log. Errors are
//! `io::Error`s that name the call and what it was about.

#[cfg(not(target_os = "linux"))]
compile_error!("bowout runs on Linux: it stands on PID namespaces, signalfd and /proc");

use bowout_core::{Pid, Signal};
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

pub mod alarm;
pub mod arena;
pub mod clock;
pub mod entry;
pub mod files;
pub mod identity;
pub mod memory;
pub mod notify;
pub mod output;
pub mod pipe;
pub mod poll;
pub mod proc;
#[cfg(test)]
mod sandbox;
pub mod signals;
pub mod socket;
pub mod spawn;
pub mod terminal;
pub mod unwinder;
pub mod wait;

/// What a system call gave: what is below zero is an error, with the number in errno(3).
fn checked(done: libc::c_long) -> io::Result<usize> {
    usize::try_from(done).map_err(|_| io::Error::last_os_error())
}

/// Turns "not now" (EAGAIN) into `None`.
fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// An error with the call that gave it and what the call was about in front.
#[cold]
fn told(call: impl std::fmt::Display, error: impl Into<io::Error>) -> io::Error {
    let (call, error) = (Call::Named(call.to_string()), error.into());
    io::Error::new(error.kind(), Failed { call, error })
}

/// A call that failed. The kernel's number stays reachable through [`errno`].
#[derive(Debug)]
struct Failed {
    call: Call,
    error: io::Error,
}

#[derive(Debug)]
enum Call {
    Named(String),
    /// Put into words when somebody reads it: by this one PID 1 learns at each end that nobody is left.
    Kill(i32, Signal),
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Call::Named(call) => f.write_str(call),
            Call::Kill(number, signal) => write!(f, "kill({number}, {signal})"),
        }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.call, reason(&self.error))
    }
}

impl std::error::Error for Failed {}

/// The kernel's number for an error of this crate, if it came from the kernel (errno(3)).
#[must_use = "reads a value and changes nothing"]
pub fn errno(error: &io::Error) -> Option<i32> {
    error.raw_os_error().or_else(|| {
        let failed = error.get_ref()?.downcast_ref::<Failed>()?;
        failed.error.raw_os_error()
    })
}

/// An error in a few words, as strerror(3) has them, without Rust's "(os error 2)".
#[must_use = "makes a value and changes nothing"]
pub fn reason(error: &io::Error) -> String {
    let mut text = error.to_string();
    text.truncate(text.find(" (os error").unwrap_or(text.len()));
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// Whether an error says that there is no such descriptor (EBADF).
#[must_use = "reads a value and changes nothing"]
pub fn is_no_descriptor(error: &io::Error) -> bool {
    errno(error) == Some(libc::EBADF)
}

/// Whether an error says that there is nobody to send a signal to (ESRCH).
#[must_use = "reads a value and changes nothing"]
pub fn is_nobody(error: &io::Error) -> bool {
    errno(error) == Some(libc::ESRCH)
}

/// The process of the caller, who never forks without an exec: it is asked for once.
#[must_use = "reads a value and changes nothing"]
pub fn own_pid() -> Pid {
    static OWN: AtomicI32 = AtomicI32::new(0);
    match OWN.load(Ordering::Relaxed) {
        0 => {
            let own = pid(rustix::process::getpid());
            OWN.store(own.get(), Ordering::Relaxed);
            own
        }
        number => Pid::new(number),
    }
}

/// A number that nobody can guess (getrandom(2)).
///
/// [`RandomState`](std::hash::RandomState) has one too, with 24 bytes in each thread for it; all of those
/// together have to fit where the C library has room for them without a mapping.
#[must_use = "reads a value and changes nothing"]
pub fn chance() -> u64 {
    let mut number = 0u64;
    // SAFETY: the pointer is to 8 bytes that live through the call.
    let done = unsafe {
        libc::syscall(
            libc::SYS_getrandom,
            &raw mut number,
            size_of::<u64>(),
            libc::GRND_NONBLOCK,
        )
    };
    match checked(done) {
        Ok(8) => number,
        // At the very start of a machine there is none yet.
        Ok(_) | Err(_) => clock::now().as_nanos() ^ u64::from(clock::wall().1).rotate_left(32),
    }
}

fn pid(pid: rustix::process::Pid) -> Pid {
    Pid::new(pid.as_raw_nonzero().get())
}

fn raw(pid: Pid) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(pid.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_call_and_keep_the_number() {
        let error = told("kill(12, SIGTERM)", rustix::io::Errno::SRCH);
        assert_eq!(error.to_string(), "kill(12, SIGTERM): no such process");
        assert_eq!(errno(&error), Some(libc::ESRCH));
    }
}
