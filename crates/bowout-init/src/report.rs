//! Gives the account of a stop: one line for people, JSON for programs, a paragraph for Kubernetes.

mod json;
mod sink;
mod text;

pub(crate) use sink::Sink;

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
pub(crate) fn write(report: &Report, config: &mut Config, log: &mut Log) {
    let level = match text::is_worth_telling(report) && config.contract.tells_of_stops {
        true => Level::Notice,
        false => Level::Info,
    };
    if log.writes(level) {
        log.say(level, &text::line(report));
    }
    if let Some(sink) = &mut config.report {
        let json = json::object(report, &config.plan);
        if let Err(error) = sink.write(json.as_bytes()) {
            let reason = bowout_sys::reason(&error);
            log.say(
                Level::Error,
                &format!("cannot write the report to {}: {reason}", sink.name()),
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
