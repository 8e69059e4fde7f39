//! Measures every scenario under every init of this machine and prints the table as Markdown.
//!
//! Each further argument is one init (`table "tini -g" bowout-init`); without any: none and all that are installed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::program::Program;
use conformance_docker::scenario::{Scenario, Shape};

const NONE: &str = "none";
const INITS: [&str; 7] = [
    NONE,
    "tini",
    "tini -g",
    "dumb-init",
    "catatonit",
    "catatonit -g",
    "bowout-init",
];

/// Most scenarios only wait, ten seconds of them where an init fails.
const AT_A_TIME: usize = 6;

/// A row counts units that end gracefully or not: programs, or workers of a master.
struct Row {
    title: String,
    scenarios: Vec<Scenario>,
}

#[derive(Default, Clone, Copy)]
struct Cell {
    graceful: usize,
    of: usize,
    slowest: Duration,
}

fn rows() -> Vec<Row> {
    let of = |shape: Shape, shell: &str, title: &str| Row {
        title: title.to_owned(),
        scenarios: Program::ALL
            .map(|program| Scenario::new(Image::Debian, shell, shape, program))
            .to_vec(),
    };
    let mut rows: Vec<Row> = Shape::ALL
        .map(|shape| of(shape, "/bin/sh", shape.title()))
        .into_iter()
        .collect();
    // Beside its like: the fifth row is the blocked trap in dash.
    let bash = of(Shape::TrapForeground, "/bin/bash", "the same trap in bash");
    rows.insert(5, bash);
    for (waits, workers) in [(true, 100), (false, 1), (false, 100), (false, 1000)] {
        let scenario = Scenario::master(waits, workers);
        rows.push(Row {
            title: scenario.title.clone(),
            scenarios: vec![scenario],
        });
    }
    rows
}

fn measure(engine: &Engine, init: Option<&Init>, row: &Row) -> Cell {
    let mut cell = Cell::default();
    for scenario in &row.scenarios {
        if init.is_none() && scenario.frozen.is_some() {
            // PID 1 can't be stopped from inside its own namespace: without an init there is no such case.
            continue;
        }
        let outcome = scenario.run(engine, init);
        let workers = |event: &str| {
            outcome
                .stop
                .records
                .iter()
                .filter(|record| record.name.starts_with("worker-") && record.event == event)
                .count()
        };
        if workers("ready") > 0 {
            cell.of += workers("ready");
            cell.graceful += workers("done");
        } else {
            cell.of += 1;
            cell.graceful += usize::from(outcome.graceful());
        }
        cell.slowest = cell.slowest.max(outcome.stop.elapsed);
    }
    cell
}

fn render(titles: &[String], rows: &[Row], cells: &BTreeMap<(usize, usize), Cell>) -> String {
    let mut text = format!(
        "| scenario | {} |\n|---|{}\n",
        titles.join(" | "),
        "---|".repeat(titles.len())
    );
    for (number, row) in rows.iter().enumerate() {
        text += &format!("| {} |", row.title);
        for column in 0..titles.len() {
            let cell = cells.get(&(number, column)).copied().unwrap_or_default();
            text += &match cell.of {
                0 => " – |".to_owned(),
                of => format!(
                    " {} of {of}, {:.2} s |",
                    cell.graceful,
                    cell.slowest.as_secs_f32()
                ),
            };
        }
        text += "\n";
    }
    text += "| **all rows graceful** |";
    for column in 0..titles.len() {
        let measured = || {
            (0..rows.len()).filter_map(|row| cells.get(&(row, column)).filter(|cell| cell.of > 0))
        };
        let whole = measured().filter(|cell| cell.graceful == cell.of).count();
        text += &format!(" **{whole} of {}** |", measured().count());
    }
    text + "\n"
}

fn main() -> ExitCode {
    let Some(engine) = Engine::or_skip() else {
        return ExitCode::SUCCESS;
    };
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = if named.is_empty() {
        INITS.map(str::to_owned).to_vec()
    } else {
        named.clone()
    };
    let mut inits = Vec::new();
    for name in wanted {
        match (name.as_str(), Init::parse(&name)) {
            (NONE, _) => inits.push(("no init".to_owned(), None)),
            (_, Ok(init)) => inits.push((init.title(), Some(init))),
            (_, Err(error)) if named.is_empty() => eprintln!("left out: {error}"),
            (_, Err(error)) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let rows = rows();
    let jobs: Vec<(usize, usize)> = (0..rows.len())
        .flat_map(|row| (0..inits.len()).map(move |column| (row, column)))
        .collect();
    let queue = Mutex::new(jobs.into_iter());
    let cells = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("a worker failed").next();
                    let Some((row, column)) = next else { return };
                    let (title, init) = &inits[column];
                    let cell = measure(&engine, init.as_ref(), &rows[row]);
                    eprintln!(
                        "{}, {title}: {} of {}",
                        rows[row].title, cell.graceful, cell.of
                    );
                    cells
                        .lock()
                        .expect("a worker failed")
                        .insert((row, column), cell);
                }
            });
        }
    });
    let titles: Vec<String> = inits.into_iter().map(|(title, _)| title).collect();
    println!(
        "Gracefully ended (of five programs, or of the workers), and the longest stop, of `docker stop` with 10 s.\n"
    );
    print!(
        "{}",
        render(
            &titles,
            &rows,
            &cells.into_inner().expect("a worker failed")
        )
    );
    ExitCode::SUCCESS
}
