//! Holds what shall run and what was promised about its stop: valid by construction.

pub mod budget;
pub mod graph;
mod service;

pub use service::{
    Condition, Dependency, Kind, Liveness, Readiness, Reload, Service, ServiceMoment,
};

use crate::order::{Map, Set};
use crate::{Signal, SignalSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use graph::Graph;

/// A service of the plan, by its place in [`Plan::services`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceId(pub usize);

/// A hook of the plan, by its place in [`Plan::hooks`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HookId(pub usize);

/// Docker's grace period where nobody says otherwise (docker stop, `--timeout`).
pub const DOCKER_GRACE: Duration = Duration::from_secs(10);
/// Kubernetes' grace period where nobody says otherwise (`terminationGracePeriodSeconds`).
pub const KUBERNETES_GRACE: Duration = Duration::from_secs(30);
/// How long before the end of the grace period bowout is done: time for the engine to see it, and for
/// the kernel to take the container down on a busy machine.
pub const MARGIN: Duration = Duration::from_millis(500);

/// Who gets the stop signal, and who the SIGKILL after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum KillMode {
    /// The signal goes down the tree until somebody takes charge; SIGKILL goes to all.
    #[default]
    Auto,
    /// The main process; SIGKILL goes to all (systemd's `mixed`).
    Main,
    /// The main process' group gets both (systemd's `control-group`, for a group).
    Group,
    /// The main process gets both, and nobody else is waited for or swept (systemd's `process`).
    Process,
}

/// Whom forwarded signals go to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ForwardTo {
    /// The main process.
    #[default]
    Main,
    /// The main process' group.
    Group,
}

/// When a hook runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HookMoment {
    /// A stop was asked for, and nobody has been told yet.
    PreStop,
    /// Every service is down.
    PostStop,
    /// This signal came; it is not forwarded.
    OnSignal(Signal),
    /// A moment in the life of a service.
    Of(ServiceId, ServiceMoment),
}

/// A program that is run at a moment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hook {
    /// Its name in logs and reports.
    pub name: String,
    /// When it runs.
    pub moment: HookMoment,
    /// How long it has before SIGKILL; `None`: a quarter of the budget where it runs in a stop, a minute
    /// where it runs otherwise. A hook on a signal has no limit.
    pub timeout: Option<Duration>,
}

/// Who is left for the sweep, after all services are down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sweep {
    /// Everybody in the PID namespace: bowout is its PID 1.
    Namespace,
    /// bowout's own descendants: it is not PID 1, and strangers are none of its business.
    Descendants,
}

/// How the container is stopped.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Stop {
    /// The platform's grace period, if it is known.
    pub grace: Option<Duration>,
    /// What is assumed where it is not known: nothing is SIGKILLed by it when a stop was asked for.
    pub assumed_grace: Duration,
    /// How long before the end of the grace bowout is done.
    pub margin: Duration,
    /// How long services go on after a stop was asked for, so that load balancers stop sending.
    pub drain: Duration,
    /// Signals that ask for the stop.
    pub on: SignalSet,
    /// Who is swept.
    pub sweep: Sweep,
    /// Whether the others are waited for.
    pub leftovers: Leftovers,
}

/// What the exit code says.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ExitCodes {
    /// Codes of a single command that are turned into 0.
    pub expected: Vec<u8>,
    /// Whether a stop that was asked for, and in which nothing had to be SIGKILLed, is 0.
    pub success_on_stop: bool,
}

/// What is done with signals that are no request to stop.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Signals {
    /// Signals that are turned into others before they are forwarded; `None` drops them. A request to
    /// stop that is dropped is no request.
    pub rewrite: Map<Signal, Option<Signal>>,
    /// Signals that are neither forwarded nor otherwise looked at.
    pub swallow: SignalSet,
    /// Signals that stop bowout too, once they are forwarded.
    pub suspend: SignalSet,
    /// Forwarded signals after which a receiver that is stopped gets a SIGCONT.
    pub wake: SignalSet,
    /// Whom forwarded signals go to.
    pub forward: ForwardTo,
    /// What happens when the terminal stops the main process.
    pub job_control: JobControl,
    /// What is done otherwise with some signals.
    pub rules: Map<Signal, Rule>,
}

/// What is done with one signal instead of forwarding it to every essential service.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Rule {
    /// Services that are told to reload.
    pub reload: Vec<ServiceId>,
    /// Services that it is forwarded to; no service: to nobody.
    pub forward: Vec<ServiceId>,
    /// Whether the configuration is read again.
    pub reload_config: bool,
}

/// What happens when the terminal stops the main process (Ctrl-Z, a read in the background).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum JobControl {
    /// Nothing.
    #[default]
    None,
    /// It is continued at once: there is nobody who could bring it back.
    Continue,
    /// bowout stops too, so that the shell whose job it is takes the terminal back.
    Suspend,
}

/// What becomes of the others when the main process of the only service has ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Leftovers {
    /// They are told, and waited for.
    #[default]
    Wait,
    /// In group mode the group is told; nobody is waited for.
    Leave,
}

