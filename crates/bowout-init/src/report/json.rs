//! Gives the account of a stop to programs: one JSON object. docs/report.md describes it.

use super::Told;
use bowout_core::action::HookOutcome;
use bowout_core::plan::{HookMoment, Plan, ServiceId, ServiceMoment};
use bowout_core::report::{End, HookReport, ProcessReport, Reason, Report};
use bowout_core::service::Ending;
use bowout_core::{Instant, Status};
use serde::Serialize;
use std::time::Duration;

/// The version of this form. It grows when something is taken away or changes its meaning, and stays
/// when something is added.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Object<'a> {
    version: u32,
    program: &'a str,
    reason: ReasonObject<'a>,
    /// The grace period less the margin; null when no grace period was given.
    budget_ms: Option<f64>,
    took_ms: f64,
    exit_code: u8,
    graceful: bool,
    killed: usize,
    services: Vec<ServiceObject<'a>>,
    processes: Vec<ProcessObject<'a>>,
    hooks: Vec<HookObject<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ReasonObject<'a> {
    Signal {
        signal: String,
        sender_pid: i32,
        sender_uid: u32,
    },
    Request,
    Ended {
        service: &'a str,
        status: StatusObject,
    },
    NotStarted {
        service: &'a str,
        errno: i32,
    },
    Failed {
        service: &'a str,
    },
    NothingLeft,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StatusObject {
    Exited { code: u8 },
    Signaled { signal: String, core_dumped: bool },
}

#[derive(Serialize)]
struct ServiceObject<'a> {
    name: &'a str,
    state: &'a str,
    /// How its main process ended last; null when it never ran.
    last_exit: Option<StatusObject>,
    restarts: u32,
    /// What it had from its stop signal to SIGKILL, as the plan was scaled.
    stop_timeout_ms: f64,
    /// The first and the last that is known of it in this stop; null when nobody of it was there.
    told_ms: Option<f64>,
    ended_ms: Option<f64>,
    processes: usize,
    killed: usize,
    /// What it said of itself last (sd_notify(3), STATUS=).
    status: Option<&'a str>,
}

#[derive(Serialize)]
struct ProcessObject<'a> {
    pid: i32,
    name: &'a str,
    parent: Option<i32>,
    service: Option<&'a str>,
    swept: bool,
    signals: Vec<SignalObject>,
    killed: Option<KilledObject>,
    /// How it ended; null when it was still there.
    end: Option<EndObject>,
    /// What was left of the budget when it ended.
    left_ms: Option<f64>,
}

#[derive(Serialize)]
struct SignalObject {
    signal: String,
    at_ms: f64,
}

#[derive(Serialize)]
struct KilledObject {
    at_ms: f64,
    why: String,
}

#[derive(Serialize)]
struct EndObject {
    /// Null when its own parent reaped it and knows how it ended.
    status: Option<StatusObject>,
    at_ms: f64,
}

#[derive(Serialize)]
struct HookObject<'a> {
    name: &'a str,
    moment: &'a str,
    /// The service it belongs to; null for a hook of the container.
    service: Option<&'a str>,
    began_ms: f64,
    took_ms: f64,
    /// Null when it was SIGKILLed by its time-out, or never started.
    status: Option<StatusObject>,
    timed_out: bool,
    started: bool,
}

/// The object, and a newline.
#[inline(never)]
pub(super) fn object(told: Told<'_>) -> String {
    let Told { report, core, .. } = told;
    let plan = core.plan();
    let object = Object {
        version: VERSION,
        program: concat!("bowout-init ", env!("CARGO_PKG_VERSION")),
        reason: reason(&report.reason, plan),
        budget_ms: report.budget.map(millis),
        took_ms: millis(report.took()),
        exit_code: report.code,
        graceful: report.killed().next().is_none(),
        killed: report.killed().count(),
        services: plan.ids().map(|id| service(id, told)).collect(),
        processes: report
            .processes
            .iter()
            .map(|process| self::process(process, report, plan))
            .collect(),
        hooks: report
            .hooks
            .iter()
            .map(|hook| self::hook(hook, report, plan))
            .collect(),
    };
    let mut text = serde_json::to_string(&object).unwrap_or_default();
    text.push('\n');
    text
}

fn reason<'a>(reason: &Reason, plan: &'a Plan) -> ReasonObject<'a> {
    match *reason {
        Reason::Signal(received) => ReasonObject::Signal {
            signal: received.signal.to_string(),
            sender_pid: received.sender.pid.get(),
            sender_uid: received.sender.uid,
        },
        Reason::Request => ReasonObject::Request,
        Reason::Ended { service, status } => ReasonObject::Ended {
            service: service_name(plan, service),
            status: self::status(status),
        },
        Reason::NotStarted { service, error } => ReasonObject::NotStarted {
            service: service_name(plan, service),
            errno: error.errno,
        },
        Reason::Failed { service } => ReasonObject::Failed {
            service: service_name(plan, service),
        },
        Reason::NothingLeft => ReasonObject::NothingLeft,
    }
}

