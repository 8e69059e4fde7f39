//! Looks at all services together: names that are not there, circles, and what can't be meant.

use super::finding::{Finding, Findings};
use super::service::{Draft, Need};
use super::source::Place;
use super::top::Top;
use crate::cli::value::nearest;
use crate::settings::{Output, ServiceType, SignalRule};
use bowout_core::Signal;
use bowout_core::order::{Map, Set};
use bowout_core::plan::{Condition, MARGIN};
use std::path::Path;

/// Looks at all of it. `there` are services beside those in `top`.
pub(super) fn check(top: &Top, there: &Set<String>, is_broken: bool, findings: &mut Findings) {
    if top.services.is_empty() && !is_broken && !findings.has_errors() {
        let finding = Finding::general("there is no service".into());
        findings.add(finding.hint("accepted: one table for each, [service.NAME] with a command"));
    }
    for draft in &top.services {
        for need in &draft.needs {
            match top.names.get(&need.name) {
                Some(index) => findings_of(need, &top.services[*index], findings),
                None if there.contains(&need.name) || is_broken => {}
                None => unknown(top, there, (&need.name, need.place), findings),
            }
        }
    }
    if !is_broken {
        for (name, place) in top
            .named
            .iter()
            .filter(|(name, _)| !top.names.contains_key(name))
        {
            unknown(top, there, (name, *place), findings);
        }
    }
    circles(top, findings);
    signals(top, findings);
    times(top, findings);
    files(top, findings);
}

fn unknown(top: &Top, there: &Set<String>, (name, place): (&str, Place), findings: &mut Findings) {
    let message = format!("there is no service {}", findings.name_at(place, name));
    let finding = Finding::error(place, message);
    let known = || top.names.keys().chain(there).map(String::as_str);
    let few: Vec<&str> = known().take(9).collect();
    findings.add(match nearest(name, known()) {
        Some(near) => finding.hint(format!("did you mean {near:?}?")),
        None if matches!(few.len(), 0 | 9) => finding,
        None => finding.hint(format!("there are: {}", few.join(", "))),
    });
}

/// Whether what is awaited can come.
fn findings_of(need: &Need, on: &Draft, findings: &mut Findings) {
    let settings = &on.settings;
    let name = &settings.name;
    match need.condition {
        Condition::Completed if settings.kind != ServiceType::Oneshot => {
            let message = format!("{name:?} is never completed: it is no oneshot");
            let finding = Finding::error(need.place, message);
            let hint = "await \"started\" or \"ready\", or add `type = \"oneshot\"` to it";
            findings.add(finding.hint(hint).also(on.place, "it is here"));
        }
        Condition::Ready => {
            let is_told = settings.ready.is_some() || settings.healthcheck.is_some();
            if !is_told && settings.kind == ServiceType::Simple {
                let message = format!("{name:?} is ready as soon as it is started");
                let finding = Finding::warning(need.place, message);
                let hint = "add `ready` or `healthcheck` to it, to say when it is";
                findings.add(finding.hint(hint).also(on.place, "it is here"));
            }
        }
        Condition::Completed | Condition::Started => {}
    }
}

/// Every circle of services that depend on each other is said once, with all who are in it.
///
/// The stack is a list and not the machine's, which 10,000 services in a row would use up.
fn circles(top: &Top, findings: &mut Findings) {
    /// Whether a service was not looked at, is being looked at, or is done.
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; top.services.len()];
    for start in 0..top.services.len() {
        // Each with the need that is looked at next.
        let mut stack = vec![(start, 0)];
        while let Some((index, next)) = stack.last_mut() {
            let (index, position) = (*index, *next);
            if position == 0 && marks[index] != Mark::New {
                stack.pop();
                continue;
            }
            marks[index] = Mark::Open;
            *next += 1;
            let Some(need) = top.services[index].needs.get(position) else {
                marks[index] = Mark::Done;
                stack.pop();
                continue;
            };
            match top.names.get(&need.name) {
                Some(on) if marks[*on] == Mark::New => stack.push((*on, 0)),
                Some(on) if marks[*on] == Mark::Open => {
                    let first = stack.iter().position(|(open, _)| open == on);
                    circle(top, &stack[first.unwrap_or(0)..], findings);
                }
                Some(_) | None => {}
            }
        }
    }
}

/// So many of a circle are shown with their lines.
const SHOWN: usize = 8;

fn circle(top: &Top, circle: &[(usize, usize)], findings: &mut Findings) {
    let of = |(index, next): &(usize, usize)| {
        let draft = &top.services[*index];
        (draft.settings.name.as_str(), &draft.needs[next - 1])
    };
    let names: Vec<&str> = circle.iter().map(|open| of(open).0).collect();
    let all = names.join(" → ");
    let first = of(&circle[0]);
    if names.len() == 1 {
        let finding = Finding::error(first.1.place, format!("{all:?} depends on itself"));
        findings.add(finding.hint("leave it out"));
        return;
    }
    let message = format!(
        "services depend on each other in a circle: {all} → {}",
        names[0]
    );
    let mut finding = Finding::error(first.1.place, message).hint("leave out one of them");
    for (name, need) in circle.iter().skip(1).take(SHOWN).map(of) {
        finding = finding.also(need.place, format!("{name:?} depends on {:?}", need.name));
    }
    findings.add(finding);
}

