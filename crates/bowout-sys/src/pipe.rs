//! Makes pipes: an end for a child to write to, and one that is read without waiting.

use crate::{checked, told, unless_blocked};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The end of a pipe that is read. Reading never waits.
#[derive(Debug)]
pub struct Reader {
    fd: OwnedFd,
}

/// A new pipe. Neither end outlives an exec by itself. The end to write to waits for room, as programs
/// expect of their output; the two do not share the flag that decides this (pipe(7)).
///
/// # Errors
/// EMFILE, ENFILE (pipe(2)).
pub fn pair() -> io::Result<(Reader, OwnedFd)> {
    let mut numbers = [-1i32; 2];
    // SAFETY: the place holds two ints and lives through the call.
    checked(unsafe { libc::syscall(libc::SYS_pipe2, numbers.as_mut_ptr(), libc::O_CLOEXEC) })
        .map_err(|error| told("pipe2", error))?;
    // SAFETY: the kernel just gave us these descriptors, and nobody else has them.
    let [fd, writer] = numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) });
    rustix::io::ioctl_fionbio(&fd, true).map_err(|error| told("ioctl(FIONBIO)", error))?;
    Ok((Reader { fd }, writer))
}

/// Makes a pipe somebody's, so that this user can open it anew, by `/dev/stdout` or `/proc/self/fd/1`: a new
/// pipe is its maker's, with mode 0600 (pipe(7)).
///
/// # Errors
/// EPERM: without CAP_CHOWN a pipe stays its maker's (fchown(2)).
pub fn give(end: BorrowedFd<'_>, uid: u32) -> io::Result<()> {
    std::os::unix::fs::fchown(end, Some(uid), None).map_err(|error| told("fchown(pipe)", error))
}

impl Reader {
    /// Reads what is there. `None`: nothing now; `Some(0)`: nothing any more, everybody who could write
    /// is gone.
    ///
    /// # Errors
    /// None that the kernel documents for a pipe.
    pub fn read(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        unless_blocked(read(self.fd.as_fd(), room)).map_err(|error| told("read(pipe)", error))
    }

    /// Has the pipe hold at least so many bytes, in place of the usual 64 KiB, and gives how many it
    /// holds.
    ///
    /// # Errors
    /// EPERM: more than the system or the user may have (pipe(7), /proc/sys/fs/pipe-max-size). EBUSY:
    /// more is in it than would fit.
    pub fn resize(&self, bytes: usize) -> io::Result<usize> {
        let number = self.fd.as_raw_fd();
        // SAFETY: takes no pointer.
        checked(unsafe { libc::syscall(libc::SYS_fcntl, number, libc::F_SETPIPE_SZ, bytes) })
            .map_err(|error| told(format_args!("fcntl(F_SETPIPE_SZ, {bytes})"), error))
    }
}

impl AsFd for Reader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// read(2), begun again where it was broken off.
pub(crate) fn read(fd: BorrowedFd<'_>, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(fd, &mut *room) {
            Err(rustix::io::Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::alone;
    use rustix::fs::OFlags;
    use rustix::io::FdFlags;

    #[test]
    fn reading_never_waits_and_tells_the_end() {
        alone(|| {
            let (mut reader, writer) = pair().unwrap();
            let mut room = [0; 4];
            assert_eq!(reader.read(&mut room).unwrap(), None);
            rustix::io::write(&writer, b"abcdef").unwrap();
            assert_eq!(reader.read(&mut room).unwrap(), Some(4));
            assert_eq!(&room, b"abcd");
            drop(writer);
            assert_eq!(reader.read(&mut room).unwrap(), Some(2));
            assert_eq!(reader.read(&mut room).unwrap(), Some(0));
        });
    }

    #[test]
    fn only_the_reader_does_not_wait_and_no_child_gets_either() {
        alone(|| {
            let (reader, writer) = pair().unwrap();
            let waits = |fd: BorrowedFd<'_>| {
                let flags = rustix::fs::fcntl_getfl(fd).unwrap();
                !flags.contains(OFlags::NONBLOCK)
            };
            assert!(!waits(reader.as_fd()) && waits(writer.as_fd()));
            for fd in [reader.as_fd(), writer.as_fd()] {
                assert_eq!(rustix::io::fcntl_getfd(fd).unwrap(), FdFlags::CLOEXEC);
            }
        });
    }

    #[test]
    fn it_can_be_made_larger() {
        alone(|| {
            let (reader, writer) = pair().unwrap();
            let size = reader.resize(100_000).unwrap();
            assert!(size >= 100_000);
            let writer = std::fs::File::from(writer);
            std::io::Write::write_all(&mut &writer, &vec![b'x'; 100_000]).unwrap();
            let error = reader.resize(4096).unwrap_err();
            assert_eq!(crate::errno(&error), Some(libc::EBUSY));
        });
    }
}
