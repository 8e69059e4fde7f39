//! Writes lines to a file, and puts it aside when it is long enough.

use bowout_core::Instant;
use bowout_sys::files;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Permissions of a new file, less the umask: as the programs themselves would make it.
const MODE: u32 = 0o666;

/// A file that could not be opened is tried again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// When a file is put aside, and how many old ones are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rotation {
    /// No longer than this, in bytes, but for a line that is longer itself.
    pub(crate) max_size: u64,
    /// `path.1` to `path.N`; 0: the file is emptied.
    pub(crate) keep: u32,
}

/// A file that lines are added to. A pipe or a terminal may have its place, and is never put aside.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    rotation: Option<Rotation>,
    state: State,
    /// The last byte that was written is not the end of a line.
    in_line: bool,
    /// What went wrong with putting it aside, until it is told; and whether it was told already.
    trouble: Option<String>,
    troubled: bool,
}

#[derive(Debug)]
enum State {
    Closed {
        try_at: Instant,
    },
    Open {
        file: File,
        /// How long it is, as far as is known; `None` for what is no regular file.
        size: Option<u64>,
        /// It is put aside when it is longer than this.
        limit: u64,
    },
}

impl LogFile {
    /// A file that is opened, or made, with the first line.
    pub(crate) fn new(path: PathBuf, rotation: Option<Rotation>) -> LogFile {
        LogFile {
            path,
            rotation,
            state: State::Closed {
                try_at: Instant::ZERO,
            },
            in_line: false,
            trouble: None,
            troubled: false,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Another size from now on.
    pub(crate) fn set_rotation(&mut self, rotation: Option<Rotation>) {
        self.rotation = rotation;
        if let State::Open { limit, .. } = &mut self.state {
            *limit = rotation.map_or(u64::MAX, |rotation| rotation.max_size);
        }
    }

    /// Makes the file anew with the next line, if somebody has moved it.
    pub(crate) fn reopen(&mut self) {
        self.state = State::Closed {
            try_at: Instant::ZERO,
        };
    }

    /// What went wrong with putting it aside, once.
    pub(crate) fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// The descriptor to watch when a write would have to wait: that of a pipe, say.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Open { file, .. } => Some(file.as_fd()),
            State::Closed { .. } => None,
        }
    }

    /// Writes the first of these lines, as many as belong into the file at hand, and returns how many
    /// bytes were written. The next call goes on where this one stopped.
    ///
    /// # Errors
    /// What open(2) and write(2) give. The rest of a line that was begun is then given up.
    pub(crate) fn write(&mut self, lines: &[u8], now: Instant) -> io::Result<usize> {
        self.open(now)?;
        if !self.in_line {
            self.rotate_before(lines);
        }
        let State::Open { file, size, limit } = &mut self.state else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let fitting = match size {
            Some(size) => fitting(lines, limit.saturating_sub(*size)),
            None => lines,
        };
        let count = file.write(fitting)?;
        if let Some(size) = size {
            *size += count as u64;
        }
        if let Some(last) = fitting[..count].last() {
            self.in_line = *last != b'\n';
        }
        Ok(count)
    }

    /// The rest of a line was given up. If its beginning was written, what follows gets a line of its own.
    pub(crate) fn give_line_up(&mut self) {
        if let State::Open { file, size, .. } = &mut self.state
            && self.in_line
            && file.write(b"\n").is_ok_and(|count| count == 1)
        {
            self.in_line = false;
            *size = size.map(|size| size + 1);
        }
    }

    fn open(&mut self, now: Instant) -> io::Result<()> {
        let State::Closed { try_at } = &mut self.state else {
            return Ok(());
        };
        if now < *try_at {
            return Err(io::ErrorKind::NotFound.into());
        }
        *try_at = now.after(AGAIN);
        let file = files::append(&self.path, MODE)?;
        self.state = State::Open {
            size: files::size(&file)?,
            file,
            limit: self.rotation.map_or(u64::MAX, |rotation| rotation.max_size),
        };
        self.in_line = false;
        Ok(())
    }

    /// Puts the file aside if the first of these lines would make it too long.
    fn rotate_before(&mut self, lines: &[u8]) {
        let (
            Some(rotation),
            State::Open {
                file,
                size: Some(size),
                limit,
            },
        ) = (self.rotation, &mut self.state)
        else {
            return;
        };
        let wanted = first_line(lines).len() as u64;
        let is_long = |size: u64| size > 0 && size.saturating_add(wanted) > *limit;
        if !is_long(*size) {
            return;
        }
        // Somebody else may have emptied it in the meantime, or written to it.
        if let Ok(Some(true_size)) = files::size(file) {
            *size = true_size;
            if !is_long(true_size) {
                return;
            }
        }
        match put_aside(&self.path, file, rotation.keep) {
            Ok(new) => {
                if let Some(new) = new {
                    *file = new;
                }
                *size = files::size(file).ok().flatten().unwrap_or(0);
                *limit = rotation.max_size;
                self.troubled = false;
            }
            Err(error) => {
                // The line goes where the others are, and it is tried again when as much has come.
                *limit = size.saturating_add(rotation.max_size);
                if !self.troubled {
                    self.troubled = true;
                    self.trouble = Some(format!(
                        "cannot put {} aside, so it grows: {error}",
                        self.path.display()
                    ));
                }
            }
        }
    }
}

/// Moves `path` to `path.1`, that to `path.2`, up to `keep`, and makes `path` anew. `None`: it was emptied.
fn put_aside(path: &Path, file: &File, keep: u32) -> io::Result<Option<File>> {
    if keep == 0 {
        file.set_len(0)?;
        return Ok(None);
    }
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    // Behind the first gap nothing needs to move.
    let is_free = |number: &u32| std::fs::symlink_metadata(name(*number)).is_err();
    let gap = (1..keep).find(is_free).unwrap_or(keep);
    for number in (1..gap).rev() {
        files::rename(&name(number), &name(number + 1))?;
    }
    files::rename(path, &name(1))?;
    match files::append(path, MODE) {
        Ok(new) => Ok(Some(new)),
        Err(error) => {
            // No place for a new one: the old one stays where its readers look for it.
            _ = files::rename(&name(1), path);
            Err(error)
        }
    }
}

fn first_line(lines: &[u8]) -> &[u8] {
    let newline = lines.iter().position(|byte| *byte == b'\n');
    &lines[..newline.map_or(lines.len(), |at| at + 1)]
}

/// The whole lines that have room; at least the first.
fn fitting(lines: &[u8], room: u64) -> &[u8] {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if lines.len() <= room {
        return lines;
    }
    match lines[..room].iter().rposition(|byte| *byte == b'\n') {
        Some(last) => &lines[..=last],
        None => first_line(lines),
    }
}

#[cfg(test)]
mod tests;
