//! Reads from the core what a client can ask about a service.

use super::protocol::State;
use super::scene::View;
use crate::log::words;
use bowout_core::plan::{Condition, ServiceId};
use bowout_core::service::{self, End, Ending, Fault};
use bowout_core::{Instant, Supervisor};

impl View<'static> {
    /// What the core knows of a service. What it does not know is left to whoever runs the loop: since when
    /// it is in its state where it does not run, its status text, and whether it is reloading.
    pub(crate) fn of(core: &Supervisor, id: ServiceId) -> View<'static> {
        let plan = core.plan();
        let service = core.service(id);
        let state = state(service);
        View {
            state,
            // One that has run to its end is not missed, whatever it was there for.
            is_wanted: service.wanted && state != State::Completed,
            is_ready: service.is_ready(plan.service(id).kind),
            is_reloading: false,
            main: service.main(),
            since: service.since().unwrap_or(Instant::ZERO),
            restarts: service.attempts.total(),
            last_exit: match service.ending {
                Ending::Exited(status) => Some(status),
                Ending::NeverRan | Ending::NotStarted(_) | Ending::Blocked(_) => None,
            },
            status: "",
            stop_timeout: Some(core.budget().timeout(id)),
            next_start: match &service.state {
                service::State::Backoff { until } => Some(*until),
                service::State::Waiting
                | service::State::PreStart(_)
                | service::State::Starting
                | service::State::Launching(_)
                | service::State::Adopting(_)
                | service::State::Running(_)
                | service::State::PreStop(_)
                | service::State::Stopping(_)
                | service::State::PostStop(_)
                | service::State::Ended(_) => None,
            },
            why: why(core, id, state),
        }
    }
}

fn state(service: &service::Service) -> State {
    match &service.state {
        service::State::Waiting if service.wanted => State::Waiting,
        service::State::Waiting | service::State::Ended(End::Stopped) => State::Stopped,
        service::State::PreStart(_)
        | service::State::Starting
        | service::State::Launching(_)
        | service::State::Adopting(_) => State::Starting,
        service::State::Running(run) if run.ready => State::Running,
        service::State::Running(_) => State::Starting,
        service::State::PreStop(_) | service::State::Stopping(_) | service::State::PostStop(_) => {
            State::Stopping
        }
        service::State::Backoff { .. } => State::Backoff,
        service::State::Ended(End::Completed) => State::Completed,
        service::State::Ended(End::Failed) => State::Failed,
    }
}

fn why(core: &Supervisor, id: ServiceId, state: State) -> Option<String> {
    let service = core.service(id);
    match state {
        State::Waiting => waits_for(core, id),
        State::Backoff | State::Failed => match (service.fault, service.ending) {
            (Some(fault), _) => Some(self::fault(fault).to_owned()),
            (None, Ending::NotStarted(error)) => Some(words::spawn_error(&error)),
            (None, Ending::Blocked(on)) => {
                let on = &core.plan().service(on).name;
                Some(format!("{on}, which it depends on, did not come up"))
            }
            (None, Ending::NeverRan | Ending::Exited(_)) => None,
        },
        State::Stopping => service.fault.map(|fault| self::fault(fault).to_owned()),
        State::Stopped | State::Starting | State::Running | State::Completed | State::Unknown => {
            None
        }
    }
}

/// The first of those that a service waits for.
fn waits_for(core: &Supervisor, id: ServiceId) -> Option<String> {
    let plan = core.plan();
    let mut dependencies = plan.service(id).depends_on.iter();
    let missing = dependencies.find(|dependency| {
        let on = core.service(dependency.on);
        !on.satisfies(dependency.condition, plan.service(dependency.on).kind)
    })?;
    let on = &plan.service(missing.on).name;
    Some(match missing.condition {
        Condition::Started => format!("{on} was not started yet"),
        Condition::Ready => format!("{on} is not ready yet"),
        Condition::Completed => format!("{on} has not completed yet"),
    })
}

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::PreStartFailed => "what runs before its start failed",
        Fault::StartTimedOut => "it was not ready in time",
        Fault::NoDaemon => "its program ended, and left no daemon behind",
        Fault::Unhealthy => "its health check failed",
        Fault::WatchdogExpired => "it did not report to its watchdog in time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowout_core::event::{SpawnError, SpawnErrorKind};
    use bowout_core::plan::{Dependency, Draft, Plan, Service};
    use bowout_core::{Event, Pid, Status};

    fn view(core: &Supervisor, number: usize) -> View<'static> {
        View::of(core, ServiceId(number))
    }

    fn happens(core: &mut Supervisor, millis: u64, event: Event) {
        _ = core.handle(Instant::from_millis(millis), event);
    }

    #[test]
    fn a_service_is_seen_through_its_life() {
        let mut web = Service::new("web");
        web.essential = false;
        let mut job = Service::new("job");
        job.essential = false;
        web.depends_on = vec![Dependency::from(ServiceId(1))];
        let mut keeper = Service::new("keeper");
        keeper.autostart = false;
        let mut draft = Draft::single(web);
        draft.is_command = false;
        draft.services.extend([job, keeper, Service::new("main")]);
        let mut core = Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT);
        happens(&mut core, 0, Event::Started);
        assert_eq!(view(&core, 0).state, State::Waiting);
        assert_eq!(view(&core, 0).why.unwrap(), "job was not started yet");
        assert_eq!(view(&core, 1).state, State::Starting);
        assert_eq!(
            (view(&core, 2).state, view(&core, 2).is_wanted),
            (State::Stopped, false)
        );
        let (service, pid) = (ServiceId(1), Pid::new(7));
        happens(&mut core, 5, Event::Spawned { service, pid });
        let job = view(&core, 1);
        assert_eq!(
            (job.state, job.is_ready, job.main),
            (State::Running, true, Some(pid))
        );
        assert_eq!(job.since, Instant::from_millis(5));
        let status = Status::Exited(0);
        happens(&mut core, 9, Event::Exited { pid, status });
        happens(&mut core, 9, Event::Surveyed(Some(Vec::new())));
        let job = view(&core, 1);
        assert_eq!((job.state, job.is_wanted), (State::Completed, false));
        assert_eq!(job.last_exit, Some(status));
        let error = SpawnError {
            kind: SpawnErrorKind::NotFound,
            errno: 2,
        };
        let service = ServiceId(0);
        happens(&mut core, 10, Event::SpawnFailed { service, error });
        let web = view(&core, 0);
        assert_eq!(web.state, State::Failed);
        assert!(web.why.unwrap().starts_with("no such file or directory"));
    }
}
