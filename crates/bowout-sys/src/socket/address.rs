//! Names Unix sockets: files, and abstract names that are in no file system (unix(7)).

use crate::{checked, told};
use rustix::fs::{AtFlags, FileType, Mode};
use std::ffi::OsStr;
use std::io;
use std::mem::offset_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the name begins in the kernel's structure.
const NAME: usize = offset_of!(libc::sockaddr_un, sun_path);

/// How long a name can be.
const ROOM: usize = size_of::<libc::sockaddr_un>() - NAME;

/// The name of a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Address {
    name: [u8; ROOM],
    length: usize,
}

impl Address {
    /// A path, or an abstract name with `@` in front, as in `NOTIFY_SOCKET` (sd_notify(3)).
    ///
    /// # Errors
    /// What is empty, too long, or has a zero byte in it.
    pub fn new(text: &OsStr) -> io::Result<Address> {
        let bytes = text.as_bytes();
        let is_abstract = bytes.first() == Some(&b'@');
        // A path ends with a zero byte; an abstract name begins with one, in the place of the `@`.
        let longest = if is_abstract { ROOM } else { ROOM - 1 };
        let wrong = |why: &str| {
            let text = format!("socket {}: {why}", text.display());
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        };
        if bytes.is_empty() || (is_abstract && bytes.len() == 1) {
            return wrong("a name is wanted");
        }
        if bytes.contains(&0) {
            return wrong("a zero byte can't be in a name");
        }
        if bytes.len() > longest {
            return wrong(&format!(
                "the name has {} bytes, and Unix sockets take {longest} (unix(7)); choose a shorter one",
                bytes.len()
            ));
        }
        let mut name = [0; ROOM];
        name[..bytes.len()].copy_from_slice(bytes);
        let length = if is_abstract {
            name[0] = 0;
            bytes.len()
        } else {
            bytes.len() + 1
        };
        Ok(Address { name, length })
    }

    /// A path, whatever it begins with.
    pub(crate) fn of_file(path: &Path) -> io::Result<Address> {
        if path.as_os_str().as_bytes().first() == Some(&b'@') {
            return Address::new(Path::new(".").join(path).as_os_str());
        }
        Address::new(path.as_os_str())
    }

    /// The name that the kernel wrote; `None` for a socket without one.
    pub(crate) fn from_kernel(raw: &libc::sockaddr_un, length: usize) -> Option<Address> {
        let length = length.checked_sub(NAME).filter(|length| *length > 0)?;
        let name = raw.sun_path.map(|byte| byte.to_ne_bytes()[0]);
        (length <= ROOM).then_some(Address { name, length })
    }

    /// As the kernel wants it, with its length.
    pub(crate) fn raw(&self) -> (libc::sockaddr_un, usize) {
        let raw = libc::sockaddr_un {
            sun_family: libc::sa_family_t::try_from(libc::AF_UNIX).expect("a small number"),
            sun_path: self.name.map(|byte| libc::c_char::from_ne_bytes([byte])),
        };
        (raw, NAME + self.length)
    }

