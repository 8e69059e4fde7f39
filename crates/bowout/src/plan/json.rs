//! Gives the plan of a stop to programs: one JSON object. docs/commands/plan.md describes it.

use super::advice::{Advice, Change};
use super::schedule::{Kind, Part, Row, Schedule};
use serde::Serialize;
use std::time::Duration;

/// The version of this form. It grows when something is taken away or changes its meaning, and stays
/// when something is added.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Object<'a> {
    version: u32,
    fits: bool,
    grace_ms: f64,
    margin_ms: f64,
    budget_ms: f64,
    wanted_ms: f64,
    starved: &'a [String],
    parts: Vec<PartObject<'a>>,
    chain: Vec<LinkObject<'a>>,
    /// Null where nothing has to change.
    advice: Option<AdviceObject<'a>>,
}

#[derive(Serialize)]
struct PartObject<'a> {
    kind: &'a str,
    service: Option<&'a str>,
    name: &'a str,
    from_ms: f64,
    to_ms: f64,
    given_ms: f64,
    critical: bool,
}

#[derive(Serialize)]
struct LinkObject<'a> {
    kind: &'a str,
    name: &'a str,
    time_ms: f64,
}

#[derive(Serialize)]
struct AdviceObject<'a> {
    grace_ms: Option<f64>,
    changes: Vec<ChangeObject<'a>>,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    service: Option<&'a str>,
    key: &'a str,
    hook: Option<&'a str>,
    value_ms: f64,
}

/// One object, in many lines.
pub(super) fn object(schedule: &Schedule, advice: Option<&Advice>) -> String {
    let parts = schedule.rows.iter().flat_map(|row| {
        let object = move |part| part_object(row, part);
        row.parts.iter().map(object)
    });
    let links = schedule.chain().into_iter().map(|part| LinkObject {
        kind: kind(part.kind),
        name: &part.name,
        time_ms: millis(part.length()),
    });
    let object = Object {
        version: VERSION,
        fits: schedule.fits(),
        grace_ms: millis(schedule.grace),
        margin_ms: millis(schedule.margin),
        budget_ms: millis(schedule.budget),
        wanted_ms: millis(schedule.wanted),
        starved: &schedule.starved,
        parts: parts.collect(),
        chain: links.collect(),
        advice: advice.map(|advice| AdviceObject {
            grace_ms: advice.grace.map(millis),
            changes: advice.changes.iter().map(change_object).collect(),
        }),
    };
    serde_json::to_string_pretty(&object).unwrap_or_default() + "\n"
}

fn part_object<'a>(row: &'a Row, part: &'a Part) -> PartObject<'a> {
    PartObject {
        kind: kind(part.kind),
        service: row.service.map(|_| row.label.as_str()),
        name: &part.name,
        from_ms: millis(part.from),
        to_ms: millis(part.to),
        given_ms: millis(part.given),
        critical: part.is_critical,
    }
}

fn change_object(change: &Change) -> ChangeObject<'_> {
    ChangeObject {
        service: change.whose.as_deref(),
        key: change.key,
        hook: change.hook.as_deref(),
        value_ms: millis(change.value),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Hook(_) => "hook",
        Kind::Drain => "drain",
        Kind::Stop(_) => "stop",
        Kind::Sweep => "sweep",
        Kind::Margin => "margin",
    }
}

/// To a microsecond: what is cut by a factor has more digits than say anything.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
