//! Reads /proc: who is there, and what a signal would do to each.

pub mod status;

use crate::told;
use bowout_core::{Pid, SignalSet};
use rustix::fs::{Mode, OFlags, RawDir};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

/// Longer than most /proc/PID/status. A process with hundreds of groups has a longer one.
const ROOM: usize = 2 * 1024;

/// Room for some 80 entries of a directory at a time.
const ENTRIES: usize = 2 * 1024;

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
}
