//! Turns supervisord's two log files for each process into the one place that bowout's `log` names.

use super::super::document::{Remark, Value, excerpt, missing};
use super::super::template::Template;
use super::expand::Names;
use super::keys::Keys;

/// Where supervisord puts a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    /// A file of its own choice.
    Auto,
    /// Nowhere.
    Nowhere,
    /// The container's standard output (1) or error (2).
    Container(u8),
    /// A file.
    File(Template),
    /// The system's log.
    Syslog,
    /// Where standard output goes.
    Redirected,
}

/// What `log` says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Log {
    /// Its value; `None` for the default.
    pub(crate) value: Option<Value>,
    /// What is lost.
    pub(crate) remarks: Vec<Remark>,
    /// Whether supervisord kept it in a file of its own choice.
    pub(crate) was_auto: bool,
}

/// Reads all that is said of the output of a process.
pub(crate) fn read(keys: &mut Keys<'_>, names: &Names) -> Log {
    let redirect = keys.flag("redirect_stderr").unwrap_or(false);
    let out = place(keys, names, "stdout");
    let err = place(keys, names, "stderr");
    let size = [size(keys, "stdout"), size(keys, "stderr")];
    let keep = [keep(keys, "stdout"), keep(keys, "stderr")];
    let mut log = Log {
        was_auto: out == Place::Auto,
        ..Log::default()
    };
    let err = match redirect {
        true => Place::Redirected,
        false => err,
    };
    let [max_size, _] = size;
    let [kept, _] = keep;
    match (&out, &err) {
        (Place::Auto | Place::Container(1), Place::Auto | Place::Container(2)) => {}
        (Place::Auto | Place::Container(_), Place::Redirected) => {
            log.remarks.push(Remark::Note(
                "redirect_stderr: each stream goes to the container's own of its kind.".into(),
            ));
        }
        (Place::Nowhere, Place::Nowhere | Place::Redirected) => log.value = Some("none".into()),
        (Place::File(file), err) => {
            log.value = Some(file_value(file, max_size, kept));
            match err {
                Place::Redirected | Place::Auto => {}
                Place::File(other) if other == file => {}
                Place::File(_) | Place::Nowhere | Place::Container(_) | Place::Syslog => {
                    log.remarks.push(missing(
                        format!("stderr_logfile={}", shown(err)),
                        "`log` takes both streams to one place; a shell can part them (`shell = true` with 2>…)",
                    ));
                }
            }
        }
        (out, err) => {
            for (key, place, own) in [("stdout", out, 1), ("stderr", err, 2)] {
                let why = match place {
                    Place::Auto | Place::Redirected => continue,
                    Place::Container(stream) if *stream == own => continue,
                    Place::Syslog => "bowout has no syslog; both streams go to the container's own",
                    Place::Container(_) | Place::Nowhere | Place::File(_) => {
                        "`log` takes both streams to one place; here it is the container's own, and a shell can \
                         part them (`shell = true` with 2>…)"
                    }
                };
                log.remarks
                    .push(missing(format!("{key}_logfile={}", shown(place)), why));
            }
        }
    }
    lost(keys);
    log
}

/// Keys that have no equivalent, where they say anything but no.
fn lost(keys: &mut Keys<'_>) {
    for stream in ["stdout", "stderr"] {
        for (key, why) in [
            (
                "capture_maxbytes",
                "bowout has no process communication events",
            ),
            (
                "events_enabled",
                "bowout doesn't publish output as events; `bowoutctl logs -f` follows it",
            ),
            (
                "syslog",
                "bowout has no syslog; the engine's log driver can send the container's output there",
            ),
        ] {
            let key = format!("{stream}_{key}");
            let Some(entry) = keys.entry(&key) else {
                continue;
            };
            let off = matches!(
                entry.value.to_ascii_lowercase().as_str(),
                "0" | "0b" | "0kb" | "0mb" | "false" | "no" | "off"
            );
            if !off {
                keys.lose(&key, why);
            }
        }
    }
}

fn place(keys: &mut Keys<'_>, names: &Names, stream: &str) -> Place {
    let Some(text) = keys.filled_with(&format!("{stream}_logfile"), names) else {
        return Place::Auto;
    };
    let plain = text.plain().unwrap_or_default();
    match plain.to_ascii_lowercase().as_str() {
        "auto" => Place::Auto,
        "none" | "off" | "/dev/null" => Place::Nowhere,
        "syslog" => Place::Syslog,
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" | "/proc/1/fd/1" => Place::Container(1),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" | "/proc/1/fd/2" => Place::Container(2),
        _ => Place::File(text),
    }
}

fn shown(place: &Place) -> String {
    match place {
        Place::Auto => "AUTO".into(),
        Place::Nowhere => "NONE".into(),
        Place::Container(1) => "/dev/stdout".into(),
        Place::Container(_) => "/dev/stderr".into(),
        Place::File(file) => excerpt(&file.written()),
        Place::Syslog => "syslog".into(),
        Place::Redirected => "that of stdout".into(),
    }
}

/// How long a file gets, in bytes; `None`: it is never put aside.
fn size(keys: &mut Keys<'_>, stream: &str) -> Option<u64> {
    const DEFAULT: u64 = 50 << 20;
    let key = format!("{stream}_logfile_maxbytes");
    let bytes = keys.value(&key, "a size such as 512, 100KB, 50MB or 1GB", bytes);
    Some(bytes.unwrap_or(DEFAULT)).filter(|bytes| *bytes > 0)
}

/// How many old files are kept.
fn keep(keys: &mut Keys<'_>, stream: &str) -> u32 {
    const DEFAULT: u32 = 10;
    keys.number(&format!("{stream}_logfile_backups"))
        .unwrap_or(DEFAULT)
}

/// `50MB`, where a megabyte is 1,048,576 bytes.
fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let units = [("kb", 10), ("mb", 20), ("gb", 30)];
    let unit = units.iter().find(|(unit, _)| lower.ends_with(unit));
    let (digits, shift) = match unit {
        Some((unit, shift)) => (&lower[..lower.len() - unit.len()], *shift),
        None => (lower.as_str(), 0),
    };
    let number: u64 = digits.trim().parse().ok()?;
    number.checked_mul(1 << shift)
}

fn file_value(file: &Template, max_size: Option<u64>, keep: u32) -> Value {
    /// What bowout takes: less is a slip, and more than so many files nobody looks through.
    const SMALLEST: u64 = 1024;
    const MOST: u32 = 1000;
    let mut entries = vec![("file".to_owned(), Value::Text(file.clone()))];
    match max_size {
        Some(bytes) => {
            let bytes = bytes.clamp(SMALLEST, i64::MAX.unsigned_abs());
            entries.push(("max_size".to_owned(), super::super::size(bytes)));
            entries.push(("keep".to_owned(), i64::from(keep.min(MOST)).into()));
        }
        None => entries.push(("max_size".to_owned(), 0.into())),
    }
    Value::Table(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_supervisord() {
        assert_eq!(bytes("50MB"), Some(52_428_800));
        assert_eq!(bytes("1kb"), Some(1024));
        assert_eq!(bytes("512"), Some(512));
        assert_eq!(bytes("2 GB"), Some(2 << 30));
        for text in ["", "MB", "1.5MB", "-1", "99999999999999999GB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
