//! Puts the account of a stop into words.

use super::Told;
use crate::log::printable;
use crate::log::words::{self, outcome, seconds, sender, service_of};
use bowout_core::action::HookOutcome;
use bowout_core::plan::{Plan, ServiceId};
use bowout_core::process::Stayed;
use bowout_core::report::{End, ProcessReport, Reason, Report};
use std::fmt::Write;
use std::time::Duration;

/// How many processes are named.
const NAMED: usize = 5;

/// An end that nobody asked for, and that took longer than this, had somebody else to wait for.
const LONG: Duration = Duration::from_secs(1);

/// Whether the account says more than the exit code.
pub(super) fn is_worth_telling(report: &Report, plan: &Plan) -> bool {
    !plan.is_command()
        || report.reason.was_asked_for()
        || report.killed().next().is_some()
        || !report.hooks.is_empty()
        || report.took() > LONG
}

/// One line.
#[inline(never)]
pub(super) fn line(told: Told<'_>) -> String {
    let Told { report, core, .. } = told;
    let plan = core.plan();
    let mut text = format!("stopped in {}", seconds(report.took()));
    if let Some(budget) = report.budget {
        _ = write!(text, " (of {})", seconds(budget));
    }
    match report.reason {
        Reason::Signal(received) => {
            _ = write!(
                text,
                " on {} from {}",
                received.signal,
                sender(received.sender.pid, received.sender.uid)
            );
        }
        Reason::Request => text.push_str(" on request"),
        Reason::Ended { service, status } => {
            _ = write!(text, " after {} {status}", the_service(service, plan));
        }
        Reason::NotStarted { service, .. } => {
            _ = write!(
                text,
                ": {} could not be started",
                the_service(service, plan)
            );
        }
        Reason::Failed { service } => {
            _ = write!(text, ": {} failed", the_service(service, plan));
        }
        Reason::NothingLeft => text.push_str(": every service has ended"),
    }
    let killed: Vec<&ProcessReport> = report.killed().collect();
    let left = report
        .processes
        .iter()
        .filter(|process| is_left(process))
        .count();
    let ended = report.processes.len() - killed.len() - left;
    _ = write!(
        text,
        ": {} ended by {}",
        processes(ended),
        if ended == 1 { "itself" } else { "themselves" }
    );
    if killed.is_empty() {
        text.push_str(", none killed");
    } else {
        _ = write!(
            text,
            ", {} SIGKILLed: {}",
            killed.len(),
            list(&killed, told)
        );
    }
    if left > 0 {
        _ = write!(text, ", {left} left behind");
    }
    for hook in &report.hooks {
        if !matches!(hook.outcome, HookOutcome::Ended(status) if status.is_success()) {
            let name = &plan.hooks()[hook.hook.0].name;
            _ = write!(text, ", {name}: {}", outcome(hook.outcome));
        }
    }
    _ = write!(text, "; exit code {}", report.code);
    text
}

/// A service as the line names it: who runs one command has no name for it.
fn the_service(service: ServiceId, plan: &Plan) -> &str {
    service_of(Some(service), plan).unwrap_or("the command")
}

/// A paragraph for `kubectl describe pod`.
#[inline(never)]
pub(super) fn paragraph(told: Told<'_>) -> String {
    let Told { report, .. } = told;
    let mut text = format!("bowout: {}.\n", printable(&line(told)));
    if report
        .killed()
        .any(|process| matches!(process.killed, Some((_, Stayed::Ignores))))
    {
        text.push_str("A process that ignores the stop signal always costs the whole grace period: give it a handler, or another --stop-signal.\n");
    } else if report.killed().next().is_some() {
        text.push_str(
            "Make the clean-up shorter, or terminationGracePeriodSeconds and --grace longer.\n",
        );
    }
    text
}

fn is_left(process: &ProcessReport) -> bool {
    process.end == End::Left && process.killed.is_none()
}

fn processes(count: usize) -> String {
    match count {
        1 => "1 process".to_owned(),
        count => format!("{count} processes"),
    }
}

/// Who was SIGKILLed, why, and what its service said last of what it did.
fn list(killed: &[&ProcessReport], told: Told<'_>) -> String {
    let plan = told.core.plan();
    let mut text = String::new();
    for (index, process) in killed.iter().take(NAMED).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let service = service_of(process.service, plan);
        let who = words::process(process.pid, &process.name, service);
        _ = write!(text, "{separator}{who}");
        if let Some((_, why)) = process.killed {
            _ = write!(text, " {why}");
        }
        if let Some(said) = process.service.and_then(|id| told.said_by(id)) {
            _ = write!(text, " (it says: {said})");
        }
    }
    if killed.len() > NAMED {
        _ = write!(text, ", and {} more", killed.len() - NAMED);
    }
    text
}
