//! Opens and reads the few files that PID 1 itself needs, without ever waiting for a pipe.

use crate::{pipe, told};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// What tells a file from one that was put in its place, or written again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Version {
    device: u64,
    inode: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, u64),
}

/// A small file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Small {
    /// What is in it, or as much as was asked for.
    pub text: Vec<u8>,
    /// Whether there is more.
    pub truncated: bool,
    /// Which file it is.
    pub version: Version,
}

/// Opens a file to write at its end, or makes it, with this mode less the umask. A terminal does not
/// become the caller's own, and a pipe that nobody reads is not waited for.
///
/// # Errors
/// What open(2) gives; ENXIO for a pipe that nobody reads.
pub fn append(path: &Path, mode: u32) -> io::Result<File> {
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::CLOEXEC
        | OFlags::NOCTTY
        | OFlags::NONBLOCK;
    let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(mode))
        .map_err(|error| told(format_args!("open({})", path.display()), error))?;
    Ok(File::from(fd))
}

/// How long a file is, in bytes; `None` for what is no regular file and has no length.
///
/// # Errors
/// None that the kernel documents for an open file.
pub fn size(file: &File) -> io::Result<Option<u64>> {
    let look = rustix::fs::fstat(file).map_err(|error| told("fstat", error))?;
    Ok(is_regular(&look).then(|| u64::try_from(look.st_size).unwrap_or(0)))
}

/// Gives a file another name, in place of what has that name.
///
/// # Errors
/// What rename(2) gives.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    rustix::fs::rename(from, to).map_err(|error| {
        let call = format_args!("rename({}, {})", from.display(), to.display()).to_string();
        told(call, error)
    })
}

/// Which file is there now; `None` when there is none.
///
/// # Errors
/// What stat(2) gives otherwise.
pub fn version(path: &Path) -> io::Result<Option<Version>> {
    match rustix::fs::stat(path) {
        Ok(look) => Ok(Some(version_of(&look))),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(told(format_args!("stat({})", path.display()), error)),
    }
}

/// What is read at least: most small files are smaller.
const PIECE: usize = 1024;

/// Reads a regular file, at most `limit` bytes of it; `None` when there is none. Anything else is not
/// read, and not even opened: to open a device can do something.
///
/// # Errors
/// What is no regular file; what stat(2), open(2) and read(2) give otherwise.
pub fn read_small(path: &Path, limit: usize) -> io::Result<Option<Small>> {
    let failed = |call: &str, error: Errno| told(format_args!("{call}({})", path.display()), error);
    let irregular = || {
        let text = format!("{}: is no regular file", path.display());
        io::Error::new(io::ErrorKind::InvalidInput, text)
    };
    match rustix::fs::stat(path) {
        Ok(look) if is_regular(&look) => {}
        Ok(_) => return Err(irregular()),
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(error) => return Err(failed("stat", error)),
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let fd = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed("open", error)),
    };
    let look = rustix::fs::fstat(&fd).map_err(|error| failed("fstat", error))?;
    // Somebody may have put something else there since.
    if !is_regular(&look) {
        return Err(irregular());
    }
    // One byte more, to see whether there is more. A file of /proc says that it is empty, and any may grow.
    let most = limit.saturating_add(1);
    let size = usize::try_from(look.st_size).unwrap_or(0);
    let mut text = vec![0; size.saturating_add(1).max(PIECE).min(most)];
    let mut length = 0;
    loop {
        if length == text.len() {
            if length == most {
                break;
            }
            text.resize(length.saturating_mul(2).min(most), 0);
        }
        match pipe::read(fd.as_fd(), &mut text[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) => return Err(told(format_args!("read({})", path.display()), error)),
        }
    }
    text.truncate(length.min(limit));
    Ok(Some(Small {
        text,
        truncated: length > limit,
        version: version_of(&look),
    }))
}

fn is_regular(look: &Stat) -> bool {
    FileType::from_raw_mode(look.st_mode) == FileType::RegularFile
}

fn version_of(look: &Stat) -> Version {
    Version {
        device: look.st_dev,
        inode: look.st_ino,
        modified: (look.st_mtime, look.st_mtime_nsec),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Directory;
    use std::io::Write;
    use std::time::{Duration, SystemTime};

    fn make_fifo(path: &Path) {
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0).unwrap();
    }

    #[test]
    fn a_log_grows_at_its_end_and_is_put_aside() {
        let directory = Directory::new();
        let path = directory.path("log");
        for part in ["one\n", "two\n"] {
            append(&path, 0o600)
                .unwrap()
                .write_all(part.as_bytes())
                .unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
        assert_eq!(crate::sandbox::mode(&path), 0o600);
        let file = append(&path, 0o600).unwrap();
        assert_eq!(size(&file).unwrap(), Some(8));
        let aside = directory.path("log.1");
        std::fs::write(&aside, "old").unwrap();
        rename(&path, &aside).unwrap();
        // Whoever has it open writes on to the same file.
        (&file).write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read(&aside).unwrap(), b"one\ntwo\nthree\n");
        let error = rename(&path, &aside).unwrap_err().to_string();
        assert!(error.contains("log.1"), "{error}");
        assert!(error.ends_with(": no such file or directory"), "{error}");
    }

    #[test]
    fn a_pipe_is_never_waited_for() {
        let directory = Directory::new();
        let path = directory.path("fifo");
        make_fifo(&path);
        let error = append(&path, 0o600).unwrap_err();
        assert_eq!(crate::errno(&error), Some(libc::ENXIO));
        let error = read_small(&path, 10).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: is no regular file", path.display())
        );
        for other in ["/dev/null", "/"] {
            assert!(read_small(other.as_ref(), 10).is_err(), "{other}");
        }
        let null = append("/dev/null".as_ref(), 0o600).unwrap();
        assert_eq!(size(&null).unwrap(), None);
    }

    #[test]
    fn a_small_file_is_read_by_a_bound() {
        let directory = Directory::new();
        let path = directory.path("pid");
        assert_eq!(read_small(&path, 10).unwrap(), None);
        assert_eq!(read_small(&path.join("below"), 10).unwrap(), None);
        for (text, limit, expected, truncated) in [
            ("", 4, "", false),
            ("1234", 4, "1234", false),
            ("12345", 4, "1234", true),
            ("1", 0, "", true),
        ] {
            std::fs::write(&path, text).unwrap();
            let small = read_small(&path, limit).unwrap().unwrap();
            assert_eq!(small.text, expected.as_bytes());
            assert_eq!(small.truncated, truncated, "{text:?}, {limit}");
        }
    }

    #[test]
    fn a_file_that_was_written_again_or_replaced_is_another() {
        let directory = Directory::new();
        let path = directory.path("pid");
        assert_eq!(version(&path).unwrap(), None);
        std::fs::write(&path, "12\n").unwrap();
        let then = SystemTime::now() - Duration::from_secs(1);
        let set_time = || {
            let file = append(&path, 0o600).unwrap();
            file.set_modified(then).unwrap();
        };
        set_time();
        let first = version(&path).unwrap().unwrap();
        assert_eq!(read_small(&path, 10).unwrap().unwrap().version, first);
        std::fs::write(&path, "12\n").unwrap();
        assert_ne!(version(&path).unwrap(), Some(first), "written again");
        set_time();
        assert_eq!(version(&path).unwrap(), Some(first));
        let other = directory.path("other");
        std::fs::write(&other, "12\n").unwrap();
        rename(&other, &path).unwrap();
        set_time();
        assert_ne!(version(&path).unwrap(), Some(first), "replaced");
    }
}
