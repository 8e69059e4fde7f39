//! Writes down what a start, a signal, a stop and an end of bowout-init use, so that the linker puts it
//! side by side: first with one command, then what services need beside that.
//!
//! What is used after the start comes first, since that is what stays in memory (`bowout_sys::memory`).
//!
//! The kernel brings a program in by windows of 16 pages. What those use lies scattered over all of the
//! program unless somebody says otherwise; together it takes a few windows.

use crate::{FOREIGN, NATIVE, PROGRAMS, Result, cargo, root, run, target_dir};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the program is linked to, and nothing else in its address space is.
const IMAGE: std::ops::Range<u64> = 0x20_0000..0x80_0000;

/// What marks the end of a start.
const FORGETS: &str = "bowout_sys::memory::forget_text";

/// A variable that is larger than this goes last, so that the small ones share a page.
const LARGE: u64 = 4096;

/// What bowout-init is called with, and whether it is PID 1.
type Scenario = (bool, &'static [&'static str]);

/// One command.
const COMMANDS: &[Scenario] = &[
    // Long enough that it forgets, and so short that it does not.
    (false, &["--", "/bin/sleep", "3"]),
    (true, &["--", "/bin/sleep", "3"]),
    (false, &["--", "/bin/true"]),
    (true, &["--", "/bin/true"]),
    (
        true,
        &[
            "--",
            "/bin/sh",
            "-c",
            "trap 'exit 0' USR1; kill -USR1 $PPID; while :; do sleep 1; done",
        ],
    ),
    (true, &["--", "/bin/sh", "-c", "kill -TERM $PPID; sleep 60"]),
];

/// Services.
const SUPERVISED: Scenario = (true, &["--config", SERVICES.0]);

/// Those services: some that run, one that ends and is started again, one that asks how they
/// are, and one that has all of it stopped.
const SERVICES: (&str, &str) = (
    "/tmp/bowout-order.toml",
    r#"
control = "/tmp/bowout-order.sock"
[service.web]
command = ["/bin/sleep", "1000"]
depends_on = ["db"]
[service.db]
command = ["/bin/sleep", "1000"]
[service.worker]
command = ["/bin/sleep", "1000"]
restart = "always"
[service.again]
command = ["/bin/sh", "-c", "exit 1"]
restart = "always"
restart_delay = "100ms"
[service.asks]
command = ["PROGRAM", "ctl", "status"]
restart = "no"
essential = false
[service.stops]
command = ["/bin/sh", "-c", "sleep 5; kill -TERM 1; sleep 60"]
"#,
);

/// A name in the program: how long it is, and what it is called by people.
struct Symbol {
    name: String,
    spoken: String,
    size: u64,
    is_variable: bool,
}

/// What lies side by side: what one command uses after the start and before, what services use after the start
/// and before, and what is large.
type Parts = [Vec<String>; 5];

pub(crate) fn write() -> Result<()> {
    let (mut native, mut foreign) = (Parts::default(), Parts::default());
    // Names have a hash in them of what is built along, since that decides on features of libraries. A program
    // has those of one build, and each part has to lie together in either.
    for packages in [&PROGRAMS[..1], &PROGRAMS[..]] {
        let program = build_with_names(NATIVE, packages)?;
        let symbols = names(&program)?;
        let mut parts = Vec::new();
        for scenarios in [COMMANDS, &[SUPERVISED]] {
            let mut used = Used::default();
            for scenario in scenarios {
                trace(&program, *scenario, &symbols, &mut used)?;
            }
            parts.extend([used.after, used.before]);
        }
        // On the other architecture the same functions have other names, which are spoken alike.
        let others = names(&build_with_names(FOREIGN, packages)?)?;
        for (part, used) in parts.iter().enumerate() {
            for symbol in used.iter().flat_map(|address| &symbols[address]) {
                let is_large = symbol.is_variable && symbol.size > LARGE;
                let part = if is_large { parts.len() } else { part };
                native[part].push(symbol.name.clone());
                let alike = others.values().flatten();
                let alike = alike.filter(|other| other.spoken == symbol.spoken);
                foreign[part].extend(alike.map(|other| other.name.clone()));
            }
        }
    }
    let (native, foreign) = (native.concat(), foreign.concat());
    save(NATIVE, native)?;
    save(FOREIGN, foreign)?;
    // Cargo does not know of the lists, and would take what it has linked by the old ones.
    [NATIVE, FOREIGN].into_iter().try_for_each(|target| {
        cargo(&[
            "clean",
            "--quiet",
            "--release",
            "--target",
            target,
            "--package",
            "bowout-init",
        ])
    })
}

/// The names are told to stay by a flag and not by the profile, whose hash is in them as well.
fn build_with_names(target: &str, packages: &[&str]) -> Result<PathBuf> {
    let strip = format!("target.{target}.rustflags=['-C','strip=none']");
    let mut arguments = vec!["build", "--quiet", "--release", "--target", target];
    arguments.extend(["--config", &strip]);
    for package in packages {
        arguments.extend(["--package", package]);
    }
    cargo(&arguments)?;
    Ok(target_dir().join(target).join("release/bowout-init"))
}

