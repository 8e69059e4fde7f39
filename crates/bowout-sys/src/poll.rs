//! Waits until one of many descriptors has something to tell, or the time is up.

use crate::{checked, told};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::null;
use std::time::Duration;

/// How many descriptors are told of at once; the others come with the next wait.
const AT_ONCE: usize = 64;

/// What is wanted of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Nothing for now, its end included. The kernel tells of a hang-up whether asked or not, so such a
    /// descriptor is taken out of what it looks at.
    None,
    /// To know when it can be read.
    Read,
    /// To know when it can be written.
    Write,
    /// Both.
    Both,
}

impl Interest {
    fn flags(self) -> Option<EventFlags> {
        match self {
            Interest::None => None,
            Interest::Read => Some(EventFlags::IN),
            Interest::Write => Some(EventFlags::OUT),
            Interest::Both => Some(EventFlags::IN | EventFlags::OUT),
        }
    }
}

/// What a descriptor has to tell. It is told again with each wait until it is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    /// The number that it was added with.
    pub token: u64,
    /// It can be read.
    pub readable: bool,
    /// It can be written.
    pub writable: bool,
    /// The other end is gone, or it has an error. What is left in it can still be read, and the end, or
    /// the error, is what a read then gives.
    pub hung_up: bool,
}

/// A set of descriptors to wait for (epoll(7)).
#[derive(Debug)]
pub struct Poll {
    fd: OwnedFd,
    /// Whether the kernel takes nanoseconds (epoll_pwait2(2), Linux 5.11).
    takes_nanos: bool,
}

impl Poll {
    /// An empty set.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM (epoll_create1(2)).
    pub fn new() -> io::Result<Poll> {
        let fd = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|error| told("epoll_create1", error))?;
        Ok(Poll {
            fd,
            takes_nanos: true,
        })
    }

    /// Takes a descriptor in. It leaves the set by [`remove`](Poll::remove), or when it is closed and
    /// nobody else, a child for example, has it open.
    ///
    /// # Errors
    /// EEXIST: it is there already. EPERM: a regular file, which is always ready. ENOMEM, ENOSPC
    /// (epoll_ctl(2)).
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        match interest.flags() {
            Some(flags) => epoll::add(&self.fd, fd, EventData::new_u64(token), flags)
                .map_err(|error| told("epoll_ctl(EPOLL_CTL_ADD)", error)),
            None => Ok(()),
        }
    }

    /// Wants something else of a descriptor, or under another number.
    ///
    /// # Errors
    /// As [`add`](Poll::add), EEXIST excepted.
    pub fn change(&self, fd: BorrowedFd<'_>, token: u64, interest: Interest) -> io::Result<()> {
        let Some(flags) = interest.flags() else {
            return self.remove(fd);
        };
        match epoll::modify(&self.fd, fd, EventData::new_u64(token), flags) {
            Ok(()) => Ok(()),
            // Nothing was wanted of it before.
            Err(Errno::NOENT) => self.add(fd, token, interest),
            Err(error) => Err(told("epoll_ctl(EPOLL_CTL_MOD)", error)),
        }
    }

    /// Forgets a descriptor. One that is not there is no error.
    ///
    /// # Errors
    /// EPERM for what can't be in a set (epoll_ctl(2)).
    pub fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match epoll::delete(&self.fd, fd) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(told("epoll_ctl(EPOLL_CTL_DEL)", error)),
        }
    }

    /// Waits until a descriptor has something to tell, at most for `timeout` (`None`: for ever), and
    /// puts those that have into `ready`, in place of what is there. None: the time is up, or the wait
    /// was broken off.
    ///
    /// A kernel without epoll_pwait2(2), and a container that forbids it, count in milliseconds; what is
    /// left over counts as a whole one.
    ///
    /// # Errors
    /// None that the kernel documents for these arguments.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.clear();
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; AT_ONCE];
        let count = match self.ask(timeout, &mut events) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(told("epoll_pwait", error)),
        };
        ready.extend(events[..count].iter().map(|event| {
            let (events, token) = (event.events, event.u64);
            let has = |flag: EventFlags| events & flag.bits() != 0;
            Ready {
                token,
                readable: has(EventFlags::IN),
                writable: has(EventFlags::OUT),
                hung_up: has(EventFlags::HUP | EventFlags::ERR),
            }
        }));
        Ok(())
    }

    fn ask(
        &mut self,
        timeout: Option<Duration>,
        events: &mut [libc::epoll_event; AT_ONCE],
    ) -> io::Result<usize> {
        if self.takes_nanos
            && let Some(timeout) = timeout
            && !timeout.is_zero()
        {
            match self.ask_by_nanos(timeout, events) {
                // Seccomp filters that do not know a call answer EPERM.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    self.takes_nanos = false;
                }
                result => return result,
            }
        }
        self.ask_by_millis(timeout, events)
    }

    fn ask_by_nanos(
        &self,
        timeout: Duration,
        events: &mut [libc::epoll_event; AT_ONCE],
    ) -> io::Result<usize> {
        let limit = libc::timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // SAFETY: `events` has room for as many as are said, `limit` is a timespec, both live through
        // the call; without a set of signals its size is not looked at.
        checked(unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.fd.as_raw_fd(),
                events.as_mut_ptr(),
                AT_ONCE,
                &raw const limit,
                null::<u64>(),
                0usize,
            )
        })
    }

    fn ask_by_millis(
        &self,
        timeout: Option<Duration>,
        events: &mut [libc::epoll_event; AT_ONCE],
    ) -> io::Result<usize> {
        // SAFETY: as above, with a number in place of the timespec.
        checked(unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait,
                self.fd.as_raw_fd(),
                events.as_mut_ptr(),
                AT_ONCE,
                millis(timeout),
                null::<u64>(),
                0usize,
            )
        })
    }
}

/// A set can be in another set: it can be read while one of its descriptors has something to tell.
impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Milliseconds as epoll_wait(2) wants them, rounded up: less would have the caller ask again and again
/// in the last one. What is too long ends early, which is harmless.
fn millis(timeout: Option<Duration>) -> i32 {
    timeout.map_or(-1, |timeout| {
        i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
    })
}

#[cfg(test)]
mod tests;
