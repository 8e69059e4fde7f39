//! Looks for mistakes in a configuration, and runs nothing.

use crate::assemble::{MOMENTS, Place, assemble, commands};
use crate::cli::Options;
use crate::config::add_files;
use crate::environment::Environment;
use crate::log::words::seconds;
use crate::origin::Origin;
use crate::perform::any_exists;
use crate::services::Recipe;
use crate::settings::{Settings, SignalRule};
use bowout_core::plan::Plan;
use bowout_core::plan::budget::Budget;
use std::time::Duration;

/// The exit code where there is a mistake.
const MISTAKES: u8 = 1;

/// Says all that is wrong, and returns the exit code: 0 where a configuration can be run. What may be there
/// only when it is needed (users, programs, files) is told as a warning.
#[cold]
pub(crate) fn run(name: &str, options: Options, mut environment: Environment) -> u8 {
    let added = add_files(&mut environment, &options.env_file);
    let origin = added.and_then(|()| Origin::find(name, options));
    let origin = match origin {
        Ok(origin) => origin,
        Err(text) => {
            eprintln!("{name}: {text}");
            return MISTAKES;
        }
    };
    let kubernetes = environment.get("KUBERNETES_SERVICE_HOST").is_some();
    let place = Place {
        kubernetes,
        ..Place::CONTAINER
    };
    let (settings, problems) = origin.examine();
    if !problems.is_empty() {
        eprintln!("{problems}");
    }
    let Some(settings) = settings else {
        return MISTAKES;
    };
    let plan = match assemble(&settings, place) {
        Ok(assembled) => assembled.plan,
        Err(error) => {
            eprintln!("error: {error}");
            return MISTAKES;
        }
    };
    for warning in missing(&settings, &Recipe::new(environment)) {
        eprintln!("warning: {warning}");
    }
    println!("{}: {}", origin.name(), summary(&plan));
    0
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
                let made = recipe.hook(service, moment, place, &Default::default());
                if made.is_ok_and(|program| !any_exists(&program)) {
                    let word = hook.command.words.first().map_or("", String::as_str);
                    missing.push(format!("service {name:?}: {key}: {word:?} is not there"));
                }
            }
        }
    }
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

fn summary(plan: &Plan) -> String {
    let count = match plan.services().len() {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    let budget = Budget::of(plan);
    let fits = match budget.fits() {
        true => String::new(),
        false => format!(
            ", and is cut to {}: it does not fit the grace period",
            seconds(budget.total)
        ),
    };
    format!(
        "{count}; a stop takes {} at most{fits}",
        seconds(budget.wanted)
    )
}
