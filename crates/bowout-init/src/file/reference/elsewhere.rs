//! Lists what the thing that a key says is called elsewhere, for the reference.

/// The key, with `service.` in front where it is of one, and its names.
const NAMES: &[(&str, &str)] = &[
    ("service", "Compose `services`"),
    (
        "include",
        "Compose `include`, supervisord `[include] files`",
    ),
    (
        "grace",
        "Compose `stop_grace_period`, `docker run --stop-timeout`, Kubernetes `terminationGracePeriodSeconds`",
    ),
    ("drain", "Kubernetes `preStop: sleep`"),
    ("stop_on", "Dockerfile `STOPSIGNAL`"),
    ("pre_stop", "Kubernetes `lifecycle.preStop`"),
    ("rewrite", "dumb-init `--rewrite`"),
    ("log", "supervisord `loglevel`"),
    ("control", "supervisord `[unix_http_server] file`"),
    (
        "service.command",
        "Compose `command` and `entrypoint`, systemd `ExecStart=`, supervisord `command`",
    ),
    ("service.type", "systemd `Type=`"),
    ("service.pidfile", "systemd `PIDFile=`"),
    (
        "service.depends_on",
        "Compose `depends_on`, systemd `After=` with `Requires=`",
    ),
    ("service.essential", "Compose `--abort-on-container-exit`"),
    ("service.autostart", "supervisord `autostart`"),
    (
        "service.ready",
        "Kubernetes `startupProbe`, systemd `Type=notify`, s6 `notification-fd`",
    ),
    ("service.start_timeout", "systemd `TimeoutStartSec=`"),
    (
        "service.healthcheck",
        "Compose `healthcheck`, Dockerfile `HEALTHCHECK`, Kubernetes `livenessProbe`",
    ),
    ("service.watchdog", "systemd `WatchdogSec=`"),
    (
        "service.restart",
        "Compose `restart`, systemd `Restart=`, supervisord `autorestart`",
    ),
    (
        "service.max_restarts",
        "systemd `StartLimitBurst=`, Compose `deploy.restart_policy.max_attempts`, supervisord `startretries`",
    ),
    (
        "service.restart_window",
        "systemd `StartLimitIntervalSec=`, Compose `deploy.restart_policy.window`",
    ),
    (
        "service.restart_delay",
        "systemd `RestartSec=`, Compose `deploy.restart_policy.delay`",
    ),
    ("service.restart_delay_max", "systemd `RestartMaxDelaySec=`"),
    (
        "service.stop_signal",
        "Compose `stop_signal`, systemd `KillSignal=`, supervisord `stopsignal`",
    ),
    (
        "service.stop_timeout",
        "Compose `stop_grace_period`, systemd `TimeoutStopSec=`, supervisord `stopwaitsecs`",
    ),
    ("service.stop_command", "systemd `ExecStop=`"),
    (
        "service.kill_mode",
        "systemd `KillMode=` (`mixed` is `main`, `control-group` is `group`)",
    ),
    ("service.reload_signal", "systemd `ReloadSignal=`"),
    ("service.exec_reload", "systemd `ExecReload=`"),
    ("service.pre_start", "systemd `ExecStartPre=`"),
    (
        "service.post_start",
        "systemd `ExecStartPost=`, Compose `post_start`",
    ),
    ("service.pre_stop", "Compose `pre_stop`"),
    ("service.post_stop", "systemd `ExecStopPost=`"),
    (
        "service.user",
        "Compose `user`, systemd `User=` and `Group=`, supervisord `user`",
    ),
    (
        "service.groups",
        "Compose `group_add`, systemd `SupplementaryGroups=`",
    ),
    (
        "service.working_dir",
        "Compose `working_dir`, systemd `WorkingDirectory=`, supervisord `directory`",
    ),
    (
        "service.environment",
        "Compose `environment`, systemd `Environment=`, supervisord `environment`",
    ),
    (
        "service.env_file",
        "Compose `env_file`, systemd `EnvironmentFile=`",
    ),
    (
        "service.environment_from_file",
        "Compose `secrets`, systemd `LoadCredential=`, `NAME_FILE` of many images",
    ),
    ("service.umask", "systemd `UMask=`, supervisord `umask`"),
    (
        "service.limits",
        "Compose `ulimits`, systemd `LimitNOFILE=` and its like",
    ),
    ("service.nice", "systemd `Nice=`"),
    (
        "service.oom_score_adj",
        "Compose `oom_score_adj`, systemd `OOMScoreAdjust=`",
    ),
    (
        "service.no_new_privs",
        "Compose `security_opt: no-new-privileges`, systemd `NoNewPrivileges=`",
    ),
    (
        "service.log",
        "Compose `logging`, systemd `StandardOutput=`, supervisord `stdout_logfile`",
    ),
];

/// Keys for which nobody else has a name.
#[cfg(test)]
const OURS: &[&str] = &["margin", "post_stop", "signal", "report", "service.shell"];

/// The names of a key.
pub(super) fn names(path: &str) -> Option<&'static str> {
    let mut names = NAMES.iter();
    names.find(|(key, _)| *key == path).map(|(_, names)| *names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::chapter::Chapter;
    use crate::file::{service, top};

    #[test]
    fn every_key_has_its_names_or_is_known_to_have_none() {
        let paths = |prefix: &str, chapters: Vec<Chapter>| -> Vec<String> {
            let parts = chapters.into_iter().flat_map(|chapter| chapter.parts);
            parts.map(|part| format!("{prefix}{}", part.name)).collect()
        };
        let keys = [paths("", top::parts()), paths("service.", service::parts())].concat();
        for key in &keys {
            let is_ours = OURS.contains(&key.as_str());
            assert!(names(key).is_some() != is_ours, "{key}");
        }
        let listed = NAMES.iter().map(|(key, _)| key).chain(OURS);
        for key in listed {
            assert!(keys.iter().any(|there| there == key), "{key} is no key");
        }
    }
}
