//! Makes the program of a service or a hook at the moment it is started, so that an idle service costs
//! nothing but its settings.

use crate::assemble::commands;
use crate::cli::table::SPECS;
use crate::environment::{Environment, TIMEOUT, seconds};
use crate::settings::{CommandLine, HookSettings, Probe, ServiceSettings};
use crate::survey::SERVICE;
use crate::users;
use bowout_core::plan::ServiceMoment;
use bowout_core::{Pid, Signal, SignalSet};
use bowout_sys::files;
use bowout_sys::spawn::{Credentials, Limit, Program, Resource, Stream};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// How long a service has from its stop signal to SIGKILL, in seconds. Another bowout below this one reads
/// it as an option of its own, and that is what it means there too.
const STOP_TIMEOUT: &str = "BOWOUT_STOP_TIMEOUT";
/// Where a service tells how it is (sd_notify(3)).
const NOTIFY: &str = "NOTIFY_SOCKET";
/// How often it must say that it works, in microseconds, and who must (sd_watchdog_enabled(3)).
const WATCHDOG: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";
/// Descriptors that were opened for it (sd_listen_fds(3)).
const LISTEN: [&str; 3] = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"];

/// What is read of a file with variables, and of a secret.
const LONGEST_FILE: usize = 1 << 20;
const LONGEST_SECRET: usize = 128 << 10;

/// What all programs have in common.
pub(crate) struct Recipe {
    /// bowout's own environment, less what is meant for bowout alone.
    base: Environment,
    /// How many descriptors bowout was given for whoever it starts.
    listeners: i32,
    /// Files that are bowout itself, for probes.
    own: Vec<CString>,
    /// The signals that bowout was started with.
    pub(crate) mask: SignalSet,
    pub(crate) chld_is_ignored: bool,
    /// Where services tell how they are.
    pub(crate) notify: Option<String>,
}

/// Why a program could not be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unmade {
    /// The kernel's number (errno(3)); 0: it was not the kernel.
    pub(crate) errno: i32,
    /// What, in words.
    pub(crate) text: String,
}

/// What a hook of a service is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Facts {
    /// How long it may take.
    pub(crate) time: Option<Duration>,
    /// The main process.
    pub(crate) main: Option<Pid>,
    /// How the service ended: variables, and their values.
    pub(crate) ended: Vec<(&'static str, String)>,
}

impl Recipe {
    /// Takes away from the environment what was meant for bowout itself: another bowout below it would
    /// take it for its own.
    pub(crate) fn new(mut environment: Environment) -> Recipe {
        let own = [NOTIFY, WATCHDOG, WATCHDOG_PID, SERVICE];
        let options = SPECS.iter().map(|spec| spec.env);
        // Services look for the socket there too.
        for name in options.chain(own).filter(|name| *name != "BOWOUT_SOCKET") {
            environment.remove(name);
        }
        let is_given = environment
            .pass_listeners_on(bowout_sys::own_pid())
            .is_some();
        let count = environment.get(LISTEN[0]).and_then(OsStr::to_str);
        let listeners = count
            .and_then(|count| count.parse().ok())
            .filter(|count| is_given && (0..=1024).contains(count));
        if listeners.is_none() {
            for name in LISTEN {
                environment.remove(name);
            }
        }
        Recipe {
            base: environment,
            listeners: listeners.unwrap_or(0),
            own: bowout_sys::identity::own_program(),
            mask: SignalSet::EMPTY,
            chld_is_ignored: false,
            notify: None,
        }
    }

    /// Whether programs may write in colours (no-color.org).
    pub(crate) fn allows_colours(&self) -> bool {
        self.base
            .get("NO_COLOR")
            .is_none_or(|value| value.is_empty())
    }

    /// Where services look for the control socket.
    pub(crate) fn name_socket(&mut self, path: &Path) {
        self.base.set("BOWOUT_SOCKET".as_ref(), path.as_os_str());
    }

    /// The program of a service.
    pub(crate) fn service(
        &self,
        settings: &ServiceSettings,
        stop_timeout: Duration,
    ) -> Result<Program, Unmade> {
        let (mut environment, credentials) = self.surroundings(settings)?;
        let mut set = |name: &str, value: &str| environment.set(name.as_ref(), value.as_ref());
        set(STOP_TIMEOUT, &seconds(stop_timeout));
        if let Some(period) = settings.watchdog {
            set(WATCHDOG, &period.as_micros().to_string());
            // The place for a pid is one, and it is the listeners' where there are some. Without the pid
            // the variable before it is meant for whoever reads it.
            if self.listeners == 0 {
                set(WATCHDOG_PID, "0000000000");
            }
        }
        let pid_entry = match self.listeners {
            0 => environment.position(WATCHDOG_PID),
            _ => environment.position(LISTEN[1]),
        };
        let mut program = self.program(&settings.command, environment)?;
        program.pid_entry = pid_entry;
        program.close_above = Some(2 + self.listeners);
        program.credentials = credentials;
        restrict(&mut program, settings)?;
        Ok(program)
    }

