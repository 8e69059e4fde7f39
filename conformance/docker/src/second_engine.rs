//! Starts a second Docker engine with another `--init-path`, on a socket, in folders and in a network namespace of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};

use crate::container::WATCHDOG;
use crate::engine::Engine;
use crate::workplace::{Scratch, unique};

/// An engine that is stopped, and whose folders are removed, with its test.
#[derive(Debug)]
pub struct SecondEngine {
    daemon: Child,
    folder: Scratch,
}

impl SecondEngine {
    /// Starts it and waits until it listens. The error is a reason why none can run here.
    pub fn start(init: &Path) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("a second dockerd needs root".to_owned());
        }
        let folder = Scratch::new();
        let place = |name: &str| folder.path().join(name).display().to_string();
        // Not the machine's own configuration; an engine wants a file that exists.
        std::fs::write(folder.path().join("daemon.json"), "{}")
            .map_err(|error| format!("cannot write: {error}"))?;
        // Should the machine's containerd be shared, the namespaces keep the two engines' containers apart.
        let namespace = unique();
        // In a network namespace of its own: an engine without a bridge removes docker0, which is the other engine's.
        let mut daemon = Command::new("unshare")
            // Should this process be killed, the engine stops too.
            .args(["--net", "setpriv", "--pdeathsig", "TERM", "dockerd"])
            .args([
                "--bridge",
                "none",
                "--iptables=false",
                "--storage-driver",
                "vfs",
            ])
            .args([
                "--config-file",
                &place("daemon.json"),
                "--host",
                &format!("unix://{}", place("sock")),
            ])
            .args([
                "--data-root",
                &place("data"),
                "--exec-root",
                &place("exec"),
                "--pidfile",
                &place("pid"),
            ])
            .args([
                "--containerd-namespace",
                &namespace,
                "--containerd-plugins-namespace",
                &format!("{namespace}-plugins"),
            ])
            .arg("--init-path")
            .arg(init)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run unshare: {error}"))?;
        let log = BufReader::new(daemon.stderr.take().expect("piped"));
        let second = Self { daemon, folder };
        // The reader goes on to the end: a full pipe would stop the daemon.
        let (sender, listens) = mpsc::channel();
        std::thread::spawn(move || {
            let mut last = String::new();
            for line in log.lines().map_while(Result::ok) {
                if line.contains("API listen on") {
                    let _ = sender.send(Ok(()));
                }
                last = line;
            }
            let _ = sender.send(Err(last));
        });
        match listens.recv_timeout(WATCHDOG) {
            Ok(Ok(())) => Ok(second),
            Ok(Err(line)) => Err(format!("a second dockerd ended: {line}")),
            Err(_) => Err("a second dockerd does not listen".to_owned()),
        }
    }

    /// To talk to it.
    pub fn engine(&self) -> Engine {
        Engine::at(self.folder.path().join("sock"))
    }
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.daemon), Signal::TERM);
        let _ = self.daemon.wait();
    }
}
