//! Reads /proc: who is there, and what a signal would do to each.

mod stat;
pub mod status;

pub use stat::StartTime;

use crate::told;
use bowout_core::{Pid, SignalSet};
use rustix::fs::{Mode, OFlags, RawDir};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

/// Longer than most /proc/PID/status. A process with hundreds of groups has a longer one.
const ROOM: usize = 2 * 1024;

/// Room for some 80 entries of a directory at a time.
const ENTRIES: usize = 2 * 1024;

/// How much of an environment is looked through. The kernel lets a program have some megabytes, and
/// PID 1 has other things to do.
const ENVIRONMENT: usize = 128 * 1024;

/// The longest value that is worth knowing.
const VALUE: usize = 4 * 1024;

/// /proc, opened once per look.
#[derive(Debug)]
pub struct Proc {
    fd: OwnedFd,
    /// What the file read last said; used again for the next.
    room: Vec<u8>,
}

impl Proc {
    /// Opens /proc.
    ///
    /// # Errors
    /// Where there is none, or it is empty: ENOENT.
    pub fn open() -> io::Result<Proc> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open("/proc", flags, Mode::empty())
            .map_err(|error| told("open(/proc)", error))?;
        // An empty directory of that name is not a process file system, and one of another PID namespace
        // has numbers that mean somebody else here.
        let own = rustix::fs::readlinkat(&fd, "self", Vec::new())
            .map_err(|error| told("readlink(/proc/self)", error))?;
        if own.to_str() != Ok(&crate::own_pid().to_string()) {
            let text = "/proc belongs to another PID namespace";
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(Proc {
            fd,
            room: Vec::with_capacity(ROOM),
        })
    }

    /// The numbers of all processes in sight, the caller's included.
    ///
    /// # Errors
    /// What getdents64(2) gives.
    pub fn pids(&self) -> io::Result<Vec<Pid>> {
        let mut pids = Vec::new();
        let mut room = [const { MaybeUninit::uninit() }; ENTRIES];
        let mut entries = RawDir::new(&self.fd, &mut room);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|error| told("getdents64(/proc)", error))?;
            let name = entry.file_name().to_bytes();
            if let Some(number) = std::str::from_utf8(name)
                .ok()
                .and_then(|name| name.parse().ok())
            {
                pids.push(Pid::new(number));
            }
        }
        Ok(pids)
    }

    /// What /proc/PID/status says; `None` when the process is gone.
    ///
    /// # Errors
    /// What open(2) and read(2) give otherwise.
    pub fn status(&mut self, pid: Pid) -> io::Result<Option<status::Facts>> {
        let text = self.read(&format!("{pid}/status"))?;
        Ok(text.and_then(status::parse))
    }

    /// The base name of the program file; `None` when that can't be seen.
    #[must_use = "reads a value and changes nothing"]
    pub fn program(&self, pid: Pid) -> Option<String> {
        let link = rustix::fs::readlinkat(&self.fd, format!("{pid}/exe"), Vec::new()).ok()?;
        let path = String::from_utf8_lossy(link.as_bytes()).into_owned();
        let name = path.rsplit('/').next().unwrap_or(&path);
        // proc(5): a file that was removed has this at its end.
        Some(name.strip_suffix(" (deleted)").unwrap_or(name).to_owned())
    }

    /// When a process was started; `None` when it is gone.
    #[must_use = "reads a value and changes nothing"]
    pub fn start_time(&mut self, pid: Pid) -> Option<StartTime> {
        stat::start_time(self.read(&format!("{pid}/stat")).ok()??)
    }

    /// How many bytes of memory a process has in use, shared ones included (RSS); `None` when it is gone.
    #[must_use = "reads a value and changes nothing"]
    pub fn memory(&mut self, pid: Pid) -> Option<u64> {
        let pages = stat::resident_pages(self.read(&format!("{pid}/statm")).ok()??)?;
        // SAFETY: takes no pointer; every system has a size of pages.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        pages.checked_mul(u64::try_from(page).ok()?)
    }

    /// The value of a variable in the environment that a process was started with; `None` when it is not
    /// there, can't be seen, is longer than 4 kB or behind the first 128 kB.
    #[must_use = "reads a value and changes nothing"]
    pub fn environment_entry(&self, pid: Pid, name: &str) -> Option<String> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let path = format!("{pid}/environ");
        let file = rustix::fs::openat(&self.fd, path, flags, Mode::empty()).ok()?;
        let mut finder = stat::Finder::new(name, VALUE);
        let mut room = [0; ROOM];
        let mut left = ENVIRONMENT;
        while left > 0 {
            let length = crate::pipe::read(file.as_fd(), &mut room).ok()?;
            if length == 0 {
                return None;
            }
            if let Some(value) = finder.take(&room[..length]) {
                return String::from_utf8(value).ok();
            }
            left = left.saturating_sub(length);
        }
        None
    }

    /// The system call that the first thread of a process sits in; `None` when it runs, or that can't be
    /// seen.
    #[must_use = "reads a value and changes nothing"]
    pub fn call(&mut self, pid: Pid) -> Option<Call> {
        let text = self.read(&format!("{pid}/syscall")).ok()??;
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split_ascii_whitespace();
        let number: libc::c_long = words.next()?.parse().ok()?;
        let first = words.next()?.strip_prefix("0x")?;
        let first = u64::from_str_radix(first, 16).ok()?;
        Some(match number {
            libc::SYS_wait4 | libc::SYS_waitid => Call::WaitForChild,
            libc::SYS_rt_sigtimedwait => Call::WaitForSignal(self.set_at(pid, first)),
            _ => Call::Other,
        })
    }

    /// A set of signals in the memory of another process; all of them where it can't be read.
    fn set_at(&self, pid: Pid, address: u64) -> SignalSet {
        let read = || -> rustix::io::Result<[u8; 8]> {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let memory = rustix::fs::openat(&self.fd, format!("{pid}/mem"), flags, Mode::empty())?;
            let mut bytes = [0u8; 8];
            rustix::io::pread(&memory, &mut bytes[..], address)?;
            Ok(bytes)
        };
        read().map_or(SignalSet::ALL, |bytes| {
            SignalSet::from_bits(u64::from_ne_bytes(bytes))
        })
    }

    fn read(&mut self, name: &str) -> io::Result<Option<&[u8]>> {
        use rustix::io::Errno;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::SRCH) => return Ok(None),
            Err(error) => return Err(told(format_args!("open(/proc/{name})"), error)),
        };
        self.room.clear();
        loop {
            self.room.reserve(ROOM);
            match rustix::io::read(&file, rustix::buffer::spare_capacity(&mut self.room)) {
                // Room was left over: that was all.
                Ok(_) if self.room.len() < self.room.capacity() => return Ok(Some(&self.room)),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::SRCH) => return Ok(None),
                Err(error) => return Err(told(format_args!("read(/proc/{name})"), error)),
            }
        }
    }
}

