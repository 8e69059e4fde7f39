//! Puts what the core tells into words.

use super::Level;
use bowout_core::action::{HookOutcome, Lingering, Note};
use bowout_core::event::{SpawnError, SpawnErrorKind};
use bowout_core::plan::{Kind, Plan, Readiness, Service, ServiceId};
use bowout_core::{Pid, Signal, Status};
use std::fmt::Write;
use std::time::Duration;

/// How many processes a line names.
const NAMED: usize = 5;

pub(super) fn level(note: &Note, plan: &Plan) -> Level {
    match note {
        // What failed has been said in full by whoever tried it.
        Note::SpawnFailed { error, .. } if is_said(error, plan) => Level::Info,
        Note::SpawnFailed { .. }
        | Note::RestartsExhausted { .. }
        | Note::DependencyFailed { .. } => Level::Error,
        Note::PlanScaled { .. }
        | Note::StopHurried
        | Note::StopForced
        | Note::Waiting { .. }
        | Note::HalfTime { .. }
        | Note::Killing { .. }
        | Note::Restarting { .. }
        | Note::StartTimedOut { .. }
        | Note::Unhealthy { .. }
        | Note::Refused { .. }
        | Note::NoProc => Level::Notice,
        // Who runs one command sees that by its end; of several, nobody sees which it was.
        Note::MainExited { awaited: false, .. } if !plan.is_command() => Level::Notice,
        Note::HookEnded {
            outcome: HookOutcome::Ended(status),
            ..
        } if status.is_success() => Level::Info,
        Note::HookEnded {
            outcome: HookOutcome::NotStarted(error),
            ..
        } if is_said(error, plan) => Level::Info,
        Note::HookEnded { .. } => Level::Notice,
        Note::StopBegun { .. }
        | Note::StopRepeated(_)
        | Note::NextRung { .. }
        | Note::MainExited { .. }
        | Note::Adopted { .. }
        | Note::NotForwarded(_) => Level::Info,
        Note::Changed { .. } | Note::Unexpected(_) => Level::Debug,
    }
}

/// Whether a line of its own has said what could not be started and why. Of one command it is this note that
/// says so: its name is the service's.
fn is_said(error: &SpawnError, plan: &Plan) -> bool {
    match error.kind {
        SpawnErrorKind::Setup => true,
        SpawnErrorKind::NotFound | SpawnErrorKind::CannotExecute => !plan.is_command(),
        SpawnErrorKind::Exhausted => false,
    }
}

