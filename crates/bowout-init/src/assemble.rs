//! Turns settings into a plan, and remembers where the program of each hook stands in them.
//!
//! Nothing here looks at the machine: what a plan depends on beside the settings is a [`Place`].

use crate::contract::TERMINAL_STOPS;
use crate::settings::{
    Healthcheck, HookSettings, Probe, ReadyWhen, ServiceSettings, ServiceType, Settings, SignalRule,
};
use bowout_core::order::{Map, gathered};
use bowout_core::plan::{
    DOCKER_GRACE, Dependency, Draft, ExitCodes, Hook, HookMoment, KUBERNETES_GRACE, Kind,
    Leftovers, Liveness, MARGIN, Plan, Readiness, Reload, Rule, Service, ServiceId, ServiceMoment,
    Signals, Stop, Sweep,
};
use bowout_core::service::restart::{FIRST_PAUSE, LONGEST_PAUSE, Restart, STEADY, WINDOW};
use bowout_core::{Signal, SignalSet};
use std::time::Duration;

/// How long a service may take to be ready where it could hang on the way: by its own word, by a probe,
/// by its output, or as a daemon.
pub const START_TIMEOUT: Duration = Duration::from_secs(60);
/// From the end of one attempt to find a service ready to the next. A probe is a process of 2 ms.
pub const READY_INTERVAL: Duration = Duration::from_millis(500);
/// How long one of these attempts may take.
pub const READY_ATTEMPT: Duration = Duration::from_secs(5);
/// From the end of one health check to the next (Compose's default, and Dockerfile's).
pub const HEALTH_INTERVAL: Duration = Duration::from_secs(30);
/// How long a health check may take (likewise).
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(30);
/// How many health checks in a row must fail (likewise).
pub const HEALTH_RETRIES: u32 = 3;

/// What a plan depends on beside its settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Whether this is a container of Kubernetes: its grace period is another.
    pub kubernetes: bool,
    /// Whether bowout is the init of its PID namespace, and not somebody's child.
    pub is_init: bool,
}

impl Place {
    /// A container of Docker, with bowout as its PID 1.
    pub const CONTAINER: Place = Place {
        kubernetes: false,
        is_init: true,
    };
}

/// The plan that these settings make.
///
/// # Errors
/// One line that says what does not fit together: a name that is there twice, or not at all, or services
/// that depend on each other in a circle.
pub fn plan_of(settings: &Settings, place: Place) -> Result<Plan, String> {
    assemble(settings, place).map(|assembled| assembled.plan)
}

/// A plan, and where its hooks come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Assembled {
    pub(crate) plan: Plan,
    /// For each hook of the plan its place among those of its moment, in the settings.
    pub(crate) hooks: Vec<u32>,
}

/// As [`plan_of`], with the places of the hooks.
pub(crate) fn assemble(settings: &Settings, place: Place) -> Result<Assembled, String> {
    let names = (0..).zip(&settings.services);
    let names = names.map(|(index, service)| (service.name.as_str(), ServiceId(index)));
    let names: Map<&str, ServiceId> = gathered(names);
    let named = |whose: &str, name: &str| {
        let found = names.get(name).copied();
        found.ok_or_else(|| format!("{whose}: there is no service {name:?}"))
    };
    let services: Result<Vec<Service>, String> = settings
        .services
        .iter()
        .map(|service| self::service(service, &named))
        .collect();
    let (hooks, places) = hooks(settings).into_iter().unzip();
    let draft = Draft {
        services: services?,
        hooks,
        stop: stop(settings, place),
        signals: signals(settings, place, &named)?,
        exit: ExitCodes::default(),
        is_command: false,
    };
    Ok(Assembled {
        plan: Plan::new(draft).map_err(|error| error.to_string())?,
        hooks: places,
    })
}

/// The probe by which a service is found ready: one of its own, or its health check, whose first success
/// is what Compose means by `service_healthy`.
pub(crate) fn readiness_probe(service: &ServiceSettings) -> Option<&Probe> {
    match &service.ready {
        Some(ReadyWhen::Probed { probe, .. }) => Some(probe),
        Some(
            ReadyWhen::Notify | ReadyWhen::Descriptor(_) | ReadyWhen::Log(_) | ReadyWhen::Delay(_),
        ) => None,
        None if service.kind == ServiceType::Notify => None,
        None => service.healthcheck.as_ref().map(|check| &check.probe),
    }
}

/// The commands of a moment in the life of a service.
pub(crate) fn commands(service: &ServiceSettings, moment: ServiceMoment) -> &[HookSettings] {
    match moment {
        ServiceMoment::PreStart => &service.pre_start,
        ServiceMoment::PostStart => &service.post_start,
        ServiceMoment::Reload => service.exec_reload.as_slice(),
        ServiceMoment::PreStop => &service.pre_stop,
        ServiceMoment::Stop => service.stop_command.as_slice(),
        ServiceMoment::PostStop => &service.post_stop,
        // These are probes.
        ServiceMoment::Readiness | ServiceMoment::Liveness => &[],
    }
}

