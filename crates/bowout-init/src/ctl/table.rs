//! Lists every verb and every option once: for reading them, for the help, for completions, and for a test
//! that holds docs/commands/ctl.md to them.

/// What may stand behind a verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operands {
    /// Nothing.
    None,
    /// Any number of services; none: all, or the whole.
    Services,
    /// Services, or `--all`.
    ServicesOrAll,
    /// As [`Operands::ServicesOrAll`], but nothing at all is bowout's own configuration.
    ServicesOrConfiguration,
    /// A signal, and as [`Operands::ServicesOrAll`].
    SignalAndServices,
    /// One service.
    Service,
    /// A file.
    File,
}

/// One verb.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// What is typed, and what is sent.
    pub name: &'static str,
    /// What follows it.
    pub operands: Operands,
    /// One line for the list.
    pub about: &'static str,
    /// What its own help says besides.
    pub more: &'static str,
    /// The options that it takes, besides those that each takes.
    pub options: &'static [&'static str],
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name, behind `--`.
    pub long: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// What its value is called; `None`: it has none.
    pub value: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
    /// Whether every verb takes it.
    pub is_common: bool,
}

/// Every verb, in the order of the help.
pub const VERBS: &[Verb] = &[
    Verb {
        name: "status",
        operands: Operands::Services,
        about: "Show the container and its services, in start order",
        more: "With services, all that is known of each. The exit code says whether there was\n\
               an answer, and not how the services are: that is what healthcheck is for.",
        options: &[],
    },
    Verb {
        name: "start",
        operands: Operands::ServicesOrAll,
        about: "Start services, and what they depend on",
        more: "With --wait, done when each is ready or has completed, and failed when one is\n\
               given up. A service that crashes and is started again is waited for.",
        options: &["all", "wait", "timeout"],
    },
    Verb {
        name: "stop",
        operands: Operands::ServicesOrAll,
        about: "Stop services gracefully; they stay down",
        more: "With --wait, done when no process of them is left.",
        options: &["all", "wait", "timeout"],
    },
    Verb {
        name: "restart",
        operands: Operands::ServicesOrAll,
        about: "Stop services gracefully and start them again",
        more: "With --wait, done when each has been down and is ready again.",
        options: &["all", "wait", "timeout"],
    },
    Verb {
        name: "reload",
        operands: Operands::ServicesOrConfiguration,
        about: "Have services, or bowout itself, read their configuration again",
        more: "With services: reload_signal is sent to each, or its exec_reload runs.\n\
               Without: bowout reads its own configuration, starts what is new, stops what is\n\
               gone, restarts what changed, and leaves the rest alone. A bad file changes\n\
               nothing. With --wait, done when all that is new is ready.",
        options: &["all", "wait", "timeout"],
    },
    Verb {
        name: "signal",
        operands: Operands::SignalAndServices,
        about: "Send a signal to the main processes of services",
        more: "A signal by name or number: HUP, SIGUSR1, 12, RTMIN+3. A service that ends of it\n\
               has ended by itself: it is started again where its restart policy says so.",
        options: &["all"],
    },
    Verb {
        name: "logs",
        operands: Operands::Services,
        about: "Show the last lines that services wrote",
        more: "bowout keeps the last 256 kB of all services together. A service with\n\
               log = \"inherit\" writes to the container's own output, past bowout: nothing of\n\
               it is kept.",
        options: &["follow", "lines", "timestamps"],
    },
    Verb {
        name: "events",
        operands: Operands::Services,
        about: "Show what happens, as it does, until Ctrl-C",
        more: "With services, what happens to them and to the whole.",
        options: &[],
    },
    Verb {
        name: "healthcheck",
        operands: Operands::Services,
        about: "Say whether the container, or services, are ready",
        more: "Exit code 0 when all that is wanted is ready and no stop is under way, else 1\n\
               and one line why. With --wait, when it has become so.",
        options: &["wait", "timeout"],
    },
    Verb {
        name: "add",
        operands: Operands::File,
        about: "Add a service from a file in the form of bowout.toml (-: stdin)",
        more: "It is there until the container ends, or until the configuration is read again,\n\
               which knows nothing of it. With --wait, done when it is ready.",
        options: &["wait", "timeout"],
    },
    Verb {
        name: "remove",
        operands: Operands::Service,
        about: "Stop a service and forget it",
        more: "Until the configuration is read again, if it is in there. With --wait, done when\n\
               it is gone.",
        options: &["wait", "timeout"],
    },
    Verb {
        name: "shutdown",
        operands: Operands::None,
        about: "Stop the container, as docker stop does, without its time limit",
        more: "With --wait, done when bowout has gone; in the container this goes with it.",
        options: &["wait", "timeout"],
    },
    Verb {
        name: "ping",
        operands: Operands::None,
        about: "Say who answers: version, process, and for how long",
        more: "",
        options: &[],
    },
];

/// Every option, in the order of the help.
pub const OPTIONS: &[Spec] = &[
    Spec {
        long: "all",
        short: None,
        value: None,
        about: "All services",
        is_common: false,
    },
    Spec {
        long: "wait",
        short: Some('w'),
        value: None,
        about: "Wait until it is done, and say by the exit code whether it was",
        is_common: false,
    },
    Spec {
        long: "timeout",
        short: None,
        value: Some("DURATION"),
        about: "Wait no longer than this (10s, 1m30s), then exit with 5; implies -w",
        is_common: false,
    },
    Spec {
        long: "follow",
        short: Some('f'),
        value: None,
        about: "Go on with what comes, until Ctrl-C",
        is_common: false,
    },
    Spec {
        long: "lines",
        short: Some('n'),
        value: Some("N"),
        about: "The last N lines; without it, all that are kept",
        is_common: false,
    },
    Spec {
        long: "timestamps",
        short: Some('t'),
        value: None,
        about: "Begin each line with the time at which it was written",
        is_common: false,
    },
    Spec {
        long: "json",
        short: None,
        value: None,
        about: "JSON: one object, or one a line for logs and events",
        is_common: true,
    },
    Spec {
        long: "socket",
        short: None,
        value: Some("PATH"),
        about: "The supervisor's socket [BOWOUT_SOCKET, else /run/bowout.sock]",
        is_common: true,
    },
    Spec {
        long: "help",
        short: Some('h'),
        value: None,
        about: "Show this",
        is_common: true,
    },
];

impl Verb {
    /// Whether it takes this option.
    #[must_use = "reads a value and changes nothing"]
    pub fn takes(&self, option: &Spec) -> bool {
        option.is_common || self.options.contains(&option.long)
    }
}

impl Operands {
    /// As a usage line has it.
    #[must_use = "makes a value and changes nothing"]
    pub const fn usage(self) -> &'static str {
        match self {
            Operands::None => "",
            Operands::Services => "[SERVICE…]",
            Operands::ServicesOrAll => "SERVICE…|--all",
            Operands::ServicesOrConfiguration => "[SERVICE…|--all]",
            Operands::SignalAndServices => "SIGNAL SERVICE…|--all",
            Operands::Service => "SERVICE",
            Operands::File => "FILE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_verbs_are_there_and_none_is_idle() {
        for verb in VERBS {
            for name in verb.options {
                assert!(OPTIONS.iter().any(|option| option.long == *name), "{name}");
            }
        }
        for option in OPTIONS {
            assert!(
                VERBS.iter().any(|verb| verb.takes(option)),
                "{}",
                option.long
            );
        }
    }
}
