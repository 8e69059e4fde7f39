//! Talks over Unix stream sockets, and says who is at the other end.

mod address;

pub use address::Address;
pub(crate) use address::{File, claim, connect, socket};

use crate::{checked, pipe, told, unless_blocked};
use bowout_core::Pid;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// How many connections wait to be accepted; whoever comes then waits, or is told to come again.
const BACKLOG: i32 = 64;

/// Who is at the other end, by what the kernel says (unix(7), SO_PEERCRED, SCM_CREDENTIALS).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its process; `None` where that has no number in the caller's PID namespace.
    pub pid: Option<Pid>,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl From<libc::ucred> for Peer {
    fn from(raw: libc::ucred) -> Peer {
        Peer {
            pid: (raw.pid > 0).then(|| Pid::new(raw.pid)),
            uid: raw.uid,
            gid: raw.gid,
        }
    }
}

/// A socket that takes connections. Its file goes when it is dropped.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    _file: Option<File>,
}

impl Listener {
    /// Takes connections at this path, by whoever may write to a file of this mode and its owner,
    /// whatever the umask. A file that a former listener left behind is replaced.
    ///
    /// # Errors
    /// EADDRINUSE: somebody listens there. A file that is no socket: it is left alone. A path that is too
    /// long. What bind(2), unlink(2) and chmod(2) give otherwise.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Listener> {
        let address = Address::of_file(path)?;
        let fd = socket(libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
        let file = claim(fd.as_fd(), libc::SOCK_STREAM, &address, mode)?;
        // SAFETY: takes no pointer.
        checked(unsafe { libc::syscall(libc::SYS_listen, fd.as_raw_fd(), BACKLOG) })
            .map_err(|error| told(format_args!("listen({address})"), error))?;
        Ok(Listener { fd, _file: file })
    }

    /// The next connection, which does not block, with who made it; `None` when there is none.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM (accept(2)): the connection still waits, so whoever waits for the
    /// descriptor is told of it again at once.
    pub fn accept(&self) -> io::Result<Option<(Stream, Peer)>> {
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        let nowhere = std::ptr::null_mut::<u8>();
        let fd = self.fd.as_raw_fd();
        // SAFETY: a null pointer says that nobody wants the address.
        let done =
            checked(unsafe { libc::syscall(libc::SYS_accept4, fd, nowhere, nowhere, flags) });
        let number = match done.map_err(|error| (error.kind(), error)) {
            Ok(number) => i32::try_from(number).expect("a descriptor is an int"),
            // Nobody is there, or not any more.
            Err((
                io::ErrorKind::WouldBlock
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionAborted,
                _,
            )) => return Ok(None),
            Err((_, error)) => return Err(told("accept4", error)),
        };
        // SAFETY: the kernel just gave us this descriptor, and nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        let peer = peer(fd.as_fd())?;
        Ok(Some((Stream { fd }, peer)))
    }

    /// Takes no more connections, and removes the file, if it is still this listener's.
    pub fn remove(self) {}
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn peer(fd: BorrowedFd<'_>) -> io::Result<Peer> {
    let mut raw = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut length = libc::socklen_t::try_from(size_of_val(&raw)).expect("a small number");
    // SAFETY: the structure is as long as said; both places live through the call.
    checked(unsafe {
        libc::syscall(
            libc::SYS_getsockopt,
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            &raw mut raw,
            &raw mut length,
        )
    })
    .map_err(|error| told("getsockopt(SO_PEERCRED)", error))?;
    Ok(raw.into())
}

/// A connection.
#[derive(Debug)]
pub struct Stream {
    fd: OwnedFd,
}

impl Stream {
    /// Connects to a listener, and waits until it has room for one more.
    ///
    /// # Errors
    /// ENOENT: no such socket. ECONNREFUSED: nobody listens. EACCES: the caller may not. A path that is
    /// too long. What connect(2) gives otherwise.
    pub fn connect(path: &Path) -> io::Result<Stream> {
        Stream::open(path, None)
    }

    /// As [`connect`](Stream::connect), but waits no longer than this, then and with each read and
    /// write, which give `None` then.
    ///
    /// # Errors
    /// EAGAIN: the time was up. As [`connect`](Stream::connect) otherwise.
    pub fn connect_within(path: &Path, limit: Duration) -> io::Result<Stream> {
        Stream::open(path, Some(limit))
    }

    fn open(path: &Path, limit: Option<Duration>) -> io::Result<Stream> {
        let address = Address::of_file(path)?;
        let fd = socket(libc::SOCK_STREAM)?;
        if let Some(limit) = limit {
            set_limit(fd.as_fd(), libc::SO_RCVTIMEO, limit)?;
            set_limit(fd.as_fd(), libc::SO_SNDTIMEO, limit)?;
        }
        connect(fd.as_fd(), &address)
            .map_err(|error| told(format_args!("connect({address})"), error))?;
        Ok(Stream { fd })
    }

    /// Reads what is there. `None`: nothing now (a connection that was accepted), or not in time (one
    /// with a limit); `Some(0)`: nothing any more.
    ///
    /// # Errors
    /// ECONNRESET: the other end was closed before it had read everything.
    pub fn read(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        unless_blocked(pipe::read(self.fd.as_fd(), room))
            .map_err(|error| told("read(socket)", error))
    }

    /// Writes as much as fits. `None`: nothing does now, or not in time.
    ///
    /// # Errors
    /// EPIPE: the other end is closed. Nobody gets SIGPIPE.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        loop {
            // SAFETY: the bytes live through the call and are only read; there is no address.
            let sent = checked(unsafe {
                libc::syscall(
                    libc::SYS_sendto,
                    self.fd.as_raw_fd(),
                    bytes.as_ptr(),
                    bytes.len(),
                    libc::MSG_NOSIGNAL,
                    std::ptr::null::<u8>(),
                    0usize,
                )
            });
            match unless_blocked(sent) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(|error| told("send", error)),
            }
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sets how long a call may wait. To the kernel zero is for ever, so it is the shortest time here.
fn set_limit(fd: BorrowedFd<'_>, option: i32, limit: Duration) -> io::Result<()> {
    let limit = limit.max(Duration::from_micros(1));
    let time = libc::timeval {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_usec: limit.subsec_micros().into(),
    };
    // SAFETY: the structure is as long as said and lives through the call.
    checked(unsafe {
        libc::syscall(
            libc::SYS_setsockopt,
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            &raw const time,
            size_of_val(&time),
        )
    })
    .map_err(|error| told("setsockopt(SO_RCVTIMEO, SO_SNDTIMEO)", error))?;
    Ok(())
}

#[cfg(test)]
mod tests;
