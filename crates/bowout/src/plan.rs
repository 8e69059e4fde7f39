//! `bowout plan`: shows the longest stop that a configuration allows, and whether the platform waits so long.

mod advice;
mod chart;
mod json;
mod schedule;
mod svg;
mod words;

use advice::Advice;
use bowout_init::assemble::{self, Place};
use bowout_init::cli::value;
use bowout_init::colour;
use bowout_init::file;
use bowout_init::settings::Settings;
use chart::Style;
use schedule::Schedule;
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Exit code of a plan that does not fit.
const TOO_LONG: u8 = 1;

/// Where a terminal does not say how wide it is.
const WIDTH: usize = 100;

/// Reads the configuration, and shows what a stop may take.
pub(crate) fn run(matches: &clap::ArgMatches) -> u8 {
    match answer(matches) {
        Ok(code) => code,
        Err(error) => {
            // Where nobody reads it, there is nobody to tell.
            _ = writeln!(std::io::stderr(), "bowout plan: {}", error.trim_end());
            crate::USAGE
        }
    }
}

fn answer(matches: &clap::ArgMatches) -> Result<u8, String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let path = |name| matches.get_one::<PathBuf>(name).map(PathBuf::as_path);
    let mut settings = settings(path("config"), path("procfile"), &variable)?;
    let given = matches.get_one::<String>("grace").cloned();
    for (name, text) in [
        ("--grace", given),
        ("BOWOUT_GRACE", variable("BOWOUT_GRACE")),
    ] {
        if let Some(text) = text {
            settings.grace = Some(grace(name, &text)?);
            break;
        }
    }
    let place = Place {
        kubernetes: variable("KUBERNETES_SERVICE_HOST").is_some(),
        ..Place::CONTAINER
    };
    let plan = assemble::plan_of(&settings, place)?;
    let schedule = Schedule::of(&plan);
    let advice = (!schedule.fits()).then(|| Advice::on(&plan, &schedule));
    if let Some(path) = path("svg") {
        std::fs::write(path, svg::picture(&schedule)).map_err(|error| {
            format!("--svg: {}: {}", path.display(), bowout_sys::reason(&error))
        })?;
    }
    let text = match matches.get_flag("json") {
        true => json::object(&schedule, advice.as_ref()),
        false => chart::text(&schedule, advice.as_ref(), style(&variable)),
    };
    // Where nobody reads it the exit code still tells.
    _ = std::io::stdout().write_all(text.as_bytes());
    Ok(if schedule.fits() { 0 } else { TOO_LONG })
}

fn settings(
    config: Option<&Path>,
    procfile: Option<&Path>,
    variable: file::Variable<'_>,
) -> Result<Settings, String> {
    if let Some(path) = procfile {
        return file::read_procfile(path).map_err(refused);
    }
    let named = config
        .map(Path::to_owned)
        .or_else(|| variable("BOWOUT_CONFIG").map(PathBuf::from));
    let path = named.unwrap_or_else(|| PathBuf::from("bowout.toml"));
    file::read(&path, variable).map_err(refused)
}

fn refused(problems: file::Problems) -> String {
    let shown = problems.shown(colour::is_wanted(&std::io::stderr()));
    format!("{}\n\n{shown}", problems.counted())
}

fn grace(name: &str, text: &str) -> Result<Duration, String> {
    value::duration(text).ok_or_else(|| {
        format!(
            "{name}: {text:?} is not accepted; accepted: a duration such as 500ms, 10s or 1m30s"
        )
    })
}

/// As wide as the terminal is, with blocks where it has them; letters alone where there is none.
fn style(variable: file::Variable<'_>) -> Style {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return Style::PLAIN;
    }
    let columns = variable("COLUMNS").and_then(|text| text.parse().ok());
    let columns = columns.or_else(|| bowout_sys::terminal::columns(stdout.as_fd()));
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable);
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    Style {
        width: columns.map_or(WIDTH, usize::from),
        unicode: locale.contains("utf-8") || locale.contains("utf8"),
        colours: variable("NO_COLOR").is_none()
            && variable("TERM").is_some_and(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests;