/// What a process waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// A child (wait4(2), waitid(2)).
    WaitForChild,
    /// One of these signals (sigtimedwait(2)). Meanwhile `SigBlk` does not show them.
    WaitForSignal(SignalSet),
    /// Something else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_sees_itself() {
        let mut proc = Proc::open().unwrap();
        let own = crate::own_pid();
        assert!(proc.pids().unwrap().contains(&own));
        let facts = proc.status(own).unwrap().unwrap();
        assert!(!facts.name.is_empty());
        assert!(proc.program(own).unwrap().starts_with("bowout_sys"));
        assert_eq!(proc.status(Pid::new(i32::MAX)).unwrap(), None);
        assert_eq!(proc.call(Pid::new(i32::MAX)), None);
    }

    #[test]
    fn a_process_is_known_by_its_start() {
        let mut proc = Proc::open().unwrap();
        let own = crate::own_pid();
        let started = proc.start_time(own).unwrap();
        assert_eq!(proc.start_time(own), Some(started));
        assert!(proc.start_time(Pid::INIT).unwrap() <= started);
        assert_eq!(proc.start_time(Pid::new(i32::MAX)), None);
    }

    #[test]
    fn memory_is_counted_in_bytes() {
        let mut proc = Proc::open().unwrap();
        let own = proc.memory(crate::own_pid()).unwrap();
        // A test program with its threads has more than 100 kB, and less than a gigabyte.
        assert!((100 << 10..1 << 30).contains(&own), "{own}");
        assert_eq!(proc.memory(Pid::new(i32::MAX)), None);
    }

    #[test]
    fn the_environment_of_a_process_is_read() {
        let proc = Proc::open().unwrap();
        let filler = "x".repeat(100_000);
        let mut child = std::process::Command::new("cat")
            .env_clear()
            .env("BOWOUT_TEST_A", &filler)
            .env("BOWOUT_TEST_B", "two = 2")
            .env("BOWOUT_TEST_C", &filler)
            .env("BOWOUT_TEST_D", "behind all that is looked at")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let pid = Pid::new(i32::try_from(child.id()).unwrap());
        let find = |name| proc.environment_entry(pid, name);
        assert_eq!(find("BOWOUT_TEST_B").as_deref(), Some("two = 2"));
        assert_eq!(find("BOWOUT_TEST"), None);
        assert_eq!(find("BOWOUT_TEST_A"), None, "too long");
        assert_eq!(find("BOWOUT_TEST_D"), None, "too far behind");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(find("BOWOUT_TEST_B"), None);
    }
}
