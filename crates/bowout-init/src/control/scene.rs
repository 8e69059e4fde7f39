//! Describes what a client can ask about: the container and its services, as they are now.

use super::protocol::{
    ContainerState, ContainerStatus, DependencyStatus, ServiceStatus, State, millis, rfc3339,
};
use crate::output::Ring;
use bowout_core::plan::{Condition, Kind, Plan, ServiceId};
use bowout_core::{Instant, Pid, Status};
use std::borrow::Cow;
use std::time::Duration;

/// What both clocks show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Clock {
    /// The one that deadlines are counted by.
    pub(crate) now: Instant,
    /// The one on the wall: since 1970.
    pub(crate) wall: Duration,
}

impl Clock {
    /// Reads both.
    pub(crate) fn read() -> Clock {
        let (seconds, nanos) = bowout_sys::clock::wall();
        Clock {
            now: bowout_sys::clock::now(),
            wall: Duration::new(u64::try_from(seconds).unwrap_or(0), nanos),
        }
    }

    /// What the one on the wall showed at a moment of the other one.
    pub(crate) fn at(self, moment: Instant) -> Duration {
        self.wall.saturating_sub(self.now.since(moment))
    }
}

/// The container and its services, as they are now. Whoever runs the loop implements it.
pub(crate) trait Scene {
    /// The plan that counts now.
    fn plan(&self) -> &Plan;
    /// The whole.
    fn container(&self) -> Container;
    /// One service. Asked for all of them at each turn while somebody waits, so it must be cheap.
    fn service(&self, id: ServiceId) -> View<'_>;
    /// What its processes have in memory, in bytes. May be dear: only `status` asks for it.
    fn memory(&self, id: ServiceId) -> Option<u64>;
    /// Whether what it writes goes through bowout, which keeps the last of it.
    fn is_kept(&self, id: ServiceId) -> bool;
    /// What is kept, if anything is.
    fn ring(&self) -> Option<&Ring>;
}

/// The whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Container {
    /// When bowout began.
    pub(crate) started: Instant,
    /// Whether a stop is under way.
    pub(crate) is_stopping: bool,
    /// Whether another configuration was accepted, and what is not wanted any more is still being stopped.
    pub(crate) is_changing: bool,
    /// What is left of the stop; `None` where none is, or nobody counts.
    pub(crate) left: Option<Duration>,
}

/// One service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct View<'a> {
    /// What it does now.
    pub(crate) state: State,
    /// Whether it is wanted up: nobody has stopped it, and it has not ended for good.
    pub(crate) is_wanted: bool,
    /// Whether what depends on it may start. A oneshot that has completed is ready.
    pub(crate) is_ready: bool,
    /// Whether it reads its configuration again, as far as bowout knows.
    pub(crate) is_reloading: bool,
    /// Its main process.
    pub(crate) main: Option<Pid>,
    /// Since when it is in this state; its main process, where that runs.
    pub(crate) since: Instant,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// How its main process ended last.
    pub(crate) last_exit: Option<Status>,
    /// What it says of itself (sd_notify(3), `STATUS=`); empty: nothing.
    pub(crate) status: &'a str,
    /// From its stop signal to SIGKILL.
    pub(crate) stop_timeout: Option<Duration>,
    /// When it is started again, while it waits for that.
    pub(crate) next_start: Option<Instant>,
    /// Why it failed, or what it waits for.
    pub(crate) why: Option<String>,
}

/// How a service is, for those who ask.
pub(super) fn service_status(scene: &dyn Scene, id: ServiceId, clock: Clock) -> ServiceStatus<'_> {
    let service = scene.plan().service(id);
    let view = scene.service(id);
    ServiceStatus {
        name: Cow::Borrowed(&service.name),
        kind: Cow::Borrowed(match service.kind {
            Kind::Simple => "simple",
            Kind::Oneshot => "oneshot",
            Kind::Forking { .. } => "forking",
        }),
        state: view.state,
        ready: view.is_ready,
        wanted: view.is_wanted,
        reloading: view.is_reloading,
        essential: service.essential,
        pid: view.main.map(Pid::get),
        since: rfc3339(clock.at(view.since)),
        for_ms: millis(clock.now.since(view.since)),
        restarts: view.restarts,
        next_start_ms: view.next_start.map(|start| millis(start.since(clock.now))),
        memory_bytes: scene.memory(id),
        last_exit: view.last_exit.map(Into::into),
        status: (!view.status.is_empty()).then_some(Cow::Borrowed(view.status)),
        why: view.why.map(Cow::Owned),
        stop_timeout_ms: view.stop_timeout.map(millis),
        depends_on: service
            .depends_on
            .iter()
            .map(|dependency| DependencyStatus {
                service: Cow::Borrowed(&scene.plan().service(dependency.on).name),
                condition: Cow::Borrowed(match dependency.condition {
                    Condition::Started => "started",
                    Condition::Ready => "ready",
                    Condition::Completed => "completed",
                }),
            })
            .collect(),
    }
}

/// How the whole is.
pub(super) fn container_status(scene: &dyn Scene, clock: Clock) -> ContainerStatus<'static> {
    let container = scene.container();
    let mut ready = !container.is_stopping;
    let mut starting = false;
    for id in scene.plan().ids() {
        let view = scene.service(id);
        ready &= is_fine(&view);
        starting |= matches!(view.state, State::Waiting | State::Starting);
    }
    ContainerStatus {
        program: Cow::Borrowed(concat!("bowout-init ", env!("CARGO_PKG_VERSION"))),
        pid: bowout_sys::own_pid().get(),
        state: match (container.is_stopping, starting) {
            (true, _) => ContainerState::Stopping,
            (false, true) => ContainerState::Starting,
            (false, false) => ContainerState::Running,
        },
        ready,
        since: rfc3339(clock.at(container.started)),
        for_ms: millis(clock.now.since(container.started)),
        left_ms: container.left.map(millis),
        services: scene.plan().services().len(),
    }
}

/// Whether a service takes nothing away from the whole: it is ready, or nobody wants it.
pub(super) fn is_fine(view: &View<'_>) -> bool {
    view.is_ready || (!view.is_wanted && view.state != State::Failed)
}

/// Why a service is not ready, in a few words; `None`: it is.
pub(super) fn not_ready(name: &str, view: &View<'_>) -> Option<String> {
    if view.is_ready {
        return None;
    }
    let mut text = match (view.state, view.is_reloading) {
        (State::Running, true) => format!("{name} reads its configuration again"),
        (State::Running, false) => format!("{name} runs and is not ready yet"),
        (state, _) => format!("{name} {}", state.said()),
    };
    if let Some(why) = &view.why {
        text.push_str(": ");
        text.push_str(why);
    } else if let (State::Stopped | State::Backoff | State::Failed, Some(status)) =
        (view.state, view.last_exit)
    {
        text.push_str(&format!(": it {status}"));
    }
    Some(text)
}
