//! Reads when a service is started again: `restart`, and `deploy.restart_policy`, which goes first.

use super::super::document::Service;
use super::super::template::Template;
use super::reader::Reader;
use super::yaml::Node;
use bowout_init::cli::value;
use std::time::Duration;

/// A policy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Policy {
    when: Option<&'static str>,
    limit: Option<i64>,
    delay: Option<Template>,
    window: Option<Template>,
}

/// More are as good as no limit.
const MOST: i64 = 1_000_000;

/// The longest pause of bowout's where nobody says otherwise.
const LONGEST_PAUSE: Duration = bowout_core::service::restart::LONGEST_PAUSE;

/// Reads it.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Policy {
    let mut policy = Policy::default();
    if let Some(restart) = node.get("restart") {
        simple(reader, restart, &mut policy);
    }
    for (key, value) in node
        .get("deploy")
        .and_then(Node::entries)
        .unwrap_or_default()
    {
        match key.text.as_str() {
            "restart_policy" => deploy(reader, value, &mut policy),
            "replicas" => {}
            "resources" => reader.lose(
                "deploy.resources",
                value,
                "limits the container, not a process in it",
            ),
            other => {
                let path = format!("deploy.{other}");
                reader.lose(&path, value, "belongs to the container");
            }
        }
    }
    policy
}

fn simple(reader: &mut Reader<'_>, node: &Node, policy: &mut Policy) {
    const ACCEPTED: &str = "\"no\", always, on-failure, on-failure:5 or unless-stopped";
    let read = |text: &str| match text.split_once(':') {
        None => match text {
            // YAML 1.1 has `no` for false.
            "no" | "false" | "" => Some((None, None)),
            "always" | "unless-stopped" => Some((Some("always"), None)),
            "on-failure" => Some((Some("on-failure"), None)),
            _ => None,
        },
        Some(("on-failure", limit)) => {
            let limit: u32 = limit.parse().ok()?;
            // Zero is no limit in Docker.
            Some((
                Some("on-failure"),
                Some(i64::from(limit).min(MOST)).filter(|limit| *limit > 0),
            ))
        }
        Some(_) => None,
    };
    if let Some((when, limit)) = reader.value("restart", node, ACCEPTED, read) {
        (policy.when, policy.limit) = (when, limit);
    }
}

fn deploy(reader: &mut Reader<'_>, node: &Node, policy: &mut Policy) {
    *policy = Policy {
        when: Some("always"),
        ..Policy::default()
    };
    for (key, value) in node.entries().unwrap_or_default() {
        let path = format!("deploy.restart_policy.{}", key.text);
        match key.text.as_str() {
            "condition" => {
                let accepted = "none, on-failure or any";
                let when = reader.value(&path, value, accepted, |text| match text {
                    "none" => Some("no"),
                    "on-failure" => Some("on-failure"),
                    "any" => Some("always"),
                    _ => None,
                });
                policy.when = when.filter(|when| *when != "no");
            }
            "delay" => policy.delay = reader.duration(&path, value),
            "window" => policy.window = reader.period(&path, value),
            "max_attempts" => {
                let limit = reader.integer(&path, value).map(|limit| limit.min(MOST));
                policy.limit = limit.filter(|limit| *limit > 0);
            }
            _ => reader.lose(&path, value, "Compose doesn't know it either"),
        }
    }
}

impl Policy {
    /// Whether there is no end for good.
    pub(super) fn goes_on_for_ever(&self) -> bool {
        self.when == Some("always") && self.limit.is_none()
    }

    /// Says it.
    pub(super) fn write(self, service: &mut Service) {
        let Some(when) = self.when else { return };
        match self.limit {
            Some(limit) if when == "on-failure" => {
                service.set("restart", format!("{when}:{limit}"))
            }
            Some(_) | None => service.set("restart", when),
        }
        if let Some(limit) = self.limit {
            if when != "on-failure" {
                service.set("max_restarts", limit);
            }
            // A window without a limit says nothing.
            if let Some(window) = self.window {
                service.set("restart_window", window);
            }
        }
        if let Some(delay) = self.delay {
            let length = delay.plain().and_then(|text| value::duration(&text));
            service.set("restart_delay", delay.clone());
            if length.is_some_and(|length| length > LONGEST_PAUSE) {
                service.set("restart_delay_max", delay);
            }
        }
    }
}
