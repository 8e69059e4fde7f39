//! Talks to a container engine through its own command line, as users do.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::container::WATCHDOG;
use crate::skip::skip;

/// Every container and image of these tests carries this label; its value is the pid of the test run.
pub const LABEL: &str = "bowout-conformance";

/// An engine that answers.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    socket: Option<PathBuf>,
}

impl Engine {
    /// The machine's engine, or `None` after a printed skip. What earlier runs left behind is removed first.
    pub fn or_skip() -> Option<Self> {
        static ANSWERS: OnceLock<bool> = OnceLock::new();
        let engine = Self::default();
        let answers = *ANSWERS.get_or_init(|| {
            let answers = engine
                .run(&["version", "--format", "{{.Server.Version}}"])
                .is_ok();
            if answers {
                engine.remove_strays();
            }
            answers
        });
        if !answers {
            skip("no Docker engine answers");
        }
        answers.then_some(engine)
    }

    /// The engine that listens on this socket.
    pub fn at(socket: PathBuf) -> Self {
        Self {
            socket: Some(socket),
        }
    }

    /// `docker`, pointed at this engine.
    pub fn command(&self) -> Command {
        self.prefixed(Command::new("docker"))
    }

    fn prefixed(&self, mut command: Command) -> Command {
        if let Some(socket) = &self.socket {
            command
                .arg("--host")
                .arg(format!("unix://{}", socket.display()));
        }
        command
    }

    /// Runs one command of the client and returns what it printed, or its words of error.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Result<String, String> {
        let mut watched = Command::new("timeout");
        watched.args([&WATCHDOG.as_secs().to_string(), "docker"]);
        let output = self
            .prefixed(watched)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run docker: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned())
        }
    }

    /// Containers of test runs that were killed before they could clean up.
    fn remove_strays(&self) {
        let format = format!("{{{{.ID}}}} {{{{.Label \"{LABEL}\"}}}}");
        let filter = format!("label={LABEL}");
        let list = self
            .run(&["ps", "-a", "--filter", &filter, "--format", &format])
            .unwrap_or_default();
        for (id, pid) in list.lines().filter_map(|line| line.split_once(' ')) {
            if !std::path::Path::new("/proc").join(pid).exists() {
                let _ = self.run(&["rm", "-f", "-v", id]);
            }
        }
    }
}
