//! Holds plans to the settings that they were made of.

use super::*;
use crate::settings::CommandLine;
use bowout_core::plan::{Condition, HookId};
use bowout_core::service::restart::When;

const SECOND: Duration = Duration::from_secs(1);

fn command(text: &str) -> CommandLine {
    CommandLine {
        words: text.split(' ').map(str::to_owned).collect(),
        shell: false,
    }
}

fn hook(text: &str, timeout: Option<Duration>) -> HookSettings {
    HookSettings {
        command: command(text),
        timeout,
    }
}

fn service(name: &str) -> ServiceSettings {
    ServiceSettings::new(name, command(name))
}

fn settings(services: Vec<ServiceSettings>) -> Settings {
    Settings {
        services,
        files: vec!["bowout.toml".into()],
        ..Settings::default()
    }
}

fn plan(settings: &Settings) -> Plan {
    plan_of(settings, Place::CONTAINER).unwrap()
}

fn one(service: ServiceSettings) -> Service {
    plan(&settings(vec![service])).service(ServiceId(0)).clone()
}

#[test]
fn the_grace_is_the_platforms_unless_it_is_said() {
    let mut said = settings(vec![service("web")]);
    assert_eq!(plan(&said).stop().grace, Some(DOCKER_GRACE));
    let kubernetes = Place {
        kubernetes: true,
        is_init: false,
    };
    let other = plan_of(&said, kubernetes).unwrap();
    assert_eq!(other.stop().grace, Some(KUBERNETES_GRACE));
    assert_eq!(other.stop().sweep, Sweep::Descendants);
    said.grace = Some(5 * SECOND);
    assert_eq!(plan(&said).stop().grace, Some(5 * SECOND));
    assert!(
        !plan(&said).is_command(),
        "one service is still no single command"
    );
}

#[test]
fn dependencies_are_found_by_name() {
    let mut web = service("web");
    web.depends_on = vec![("db".into(), Condition::Ready)];
    let plan_of_both = plan(&settings(vec![web.clone(), service("db")]));
    let dependency = plan_of_both.service(ServiceId(0)).depends_on[0];
    assert_eq!(
        (dependency.on, dependency.condition),
        (ServiceId(1), Condition::Ready)
    );
    let error = plan_of(&settings(vec![web]), Place::CONTAINER).unwrap_err();
    assert_eq!(
        error,
        "service \"web\": depends_on: there is no service \"db\""
    );
}

#[test]
fn readiness_follows_from_what_is_said_of_the_service() {
    let ready = |ready: Option<ReadyWhen>, kind| {
        let mut web = service("web");
        (web.ready, web.kind) = (ready, kind);
        let web = one(web);
        (web.readiness, web.start_timeout)
    };
    let limit = Some(START_TIMEOUT);
    let tcp = ReadyWhen::Probed {
        probe: Probe::Tcp(":80".into()),
        interval: None,
    };
    let probed = Readiness::Probed {
        every: READY_INTERVAL,
    };
    assert_eq!(ready(None, ServiceType::Simple), (Readiness::Started, None));
    assert_eq!(ready(None, ServiceType::Notify), (Readiness::Told, limit));
    assert_eq!(
        ready(None, ServiceType::Forking),
        (Readiness::Started, limit)
    );
    assert_eq!(ready(Some(tcp), ServiceType::Simple), (probed, limit));
    let fd = ReadyWhen::Descriptor(3);
    assert_eq!(
        ready(Some(fd), ServiceType::Simple),
        (Readiness::Told, limit)
    );
    let delay = ReadyWhen::Delay(SECOND);
    assert_eq!(
        ready(Some(delay), ServiceType::Simple),
        (Readiness::Delay(SECOND), None)
    );
    let log = ReadyWhen::Log("done".into());
    assert_eq!(
        ready(Some(log), ServiceType::Oneshot),
        (Readiness::Told, None)
    );
}

