//! Writes log lines to standard error, without ever waiting for whoever reads them.

pub(crate) mod words;

use crate::cli::LogFormat;
use crate::json::{self, written};
use bowout_core::action::Note;
use bowout_core::plan::Plan;
use std::time::{Duration, SystemTime};

/// A line is cut here: a pipe takes as much in one piece (pipe(7), PIPE_BUF).
const LONGEST: usize = 4096;

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Level {
    /// Something could not be done.
    Error,
    /// Worth knowing without asking.
    Notice,
    /// For `-v`.
    Info,
    /// For `-vv`.
    Debug,
}

/// The log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    name: String,
    format: LogFormat,
    most: Level,
    /// Lines that nobody took.
    lost: u64,
}

struct Line<'a> {
    time: String,
    level: &'a str,
    program: &'a str,
    message: &'a str,
}

written!(Line<'_>: time, level, program, message);

impl Log {
    pub(crate) fn new(name: &str, format: LogFormat, verbosity: i8) -> Log {
        let most = match verbosity {
            i8::MIN..=-1 => Level::Error,
            0 => Level::Notice,
            1 => Level::Info,
            2.. => Level::Debug,
        };
        Log {
            name: name.to_owned(),
            format,
            most,
            lost: 0,
        }
    }

    /// Whether lines of this level are written.
    pub(crate) fn writes(&self, level: Level) -> bool {
        level <= self.most
    }

    /// Writes one line. A reader that is gone or does not read costs the line and nothing else.
    #[cold]
    pub(crate) fn say(&mut self, level: Level, message: &str) {
        if !self.writes(level) {
            return;
        }
        if self.lost > 0 {
            let lost = format!(
                "{} lines before this one were lost: nobody read them",
                self.lost
            );
            if self.write(Level::Notice, &lost) {
                self.lost = 0;
            }
        }
        if !self.write(level, message) {
            self.lost += 1;
        }
    }

    /// Says what the core has to tell.
    #[cold]
    pub(crate) fn tell(&mut self, note: &Note, plan: &Plan) {
        let level = words::level(note, plan);
        if self.writes(level) {
            self.say(level, &words::of(note, plan));
        }
    }

    fn write(&self, level: Level, message: &str) -> bool {
        let mut line = match self.format {
            LogFormat::Text => format!("{}: {}", self.name, printable(message)),
            LogFormat::Json => self.json(level, message),
        };
        if line.len() >= LONGEST {
            let end = line.floor_char_boundary(LONGEST - "…\n".len());
            line.truncate(end);
            line.push('…');
        }
        line.push('\n');
        bowout_sys::output::write_now(bowout_sys::output::standard_error(), line.as_bytes()).is_ok()
    }

    fn json(&self, level: Level, message: &str) -> String {
        let (seconds, nanos) = bowout_sys::clock::wall();
        let since = Duration::new(u64::try_from(seconds).unwrap_or(0), nanos);
        // So long a message leaves room for its frame, and stays valid JSON.
        let end = message.floor_char_boundary((LONGEST - 512) / 2);
        let line = Line {
            time: humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + since).to_string(),
            level: match level {
                Level::Error => "error",
                Level::Notice => "notice",
                Level::Info => "info",
                Level::Debug => "debug",
            },
            program: &self.name,
            message: &message[..end],
        };
        json::text(&line)
    }
}

/// What a process calls itself, without the power to move a reader's cursor.
pub(crate) fn printable(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for letter in message.chars() {
        match letter.is_control() {
            true => text.extend(letter.escape_default()),
            false => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(printable("7 (\x1b[31mred\n)"), "7 (\\u{1b}[31mred\\n)");
    }
}
