//! Lists the keys about the start of a service, its health, and its restarts.

use super::Draft;
use super::probes::{HEALTHCHECK, READY};
use crate::file::key::{Form, Key, Shape, Take};
use crate::file::reader::{Filled, Reader, near_word};
use crate::file::tree::Node;
use bowout_core::service::restart::When;

pub(super) const KEYS: &[Key<Draft>] = &[
    Key {
        name: "ready",
        elsewhere: &["readiness", "readiness_probe", "startup_probe"],
        default: "where it has a healthcheck, its first success; else the start itself, for a oneshot its end \
                  with code 0, and for a daemon the moment its main process is known",
        about: "When it is ready, for those that depend on it and for the container as a whole. Exactly one of:",
        example: "ready = { tcp = \":5432\", interval = \"200ms\" }",
        take: Take::Other(&READY, |reader, draft, node| {
            draft.settings.ready = reader.ready(node);
        }),
        ..Key::PLAIN
    },
    Key {
        name: "start_timeout",
        elsewhere: &[
            "timeout_start_sec",
            "ready_timeout",
            "timeout_start",
            "timeout",
        ],
        default: "1m where it has to say or show that it is ready, longer where its healthcheck may take \
                  longer; for a oneshot, and for what is ready at once, no limit",
        about: "How long it may take from its start until it is ready, a oneshot until it has ended, and a \
                daemon until its main process is known. Then the start has failed.",
        example: "start_timeout = \"20s\"",
        take: Take::Period(|draft, timeout| draft.settings.start_timeout = Some(timeout)),
        ..Key::PLAIN
    },
    Key {
        name: "healthcheck",
        elsewhere: &["health", "health_check", "liveness", "liveness_probe"],
        default: "none",
        about: "How it is found out that a running service does not work any more. It is stopped then, and \
                `restart` decides. Exactly one of `test`, `tcp` and `http`, and:",
        example: "healthcheck = { test = [\"CMD\", \"redis-cli\", \"ping\"], interval = \"10s\", retries = 2 }",
        take: Take::Other(&HEALTHCHECK, |reader, draft, node| {
            draft.settings.healthcheck = reader.healthcheck(node);
        }),
        ..Key::PLAIN
    },
    Key {
        name: "watchdog",
        elsewhere: &["watchdog_sec"],
        default: "none",
        about: "How often it must say that it works (sd_notify(3), `WATCHDOG=1`). If it does not, it is \
                stopped, and `restart` decides.",
        example: "watchdog = \"30s\"",
        take: Take::Period(|draft, watchdog| draft.settings.watchdog = Some(watchdog)),
        ..Key::PLAIN
    },
];

pub(super) const RESTART_KEYS: &[Key<Draft>] = &[
    Key {
        name: "restart",
        elsewhere: &["autorestart", "restart_policy"],
        default: "\"no\"",
        about: "When it is started again after it ended by itself: `no`; `on-failure`, when it ended otherwise \
                than with code 0; `always`, of which Compose's `unless-stopped` is another name here. \
                `\"on-failure:5\"` sets `max_restarts` too.",
        example: "restart = \"on-failure\"",
        take: Take::Other(&RESTART, |reader, draft, node| reader.restart(draft, node)),
        ..Key::PLAIN
    },
    Key {
        name: "max_restarts",
        elsewhere: &["start_limit_burst", "startretries", "max_attempts"],
        default: "no limit",
        about: "How many restarts there may be within `restart_window`. After that it has failed for good.",
        example: "max_restarts = 5",
        take: Take::Whole(1, 1_000_000, |draft, number| {
            draft.settings.max_restarts = u32::try_from(number).ok();
        }),
        ..Key::PLAIN
    },
    Key {
        name: "restart_window",
        elsewhere: &["start_limit_interval_sec", "start_limit_interval"],
        default: "1m",
        about: "The time in which `max_restarts` are counted.",
        example: "restart_window = \"10m\"",
        take: Take::Period(|draft, window| draft.settings.restart_window = Some(window)),
        ..Key::PLAIN
    },
    Key {
        name: "restart_delay",
        elsewhere: &["restart_sec"],
        default: "100ms",
        about: "The pause before the first restart. Each next one is twice as long, up to \
                `restart_delay_max`; after 10 s without an end it begins anew.",
        example: "restart_delay = \"1s\"",
        take: Take::Duration(|draft, delay| draft.settings.restart_delay = Some(delay)),
        ..Key::PLAIN
    },
    Key {
        name: "restart_delay_max",
        elsewhere: &["restart_max_delay_sec"],
        default: "30s",
        about: "The longest pause before a restart.",
        example: "restart_delay_max = \"5m\"",
        take: Take::Period(|draft, delay| draft.settings.restart_delay_max = Some(delay)),
        ..Key::PLAIN
    },
];

const RESTART: Form = Form {
    accepted: "\"no\", \"on-failure\", \"on-failure:5\", \"always\" or \"unless-stopped\"",
    shape: Shape::Pattern("^(no|on-failure(:[1-9][0-9]{0,5})?|always|unless-stopped)$"),
};

impl Reader<'_> {
    fn restart(&mut self, draft: &mut Draft, node: &Node<'_>) {
        let text = match self.filled(node) {
            Filled::Text(text) => text,
            Filled::Other => return self.refuse(node, RESTART.accepted),
            Filled::Broken => return,
        };
        let limit = text
            .strip_prefix("on-failure:")
            .and_then(|limit| limit.parse::<u32>().ok());
        draft.settings.restart = match (text.as_ref(), limit) {
            ("no", _) => When::Never,
            ("on-failure", _) => When::OnFailure,
            (_, Some(limit)) if (1..=1_000_000).contains(&limit) => {
                draft.restarts = Some((limit, node.place));
                When::OnFailure
            }
            ("always" | "unless-stopped", _) => When::Always,
            (text, _) => {
                let near = near_word(text, &["no", "on-failure", "always", "unless-stopped"]);
                return self.refuse_but(node, RESTART.accepted, near);
            }
        };
    }
}
