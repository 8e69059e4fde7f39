//! Carries commands in and reports out, over the harness's socket or, for a nameless worker, stdout.

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// The way to whoever gives the commands.
pub(crate) enum Channel {
    /// A stream of lines, both ways.
    Socket {
        stream: UnixStream,
        pending: Vec<u8>,
    },
    /// One byte out when ready; no commands.
    Stdout,
}

impl Channel {
    /// Connects, unless the name says that this process is a worker without a socket.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        if name.starts_with('@') {
            return Ok(Self::Stdout);
        }
        let path = env::var_os("PUPPET_SOCKET")
            .ok_or_else(|| io::Error::other("PUPPET_SOCKET is not set"))?;
        let stream = UnixStream::connect(path)?;
        Ok(Self::Socket {
            stream,
            pending: Vec::new(),
        })
    }

    /// Says that all commands of the command line have been carried out.
    pub(crate) fn hello(&mut self, name: &str) {
        match self {
            Self::Socket { .. } => self.say(&format!("hello {name} {}", std::process::id())),
            Self::Stdout => {
                // A worker whose master is gone has nobody to tell; it still does its work.
                let _ = io::stdout()
                    .write_all(b".")
                    .and_then(|()| io::stdout().flush());
            }
        }
    }

    /// Sends one line. A harness that is gone is no reason to stop working.
    pub(crate) fn say(&mut self, line: &str) {
        if let Self::Socket { stream, .. } = self {
            let _ = stream.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// The descriptor to poll for commands.
    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Socket { stream, .. } => Some(stream.as_fd()),
            Self::Stdout => None,
        }
    }

    /// Reads what has come. `None` when the harness has hung up.
    pub(crate) fn lines(&mut self) -> Option<Vec<String>> {
        let Self::Socket { stream, pending } = self else {
            return Some(Vec::new());
        };
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(count) => pending.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
        let mut lines = Vec::new();
        while let Some(end) = pending.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        Some(lines)
    }
}
