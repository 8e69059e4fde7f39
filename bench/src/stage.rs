//! Runs the probe around an init, with a watchdog, and takes its one line of answer.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::entrant::Entrant;
use crate::programs::Programs;

/// An init that needs longer than this hangs: the slowest measurement takes about a second on an idle machine.
const WATCHDOG: Duration = Duration::from_secs(30);

/// What is asked of the probe.
pub(crate) struct Stage<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) entrant: &'a Entrant,
    pub(crate) pid1: bool,
}

/// An init that runs until this is dropped.
pub(crate) struct Held {
    /// The pid of the init, in our own PID namespace.
    pub(crate) pid: String,
    process: Child,
    stdin: Option<ChildStdin>,
}

impl Stage<'_> {
    /// One measurement: the numbers of the answer.
    pub(crate) fn ask(
        &self,
        kind: &str,
        options: &[String],
        child: &[String],
    ) -> Result<Vec<f64>, String> {
        let (mut process, line) = self.start(kind, options, child)?;
        end(&mut process)?;
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        numbers.map_err(|_| format!("the probe said `{line}`"))
    }

    /// Starts the init with a child that does nothing, and keeps both.
    pub(crate) fn hold(&self, options: &[String]) -> Result<Held, String> {
        let (mut process, pid) = self.start("hold", options, &[self.child(), "hold".into()])?;
        let stdin = process.stdin.take();
        Ok(Held {
            pid,
            process,
            stdin,
        })
    }

    /// The path of the child.
    pub(crate) fn child(&self) -> String {
        self.programs.child.display().to_string()
    }

    /// The path of the probe.
    pub(crate) fn probe(&self) -> String {
        self.programs.probe.display().to_string()
    }

    fn start(
        &self,
        kind: &str,
        options: &[String],
        child: &[String],
    ) -> Result<(Child, String), String> {
        let mut words: Vec<String> = Vec::new();
        if self.pid1 {
            words.extend(unshare());
        }
        words.extend([self.probe(), "stage".into(), kind.into()]);
        if self.pid1 {
            words.push("pid1=".into());
        }
        words.extend_from_slice(options);
        words.push("--".into());
        words.extend(self.entrant.command(self.pid1));
        words.extend_from_slice(child);

        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command
            .spawn()
            .map_err(|error| format!("{}: {error}", words[0]))?;
        let stdout = process.stdout.take().ok_or("no pipe")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // Nobody listens any more when the watchdog was faster.
            let _ = sender.send(read.map(|_| line.trim().to_owned()));
        });
        match receiver.recv_timeout(WATCHDOG) {
            Ok(Ok(line)) if !line.is_empty() => Ok((process, line)),
            Ok(_) => Err(end(&mut process)
                .err()
                .unwrap_or("the probe said nothing".into())),
            Err(_) => {
                // The init has the probe's death as its own: ending the probe ends what hangs.
                let _ = process.kill();
                let _ = process.wait();
                Err(format!("no end within {} s", WATCHDOG.as_secs()))
            }
        }
    }
}

/// The words that put what follows into namespaces of its own.
///
/// unshare becomes the probe: the next process that the probe starts is PID 1 of the new namespace.
pub(crate) fn unshare() -> Vec<String> {
    let mut words = vec!["unshare"];
    if !rustix::process::geteuid().is_root() {
        words.extend(["--user", "--map-root-user"]);
    }
    words.extend(["--pid", "--mount", "--"]);
    words.into_iter().map(str::to_owned).collect()
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.process.wait();
    }
}

/// Waits for the probe; its standard error is the reason where it failed.
pub(crate) fn end(process: &mut Child) -> Result<(), String> {
    let mut reason = String::new();
    if let Some(mut stderr) = process.stderr.take() {
        let _ = stderr.read_to_string(&mut reason);
    }
    let status = process.wait().map_err(|error| format!("wait: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ({status})", reason.trim().replace('\n', "; ")))
    }
}
