//! Gives a line the form in which it is written: as it is, with a name in front, or as JSON.

use super::lines::Piece;
use crate::json::{self, written};
use bowout_core::Pid;
use std::time::SystemTime;

/// Which of its streams a service wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    /// Its name, as C has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        }
    }
}

/// How lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As they came.
    Plain,
    /// `name | text`, the name in a colour if there is one.
    Prefix {
        /// As wide as the longest name.
        width: usize,
        /// An SGR parameter (ECMA-48, 8.3.117).
        colour: Option<u8>,
    },
    /// One JSON object each.
    Json,
}

/// Whose line it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Origin<'a> {
    /// The service.
    pub(crate) service: &'a str,
    /// Its main process.
    pub(crate) pid: Option<Pid>,
    /// Where it was written to.
    pub(crate) stream: Stream,
    /// When it was read.
    pub(crate) time: SystemTime,
}

/// One service after the other gets the next of these. Red is left out: it looks like an error.
const COLOURS: [u8; 10] = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/// The colour of the service with this number.
pub(crate) fn colour(number: usize) -> u8 {
    COLOURS[number % COLOURS.len()]
}

struct Line<'a> {
    time: &'a str,
    service: &'a str,
    stream: &'a str,
    pid: Option<i32>,
    message: &'a str,
    partial: bool,
}

written!(given Line<'_>: time, service, stream, pid, message, partial);

impl Form {
    /// Appends a line with its newline to `to`.
    pub(crate) fn write(self, piece: Piece<'_>, origin: Origin<'_>, to: &mut Vec<u8>) {
        match self {
            Form::Plain => to.extend_from_slice(piece.text),
            Form::Prefix { width, colour } => {
                if let Some(colour) = colour {
                    to.extend_from_slice(format!("\x1b[{colour}m").as_bytes());
                }
                to.extend_from_slice(origin.service.as_bytes());
                let letters = origin.service.chars().count();
                to.extend(std::iter::repeat_n(b' ', width.saturating_sub(letters)));
                to.extend_from_slice(b" |");
                if colour.is_some() {
                    to.extend_from_slice(b"\x1b[0m");
                }
                if !piece.text.is_empty() {
                    to.push(b' ');
                    to.extend_from_slice(piece.text);
                }
            }
            Form::Json => {
                let line = Line {
                    time: &humantime::format_rfc3339_millis(origin.time).to_string(),
                    service: origin.service,
                    stream: origin.stream.name(),
                    pid: origin.pid.map(Pid::get),
                    // Bytes that are no UTF-8 become U+FFFD: JSON has no place for them.
                    message: &String::from_utf8_lossy(piece.text),
                    partial: piece.goes_on,
                };
                to.extend_from_slice(json::text(&line).as_bytes());
            }
        }
        to.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn written(form: Form, text: &[u8], goes_on: bool) -> Vec<u8> {
        let origin = Origin {
            service: "wéb",
            pid: Some(Pid::new(7)),
            stream: Stream::Err,
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_042),
        };
        let mut to = b"before\n".to_vec();
        form.write(Piece { text, goes_on }, origin, &mut to);
        to.strip_prefix(b"before\n").unwrap().to_vec()
    }

    #[test]
    fn prefixes_are_padded_by_letters() {
        let form = Form::Prefix {
            width: 5,
            colour: None,
        };
        assert_eq!(written(form, b"GET /", false), "wéb   | GET /\n".as_bytes());
        assert_eq!(written(form, b"", false), "wéb   |\n".as_bytes());
        let narrow = Form::Prefix {
            width: 0,
            colour: Some(colour(0)),
        };
        assert_eq!(
            written(narrow, b"\xff", false),
            b"\x1b[36mw\xc3\xa9b |\x1b[0m \xff\n"
        );
    }

    #[test]
    fn plain_lines_keep_every_byte() {
        assert_eq!(
            written(Form::Plain, b"a\r\x00\xff", false),
            b"a\r\x00\xff\n"
        );
    }

    #[test]
    fn json_is_one_valid_line_whatever_was_written() {
        let line =
            String::from_utf8(written(Form::Json, b"say \"hi\"\x1b\n\xff\xc3", false)).unwrap();
        assert_eq!(line.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["time"], "2023-11-14T22:13:20.042Z");
        assert_eq!(value["service"], "wéb");
        assert_eq!(value["stream"], "stderr");
        assert_eq!(value["pid"], 7);
        assert_eq!(value["message"], "say \"hi\"\u{1b}\n\u{fffd}\u{fffd}");
        assert_eq!(value.get("partial"), None);
        let cut = written(Form::Json, b"", true);
        assert!(String::from_utf8(cut).unwrap().contains("\"partial\":true"));
    }

    #[test]
    fn neighbours_differ_in_colour() {
        for number in 0..COLOURS.len() * 2 {
            assert_ne!(colour(number), colour(number + 1));
        }
    }
}
