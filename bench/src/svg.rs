//! Draws a comparison as an SVG picture, a panel for each figure, readable on a light and on a dark page.

use std::fmt::Write as _;

use crate::elf::Linked;
use crate::entrant::Role;
use crate::figure::{Id, Target};
use crate::statistics::Summary;
use crate::verdict::{Cell, Comparison, Met, Row};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const GUTTER: f64 = 24.0;
const COLUMNS: usize = 2;
const PANEL: f64 = (WIDTH - 2.0 * MARGIN - GUTTER) / COLUMNS as f64;
/// Title and verdict above the bars.
const HEAD: f64 = 54.0;
const BAR: f64 = 16.0;
const PITCH: f64 = 24.0;
const FOOT: f64 = 14.0;
const TOP: f64 = 84.0;
/// Room for the longest name left of a bar, and for value and ratio right of the longest.
const NAMES: f64 = 106.0;
const VALUES: f64 = 112.0;
const PADDING: f64 = 16.0;

/// Colours by custom property, so that one sheet serves both pages; the second set where the reader prefers dark.
const STYLE: &str = "\
:root{--page:#ffffff;--card:#f6f7f9;--line:#d8dce2;--text:#1b1f24;--faint:#5b6470;--ours:#0b7a5c;--peer:#8b98a9;--base:#c3cad4;--good:#0b7a5c;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--page:#0f1216;--card:#181c22;--line:#2f3640;--text:#e8ebef;--faint:#9aa4b1;--ours:#35c79a;--peer:#66738a;--base:#3d4654;--good:#35c79a;--bad:#ff8a80}}\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:12px;fill:var(--text)}\
.page{fill:var(--page)}.card{fill:var(--card);stroke:var(--line)}.h1{font-size:20px;font-weight:600}.h2{font-size:14px;font-weight:600}\
.faint{fill:var(--faint)}.small{font-size:11px}.strong{font-weight:600}.light{font-weight:400}.end{text-anchor:end}.ours{fill:var(--ours)}.peer{fill:var(--peer)}.base{fill:var(--base)}\
.good{fill:var(--good)}.bad{fill:var(--bad)}.spread{stroke:var(--text);stroke-width:1.2;opacity:.65}";

/// The whole picture.
pub(crate) fn render(comparison: &Comparison) -> String {
    let mut body = String::new();
    let mut y = TOP;
    for pair in comparison.rows.chunks(COLUMNS) {
        let height = pair.iter().map(height).fold(0.0, f64::max);
        for (column, row) in pair.iter().enumerate() {
            let x = MARGIN + column as f64 * (PANEL + GUTTER);
            body += &panel(comparison, row, x, y, height);
        }
        y += height + GUTTER;
    }
    let total = y + 8.0;
    let title = comparison.subject.title();
    let judged = comparison
        .rows
        .iter()
        .filter(|row| row.verdict.met != Met::Open)
        .count();
    let met = comparison
        .rows
        .iter()
        .filter(|row| row.verdict.met == Met::Yes)
        .count();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{total}\" viewBox=\"0 0 {WIDTH} {total}\" role=\"img\" \
         aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{total}\"/>\n\
         <text class=\"h1\" x=\"{MARGIN}\" y=\"38\">{title}</text>\n\
         <text class=\"end faint\" x=\"{}\" y=\"38\">{met} of {judged} targets met</text>\n\
         <text class=\"faint small\" x=\"{MARGIN}\" y=\"58\">{}</text>\n\
         <text class=\"faint small\" x=\"{MARGIN}\" y=\"73\">Bar: median. Line: the middle half of the samples. × : against the best peer. Shorter is better, but for those that finish.</text>\n\
         {body}</svg>\n",
        WIDTH - MARGIN,
        escape(&comparison.machine.to_string()),
    )
}

fn height(row: &Row) -> f64 {
    HEAD + PITCH * row.cells.iter().flatten().count() as f64 + FOOT
}

