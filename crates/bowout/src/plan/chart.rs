//! Draws the plan of a stop with letters: one line for each service, time from left to right.

use super::advice::{Advice, Change};
use super::schedule::{Kind, Part, Row, Schedule};
use super::words::{length, value};
use std::fmt::Write;
use std::time::Duration;

/// How a chart is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Style {
    /// How many letters a line has.
    pub(super) width: usize,
    /// Whether there are blocks and lines, or letters alone.
    pub(super) unicode: bool,
    /// Whether escape sequences for colours are understood.
    pub(super) colours: bool,
}

impl Style {
    /// Where nobody is seen to look: the same in every log.
    pub(super) const PLAIN: Style = Style {
        width: 80,
        unicode: false,
        colours: false,
    };
}

/// A label that is longer is cut, and so is one that takes more than a quarter of the line.
const LONGEST_LABEL: usize = 24;
/// … down to so much.
const SHORTEST_LABEL: usize = 8;
/// With fewer columns nothing could be seen.
const FEWEST_COLUMNS: usize = 20;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const CYAN: &str = "\x1b[36m";
const DIM: &str = "\x1b[2m";
const OFF: &str = "\x1b[0m";

/// The whole answer: what there is, the chart, and whether it fits.
pub(super) fn text(schedule: &Schedule, advice: Option<&Advice>, style: Style) -> String {
    let mut text = format!(
        "grace period {}, less {} margin: {} for the longest stop\n\n",
        length(schedule.grace),
        length(schedule.margin),
        length(schedule.budget)
    );
    let chart = Chart::new(schedule, style);
    chart.ticks(&mut text);
    for row in &schedule.rows {
        chart.row(row, &mut text);
    }
    chart.end(&mut text);
    text.push('\n');
    verdict(schedule, advice, style, &mut text);
    text
}

struct Chart<'a> {
    schedule: &'a Schedule,
    style: Style,
    label: usize,
    columns: usize,
}

