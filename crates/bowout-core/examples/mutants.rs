//! Makes one mistake after the other in a copy of this crate, and says which of them its tests catch.
//!
//! `cargo run -p bowout-core --example mutants [WORD]`; with a word, only mutants that have it.

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

/// What the tests made of a mutant.
enum Verdict {
    /// By this test.
    Caught(String),
    Survived,
    /// The line is not there exactly once, or the mutant is no Rust.
    Useless(String),
}

/// What a run of tests said.
enum Said {
    Passed,
    /// The first test that failed.
    Failed(String),
    NoRust,
}

/// Test programs, quick ones first: what is built and run in two seconds catches most.
const STAGES: [&[&str]; 4] = [
    &["--profile", "quick", "--lib", "--test", "scenarios"],
    &["--test", "simulate"],
    &["--test", "totality"],
    &["--test", "explore"],
];

/// Seconds for one stage, its build included: a mutant that hangs is caught, too.
const LONGEST: &str = "300";

/// Enough for most mutants; the search over all states catches the rest.
const SEEDS: &str = "3000";

fn main() -> ExitCode {
    let word = env::args().nth(1).unwrap_or_default();
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(source.join("mutants/list.txt")).expect("mutants/list.txt");
    let copy = env::temp_dir().join(format!("bowout-core-mutants-{}", std::process::id()));
    copy_tree(source, &copy.join("crate")).expect("cannot copy the crate");
    stand_alone(&copy.join("crate"));
    let mut sound = [false; STAGES.len()];
    let (mut all, mut bad) = (0, 0);
    for mutant in read(&list) {
        if !format!("{} {} {}", mutant.file, mutant.old, mutant.why).contains(&word) {
            continue;
        }
        all += 1;
        let begun = Instant::now();
        let said = match judge(&mutant, &copy, &mut sound) {
            Verdict::Caught(by) => by,
            Verdict::Survived => {
                bad += 1;
                "SURVIVED".to_owned()
            }
            Verdict::Useless(why) => {
                bad += 1;
                format!("USELESS: {why}")
            }
        };
        let seconds = begun.elapsed().as_secs_f32();
        println!("{seconds:>5.1} s  {}\n         {said}", mutant.why);
    }
    fs::remove_dir_all(&copy).ok();
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

fn judge(mutant: &Mutant<'_>, copy: &Path, sound: &mut [bool]) -> Verdict {
    let path = copy.join("crate").join(mutant.file);
    let Ok(text) = fs::read_to_string(&path) else {
        return Verdict::Useless(format!("there is no {}", mutant.file));
    };
    let is_it = |line: &&str| line.trim() == mutant.old;
    let found = text.lines().filter(is_it).count();
    if found != 1 {
        let (file, old) = (mutant.file, mutant.old);
        return Verdict::Useless(format!("{file} has {found} times: {old}"));
    }
    let swap = |line: &str| {
        if line.trim() == mutant.old {
            mutant.new.to_owned()
        } else {
            line.to_owned()
        }
    };
    let mutated: Vec<String> = text.lines().map(swap).collect();
    let mutated = mutated.join("\n") + "\n";
    for (stage, sound) in STAGES.iter().zip(sound) {
        // That the tests pass without it is what makes a failure say anything.
        if !*sound {
            match tests(copy, stage) {
                Said::Passed => *sound = true,
                Said::Failed(test) => panic!("{test} fails without a mutant"),
                Said::NoRust => panic!("the crate does not compile"),
            }
        }
        fs::write(&path, &mutated).expect("cannot write the mutant");
        let said = tests(copy, stage);
        fs::write(&path, &text).expect("cannot undo the mutant");
        match said {
            Said::Passed => {}
            Said::Failed(test) => return Verdict::Caught(test),
            Said::NoRust => return Verdict::Useless("it does not compile".to_owned()),
        }
    }
    Verdict::Survived
}

/// Builds and runs one stage.
fn tests(copy: &Path, stage: &[&str]) -> Said {
    if !cargo(copy, &[stage, &["--no-run"]].concat())
        .status
        .success()
    {
        return Said::NoRust;
    }
    let output = cargo(copy, stage);
    if output.status.success() {
        return Said::Passed;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let failed = lines.find_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"));
    let program = stage.last().unwrap_or(&"");
    Said::Failed(failed.map_or_else(|| format!("{program} does not end"), str::to_owned))
}

fn cargo(copy: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg(LONGEST);
    command.arg(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg("test").arg("--quiet").args(arguments);
    command.current_dir(copy.join("crate"));
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
