//! Looks for mistakes in a configuration, says what was understood, and runs nothing.

mod understood;

use crate::assemble::{MOMENTS, Place, assemble, commands};
use crate::cli::{LogFormat, Options};
use crate::colour;
use crate::config::add_files;
use crate::environment::Environment;
use crate::file::Problems;
use crate::log::words;
use crate::origin::Origin;
use crate::perform::any_exists;
use crate::services::{Facts, Recipe};
use crate::settings::{Probe, ReadyWhen, Settings, SignalRule};
use crate::stdio;
use bowout_core::action::Note;
use bowout_core::plan::budget::Budget;
use std::time::Duration;

/// The exit code where there is a mistake.
const MISTAKES: u8 = 1;

/// Says all that is wrong on standard error and what was understood on standard output, and returns the exit
/// code: 0 where a configuration can be run. What may be there only when it is needed (users, programs, files)
/// is told as a warning, and so is a stop that does not fit.
#[cold]
#[inline(never)]
pub(crate) fn run(name: &str, options: Options, environment: Environment) -> u8 {
    let is_json = options.log_format == Some(LogFormat::Json);
    let (understood, problems) = examine(name, options, environment, is_json);
    match is_json {
        true => eprint!("{}", problems.json_lines()),
        false if problems.is_empty() => {}
        false => eprintln!("{}", problems.shown(colour::is_wanted(&std::io::stderr()))),
    }
    match understood {
        Some(text) => stdio::tell(name, &text),
        None => {
            if !is_json {
                eprintln!("{name}: {}", problems.counted());
            }
            MISTAKES
        }
    }
}

/// What was understood, where it can be run, and all that is wrong or odd.
fn examine(
    name: &str,
    options: Options,
    mut environment: Environment,
    is_json: bool,
) -> (Option<String>, Problems) {
    let added = add_files(&mut environment, &options.env_file);
    let origin = match added.and_then(|()| Origin::find(name, options)) {
        Ok(origin) => origin,
        Err(text) => return (None, Problems::whole(text, "")),
    };
    let place = Place {
        kubernetes: environment.get("KUBERNETES_SERVICE_HOST").is_some(),
        ..Place::CONTAINER
    };
    let (settings, mut problems) = origin.examine();
    let Some(settings) = settings else {
        return (None, problems);
    };
    let plan = match assemble(&settings, place) {
        Ok(assembled) => assembled.plan,
        Err(error) => return (None, Problems::whole(error, "")),
    };
    let budget = Budget::of(&plan);
    if !budget.fits() {
        let (wanted, budget) = (budget.wanted, budget.total);
        let note = words::of(&Note::PlanScaled { wanted, budget }, &plan);
        let hint = "`bowout plan` shows the chain that is too long, and what would fit";
        problems.warn(note, Some(hint));
    }
    for warning in missing(&settings, &Recipe::new(environment)) {
        problems.warn(warning, None);
    }
    let text = match is_json {
        true => understood::json(&origin.name(), &settings, &budget),
        false => understood::text(&origin.name(), &settings, &budget),
    };
    (Some(text), problems)
}

/// What is not there now.
fn missing(settings: &Settings, recipe: &Recipe) -> Vec<String> {
    let mut missing = Vec::new();
    for service in &settings.services {
        let name = &service.name;
        match recipe.service(service, Duration::ZERO) {
            Err(unmade) => missing.push(format!("service {name:?}: {}", unmade.text)),
            Ok(program) if !any_exists(&program) => {
                let word = service.command.words.first().map_or("", String::as_str);
                missing.push(format!("service {name:?}: command: {word:?} is not there"));
            }
            Ok(_) => {}
        }
        if let Some(directory) = service.working_dir.as_ref().filter(|path| !path.is_dir()) {
            let directory = directory.display();
            missing.push(format!(
                "service {name:?}: working_dir: {directory} is no directory"
            ));
        }
        for (moment, key) in MOMENTS {
            for (place, hook) in commands(service, moment).iter().enumerate() {
                let made = recipe.hook(service, moment, place, &Facts::default());
                if made.is_ok_and(|program| !any_exists(&program)) {
                    let word = hook.command.words.first().map_or("", String::as_str);
                    missing.push(format!("service {name:?}: {key}: {word:?} is not there"));
                }
            }
        }
    }
    missing.extend(missing_probes(settings, recipe));
    let on_signals = settings
        .signals
        .iter()
        .filter_map(|(signal, rule)| match rule {
            SignalRule::Run(commands) => Some((signal.to_string(), commands)),
            SignalRule::Reload(_)
            | SignalRule::Forward(_)
            | SignalRule::ReloadConfig
            | SignalRule::Ignore => None,
        });
    let own = [
        ("pre_stop".to_owned(), &settings.pre_stop),
        ("post_stop".to_owned(), &settings.post_stop),
    ];
    for (key, commands) in own.into_iter().chain(on_signals) {
        for hook in commands {
            let made = recipe.command(hook, None);
            if made.is_ok_and(|program| !any_exists(&program)) {
                let word = hook.command.words.first().map_or("", String::as_str);
                missing.push(format!("{key}: {word:?} is not there"));
            }
        }
    }
    missing
}

/// Commands that look at services, and are not there.
fn missing_probes(settings: &Settings, recipe: &Recipe) -> Vec<String> {
    let mut missing = Vec::new();
    for service in &settings.services {
        let ready = match &service.ready {
            Some(ReadyWhen::Probed { probe, .. }) => Some(("ready", probe)),
            Some(
                ReadyWhen::Notify
                | ReadyWhen::Descriptor(_)
                | ReadyWhen::Log(_)
                | ReadyWhen::Delay(_),
            )
            | None => None,
        };
        let health = service.healthcheck.as_ref();
        let health = health.map(|check| ("healthcheck", &check.probe));
        for (key, probe) in ready.into_iter().chain(health) {
            let Probe::Exec(command) = probe else {
                continue;
            };
            let made = recipe.probe(service, probe, &Facts::default());
            if made.is_ok_and(|program| !any_exists(&program)) {
                let word = command.words.first().map_or("", String::as_str);
                missing.push(format!(
                    "service {:?}: {key}: {word:?} is not there",
                    service.name
                ));
            }
        }
    }
    missing
}