impl Chart<'_> {
    fn new(schedule: &Schedule, style: Style) -> Chart<'_> {
        let rows = || schedule.rows.iter();
        let label = rows().map(|row| row.label.chars().count()).max();
        let most = (style.width / 4).clamp(SHORTEST_LABEL, LONGEST_LABEL);
        let label = label.unwrap_or(0).min(most);
        let times = rows().map(|row| times(row).chars().count()).max();
        // A mark, a blank, the label, two blanks; two blanks, the times.
        let around = 2 + label + 2 + 2 + times.unwrap_or(0);
        Chart {
            schedule,
            style,
            label,
            columns: style.width.saturating_sub(around).max(FEWEST_COLUMNS),
        }
    }

    fn colour(&self, colour: &str, text: &str) -> String {
        match self.style.colours && !text.trim().is_empty() {
            true => format!("{colour}{text}{OFF}"),
            false => text.to_owned(),
        }
    }

    /// The column in which a moment lies.
    fn column(&self, at: Duration) -> usize {
        let end = self.schedule.end().as_nanos().max(1);
        let column = at.as_nanos() * self.columns as u128 / end;
        usize::try_from(column).unwrap_or(self.columns)
    }

    fn ticks(&self, text: &mut String) {
        let mut line = vec![' '; self.columns + 8];
        let step = step(self.schedule.end(), self.columns);
        let mut at = Duration::ZERO;
        while at <= self.schedule.end() {
            let place = self.column(at);
            for (offset, letter) in value(at).chars().enumerate() {
                if let Some(cell) = line.get_mut(place + offset) {
                    *cell = letter;
                }
            }
            at += step;
        }
        let line: String = line.into_iter().collect();
        let line = self.colour(DIM, line.trim_end());
        _ = writeln!(text, "{:1$}{line}", "", self.label + 4);
    }

    fn row(&self, row: &Row, text: &mut String) {
        let mark = match (row.is_critical(), self.style.unicode) {
            (false, _) => " ",
            (true, true) => "▶",
            (true, false) => "*",
        };
        let label = fitting(&row.label, self.label, self.style.unicode);
        let pad = self.label - label.chars().count();
        _ = write!(text, "{} {label}{:pad$}  ", self.colour(YELLOW, mark), "");
        let cells = self.cells(row);
        // Neighbours of one colour share its escape sequence.
        let mut start = 0;
        for index in 1..=cells.len() {
            if cells.get(index).map(|cell| cell.1) != Some(cells[start].1) {
                let run: String = cells[start..index].iter().map(|cell| cell.0).collect();
                text.push_str(&self.colour(cells[start].1, &run));
                start = index;
            }
        }
        _ = writeln!(text, "  {}", times(row));
    }

    /// A letter and its colour for each column.
    fn cells(&self, row: &Row) -> Vec<(char, &'static str)> {
        let kill = self.column(self.schedule.grace);
        let mut cells = vec![(' ', DIM); self.columns];
        if let Some(cell) = cells.get_mut(kill) {
            *cell = (self.line(), RED);
        }
        for part in &row.parts {
            if part.length().is_zero() {
                continue;
            }
            let from = self.column(part.from).min(self.columns - 1);
            // What is too short for a column has one all the same.
            let to = self.column(part.to).clamp(from + 1, self.columns);
            for (index, cell) in cells[from..to].iter_mut().enumerate() {
                *cell = match from + index >= kill && part.to > self.schedule.grace {
                    true => (if self.style.unicode { '╳' } else { 'x' }, RED),
                    false => self.letter(part),
                };
            }
        }
        cells
    }

    fn letter(&self, part: &Part) -> (char, &'static str) {
        let colour = match (part.kind, part.is_critical) {
            (Kind::Margin, _) => DIM,
            (Kind::Hook(_) | Kind::Drain | Kind::Stop(_) | Kind::Sweep, true) => YELLOW,
            (Kind::Hook(_) | Kind::Drain | Kind::Stop(_) | Kind::Sweep, false) => CYAN,
        };
        let (block, letter) = match part.kind {
            Kind::Stop(_) => ('█', '#'),
            Kind::Hook(_) => ('▓', '='),
            Kind::Sweep => ('▒', '+'),
            Kind::Drain => ('░', '-'),
            Kind::Margin => ('·', '.'),
        };
        (if self.style.unicode { block } else { letter }, colour)
    }

    fn line(&self) -> char {
        if self.style.unicode { '│' } else { '|' }
    }

    /// What the letters mean, and what happens at the end of the grace period.
    fn end(&self, text: &mut String) {
        let kill = self.column(self.schedule.grace);
        let words = format!("SIGKILL at {}", value(self.schedule.grace));
        let width = words.len();
        let before = (self.label + 4 + kill).saturating_sub(match kill >= width {
            true => width,
            false => 0,
        });
        _ = writeln!(text, "{:before$}{}", "", self.colour(RED, &words));
        let words = [
            ('▶', '*', "longest chain"),
            ('█', '#', "stop"),
            ('▓', '=', "hook"),
            ('░', '-', "drain"),
            ('▒', '+', "sweep"),
            ('·', '.', "margin"),
            ('╳', 'x', "too late"),
        ];
        let is_late = self.schedule.wanted > self.schedule.grace;
        let words = words.iter().filter(|word| is_late || word.0 != '╳');
        let words = words.map(|(block, letter, word)| match self.style.unicode {
            true => format!("{block} {word}"),
            false => format!("{letter} {word}"),
        });
        for line in lines(words, "  ", self.style.width) {
            _ = writeln!(text, "{}", self.colour(DIM, &line));
        }
    }
}

/// From when to when, without saying the unit twice.
fn times(row: &Row) -> String {
    let plain = |time: Duration| {
        let text = value(time);
        text.trim_end_matches('s').to_owned()
    };
    format!("{}-{}", plain(row.from()), value(row.to()))
}

/// So far apart that the numbers have room: 1, 2 or 5 of a power of ten.
pub(super) fn step(end: Duration, columns: usize) -> Duration {
    let room = u32::try_from(columns / 9).unwrap_or(1).max(1);
    let mut step = Duration::from_millis(1);
    for tenths in [20, 25, 20].into_iter().cycle() {
        if step * room >= end {
            break;
        }
        step = step * tenths / 10;
    }
    step
}

/// As much of a label as there is room for.
pub(super) fn fitting(label: &str, width: usize, unicode: bool) -> String {
    if label.chars().count() <= width {
        return label.to_owned();
    }
    let cut = if unicode { "…" } else { ".." };
    let rest = width.saturating_sub(cut.chars().count());
    let start: String = label.chars().take(rest).collect();
    format!("{start}{cut}")
}