/// All names by address. Several can have one.
fn names(program: &Path) -> Result<BTreeMap<u64, Vec<Symbol>>> {
    let list = |options: &[&str]| {
        let mut nm = Command::new("nm");
        nm.args(options)
            .args(["--defined-only", "--no-sort", "--print-size"])
            .arg(program);
        let output = nm
            .output()
            .map_err(|error| format!("cannot run nm: {error}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (written, spoken) = (list(&[])?, list(&["--demangle"])?);
    let mut names: BTreeMap<u64, Vec<Symbol>> = BTreeMap::new();
    for (written, spoken) in written.lines().zip(spoken.lines()) {
        // Address, size where there is one, kind, name; a spoken name has spaces.
        let words: Vec<&str> = written.split(' ').collect();
        let [address, .., kind, name] = words[..] else {
            continue;
        };
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let Some(address) = number(address) else {
            continue;
        };
        names.entry(address).or_default().push(Symbol {
            is_variable: matches!(kind, "b" | "B"),
            name: name.to_owned(),
            spoken: spoken
                .splitn(words.len(), ' ')
                .last()
                .unwrap_or_default()
                .to_owned(),
            size: if words.len() > 3 {
                number(words[1]).unwrap_or(0)
            } else {
                0
            },
        });
    }
    Ok(names)
}

/// What was used, in the order of its first use, by addresses.
#[derive(Default)]
struct Used {
    /// Before the program forgot its text.
    before: Vec<u64>,
    /// After that: it stays in memory.
    after: Vec<u64>,
}

/// Runs a scenario under a machine that writes down each access, and adds what is used for the first time.
fn trace(
    program: &Path,
    (as_init, command): Scenario,
    symbols: &BTreeMap<u64, Vec<Symbol>>,
    used: &mut Used,
) -> Result<()> {
    let log = target_dir().join("accesses");
    let services = SERVICES
        .1
        .replace("PROGRAM", &program.display().to_string());
    fs::write(SERVICES.0, services)
        .map_err(|error| format!("cannot write {}: {error}", SERVICES.0))?;
    let mut words = vec!["unshare", "--pid", "--fork", "--mount-proc"];
    if !as_init {
        words.truncate(0);
    }
    let log_option = format!("--log-file={}", log.display());
    words.extend(["valgrind", "--tool=lackey", "--trace-mem=yes", &log_option]);
    let mut traced = Command::new(words[0]);
    traced.args(&words[1..]).arg(program).args(command);
    // What most containers have; a desk has ten times as much.
    traced
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/root")]);
    traced.stdin(Stdio::null()).stdout(Stdio::null());
    // The code is the command's; that valgrind is there is seen by its log.
    _ = run(&mut traced);
    let text = fs::read(&log)
        .map_err(|error| format!("no trace: {error}; is valgrind there, and is this root?"))?;
    _ = fs::remove_file(&log);
    _ = fs::remove_file(SERVICES.0);
    let mut is_after = false;
    let mut known: [BTreeSet<u64>; 2] =
        [&used.before, &used.after].map(|used| used.iter().copied().collect());
    for line in text.split(|byte| *byte == b'\n') {
        let Some(address) = accessed(line) else {
            continue;
        };
        let Some((start, at)) = symbols.range(..=address).next_back() else {
            continue;
        };
        is_after |= at.iter().any(|symbol| symbol.spoken == FORGETS);
        // Constants without a name lie behind the last one that has one.
        let size = at.iter().map(|symbol| symbol.size).max().unwrap_or(0);
        if (size == 0 || address < start + size) && known[usize::from(is_after)].insert(*start) {
            match is_after {
                true => used.after.push(*start),
                false => used.before.push(*start),
            }
        }
    }
    Ok(())
}

/// ` L 0123abcd,8`: load, store, modify; `I  0123abcd,3`: an instruction.
fn accessed(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let (kind, place) = text.split_at_checked(3)?;
    let is_access = matches!(kind, "I  " | " L " | " S " | " M ");
    let address = u64::from_str_radix(place.split(',').next()?.trim(), 16).ok()?;
    Some(address).filter(|address| is_access && IMAGE.contains(address))
}

fn save(target: &str, mut names: Vec<String>) -> Result<()> {
    let architecture = target.split('-').next().unwrap_or(target);
    let path = root()
        .join(".cargo")
        .join(format!("order-{architecture}.txt"));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    let old = fs::read_to_string(&path).unwrap_or_default();
    let old: BTreeSet<&str> = old.lines().collect();
    let new = names.iter().filter(|name| !old.contains(name.as_str()));
    println!(
        "{}: {} names, {} of them new",
        path.display(),
        names.len(),
        new.count()
    );
    fs::write(&path, names.join("\n") + "\n")
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