fn service(id: ServiceId, told: Told<'_>) -> ServiceObject<'_> {
    let Told { report, core, .. } = told;
    let service = core.service(id);
    let at = |moment: Instant| millis(moment.since(report.began));
    let of_service = || {
        let processes = report.processes.iter();
        processes.filter(move |process| process.service == Some(id))
    };
    let signals = of_service().filter_map(|process| process.told.first());
    let ended = of_service().filter_map(|process| process.end.at());
    ServiceObject {
        name: service_name(core.plan(), id),
        state: service.word(),
        last_exit: match service.ending {
            Ending::Exited(status) => Some(self::status(status)),
            Ending::NeverRan | Ending::NotStarted(_) | Ending::Blocked(_) => None,
        },
        restarts: service.attempts.total(),
        stop_timeout_ms: millis(core.budget().timeout(id)),
        told_ms: signals.map(|(_, moment)| *moment).min().map(at),
        ended_ms: ended.max().map(at),
        processes: of_service().count(),
        killed: of_service()
            .filter(|process| process.killed.is_some())
            .count(),
        status: told.said_by(id),
    }
}

fn process<'a>(process: &'a ProcessReport, report: &Report, plan: &'a Plan) -> ProcessObject<'a> {
    let at = |moment: Instant| millis(moment.since(report.began));
    let ended = process.end.at();
    let status = match process.end {
        End::Reaped { status, .. } => Some(self::status(status)),
        End::Gone { .. } | End::Left => None,
    };
    let end_of_budget = report.budget.map(|budget| report.began.after(budget));
    ProcessObject {
        pid: process.pid.get(),
        name: &process.name,
        parent: process.parent.map(bowout_core::Pid::get),
        service: process.service.map(|service| service_name(plan, service)),
        swept: process.swept,
        signals: process
            .told
            .iter()
            .map(|(signal, moment)| SignalObject {
                signal: signal.to_string(),
                at_ms: at(*moment),
            })
            .collect(),
        killed: process.killed.map(|(moment, why)| KilledObject {
            at_ms: at(moment),
            why: why.to_string(),
        }),
        end: ended.map(|moment| EndObject {
            status,
            at_ms: at(moment),
        }),
        left_ms: end_of_budget
            .zip(ended)
            .map(|(end, ended)| millis(end.since(ended))),
    }
}

fn hook<'a>(hook: &HookReport, report: &Report, plan: &'a Plan) -> HookObject<'a> {
    let of_plan = &plan.hooks()[hook.hook.0];
    HookObject {
        name: &of_plan.name,
        moment: match of_plan.moment {
            HookMoment::PreStop => "pre_stop",
            HookMoment::PostStop => "post_stop",
            HookMoment::OnSignal(_) => "on_signal",
            HookMoment::Of(_, moment) => match moment {
                ServiceMoment::PreStart => "service_pre_start",
                ServiceMoment::PostStart => "service_post_start",
                ServiceMoment::Readiness => "readiness",
                ServiceMoment::Liveness => "liveness",
                ServiceMoment::Reload => "reload",
                ServiceMoment::PreStop => "service_pre_stop",
                ServiceMoment::Stop => "stop_command",
                ServiceMoment::PostStop => "service_post_stop",
            },
        },
        service: match of_plan.moment {
            HookMoment::Of(id, _) => Some(service_name(plan, id)),
            HookMoment::PreStop | HookMoment::PostStop | HookMoment::OnSignal(_) => None,
        },
        began_ms: millis(hook.began.since(report.began)),
        took_ms: millis(hook.ended.since(hook.began)),
        status: match hook.outcome {
            HookOutcome::Ended(status) => Some(self::status(status)),
            HookOutcome::TimedOut | HookOutcome::NotStarted(_) => None,
        },
        timed_out: hook.outcome == HookOutcome::TimedOut,
        started: !matches!(hook.outcome, HookOutcome::NotStarted(_)),
    }
}

fn status(status: Status) -> StatusObject {
    match status {
        Status::Exited(code) => StatusObject::Exited { code },
        Status::Signaled {
            signal,
            core_dumped,
        } => StatusObject::Signaled {
            signal: signal.to_string(),
            core_dumped,
        },
    }
}

fn service_name(plan: &Plan, id: ServiceId) -> &str {
    &plan.service(id).name
}

/// Milliseconds, to the microsecond.
fn millis(length: Duration) -> f64 {
    (length.as_secs_f64() * 1e6).round() / 1e3
}
