//! Renders a comparison as markdown: the table, then each target with its verdict.

use std::fmt::Write as _;

use crate::elf::Linked;
use crate::entrant::{Entrant, Role};
use crate::figure::{Id, Target};
use crate::verdict::{Cell, Comparison, Met, Row};

/// The whole text.
pub(crate) fn render(comparison: &Comparison) -> String {
    let mut text = format!(
        "{}\n\n{}\n\n",
        comparison.machine,
        versions(&comparison.entrants)
    );
    text += "Medians of one interleaved run, with the middle half of the samples in brackets; the best peer in bold.\n\n";
    let columns: Vec<usize> = (0..comparison.entrants.len())
        .filter(|index| {
            comparison
                .rows
                .iter()
                .any(|row| row.cells[*index].is_some())
        })
        .collect();
    text += "| figure |";
    for index in &columns {
        // Formatting into a string cannot fail.
        let _ = write!(text, " {} |", escape(&comparison.entrants[*index].name));
    }
    text += " ratio to the best peer | target |\n|---|";
    text += &"---:|".repeat(columns.len());
    text += "---:|---|\n";
    for row in &comparison.rows {
        let _ = write!(text, "| {} |", row.figure.title);
        for index in &columns {
            let _ = write!(
                text,
                " {} |",
                cell(row, &comparison.entrants[*index], &row.cells[*index])
            );
        }
        let ratio = row
            .verdict
            .best
            .as_ref()
            .map_or(String::new(), |(_, ratio)| format!("{ratio:.2}"));
        let _ = writeln!(text, " {ratio} | {} |", target(row));
    }
    text += "\nTargets:\n\n";
    for row in comparison
        .rows
        .iter()
        .filter(|row| row.figure.target != Target::None)
    {
        let word = match row.verdict.met {
            Met::Yes => "met",
            Met::No => "**not met**",
            Met::Open => "not judged",
        };
        let _ = writeln!(
            text,
            "- {}: {word}: {}",
            row.figure.title,
            escape(&row.verdict.says)
        );
    }
    let failures = failures(comparison);
    if !failures.is_empty() {
        let _ = write!(text, "\nNot measured:\n\n{}", failures.concat());
    }
    text
}

/// The same text with the columns of its table below each other, for a terminal.
pub(crate) fn aligned(text: &str) -> String {
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.strip_prefix('|')?.strip_suffix('|')?;
        // A bar that belongs to a cell is escaped.
        let hidden = inner.replace("\\|", "\0");
        Some(
            hidden
                .split('|')
                .map(|cell| cell.trim().replace('\0', "\\|"))
                .collect(),
        )
    };
    let length = |cell: &String| cell.chars().count();
    let rows: Vec<Vec<String>> = text.lines().filter_map(cells).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .filter(|cell| !cell.starts_with("--"))
            .map(length)
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for line in text.lines() {
        match cells(line) {
            None => out += line,
            Some(row) => {
                for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                    let rule = cell.starts_with("--");
                    let _ = match (rule, column) {
                        (true, _) => write!(out, "|-{:-<width$}-", ""),
                        (false, 0) => write!(out, "| {cell:<width$} "),
                        (false, _) => write!(out, "| {cell:>width$} "),
                    };
                }
                out.push('|');
            }
        }
        out.push('\n');
    }
    out
}

fn versions(entrants: &[Entrant]) -> String {
    let named = entrants
        .iter()
        .filter(|entrant| matches!(entrant.role, Role::Ours | Role::Peer));
    named
        .map(|entrant| escape(&format!("{} {}", entrant.name, entrant.version)))
        .collect::<Vec<_>>()
        .join(" · ")
}