fn panel(comparison: &Comparison, row: &Row, x: f64, y: f64, height: f64) -> String {
    let mut text = format!("<g transform=\"translate({x} {y})\">\n");
    // Formatting into a string cannot fail.
    let _ = writeln!(
        text,
        "<rect class=\"card\" width=\"{PANEL}\" height=\"{height}\" rx=\"8\"/>"
    );
    let _ = writeln!(
        text,
        "<text class=\"h2\" x=\"{PADDING}\" y=\"24\">{}</text>",
        escape(row.figure.title)
    );
    let (class, word) = match row.verdict.met {
        Met::Yes => ("good", "met: "),
        Met::No => ("bad", "not met: "),
        Met::Open if row.figure.target == Target::None => ("faint", ""),
        Met::Open => ("faint", "not judged: "),
    };
    let _ = writeln!(
        text,
        "<text class=\"small {class}\" x=\"{PADDING}\" y=\"42\">{word}{}</text>",
        escape(&row.verdict.says)
    );
    let measured = row.cells.iter().flatten().filter_map(|cell| match cell {
        Cell::Measured(summary) => Some(summary.median.max(summary.q3)),
        Cell::Failed(_) => None,
    });
    let most = measured.fold(0.0, f64::max);
    let room = PANEL - NAMES - VALUES - PADDING;
    let scale = if most > 0.0 { room / most } else { 0.0 };
    let best = best_median(comparison, row);
    let mut top = HEAD;
    for (entrant, cell) in comparison.entrants.iter().zip(&row.cells) {
        let Some(cell) = cell else { continue };
        let (class, weight) = match entrant.role {
            Role::Ours => ("ours", " strong"),
            Role::Peer | Role::PeerGroup => ("peer", ""),
            Role::Baseline => ("base", ""),
        };
        let base = top + BAR - 4.0;
        let _ = writeln!(
            text,
            "<text class=\"end{weight}\" x=\"{}\" y=\"{base}\">{}</text>",
            NAMES - 8.0,
            escape(&entrant.name)
        );
        match cell {
            Cell::Failed(_) => {
                let _ = writeln!(
                    text,
                    "<text class=\"faint\" x=\"{NAMES}\" y=\"{base}\">failed</text>"
                );
            }
            Cell::Measured(summary) => {
                let dynamic = row.figure.id == Id::Size && entrant.linked == Linked::Dynamic;
                let beside = if dynamic { " + libc" } else { "" };
                text += &bar(
                    row,
                    summary,
                    &Bar {
                        class,
                        weight,
                        scale,
                        top,
                        best,
                        beside,
                    },
                );
            }
        }
        top += PITCH;
    }
    text + "</g>\n"
}

/// How one bar is drawn.
struct Bar<'a> {
    class: &'a str,
    weight: &'a str,
    scale: f64,
    top: f64,
    /// The median that the ratio is against.
    best: Option<f64>,
    beside: &'a str,
}

fn bar(row: &Row, summary: &Summary, bar: &Bar<'_>) -> String {
    let Bar {
        class,
        weight,
        scale,
        top,
        best,
        beside,
    } = *bar;
    // A bar of nothing is still to be seen.
    let width = (summary.median * scale).max(1.5);
    let mut text = format!(
        "<rect class=\"{class}\" x=\"{NAMES}\" y=\"{top}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/>\n"
    );
    let (from, to) = (NAMES + summary.q1 * scale, NAMES + summary.q3 * scale);
    if to - from > 1.0 {
        let middle = top + BAR / 2.0;
        let (over, under) = (middle - 3.0, middle + 3.0);
        let _ = writeln!(
            text,
            "<path class=\"spread\" d=\"M{from:.1} {middle}H{to:.1}M{from:.1} {over}V{under}M{to:.1} {over}V{under}\"/>"
        );
    }
    let after = NAMES + width.max(summary.q3 * scale) + 6.0;
    let base = top + BAR - 4.0;
    let ratio = best.map_or(String::new(), |best| {
        format!(
            "<tspan class=\"faint light\"> ×{:.2}</tspan>",
            summary.median / best
        )
    });
    let value = escape(&row.figure.unit.show(summary.median)) + beside;
    let _ = writeln!(
        text,
        "<text class=\"{}\" x=\"{after:.1}\" y=\"{base}\">{value}{ratio}</text>",
        weight.trim()
    );
    text
}

/// The median of the best peer, where a ratio to it means something.
fn best_median(comparison: &Comparison, row: &Row) -> Option<f64> {
    let (name, _) = row.verdict.best.as_ref()?;
    let index = comparison
        .entrants
        .iter()
        .position(|entrant| entrant.name == *name)?;
    match row.cells.get(index)? {
        Some(Cell::Measured(summary)) => Some(summary.median),
        Some(Cell::Failed(_)) | None => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict;

    #[test]
    fn every_figure_has_a_panel_and_every_entrant_of_it_a_bar() {
        let text = render(&verdict::example());
        assert_eq!(text.matches("class=\"card\"").count(), 2);
        assert_eq!(text.matches("class=\"ours\"").count(), 2);
        assert_eq!(text.matches("class=\"base\"").count(), 1);
        assert!(text.contains(">failed</text>"));
        assert!(text.contains("1 of 2 targets met"));
    }

    #[test]
    fn bars_are_to_scale() {
        let text = render(&verdict::example());
        let widths: Vec<f64> = text
            .split("<rect class=\"")
            .filter(|part| part.starts_with("ours") || part.starts_with("peer"))
            .filter_map(|part| {
                part.split("width=\"")
                    .nth(1)?
                    .split('"')
                    .next()?
                    .parse()
                    .ok()
            })
            .collect();
        assert!(
            (widths[0] / widths[1] - 42.0 / 220.0).abs() < 0.01,
            "{widths:?}"
        );
    }

    #[test]
    fn names_from_outside_cannot_open_a_tag() {
        let text = render(&verdict::example());
        assert!(text.contains("slow &lt;peer&gt;") && !text.contains("<peer>"));
        assert!(text.contains("A &amp; B"));
    }

    #[test]
    fn both_pages_have_their_colours() {
        let text = render(&verdict::example());
        assert!(text.contains("prefers-color-scheme:dark"));
        for property in [
            "page", "card", "line", "text", "faint", "ours", "peer", "base", "good", "bad",
        ] {
            assert_eq!(
                text.matches(&format!("--{property}:")).count(),
                2,
                "{property}"
            );
        }
    }
}
