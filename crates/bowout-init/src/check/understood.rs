//! Says in words what was understood of a configuration: what differs from the defaults, service by service.

use crate::assemble::{MOMENTS, commands};
use crate::json::{self, written};
use crate::log::words::seconds;
use crate::settings::{Output, Probe, ReadyWhen, ServiceSettings, ServiceType, Settings};
use bowout_core::plan::budget::Budget;
use bowout_core::plan::{Condition, KillMode, ServiceMoment};
use bowout_core::service::restart::When;
use std::fmt::Write;

/// All of it, for people.
pub(super) fn text(name: &str, settings: &Settings, budget: &Budget) -> String {
    let count = match settings.services.len() {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    let mut text = format!("{name}: {count}");
    if settings.files.len() > 1 {
        let _ = write!(text, " in {} files", settings.files.len());
    }
    let _ = writeln!(
        text,
        "; a stop takes {} at most, of {}",
        seconds(budget.wanted.min(budget.total)),
        seconds(budget.total)
    );
    let whole = said_of_all(settings);
    if !whole.is_empty() {
        let _ = writeln!(text, "  {}", whole.join("; "));
    }
    let names = settings.services.iter().map(|service| service.name.len());
    let width = names.max().unwrap_or(0);
    for service in &settings.services {
        let said = said(service).join("; ");
        let _ = writeln!(text, "  {:width$}  {said}", service.name);
    }
    text
}

/// What is about the container, where it is not as it is without a word.
fn said_of_all(settings: &Settings) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(drain) = settings.drain {
        said.push(format!("drain {}", seconds(drain)));
    }
    let hooks = [
        ("pre_stop", &settings.pre_stop),
        ("post_stop", &settings.post_stop),
    ];
    for (key, hooks) in hooks.into_iter().filter(|(_, hooks)| !hooks.is_empty()) {
        said.push(counted(key, hooks.len()));
    }
    let named = |signals: Vec<String>| signals.join(", ");
    if !settings.stop_on.is_empty() {
        let on = settings.stop_on.iter().map(ToString::to_string).collect();
        said.push(format!("stops on {}", named(on)));
    }
    if !settings.signals.is_empty() {
        let on = settings.signals.keys().map(ToString::to_string).collect();
        said.push(format!("rules for {}", named(on)));
    }
    said
}

/// A key, and how many hooks it has where it has more than one.
fn counted(key: &str, count: usize) -> String {
    match count {
        1 => key.to_owned(),
        count => format!("{key} ({count} hooks)"),
    }
}

/// What the services are and how long a stop is, for programs.
struct Understood<'a> {
    configuration: &'a str,
    files: Vec<String>,
    services: Vec<&'a str>,
    stop_ms: u64,
    budget_ms: u64,
    fits: bool,
}

written!(Understood<'_>: configuration, files, services, stop_ms, budget_ms, fits);

/// The same in one JSON object.
pub(super) fn json(name: &str, settings: &Settings, budget: &Budget) -> String {
    let services = settings.services.iter();
    let files = settings.files.iter();
    let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis());
    let understood = Understood {
        configuration: name,
        files: files.map(|path| path.display().to_string()).collect(),
        services: services.map(|service| service.name.as_str()).collect(),
        stop_ms: milliseconds(budget.wanted).unwrap_or(u64::MAX),
        budget_ms: milliseconds(budget.total).unwrap_or(u64::MAX),
        fits: budget.fits(),
    };
    json::line(&understood)
}

/// The kind of a service, and all that is not as it is without a word.
fn said(service: &ServiceSettings) -> Vec<String> {
    let kind = match service.kind {
        ServiceType::Simple => "simple",
        ServiceType::Oneshot => "oneshot",
        ServiceType::Notify => "notify",
        ServiceType::Forking => "forking",
    };
    let mut said = vec![kind.to_owned()];
    if !service.depends_on.is_empty() {
        let needs = service
            .depends_on
            .iter()
            .map(|(name, condition)| match condition {
                Condition::Started => name.clone(),
                Condition::Ready => format!("{name} (ready)"),
                Condition::Completed => format!("{name} (completed)"),
            });
        said.push(format!("after {}", needs.collect::<Vec<_>>().join(", ")));
    }
    if !service.autostart {
        said.push("not started by itself".into());
    }
    said.extend(service.ready.as_ref().map(ready));
    if let Some(check) = &service.healthcheck {
        said.push(format!("healthy by {}", probe(&check.probe)));
    }
    match (service.restart, service.max_restarts) {
        (When::Never, _) => {}
        (When::OnFailure, None) => said.push("restarted on failure".into()),
        (When::OnFailure, Some(most)) => said.push(format!("restarted on failure, {most} times")),
        (When::Always, None) => said.push("restarted always".into()),
        (When::Always, Some(most)) => said.push(format!("restarted always, {most} times")),
    }
    if !service.essential {
        said.push("not essential".into());
    }
    said.extend(service.user.as_ref().map(|spec| match &spec.group {
        Some(group) => format!("as {}:{group}", spec.user),
        None => format!("as {}", spec.user),
    }));
    stop(service, &mut said);
    for (moment, key) in MOMENTS {
        let count = commands(service, moment).len();
        // That is how it is stopped, and has been said.
        if count > 0 && moment != ServiceMoment::Stop {
            said.push(counted(key, count));
        }
    }
    match &service.log {
        Output::Inherit => {}
        Output::Prefix => said.push("output with a prefix".into()),
        Output::Json => said.push("output as JSON".into()),
        Output::File { path, .. } => said.push(format!("output to {}", path.display())),
        Output::Null => said.push("no output".into()),
    }
    said
}

fn ready(when: &ReadyWhen) -> String {
    match when {
        ReadyWhen::Notify => "ready by sd_notify".into(),
        ReadyWhen::Descriptor(number) => format!("ready by a line on descriptor {number}"),
        ReadyWhen::Probed { probe: how, .. } => format!("ready by {}", probe(how)),
        ReadyWhen::Log(text) => format!("ready by {text:?} in its output"),
        ReadyWhen::Delay(delay) => format!("ready after {}", seconds(*delay)),
    }
}

fn probe(probe: &Probe) -> String {
    match probe {
        Probe::Tcp(address) => format!("tcp {address}"),
        // A query may have a token in it.
        Probe::Http(url) => url.split('?').next().unwrap_or_default().to_owned(),
        Probe::Exec(command) => {
            let word = command.words.first().map_or("", String::as_str);
            match command.shell {
                true => "a shell command".into(),
                false => format!("running {word}"),
            }
        }
    }
}

fn stop(service: &ServiceSettings, said: &mut Vec<String>) {
    let mut how = String::new();
    if service.stop_command.is_some() {
        how.push_str(" by a command");
    } else if !service.stop_signal.is_empty() {
        let ladder = service.stop_signal.iter().map(ToString::to_string);
        let _ = write!(how, " by {}", ladder.collect::<Vec<_>>().join(", then "));
    }
    if let Some(timeout) = service.stop_timeout {
        let _ = write!(how, " within {}", seconds(timeout));
    }
    let mode = match service.kill_mode {
        KillMode::Auto => "",
        KillMode::Main => ", the main process alone",
        KillMode::Group => ", its process group",
        KillMode::Process => ", the main process and nobody else",
    };
    how.push_str(mode);
    if !how.is_empty() {
        said.push(format!("stopped{how}"));
    }
}
