//! Tells those who follow events what the core tells the log.

use super::protocol::{Event, State, rfc3339};
use super::scene::{Clock, Scene};
use crate::log::words;
use bowout_core::action::Note;
use bowout_core::plan::{HookMoment, Plan, ServiceId};
use std::borrow::Cow;

/// The event that a note is; `None` for what is only of use in a log.
pub(super) fn of<'a>(note: &Note, scene: &'a dyn Scene, clock: Clock) -> Option<Event<'a>> {
    let plan = scene.plan();
    let (kind, service) = kind(note, plan)?;
    let known = service.and_then(|id| Some((id, plan.services().get(id.0)?)));
    let view = known.map(|(id, _)| scene.service(id));
    let message = match (note, &view) {
        (Note::Changed { .. }, Some(view)) => {
            let name = known.map_or("", |(_, service)| service.name.as_str());
            let ready = match view.state == State::Running && view.is_ready {
                true => " and ready",
                false => "",
            };
            format!("{name} {}{ready}", view.state.said())
        }
        _ => words::of(note, plan),
    };
    Some(Event {
        time: rfc3339(clock.wall),
        event: Cow::Borrowed(kind),
        service: known.map(|(_, service)| Cow::Borrowed(service.name.as_str())),
        state: view.as_ref().map(|view| view.state),
        ready: view.as_ref().map(|view| view.is_ready),
        pid: view.and_then(|view| view.main).map(|pid| pid.get()),
        message: Cow::Owned(message),
    })
}

/// The service that a note is about; `None`: the whole.
pub(super) fn service(note: &Note, plan: &Plan) -> Option<ServiceId> {
    kind(note, plan)?.1
}

/// The word for programs, and the service that it is about.
fn kind(note: &Note, plan: &Plan) -> Option<(&'static str, Option<ServiceId>)> {
    Some(match note {
        Note::Changed { service } => ("changed", Some(*service)),
        Note::MainExited { service, .. } => ("exited", Some(*service)),
        Note::SpawnFailed { service, .. } => ("not_started", Some(*service)),
        Note::Restarting { service, .. } => ("restarting", Some(*service)),
        Note::RestartsExhausted { service } => ("given_up", Some(*service)),
        Note::StartTimedOut { service } => ("start_timed_out", Some(*service)),
        Note::Unhealthy { service, .. } => ("unhealthy", Some(*service)),
        Note::Adopted { service, .. } => ("adopted", Some(*service)),
        Note::Refused { service, .. } => ("refused", Some(*service)),
        Note::DependencyFailed { service, .. } => ("dependency_failed", Some(*service)),
        Note::HalfTime { service, .. } => ("half_time", Some(*service)),
        Note::NextRung { service, .. } => ("next_signal", Some(*service)),
        Note::HookEnded { hook, .. } => {
            let moment = plan.hooks().get(hook.0).map(|hook| hook.moment);
            let service = match moment {
                Some(HookMoment::Of(service, _)) => Some(service),
                Some(HookMoment::PreStop | HookMoment::PostStop | HookMoment::OnSignal(_))
                | None => None,
            };
            ("hook_ended", service)
        }
        Note::StopBegun { .. } => ("stopping", None),
        Note::StopHurried => ("hurried", None),
        Note::StopForced => ("forced", None),
        Note::Waiting { .. } => ("waiting", None),
        Note::Killing(lingering) => ("killing", lingering.service),
        Note::PlanScaled { .. }
        | Note::StopRepeated(_)
        | Note::NoProc
        | Note::NotForwarded(_)
        | Note::Unexpected(_) => return None,
    })
}
