//! Reads what becomes of a service's output.

use super::Draft;
use crate::file::chapter::chapters;
use crate::file::key::{Form, Key, Section, Shape, Take};
use crate::file::lookup::{Lookup, lookup};
use crate::file::reader::{Filled, Reader};
use crate::file::tree::Node;
use crate::settings::Output;
use std::path::PathBuf;

pub(super) const KEYS: &[Key<Draft>] = &[Key {
    name: "log",
    elsewhere: &[
        "logging",
        "stdout",
        "stderr",
        "output",
        "stdout_logfile",
        "standard_output",
    ],
    default: "\"inherit\"",
    about: "What becomes of its standard output and error: `inherit`, they are the container's own, without a \
            copy; `prefix`, lines with its name in front; `json`, one object a line; `none`, they are thrown \
            away; or a file:",
    example: "log = { file = \"/var/log/web.log\", max_size = \"10MB\", keep = 5 }",
    take: Take::Other(&LOG, |reader, draft, node| reader.log(draft, node)),
    ..Key::PLAIN
}];

const WORDS: &[&str] = &["inherit", "prefix", "json", "none"];

const LOG: Form = Form {
    accepted: "\"inherit\", \"prefix\", \"json\" or \"none\", or a table { file, max_size, keep }",
    shape: Shape::Either(&[Shape::Word(WORDS), Shape::Table(|| chapters(SECTIONS))]),
};

const SIZE: Form = Form {
    accepted: "a size from 1KB on such as 500KB, 10MB or 1GB (of 1024 each), a number of bytes, or 0",
    shape: Shape::Either(&[
        Shape::Pattern("^[0-9]+ ?([BbKkMmGg]|[KkMmGg][Bb]|[KkMmGg]i[Bb])?$"),
        Shape::Whole(0, i64::MAX),
    ]),
};

/// Where it is put aside when nothing is said: enough to find out what happened, in any container.
const MAX_SIZE: u64 = 10 << 20;
const KEEP: u32 = 5;

/// A file that grows.
pub(in crate::file) struct File {
    path: PathBuf,
    max_size: u64,
    keep: u32,
}

const SECTIONS: &[Section<File>] = &[Section {
    heading: "",
    keys: &[
        Key {
            name: "file",
            elsewhere: &["path", "filename"],
            required: true,
            about: "The file, which is added to.",
            example: "file = \"/var/log/web.log\"",
            take: Take::Path(|file, path| file.path = path),
            ..Key::PLAIN
        },
        Key {
            name: "max_size",
            elsewhere: &["size", "maxbytes"],
            default: "10MB",
            about: "When it is as long as this it is put aside, and a new one is begun. 0: never.",
            example: "max_size = \"50MB\"",
            take: Take::Other(&SIZE, |reader, file, node| {
                reader
                    .size(node)
                    .into_iter()
                    .for_each(|size| file.max_size = size);
            }),
            ..Key::PLAIN
        },
        Key {
            name: "keep",
            elsewhere: &["max_file", "backups", "max_files"],
            default: "5",
            about: "How many old ones are kept.",
            example: "keep = 3",
            take: Take::Whole(0, 1000, |file, number| {
                file.keep = u32::try_from(number).unwrap_or(KEEP);
            }),
            ..Key::PLAIN
        },
    ],
}];

pub(in crate::file) static LOOKUP: Lookup<File> = lookup!(SECTIONS);

impl Reader<'_> {
    fn log(&mut self, draft: &mut Draft, node: &Node<'_>) {
        if node.data.table().is_none() {
            let word = self.word(node, WORDS, LOG.accepted);
            draft.settings.log = match word {
                Some("prefix") => Output::Prefix,
                Some("json") => Output::Json,
                Some("none") => Output::Null,
                _ => Output::Inherit,
            };
            return;
        }
        let mut file = File {
            path: PathBuf::new(),
            max_size: MAX_SIZE,
            keep: KEEP,
        };
        self.table(node, &LOOKUP, &mut file);
        draft.settings.log = Output::File {
            path: file.path,
            max_size: Some(file.max_size).filter(|size| *size > 0),
            keep: file.keep,
        };
    }

    fn size(&mut self, node: &Node<'_>) -> Option<u64> {
        let size = match self.filled(node) {
            Filled::Text(text) => size(&text),
            Filled::Other => node
                .data
                .whole()
                .and_then(|number| u64::try_from(number).ok()),
            Filled::Broken => return None,
        };
        let size = size.filter(|size| *size == 0 || *size >= 1024);
        if size.is_none() {
            self.refuse(node, SIZE.accepted);
        }
        size
    }
}

/// `10MB`, `10m`, `10 MiB`: of 1024 each, as with `docker run --log-opt max-size` and supervisord.
fn size(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let shift = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("4096", 4096),
            ("10MB", 10 << 20),
            ("10m", 10 << 20),
            ("1 GiB", 1 << 30),
            ("5k", 5 << 10),
        ] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for bad in [
            "",
            "MB",
            "1TB",
            "-1",
            "1.5MB",
            "99999999999999999999",
            "18446744073709551615k",
            "1  k",
        ] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }
}
