//! Finds out what goes on as it is when another configuration comes.

use crate::assemble::Assembled;
use crate::settings::{ServiceSettings, Settings};
use bowout_core::event::Change;
use bowout_core::order::{Map, gathered};
use bowout_core::plan::{HookId, HookMoment, Plan, ServiceId};

/// The names of what is otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Difference {
    /// Not there before.
    pub(super) added: Vec<String>,
    /// There, and otherwise, so that they are started again.
    pub(super) changed: Vec<String>,
    /// Not there any more.
    pub(super) removed: Vec<String>,
    /// Keys of the whole that are otherwise, and are looked at only when bowout begins.
    pub(super) later: Vec<&'static str>,
}

/// For each service of the new settings the place of the one in the old ones that goes on as it, and what
/// that means in names.
pub(super) fn services(old: &Settings, new: &Settings) -> (Vec<Option<ServiceId>>, Difference) {
    let before = (0..).zip(&old.services);
    let before = before.map(|(index, service)| (service.name.as_str(), index));
    let before: Map<&str, usize> = gathered(before);
    let mut difference = Difference::default();
    let kept = new
        .services
        .iter()
        .map(|service| {
            let name = || service.name.clone();
            match before.get(service.name.as_str()) {
                Some(index) if goes_on(&old.services[*index], service) => Some(ServiceId(*index)),
                Some(_) => {
                    difference.changed.push(name());
                    None
                }
                None => {
                    difference.added.push(name());
                    None
                }
            }
        })
        .collect();
    let is_gone = |service: &&ServiceSettings| {
        let mut all = new.services.iter();
        all.all(|other| other.name != service.name)
    };
    let gone = old.services.iter().filter(is_gone);
    difference.removed = gone.map(|service| service.name.clone()).collect();
    difference.later = later(old, new);
    (kept, difference)
}

/// The socket is open, and so is the report; the log has begun.
fn later(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let log = |settings: &Settings| (settings.verbosity, settings.log_format);
    let mut later = Vec::new();
    for (key, is_same) in [
        ("control", old.control == new.control),
        ("report", old.report == new.report),
        ("log", log(old) == log(new)),
    ] {
        if !is_same {
            later.push(key);
        }
    }
    later
}

/// Whether a service that runs by the old settings does what the new ones say. What is about its start
/// order, its restarts and its stop counts from now on, without another start; all that the running
/// process has of its settings does not.
fn goes_on(old: &ServiceSettings, new: &ServiceSettings) -> bool {
    // Whoever adds a setting is asked here, by the compiler, which of the two it is.
    let ServiceSettings {
        name,
        command,
        kind,
        pidfile,
        ready,
        healthcheck,
        watchdog,
        user,
        groups,
        working_dir,
        environment,
        env_file,
        environment_from_file,
        umask,
        limits,
        nice,
        oom_score_adj,
        no_new_privs,
        log,
        depends_on: _,
        autostart: _,
        essential: _,
        start_timeout: _,
        restart: _,
        max_restarts: _,
        restart_window: _,
        restart_delay: _,
        restart_delay_max: _,
        stop_signal: _,
        stop_timeout: _,
        stop_command: _,
        kill_mode: _,
        reload_signal: _,
        exec_reload: _,
        pre_start: _,
        post_start: _,
        pre_stop: _,
        post_stop: _,
    } = old;
    *name == new.name
        && *command == new.command
        && *kind == new.kind
        && *pidfile == new.pidfile
        && *ready == new.ready
        && *healthcheck == new.healthcheck
        && *watchdog == new.watchdog
        && *user == new.user
        && *groups == new.groups
        && *working_dir == new.working_dir
        && *environment == new.environment
        && *env_file == new.env_file
        && *environment_from_file == new.environment_from_file
        && *umask == new.umask
        && *limits == new.limits
        && *nice == new.nice
        && *oom_score_adj == new.oom_score_adj
        && *no_new_privs == new.no_new_privs
        && *log == new.log
}

