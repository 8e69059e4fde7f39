//! Holds what a configuration says, whatever it was written in: bowout.toml, a Procfile, or commands on
//! the command line.
//!
//! Every value here has been looked at: names are unique and known, signals exist, durations fit. What is
//! `None` was not said, and the default is that of whoever uses it.

use crate::cli::{LogFormat, ReportTarget, UserSpec};
use bowout_core::Signal;
use bowout_core::order::Map;
use bowout_core::plan::{Condition, KillMode};
use bowout_core::service::restart::When;
use std::path::PathBuf;
use std::time::Duration;

/// All that a configuration says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// The platform's grace period.
    pub grace: Option<Duration>,
    /// How long before its end bowout is done.
    pub margin: Option<Duration>,
    /// How long services go on after a stop was asked for.
    pub drain: Option<Duration>,
    /// Signals that ask for the stop; empty: TERM and INT.
    pub stop_on: Vec<Signal>,
    /// Signals that are turned into others, or dropped, before they are forwarded.
    pub rewrite: Map<Signal, Option<Signal>>,
    /// What is done with some signals instead of forwarding them.
    pub signals: Map<Signal, SignalRule>,
    /// Before anybody is told to stop.
    pub pre_stop: Vec<HookSettings>,
    /// After everybody has stopped.
    pub post_stop: Vec<HookSettings>,
    /// Where the stop report goes.
    pub report: Option<ReportTarget>,
    /// The control socket; `None`: the default place.
    pub control: Option<ControlSettings>,
    /// -1 quiet, 0 as usual, 1 more, 2 all.
    pub verbosity: Option<i8>,
    /// The form of bowout's own log lines.
    pub log_format: Option<LogFormat>,
    /// The services, in the order in which they were written.
    pub services: Vec<ServiceSettings>,
    /// The files that were read, the first one first.
    pub files: Vec<PathBuf>,
}

/// Where bowout is controlled from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ControlSettings {
    /// Nowhere.
    Off,
    /// A socket at this path.
    Socket(PathBuf),
}

/// What is done with one signal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignalRule {
    /// These services are told to reload.
    Reload(Vec<String>),
    /// These services get it.
    Forward(Vec<String>),
    /// These commands run.
    Run(Vec<HookSettings>),
    /// The configuration is read again.
    ReloadConfig,
    /// Nothing.
    Ignore,
}

/// A command with its arguments.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CommandLine {
    /// The program and its arguments; with `shell`, one text.
    pub words: Vec<String>,
    /// Whether `/bin/sh -c` runs it.
    pub shell: bool,
}

/// A program that is run at a moment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HookSettings {
    /// The command.
    pub command: CommandLine,
    /// How long it has before SIGKILL.
    pub timeout: Option<Duration>,
}

/// What the program of a service is to bowout.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ServiceType {
    /// It runs in the foreground.
    #[default]
    Simple,
    /// It runs to its end.
    Oneshot,
    /// It runs in the foreground, and says by sd_notify(3) when it is ready.
    Notify,
    /// It starts a daemon and ends.
    Forking,
}

/// How a service is looked at from outside.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Probe {
    /// A connection to this address (`host:port`, `:port` for the local host) is accepted.
    Tcp(String),
    /// A GET of this URL (`http://…`) gets a status below 400.
    Http(String),
    /// This command ends with code 0.
    Exec(CommandLine),
}

/// When a service is ready.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ReadyWhen {
    /// It says so by sd_notify(3).
    Notify,
    /// It writes a line to this descriptor, which it gets from bowout.
    Descriptor(i32),
    /// A probe succeeds.
    Probed {
        /// The probe.
        probe: Probe,
        /// From the end of one attempt to the next.
        interval: Option<Duration>,
    },
    /// This text is in a line of its output.
    Log(String),
    /// So long after its start.
    Delay(Duration),
}

/// Whether a service still works.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Healthcheck {
    /// How that is found out.
    pub probe: Probe,
    /// From the end of one attempt to the next (default 30 s).
    pub interval: Option<Duration>,
    /// How long one attempt may take (default 30 s).
    pub timeout: Option<Duration>,
    /// How many failures in a row make it unhealthy (default 3).
    pub retries: Option<u32>,
    /// For how long after the start failures are not counted (default 0).
    pub start_period: Option<Duration>,
}

/// Where a file with more environment is, and whether it may be missing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EnvFile {
    /// The file.
    pub path: PathBuf,
    /// Whether the service does not start without it.
    pub required: bool,
}

/// What becomes of a service's standard output and error.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Output {
    /// The container's own: no copy, no loss.
    #[default]
    Inherit,
    /// Lines with the service's name in front, on the container's own.
    Prefix,
    /// One JSON object for each line, on the container's own.
    Json,
    /// A file, put aside when it is as long as this; so many old ones are kept.
    File {
        /// The file.
        path: PathBuf,
        /// In bytes; `None`: it grows for ever.
        max_size: Option<u64>,
        /// How many old ones are kept.
        keep: u32,
    },
    /// Nothing: it is thrown away.
    Null,
}

