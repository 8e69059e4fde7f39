//! Gives the account of a stop to programs: one JSON object. docs/report.md describes it.

use super::Told;
use crate::json::{self, Write, written};
use bowout_core::action::HookOutcome;
use bowout_core::plan::{HookMoment, Plan, ServiceId, ServiceMoment};
use bowout_core::report::{End, HookReport, ProcessReport, Reason, Report};
use bowout_core::service::Ending;
use bowout_core::{Instant, Signal, Status};
use std::fmt::Write as _;
use std::time::Duration;

/// The version of this form. It grows when something is taken away or changes its meaning, and stays
/// when something is added.
const VERSION: u32 = 1;

struct Object<'a> {
    version: u32,
    program: &'a str,
    reason: ReasonObject<'a>,
    /// The grace period less the margin; null when no grace period was given.
    budget_ms: Option<Millis>,
    took_ms: Millis,
    exit_code: u8,
    graceful: bool,
    killed: usize,
    services: Vec<ServiceObject<'a>>,
    processes: Vec<ProcessObject<'a>>,
    hooks: Vec<HookObject<'a>>,
}

written!(Object<'_>:
    version, program, reason, budget_ms, took_ms, exit_code, graceful, killed, services, processes, hooks,
);

enum ReasonObject<'a> {
    Signal {
        signal: Signal,
        sender_pid: i32,
        sender_uid: u32,
    },
    Request,
    Ended {
        service: &'a str,
        status: Status,
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

impl Write for ReasonObject<'_> {
    fn write(&self, to: &mut String) {
        match self {
            ReasonObject::Signal {
                signal,
                sender_pid,
                sender_uid,
            } => {
                let names = ["kind", "signal", "sender_pid", "sender_uid"];
                json::object(to, &names, &[&"signal", signal, sender_pid, sender_uid]);
            }
            ReasonObject::Request => json::object(to, &["kind"], &[&"request"]),
            ReasonObject::Ended { service, status } => {
                json::object(
                    to,
                    &["kind", "service", "status"],
                    &[&"ended", service, status],
                );
            }
            ReasonObject::NotStarted { service, errno } => {
                json::object(
                    to,
                    &["kind", "service", "errno"],
                    &[&"not_started", service, errno],
                );
            }
            ReasonObject::Failed { service } => {
                json::object(to, &["kind", "service"], &[&"failed", service]);
            }
            ReasonObject::NothingLeft => json::object(to, &["kind"], &[&"nothing_left"]),
        }
    }
}

struct ServiceObject<'a> {
    name: &'a str,
    state: &'a str,
    /// How its main process ended last; null when it never ran.
    last_exit: Option<Status>,
    restarts: u32,
    /// What it had from its stop signal to SIGKILL, as the plan was scaled.
    stop_timeout_ms: Millis,
    /// The first and the last that is known of it in this stop; null when nobody of it was there.
    told_ms: Option<Millis>,
    ended_ms: Option<Millis>,
    processes: usize,
    killed: usize,
    /// What it said of itself last (sd_notify(3), STATUS=).
    status: Option<&'a str>,
}

written!(ServiceObject<'_>:
    name, state, last_exit, restarts, stop_timeout_ms, told_ms, ended_ms, processes, killed, status,
);

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
    left_ms: Option<Millis>,
}

written!(ProcessObject<'_>: pid, name, parent, service, swept, signals, killed, end, left_ms);

struct SignalObject {
    signal: Signal,
    at_ms: Millis,
}

written!(SignalObject: signal, at_ms);

struct KilledObject {
    at_ms: Millis,
    why: String,
}

written!(KilledObject: at_ms, why);

struct EndObject {
    /// Null when its own parent reaped it and knows how it ended.
    status: Option<Status>,
    at_ms: Millis,
}

written!(EndObject: status, at_ms);

struct HookObject<'a> {
    name: &'a str,
    moment: &'a str,
    /// The service it belongs to; null for a hook of the container.
    service: Option<&'a str>,
    began_ms: Millis,
    took_ms: Millis,
    /// Null when it was SIGKILLed by its time-out, or never started.
    status: Option<Status>,
    timed_out: bool,
    started: bool,
}

