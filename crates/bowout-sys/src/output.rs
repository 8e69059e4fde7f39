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
        // Look first, then write. A pipe that can be written to takes 4,096 bytes at once (pipe(7), PIPE_BUF).
        Err(error) if is_unknown(&error) => {
            if !is_writable(fd) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            rustix::io::write(fd, line).map_err(|error| told("write", error))?;
            Ok(())
        }
        result => result.map(|_| ()),
    }
}

/// Writes as much as a pipe, terminal or socket takes at once, at least one byte, and returns how much
/// that was. As with [`write_now`], the O_NONBLOCK that others have too is not touched.
///
/// Up to 4,096 bytes go into a pipe in one piece or not at all (pipe(7), PIPE_BUF).
///
/// # Errors
/// As [`write_now`].
pub fn write_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    match write_nowait(fd, bytes) {
        Err(error) if is_unknown(&error) => {
            if !is_writable(fd) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            // More could have to wait for its end.
            let piece = &bytes[..bytes.len().min(libc::PIPE_BUF)];
            Ok(rustix::io::write(fd, piece).map_err(|error| told("write", error))?)
        }
        result => result,
    }
}

/// Writes all of it, however long whoever reads it takes: for a program that has nothing else to do.
///
/// # Errors
/// What write(2) gives.
pub fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::write(fd, bytes))?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Opens what a descriptor leads to once more, to write to it without waiting: then the flag that says so
/// is not that of others who have the descriptor too. For pipes and terminals; the end of a file would be
/// another one.
///
/// # Errors
/// ENOENT without /proc; EACCES for what belongs to another user; ENXIO for a socket (open(2)).
pub fn reopen(fd: BorrowedFd<'_>) -> io::Result<File> {
    open_for_writing(Path::new(&format!("/proc/self/fd/{}", fd.as_raw_fd())))
}

/// The caller's standard output.
#[must_use = "gives a descriptor and changes nothing"]
pub fn standard_output() -> BorrowedFd<'static> {
    rustix::stdio::stdout()
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

/// Whether a kernel or a device does not know the flag: pipes before Linux 6.4, terminals.
fn is_unknown(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ESPIPE)
    )
}

fn write_nowait(fd: BorrowedFd<'_>, line: &[u8]) -> io::Result<usize> {
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
    usize::try_from(done).map_err(|_| io::Error::last_os_error())
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

    #[test]
    fn a_slow_reader_is_waited_for_if_wanted() {
        let (mut reader, writer) = io::pipe().unwrap();
        let sent: Vec<u8> = (0..1 << 20)
            .map(|number: u32| number.to_le_bytes()[1])
            .collect();
        std::thread::scope(|scope| {
            scope.spawn(|| write_all(writer.as_fd(), &sent).unwrap());
            let mut read = vec![0; sent.len()];
            reader.read_exact(&mut read).unwrap();
            assert!(read == sent);
        });
        drop(reader);
        let error = write_all(writer.as_fd(), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_a_pipe_takes_is_told() {
        let (mut reader, writer) = io::pipe().unwrap();
        let bytes = vec![b'x'; 1 << 20];
        let mut written = 0;
        loop {
            match write_some(writer.as_fd(), &bytes) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let mut room = vec![0; written];
        reader.read_exact(&mut room).unwrap();
        assert_eq!(write_some(writer.as_fd(), b"y").unwrap(), 1);
        reader.read_exact(&mut room[..1]).unwrap();
        assert_eq!(room[0], b'y');
        drop(reader);
        let error = write_some(writer.as_fd(), b"y").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_is_opened_again_has_a_flag_of_its_own() {
        use rustix::fs::{OFlags, fcntl_getfl};
        let (reader, writer) = io::pipe().unwrap();
        let mut own = reopen(writer.as_fd()).unwrap();
        assert!(fcntl_getfl(&own).unwrap().contains(OFlags::NONBLOCK));
        assert!(!fcntl_getfl(&writer).unwrap().contains(OFlags::NONBLOCK));
        use std::io::Write;
        let mut written = 0;
        while let Ok(count) = own.write(&[b'x'; 4096]) {
            written += count;
            assert!(written < 16 << 20, "a pipe has an end");
        }
        drop((writer, own));
        let all = io::BufReader::new(reader).bytes().count();
        assert_eq!(all, written);
    }
}
