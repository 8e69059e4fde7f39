//! Handles the controlling terminal: who has it, who is in front, and handing it over.

use crate::{pid, raw, told};
use bowout_core::Pid;
use rustix::process::{getpid, getsid};
use rustix::termios;
use std::io;
use std::os::fd::BorrowedFd;

/// How the caller stands to a terminal on its standard input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// There is no terminal.
    None,
    /// The terminal is the caller's own: it leads the session that has it.
    Leader,
    /// The terminal belongs to the session of somebody else, and the caller's group is in front.
    Foreground,
    /// As before, and another group is in front.
    Background,
    /// A terminal that is not the controlling one.
    Foreign,
}

/// Looks at standard input.
#[must_use = "reads a value and changes nothing"]
pub fn standing() -> Standing {
    let stdin = rustix::stdio::stdin();
    if !termios::isatty(stdin) {
        return Standing::None;
    }
    // ENOTTY: it is a terminal, but not the one that controls the caller (tcgetpgrp(3)).
    let Ok(front) = termios::tcgetpgrp(stdin) else {
        return Standing::Foreign;
    };
    if getsid(None).ok() == Some(getpid()) {
        return Standing::Leader;
    }
    match front == rustix::process::getpgrp() {
        true => Standing::Foreground,
        false => Standing::Background,
    }
}

/// Puts a process group in front of the terminal on standard input.
///
/// # Errors
/// ENOTTY, EPERM. The caller must have SIGTTOU blocked or ignored when it is in the background
/// (tcsetpgrp(3)).
pub fn bring_to_front(group: Pid) -> io::Result<()> {
    let raw = raw(group).ok_or(io::ErrorKind::InvalidInput)?;
    termios::tcsetpgrp(rustix::stdio::stdin(), raw)
        .map_err(|error| told(format_args!("tcsetpgrp({group})"), error))
}

/// The caller's own process group.
#[must_use = "reads a value and changes nothing"]
pub fn own_group() -> Pid {
    pid(rustix::process::getpgrp())
}

/// The group in front of the terminal on standard input.
#[must_use = "reads a value and changes nothing"]
pub fn front() -> Option<Pid> {
    termios::tcgetpgrp(rustix::stdio::stdin()).ok().map(pid)
}

/// How many letters a line of this terminal has; `None` for what is no terminal, or does not say.
#[must_use = "reads a value and changes nothing"]
pub fn columns(fd: BorrowedFd<'_>) -> Option<u16> {
    let size = termios::tcgetwinsize(fd).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// Gives up the controlling terminal, so that a session of its own can take it (ioctl_tty(2),
/// TIOCNOTTY). When the caller led the session, the group in front gets SIGHUP and SIGCONT.
///
/// # Errors
/// ENOTTY when there is none.
pub fn release() -> io::Result<()> {
    // SAFETY: this request takes no argument.
    let done = unsafe { libc::syscall(libc::SYS_ioctl, 0, libc::TIOCNOTTY, 0) };
    if done < 0 {
        return Err(told("ioctl(TIOCNOTTY)", io::Error::last_os_error()));
    }
    Ok(())
}