written!(HookObject<'_>: name, moment, service, began_ms, took_ms, status, timed_out, started);

/// The object, and a newline.
#[inline(never)]
pub(super) fn object(told: Told<'_>) -> String {
    let Told { report, core, .. } = told;
    let plan = core.plan();
    let object = Object {
        version: VERSION,
        program: concat!("bowout-init ", env!("CARGO_PKG_VERSION")),
        reason: reason(&report.reason, plan),
        budget_ms: report.budget.map(Millis),
        took_ms: Millis(report.took()),
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
    json::line(&object)
}

fn reason<'a>(reason: &Reason, plan: &'a Plan) -> ReasonObject<'a> {
    match *reason {
        Reason::Signal(received) => ReasonObject::Signal {
            signal: received.signal,
            sender_pid: received.sender.pid.get(),
            sender_uid: received.sender.uid,
        },
        Reason::Request => ReasonObject::Request,
        Reason::Ended { service, status } => ReasonObject::Ended {
            service: service_name(plan, service),
            status,
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
    let at = |moment: Instant| Millis(moment.since(report.began));
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
            Ending::Exited(status) => Some(status),
            Ending::NeverRan | Ending::NotStarted(_) | Ending::Blocked(_) => None,
        },
        restarts: service.attempts.total(),
        stop_timeout_ms: Millis(core.budget().timeout(id)),
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
    let at = |moment: Instant| Millis(moment.since(report.began));
    let ended = process.end.at();
    let status = match process.end {
        End::Reaped { status, .. } => Some(status),
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
                signal: *signal,
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
            .map(|(end, ended)| Millis(end.since(ended))),
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
        began_ms: Millis(hook.began.since(report.began)),
        took_ms: Millis(hook.ended.since(hook.began)),
        status: match hook.outcome {
            HookOutcome::Ended(status) => Some(status),
            HookOutcome::TimedOut | HookOutcome::NotStarted(_) => None,
        },
        timed_out: hook.outcome == HookOutcome::TimedOut,
        started: !matches!(hook.outcome, HookOutcome::NotStarted(_)),
    }
}

fn service_name(plan: &Plan, id: ServiceId) -> &str {
    &plan.service(id).name
}

/// Milliseconds, to the microsecond.
#[derive(Clone, Copy, Debug)]
struct Millis(Duration);

impl Write for Millis {
    fn write(&self, to: &mut String) {
        let micros = (self.0.as_nanos() + 500) / 1000;
        let (whole, part) = (micros / 1000, micros % 1000);
        let part = format!("{part:03}");
        // As a number with a fraction is written everywhere: one digit of it at least.
        let digits = part.trim_end_matches('0').len().max(1);
        _ = write!(to, "{whole}.{}", &part[..digits]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_written_as_floating_point_has_them() {
        let mut nanos: u64 = 1;
        for _ in 0..100_000 {
            // Thirteen days at most, of any magnitude (xorshift64): floating point has digits for no more.
            nanos ^= nanos << 13;
            nanos ^= nanos >> 7;
            nanos ^= nanos << 17;
            let length = Duration::from_nanos((nanos >> 14) >> (nanos % 47));
            if length.subsec_nanos() % 1000 == 500 {
                continue;
            }
            let rounded = (length.as_secs_f64() * 1e6).round() / 1e3;
            let written = serde_json::to_string(&rounded).unwrap();
            assert_eq!(json::text(&Millis(length)), written, "{length:?}");
        }
        let cases = [
            (0, "0.0"),
            (499, "0.0"),
            (500, "0.001"),
            (2_500_000_000, "2500.0"),
        ];
        for (nanos, written) in cases {
            assert_eq!(json::text(&Millis(Duration::from_nanos(nanos))), written);
        }
    }
}
