//! Talks to the supervisor's socket: sends requests, and reads lines as they come.

use super::Failed;
use crate::control::protocol::{Call, LONGEST_LINE, Reply};
use crate::json;
use bowout_sys::socket::Stream;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one read waits, so that the time can be looked at.
pub(super) const TICK: Duration = Duration::from_millis(500);

/// The longest line that is read. Far more than is ever sent; what answers so is no supervisor.
const LONGEST_ANSWER: usize = 16 << 20;

/// A connection to the supervisor.
pub(super) struct Connection {
    path: PathBuf,
    stream: Stream,
    input: Vec<u8>,
    /// Up to here there is no end of a line in the input.
    searched: usize,
}

/// What a read gave.
pub(super) enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Nothing for a while.
    Nothing,
    /// The supervisor is gone.
    End,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody is there, or the caller may not.
    pub(super) fn open(path: &Path) -> Result<Connection, Failed> {
        let stream = Stream::connect_within(path, TICK).map_err(|error| refused(path, &error))?;
        Ok(Connection {
            path: path.to_owned(),
            stream,
            input: Vec::new(),
            searched: 0,
        })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// It is too long, or the supervisor is gone.
    pub(super) fn send(&mut self, call: &Call) -> Result<(), Failed> {
        let line = call.line();
        if line.len() > LONGEST_LINE {
            let text = format!("the request is longer than {LONGEST_LINE} bytes");
            return Err(Failed::Usage(text));
        }
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(Some(length)) => rest = &rest[length..],
                Ok(None) => {
                    let text = "does not read what it is sent".to_owned();
                    return Err(self.silent(&text));
                }
                // Who is refused is told so before the connection is closed: that can still be read.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Reads until there is a line, or for a moment.
    ///
    /// # Errors
    /// What comes is no answer of a supervisor.
    pub(super) fn read(&mut self) -> Result<Heard, Failed> {
        loop {
            let rest = &self.input[self.searched..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let rest = self.input.split_off(self.searched + end + 1);
                let mut line = std::mem::replace(&mut self.input, rest);
                self.searched = 0;
                line.pop();
                return Ok(Heard::Line(line));
            }
            self.searched = self.input.len();
            if self.input.len() > LONGEST_ANSWER {
                return Err(self.silent("says what has no end"));
            }
            let mut room = [0; 16 << 10];
            match self.stream.read(&mut room) {
                Ok(None) => return Ok(Heard::Nothing),
                // Closed before it had read all: what it had to say has been read.
                Ok(Some(0)) | Err(_) => return Ok(Heard::End),
                Ok(Some(length)) => self.input.extend_from_slice(&room[..length]),
            }
        }
    }

    /// Reads a line as an answer.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn understand(&self, line: &[u8]) -> Result<Reply<'static>, Failed> {
        json::read(line).map_err(|error| {
            let text =
                format!("answers what can't be read: {error}; are both of the same version?");
            self.silent(&text)
        })
    }

    /// Somebody is there, and does not answer as a supervisor does.
    pub(super) fn silent(&self, what: &str) -> Failed {
        Failed::Absent(format!("the supervisor at {} {what}", self.path.display()))
    }
}

fn refused(path: &Path, error: &io::Error) -> Failed {
    let path = path.display();
    let kind = error.kind();
    if kind == io::ErrorKind::PermissionDenied {
        return Failed::Refused(format!(
            "{path}: permission denied; only root and bowout's own user may (docker exec -u 0 …)"
        ));
    }
    if kind == io::ErrorKind::InvalidInput {
        return Failed::Usage(error.to_string());
    }
    if kind == io::ErrorKind::WouldBlock {
        return Failed::Absent(format!("the supervisor at {path} does not answer"));
    }
    Failed::Absent(format!(
        "no supervisor at {path}: {}; does bowout-init run here with a configuration? (--socket or BOWOUT_SOCKET names another socket)",
        bowout_sys::reason(&inner(error))
    ))
}

/// The error without the call in front.
fn inner(error: &io::Error) -> io::Error {
    bowout_sys::errno(error).map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
