//! Takes each line out of files as people have them, and lists those whose loss nobody would see in what is
//! made: such a line has to say what holds anyhow. `BOWOUT_UPDATE=1` writes the list anew.

use super::source::{KINDS, Kind, Source};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn made(kind: Kind, case: &Path, text: &str) -> Option<String> {
    let source = Source::new("input", Some(case.to_owned()), text);
    super::convert(&source, Some(kind))
        .ok()
        .map(|made| made.text)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether something is said in a line, and not only begun.
fn says_something(kind: Kind, line: &str) -> bool {
    let text = line.trim();
    let is_comment = text.is_empty() || text.starts_with(['#', ';']);
    let is_section = kind == Kind::Supervisord && (text.starts_with('[') || indent(line) > 0);
    !is_comment && !is_section && text != "---"
}

#[test]
fn nothing_is_lost_silently() {
    let mut list = String::new();
    let mut looked_at = 0;
    for (name, kind) in KINDS {
        for case in entries(&folder().join(name)) {
            let inputs = entries(&case).into_iter().filter(|path| {
                let file = path.file_name().unwrap();
                path.is_file() && file != "bowout.toml" && file != ".env"
            });
            for path in inputs {
                let text = std::fs::read_to_string(&path).unwrap();
                let whole = made(kind, &case, &text).unwrap();
                let lines: Vec<&str> = text.lines().collect();
                for (at, line) in lines.iter().enumerate() {
                    if !says_something(kind, line) {
                        continue;
                    }
                    let inside = lines[at + 1..].iter();
                    let inside = inside.take_while(|other| indent(other) > indent(line));
                    let behind = at + 1 + inside.count();
                    let without = [&lines[..at], &lines[behind..]].concat().join("\n");
                    looked_at += 1;
                    if made(kind, &case, &without).as_ref() == Some(&whole) {
                        let case = case.file_name().unwrap().display();
                        _ = writeln!(list, "{name}/{case}:{}: {}", at + 1, line.trim());
                    }
                }
            }
        }
    }
    assert!(looked_at > 600, "{looked_at}");
    let path = folder().join("silent.txt");
    if std::env::var_os("BOWOUT_UPDATE").is_some() {
        std::fs::write(&path, &list).unwrap();
    }
    assert_eq!(list, std::fs::read_to_string(path).unwrap());
}