/// Puts pieces into lines, as many as there is room for.
fn lines(pieces: impl Iterator<Item = String>, between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let room = width.saturating_sub(between.chars().count() + piece.chars().count());
        match lines.last_mut().filter(|line| line.chars().count() <= room) {
            Some(line) => {
                line.push_str(between);
                line.push_str(&piece);
            }
            None => lines.push(piece),
        }
    }
    lines
}

fn verdict(schedule: &Schedule, advice: Option<&Advice>, style: Style, text: &mut String) {
    let links: Vec<String> = schedule
        .chain()
        .into_iter()
        .filter(|part| !part.length().is_zero())
        .map(|part| {
            format!(
                "{} {}",
                fitting(&part.name, LONGEST_LABEL, style.unicode),
                length(part.length())
            )
        })
        .collect();
    let arrow = if style.unicode { "→ " } else { "-> " };
    let (word, colour) = match schedule.fits() {
        true => ("fits", GREEN),
        false => ("does not fit", RED),
    };
    let links = links.iter().enumerate().map(|(index, link)| match index {
        0 => format!("{word}: {link}"),
        _ => format!("{arrow}{link}"),
    });
    let sum = format!(
        "= {} of {}",
        length(schedule.wanted),
        length(schedule.budget)
    );
    // A program that reads it looks for one line.
    let width = if style == Style::PLAIN {
        usize::MAX
    } else {
        style.width
    };
    let said = lines(links.chain([sum]), " ", width.saturating_sub(2)).join("\n  ");
    let said = match style.colours {
        true => said.replacen(word, &format!("{colour}{word}{OFF}"), 1),
        false => said,
    };
    _ = writeln!(text, "{said}");
    let Some(advice) = advice else {
        return;
    };
    for service in &schedule.starved {
        _ = writeln!(
            text,
            "  nothing is left for {service}, which has no stop_timeout of its own"
        );
    }
    for change in &advice.changes {
        _ = writeln!(text, "  fits with {}", setting(change));
    }
    if advice.changes.is_empty() && schedule.is_cut() {
        let excess = length(schedule.wanted.saturating_sub(schedule.budget));
        _ = writeln!(text, "  no single time-out is enough: {excess} have to go");
    }
    match advice.grace {
        Some(grace) => {
            let seconds = grace.as_secs();
            _ = writeln!(
                text,
                "  fits with a grace period of {0}, for bowout (grace = \"{1}\") and the platform:\n    docker stop --timeout {seconds}, stop_grace_period: {1} in Compose,\n    terminationGracePeriodSeconds: {seconds} in Kubernetes",
                length(grace),
                value(grace),
            );
        }
        None => {
            _ = writeln!(
                text,
                "  no grace period is enough: a hook without a timeout takes a quarter of it"
            );
        }
    }
    if schedule.is_cut() {
        let percent = schedule.percent();
        _ = writeln!(text, "as it is, bowout will cut every part to {percent} %");
    }
}

fn setting(change: &Change) -> String {
    let value = value(change.value);
    let of = match &change.whose {
        Some(service) => format!(" of {service}"),
        None => String::new(),
    };
    match &change.hook {
        Some(hook) => format!(
            "timeout = \"{value}\" for the {} hook{of}: {hook}",
            change.key
        ),
        None => format!("{} = \"{value}\"{of}", change.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_room() {
        for (millis, columns, expected) in [
            (10_000, 90, 1_000),
            (10_000, 60, 2_000),
            (30_000, 60, 5_000),
            (300_000, 60, 50_000),
            (500, 60, 100),
            (1, 20, 1),
        ] {
            let step = step(Duration::from_millis(millis), columns);
            assert_eq!(step.as_millis(), expected, "{millis} in {columns}");
        }
    }

    #[test]
    fn a_long_label_is_cut() {
        assert_eq!(fitting("äbcdef", 4, true), "äbc…");
        assert_eq!(fitting("äbcdef", 4, false), "äb..");
        assert_eq!(fitting("äbcd", 4, true), "äbcd");
    }

    #[test]
    fn lines_are_filled_and_broken_between_pieces() {
        let pieces = || ["aa", "bb", "cccccc", "d"].into_iter().map(str::to_owned);
        assert_eq!(lines(pieces(), "-", 5), ["aa-bb", "cccccc", "d"]);
        assert_eq!(lines(pieces(), "-", usize::MAX), ["aa-bb-cccccc-d"]);
    }
}
