//! Takes signals through a descriptor, so that they can be waited for together with others.

use super::{Info, NO_INFO, SET_BYTES, received};
use crate::{checked, told, unless_blocked};
use bowout_core::SignalSet;
use bowout_core::event::Received;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Signals that wait to be taken (signalfd(2)): readable while there is one.
#[derive(Debug)]
pub struct Descriptor {
    fd: OwnedFd,
}

impl Descriptor {
    /// A descriptor for the signals of `set`, all of which must be blocked. It does not block, and
    /// children do not get it.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENODEV, ENOMEM (signalfd(2)).
    pub fn new(set: SignalSet) -> io::Result<Descriptor> {
        let bits = set.bits();
        let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
        // SAFETY: the set has 8 bytes and lives through the call; -1 asks for a new descriptor.
        let number = checked(unsafe {
            libc::syscall(libc::SYS_signalfd4, -1, &raw const bits, SET_BYTES, flags)
        })
        .map_err(|error| told("signalfd", error))?;
        let number = i32::try_from(number).expect("a descriptor is an int");
        Ok(Descriptor {
            // SAFETY: the kernel just gave us this descriptor, and nobody else has it.
            fd: unsafe { OwnedFd::from_raw_fd(number) },
        })
    }

    /// The next signal, lowest number first, as [`wait`](super::wait) gives it; `None` when none waits.
    ///
    /// # Errors
    /// None that the kernel documents for these arguments.
    pub fn next(&self) -> io::Result<Option<Received>> {
        loop {
            let mut said = MaybeUninit::<libc::signalfd_siginfo>::uninit();
            // SAFETY: the place is as long as said and lives through the call.
            let read = checked(unsafe {
                libc::syscall(
                    libc::SYS_read,
                    self.fd.as_raw_fd(),
                    said.as_mut_ptr(),
                    size_of_val(&said),
                )
            });
            match unless_blocked(read) {
                // SAFETY: the kernel writes whole structures (signalfd(2)), and any bytes are one.
                Ok(Some(_)) => match received(&info(unsafe { said.assume_init_ref() })) {
                    Some(received) => return Ok(Some(received)),
                    // No signal that there is. Not known to happen.
                    None => continue,
                },
                Ok(None) => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(told("read(signalfd)", error)),
            }
        }
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The same as a `siginfo_t` holds it.
fn info(said: &libc::signalfd_siginfo) -> Info {
    Info {
        signo: i32::try_from(said.ssi_signo).unwrap_or(0),
        errno: said.ssi_errno,
        code: said.ssi_code,
        pid: i32::try_from(said.ssi_pid).unwrap_or(0),
        uid: said.ssi_uid,
        // The whole of the union; `ssi_int` is its lower half.
        value: said.ssi_ptr,
        ..NO_INFO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Interest, Poll};
    use crate::signals::{self, Woken};
    use bowout_core::Signal;

    /// Sends a signal to this very thread, with a value where there is one.
    fn send(number: u8, value: Option<u64>) {
        let own = crate::own_pid().get();
        let signal = i32::from(number);
        let info = Info {
            signo: signal,
            code: libc::SI_QUEUE,
            pid: own,
            uid: rustix::process::getuid().as_raw(),
            value: value.unwrap_or(0),
            ..NO_INFO
        };
        // SAFETY: the pointer is to a siginfo_t of the kernel's size and layout; the other calls take none.
        let done = unsafe {
            let thread = libc::syscall(libc::SYS_gettid);
            match value {
                Some(_) => libc::syscall(
                    libc::SYS_rt_tgsigqueueinfo,
                    own,
                    thread,
                    signal,
                    &raw const info,
                ),
                None => libc::syscall(libc::SYS_tgkill, own, thread, signal),
            }
        };
        checked(done).unwrap();
    }

    #[test]
    fn it_gives_what_a_wait_gives() {
        let numbers = [10, 12, 32, 33, 34, 64];
        let signal = |number: &u8| Signal::new(*number).unwrap();
        let set = numbers
            .iter()
            .map(signal)
            .fold(SignalSet::EMPTY, SignalSet::with);
        let before = signals::block(set).unwrap();
        let descriptor = Descriptor::new(set).unwrap();
        assert_eq!(descriptor.next().unwrap(), None);
        let mut poll = Poll::new().unwrap();
        poll.add(descriptor.as_fd(), 5, Interest::Read).unwrap();
        let mut ready = Vec::new();
        // A pointer, and a number with its highest bit set as sigqueue(3) of an int has it.
        for value in [None, Some(u64::MAX - 3), Some(0x8000_0000), Some(0)] {
            for number in numbers.iter().rev() {
                send(*number, value);
            }
            let by_wait: Vec<_> = numbers.iter().map(|_| signals::wait(set, None)).collect();
            for number in numbers.iter().rev() {
                send(*number, value);
            }
            poll.wait(None, &mut ready).unwrap();
            assert!(ready.len() == 1 && ready[0].token == 5 && ready[0].readable);
            for (number, by_wait) in numbers.iter().zip(by_wait) {
                let received = descriptor.next().unwrap().unwrap();
                assert_eq!(Woken::By(received), by_wait.unwrap());
                assert_eq!((received.signal, received.value), (signal(number), value));
                assert_eq!(received.sender.pid, crate::own_pid());
            }
            assert_eq!(descriptor.next().unwrap(), None);
        }
        signals::set_mask(before).unwrap();
    }
}
