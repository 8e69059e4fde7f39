//! Takes one manager through one life: configuration, start, a look, stop.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::manager::Manager;
use super::processes::{self, Usage};
use super::scene::{Cast, Service};
use super::setup::Setup;
use crate::programs::Programs;
use crate::stage;

/// A manager that needs longer than this to start its services hangs; a thousand take the slowest about 20 s here.
const WATCHDOG: Duration = Duration::from_secs(120);

/// A manager with its services, until this is dropped.
pub(super) struct Life {
    /// From exec of the manager to the first instruction of its last service, in nanoseconds.
    pub(super) start: f64,
    pid: String,
    child: PathBuf,
    process: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    _folder: Folder,
}

/// How a stop went.
pub(super) struct Stop {
    /// From the signal to the end of PID 1, and with it of all others, in nanoseconds.
    pub(super) time: f64,
    pub(super) code: f64,
    /// How many services came to the end of their clean-up.
    pub(super) finished: f64,
}

impl Life {
    /// Starts the manager as PID 1 of a new PID namespace, and waits until all services run that stay.
    pub(super) fn begin(
        programs: &Programs,
        manager: &Manager,
        services: impl FnOnce(&Cast<'_>) -> Vec<Service>,
        staying: usize,
    ) -> Result<Self, String> {
        let child = programs
            .child
            .canonicalize()
            .map_err(|error| format!("{}: {error}", programs.child.display()))?;
        let folder = Folder::create()?;
        let fifo = folder.0.join("fifo");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
        )
        .map_err(|error| format!("cannot make {}: {error}", fifo.display()))?;
        let own = folder.0.join("manager");
        fs::create_dir(&own).map_err(|error| format!("cannot make {}: {error}", own.display()))?;
        let services = services(&Cast {
            child: &child,
            fifo: &fifo,
        });
        let setup = Setup {
            folder: &own,
            program: &manager.program,
            services: &services,
        };
        let call = (manager.known.setup)(&setup)
            .map_err(|error| format!("cannot write a configuration: {error}"))?;

        let mut words = stage::unshare();
        words.extend([
            programs.probe.display().to_string(),
            "services".into(),
            fifo.display().to_string(),
            staying.to_string(),
            manager.known.stop.into(),
            "--".into(),
        ]);
        words.extend(call);
        let mut process = Command::new(&words[0])
            .args(&words[1..])
            .current_dir(&own)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", words[0]))?;
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().ok_or("no pipe")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody listens any more when the watchdog was faster.
                let _ = sender.send(line);
            }
        });
        let mut life = Self {
            start: 0.0,
            pid: String::new(),
            child,
            process,
            stdin,
            lines,
            _folder: folder,
        };
        let answer = life.answer("up")?;
        let [pid, start] = answer.as_slice() else {
            return Err(format!("the probe said {answer:?}"));
        };
        life.pid.clone_from(pid);
        life.start = number(start)?;
        Ok(life)
    }

    /// What the manager's own processes have used so far.
    pub(super) fn usage(&self) -> Result<Usage, String> {
        processes::usage(&self.pid, &self.child)
    }

    /// Crashes so far, and the processor time of those processes in nanoseconds.
    pub(super) fn crashes(&mut self) -> Result<(f64, f64), String> {
        self.ask("count")?;
        let answer = self.answer("count")?;
        match answer.as_slice() {
            [count, time] => Ok((number(count)?, number(time)?)),
            other => Err(format!("the probe said {other:?}")),
        }
    }

    /// Asks the manager to stop, and waits for its end.
    pub(super) fn stop(mut self) -> Result<Stop, String> {
        self.ask("stop")?;
        let answer = self.answer("down")?;
        match answer.as_slice() {
            [time, code, finished, ..] => Ok(Stop {
                time: number(time)?,
                code: number(code)?,
                finished: number(finished)?,
            }),
            other => Err(format!("the probe said {other:?}")),
        }
    }

    fn ask(&mut self, word: &str) -> Result<(), String> {
        let stdin = self.stdin.as_mut().ok_or("no pipe")?;
        writeln!(stdin, "{word}").map_err(|error| format!("the probe is gone: {error}"))
    }

    /// The words of the next line, after this one.
    fn answer(&mut self, word: &str) -> Result<Vec<String>, String> {
        match self.lines.recv_timeout(WATCHDOG) {
            Ok(line) => match line.split_once(' ') {
                Some((first, rest)) if first == word => {
                    Ok(rest.split_whitespace().map(str::to_owned).collect())
                }
                _ => Err(format!("the probe said `{line}`")),
            },
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(format!("no end within {} s", WATCHDOG.as_secs()))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                self.stdin = None;
                Err(stage::end(&mut self.process)
                    .err()
                    .unwrap_or("the probe ended early".into()))
            }
        }
    }
}

impl Drop for Life {
    /// The folder goes after this, when nobody uses it any more.
    fn drop(&mut self) {
        // The probe ends at the end of its input, or is ended: the manager has the probe's death as its own.
        self.stdin = None;
        if self.pid.is_empty() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| format!("the probe said `{text}` for a number"))
}

/// A folder for one life.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self, String> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("bench-{}-{number}", std::process::id()));
        fs::create_dir(&path)
            .map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("left behind: {}: {error}", self.0.display());
        }
    }
}
