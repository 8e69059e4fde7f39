//! Makes the base images on this machine and caches each as a tarball named by its recipe.

mod packages;

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::engine::{Engine, LABEL};
use crate::workplace;

/// A base image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Image {
    /// A static busybox with its links, nothing else.
    Busybox,
    /// dash, bash, coreutils, util-linux, Python and Node from this machine's Debian mirror.
    Debian,
    /// nginx, Redis and Python from there: what people put into one container.
    Stack,
}

impl Image {
    /// All of them, the quick one first.
    pub const ALL: [Self; 3] = [Self::Busybox, Self::Debian, Self::Stack];

    fn name(self) -> &'static str {
        match self {
            Self::Busybox => "busybox",
            Self::Debian => "debian",
            Self::Stack => "stack",
        }
    }

    /// What is unpacked into it, with all that these depend on.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Busybox => &["busybox-static"],
            Self::Debian => &[
                "dash",
                "bash",
                "coreutils",
                "util-linux",
                "busybox-static",
                "python3",
                "nodejs",
            ],
            Self::Stack => &[
                "dash",
                "coreutils",
                "util-linux",
                "python3",
                "nginx-light",
                "redis-server",
            ],
        }
    }

    fn key(self) -> String {
        let mut hasher = DefaultHasher::new();
        // The number stands for the code below: count it up when an image has to be made again.
        (3, self, self.packages()).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// The image's tag; the engine has it when this returns.
    pub fn tag(self, engine: &Engine) -> Result<String, String> {
        static THERE: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());
        let tag = format!("{LABEL}/{}:{}", self.name(), self.key());
        let entry = (format!("{engine:?}"), tag.clone());
        let there = || {
            THERE
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        if there().contains(&entry) {
            return Ok(tag);
        }
        let _lock = workplace::lock(self.name());
        if engine.run(&["image", "inspect", &tag]).is_err() {
            let tarball = self.tarball()?;
            engine.run(&["import", &tarball.to_string_lossy(), &tag])?;
        }
        there().push(entry);
        Ok(tag)
    }

    fn tarball(self) -> Result<PathBuf, String> {
        let tarball =
            workplace::cache("docker-images").join(format!("{}-{}.tar", self.name(), self.key()));
        if tarball.exists() {
            return Ok(tarball);
        }
        let folder = tarball.with_extension("partial");
        let _ = fs::remove_dir_all(&folder);
        eprintln!(
            "image {}: fetching {}",
            self.name(),
            self.packages().join(" ")
        );
        let root = folder.join("root");
        packages::unpack(self.packages(), &folder.join("apt"), &root)?;
        if self == Self::Busybox {
            keep_busybox_alone(&root)?;
        }
        eprintln!("image {}: packing", self.name());
        let partial = folder.join("image.tar");
        run(Command::new("tar")
            .arg("-C")
            .arg(&root)
            .arg("-cf")
            .arg(&partial)
            .arg("."))?;
        fs::rename(&partial, &tarball)
            .map_err(|error| format!("cannot write {}: {error}", tarball.display()))?;
        let _ = fs::remove_dir_all(&folder);
        Ok(tarball)
    }
}

/// Builds `context/Dockerfile` as a user does, without a network.
pub fn build(engine: &Engine, context: &Path, tag: &str) -> Result<(), String> {
    let context = context.to_string_lossy();
    let network = ["--network", "none"];
    let arguments = [
        &["build", "--quiet"],
        &network[..],
        &["--tag", tag, &context],
    ]
    .concat();
    engine.run(&arguments).map(drop)
}

/// An image that is removed with its test.
#[derive(Debug)]
pub struct Built {
    engine: Engine,
    tag: String,
}

impl Built {
    /// Builds it.
    pub fn new(engine: &Engine, context: &Path) -> Result<Self, String> {
        let tag = format!("{LABEL}/built:{}", workplace::unique());
        build(engine, context, &tag)?;
        let engine = engine.clone();
        Ok(Self { engine, tag })
    }

    /// The image's tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = self.engine.run(&["image", "rm", "--force", &self.tag]);
    }
}

/// Throws away all but busybox and links every applet to it, the shell first of all.
fn keep_busybox_alone(root: &Path) -> Result<(), String> {
    let script = r#"
        set -e
        cp "$1/usr/bin/busybox" "$1.busybox"
        rm -rf "$1"
        mkdir -p "$1/bin" "$1/etc" "$1/tmp" "$1/proc" "$1/dev" "$1/sys"
        chmod 1777 "$1/tmp"
        mv "$1.busybox" "$1/bin/busybox"
        for applet in $("$1/bin/busybox" --list); do
            [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
        done
        echo 'root:x:0:0:root:/:/bin/sh' > "$1/etc/passwd"
    "#;
    run(Command::new("sh").arg("-c").arg(script).arg("sh").arg(root))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "{name} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        ))
    }
}
