//! Says whether what a client waits for has come, can still come, or will not.

use crate::control::protocol::{Code, Names, State};
use crate::control::scene::{Scene, View, not_ready};
use bowout_core::Pid;

/// What is waited for. Services are kept by name: their places change with the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Goal {
    /// They are ready.
    Up(Names),
    /// They are down.
    Down(Names),
    /// They have been down, and are ready.
    Restarted(Vec<Restarting>),
    /// They have read their configuration again, as far as bowout can know.
    Reloaded(Names),
    /// The new configuration is in force, and what it has made new is ready.
    Installed(Vec<String>),
}

/// A service that is on its way down and up again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Restarting {
    pub(super) name: String,
    /// Its main process before.
    pub(super) former: Option<Pid>,
    /// Whether it has been seen otherwise than running.
    pub(super) was_down: bool,
}

/// How it stands with a goal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It is reached.
    Reached,
    /// It is not, for this reason.
    Away(String),
    /// It will not be.
    Failed(Code, String),
}

impl Goal {
    /// Looks at how it stands.
    pub(super) fn look(&mut self, scene: &dyn Scene) -> Standing {
        let is_stopping = scene.container().is_stopping;
        match self {
            Goal::Down(names) => all(names, scene, &down),
            Goal::Up(_) | Goal::Restarted(_) | Goal::Reloaded(_) | Goal::Installed(_)
                if is_stopping =>
            {
                let text = "the container is stopping".to_owned();
                Standing::Failed(Code::Stopping, text)
            }
            Goal::Up(names) => all(names, scene, &up),
            Goal::Restarted(services) => {
                sum(&mut services.iter_mut().map(|service| restarted(service, scene)))
            }
            Goal::Reloaded(names) => all(names, scene, &|name, view| match view.is_reloading {
                true => Standing::Away(format!("{name} reads its configuration again")),
                false => Standing::Reached,
            }),
            Goal::Installed(_) if scene.container().is_changing => {
                Standing::Away("what is not wanted any more is being stopped".to_owned())
            }
            Goal::Installed(names) => sum(&mut names.iter().map(|name| {
                one(name, scene, &mut |name, view| {
                    // One that is not started with the container.
                    let may_rest = view.state == State::Stopped && !view.is_wanted;
                    if may_rest {
                        Standing::Reached
                    } else {
                        up(name, view)
                    }
                })
            })),
        }
    }
}

fn up(name: &str, view: &View<'_>) -> Standing {
    let Some(text) = not_ready(name, view) else {
        return Standing::Reached;
    };
    match view.state {
        // It has run to its end, and well.
        State::Completed => Standing::Reached,
        State::Stopped | State::Failed => Standing::Failed(Code::Failed, text),
        State::Waiting
        | State::Starting
        | State::Running
        | State::Stopping
        | State::Backoff
        | State::Unknown => Standing::Away(text),
    }
}

fn down(name: &str, view: &View<'_>) -> Standing {
    match view.state {
        State::Stopped | State::Completed | State::Failed => Standing::Reached,
        State::Stopping => Standing::Away(format!("{name} is stopping")),
        // Somebody wants it again.
        State::Waiting | State::Starting | State::Running | State::Backoff | State::Unknown
            if view.is_wanted =>
        {
            let text = format!("{name} was started again");
            Standing::Failed(Code::Failed, text)
        }
        State::Waiting | State::Starting | State::Running | State::Backoff | State::Unknown => {
            Standing::Away(format!("{name} {}", view.state.said()))
        }
    }
}

fn restarted(service: &mut Restarting, scene: &dyn Scene) -> Standing {
    let (former, was_down) = (service.former, &mut service.was_down);
    one(&service.name, scene, &mut |name, view| {
        *was_down |= view.state != State::Running || view.main != former;
        match *was_down {
            true => up(name, view),
            false => Standing::Away(format!("{name} is still the former one")),
        }
    })
}

fn all(names: &Names, scene: &dyn Scene, look: &dyn Fn(&str, &View<'_>) -> Standing) -> Standing {
    match names {
        Names::Some(names) => {
            let mut look = |name: &str, view: &View<'_>| look(name, view);
            sum(&mut names.iter().map(|name| one(name, scene, &mut look)))
        }
        Names::All => sum(&mut scene.plan().ids().filter_map(|id| {
            let view = scene.service(id);
            // A service that nobody wants is not waited for.
            let counts = view.is_wanted || view.state != State::Stopped;
            counts.then(|| look(&scene.plan().service(id).name, &view))
        })),
    }
}

fn one(
    name: &str,
    scene: &dyn Scene,
    look: &mut dyn FnMut(&str, &View<'_>) -> Standing,
) -> Standing {
    match scene.plan().find(name) {
        Some(id) => look(name, &scene.service(id)),
        None => {
            let text = format!("{name} is not there any more");
            Standing::Failed(Code::UnknownService, text)
        }
    }
}

/// One that fails fails all; else one that is away keeps all away.
fn sum(standings: &mut dyn Iterator<Item = Standing>) -> Standing {
    let mut sum = Standing::Reached;
    for standing in standings {
        match (&sum, standing) {
            (_, Standing::Failed(code, text)) => return Standing::Failed(code, text),
            (Standing::Reached, Standing::Away(text)) => sum = Standing::Away(text),
            (Standing::Away(_) | Standing::Failed(..), Standing::Away(_))
            | (_, Standing::Reached) => {}
        }
    }
    sum
}
