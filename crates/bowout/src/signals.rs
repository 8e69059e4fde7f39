//! `bowout signals`: the table of signals, and what a PID 1 does with each.

use bowout_core::Signal;
use bowout_core::signal::DefaultAction;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

#[derive(Serialize)]
struct Row {
    number: u8,
    name: String,
    /// What the kernel does in a process without a handler (signal(7)).
    default: &'static str,
    /// What it does in a PID 1 without a handler (kill(2), pid_namespaces(7)).
    at_pid_1: &'static str,
    /// What bowout does with it.
    bowout: &'static str,
}

/// Prints the table.
pub(crate) fn run(json: bool) -> u8 {
    let rows: Vec<Row> = Signal::all().map(row).collect();
    let mut stdout = std::io::stdout();
    let text = match json {
        true => serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n",
        false => table(
            &rows,
            stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        ),
    };
    match stdout.write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn row(signal: Signal) -> Row {
    let default = signal.default_action();
    Row {
        number: signal.number(),
        name: signal.to_string(),
        default: match default {
            DefaultAction::Terminate => "ends",
            DefaultAction::Core => "ends, core dump",
            DefaultAction::Ignore => "ignored",
            DefaultAction::Stop => "stops",
            DefaultAction::Continue => "goes on",
        },
        at_pid_1: match (signal, default) {
            // From the parent namespace these two always work.
            (Signal::KILL | Signal::STOP, _) => "dropped from inside, works from outside",
            (_, DefaultAction::Continue) => "goes on",
            (_, DefaultAction::Ignore) => "ignored",
            (_, DefaultAction::Terminate | DefaultAction::Core | DefaultAction::Stop) => "dropped",
        },
        bowout: match signal {
            Signal::KILL | Signal::STOP => "can't be caught",
            Signal::CHLD => "reaps",
            Signal::TERM | Signal::INT => "begins the stop",
            signal if signal.is_terminal_stop() => "stops the command, and itself if not PID 1",
            _ => "forwards",
        },
    }
}

fn table(rows: &[Row], bold: bool) -> String {
    let (on, off) = if bold {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    let mut text = String::new();
    _ = writeln!(
        text,
        "{on}{:>2}  {:<11}  {:<15}  {:<40}  BOWOUT{off}",
        "NR", "NAME", "DEFAULT", "PID 1 WITHOUT A HANDLER"
    );
    for row in rows {
        _ = writeln!(
            text,
            "{:>2}  {:<11}  {:<15}  {:<40}  {}",
            row.number, row.name, row.default, row.at_pid_1, row.bowout
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_why_containers_hang() {
        let term = row(Signal::TERM);
        assert_eq!(
            (term.default, term.at_pid_1, term.bowout),
            ("ends", "dropped", "begins the stop")
        );
        let rows: Vec<Row> = Signal::all().map(row).collect();
        assert_eq!(table(&rows, false).lines().count(), 65);
        assert!(!table(&rows, false).contains('\x1b') && table(&rows, true).contains('\x1b'));
    }
}