/// A resource that setrlimit(2) limits, by the lower-case name that prlimit(1) and Compose use.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Limit {
    /// Its name: `nofile`, `core`, ….
    pub resource: String,
    /// The soft limit; `None`: unlimited.
    pub soft: Option<u64>,
    /// The hard limit; `None`: unlimited.
    pub hard: Option<u64>,
}

/// What one service is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceSettings {
    /// Its name.
    pub name: String,
    /// What runs.
    pub command: CommandLine,
    /// What the program is.
    pub kind: ServiceType,
    /// Where a daemon says its pid.
    pub pidfile: Option<PathBuf>,
    /// Services that start before it, and stop after it.
    pub depends_on: Vec<(String, Condition)>,
    /// Whether it is started with the container.
    pub autostart: bool,
    /// Whether the container stops when it ends for good.
    pub essential: bool,
    /// When it is ready.
    pub ready: Option<ReadyWhen>,
    /// How long that may take.
    pub start_timeout: Option<Duration>,
    /// Whether it still works.
    pub healthcheck: Option<Healthcheck>,
    /// How often it must say that it works (sd_notify(3), `WATCHDOG=1`).
    pub watchdog: Option<Duration>,
    /// When it is started again.
    pub restart: When,
    /// How many restarts there may be in the window.
    pub max_restarts: Option<u32>,
    /// The time in which they are counted.
    pub restart_window: Option<Duration>,
    /// The first pause.
    pub restart_delay: Option<Duration>,
    /// The longest pause.
    pub restart_delay_max: Option<Duration>,
    /// The ladder of stop signals; empty: the one that came.
    pub stop_signal: Vec<Signal>,
    /// From the stop signal to SIGKILL.
    pub stop_timeout: Option<Duration>,
    /// What stops it instead of a signal.
    pub stop_command: Option<HookSettings>,
    /// Who gets the stop signal.
    pub kill_mode: KillMode,
    /// The signal that has it read its configuration again.
    pub reload_signal: Option<Signal>,
    /// The command that does.
    pub exec_reload: Option<HookSettings>,
    /// Before its program is started.
    pub pre_start: Vec<HookSettings>,
    /// Once it is ready.
    pub post_start: Vec<HookSettings>,
    /// Before it is told to stop.
    pub pre_stop: Vec<HookSettings>,
    /// After its last process has ended.
    pub post_stop: Vec<HookSettings>,
    /// Whom it runs as.
    pub user: Option<UserSpec>,
    /// Supplementary groups beside those that /etc/group gives the user; `None`: no more.
    pub groups: Option<Vec<String>>,
    /// Its working directory.
    pub working_dir: Option<PathBuf>,
    /// Variables on top of bowout's own environment; `None` takes one away.
    pub environment: Map<String, Option<String>>,
    /// Files with more, below `environment`.
    pub env_file: Vec<EnvFile>,
    /// Variables whose values are what is in these files: secrets.
    pub environment_from_file: Map<String, PathBuf>,
    /// Permissions that new files do not get (umask(2)).
    pub umask: Option<u32>,
    /// Resource limits.
    pub limits: Vec<Limit>,
    /// Its priority, -20 to 19 (nice(2)).
    pub nice: Option<i32>,
    /// How early the kernel kills it for want of memory, -1000 to 1000 (proc(5)).
    pub oom_score_adj: Option<i32>,
    /// Whether it can gain no privileges by an exec (prctl(2), `PR_SET_NO_NEW_PRIVS`).
    pub no_new_privs: bool,
    /// What becomes of its output.
    pub log: Output,
}

impl ServiceSettings {
    /// A service with this command and every default.
    #[must_use = "makes a value and changes nothing"]
    pub fn new(name: &str, command: CommandLine) -> ServiceSettings {
        ServiceSettings {
            name: name.to_owned(),
            command,
            kind: ServiceType::Simple,
            pidfile: None,
            depends_on: Vec::new(),
            autostart: true,
            essential: true,
            ready: None,
            start_timeout: None,
            healthcheck: None,
            watchdog: None,
            restart: When::Never,
            max_restarts: None,
            restart_window: None,
            restart_delay: None,
            restart_delay_max: None,
            stop_signal: Vec::new(),
            stop_timeout: None,
            stop_command: None,
            kill_mode: KillMode::Auto,
            reload_signal: None,
            exec_reload: None,
            pre_start: Vec::new(),
            post_start: Vec::new(),
            pre_stop: Vec::new(),
            post_stop: Vec::new(),
            user: None,
            groups: None,
            working_dir: None,
            environment: Map::new(),
            env_file: Vec::new(),
            environment_from_file: Map::new(),
            umask: None,
            limits: Vec::new(),
            nice: None,
            oom_score_adj: None,
            no_new_privs: false,
            log: Output::Inherit,
        }
    }
}
