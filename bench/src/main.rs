//! Compares bowout-init with every installed peer: `cargo run --release -p bench -- init`, or `-- supervisors`.

mod cgroup;
mod elf;
mod entrant;
mod figure;
mod json;
mod machine;
mod markdown;
mod measure;
mod options;
mod programs;
mod samples;
mod shuffle;
mod stage;
mod statistics;
mod supervisors;
mod svg;
mod verdict;

use std::process::ExitCode;

use crate::options::{Options, Request, Subject};
use crate::verdict::Met;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(Request::Compare(options)) => options,
        Ok(Request::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("bench: {why}\ntry: bench --help");
            return ExitCode::from(125);
        }
    };
    match compare(&options) {
        Ok(met) if met || !options.check => ExitCode::SUCCESS,
        Ok(_) => {
            eprintln!("bench: not every target is met (--check)");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::from(125)
        }
    }
}

/// Measures, judges and writes; true when every target that could be judged is met.
fn compare(options: &Options) -> Result<bool, String> {
    let programs = programs::build(options.bowout.as_deref())?;
    let figures = options.subject.figures();
    let known: Vec<&str> = figures.iter().map(|figure| figure.group).collect();
    let (groups, names): (Vec<&String>, Vec<&String>) = options
        .only
        .iter()
        .partition(|only| known.contains(&only.as_str()));
    let machine = machine::describe();
    eprintln!("{machine}");
    let chosen = |group: &str| groups.is_empty() || groups.iter().any(|only| *only == group);
    let (entrants, samples) = match options.subject {
        Subject::Init => {
            let entrants = entrant::discover(&programs.bowout, &names)?;
            let samples = measure::all(&programs, &entrants, options.runs, chosen);
            (entrants, samples)
        }
        Subject::Supervisors => supervisors::measure(&programs, &names, options, chosen)?,
    };

    let mut comparison = verdict::judge(options.subject, &entrants, &samples, machine);
    // Start and exit are measured in one life, and only one may be asked for.
    comparison.rows.retain(|row| chosen(row.figure.group));
    let markdown = markdown::render(&comparison);
    print!("{}", markdown::aligned(&markdown));
    let outputs = [
        (&options.markdown, markdown),
        (&options.json, json::render(&comparison)),
        (&options.svg, svg::render(&comparison)),
    ];
    for (path, text) in outputs {
        if let Some(path) = path {
            std::fs::write(path, text)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            eprintln!("wrote {}", path.display());
        }
    }
    Ok(comparison.rows.iter().all(|row| row.verdict.met != Met::No))
}