#[test]
fn a_health_check_alone_says_when_a_service_is_ready() {
    let mut web = service("web");
    web.healthcheck = Some(Healthcheck {
        probe: Probe::Http("http://:80/".into()),
        interval: Some(40 * SECOND),
        timeout: Some(2 * SECOND),
        retries: None,
        start_period: Some(10 * SECOND),
    });
    let plan = plan(&settings(vec![web]));
    let web = plan.service(ServiceId(0));
    let every = READY_INTERVAL;
    assert_eq!(web.readiness, Readiness::Probed { every });
    assert_eq!(web.start_timeout, Some(130 * SECOND));
    let liveness = web.liveness.unwrap();
    assert_eq!((liveness.every, liveness.retries), (40 * SECOND, 3));
    let timeouts: Vec<_> = plan.hooks().iter().map(|hook| hook.timeout).collect();
    assert_eq!(timeouts, [Some(READY_ATTEMPT), Some(2 * SECOND)]);
}

#[test]
fn hooks_know_their_place_in_the_settings() {
    let mut web = service("web");
    web.pre_start = vec![hook("a", None), hook("b", Some(SECOND))];
    web.stop_command = Some(hook("c", None));
    let mut said = settings(vec![service("db"), web]);
    said.post_stop = vec![hook("d", None)];
    said.signals
        .insert(Signal::USR1, SignalRule::Run(vec![hook("e", None)]));
    let assembled = assemble(&said, Place::CONTAINER).unwrap();
    let hooks = assembled.plan.hooks();
    let names: Vec<&str> = hooks.iter().map(|hook| hook.name.as_str()).collect();
    let wanted = [
        "post-stop",
        "on SIGUSR1",
        "web: pre_start",
        "web: pre_start",
        "web: stop_command",
    ];
    assert_eq!(names, wanted);
    assert_eq!(assembled.hooks, [0, 0, 0, 1, 0]);
    let moment = HookMoment::Of(ServiceId(1), ServiceMoment::PreStart);
    let found: Vec<HookId> = assembled.plan.hooks_at(moment).collect();
    assert_eq!(found, [HookId(2), HookId(3)]);
    assert_eq!(hooks[3].timeout, Some(SECOND));
}

#[test]
fn hup_reads_the_configuration_again_where_there_is_one() {
    let rules = |said: &Settings| plan(said).signals().rules.get(&Signal::HUP).cloned();
    let mut said = settings(vec![service("web")]);
    assert!(rules(&said).is_some_and(|rule| rule.reload_config));
    said.stop_on = vec![Signal::HUP];
    assert_eq!(rules(&said), None);
    said.stop_on.clear();
    said.signals
        .insert(Signal::HUP, SignalRule::Reload(vec!["web".into()]));
    assert_eq!(rules(&said).unwrap().reload, [ServiceId(0)]);
    said.signals.clear();
    said.files.clear();
    assert_eq!(rules(&said), None, "commands on a command line");
}

#[test]
fn rules_name_services_that_are_there() {
    let mut said = settings(vec![service("web")]);
    let rule = SignalRule::Forward(vec!["wbe".into()]);
    said.signals.insert(Signal::USR2, rule);
    said.signals.insert(Signal::WINCH, SignalRule::Ignore);
    assert_eq!(
        plan_of(&said, Place::CONTAINER).unwrap_err(),
        "[signal.USR2]: there is no service \"wbe\""
    );
    said.signals.remove(&Signal::USR2);
    assert!(plan(&said).signals().swallow.contains(Signal::WINCH));
}

#[test]
fn a_container_has_nobody_to_bring_back_what_ctrl_z_stopped() {
    let said = settings(vec![service("web")]);
    let inside = plan(&said);
    assert!(inside.signals().swallow.contains(Signal::TSTP));
    let below_a_shell = Place {
        kubernetes: false,
        is_init: false,
    };
    let outside = plan_of(&said, below_a_shell).unwrap();
    assert!(outside.signals().suspend.contains(Signal::TSTP));
    assert_eq!(outside.signals().rewrite[&Signal::TSTP], Some(Signal::STOP));
}

#[test]
fn a_longest_pause_is_no_shorter_than_the_first() {
    let mut web = service("web");
    web.restart = When::Always;
    web.restart_delay = Some(60 * SECOND);
    web.max_restarts = Some(5);
    let restart = one(web).restart;
    assert_eq!(restart.longest_pause, 60 * SECOND);
    assert_eq!((restart.limit, restart.window), (Some(5), WINDOW));
}
