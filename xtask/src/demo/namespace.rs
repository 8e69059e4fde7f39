//! Stops the entrypoint in a PID namespace of its own: no engine is needed.

use super::{GRACE, Outcome, WATCHDOG};
use crate::Result;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What an engine shows for a SIGKILL.
const KILLED: i32 = 137;

/// Starts the entrypoint under an init and stops it.
pub(super) fn rehearse(name: &str, init: &[PathBuf], place: &Path) -> Result<Outcome> {
    let record = place.join("record");
    _ = fs::remove_file(&record);
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    if !is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare
        .arg("--")
        .args(init)
        .arg("/bin/sh")
        .arg(place.join("entrypoint.sh"))
        .arg(place);
    let mut child = unshare
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run unshare (package util-linux): {error}"))?;
    let outcome = stop(&mut child);
    _ = child.kill();
    let (took, exit) = outcome.map_err(|error| format!("{name}: {error}"))?;
    Ok(Outcome {
        name: name.to_owned(),
        took,
        exit,
        record: fs::read_to_string(&record).unwrap_or_default(),
    })
}

/// Waits until the app is up, and does what a platform does.
fn stop(child: &mut Child) -> Result<(Duration, i32)> {
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(std::result::Result::ok) {
            if line == "ready" {
                _ = ready.send(());
            }
        }
    });
    if is_ready.recv_timeout(WATCHDOG).is_err() {
        let mut reason = String::new();
        if let Some(stderr) = child.stderr.take() {
            // Only what is there: something may still hold the stream open.
            _ = BufReader::new(stderr).read_line(&mut reason);
        }
        return Err(format!(
            "the app did not come up: {} (are PID namespaces allowed here? root, or user namespaces, are needed)",
            reason.trim()
        ));
    }
    // unshare has one child: PID 1 of the new namespace. It hands its exit code on.
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let init = fs::read_to_string(&children)
        .map_err(|error| format!("cannot read {children}: {error}"))?;
    let init = init.trim().to_owned();
    let begin = Instant::now();
    signal("TERM", &init)?;
    // Hands the status over when it is there; the platform's SIGKILL comes when it is late.
    let (done, is_done) = mpsc::channel();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(move || {
            let status = child.wait();
            _ = done.send(());
            status
        });
        let late = is_done.recv_timeout(GRACE).is_err();
        if late {
            signal("KILL", &init)?;
        }
        let status = waiter
            .join()
            .map_err(|_| "cannot wait")?
            .map_err(|error| error.to_string())?;
        let own = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal));
        Ok((
            begin.elapsed(),
            if late { KILLED } else { own.unwrap_or(KILLED) },
        ))
    })
}

fn signal(name: &str, pid: &str) -> Result<()> {
    let status = Command::new("kill").args(["-s", name, pid]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => Err(format!("cannot send SIG{name} to {pid}")),
    }
}

fn is_root() -> bool {
    let own = fs::metadata("/proc/self");
    own.is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}
