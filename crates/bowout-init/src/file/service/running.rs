//! Lists the keys that say what a service is.

use super::Draft;
use super::dependencies::DEPENDS_ON;
use crate::file::command::COMMAND;
use crate::file::key::{Key, Take};
use crate::settings::ServiceType;

pub(super) const KEYS: &[Key<Draft>] = &[
    Key {
        name: "command",
        elsewhere: &[
            "cmd",
            "exec",
            "exec_start",
            "entrypoint",
            "run",
            "program",
            "args",
            "start",
        ],
        required: true,
        about: "The program and its arguments. A text is split into words by a shell's rules for quotes, and \
                nothing else of what a shell does happens; an array is taken word by word. A program without a \
                slash is looked for along `PATH`.",
        example: "command = [\"gunicorn\", \"--bind\", \":8000\", \"app:app\"]",
        take: Take::Other(&COMMAND, |reader, draft, node| {
            let written = reader.command(node);
            draft.command = written.map(|written| (written, node.place));
        }),
        ..Key::PLAIN
    },
    Key {
        name: "shell",
        default: "false",
        about: "Whether `/bin/sh -c` runs the command, which is one text then. The shell is the main process, \
                unless the text begins with `exec`.",
        example: "shell = true",
        take: Take::Switch(|draft, shell| draft.shell = shell),
        ..Key::PLAIN
    },
    Key {
        name: "type",
        elsewhere: &["kind"],
        default: "\"simple\"",
        about: "What the program is: `simple` runs in the foreground; `notify` does too, and says by \
                sd_notify(3) when it is ready; `oneshot` runs to its end, and has done its work with code 0; \
                `forking` starts a daemon and ends, and the daemon is the main process then.",
        example: "type = \"forking\"",
        take: Take::Word(
            &["simple", "oneshot", "notify", "forking"],
            |draft, word| {
                draft.settings.kind = match word {
                    "oneshot" => ServiceType::Oneshot,
                    "notify" => ServiceType::Notify,
                    "forking" => ServiceType::Forking,
                    _ => ServiceType::Simple,
                }
            },
        ),
        ..Key::PLAIN
    },
    Key {
        name: "pidfile",
        elsewhere: &["pid_file"],
        default: "the one process that is left over is the daemon",
        about: "Where a daemon (`type = \"forking\"`) writes its pid. A pid in it that is not of this service \
                is refused.",
        example: "pidfile = \"/run/nginx.pid\"",
        take: Take::Path(|draft, path| draft.settings.pidfile = Some(path)),
        ..Key::PLAIN
    },
    Key {
        name: "depends_on",
        elsewhere: &[
            "after",
            "requires",
            "wants",
            "needs",
            "dependencies",
            "depends",
            "waits-for",
        ],
        default: "nothing",
        about: "Services that start before it, and stop after it. The condition says what is awaited: `started` \
                (Compose: `service_started`), `ready` (`service_healthy`), or `completed` \
                (`service_completed_successfully`), which is for a oneshot.",
        example: "depends_on = { db = \"ready\", migrate = { condition = \"completed\" } }",
        take: Take::Other(&DEPENDS_ON, |reader, draft, node| {
            reader.depends_on(draft, node)
        }),
        ..Key::PLAIN
    },
    Key {
        name: "essential",
        default: "true",
        about: "Whether the container stops, in order, when this has ended for good. A oneshot that has \
                completed has not.",
        example: "essential = false",
        take: Take::Switch(|draft, essential| draft.settings.essential = essential),
        ..Key::PLAIN
    },
    Key {
        name: "autostart",
        elsewhere: &["auto_start", "enabled", "enable"],
        default: "true",
        about: "Whether it is started with the container. Else `bowout ctl start` does, or a service that \
                depends on it.",
        example: "autostart = false",
        take: Take::Switch(|draft, autostart| draft.settings.autostart = autostart),
        ..Key::PLAIN
    },
];