/// The line for people.
pub(crate) fn of(note: &Note, plan: &Plan) -> String {
    let service = |id: ServiceId| {
        plan.services()
            .get(id.0)
            .map_or("?", |service| &service.name)
    };
    match note {
        Note::PlanScaled { wanted, budget } => format!(
            "the stop can take {}, and the grace period less the margin is {}: every part was cut to {} %",
            seconds(*wanted),
            seconds(*budget),
            (budget.as_nanos() * 100)
                .checked_div(wanted.as_nanos())
                .unwrap_or(100)
        ),
        Note::StopBegun { budget, received } => {
            let mut text = "stopping".to_owned();
            if let Some(received) = received {
                _ = write!(
                    text,
                    ": {} from {}",
                    received.signal,
                    sender(received.sender.pid, received.sender.uid)
                );
            }
            if let Some(budget) = budget {
                _ = write!(text, ", {} at most", seconds(*budget));
            }
            text
        }
        Note::StopRepeated(signal) => format!("{signal} again: already stopping"),
        Note::StopHurried => {
            "SIGINT again: no drain, and a quarter of the time; once more kills".to_owned()
        }
        Note::StopForced => "SIGINT once more: SIGKILL to all that is left".to_owned(),
        Note::Waiting { since, processes } => {
            format!(
                "after {} still waiting for {}",
                seconds(*since),
                list(processes, plan)
            )
        }
        Note::HalfTime { service: id, told } => format!(
            "half of the time is over: {told} more of {} told to stop, below processes that have not ended",
            service(*id)
        ),
        Note::NextRung {
            service: id,
            signal,
        } => format!("{}: now {signal}", service(*id)),
        Note::Killing(lingering) => format!(
            "SIGKILL to {}: it {}",
            process(
                lingering.pid,
                &lingering.name,
                service_of(lingering.service, plan)
            ),
            lingering.stayed
        ),
        Note::SpawnFailed {
            service: id,
            error,
            retry_in,
        } => {
            let mut text = format!("cannot run {}: {}", service(*id), spawn_error(error));
            if let Some(pause) = retry_in {
                _ = write!(text, "; trying again in {}", seconds(*pause));
            }
            text
        }
        Note::MainExited {
            service: id,
            pid,
            status,
            awaited,
        } => {
            let mut text = format!("{} ({pid}) {status}", service(*id));
            // The commonest reason in a container, and nothing else says so in its log.
            if !awaited && status.signal() == Some(Signal::KILL) {
                text.push_str(", not by bowout: out of memory, or a kill from elsewhere");
            }
            text
        }
        Note::Restarting { service: id, after } => {
            format!("{} starts again in {}", service(*id), seconds(*after))
        }
        Note::Changed { service: id } => format!("{} changed", service(*id)),
        Note::RestartsExhausted { service: id } => format!(
            "{} is given up: it was started again as often as max_restarts allows",
            service(*id)
        ),
        Note::StartTimedOut { service: id } => {
            let of_plan = plan.services().get(id.0);
            let what = of_plan.map_or("was not ready", lacking);
            let limit = of_plan.and_then(|service| service.start_timeout);
            let within = limit.map_or_else(
                || "in time".to_owned(),
                |limit| format!("within {} (start_timeout)", seconds(limit)),
            );
            format!("{} {what} {within}: it is stopped", service(*id))
        }
        Note::Unhealthy {
            service: id,
            watchdog,
        } => {
            let how = match watchdog {
                true => "did not report to its watchdog in time",
                false => "failed its health check",
            };
            format!("{} {how}: it is stopped", service(*id))
        }
        Note::Adopted { service: id, pid } => {
            format!("{}: {pid} is its main process", service(*id))
        }
        Note::Refused { service: id, pid } => format!(
            "{}: {pid} is not accepted as its main process: it is no child of bowout, or another service's",
            service(*id)
        ),
        Note::DependencyFailed { service: id, on } => format!(
            "{} is not started: {}, which it depends on, did not come up",
            service(*id),
            service(*on)
        ),
        Note::HookEnded { hook, outcome } => {
            let name = plan
                .hooks()
                .get(hook.0)
                .map_or("hook", |hook| hook.name.as_str());
            format!("{name}: {}", self::outcome(*outcome))
        }
        Note::NoProc => match plan.is_command() {
            true => "/proc cannot be read: signals go to the command's process group".to_owned(),
            false => "/proc cannot be read: signals go to each service's process group".to_owned(),
        },
        Note::NotForwarded(signal) => {
            format!("{signal} came, and there is nobody to send it on to")
        }
        Note::Unexpected(what) => format!("not expected: {what}"),
    }
}

/// What a service did not do in its time.
fn lacking(service: &Service) -> &'static str {
    match (service.kind, service.readiness) {
        (Kind::Oneshot, _) => "did not end",
        (_, Readiness::Probed { .. }) => "was not ready, by its probe,",
        (_, Readiness::Told) => "did not say that it was ready",
        (Kind::Forking { pidfile: true }, Readiness::Started) => {
            "left no process that its pidfile names"
        }
        (Kind::Forking { pidfile: false }, Readiness::Started) => "left no daemon behind",
        (Kind::Simple, Readiness::Started)
        | (Kind::Simple | Kind::Forking { .. }, Readiness::Delay(_)) => "was not ready",
    }
}

/// What became of a hook.
pub(crate) fn outcome(outcome: HookOutcome) -> String {
    match outcome {
        HookOutcome::Ended(status) => Status::to_string(&status),
        HookOutcome::TimedOut => "SIGKILLed: its time was up".to_owned(),
        HookOutcome::NotStarted(error) => format!("cannot be started: {}", spawn_error(&error)),
    }
}

/// Where a signal came from.
pub(crate) fn sender(pid: Pid, uid: u32) -> String {
    match pid {
        Pid::OUTSIDE => "outside of the container".to_owned(),
        pid => format!("process {pid} of user {uid}"),
    }
}

/// A length of time as people read it.
pub(crate) fn seconds(length: Duration) -> String {
    match length.as_secs() {
        0 => format!("{} ms", length.subsec_millis()),
        1..=59 => {
            let hundredths = length.as_secs() * 100 + u64::from((length.subsec_millis() + 5) / 10);
            format!("{}.{:02} s", hundredths / 100, hundredths % 100)
        }
        _ => format!("{} s", length.as_secs()),
    }
}