/// Everything before it was looked at as a whole. [`Plan::new`] does that.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Draft {
    /// The services.
    pub services: Vec<Service>,
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// How the container is stopped.
    pub stop: Stop,
    /// What is done with signals.
    pub signals: Signals,
    /// What the exit code says.
    pub exit: ExitCodes,
    /// Whether this is one command: its exit code is the container's, and all that bowout adopts is its.
    pub is_command: bool,
}

impl Draft {
    /// One command, with every default: Docker's grace assumed, TERM and INT stop it.
    #[must_use = "makes a value and changes nothing"]
    pub fn single(service: Service) -> Draft {
        Draft {
            services: alloc::vec![service],
            hooks: Vec::new(),
            stop: Stop {
                grace: None,
                assumed_grace: DOCKER_GRACE,
                margin: MARGIN,
                drain: Duration::ZERO,
                on: SignalSet::EMPTY.with(Signal::TERM).with(Signal::INT),
                sweep: Sweep::Namespace,
                leftovers: Leftovers::Wait,
            },
            signals: Signals::default(),
            exit: ExitCodes::default(),
            is_command: true,
        }
    }
}

/// What is wrong with a draft.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PlanError {
    /// Two services have the same name.
    DuplicateName(String),
    /// A service depends on a place where there is none.
    UnknownDependency(String),
    /// A hook, or the rule for a signal, is about a place where there is no service.
    UnknownService(String),
    /// These services depend on each other in a circle.
    Cycle(Vec<String>),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::DuplicateName(name) => write!(f, "two services are called {name:?}"),
            PlanError::UnknownDependency(name) => {
                write!(f, "service {name:?} depends on a service that is not there")
            }
            PlanError::UnknownService(what) => {
                write!(f, "{what} is about a service that is not there")
            }
            PlanError::Cycle(names) => {
                write!(f, "services depend on each other in a circle: ")?;
                for name in names {
                    write!(f, "{name} → ")?;
                }
                write!(f, "{}", names.first().map_or("", String::as_str))
            }
        }
    }
}

/// A draft in which everything fits together.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Plan {
    draft: Draft,
    graph: Graph,
    /// The hooks of each moment, in the order in which they were given.
    moments: Map<HookMoment, Vec<HookId>>,
}

impl Plan {
    /// Looks at a draft as a whole.
    ///
    /// # Errors
    /// What does not fit together; nothing is repaired silently.
    pub fn new(draft: Draft) -> Result<Plan, PlanError> {
        let mut names = Set::new();
        for service in &draft.services {
            if !names.insert(service.name.as_str()) {
                return Err(PlanError::DuplicateName(service.name.clone()));
            }
        }
        let graph = Graph::new(&draft.services)?;
        let known = |id: &ServiceId| id.0 < draft.services.len();
        for hook in &draft.hooks {
            if matches!(&hook.moment, HookMoment::Of(id, _) if !known(id)) {
                let what = alloc::format!("hook {:?}", hook.name);
                return Err(PlanError::UnknownService(what));
            }
        }
        for (signal, rule) in &draft.signals.rules {
            if !rule.reload.iter().chain(&rule.forward).all(known) {
                let what = alloc::format!("the rule for {signal}");
                return Err(PlanError::UnknownService(what));
            }
        }
        let mut moments: Map<HookMoment, Vec<HookId>> = Map::new();
        for (index, hook) in draft.hooks.iter().enumerate() {
            moments
                .get_or_insert_with(hook.moment, Vec::new)
                .push(HookId(index));
        }
        Ok(Plan {
            draft,
            graph,
            moments,
        })
    }

    /// The services, by [`ServiceId`].
    #[must_use = "reads a value and changes nothing"]
    pub fn services(&self) -> &[Service] {
        &self.draft.services
    }

    /// One service.
    #[must_use = "reads a value and changes nothing"]
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.draft.services[id.0]
    }

    /// The hooks, by [`HookId`].
    #[must_use = "reads a value and changes nothing"]
    pub fn hooks(&self) -> &[Hook] {
        &self.draft.hooks
    }

    /// How the container is stopped.
    #[must_use = "reads a value and changes nothing"]
    pub fn stop(&self) -> &Stop {
        &self.draft.stop
    }

    /// What is done with signals.
    #[must_use = "reads a value and changes nothing"]
    pub fn signals(&self) -> &Signals {
        &self.draft.signals
    }

    /// What the exit code says.
    #[must_use = "reads a value and changes nothing"]
    pub fn exit(&self) -> &ExitCodes {
        &self.draft.exit
    }

    /// Who depends on whom.
    #[must_use = "reads a value and changes nothing"]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Whether this is one command: its exit code is the container's.
    #[must_use = "reads a value and changes nothing"]
    pub fn is_command(&self) -> bool {
        self.draft.is_command && self.draft.services.len() == 1
    }

    /// The service with this name.
    #[must_use = "reads a value and changes nothing"]
    pub fn find(&self, name: &str) -> Option<ServiceId> {
        let mut services = self.draft.services.iter();
        services
            .position(|service| service.name == name)
            .map(ServiceId)
    }

    /// The hooks of a moment, in the order in which they were given.
    pub fn hooks_at(&self, moment: HookMoment) -> impl Iterator<Item = HookId> + '_ {
        self.moments.get(&moment).into_iter().flatten().copied()
    }

    /// Every service, by its place.
    pub fn ids(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (0..self.draft.services.len()).map(ServiceId)
    }
}
