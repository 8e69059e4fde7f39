//! `bowout plan`: shows the longest stop that a configuration allows, and whether the platform waits so long.

mod advice;
mod chart;
mod json;
mod schedule;
#[cfg(test)]
mod stubborn;
mod svg;
mod words;

use advice::Advice;
use bowout_init::assemble::{self, Place};
use bowout_init::file;
use chart::Style;
use schedule::Schedule;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

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
    let settings = bowout_init::settings("bowout plan", arguments(matches))?;
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

/// The same options for the code that reads them for `run`.
fn arguments(matches: &clap::ArgMatches) -> Vec<OsString> {
    let paths = ["config", "procfile"].into_iter().filter_map(|name| {
        let value = matches.get_one::<PathBuf>(name)?;
        Some((name, value.clone().into_os_string()))
    });
    let times = ["grace", "margin", "drain"].into_iter().filter_map(|name| {
        let value = matches.get_one::<String>(name)?;
        Some((name, OsString::from(value)))
    });
    let written = |(name, value)| {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        word
    };
    paths.chain(times).map(written).collect()
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
        colours: has_colours(variable),
    }
}

/// Whether nobody minds them (no-color.org), and the terminal knows them.
fn has_colours(variable: file::Variable<'_>) -> bool {
    variable("NO_COLOR").is_none() && variable("TERM").is_some_and(|term| term != "dumb")
}

#[cfg(test)]
mod tests;
