//! Shows that no line is lost when a file is put aside, or can't be.

use super::*;
use std::fs;

/// A folder of its own for a test, gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("bowout-{}-{name}", std::process::id()));
        _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| format!("{name}: {error}"))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

fn log(scratch: &Scratch, max_size: u64, keep: u32) -> LogFile {
    LogFile::new(scratch.0.join("log"), Some(Rotation { max_size, keep }))
}

fn write_all(file: &mut LogFile, mut lines: &[u8]) {
    while !lines.is_empty() {
        let count = file.write(lines, Instant::ZERO).unwrap();
        lines = &lines[count..];
    }
}

#[test]
fn old_files_are_shifted_and_the_oldest_goes() {
    let scratch = Scratch::new("shift");
    let mut file = log(&scratch, 8, 2);
    for line in ["one\n", "two\n", "three\n", "four\n", "five\n", "six\n"] {
        write_all(&mut file, line.as_bytes());
    }
    assert_eq!(scratch.names(), ["log", "log.1", "log.2"]);
    assert_eq!(scratch.read("log"), "six\n");
    assert_eq!(scratch.read("log.1"), "five\n");
    assert_eq!(scratch.read("log.2"), "four\n");
    assert_eq!(file.trouble(), None);
}

#[test]
fn many_lines_at_once_are_divided_between_files() {
    let scratch = Scratch::new("divided");
    let mut file = log(&scratch, 10, 9);
    write_all(
        &mut file,
        b"1234\n1234\n1234\na line longer than the file may be\n1\n2\n",
    );
    assert_eq!(scratch.read("log.3"), "1234\n1234\n");
    assert_eq!(scratch.read("log.2"), "1234\n");
    assert_eq!(
        scratch.read("log.1"),
        "a line longer than the file may be\n"
    );
    assert_eq!(scratch.read("log"), "1\n2\n");
}

#[test]
fn what_is_there_counts_and_stays() {
    let scratch = Scratch::new("there");
    fs::write(scratch.0.join("log"), "before\n").unwrap();
    fs::write(scratch.0.join("log.2"), "behind a gap\n").unwrap();
    let mut file = log(&scratch, 10, 3);
    write_all(&mut file, b"after\n");
    assert_eq!(scratch.read("log.1"), "before\n");
    assert_eq!(scratch.read("log"), "after\n");
    assert_eq!(scratch.read("log.2"), "behind a gap\n");
}

#[test]
fn nothing_is_kept_where_nothing_shall_be() {
    let scratch = Scratch::new("none");
    let mut file = log(&scratch, 8, 0);
    write_all(&mut file, b"one\ntwo\nthree\n");
    assert_eq!(scratch.names(), ["log"]);
    assert_eq!(scratch.read("log"), "three\n");
}

#[test]
fn a_file_that_somebody_else_emptied_is_not_put_aside() {
    let scratch = Scratch::new("emptied");
    let mut file = log(&scratch, 8, 2);
    write_all(&mut file, b"1234567\n");
    fs::File::options()
        .write(true)
        .truncate(true)
        .open(scratch.0.join("log"))
        .unwrap();
    write_all(&mut file, b"one\n");
    assert_eq!(scratch.names(), ["log"]);
    assert_eq!(scratch.read("log"), "one\n");
}

#[test]
fn a_file_that_was_moved_is_made_anew_when_asked() {
    let scratch = Scratch::new("moved");
    let mut file = LogFile::new(scratch.0.join("log"), None);
    write_all(&mut file, b"one\n");
    fs::rename(scratch.0.join("log"), scratch.0.join("old")).unwrap();
    write_all(&mut file, b"two\n");
    file.reopen();
    write_all(&mut file, b"three\n");
    assert_eq!(scratch.read("old"), "one\ntwo\n");
    assert_eq!(scratch.read("log"), "three\n");
}

#[test]
fn where_it_cannot_be_put_aside_it_grows_and_that_is_told_once() {
    let scratch = Scratch::new("grows");
    // A folder with something in it can't be replaced by a file, not even by root.
    fs::create_dir_all(scratch.0.join("log.1/full")).unwrap();
    let mut file = log(&scratch, 8, 1);
    for _ in 0..10 {
        write_all(&mut file, b"one\ntwo\n");
    }
    assert_eq!(scratch.read("log"), "one\ntwo\n".repeat(10));
    let trouble = file.trouble().unwrap();
    assert!(
        trouble.contains("log aside") && trouble.contains("rename("),
        "{trouble}"
    );
    write_all(&mut file, b"one\ntwo\n");
    assert_eq!(file.trouble(), None);
    fs::remove_dir_all(scratch.0.join("log.1")).unwrap();
    write_all(&mut file, b"one\ntwo\nnew\n");
    assert!(scratch.names().contains(&"log.1".to_owned()));
}

#[test]
fn a_place_that_is_not_there_is_tried_again_later() {
    let scratch = Scratch::new("later");
    let folder = scratch.0.join("folder");
    let mut file = LogFile::new(folder.join("log"), None);
    let at = Instant::from_millis(5_000);
    let error = file.write(b"one\n", at).unwrap_err();
    assert!(error.to_string().contains("folder/log"), "{error}");
    fs::create_dir(&folder).unwrap();
    assert!(file.write(b"one\n", at.after(AGAIN / 2)).is_err());
    assert_eq!(file.write(b"one\n", at.after(AGAIN)).unwrap(), 4);
}

#[test]
fn a_full_disk_loses_a_line_and_no_more() {
    let Ok(mut full) = fs::File::options().write(true).open("/dev/full") else {
        return;
    };
    assert!(full.write(b"x").is_err(), "/dev/full is what it says");
    let mut file = LogFile::new(
        "/dev/full".into(),
        Some(Rotation {
            max_size: 1,
            keep: 1,
        }),
    );
    for _ in 0..3 {
        let error = file.write(b"one\n", Instant::ZERO).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        file.give_line_up();
    }
    assert_eq!(file.trouble(), None, "a device is not put aside");
}

#[test]
fn a_line_that_was_cut_is_ended() {
    let scratch = Scratch::new("cut");
    let mut file = LogFile::new(scratch.0.join("log"), None);
    assert_eq!(file.write(b"the begin", Instant::ZERO).unwrap(), 9);
    file.give_line_up();
    file.give_line_up();
    write_all(&mut file, b"next\n");
    assert_eq!(scratch.read("log"), "the begin\nnext\n");
}
