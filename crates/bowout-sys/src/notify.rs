//! Hears what services tell of themselves, and tells: both sides of sd_notify(3).

mod ancillary;

use crate::socket::{self, Address, File, Peer};
use crate::{checked, told, unless_blocked};
use ancillary::Room;
use std::ffi::OsStr;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What somebody sent.
#[derive(Debug)]
pub struct Datagram {
    /// How many bytes of the room were filled.
    pub length: usize,
    /// Whether there was more than fitted.
    pub truncated: bool,
    /// Who sent it, as the kernel says.
    pub sender: Option<Peer>,
    /// Where an answer reaches the sender, if its socket has a name.
    pub from: Option<Address>,
    /// Descriptors that came along: whoever sent `BARRIER=1` waits until they are closed, which they are
    /// when this is dropped. More than a few are closed at once.
    pub descriptors: Vec<OwnedFd>,
}

/// The socket that services write to. Its file goes when it is dropped.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    _file: Option<File>,
}

impl Socket {
    /// Hears what is sent to this path, by whoever may write to a file of this mode, whatever the umask;
    /// or to an abstract name (`@name`), by everybody in the network namespace. A file that a former
    /// socket left behind is replaced.
    ///
    /// # Errors
    /// EADDRINUSE: somebody has that name. A file that is no socket: it is left alone. A name that is too
    /// long. What bind(2), unlink(2) and chmod(2) give otherwise.
    pub fn bind(address: &Path, mode: u32) -> io::Result<Socket> {
        let address = Address::new(address.as_os_str())?;
        let fd = socket::socket(libc::SOCK_DGRAM | libc::SOCK_NONBLOCK)?;
        // Before it has a name, so that nothing can come without its sender.
        pass_credentials(fd.as_fd())?;
        let file = socket::claim(fd.as_fd(), libc::SOCK_DGRAM, &address, mode)?;
        Ok(Socket { fd, _file: file })
    }

    /// The next datagram; `None` when there is none.
    ///
    /// # Errors
    /// None that the kernel documents for these arguments.
    pub fn receive(&self, room: &mut [u8]) -> io::Result<Option<Datagram>> {
        let mut part = libc::iovec {
            iov_base: room.as_mut_ptr().cast(),
            iov_len: room.len(),
        };
        let mut control = Room::new();
        // SAFETY: numbers and null pointers: zeros are an empty one.
        let mut from: libc::sockaddr_un = unsafe { zeroed() };
        let mut message = Message {
            name: (&raw mut from).cast(),
            name_length: u32::try_from(size_of_val(&from)).expect("a small number"),
            parts: &raw mut part,
            part_count: 1,
            control: control.start(),
            control_length: Room::LENGTH,
            flags: 0,
        };
        let flags = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
        let received = loop {
            // SAFETY: the message has the kernel's layout; what it points to is as long as it says and
            // lives through the call.
            let received = checked(unsafe {
                libc::syscall(
                    libc::SYS_recvmsg,
                    self.fd.as_raw_fd(),
                    &raw mut message,
                    flags,
                )
            });
            match received {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let Some(length) = unless_blocked(received).map_err(|error| told("recvmsg", error))? else {
            return Ok(None);
        };
        let name_length = usize::try_from(message.name_length).unwrap_or(0);
        let truncated = message.flags & libc::MSG_TRUNC.cast_unsigned() != 0;
        // SAFETY: the kernel has just written so much into it, and nobody has taken a descriptor from it.
        let (sender, descriptors) = unsafe { control.take(message.control_length) };
        Ok(Some(Datagram {
            length,
            truncated,
            sender,
            from: Address::from_kernel(&from, name_length),
            descriptors,
        }))
    }

    /// Answers a sender. Never waits.
    ///
    /// # Errors
    /// ECONNREFUSED, ENOENT: it is gone. EAGAIN: it has enough to read. What send(2) gives otherwise.
    /// PID 1 need not mind any of them.
    pub fn reply(&self, to: &Address, bytes: &[u8]) -> io::Result<()> {
        send_to(self.fd.as_fd(), to, bytes)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Sends to a notify socket, named as in `NOTIFY_SOCKET`: an absolute path, or `@` and an abstract name.
/// Never waits.
///
/// # Errors
/// What is no such name. ECONNREFUSED, ENOENT: nobody is there. EAGAIN: it has enough to read. What
/// send(2) gives otherwise.
pub fn send(address: &OsStr, bytes: &[u8]) -> io::Result<()> {
    if !matches!(address.as_encoded_bytes().first(), Some(b'/' | b'@')) {
        let text = format!(
            "NOTIFY_SOCKET={}: not an absolute path, nor @ and a name",
            address.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let fd = socket::socket(libc::SOCK_DGRAM)?;
    send_to(fd.as_fd(), &Address::new(address)?, bytes)
}

/// The kernel's `struct msghdr` on 64-bit machines; the C libraries do not agree on theirs.
#[repr(C)]
struct Message {
    name: *mut u8,
    name_length: u32,
    parts: *mut libc::iovec,
    part_count: usize,
    control: *mut u8,
    control_length: usize,
    flags: u32,
}

const _: () = assert!(size_of::<Message>() == 56, "user_msghdr has 56 bytes");

fn send_to(fd: BorrowedFd<'_>, to: &Address, bytes: &[u8]) -> io::Result<()> {
    let (raw, length) = to.raw();
    // SAFETY: bytes and address are as long as said, live through the call, and are only read.
    checked(unsafe {
        libc::syscall(
            libc::SYS_sendto,
            fd.as_raw_fd(),
            bytes.as_ptr(),
            bytes.len(),
            libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT,
            &raw const raw,
            length,
        )
    })
    .map_err(|error| told(format_args!("sendto({to})"), error))?;
    Ok(())
}

fn pass_credentials(fd: BorrowedFd<'_>) -> io::Result<()> {
    let on = 1i32;
    // SAFETY: the int lives through the call, and is as long as said.
    checked(unsafe {
        libc::syscall(
            libc::SYS_setsockopt,
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PASSCRED,
            &raw const on,
            size_of_val(&on),
        )
    })
    .map_err(|error| told("setsockopt(SO_PASSCRED)", error))?;
    Ok(())
}

#[cfg(test)]
mod tests;
