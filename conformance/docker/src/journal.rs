//! Reads what the programs in a container record: a FIFO in a mounted folder, one line an event.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Monotonic nanoseconds, by the program's own clock call.
    pub at: i64,
    /// The pid inside the container.
    pub pid: u32,
    /// What the scenario calls the process.
    pub name: String,
    /// `ready`, `got TERM`, `done`, …
    pub event: String,
}

impl Record {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(4, ' ');
        Some(Self {
            at: fields.next()?.parse().ok()?,
            pid: fields.next()?.parse().ok()?,
            name: fields.next()?.to_owned(),
            event: fields.next()?.to_owned(),
        })
    }
}

/// The reading end. A FIFO tells without polling that something came, and keeps what dead programs wrote.
#[derive(Debug)]
pub struct Journal {
    fifo: File,
    partial: Vec<u8>,
    records: Vec<Record>,
}

impl Journal {
    /// Makes `journal` in the folder and opens it.
    pub fn create(folder: &Path) -> Self {
        let path = folder.join("journal");
        rustix::fs::mknodat(
            CWD,
            &path,
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o666),
            0,
        )
        .expect("make the journal");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))
            .expect("open the journal to all");
        // Read and write: the reader never sees an end of file, and a writer always finds a reader.
        let fifo = rustix::fs::open(
            &path,
            OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC,
            Mode::empty(),
        );
        let fifo = fifo.expect("open the journal");
        // A thousand workers write about 120 kB in a burst; the default of 64 kB would lose lines.
        let _ = rustix::pipe::fcntl_setpipe_size(&fifo, 1 << 20);
        Self {
            fifo: File::from(fifo),
            partial: Vec::new(),
            records: Vec::new(),
        }
    }

    /// All records so far, in the order in which they were written.
    pub fn records(&mut self) -> &[Record] {
        let mut buffer = [0; 65536];
        loop {
            match self.fifo.read(&mut buffer) {
                Ok(length) => self.partial.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("cannot read the journal: {error}"),
            }
        }
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let record = Record::parse(line.trim_end());
            self.records
                .push(record.unwrap_or_else(|| panic!("not a journal line: {line:?}")));
        }
        &self.records
    }

    /// Blocks until something was written, for a second at most.
    pub fn wait(&self) {
        let second = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        let _ = poll(&mut [PollFd::new(&self.fifo, PollFlags::IN)], Some(&second));
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, Record};
    use crate::workplace::Scratch;
    use std::io::Write;

    #[test]
    fn an_event_may_have_spaces_and_come_in_pieces() {
        let folder = Scratch::new();
        let mut journal = Journal::create(folder.path());
        let mut writer = std::fs::OpenOptions::new()
            .append(true)
            .open(folder.path().join("journal"))
            .expect("open");
        writer
            .write_all(b"12 7 app got TERM\n13 7 ap")
            .expect("write");
        journal.wait();
        let got = Record {
            at: 12,
            pid: 7,
            name: "app".to_owned(),
            event: "got TERM".to_owned(),
        };
        assert_eq!(journal.records(), std::slice::from_ref(&got));
        writer.write_all(b"p done\n").expect("write");
        assert_eq!(journal.records()[1].event, "done");
    }
}
