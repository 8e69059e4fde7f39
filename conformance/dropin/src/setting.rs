//! Says where an init runs: which PID, which user, which terminal, which environment.

use std::process::Command;

use crate::scratch::Scratch;

/// The terminal an init is started on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// A session of its own, without a controlling terminal; standard input is /dev/null.
    None,
    /// The init leads a session whose controlling terminal is its standard input, as in
    /// `docker run -it`.
    Leader,
    /// The init is in the session of a shell that has the terminal, as on somebody's desk.
    Member,
}

/// The user an init is started as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// As who runs the tests.
    Root,
    /// Somebody else, in a user namespace where it needs a PID namespace.
    Plain,
}

/// Uid and gid of [`User::Plain`]; it need not be in /etc/passwd.
const PLAIN: &str = "1000";

/// Where an init runs.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Whether it is PID 1 of a PID namespace.
    pub pid1: bool,
    /// Who it is.
    pub user: User,
    /// What terminal it has.
    pub terminal: Terminal,
    /// Variables beside PATH.
    pub env: Vec<(String, String)>,
    /// A command that execs the init, to change what it is started with: `env --ignore-signal=HUP`.
    pub wrapper: Vec<String>,
}

impl Setting {
    /// PID 1, root, no terminal, an empty environment.
    #[must_use]
    pub fn pid1() -> Setting {
        Setting {
            pid1: true,
            user: User::Root,
            terminal: Terminal::None,
            env: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    /// As [`Setting::pid1`], but an ordinary process.
    #[must_use]
    pub fn ordinary() -> Setting {
        Setting {
            pid1: false,
            ..Setting::pid1()
        }
    }

    /// With these variables.
    #[must_use]
    pub fn env(mut self, env: &[(&str, &str)]) -> Setting {
        self.env.extend(
            env.iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned())),
        );
        self
    }

    /// Below this command, which has to exec its arguments.
    #[must_use]
    pub fn below(mut self, wrapper: &[&str]) -> Setting {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// On this terminal.
    #[must_use]
    pub fn on(mut self, terminal: Terminal) -> Setting {
        self.terminal = terminal;
        self
    }

    /// As this user.
    #[must_use]
    pub fn by(mut self, user: User) -> Setting {
        self.user = user;
        self
    }

    /// The command that starts `init` so.
    #[must_use]
    pub fn command(&self, scratch: &Scratch, init: &[&str]) -> Command {
        let mut words: Vec<&str> = Vec::new();
        if self.user == User::Plain {
            words.extend([
                "setpriv",
                "--reuid",
                PLAIN,
                "--regid",
                PLAIN,
                "--clear-groups",
            ]);
        }
        if self.pid1 {
            words.push("unshare");
            if self.user == User::Plain {
                words.extend(["--user", "--map-current-user"]);
            }
            words.extend(["--pid", "--fork", "--mount-proc"]);
        }
        match self.terminal {
            Terminal::None => words.push("setsid"),
            Terminal::Leader => words.extend(["setsid", "--ctty"]),
            // The `exit` keeps the shell from handing its place to the init.
            Terminal::Member => {
                words.extend(["setsid", "--ctty", "sh", "-c", "\"$@\"; exit $?", "sh"])
            }
        }
        words.extend(self.wrapper.iter().map(String::as_str));
        words.extend(init);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", scratch.dir().display()));
        command.env("PROBE_OUT", scratch.file("out"));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(scratch.dir());
        command
    }
}
