//! Makes one mistake after the other in a copy of this crate, and says which of them its tests catch.
//!
//! `cargo run -p bowout-core --example mutants [WORD…]`; with words, only mutants that have one of them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;
use std::{env, fs};

/// One deliberate mistake.
struct Mutant<'a> {
    file: &'a str,
    old: &'a str,
    new: &'a str,
    why: &'a str,
}

/// What a run of tests said.
enum Said {
    Passed,
    /// The first test that failed.
    Failed(String),
    NoRust,
}

/// Test programs, quick ones first: what is built and run in two seconds catches most.
const STAGES: [&[&str]; 3] = [
    &["--profile", "quick", "--lib", "--test", "scenarios"],
    &["--test", "simulate", "--test", "totality"],
    &["--test", "explore"],
];

/// Seconds for one stage, its build included: a mutant that hangs is caught, too.
const LONGEST: &str = "300";

/// Enough for most mutants; the search over all states catches the rest.
const SEEDS: &str = "3000";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(source.join("mutants/list.txt")).expect("mutants/list.txt");
    let copy = env::temp_dir().join(format!("bowout-core-mutants-{}", std::process::id()));
    let root = copy.join("crate");
    copy_tree(source, &root).expect("cannot copy the crate");
    stand_alone(&root);
    let mut left = read(&list);
    left.retain(|mutant| {
        let text = format!("{} {} {}", mutant.file, mutant.old, mutant.why);
        words.is_empty() || words.iter().any(|word| text.contains(word.as_str()))
    });
    let all = left.len();
    let mut useless = 0;
    for stage in STAGES.iter().filter(|_| all > 0) {
        if left.is_empty() {
            break;
        }
        // That they pass without a mutant is what makes a failure say anything.
        match tests(&root, stage) {
            Said::Passed => {}
            Said::Failed(test) => panic!("{test} fails without a mutant"),
            Said::NoRust => panic!("the crate does not compile"),
        }
        left.retain(|mutant| {
            let begun = Instant::now();
            let said = match judge(mutant, &root, stage) {
                Ok(Said::Passed) => return true,
                Ok(Said::Failed(test)) => test,
                Ok(Said::NoRust) => {
                    useless += 1;
                    "USELESS: it does not compile".to_owned()
                }
                Err(why) => {
                    useless += 1;
                    format!("USELESS: {why}")
                }
            };
            let seconds = begun.elapsed().as_secs_f32();
            println!("{seconds:>5.1} s  {}\n         {said}", mutant.why);
            false
        });
    }
    for mutant in &left {
        println!("SURVIVED {}\n         {}", mutant.why, mutant.old);
    }
    fs::remove_dir_all(&copy).ok();
    let bad = left.len() + useless;
    println!("{all} mutants, {bad} not caught");
    ExitCode::from(u8::from(bad > 0 || all == 0))
}

fn read(list: &str) -> Vec<Mutant<'_>> {
    let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let blocks = lines
        .split(|line| line.trim().is_empty())
        .filter(|block| !block.is_empty());
    blocks
        .map(|block| match *block {
            [file, old, new, why] => Mutant {
                file,
                old,
                new,
                why,
            },
            _ => panic!("a mutant has four lines: {block:?}"),
        })
        .collect()
}

/// Runs the tests of a stage on a mutant; an error: it can't be made.
fn judge(mutant: &Mutant<'_>, root: &Path, stage: &[&str]) -> Result<Said, String> {
    let (path, file) = (root.join(mutant.file), mutant.file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
    let is_it = |line: &str| line.trim() == mutant.old;
    let found = text.lines().filter(|line| is_it(line)).count();
    if found != 1 {
        return Err(format!("{file} has {found} times: {}", mutant.old));
    }
    let swapped = text.lines().map(|line| match is_it(line) {
        true => mutant.new,
        false => line,
    });
    let mutated: Vec<&str> = swapped.collect();
    fs::write(&path, mutated.join("\n") + "\n").expect("cannot write the mutant");
    let said = tests(root, stage);
    fs::write(&path, text).expect("cannot undo the mutant");
    Ok(said)
}

/// Builds and runs one stage.
fn tests(root: &Path, stage: &[&str]) -> Said {
    if !cargo(root, &[stage, &["--no-run"]].concat())
        .status
        .success()
    {
        return Said::NoRust;
    }
    let output = cargo(root, stage);
    if output.status.success() {
        return Said::Passed;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let failed = lines.find_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"));
    let program = stage.last().unwrap_or(&"");
    Said::Failed(failed.map_or_else(|| format!("{program} does not end"), str::to_owned))
}

fn cargo(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg(LONGEST);
    command.arg(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg("test").arg("--quiet").args(arguments);
    command.current_dir(root);
    command.env("CARGO_TARGET_DIR", target());
    command.env("BOWOUT_SIM_SEEDS", SEEDS);
    command.output().expect("cannot run cargo")
}

/// One for all mutants, and for the next run.
fn target() -> PathBuf {
    env::temp_dir().join("bowout-core-mutants-target")
}

/// The copy is a workspace of its own: optimised where tests run long, and not where the build takes longer.
fn stand_alone(root: &Path) {
    let path = root.join("Cargo.toml");
    let text = fs::read_to_string(&path).expect("Cargo.toml");
    let own = |line: &str| match line.trim() {
        "version.workspace = true" => "version = \"0.0.0\"".to_owned(),
        "edition.workspace = true" => "edition = \"2024\"".to_owned(),
        "[lints]" | "workspace = true" => String::new(),
        line if line.ends_with(".workspace = true") => String::new(),
        line => line.to_owned(),
    };
    let lines: Vec<String> = text.lines().map(own).collect();
    let profile = "[workspace]\n[profile.dev]\nopt-level = 1\ndebug = false\n\
        [profile.quick]\ninherits = \"dev\"\nopt-level = 0\n";
    fs::write(path, lines.join("\n") + "\n" + profile).expect("cannot write Cargo.toml");
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