fn service(
    settings: &ServiceSettings,
    named: &impl Fn(&str, &str) -> Result<ServiceId, String>,
) -> Result<Service, String> {
    let whose = format!("service {:?}: depends_on", settings.name);
    let depends_on: Result<_, String> = settings
        .depends_on
        .iter()
        .map(|(name, condition)| {
            let on = named(&whose, name)?;
            let condition = *condition;
            Ok(Dependency { on, condition })
        })
        .collect();
    Ok(Service {
        name: settings.name.clone(),
        kind: match settings.kind {
            ServiceType::Simple | ServiceType::Notify => Kind::Simple,
            ServiceType::Oneshot => Kind::Oneshot,
            ServiceType::Forking => Kind::Forking {
                pidfile: settings.pidfile.is_some(),
            },
        },
        depends_on: depends_on?,
        autostart: settings.autostart,
        readiness: readiness(settings),
        start_timeout: settings.start_timeout.or_else(|| start_timeout(settings)),
        liveness: settings.healthcheck.as_ref().map(liveness),
        watchdog: settings.watchdog,
        stop_signal: settings.stop_signal.clone(),
        stop_timeout: settings.stop_timeout,
        kill_mode: settings.kill_mode,
        reload: Reload {
            signal: settings.reload_signal.unwrap_or(Signal::HUP),
        },
        restart: restart(settings),
        essential: settings.essential,
    })
}

fn readiness(settings: &ServiceSettings) -> Readiness {
    match &settings.ready {
        Some(ReadyWhen::Notify | ReadyWhen::Descriptor(_) | ReadyWhen::Log(_)) => Readiness::Told,
        Some(ReadyWhen::Delay(delay)) => Readiness::Delay(*delay),
        Some(ReadyWhen::Probed { interval, .. }) => Readiness::Probed {
            every: interval.unwrap_or(READY_INTERVAL),
        },
        None if settings.kind == ServiceType::Notify => Readiness::Told,
        None => match &settings.healthcheck {
            Some(check) => Readiness::Probed {
                every: READY_INTERVAL.min(check.interval.unwrap_or(HEALTH_INTERVAL)),
            },
            None => Readiness::Started,
        },
    }
}

/// How long a start may take where nothing is said. A oneshot may do so for ever: it works.
fn start_timeout(settings: &ServiceSettings) -> Option<Duration> {
    let by_check = match &settings.healthcheck {
        // When Compose would call it unhealthy.
        Some(check) if settings.ready.is_none() => {
            let liveness = liveness(check);
            liveness.start_period + liveness.every.saturating_mul(liveness.retries)
        }
        Some(_) | None => Duration::ZERO,
    };
    let limit = START_TIMEOUT.max(by_check);
    match (readiness(settings), settings.kind) {
        (_, ServiceType::Oneshot) => None,
        (Readiness::Told | Readiness::Probed { .. }, _) | (_, ServiceType::Forking) => Some(limit),
        (Readiness::Started | Readiness::Delay(_), ServiceType::Simple | ServiceType::Notify) => {
            None
        }
    }
}

fn liveness(check: &Healthcheck) -> Liveness {
    Liveness {
        every: check.interval.unwrap_or(HEALTH_INTERVAL),
        retries: check.retries.unwrap_or(HEALTH_RETRIES).max(1),
        start_period: check.start_period.unwrap_or_default(),
    }
}

fn restart(settings: &ServiceSettings) -> Restart {
    let first_pause = settings.restart_delay.unwrap_or(FIRST_PAUSE);
    Restart {
        when: settings.restart,
        limit: settings.max_restarts,
        window: settings.restart_window.unwrap_or(WINDOW),
        first_pause,
        longest_pause: settings
            .restart_delay_max
            .unwrap_or(LONGEST_PAUSE)
            .max(first_pause),
        steady: STEADY,
    }
}

