//! Prints who passes what: every case that any init can take, against every init that is installed.
//!
//! `cargo run -p conformance --bin who-passes [INIT…]`, where an INIT is a command line as in
//! `'tini -g --'`. Without any it is `bowout-init`, the well-known ones, and none.

use std::collections::BTreeMap;
use std::env;
use std::panic;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use conformance::Init;
use conformance::case::Verdict;
use conformance::cases::CASES;

/// The command lines of the inits that are asked when none is given.
const PEERS: &[&str] = &[
    "tini --",
    "tini -g --",
    "dumb-init --",
    "dumb-init -c --",
    "catatonit --",
    "catatonit -g --",
];

/// Cases wait far more than they work.
const AT_ONCE: usize = 6;

/// A hang is a common verdict here, so less than a test would wait; twice what the longest case takes.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let given: Vec<String> = env::args().skip(1).collect();
    let inits: Vec<(String, Init)> = if given.is_empty() {
        let installed = PEERS.iter().filter(|line| is_installed(line));
        let peers = installed.map(|line| ((*line).to_owned(), Init::parse(line)));
        let ours = ("bowout-init --".to_owned(), Init::bowout());
        let none = ("no init".to_owned(), Init::parse(""));
        std::iter::once(ours).chain(peers).chain([none]).collect()
    } else {
        given
            .into_iter()
            .map(|line| (line.clone(), Init::parse(&line)))
            .collect()
    };
    conformance::expect_hangs(PATIENCE);
    // A case that fails is a cell of the table and no news.
    panic::set_hook(Box::new(|_| {}));
    let verdicts = ask(&inits);
    print_table(&inits, &verdicts);
    print_reasons(&inits, &verdicts);
    let first_fails =
        (0..CASES.len()).any(|case| matches!(verdicts[&(case, 0)], Verdict::Failed(_)));
    ExitCode::from(u8::from(first_fails))
}

type Verdicts = BTreeMap<(usize, usize), Verdict>;

fn ask(inits: &[(String, Init)]) -> Verdicts {
    let verdicts = Mutex::new(Verdicts::new());
    let next = AtomicUsize::new(0);
    let count = CASES.len() * inits.len();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    // All inits of a case one after the other, so that they meet the same weather.
                    let (case, init) = (number / inits.len(), number % inits.len());
                    let verdict = CASES[case].hold(&inits[init].1);
                    verdicts
                        .lock()
                        .expect("a thread panicked")
                        .insert((case, init), verdict);
                }
            });
        }
    });
    verdicts.into_inner().expect("a thread panicked")
}

fn print_table(inits: &[(String, Init)], verdicts: &Verdicts) {
    let names: Vec<_> = inits
        .iter()
        .map(|(line, _)| line.trim_end_matches(" --"))
        .collect();
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    let mut group = "";
    for (number, case) in CASES.iter().enumerate() {
        if case.group != group {
            group = case.group;
            println!(
                "| **{}** |{}",
                group.replace('_', " "),
                " |".repeat(names.len())
            );
        }
        let cells: Vec<_> = (0..inits.len())
            .map(|init| match verdicts[&(number, init)] {
                Verdict::Passed => "pass",
                Verdict::Failed(_) => "**FAIL**",
                Verdict::Skipped(_) => "skipped",
            })
            .collect();
        println!(
            "| {} | {} |",
            case.name.replace('_', " "),
            cells.join(" | ")
        );
    }
    let totals: Vec<_> = (0..inits.len())
        .map(|init| {
            let cases = 0..CASES.len();
            let passed = cases
                .filter(|&case| verdicts[&(case, init)] == Verdict::Passed)
                .count();
            format!("**{passed} of {}**", CASES.len())
        })
        .collect();
    println!("| **total** | {} |", totals.join(" | "));
}

/// To the other stream, so that the table can be put into a file.
fn print_reasons(inits: &[(String, Init)], verdicts: &Verdicts) {
    for (&(case, init), verdict) in verdicts {
        let (word, reason) = match verdict {
            Verdict::Passed => continue,
            Verdict::Failed(reason) => ("FAIL", reason),
            Verdict::Skipped(reason) => ("SKIP", reason),
        };
        let reason = reason.trim().replace('\n', " ");
        eprintln!("{word} {} · {}: {reason}", inits[init].0, CASES[case].name);
    }
}

fn is_installed(line: &str) -> bool {
    let program = line.split(' ').next().unwrap_or(line);
    let found = Command::new("which")
        .arg(program)
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}