fn signals(top: &Top, findings: &mut Findings) {
    let settings = &top.settings;
    let stops = |signal: &Signal| match settings.stop_on.is_empty() {
        true => matches!(*signal, Signal::TERM | Signal::INT),
        false => settings.stop_on.contains(signal),
    };
    let place = top.given.get("stop_on").copied();
    for (signal, rule) in top.rules.iter().filter(|(signal, _)| stops(signal)) {
        let finding = Finding::error(
            *rule,
            format!("{signal} asks for the stop, and can't do something else"),
        );
        let finding = finding.hint("leave it out, or give `stop_on` without it");
        let also = place.into_iter();
        findings.add(also.fold(finding, |finding, place| {
            finding.also(place, "it is said here")
        }));
    }
    let bad = settings
        .stop_on
        .iter()
        .find(|signal| !signal.is_catchable() || **signal == Signal::CHLD);
    if let (Some(signal), Some(place)) = (bad, place) {
        let finding = Finding::error(place, format!("stop_on: {signal} can't ask for the stop"));
        findings.add(finding.hint("accepted: any signal but KILL, STOP and CHLD"));
    }
    if let Some((signal, _)) = settings.signals.iter().find(|(signal, rule)| {
        matches!(rule, SignalRule::Reload(_) | SignalRule::Forward(_))
            && settings.rewrite.contains_key(signal)
    }) {
        let place = top.rules.get(signal).copied();
        let message = format!("{signal} is rewritten too, and it is not clear which counts");
        let finding = place.map(|place| Finding::error(place, message).hint("one of the two"));
        let rewrite = top.given.get("rewrite");
        let also = |finding: Finding| {
            rewrite
                .into_iter()
                .fold(finding, |finding, place| finding.also(*place, "it is here"))
        };
        finding
            .map(also)
            .into_iter()
            .for_each(|finding| findings.add(finding));
    }
}

fn times(top: &Top, findings: &mut Findings) {
    let settings = &top.settings;
    let margin = settings.margin.unwrap_or(MARGIN);
    let (Some(grace), Some(place)) = (settings.grace, top.given.get("grace")) else {
        return;
    };
    let Some(budget) = grace.checked_sub(margin).filter(|budget| !budget.is_zero()) else {
        let message = format!("a margin of {margin:?} leaves nothing of the grace period");
        let finding =
            Finding::error(*place, message).hint("give a smaller `margin`, or a longer `grace`");
        let margin = top.given.get("margin");
        findings.add(margin.into_iter().fold(finding, |finding, place| {
            finding.also(*place, "the margin is here")
        }));
        return;
    };
    if let (Some(drain), Some(drain_place)) = (settings.drain, top.given.get("drain"))
        && drain >= budget
    {
        let message = format!("the drain takes all of the {budget:?} that there are for the stop");
        let finding = Finding::warning(*drain_place, message);
        findings.add(
            finding
                .hint("it is cut short")
                .also(*place, "the grace period is here"),
        );
    }
    for draft in &top.services {
        let timeout = draft
            .settings
            .stop_timeout
            .filter(|timeout| *timeout > budget);
        if let (Some(timeout), Some(stop)) = (timeout, draft.keys.get("stop_timeout")) {
            let message =
                format!("{timeout:?} do not fit into the {budget:?} that there are for the stop");
            let finding = Finding::warning(stop, message).hint("it is cut short");
            findings.add(finding.also(*place, "the grace period is here"));
        }
    }
}

/// What only one service can have, or only all of them in the same way.
fn files(top: &Top, findings: &mut Findings) {
    let mut pidfiles: Map<&Path, &Draft> = Map::new();
    let mut logs: Map<&Path, (&Draft, &Output)> = Map::new();
    let mut clash = |draft: &Draft, first: &Draft, key: &str, message: String, hint: &str| {
        if let (Some(place), Some(at)) = (draft.keys.get(key), first.keys.get(key)) {
            let also = format!("that of {:?} is here", first.settings.name);
            let finding = Finding::error(place, message).hint(hint);
            findings.add(finding.also(at, also));
        }
    };
    for draft in &top.services {
        let name = &draft.settings.name;
        if let Some(path) = draft.settings.pidfile.as_deref() {
            match pidfiles.get(path) {
                Some(first) => {
                    let message = format!("service.{name}: two services have the same pidfile");
                    clash(draft, first, "pidfile", message, "each daemon has its own");
                }
                None => drop(pidfiles.insert(path, draft)),
            }
        }
        let log = &draft.settings.log;
        if let Output::File { path, .. } = log {
            match logs.get(path.as_path()) {
                Some((first, other)) if *other != log => {
                    let message = format!(
                        "service.{name}: two services write this file, and cut it otherwise"
                    );
                    clash(
                        draft,
                        first,
                        "log",
                        message,
                        "give both the same `max_size` and `keep`, or two files",
                    );
                }
                Some(_) => {}
                None => drop(logs.insert(path, (draft, log))),
            }
        }
    }
}
