//! Sets up where and how an init is started.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::unistd::geteuid;

use crate::binaries::puppet_binary;
use crate::init::Init;
use crate::run::Run;
use crate::skip::{need_root, skip};

/// Which process of its PID namespace the init is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// PID 1.
    First,
    /// A child of a shell that is PID 1.
    Child,
}

/// Who the init is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Root.
    Root,
    /// Somebody without any privilege, in a user namespace of its own.
    UserNamespace,
    /// Another user than root, in root's own user namespace.
    OtherUser,
}

/// The uid of [`Privilege::OtherUser`]: `nobody`, which owns nothing.
pub(crate) const OTHER_UID: u32 = 65534;

/// How an init is about to be started.
pub struct Stage {
    pub(crate) init: Init,
    pub(crate) rank: Rank,
    /// What the shell above an init that is not PID 1 does before and after it.
    beside: (String, String),
    pub(crate) privilege: Privilege,
    pub(crate) options: Vec<String>,
    pub(crate) wrappers: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) stdout: Option<Stdio>,
    pub(crate) stderr: Option<Stdio>,
    pub(crate) terminal: bool,
}

impl Stage {
    /// The init as PID 1 and root, with nothing unusual.
    #[must_use]
    pub fn new(init: &Init) -> Self {
        Self {
            init: init.clone(),
            rank: Rank::First,
            beside: (String::new(), String::new()),
            privilege: Privilege::Root,
            options: Vec::new(),
            wrappers: Vec::new(),
            environment: Vec::new(),
            stdout: None,
            stderr: None,
            terminal: false,
        }
    }

    /// Not as PID 1 but as this.
    #[must_use]
    pub fn rank(mut self, rank: Rank) -> Self {
        self.rank = rank;
        self
    }

    /// Not as PID 1 but below a shell that says these before and after it.
    #[must_use]
    pub fn beside(mut self, before: &str, after: &str) -> Self {
        self.rank = Rank::Child;
        self.beside = (before.to_owned(), after.to_owned());
        self
    }

    /// Not as root but as this.
    #[must_use]
    pub fn privilege(mut self, privilege: Privilege) -> Self {
        self.privilege = privilege;
        self
    }

    /// With these options of the init.
    #[must_use]
    pub fn options(mut self, options: &[&str]) -> Self {
        self.options
            .extend(options.iter().map(|&option| option.to_owned()));
        self
    }

    /// With no `--` between the options and the command.
    #[must_use]
    pub fn without_separator(mut self) -> Self {
        self.init = self.init.without_separator();
        self
    }

    /// Through a program that sets something up and executes its arguments, as env(1) does.
    #[must_use]
    pub fn through(mut self, wrapper: &[&str]) -> Self {
        self.wrappers
            .extend(wrapper.iter().map(|&word| word.to_owned()));
        self
    }

    /// Through a shell that says this first.
    #[must_use]
    pub fn after(self, shell: &str) -> Self {
        self.through(&["/bin/sh", "-c", &format!("{shell}\nexec \"$@\""), "sh"])
    }

    /// With this in the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this as standard output, instead of a file.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// With this as standard error, instead of a file.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// As leader of a session with a terminal, as `docker run -it` starts it.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Starts the init with any command.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use = "a run that is dropped is killed"]
    #[track_caller]
    pub fn start(self, command: &[&str]) -> Run {
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        Run::start(self, &command)
    }

    /// Starts the init with a puppet called `app` that has carried out these commands.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use = "a run that is dropped is killed"]
    #[track_caller]
    pub fn app(self, commands: &[&str]) -> Run {
        let puppet = puppet_binary().display().to_string();
        let mut command = vec![puppet.as_str(), "app"];
        command.extend(commands);
        self.start(&command)
    }

    /// Starts the init with a script for `/bin/sh`, in which `$PUPPET` is the puppet and
    /// `$PUPPET_RECORD` the record.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use = "a run that is dropped is killed"]
    #[track_caller]
    pub fn script(self, script: &str) -> Run {
        self.start(&["/bin/sh", "-c", script])
    }

    /// The command line that the harness runs.
    pub(crate) fn command_line(&self, command: &[String]) -> Vec<String> {
        let uid = OTHER_UID.to_string();
        let become_other = [
            "setpriv",
            "--reuid",
            &uid,
            "--regid",
            &uid,
            "--clear-groups",
        ];
        let is_root = geteuid().is_root();
        let mut line: Vec<&str> = Vec::new();
        if self.privilege == Privilege::UserNamespace && is_root {
            line.extend(become_other);
        }
        line.push("unshare");
        if self.privilege == Privilege::UserNamespace && !user_namespaces_work() {
            skip("no user namespace can be made here");
        }
        match self.privilege {
            Privilege::UserNamespace => line.extend(["--user", "--map-current-user"]),
            Privilege::Root if !is_root => line.extend(["--user", "--map-root-user"]),
            Privilege::Root | Privilege::OtherUser => {}
        }
        line.extend(["--pid", "--fork", "--mount-proc", "--kill-child"]);
        if self.privilege == Privilege::OtherUser {
            need_root();
            line.extend(become_other);
        }
        if self.terminal {
            line.extend(["setsid", "--ctty"]);
        }
        let (before, after) = &self.beside;
        let shell = format!("{before}\n\"$@\"\ncode=$?\n{after}\nexit $code");
        if self.rank == Rank::Child {
            line.extend(["/bin/sh", "-c", &shell, "sh"]);
        }
        let mut line: Vec<String> = line.into_iter().map(str::to_owned).collect();
        line.extend(self.wrappers.iter().cloned());
        line.extend(self.init.command_line(&self.options, command));
        line
    }
}

fn user_namespaces_work() -> bool {
    static WORK: OnceLock<bool> = OnceLock::new();
    *WORK.get_or_init(|| {
        let made = Command::new("unshare").args(["--user", "true"]).status();
        made.is_ok_and(|status| status.success())
    })
}
