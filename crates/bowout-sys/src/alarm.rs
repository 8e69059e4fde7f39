//! Ends the process at a time, whatever it waits for then.

use crate::told;
use std::ffi::c_int;
use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

/// What the handler has to say.
struct Last {
    words: String,
    code: u8,
}

static LAST: AtomicPtr<Last> = AtomicPtr::new(null_mut());

/// Has the process write `words` to standard error and exit with `code` when this time has passed, unless
/// the [`Alarm`] is gone by then. For a program of its own that calls what knows no limit, such as
/// getaddrinfo(3): it takes SIGALRM and the timer of setitimer(2), of which a process has one.
///
/// # Errors
/// What the kernel refuses, with the call.
pub fn exit_after(time: Duration, code: u8, words: String) -> io::Result<Alarm> {
    // Leaked, since the handler may be reading it.
    let last = Box::leak(Box::new(Last { words, code }));
    LAST.store(last, Ordering::Release);
    let handler: extern "C" fn(c_int) = give_up;
    // SAFETY: all zeros are a sigaction without flags and with an empty mask, and an empty set.
    let (mut action, mut alarm): (libc::sigaction, libc::sigset_t) = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    // SAFETY: the structures live through the calls, and the handler calls only what a handler may
    // (signal-safety(7)).
    let is_set = unsafe {
        libc::sigaddset(&raw mut alarm, libc::SIGALRM) == 0
            && libc::sigaction(libc::SIGALRM, &raw const action, null_mut()) == 0
            && libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const alarm, null_mut()) == 0
    };
    if !is_set {
        return Err(told("sigaction(SIGALRM)", io::Error::last_os_error()));
    }
    // The kernel takes what is longer for its longest.
    set(time.max(Duration::from_micros(1)))?;
    Ok(Alarm(()))
}

/// A time at which the process ends; dropped, it does not.
#[derive(Debug)]
#[must_use = "dropped at once, it ends nothing"]
pub struct Alarm(());

impl Drop for Alarm {
    fn drop(&mut self) {
        // Zero stops the timer (setitimer(2)), and the kernel has no reason to refuse it.
        _ = set(Duration::ZERO);
    }
}

fn set(time: Duration) -> io::Result<()> {
    let none = libc::timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    let timer = libc::itimerval {
        it_interval: none,
        it_value: libc::timeval {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_usec: i64::from(time.subsec_micros()),
        },
    };
    // SAFETY: the timer lives through the call.
    match unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) } {
        0 => Ok(()),
        _ => Err(told("setitimer", io::Error::last_os_error())),
    }
}

extern "C" fn give_up(_: c_int) {
    // SAFETY: the handler was installed after this was stored, and what is stored is leaked.
    let last = unsafe { &*LAST.load(Ordering::Acquire) };
    // SAFETY: the words live as long as the program; both calls are allowed in a handler
    // (signal-safety(7)), and the second one does not return.
    unsafe {
        _ = libc::write(
            libc::STDERR_FILENO,
            last.words.as_ptr().cast(),
            last.words.len(),
        );
        libc::_exit(c_int::from(last.code));
    }
}
