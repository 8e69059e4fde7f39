//! Plays the container for tests: services that are as a test says.

use super::protocol::State;
use super::scene::{Clock, Container, Scene, View};
use crate::output::Ring;
use bowout_core::plan::{Condition, Dependency, Draft, Plan, Service, ServiceId};
use bowout_core::{Instant, Pid, Status};
use std::collections::BTreeMap;
use std::time::Duration;

/// A container without a kernel.
pub(super) struct Stage {
    pub(super) plan: Plan,
    pub(super) container: Container,
    pub(super) views: BTreeMap<String, View<'static>>,
    pub(super) ring: Ring,
    /// Services whose output is not kept.
    pub(super) inherited: Vec<String>,
}

impl Stage {
    /// Services that run and are ready, each of which depends on the one before it.
    pub(super) fn chain(names: &[&str]) -> Stage {
        let services = names.iter().enumerate().map(|(place, name)| {
            let mut service = Service::new(name);
            service.depends_on = match place.checked_sub(1) {
                None => Vec::new(),
                Some(before) => vec![Dependency {
                    on: ServiceId(before),
                    condition: Condition::Ready,
                }],
            };
            service
        });
        Stage::of(services.collect())
    }

    /// Services that run and are ready.
    pub(super) fn of(services: Vec<Service>) -> Stage {
        let mut draft = Draft::single(Service::new(""));
        draft.is_command = false;
        draft.services = services;
        let plan = Plan::new(draft).unwrap();
        let views = plan.services().iter().zip(100..);
        Stage {
            views: views
                .map(|(service, pid)| (service.name.clone(), running(pid)))
                .collect(),
            plan,
            container: Container {
                started: Instant::ZERO,
                is_stopping: false,
                is_changing: false,
                left: None,
            },
            ring: Ring::default(),
            inherited: Vec::new(),
        }
    }

    /// The service with this name.
    pub(super) fn view(&mut self, name: &str) -> &mut View<'static> {
        self.views.get_mut(name).unwrap()
    }

    /// It is in this state, and ready only where that is `Running` or `Completed`.
    pub(super) fn set(&mut self, name: &str, state: State) {
        let view = self.view(name);
        view.state = state;
        view.is_ready = matches!(state, State::Running | State::Completed);
        view.is_wanted = !matches!(state, State::Stopped | State::Stopping | State::Failed);
        view.main = (state == State::Running).then_some(Pid::new(500));
        view.last_exit = (state == State::Failed).then_some(Status::Exited(3));
    }
}

impl Scene for Stage {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn container(&self) -> Container {
        self.container
    }

    fn service(&self, id: ServiceId) -> View<'_> {
        self.views[&self.plan.service(id).name].clone()
    }

    fn memory(&self, _id: ServiceId) -> Option<u64> {
        Some(4_096_000)
    }

    fn is_kept(&self, id: ServiceId) -> bool {
        !self.inherited.contains(&self.plan.service(id).name)
    }

    fn ring(&self) -> Option<&Ring> {
        Some(&self.ring)
    }
}

/// So many milliseconds after the start, in 2026.
pub(super) fn at(millis: u64) -> Clock {
    Clock {
        now: Instant::from_millis(millis),
        wall: Duration::from_secs(1_795_000_000) + Duration::from_millis(millis),
    }
}

fn running(pid: i32) -> View<'static> {
    View {
        state: State::Running,
        is_wanted: true,
        is_ready: true,
        is_reloading: false,
        main: Some(Pid::new(pid)),
        since: Instant::ZERO,
        restarts: 0,
        last_exit: None,
        status: "",
        stop_timeout: Some(Duration::from_secs(9)),
        next_start: None,
        why: None,
    }
}
