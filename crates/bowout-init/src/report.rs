//! Gives the account of a stop: one line for people, JSON for programs, a paragraph for Kubernetes.

mod json;
mod text;

use crate::cli::ReportTarget;
use crate::config::Config;
use crate::log::{Level, Log};
use bowout_core::report::Report;
use std::io::Write;
use std::path::Path;

/// Where Kubernetes reads why a container ended (`terminationMessagePath`). It makes the file; where it
/// is not there, nobody would read it.
const TERMINATION_LOG: &str = "/dev/termination-log";

/// Writes the account wherever it is wanted. What can't be written is a line in the log.
#[cold]
pub(crate) fn write(report: &Report, config: &Config, log: &mut Log) {
    let level = match text::is_worth_telling(report) {
        true => Level::Notice,
        false => Level::Info,
    };
    if log.writes(level) {
        log.say(level, &text::line(report));
    }
    if let Some(target) = &config.report {
        let json = json::object(report, &config.plan);
        if let Err(error) = write_to(target, json.as_bytes()) {
            let reason = bowout_sys::reason(&error);
            log.say(
                Level::Error,
                &format!("cannot write the report to {}: {reason}", name(target)),
            );
        }
    }
    if config.kubernetes && text::is_worth_telling(report) {
        // Not made when it is missing, and added to what the application itself may have left there.
        let file = std::fs::OpenOptions::new()
            .append(true)
            .open(Path::new(TERMINATION_LOG));
        if let Ok(mut file) = file {
            _ = file.write_all(text::paragraph(report).as_bytes());
        }
    }
}

fn write_to(target: &ReportTarget, json: &[u8]) -> std::io::Result<()> {
    match target {
        // In one piece or not at all: whoever reads it never sees half of it.
        ReportTarget::File(path) if is_plain(path) => {
            let mut beside = path.as_os_str().to_owned();
            beside.push(".new");
            std::fs::write(&beside, json)?;
            std::fs::rename(&beside, path)
        }
        ReportTarget::File(path) => bowout_sys::output::open_for_writing(path)?.write_all(json),
        ReportTarget::Descriptor(number) => bowout_sys::output::duplicate(*number)?.write_all(json),
    }
}

/// A pipe or a terminal must not be replaced by a file.
fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}

fn name(target: &ReportTarget) -> String {
    match target {
        ReportTarget::File(path) => path.display().to_string(),
        ReportTarget::Descriptor(number) => format!("fd:{number}"),
    }
}
