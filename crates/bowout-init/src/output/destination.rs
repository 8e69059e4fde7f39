//! Writes what waits for one destination, and counts what it does not take.

use super::file::LogFile;
use super::queue::Queue;
use super::{Level, News};
use bowout_core::Instant;
use bowout_sys::output;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;

/// Where lines go, with those that wait.
#[derive(Debug)]
pub(crate) struct Destination {
    name: String,
    target: Target,
    /// Lines that wait.
    pub(crate) queue: Queue,
    /// Whether it is watched for room.
    pub(crate) is_watched: bool,
    /// Whether something came since it was last written to.
    pub(crate) is_dirty: bool,
    is_terminal: bool,
    /// Lines that were thrown away and not told of.
    lost: u64,
    /// Whether it was told that lines are lost.
    told: bool,
}

#[derive(Debug)]
enum Target {
    /// A file on a disk: there is always room, or an error.
    Disk(File),
    /// A pipe or terminal that was opened again, so that its O_NONBLOCK is nobody else's.
    Own(File),
    /// One that others have too.
    Shared(File),
    /// A file with a name.
    Named(Box<LogFile>),
    /// Nobody reads it, and nobody ever will.
    Gone,
}

/// What came of writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrote {
    /// Nothing waits any more.
    All,
    /// There is no room now.
    Blocked,
    /// Nobody reads it any more: it is not to be watched, and then to be left.
    Gone,
}

impl Destination {
    /// One of the streams that bowout was started with, 1 or 2.
    pub(crate) fn standard(number: i32) -> Destination {
        let name = match number {
            1 => "standard output",
            _ => "standard error",
        };
        // A stream that was closed from the beginning is one that nobody reads.
        let target = output::take(number).map_or(Target::Gone, shared);
        Destination::new(name.to_owned(), target)
    }

    /// A pipe, terminal or file that others write to as well.
    #[cfg(test)]
    pub(crate) fn shared(name: &str, file: File) -> Destination {
        Destination::new(name.to_owned(), shared(file))
    }

    /// A file with a name.
    pub(crate) fn named(file: LogFile) -> Destination {
        let name = file.path().display().to_string();
        Destination::new(name, Target::Named(Box::new(file)))
    }

    fn new(name: String, target: Target) -> Destination {
        let is_terminal = match &target {
            Target::Own(file) | Target::Shared(file) => file.is_terminal(),
            Target::Disk(_) | Target::Named(_) | Target::Gone => false,
        };
        Destination {
            name,
            target,
            queue: Queue::default(),
            is_watched: false,
            is_dirty: false,
            is_terminal,
            lost: 0,
            told: false,
        }
    }

    /// The file, if it is one with a name.
    pub(crate) fn file(&mut self) -> Option<&mut LogFile> {
        match &mut self.target {
            Target::Named(file) => Some(file),
            Target::Disk(_) | Target::Own(_) | Target::Shared(_) | Target::Gone => None,
        }
    }

    /// Makes the file anew with the next line, if somebody has moved it.
    pub(crate) fn reopen(&mut self) {
        // Where something waits it is for a pipe, which is not moved.
        if self.queue.is_empty()
            && let Some(file) = self.file()
        {
            file.reopen();
        }
    }

    /// Whether colours can be seen there.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// What to watch for room.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.target {
            Target::Disk(file) | Target::Own(file) | Target::Shared(file) => Some(file.as_fd()),
            Target::Named(file) => file.descriptor(),
            Target::Gone => None,
        }
    }

    /// Writes as much as there is room for. What can't be written for another reason is thrown away.
    pub(crate) fn write(&mut self, now: Instant, news: &mut Vec<News>) -> Wrote {
        while !self.queue.is_empty() {
            match self.target.write(self.queue.front(), now) {
                // No write(2) of something gives nothing; if one did, it must not go round for ever.
                Ok(0) => return Wrote::Blocked,
                Ok(count) => self.queue.advance(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Wrote::Blocked,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return self.give_up(&error, news),
            }
            if let Some(trouble) = self.file().and_then(LogFile::trouble) {
                news.push(News::Say(Level::Error, trouble));
            }
            if self.lost > 0 {
                self.told = false;
                self.tell_lost(news);
            }
        }
        Wrote::All
    }

    /// What still waits is thrown away, because there is no more time.
    pub(crate) fn close(&mut self, news: &mut Vec<News>) {
        self.lost += self.queue.clear();
        self.tell_lost(news);
    }

    /// Nobody reads it any more. For a file with a name another reader may come.
    pub(crate) fn leave(&mut self) {
        self.is_watched = false;
        match &mut self.target {
            Target::Named(file) => file.reopen(),
            Target::Disk(_) | Target::Own(_) | Target::Shared(_) | Target::Gone => {
                self.target = Target::Gone;
            }
        }
    }

    fn give_up(&mut self, error: &io::Error, news: &mut Vec<News>) -> Wrote {
        self.lost += self.queue.clear();
        if let Some(file) = self.file() {
            file.give_line_up();
        }
        if !self.told {
            self.told = true;
            // The error names the file where it was opened; else only the reason is known.
            let reason = bowout_sys::reason(error);
            let text = match reason.contains(&self.name) {
                true => format!("lines of services are lost: {reason}"),
                false => format!("lines of services are lost: {}: {reason}", self.name),
            };
            news.push(News::Say(Level::Error, text));
        }
        match error.kind() == ErrorKind::BrokenPipe {
            true => Wrote::Gone,
            false => Wrote::All,
        }
    }

    fn tell_lost(&mut self, news: &mut Vec<News>) {
        let lost = std::mem::take(&mut self.lost);
        let text = match lost {
            0 => return,
            1 => format!("1 line for {} was lost", self.name),
            _ => format!("{lost} lines for {} were lost", self.name),
        };
        news.push(News::Say(Level::Notice, text));
    }
}

/// Finds out how to write to something that others have too, without waiting.
fn shared(file: File) -> Target {
    let Ok(metadata) = file.metadata() else {
        return Target::Shared(file);
    };
    let kind = metadata.file_type();
    if kind.is_file() {
        return Target::Disk(file);
    }
    // A socket can't be opened again, and neither can what belongs to another user.
    match (kind.is_fifo() || kind.is_char_device()).then(|| output::reopen(file.as_fd())) {
        Some(Ok(own)) => Target::Own(own),
        Some(Err(_)) | None => Target::Shared(file),
    }
}

impl Target {
    fn write(&mut self, lines: &[u8], now: Instant) -> io::Result<usize> {
        match self {
            Target::Disk(file) | Target::Own(file) => file.write(lines),
            Target::Shared(file) => output::write_some(file.as_fd(), lines),
            Target::Named(file) => file.write(lines, now),
            Target::Gone => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}
