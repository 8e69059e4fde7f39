//! Parents the init and measures it from there: the only process that is told when the init ends.
//!
//! `stage KIND [KEY=VALUE…] -- INIT…`, one line of text as the answer. The init's standard output is a pipe
//! that is read only after the end (except where a reader has to wait), so that no wake-up of the harness falls into a measured span.
//! No threads: in a process whose children go to a new PID namespace the kernel refuses them.

use std::fs;
use std::io::{PipeReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Signals before the first that counts: caches and the scheduler's placement settle.
const WARM_UP: usize = 50;

/// The pause between two signals: long enough for the init and its child to be waiting again.
const BETWEEN_SIGNALS: Duration = Duration::from_micros(100);

/// Runs one measurement and prints what it saw.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let end = args.iter().position(|arg| arg == "--").ok_or("no `--`")?;
    let command = &args[end + 1..];
    let kind = args.first().map_or("", String::as_str);
    let value = |key: &str| {
        let found = args[..end].iter().find_map(|arg| arg.strip_prefix(key));
        found.and_then(|rest| rest.strip_prefix('='))
    };
    let number = |key: &str| value(key).and_then(|text| text.parse::<usize>().ok());
    let stage = Stage {
        command,
        pid1: value("pid1").is_some(),
        cgroup: value("cgroup"),
        home: value("home"),
    };
    match kind {
        "once" => stage.once(),
        "signals" => stage.signals(number("count").ok_or("no count")?),
        "hold" => stage.hold(),
        "last" => stage.last(),
        "tree" => stage.tree(),
        _ => Err(format!("unknown kind `{kind}`")),
    }
}

struct Stage<'a> {
    command: &'a [String],
    pid1: bool,
    cgroup: Option<&'a str>,
    home: Option<&'a str>,
}

impl Stage<'_> {
    /// Starts the launcher, which becomes the init, inside the cgroup if there is one.
    fn spawn(&self) -> Result<(Child, Pid, PipeReader), String> {
        let (reader, writer) = std::io::pipe().map_err(|error| format!("pipe: {error}"))?;
        let this = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
        let mut launcher = Command::new(this);
        launcher.arg("launch");
        if self.pid1 {
            launcher.arg("pid1");
        }
        launcher.args(self.command);
        launcher
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::null());
        // Kernel stack and task are charged to the cgroup of the process that forks: so join, fork, go back.
        enter(self.cgroup)?;
        let child = launcher.spawn();
        enter(self.home)?;
        let child = child.map_err(|error| format!("spawn: {error}"))?;
        let pid = Pid::from_child(&child);
        Ok((child, pid, reader))
    }

    /// `START EXIT`: exec of init → first instruction of the child; end of the child → end of init, in nanoseconds.
    fn once(&self) -> Result<(), String> {
        let (mut child, _, mut reader) = self.spawn()?;
        let status = child.wait().map_err(|error| format!("wait: {error}"))?;
        let ended = crate::now();
        let [launched, began, left] =
            stamps(&mut reader).map_err(|error| format!("{status}: {error}"))?;
        println!(
            "{} {}",
            began.saturating_sub(launched),
            ended.saturating_sub(left)
        );
        Ok(())
    }

    /// The latency of each of `count` signals, in nanoseconds.
    fn signals(&self, count: usize) -> Result<(), String> {
        let (child, pid, mut reader) = self.spawn()?;
        let [_launched, _ready] = stamps(&mut reader)?;
        std::thread::sleep(Duration::from_millis(20));
        let mut seen = Vec::with_capacity(count);
        for round in 0..WARM_UP + count {
            let sent = crate::now();
            kill_process(pid, Signal::USR1).map_err(|error| format!("kill: {error}"))?;
            let [arrived] = stamps(&mut reader)?;
            if round >= WARM_UP {
                seen.push(arrived.saturating_sub(sent).to_string());
            }
            std::thread::sleep(BETWEEN_SIGNALS);
        }
        finish(child, pid)?;
        println!("{}", seen.join(" "));
        Ok(())
    }

    /// The pid of init once the child runs; then waits until standard input ends.
    fn hold(&self) -> Result<(), String> {
        let (child, pid, mut reader) = self.spawn()?;
        let mut ready = [0; 9];
        reader
            .read_exact(&mut ready)
            .map_err(|error| format!("child: {error}"))?;
        println!("{}", pid.as_raw_nonzero());
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        finish(child, pid)
    }

    /// What the child wrote last, a number of nanoseconds.
    fn last(&self) -> Result<(), String> {
        let (mut child, _, mut reader) = self.spawn()?;
        child.wait().map_err(|error| format!("wait: {error}"))?;
        let [_launched, taken] = stamps(&mut reader)?;
        println!("{taken}");
        Ok(())
    }

    /// `DONE TIME`: workers that finished after one SIGTERM to init; SIGTERM → end of init.
    fn tree(&self) -> Result<(), String> {
        let (mut child, pid, mut reader) = self.spawn()?;
        let mut ready = [0; 9];
        reader
            .read_exact(&mut ready)
            .map_err(|error| format!("master: {error}"))?;
        let sent = crate::now();
        kill_process(pid, Signal::TERM).map_err(|error| format!("kill: {error}"))?;
        child.wait().map_err(|error| format!("wait: {error}"))?;
        let ended = crate::now();
        let mut done = Vec::new();
        reader
            .read_to_end(&mut done)
            .map_err(|error| format!("workers: {error}"))?;
        println!("{} {}", done.len(), ended.saturating_sub(sent));
        Ok(())
    }
}

/// Moves this process into a cgroup.
fn enter(cgroup: Option<&str>) -> Result<(), String> {
    let Some(cgroup) = cgroup else { return Ok(()) };
    fs::write(format!("{cgroup}/cgroup.procs"), "0")
        .map_err(|error| format!("cannot join {cgroup}: {error}"))
}

/// Kills PID 1 of the namespace, and with it all that is inside.
fn finish(mut child: Child, pid: Pid) -> Result<(), String> {
    kill_process(pid, Signal::KILL).map_err(|error| format!("kill: {error}"))?;
    child.wait().map_err(|error| format!("wait: {error}"))?;
    Ok(())
}

/// Reads `N` stamps.
fn stamps<const N: usize>(reader: &mut PipeReader) -> Result<[u64; N], String> {
    let mut all = [0; N];
    for stamp in &mut all {
        let mut bytes = [0; 8];
        reader
            .read_exact(&mut bytes)
            .map_err(|error| format!("no stamp: {error}"))?;
        *stamp = u64::from_le_bytes(bytes);
    }
    Ok(all)
}
