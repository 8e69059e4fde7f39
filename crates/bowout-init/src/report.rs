//! Gives the account of a stop: one line for people, JSON for programs, a paragraph for Kubernetes.

mod json;
mod sink;
mod text;

use crate::cli::ReportTarget;
use crate::contract::Contract;
use crate::log::{Level, Log};
use bowout_core::Supervisor;
use bowout_core::plan::ServiceId;
use bowout_core::report::Report;
use sink::Sink;
use std::io::Write;
use std::path::Path;

/// Where Kubernetes reads why a container ended (`terminationMessagePath`). It makes the file; where it
/// is not there, nobody would read it.
const TERMINATION_LOG: &str = "/dev/termination-log";

/// Who is told, beside the log.
pub(crate) struct Account {
    sink: Option<Sink>,
    /// Whether this is a container of Kubernetes.
    kubernetes: bool,
    /// Whether a stop is told of without being asked.
    tells_of_stops: bool,
}

impl Account {
    /// Looks at the places, so that a mistake is seen at the start.
    ///
    /// # Errors
    /// What is wrong with the place for the JSON account.
    pub(crate) fn open(
        target: Option<&ReportTarget>,
        contract: &Contract,
        kubernetes: bool,
    ) -> Result<Account, String> {
        Ok(Account {
            sink: target.map(Sink::open).transpose()?,
            kubernetes,
            tells_of_stops: contract.tells_of_stops,
        })
    }
}

/// Writes the account wherever it is wanted. What can't be written is a line in the log. `said` is what
/// each service said of itself last, by its place in the plan.
#[cold]
pub(crate) fn write(
    report: &Report,
    core: &Supervisor,
    said: &[String],
    account: &mut Account,
    log: &mut Log,
) {
    let told = Told { report, core, said };
    let level = match text::is_worth_telling(report, core.plan()) && account.tells_of_stops {
        true => Level::Notice,
        false => Level::Info,
    };
    if log.writes(level) {
        log.say(level, &text::line(told));
    }
    if let Some(sink) = &mut account.sink {
        let json = json::object(told);
        if let Err(error) = sink.write(json.as_bytes()) {
            let reason = bowout_sys::reason(&error);
            log.say(
                Level::Error,
                &format!("cannot write the report to {}: {reason}", sink.name()),
            );
        }
    }
    if account.kubernetes && text::is_worth_telling(report, core.plan()) {
        // Not made when it is missing, and added to what the application itself may have left there.
        let file = std::fs::OpenOptions::new()
            .append(true)
            .open(Path::new(TERMINATION_LOG));
        if let Ok(mut file) = file {
            _ = file.write_all(text::paragraph(told).as_bytes());
        }
    }
}

/// All that is known of a stop.
#[derive(Clone, Copy)]
struct Told<'a> {
    report: &'a Report,
    core: &'a Supervisor,
    /// What each service said of itself last; empty: nothing.
    said: &'a [String],
}

impl<'a> Told<'a> {
    /// What a service said of itself last, if it did.
    fn said_by(&self, id: ServiceId) -> Option<&'a str> {
        let said = self.said.get(id.0)?;
        (!said.is_empty()).then_some(said)
    }
}
