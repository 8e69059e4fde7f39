//! Shows that no input brings the importer down, and that all it writes can be read.

use super::source::{KINDS, Source};
use crate::chance::Numbers;
use bowout_init::assemble::Place;
use std::path::{Path, PathBuf};

/// What is put into inputs: all that means something in one of the dialects.
const PIECES: [&str; 58] = [
    "\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    ":",
    "=",
    "-",
    "- ",
    "?",
    ",",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "\\",
    "\\0",
    "#",
    ";",
    " ;",
    "%",
    "%%",
    "%(",
    "%(ENV_X)s",
    "%(process_num)02d",
    "$",
    "$$",
    "${",
    "${X",
    "${X:-",
    "${X:-y}",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "|\n",
    ">-\n",
    "---\n",
    "\u{feff}",
    "é",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "[program:x]\n",
    "[include]\nfiles=*\n",
    "numprocs=9\n",
    "command=",
    "services:\n",
    "  x:\n",
    "depends_on:",
    "null",
    "-1",
    "99999999999999999999",
    "true",
    "''",
];

fn seeds() -> Vec<PathBuf> {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    found.retain(|path| {
        let end = path
            .extension()
            .and_then(|end| end.to_str())
            .unwrap_or_default();
        !matches!(end, "toml" | "stderr")
    });
    found.sort();
    found
}

fn mutate(text: &str, numbers: &mut Numbers) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if numbers.below(4) == 0 {
        letters.truncate(numbers.below(letters.len() + 1));
    }
    for _ in 0..numbers.below(6) {
        let at = numbers.below(letters.len() + 1);
        let to = (at + numbers.below(20)).min(letters.len());
        match numbers.below(4) {
            0 => drop(letters.drain(at..to)),
            1 => {
                let copy = letters[at..to].to_vec();
                let place = numbers.below(letters.len() + 1);
                letters.splice(place..place, copy);
            }
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                letters.splice(at..at, piece.chars());
            }
        }
    }
    letters.into_iter().collect()
}

/// `BOWOUT_IMPORT_MUTATIONS=10000` looks at more of them.
#[test]
fn nothing_brings_it_down_and_all_that_it_writes_can_be_read() {
    let count = std::env::var("BOWOUT_IMPORT_MUTATIONS");
    let count: u64 = count
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(100);
    let seeds = seeds();
    assert!(seeds.len() > 40, "{}", seeds.len());
    let (mut made, mut refused) = (0, 0);
    for path in seeds {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for seed in 1..=count {
            let mut numbers = Numbers::new(seed);
            let text = mutate(&text, &mut numbers);
            for (name, kind) in KINDS {
                let source = Source::new("input", None, &text);
                match super::convert(&source, Some(kind)) {
                    Ok(toml) => {
                        made += 1;
                        is_read(
                            &toml.text,
                            &format!("{name} {} {seed}\n{text}", path.display()),
                        );
                    }
                    Err(faults) => {
                        refused += 1;
                        assert!(!faults.is_empty(), "{name} {} {seed}", path.display());
                    }
                }
            }
        }
    }
    assert!(made > 500 && refused > 500, "{made} {refused}");
}

fn is_read(toml: &str, from: &str) {
    let variable = |_: &str| Some("1".to_owned());
    let read = bowout_init::file::read_text(Path::new("bowout.toml"), toml, &variable);
    let problems = match read {
        Ok(settings) => {
            let plan = bowout_init::assemble::plan_of(&settings, Place::CONTAINER);
            assert!(plan.is_ok(), "{plan:?}\n{toml}\n{from}");
            return;
        }
        Err(problems) => problems,
    };
    // What a variable holds nobody knows when the file is imported.
    let mut messages = problems.iter().map(|problem| problem.message.as_str());
    if !messages.all(|message| message.contains("with its variables put in")) {
        panic!("{problems}\n{toml}\n{from}");
    }
}