fn cell(row: &Row, entrant: &Entrant, cell: &Option<Cell>) -> String {
    let unit = row.figure.unit;
    match cell {
        None => String::new(),
        Some(Cell::Failed(_)) => "failed".into(),
        Some(Cell::Measured(summary)) => {
            let median = unit.show(summary.median);
            let best = row
                .verdict
                .best
                .as_ref()
                .is_some_and(|(name, _)| *name == entrant.name);
            let median = if best {
                format!("**{median}**")
            } else {
                median
            };
            if row.figure.id == Id::Size {
                return if entrant.linked == Linked::Dynamic {
                    format!("{median} + libc")
                } else {
                    median
                };
            }
            if summary.q1 == summary.q3 {
                return median;
            }
            format!(
                "{median} ({}–{})",
                unit.bare(summary.q1),
                unit.bare(summary.q3)
            )
        }
    }
}

fn target(row: &Row) -> String {
    let wanted = match row.figure.target {
        Target::OfBestPeer(target) => format!("≤ {target:.2}"),
        Target::Exactly(target) => format!("{target:.0}"),
        Target::OfPeer(name, target) => format!("≤ {target:.2} of {name}"),
        Target::Below(target) => format!("< {}", row.figure.unit.show(target)),
        Target::AtMost(target) => format!("≤ {}", row.figure.unit.show(target)),
        Target::None => return String::new(),
    };
    match row.verdict.met {
        Met::Yes => format!("{wanted}, met"),
        Met::No => format!("{wanted}, **not met**"),
        Met::Open => format!("{wanted}, not judged"),
    }
}

/// A line for each figure and reason, with the inits that it holds for.
fn failures(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &comparison.rows {
        let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
        for (cell, entrant) in row.cells.iter().zip(&comparison.entrants) {
            let Some(Cell::Failed(reason)) = cell else {
                continue;
            };
            match by_reason.iter_mut().find(|(known, _)| known == reason) {
                Some((_, names)) => names.push(&entrant.name),
                None => by_reason.push((reason, vec![&entrant.name])),
            }
        }
        for (reason, names) in by_reason {
            lines.push(format!(
                "- {} ({}): {}\n",
                row.figure.title,
                escape(&names.join(", ")),
                escape(reason)
            ));
        }
    }
    lines
}

/// Names and reasons come from outside: they may not end a cell or open a tag.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('|', "\\|")
        .replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict;

    #[test]
    fn the_table_has_a_line_for_each_figure_and_bold_for_the_best() {
        let text = render(&verdict::example());
        assert!(text.starts_with("Linux 6.1 x86_64 · A & B"));
        assert!(
            text.contains("| figure | bowout-init | slow &lt;peer> | fast-peer | no init |"),
            "{text}"
        );
        let row = "| start, as PID 1 | 42.0 µs (41.0–43.0) | 220 µs (210–230) | **100 µs** (95.0–105) \
                   | 10.0 µs (9.50–10.5) | 0.42 | ≤ 0.45, met |";
        assert!(text.contains(row), "{text}");
        assert!(
            text.contains(
                "| workers of 1,000 that finish | 999 | failed | 0 |  |  | 1000, **not met** |"
            ),
            "{text}"
        );
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_head() {
        let text = render(&verdict::example());
        let bars: Vec<usize> = text
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.matches('|').count())
            .collect();
        assert_eq!(bars.len(), 4);
        assert!(bars.iter().all(|count| *count == bars[0]), "{bars:?}");
    }

    #[test]
    fn on_a_terminal_columns_are_below_each_other() {
        let text = aligned("before\n| a | b |\n|---|---:|\n| long | 1 |\n| x | 2\\|3 |\n");
        assert_eq!(
            text,
            "before\n| a    |    b |\n|------|------|\n| long |    1 |\n| x    | 2\\|3 |\n"
        );
    }

    #[test]
    fn targets_and_failures_are_spelled_out() {
        let text = render(&verdict::example());
        assert!(
            text.contains(
                "- start, as PID 1: met: 0.42 of fast-peer, target ≤ 0.45: 7 % under it\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("- workers of 1,000 that finish: **not met**: 999, target 1000, -1\n"),
            "{text}"
        );
        assert!(
            text.contains("- workers of 1,000 that finish (slow &lt;peer>): hung\n"),
            "{text}"
        );
    }
}