    /// The file that it names; `None` for an abstract name.
    fn path(&self) -> Option<&Path> {
        if self.name[0] == 0 {
            return None;
        }
        // A name as long as the place may come from the kernel without a zero byte at its end.
        let name = &self.name[..self.length];
        let end = name.iter().position(|byte| *byte == 0);
        let name = &name[..end.unwrap_or(name.len())];
        Some(Path::new(OsStr::from_bytes(name)))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path() {
            Some(path) => write!(f, "{}", path.display()),
            None => write!(f, "@{}", self.name[1..self.length].escape_ascii()),
        }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}

/// A new socket that no exec passes on; `kind` is SOCK_STREAM or SOCK_DGRAM with flags.
pub(crate) fn socket(kind: i32) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_CLOEXEC;
    // SAFETY: takes no pointer.
    let number = checked(unsafe { libc::syscall(libc::SYS_socket, libc::AF_UNIX, kind, 0) })
        .map_err(|error| told("socket(AF_UNIX)", error))?;
    let number = i32::try_from(number).expect("a descriptor is an int");
    // SAFETY: the kernel just gave us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

pub(crate) fn connect(fd: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    let (raw, length) = address.raw();
    // SAFETY: the address is as long as said and lives through the call.
    checked(unsafe { libc::syscall(libc::SYS_connect, fd.as_raw_fd(), &raw const raw, length) })
        .map(drop)
}

fn bind(fd: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    let (raw, length) = address.raw();
    // SAFETY: the address is as long as said and lives through the call.
    checked(unsafe { libc::syscall(libc::SYS_bind, fd.as_raw_fd(), &raw const raw, length) })
        .map(drop)
}

/// Gives a socket its name, and the file of it this mode whatever the umask is. A file that a socket
/// left behind is replaced; `kind` is that of a socket which asks whether somebody is there.
///
/// # Errors
/// EADDRINUSE: somebody is there. EEXIST: there is a file that is no socket; it is left alone. What
/// bind(2), unlink(2) and chmod(2) give otherwise.
pub(crate) fn claim(
    fd: BorrowedFd<'_>,
    kind: i32,
    address: &Address,
    mode: u32,
) -> io::Result<Option<File>> {
    let in_use = |error: &io::Error| error.raw_os_error() == Some(libc::EADDRINUSE);
    let failed = |error| told(format_args!("bind({address})"), error);
    let Some(path) = address.path() else {
        return bind(fd, address).map_err(failed).map(|()| None);
    };
    match bind(fd, address) {
        Ok(()) => {}
        Err(error) if in_use(&error) => {
            clear(kind, address, path)?;
            bind(fd, address).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    let file = File::find(path)?;
    // Nobody has got in before: a stream socket does not listen yet, and what a datagram socket gets
    // says who sent it.
    if let Err(error) = rustix::fs::chmod(path, Mode::from_raw_mode(mode)) {
        return Err(told(format_args!("chmod({address}, {mode:o})"), error));
    }
    Ok(Some(file))
}

/// Removes the file of a socket that is not there any more.
fn clear(kind: i32, address: &Address, path: &Path) -> io::Result<()> {
    let look = rustix::fs::lstat(path);
    match look.map(|look| FileType::from_raw_mode(look.st_mode)) {
        Ok(FileType::Socket) => {}
        Ok(_) => {
            let text = format!(
                "bind({address}): there is a file that is no socket; remove it or choose another path"
            );
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        // Gone since: the next attempt to bind tells.
        Err(rustix::io::Errno::NOENT) => return Ok(()),
        Err(error) => return Err(told(format_args!("lstat({address})"), error)),
    }
    let asking = socket(kind | libc::SOCK_NONBLOCK)?;
    match connect(std::os::fd::AsFd::as_fd(&asking), address).map_err(|error| error.raw_os_error())
    {
        // The only answer that means "nobody". A full queue, a socket of another kind and a file that
        // may not be written are answers of somebody.
        Err(Some(libc::ECONNREFUSED)) => {
            rustix::fs::unlink(path).map_err(|error| told(format_args!("unlink({address})"), error))
        }
        Err(Some(libc::ENOENT)) => Ok(()),
        _ => {
            let error = io::Error::from_raw_os_error(libc::EADDRINUSE);
            Err(told(format_args!("bind({address})"), error))
        }
    }
}

/// The file of a socket; removed when it is dropped, if it is still the same.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    identity: (u64, u64),
}

impl File {
    fn find(path: &Path) -> io::Result<File> {
        Ok(File {
            identity: identity(path)
                .map_err(|error| told(format_args!("lstat({})", path.display()), error))?,
            path: path.to_owned(),
        })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // Whoever replaced the file keeps theirs. A failure leaves a file that the next one replaces.
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            _ = rustix::fs::unlinkat(rustix::fs::CWD, &self.path, AtFlags::empty());
        }
    }
}

/// Device and number of a file.
fn identity(path: &Path) -> rustix::io::Result<(u64, u64)> {
    rustix::fs::lstat(path).map(|look| (look.st_dev, look.st_ino))
}
