//! Writes lines without ever waiting for whoever reads them.

use crate::told;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

/// Writes to a pipe, terminal or file if that can be done at once. What does not fit is thrown away:
/// a stalled reader must not stall PID 1.
///
/// The descriptor is shared with the application, so its own O_NONBLOCK must not be touched.
///
/// # Errors
/// EAGAIN where it could only be done later; EPIPE where nobody reads (SIGPIPE is then pending for the
/// caller, who has it blocked); what write(2) gives otherwise.
pub fn write_now(fd: BorrowedFd<'_>, line: &[u8]) -> io::Result<()> {
    match write_nowait(fd, line) {
        // Kernels before 6.4 and terminals do not know the flag: look first, then write. A pipe that can
        // be written to takes 4,096 bytes at once (pipe(7), PIPE_BUF).
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ESPIPE)
            ) =>
        {
            if !is_writable(fd) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            rustix::io::write(fd, line).map_err(|error| told("write", error))?;
            Ok(())
        }
        result => result,
    }
}

/// The caller's standard error.
#[must_use = "gives a descriptor and changes nothing"]
pub fn standard_error() -> BorrowedFd<'static> {
    rustix::stdio::stderr()
}

/// Takes over a descriptor that the caller was started with, by its number: children do not get it.
/// Standard streams are shared instead of taken.
///
/// # Errors
/// EBADF when there is none.
pub fn take(number: i32) -> io::Result<File> {
    // SAFETY: takes no pointer; what is no descriptor is an error.
    let fd = unsafe { libc::syscall(libc::SYS_fcntl, number, libc::F_DUPFD_CLOEXEC, 3) };
    if fd < 0 {
        return Err(told(
            format_args!("fcntl({number}, F_DUPFD)"),
            io::Error::last_os_error(),
        ));
    }
    if number > 2 {
        // SAFETY: as above; it is there, as we have just seen.
        unsafe { libc::syscall(libc::SYS_fcntl, number, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    let fd = i32::try_from(fd).expect("a descriptor is an int");
    // SAFETY: the kernel just gave us this descriptor, and nobody else has it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Opens a file that is there, a pipe or a terminal, without waiting for a reader and without taking the
/// terminal for its own.
///
/// # Errors
/// What open(2) gives; ENXIO for a pipe that nobody reads.
pub fn open_for_writing(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let fd = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| told(format_args!("open({})", path.display()), error))?;
    Ok(File::from(fd))
}

fn write_nowait(fd: BorrowedFd<'_>, line: &[u8]) -> io::Result<()> {
    let part = libc::iovec {
        iov_base: line.as_ptr().cast_mut().cast(),
        iov_len: line.len(),
    };
    // SAFETY: one iovec over bytes that live through the call and are only read; offset -1 (both halves)
    // means the current one.
    let done = unsafe {
        libc::syscall(
            libc::SYS_pwritev2,
            fd.as_raw_fd(),
            &raw const part,
            1,
            -1isize,
            -1isize,
            libc::RWF_NOWAIT,
        )
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn is_writable(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&at_once)).is_ok_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsFd;

    #[test]
    fn a_full_pipe_is_not_waited_for() {
        let (mut reader, writer) = io::pipe().unwrap();
        let line = [b'x'; 4096];
        let mut written = 0;
        while write_now(writer.as_fd(), &line).is_ok() {
            written += line.len();
            assert!(written < 16 << 20, "a pipe has an end");
        }
        assert!(written > 0);
        drop(writer);
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert!(all.len() >= written);
    }
}
