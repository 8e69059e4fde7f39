//! Draws the plan of a stop as a picture that stands alone, and can be read on light and dark paper.

use super::chart::{fitting, step};
use super::schedule::{Kind, Part, Row, Schedule};
use super::words::{length, value};
use std::fmt::Write;
use std::time::Duration;

const WIDTH: usize = 960;
const ROW: usize = 28;
const BAR: usize = 18;
/// Above the first row: the title and the numbers.
const TOP: usize = 84;
/// Below the last row: the legend.
const BOTTOM: usize = 56;
/// For the numbers at the right end.
const RIGHT: usize = 140;
/// The width of a letter, about, at 13 px.
const LETTER: usize = 8;
const LONGEST_LABEL: usize = 32;
/// One number needs so much.
const NUMBER: usize = 60;

const STYLE: &str = "\
svg{font:13px system-ui,sans-serif;--paper:#fff;--ink:#1f2328;--faint:#59636e;--line:#d1d9e0;--stop:#0969da;--chain:#bc4c00;--late:#cf222e}\
@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#f0f6fc;--faint:#9198a1;--line:#3d444d;--stop:#4493f8;--chain:#f0883e;--late:#f85149}}\
.paper{fill:var(--paper)}text{fill:var(--ink)}.faint{fill:var(--faint)}.line{stroke:var(--line)}.kill{stroke:var(--late);stroke-width:1.5}.late{fill:var(--late)}\
.title{font-size:16px;font-weight:600}.bar{fill:var(--stop)}.chain{fill:var(--chain)}.hook{opacity:.7}.drain{opacity:.35}.sweep{opacity:.55}\
.margin{fill:none;stroke:var(--faint);stroke-dasharray:3 3}.end{text-anchor:end}.middle{text-anchor:middle}";

/// The picture.
pub(super) fn picture(schedule: &Schedule) -> String {
    let labels = schedule.rows.iter().map(|row| row.label.chars().count());
    let label = labels.max().unwrap_or(0).min(LONGEST_LABEL);
    let left = 24 + label * LETTER + 12;
    let picture = Picture {
        schedule,
        left,
        width: WIDTH - left - RIGHT,
        bottom: TOP + schedule.rows.len() * ROW,
    };
    let mut text = String::new();
    picture.write(&mut text);
    text
}

struct Picture<'a> {
    schedule: &'a Schedule,
    left: usize,
    width: usize,
    bottom: usize,
}

impl Picture<'_> {
    fn x(&self, at: Duration) -> f64 {
        let share = at.as_secs_f64() / self.schedule.end().as_secs_f64().max(0.001);
        self.left as f64 + share * self.width as f64
    }

    fn write(&self, text: &mut String) {
        let height = self.bottom + BOTTOM;
        let verdict = match self.schedule.fits() {
            true => "fits",
            false => "does not fit",
        };
        let (wanted, budget) = (length(self.schedule.wanted), length(self.schedule.budget));
        let title = format!("The longest stop: {wanted} of {budget}: it {verdict}");
        _ = write!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
        );
        let late = if self.schedule.fits() { "" } else { " late" };
        _ = writeln!(
            text,
            "<text class=\"title{late}\" x=\"24\" y=\"32\">{title}</text>"
        );
        self.ticks(text);
        for (index, row) in self.schedule.rows.iter().enumerate() {
            self.row(row, TOP + index * ROW, text);
        }
        self.kill(text);
        self.legend(text);
        text.push_str("</svg>\n");
    }

    fn ticks(&self, text: &mut String) {
        let (top, bottom) = (TOP - 6, self.bottom);
        let step = step(self.schedule.end(), self.width / NUMBER * 9);
        let mut at = Duration::ZERO;
        while at <= self.schedule.end() {
            let x = self.x(at);
            _ = writeln!(
                text,
                "<line class=\"line\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/><text class=\"faint middle\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                top - 8,
                value(at)
            );
            at += step;
        }
    }

    fn row(&self, row: &Row, top: usize, text: &mut String) {
        let middle = top + BAR / 2 + 5;
        let label = fitting(&row.label, LONGEST_LABEL, true);
        let whole = match label == row.label {
            true => String::new(),
            false => format!("<title>{}</title>", escaped(&row.label)),
        };
        _ = writeln!(
            text,
            "<text x=\"24\" y=\"{middle}\">{whole}{}</text>",
            escaped(&label)
        );
        for part in row.parts.iter().filter(|part| !part.length().is_zero()) {
            let (from, to) = (self.x(part.from), self.x(part.to));
            _ = writeln!(
                text,
                "<rect class=\"{}\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"3\"><title>{}</title></rect>",
                class(part),
                (to - from).max(1.5),
                escaped(&format!(
                    "{}: {} to {}",
                    part.name,
                    length(part.from),
                    length(part.to)
                ))
            );
        }
        let class = if row.to() > self.schedule.grace {
            "end late"
        } else {
            "end faint"
        };
        _ = writeln!(
            text,
            "<text class=\"{class}\" x=\"{}\" y=\"{middle}\">{} to {}</text>",
            WIDTH - 24,
            value(row.from()),
            value(row.to())
        );
    }

    fn kill(&self, text: &mut String) {
        let x = self.x(self.schedule.grace);
        _ = writeln!(
            text,
            "<line class=\"kill\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{}\"/><text class=\"late end\" x=\"{:.1}\" y=\"{}\">SIGKILL</text>",
            TOP - 6,
            self.bottom + 6,
            x + 4.0,
            self.bottom + 20
        );
    }

    fn legend(&self, text: &mut String) {
        let y = self.bottom + 40;
        let items = [
            ("chain", "longest chain", 128),
            ("bar", "stop", 70),
            ("bar hook", "hook", 74),
            ("bar drain", "drain", 76),
            ("bar sweep", "sweep", 82),
            ("margin", "margin", 0),
        ];
        let mut x = 24;
        for (class, words, width) in items {
            _ = writeln!(
                text,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"14\" height=\"12\" rx=\"3\"/><text class=\"faint\" x=\"{}\" y=\"{y}\">{words}</text>",
                y - 10,
                x + 20
            );
            x += width;
        }
    }
}

fn class(part: &Part) -> String {
    let colour = if part.is_critical { "chain" } else { "bar" };
    match part.kind {
        Kind::Stop(_) => colour.to_owned(),
        Kind::Hook(_) => format!("{colour} hook"),
        Kind::Drain => format!("{colour} drain"),
        Kind::Sweep => format!("{colour} sweep"),
        Kind::Margin => "margin".to_owned(),
    }
}

/// Names come from files.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}