    /// The program of a hook in the life of a service; the same user, directory and limits.
    pub(crate) fn hook(
        &self,
        settings: &ServiceSettings,
        moment: ServiceMoment,
        place: usize,
        facts: &Facts,
    ) -> Result<Program, Unmade> {
        let hook = commands(settings, moment).get(place);
        let command = hook.map(|hook| &hook.command).ok_or_else(nothing)?;
        self.of_service(settings, command, facts)
    }

    /// The program that looks at a service from outside. A command is the service's, so it runs as its
    /// user; what asks over a network is bowout itself, in a process of its own.
    pub(crate) fn probe(
        &self,
        settings: &ServiceSettings,
        probe: &Probe,
        facts: &Facts,
    ) -> Result<Program, Unmade> {
        let (kind, address) = match probe {
            Probe::Exec(command) => {
                let mut program = self.of_service(settings, command, facts)?;
                program.streams = [Stream::Null; 3];
                return Ok(program);
            }
            Probe::Tcp(address) => ("tcp", address),
            Probe::Http(url) => ("http", url),
        };
        let mut words = vec!["bowout-init", "probe", kind, address];
        let time = facts.time.map(seconds);
        if let Some(time) = &time {
            words.extend(["--timeout", time]);
        }
        let mut program = self.made(self.own.clone(), &words, Environment::default())?;
        program.streams = [Stream::Null; 3];
        Ok(program)
    }

    /// The program of a hook that is no service's.
    pub(crate) fn command(
        &self,
        hook: &HookSettings,
        time: Option<Duration>,
    ) -> Result<Program, Unmade> {
        let mut environment = self.base.clone();
        for name in LISTEN {
            environment.remove(name);
        }
        if let Some(time) = time {
            environment.set(TIMEOUT.as_ref(), seconds(time).as_ref());
        }
        self.program(&hook.command, environment)
    }

    fn of_service(
        &self,
        settings: &ServiceSettings,
        command: &CommandLine,
        facts: &Facts,
    ) -> Result<Program, Unmade> {
        let (mut environment, credentials) = self.surroundings(settings)?;
        for name in LISTEN {
            environment.remove(name);
        }
        let mut set = |name: &str, value: &str| environment.set(name.as_ref(), value.as_ref());
        if let Some(time) = facts.time {
            set(TIMEOUT, &seconds(time));
        }
        if let Some(main) = facts.main {
            set("MAINPID", &main.to_string());
        }
        for (name, value) in &facts.ended {
            set(name, value);
        }
        let mut program = self.program(command, environment)?;
        program.credentials = credentials;
        restrict(&mut program, settings)?;
        Ok(program)
    }

    /// The environment of a service and its hooks, and whom they run as. What comes later goes before.
    fn surroundings(
        &self,
        settings: &ServiceSettings,
    ) -> Result<(Environment, Option<Credentials>), Unmade> {
        let mut environment = self.base.clone();
        let credentials = credentials(settings, &mut environment)?;
        for file in &settings.env_file {
            let read = small(&file.path, LONGEST_FILE).map_err(|error| error.of("env_file"))?;
            match read {
                Some(bytes) => environment
                    .add_lines(&file.path, &bytes)
                    .map_err(|error| unmade("env_file", &error))?,
                None if !file.required => {}
                None => return Err(missing(&file.path).of("env_file")),
            }
        }
        for (name, value) in &settings.environment {
            match value {
                Some(value) => environment.set(name.as_ref(), value.as_ref()),
                None => environment.remove(name),
            }
        }
        for (name, path) in &settings.environment_from_file {
            let of = "environment_from_file";
            let value = small(path, LONGEST_SECRET)
                .and_then(|read| read.ok_or_else(|| missing(path)))
                .map_err(|error| error.of(of))?;
            let value = value.strip_suffix(b"\n").unwrap_or(&value);
            let value = value.strip_suffix(b"\r").unwrap_or(value);
            if value.contains(&0) {
                let text = format!("{}: a zero byte can't be in a variable", path.display());
                return Err(unmade(of, &text));
            }
            environment.set(name.as_ref(), OsStr::from_bytes(value));
        }
        environment.set(SERVICE.as_ref(), settings.name.as_ref());
        if let Some(notify) = &self.notify {
            environment.set(NOTIFY.as_ref(), notify.as_ref());
        }
        Ok((environment, credentials))
    }