/// What the core is told. A hook goes on where it has the same moment and the same place among those of
/// that moment: if it runs now, its end is the end of the new one.
pub(super) fn change(
    old: &Plan,
    old_places: &[u32],
    new: &Assembled,
    services: Vec<Option<ServiceId>>,
) -> Change {
    let before = old.hooks().iter().zip(old_places).enumerate();
    let before = before.map(|(index, (hook, place))| ((hook.moment, *place), HookId(index)));
    let before: Map<(HookMoment, u32), HookId> = gathered(before);
    let hooks = new.plan.hooks().iter().zip(&new.hooks);
    let hooks = hooks.map(|(hook, place)| {
        let moment = match hook.moment {
            HookMoment::Of(service, moment) => HookMoment::Of(services[service.0]?, moment),
            other @ (HookMoment::PreStop | HookMoment::PostStop | HookMoment::OnSignal(_)) => other,
        };
        before.get(&(moment, *place)).copied()
    });
    Change {
        hooks: hooks.collect(),
        plan: new.plan.clone(),
        services,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble::{Place, assemble};
    use crate::settings::{CommandLine, HookSettings};
    use bowout_core::plan::KillMode;
    use std::time::Duration;

    fn service(name: &str) -> ServiceSettings {
        let command = CommandLine {
            words: vec![name.to_owned()],
            shell: false,
        };
        ServiceSettings::new(name, command)
    }

    fn settings(services: &[ServiceSettings]) -> Settings {
        Settings {
            services: services.to_vec(),
            ..Settings::default()
        }
    }

    #[test]
    fn services_are_known_again_by_their_names() {
        let old = settings(&[service("a"), service("b"), service("c")]);
        let mut other = service("b");
        other.nice = Some(5);
        let new = settings(&[service("d"), service("c"), other]);
        let (kept, difference) = services(&old, &new);
        assert_eq!(kept, [None, Some(ServiceId(2)), None]);
        assert_eq!(difference.added, ["d"]);
        assert_eq!(difference.changed, ["b"]);
        assert_eq!(difference.removed, ["a"]);
        assert_eq!(difference.later, [""; 0]);
        let mut other = settings(&[service("a")]);
        other.verbosity = Some(2);
        other.grace = Some(Duration::from_secs(3));
        assert_eq!(services(&old, &other).1.later, ["log"]);
    }

    #[test]
    fn what_is_about_the_stop_needs_no_start() {
        let old = service("a");
        let mut new = service("a");
        new.stop_timeout = Some(Duration::from_secs(3));
        new.kill_mode = KillMode::Main;
        new.essential = false;
        new.depends_on = vec![("b".into(), Default::default())];
        assert!(goes_on(&old, &new));
        new.environment.insert("A".into(), Some("b".into()));
        assert!(!goes_on(&old, &new));
    }

    #[test]
    fn hooks_are_known_again_by_moment_and_place() {
        let hook = |word: &str| HookSettings {
            command: CommandLine {
                words: vec![word.to_owned()],
                shell: false,
            },
            timeout: None,
        };
        let mut with_hooks = service("b");
        with_hooks.pre_stop = vec![hook("x"), hook("y")];
        let mut old = settings(&[service("a"), with_hooks.clone()]);
        old.post_stop = vec![hook("z")];
        let mut new = settings(&[with_hooks, service("c")]);
        new.post_stop = vec![hook("z"), hook("zz")];
        let old_plan = assemble(&old, Place::CONTAINER).unwrap();
        let new_plan = assemble(&new, Place::CONTAINER).unwrap();
        let (kept, _) = services(&old, &new);
        let change = change(&old_plan.plan, &old_plan.hooks, &new_plan, kept);
        let places: Vec<Option<usize>> = change.hooks.iter().map(|id| id.map(|id| id.0)).collect();
        assert_eq!(places, [Some(0), None, Some(1), Some(2)]);
    }
}
