//! Stops the entrypoint in a container, where an engine answers.

use super::{GRACE, Outcome, WATCHDOG};
use crate::Result;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A container engine with an image that has a shell, the entrypoint and bowout-init. The image goes when
/// this does.
pub(super) struct Engine {
    image: String,
}

impl Engine {
    /// Makes the image of what is on this machine: nothing is pulled.
    ///
    /// # Errors
    /// Why that can't be done here, for the reader.
    pub(super) fn prepare(place: &Path, bowout: &Path) -> Result<Engine> {
        docker(&["info"]).map_err(|_| "no Docker engine answers".to_owned())?;
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
        let busybox = busybox.into_iter().find(|file| file.is_file());
        let busybox =
            busybox.ok_or("there is no static busybox for the image (package busybox-static)")?;
        let root = place.join("root");
        let copy = |from: &Path, to: &str| {
            fs::copy(from, root.join(to))
                .map(drop)
                .map_err(|error| format!("cannot copy {}: {error}", from.display()))
        };
        for folder in ["bin", "demo", "proc", "dev"] {
            fs::create_dir_all(root.join(folder)).map_err(|error| error.to_string())?;
        }
        copy(busybox, "bin/sh")?;
        copy(busybox, "bin/sleep")?;
        copy(bowout, "bowout-init")?;
        copy(&place.join("entrypoint.sh"), "demo/entrypoint.sh")?;
        copy(&place.join("app.sh"), "demo/app.sh")?;
        let image = format!("bowout-demo:{}", std::process::id());
        let mut tar = Command::new("tar")
            .arg("--directory")
            .arg(&root)
            .args(["--create", "."])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run tar: {error}"))?;
        let archive = tar.stdout.take().ok_or("tar gives no output")?;
        let status = Command::new("docker")
            .args(["import", "-", &image])
            .stdin(archive)
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("cannot run docker: {error}"))?;
        _ = tar.wait();
        match status.success() {
            true => Ok(Engine { image }),
            false => Err("the engine did not take the image".to_owned()),
        }
    }

    /// Starts the entrypoint, with bowout-init before it or without, and stops the container.
    pub(super) fn rehearse(&self, name: &str, bowout: bool) -> Result<Outcome> {
        let mut arguments = vec!["run", "--detach", &self.image];
        if bowout {
            arguments.extend(["/bowout-init", "--"]);
        }
        arguments.extend(["/bin/sh", "/demo/entrypoint.sh", "/demo"]);
        let container = docker(&arguments)?.trim().to_owned();
        let outcome = stop(name, &container);
        _ = docker(&["rm", "--force", &container]);
        outcome
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        _ = docker(&["rmi", "--force", &self.image]);
    }
}

fn stop(name: &str, container: &str) -> Result<Outcome> {
    wait_until_ready(container)?;
    let begin = Instant::now();
    docker(&["stop", "--timeout", &GRACE.as_secs().to_string(), container])?;
    let took = begin.elapsed();
    let exit = docker(&["inspect", "--format", "{{.State.ExitCode}}", container])?;
    // A tar archive of one small text: its words are all that is looked for.
    let record = docker(&["cp", &format!("{container}:/demo/record"), "-"]).unwrap_or_default();
    Ok(Outcome {
        name: name.to_owned(),
        took,
        exit: exit
            .trim()
            .parse()
            .map_err(|_| format!("docker inspect says {exit:?}"))?,
        record,
    })
}

fn wait_until_ready(container: &str) -> Result<()> {
    let mut logs = Command::new("docker")
        .args(["logs", "--follow", container])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot run docker: {error}"))?;
    let lines = BufReader::new(logs.stdout.take().ok_or("no output")?).lines();
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines
            .map_while(std::result::Result::ok)
            .filter(|line| line == "ready")
        {
            _ = ready.send(line);
        }
    });
    let result = is_ready.recv_timeout(WATCHDOG);
    _ = logs.kill();
    _ = logs.wait();
    result
        .map(drop)
        .map_err(|_| "the app did not come up in its container".to_owned())
}

fn docker(arguments: &[&str]) -> Result<String> {
    let output = Command::new("docker").args(arguments).output();
    let output = output.map_err(|error| format!("cannot run docker: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "docker {}: {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}