    fn program(&self, command: &CommandLine, environment: Environment) -> Result<Program, Unmade> {
        let shell: Vec<&str>;
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let words = match command.shell {
            true => {
                shell = ["/bin/sh", "-c"].into_iter().chain(words).collect();
                &shell
            }
            false => &words,
        };
        let file = words.first().map_or("", |file| file);
        let candidates = environment.candidates(file.as_ref());
        self.made(candidates, words, environment)
    }

    fn made(
        &self,
        candidates: Vec<CString>,
        words: &[&str],
        environment: Environment,
    ) -> Result<Program, Unmade> {
        let arguments: Result<_, _> = words.iter().map(|word| CString::new(*word)).collect();
        let zero = |_| unmade("command", "a zero byte can't be passed on");
        let environment = environment.into_variables();
        let mut program = Program::new(candidates, arguments.map_err(zero)?, environment);
        program.streams[0] = Stream::Null;
        program.close_above = Some(2);
        program.mask = self.mask;
        let ignored = self.chld_is_ignored.then_some((Signal::CHLD, true));
        program.dispositions.extend(ignored);
        Ok(program)
    }
}

/// What is set before the exec.
fn restrict(program: &mut Program, settings: &ServiceSettings) -> Result<(), Unmade> {
    if let Some(directory) = &settings.working_dir {
        let zero = |_| unmade("working_dir", "a zero byte can't be passed on");
        let directory = CString::new(directory.as_os_str().as_bytes());
        program.directory = Some(directory.map_err(zero)?);
    }
    program.umask = settings.umask;
    program.nice = settings.nice;
    program.oom_score_adj = settings.oom_score_adj;
    program.no_new_privs = settings.no_new_privs;
    for limit in &settings.limits {
        let resource = Resource::from_name(&limit.resource);
        let unknown = || unmade("limits", &format!("there is no {}", limit.resource));
        program.limits.push(Limit {
            resource: resource.ok_or_else(unknown)?,
            soft: limit.soft,
            hard: limit.hard,
        });
    }
    Ok(())
}

fn credentials(
    settings: &ServiceSettings,
    environment: &mut Environment,
) -> Result<Option<Credentials>, Unmade> {
    let more = settings.groups.as_deref().unwrap_or_default();
    let more = users::groups(more).map_err(|error| unmade("groups", &error))?;
    let mut credentials = match &settings.user {
        Some(spec) => {
            let user = users::find(spec).map_err(|error| unmade("user", &error))?;
            if let Some((name, home)) = &user.entry {
                for (variable, value) in [("HOME", home), ("USER", name), ("LOGNAME", name)] {
                    environment.set(variable.as_ref(), value.as_ref());
                }
            }
            user.credentials
        }
        None if more.is_empty() => return Ok(None),
        None => {
            let (uid, gid) = bowout_sys::identity::user();
            let groups = vec![gid];
            Credentials { uid, gid, groups }
        }
    };
    for group in more {
        if !credentials.groups.contains(&group) {
            credentials.groups.push(group);
        }
    }
    Ok(Some(credentials))
}

/// What is in a small file, if it is there.
fn small(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Unread> {
    let read = files::read_small(path, limit).map_err(|error| Unread {
        errno: bowout_sys::errno(&error).unwrap_or(0),
        text: error.to_string(),
    })?;
    match read {
        Some(file) if file.truncated => Err(Unread {
            errno: 0,
            text: format!("{}: has more than {limit} bytes", path.display()),
        }),
        Some(file) => Ok(Some(file.text)),
        None => Ok(None),
    }
}

/// A file that could not be read.
struct Unread {
    errno: i32,
    text: String,
}

impl Unread {
    fn of(self, key: &str) -> Unmade {
        Unmade {
            errno: self.errno,
            text: format!("{key}: {}", self.text),
        }
    }
}

fn missing(path: &Path) -> Unread {
    Unread {
        errno: bowout_sys::spawn::NOT_FOUND,
        text: format!("{}: there is no such file", path.display()),
    }
}

fn unmade(key: &str, text: &str) -> Unmade {
    Unmade {
        errno: 0,
        text: format!("{key}: {text}"),
    }
}

/// The plan and the settings do not fit together. Not known to happen.
pub(super) fn nothing() -> Unmade {
    unmade("hook", "there is none")
}

#[cfg(test)]
mod tests;
