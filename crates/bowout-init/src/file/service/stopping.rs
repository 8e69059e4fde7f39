//! Lists the keys about the stop of a service, its reload, and its hooks.

use super::Draft;
use crate::file::key::{Key, Take};
use bowout_core::plan::KillMode;

pub(super) const KEYS: &[Key<Draft>] = &[
    Key {
        name: "stop_signal",
        elsewhere: &["kill_signal", "stopsignal", "stop_with_signal"],
        default: "the signal that came, or TERM",
        about: "The signal that stops it. Several are a ladder: each next one is sent when its equal share of \
                the time has passed.",
        example: "stop_signal = [\"QUIT\", \"TERM\"]",
        take: Take::Signals(|draft, signals| draft.settings.stop_signal = signals),
        ..Key::PLAIN
    },
    Key {
        name: "stop_timeout",
        aliases: &["stop_grace_period"],
        elsewhere: &[
            "timeout_stop_sec",
            "stopwaitsecs",
            "timeout_stop",
            "grace_period",
        ],
        default: "what the plan leaves of the grace period",
        about: "How long it has from the stop signal to SIGKILL. It is a promise: as long as the plan fits the \
                grace period, it is not killed earlier.",
        example: "stop_timeout = \"5s\"",
        take: Take::Duration(|draft, timeout| draft.settings.stop_timeout = Some(timeout)),
        ..Key::PLAIN
    },
    Key {
        name: "stop_command",
        elsewhere: &["exec_stop", "stop"],
        default: "none",
        about: "What stops it instead of a signal.",
        example: "stop_command = [\"nginx\", \"-s\", \"quit\"]",
        take: Take::Hook(|draft, hook| draft.settings.stop_command = Some(hook)),
        ..Key::PLAIN
    },
    Key {
        name: "kill_mode",
        default: "\"auto\"",
        about: "Who gets the stop signal: `auto`, down the tree until somebody takes charge; `main`, the main \
                process, and SIGKILL goes to all; `group`, its process group gets both; `process`, the main \
                process gets both, and nobody else is waited for.",
        example: "kill_mode = \"main\"",
        take: Take::Word(&["auto", "main", "group", "process"], |draft, word| {
            draft.settings.kill_mode = match word {
                "main" => KillMode::Main,
                "group" => KillMode::Group,
                "process" => KillMode::Process,
                _ => KillMode::Auto,
            }
        }),
        ..Key::PLAIN
    },
    Key {
        name: "reload_signal",
        default: "\"HUP\"",
        about: "The signal that has it read its own configuration again.",
        example: "reload_signal = \"USR2\"",
        take: Take::Signal(|draft, signal| draft.settings.reload_signal = Some(signal)),
        ..Key::PLAIN
    },
    Key {
        name: "exec_reload",
        elsewhere: &["reload", "reload_command"],
        default: "none",
        about: "The command that has it do so, instead of a signal.",
        example: "exec_reload = \"nginx -s reload\"",
        take: Take::Hook(|draft, hook| draft.settings.exec_reload = Some(hook)),
        ..Key::PLAIN
    },
];

pub(super) const HOOK_KEYS: &[Key<Draft>] = &[
    Key {
        name: "pre_start",
        elsewhere: &["exec_start_pre"],
        default: "none",
        about: "Runs before its program is started, one after the other. A failure is a failed start.",
        example: "pre_start = [\"./migrate\", { command = \"./warm\", timeout = \"20s\" }]",
        take: Take::Hooks(|draft, hooks| draft.settings.pre_start = hooks),
        ..Key::PLAIN
    },
    Key {
        name: "post_start",
        elsewhere: &["exec_start_post"],
        default: "none",
        about: "Runs once it is ready.",
        example: "post_start = \"./announce\"",
        take: Take::Hooks(|draft, hooks| draft.settings.post_start = hooks),
        ..Key::PLAIN
    },
    Key {
        name: "pre_stop",
        elsewhere: &["exec_stop_pre"],
        default: "none",
        about: "Runs when it is to stop, and has not been told yet.",
        example: "pre_stop = [[\"./drain\", \"--all\"]]",
        take: Take::Hooks(|draft, hooks| draft.settings.pre_stop = hooks),
        ..Key::PLAIN
    },
    Key {
        name: "post_stop",
        elsewhere: &["exec_stop_post"],
        default: "none",
        about: "Runs after its last process has ended.",
        example: "post_stop = { command = \"rm -rf /tmp/web*\", shell = true }",
        take: Take::Hooks(|draft, hooks| draft.settings.post_stop = hooks),
        ..Key::PLAIN
    },
];
