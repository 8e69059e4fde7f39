//! Shows what is said about configurations that are wrong: each file of `tests/bad`, and the answer beside it.
//!
//! `NAME.toml` and `NAME.Procfile` are read by `bowout-init --check` in that folder, and `NAME.txt` has the exit
//! code and all that is said. What is in folders below is there for them. `BOWOUT_UPDATE=1` writes the answers anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What no answer may have in it. It is the value of `${SECRET}`, and it stands in some of the files.
const SECRET: &str = "hunter2";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad")
}

/// The files that are read, and the answers, by their names.
fn files() -> (Vec<String>, BTreeSet<String>) {
    let entries = std::fs::read_dir(folder()).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<String> = files
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let (answers, files) = names.into_iter().partition(|name| name.ends_with(".txt"));
    (files, Vec::into_iter(answers).collect())
}

fn answer_of(file: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    format!("{stem}.txt")
}

/// What is said about a file, and how it ends.
fn check(file: &str, more: &[&str]) -> String {
    let option = match file.ends_with(".Procfile") {
        true => "--procfile",
        false => "--config",
    };
    let output = Command::new(env!("CARGO_BIN_EXE_bowout-init"))
        .args(["--check", option, file])
        .args(more)
        .current_dir(folder())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PORT", "80")
        .env("EMPTY", "")
        .env("SECRET", SECRET)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let understood = String::from_utf8(output.stdout).unwrap();
    let code = output.status.code().unwrap();
    format!("{said}{understood}exit code {code}\n")
}

#[test]
fn every_mistake_is_said_as_it_is_written_beside_it() {
    let is_new = std::env::var_os("BOWOUT_UPDATE").is_some();
    let mut faults = Vec::new();
    for file in files().0 {
        let said = check(&file, &[]);
        let path = folder().join(answer_of(&file));
        if is_new {
            std::fs::write(&path, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if said != expected {
            faults.push(format!("== {file}\n{said}-- and not\n{expected}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_has_its_answer_and_every_answer_its_file() {
    let (files, answers) = files();
    let wanted: BTreeSet<String> = files.iter().map(|file| answer_of(file)).collect();
    assert_eq!(wanted, answers);
    assert_eq!(wanted.len(), files.len(), "two files have the same answer");
    assert!(files.len() >= 60, "there are {}", files.len());
}

/// A start says the same as `--check`, and ends before anything runs.
#[test]
fn nothing_is_started_as_long_as_there_is_a_mistake() {
    for file in ["key-slip.toml", "together-circle.toml"] {
        let output = Command::new(env!("CARGO_BIN_EXE_bowout-init"))
            .args(["--config", file])
            .current_dir(folder())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let checked = check(file, &[]);
        let (problems, _) = checked.split_once("bowout-init: ").unwrap();
        assert!(said.starts_with(problems), "{said}");
        assert!(said.ends_with("; nothing was started\n"), "{said}");
        assert_eq!(output.status.code(), Some(125));
    }
}

/// Files that are damaged in thousands of ways are refused or taken, and end nobody.
#[test]
fn no_damage_is_too_much() {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for file in files().0.iter().filter(|file| file.ends_with(".toml")) {
        texts.push(std::fs::read(folder().join(file)).unwrap());
    }
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good/every-form.toml");
    texts.push(std::fs::read(good).unwrap());
    let letters = b"[]{}=\"'#.,\n\\$ a0-\xff\0";
    let mut state: u64 = 1;
    let mut next = |below: usize| {
        // splitmix64, by Sebastiano Vigna: a failure names its round, and comes back.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(below).unwrap()).unwrap()
    };
    let (mut taken, mut refused) = (0, 0);
    for round in 0..4000 {
        let mut text = texts[round % texts.len()].clone();
        for _ in 0..=next(4) {
            let at = next(text.len() + 1);
            match next(4) {
                0 => text.insert(at, letters[next(letters.len())]),
                1 if at < text.len() => text[at] = letters[next(letters.len())],
                2 => text.truncate(at),
                _ => drop(text.drain(at..(at + next(20)).min(text.len()))),
            }
        }
        let text = String::from_utf8_lossy(&text);
        let variable = |name: &str| (name == "PORT").then(|| "80".to_owned());
        match bowout_init::file::read_text(Path::new("/nonexistent/x.toml"), &text, &variable) {
            Ok(_) => taken += 1,
            Err(problems) => {
                refused += 1;
                assert!(problems.has_errors(), "round {round}");
                assert!(!problems.to_string().is_empty() && !problems.json_lines().is_empty());
            }
        }
    }
    assert!(taken > 20 && refused > 1000, "{taken} {refused}");
}

#[test]
fn nothing_of_a_secret_is_said() {
    let mut held = 0;
    for file in files().0 {
        for more in [&[][..], &["--log-format", "json"]] {
            let said = check(&file, more);
            assert!(!said.contains(SECRET), "{file}\n{said}");
        }
        let text = std::fs::read(folder().join(&file)).unwrap();
        let text = String::from_utf8_lossy(&text);
        held += usize::from(text.contains(SECRET) || text.contains("${SECRET}"));
    }
    assert!(held >= 8, "{held} files have a secret in them");
}

/// The line that is marked is there as it is written, but for values that nobody may see.
#[test]
fn every_line_is_shown_as_it_is_written() {
    for file in files().0 {
        for line in check(&file, &["--log-format", "json"]).lines() {
            let Ok(problem) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            let (Some(name), Some(number), Some(shown)) = (
                problem["file"].as_str(),
                problem["line"].as_u64(),
                problem["text"].as_str(),
            ) else {
                continue;
            };
            let text = std::fs::read(folder().join(name)).unwrap();
            let text = String::from_utf8_lossy(&text).into_owned();
            let written = text
                .split('\n')
                .nth(usize::try_from(number).unwrap() - 1)
                .unwrap();
            let written = written.replace('\t', "    ").replace('\r', "");
            let parts: Vec<&str> = shown.split("***").collect();
            let mut rest = written.as_str();
            for part in &parts {
                let part = part.trim_matches('…');
                let clean = part.replace('\u{fffd}', "");
                assert!(
                    part != clean || rest.contains(part),
                    "{file}: {shown:?} is not {written:?}"
                );
                rest = rest.split_once(part).map_or(rest, |(_, rest)| rest);
            }
        }
    }
}

#[test]
fn what_is_too_long_is_not_read() {
    let folder = std::env::temp_dir().join(format!("bowout-long-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, option) in [("long.toml", "--config"), ("Procfile", "--procfile")] {
        std::fs::write(folder.join(name), vec![b'#'; (1 << 20) + 1]).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_bowout-init"))
            .args(["--check", option, name])
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(&format!("cannot read {name}: it is too long")),
            "{said}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