/// Every hook with its place among those of its moment.
fn hooks(settings: &Settings) -> Vec<(Hook, u32)> {
    let mut all = Vec::new();
    let mut add = |name: &str, moment, commands: &[HookSettings]| {
        all.extend((0..).zip(commands).map(|(place, command)| {
            let (name, timeout) = (name.to_owned(), command.timeout);
            let hook = Hook {
                name,
                moment,
                timeout,
            };
            (hook, place)
        }));
    };
    add("pre-stop", HookMoment::PreStop, &settings.pre_stop);
    add("post-stop", HookMoment::PostStop, &settings.post_stop);
    for (signal, rule) in &settings.signals {
        if let SignalRule::Run(commands) = rule {
            let moment = HookMoment::OnSignal(*signal);
            add(&format!("on {signal}"), moment, commands);
        }
    }
    for (index, service) in settings.services.iter().enumerate() {
        for (moment, word) in MOMENTS {
            let name = format!("{}: {word}", service.name);
            let of = HookMoment::Of(ServiceId(index), moment);
            add(&name, of, commands(service, moment));
        }
    }
    for (index, service) in settings.services.iter().enumerate() {
        let mut probe = |moment, word: &str, timeout| {
            let hook = Hook {
                name: format!("{}: {word}", service.name),
                moment: HookMoment::Of(ServiceId(index), moment),
                timeout: Some(timeout),
            };
            all.push((hook, 0));
        };
        if readiness_probe(service).is_some() {
            probe(ServiceMoment::Readiness, "readiness probe", READY_ATTEMPT);
        }
        if let Some(check) = &service.healthcheck {
            let timeout = check.timeout.unwrap_or(HEALTH_TIMEOUT);
            probe(ServiceMoment::Liveness, "health check", timeout);
        }
    }
    all
}

/// The moments that have commands, and the key of each in the settings.
pub(crate) const MOMENTS: [(ServiceMoment, &str); 6] = [
    (ServiceMoment::PreStart, "pre_start"),
    (ServiceMoment::PostStart, "post_start"),
    (ServiceMoment::Reload, "exec_reload"),
    (ServiceMoment::PreStop, "pre_stop"),
    (ServiceMoment::Stop, "stop_command"),
    (ServiceMoment::PostStop, "post_stop"),
];

fn stop(settings: &Settings, place: Place) -> Stop {
    let platform = match place.kubernetes {
        true => KUBERNETES_GRACE,
        false => DOCKER_GRACE,
    };
    Stop {
        // The time-outs of many services are divided by it, so there is always one.
        grace: Some(settings.grace.unwrap_or(platform)),
        assumed_grace: platform,
        margin: settings.margin.unwrap_or(MARGIN),
        drain: settings.drain.unwrap_or_default(),
        on: stop_on(settings),
        sweep: match place.is_init {
            true => Sweep::Namespace,
            false => Sweep::Descendants,
        },
        leftovers: Leftovers::Wait,
    }
}

fn stop_on(settings: &Settings) -> SignalSet {
    match settings.stop_on.is_empty() {
        true => SignalSet::EMPTY.with(Signal::TERM).with(Signal::INT),
        false => settings.stop_on.iter().copied().collect(),
    }
}

fn signals(
    settings: &Settings,
    place: Place,
    named: &impl Fn(&str, &str) -> Result<ServiceId, String>,
) -> Result<Signals, String> {
    let mut signals = Signals {
        rewrite: settings.rewrite.clone(),
        ..Signals::default()
    };
    let stops = stop_on(settings);
    for (signal, rule) in &settings.signals {
        // What asks for the stop can be changed from the command line, and goes first.
        if stops.contains(*signal) {
            continue;
        }
        let all = |names: &[String]| -> Result<Vec<ServiceId>, String> {
            let whose = format!("[signal.{}]", signal.to_string().trim_start_matches("SIG"));
            names.iter().map(|name| named(&whose, name)).collect()
        };
        let mut found = Rule::default();
        match rule {
            SignalRule::Reload(names) => found.reload = all(names)?,
            SignalRule::Forward(names) => found.forward = all(names)?,
            SignalRule::ReloadConfig => found.reload_config = true,
            SignalRule::Ignore => signals.swallow = signals.swallow.with(*signal),
            // A hook of this signal.
            SignalRule::Run(_) => {}
        }
        if found != Rule::default() {
            signals.rules.insert(*signal, found);
        }
    }
    // What daemons have always done on it, if there is something to read again.
    let hup = Signal::HUP;
    let free = !stops.contains(hup)
        && !settings.signals.contains_key(&hup)
        && !settings.rewrite.contains_key(&hup);
    if free && !settings.files.is_empty() {
        let reload_config = Rule {
            reload_config: true,
            ..Rule::default()
        };
        signals.rules.insert(hup, reload_config);
    }
    terminal_stops(settings, place, &mut signals);
    Ok(signals)
}

/// Ctrl-Z. Below a shell services stop with bowout, and go on with it; each has a session of its own, whose
/// group the terminal's signals do not stop (setpgid(2), orphaned process groups), so they get the one
/// that always does. In a container nobody could bring them back.
fn terminal_stops(settings: &Settings, place: Place, signals: &mut Signals) {
    for signal in TERMINAL_STOPS.iter() {
        let said = settings.rewrite.contains_key(&signal) || settings.signals.contains_key(&signal);
        match (said, place.is_init) {
            (true, _) => {}
            (false, true) => signals.swallow = signals.swallow.with(signal),
            (false, false) => {
                signals.suspend = signals.suspend.with(signal);
                signals.rewrite.insert(signal, Some(Signal::STOP));
            }
        }
    }
}

#[cfg(test)]
mod tests;
