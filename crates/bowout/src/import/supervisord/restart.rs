//! Reads when supervisord starts a program again: `autorestart`, `startretries`, `exitcodes`.

use super::super::document::Service;
use super::keys::Keys;

/// When it is started again.
pub(super) struct Restart {
    when: Option<&'static str>,
    limit: Option<u32>,
    /// The time in which the limit counts, where it is not bowout's own, in seconds.
    window: Option<u32>,
}

impl Restart {
    /// Reads it. `again` is what `autorestart` says, and `start` how long a start takes, in seconds.
    pub(super) fn read(
        keys: &mut Keys<'_>,
        again: Option<Option<&'static str>>,
        start: u32,
    ) -> Restart {
        /// From here on it means "as often as it takes".
        const ANY: u32 = 1000;
        let own = bowout_core::service::restart::WINDOW.as_secs();
        let when = again.unwrap_or(Some("on-failure"));
        exit_codes(keys, when);
        let retries = keys.number("startretries");
        let limit = match (when, retries) {
            (None, Some(_)) => {
                keys.lose(
                    "startretries",
                    "supervisord tries a start again that fails even with autorestart=false; \
                     `restart = \"on-failure\"` with `max_restarts` does",
                );
                None
            }
            (Some(_), Some(0)) => {
                keys.lose(
                    "startretries",
                    "bowout doesn't tell a failed start from a later failure; `restart` says what follows both",
                );
                None
            }
            (Some(_), retries) => retries.filter(|retries| *retries < ANY),
            (None, None) => None,
        };
        // supervisord waits one second more each time, bowout twice as long; the limit is met if all of
        // the attempts are inside of the window.
        let needed = limit.map(|limit| {
            let pauses: u64 = (0..limit)
                .map(|attempt| 1u64.checked_shl(attempt).unwrap_or(30).min(30))
                .sum();
            pauses + u64::from(limit) * u64::from(start) + 1
        });
        Restart {
            when,
            limit,
            window: needed
                .filter(|seconds| *seconds > own)
                .and_then(|seconds| u32::try_from(seconds).ok()),
        }
    }

    /// Whether there is no end for good.
    pub(super) fn goes_on_for_ever(&self) -> bool {
        self.when == Some("always") && self.limit.is_none()
    }

    /// Says it.
    pub(super) fn write(&self, service: &mut Service) {
        if let Some(when) = self.when {
            service.set("restart", when);
        }
        if let Some(limit) = self.limit {
            service.set("max_restarts", i64::from(limit));
            service.set("restart_delay", "1s");
        }
        if let Some(window) = self.window {
            service.set("restart_window", super::program::seconds_text(window));
        }
    }
}

/// `exitcodes`: bowout knows one code that means success.
fn exit_codes(keys: &mut Keys<'_>, when: Option<&str>) {
    let read = |text: &str| {
        text.split(',')
            .map(|code| code.trim().parse::<u8>().ok())
            .collect::<Option<Vec<_>>>()
    };
    let Some(codes) = keys.value(
        "exitcodes",
        "numbers from 0 to 255 with commas between",
        read,
    ) else {
        return;
    };
    if when == Some("on-failure") && codes.iter().any(|code| *code != 0) || !codes.contains(&0) {
        keys.lose(
            "exitcodes",
            "`on-failure` takes 0 alone for a success; a shell can map the others (`cmd; case $? in 0|2) exit 0;; esac`)",
        );
    }
}

/// `true`, `false`, `unexpected`, as bowout's `restart` says it.
#[expect(clippy::option_option, reason = "never again is a value too")]
pub(super) fn autorestart(text: &str) -> Option<Option<&'static str>> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(Some("always")),
        "no" | "false" | "off" | "0" => Some(None),
        "unexpected" => Some(Some("on-failure")),
        _ => None,
    }
}