/// Why a program could not be started.
pub(crate) fn spawn_error(error: &SpawnError) -> String {
    if error.errno == 0 {
        // It was not the kernel that refused; what it was has been said by whoever found it.
        return "it can't be set up as its configuration says".to_owned();
    }
    let reason = bowout_sys::reason(&std::io::Error::from_raw_os_error(error.errno));
    match error.kind {
        SpawnErrorKind::NotFound => format!("{reason} (is the path right, and is it in PATH?)"),
        SpawnErrorKind::CannotExecute if error.errno == bowout_sys::spawn::NOT_FOUND => {
            "the file is there, but not the program that its first line names, or its loader"
                .to_owned()
        }
        SpawnErrorKind::CannotExecute if error.errno == bowout_sys::spawn::DENIED => {
            format!("{reason} (is it executable?)")
        }
        SpawnErrorKind::CannotExecute | SpawnErrorKind::Exhausted | SpawnErrorKind::Setup => reason,
    }
}

/// The service whose process this is, where there is more than one to tell apart.
pub(crate) fn service_of(service: Option<ServiceId>, plan: &Plan) -> Option<&str> {
    let service = plan.services().get(service?.0)?;
    (!plan.is_command()).then_some(&service.name)
}

/// A process as it is named in a line.
pub(crate) fn process(pid: Pid, name: &str, service: Option<&str>) -> String {
    match service {
        Some(service) => format!("{pid} ({name}) of {service}"),
        None => format!("{pid} ({name})"),
    }
}

fn list(processes: &[Lingering], plan: &Plan) -> String {
    let mut text = String::new();
    for (index, lingering) in processes.iter().take(NAMED).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let service = service_of(lingering.service, plan);
        let who = process(lingering.pid, &lingering.name, service);
        _ = write!(text, "{separator}{who}: {}", lingering.stayed);
    }
    if processes.len() > NAMED {
        _ = write!(text, ", and {} more", processes.len() - NAMED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowout_core::process::Stayed;

    #[test]
    fn what_the_kernel_did_not_refuse_is_no_success() {
        let kind = SpawnErrorKind::Setup;
        let said = spawn_error(&SpawnError { kind, errno: 0 });
        assert_eq!(said, "it can't be set up as its configuration says");
    }

    #[test]
    fn lengths_are_rounded_to_what_is_read() {
        let cases = [
            (0, "0 ms"),
            (999_999, "999 ms"),
            (1_000_000, "1.00 s"),
            (1_004_999, "1.00 s"),
            (1_005_000, "1.01 s"),
            (59_049_000, "59.05 s"),
            (59_999_000, "60.00 s"),
            (60_000_000, "60 s"),
        ];
        for (micros, text) in cases {
            assert_eq!(seconds(Duration::from_micros(micros)), text);
        }
        for millis in (1000..60_000).filter(|millis| millis % 10 != 5) {
            let length = Duration::from_millis(millis);
            assert_eq!(seconds(length), format!("{:.2} s", length.as_secs_f64()));
        }
    }

    #[test]
    fn a_plan_is_cut_to_whole_percents() {
        let plan = Plan::new(bowout_core::plan::Draft::single(
            bowout_core::plan::Service::new("command"),
        ))
        .unwrap();
        for (wanted, budget, text) in [(100, 29, "29 %"), (35_250, 9500, "26 %"), (1000, 0, "0 %")]
        {
            let (wanted, budget) = (Duration::from_millis(wanted), Duration::from_millis(budget));
            let said = of(&Note::PlanScaled { wanted, budget }, &plan);
            assert!(said.ends_with(&format!("was cut to {text}")), "{said}");
        }
    }

    #[test]
    fn who_is_waited_for_is_named_with_the_reason() {
        let plan = Plan::new(bowout_core::plan::Draft::single(
            bowout_core::plan::Service::new("command"),
        ))
        .unwrap();
        let many = (2..9)
            .map(|pid| Lingering {
                pid: Pid::new(pid),
                name: "java".to_owned(),
                service: Some(ServiceId(0)),
                stayed: Stayed::Ignores,
            })
            .collect();
        let note = Note::Waiting {
            since: Duration::from_millis(1004),
            processes: many,
        };
        let text = of(&note, &plan);
        assert!(
            text.starts_with(
                "after 1.00 s still waiting for 2 (java): ignores the signal, 3 (java)"
            ),
            "{text}"
        );
        assert!(text.ends_with(", and 2 more"), "{text}");
    }
}
