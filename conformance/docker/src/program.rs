//! Compiles the C programs and gathers all programs in one folder that every container mounts at `/programs`.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workplace;

/// What a scenario runs as its application. All of them take `MS NAME`, and clean up for that long on SIGTERM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Python that cleans up inside its signal handler.
    PythonSync,
    /// Python whose event loop is told and whose coroutine cleans up.
    PythonAsyncio,
    /// A Node HTTP server; it has a request in flight when the stop comes.
    Node,
    /// C with a handler.
    C,
    /// A shell script with a trap, run by `/bin/sh` of the image.
    Shell,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PythonSync,
        Self::PythonAsyncio,
        Self::Node,
        Self::C,
        Self::Shell,
    ];

    /// The command line inside a container, without its arguments.
    pub fn command(self) -> &'static [&'static str] {
        match self {
            Self::PythonSync => &["/usr/bin/python3", "/programs/app_sync.py"],
            Self::PythonAsyncio => &["/usr/bin/python3", "/programs/app_asyncio.py"],
            Self::Node => &["/usr/bin/node", "/programs/app_http.js"],
            Self::C => &["/programs/bin/app"],
            Self::Shell => &["/bin/sh", "/programs/app.sh"],
        }
    }

    /// What a table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::PythonSync => "Python, handler",
            Self::PythonAsyncio => "Python, asyncio",
            Self::Node => "Node, request in flight",
            Self::C => "C",
            Self::Shell => "shell",
        }
    }
}

/// The folder with every program in it, made when a source has changed.
pub fn folder() -> Result<PathBuf, String> {
    let sources = sources()?;
    let mut hasher = DefaultHasher::new();
    sources.hash(&mut hasher);
    let made = workplace::cache("docker-programs").join(format!("{:016x}", hasher.finish()));
    let _lock = workplace::lock("docker-programs");
    if !made.exists() {
        let partial = made.with_extension("partial");
        let _ = fs::remove_dir_all(&partial);
        make(&sources, &partial)?;
        fs::rename(&partial, &made)
            .map_err(|error| format!("cannot rename to {}: {error}", made.display()))?;
    }
    Ok(made)
}

/// Name and text of every file in `programs/`.
fn sources() -> Result<Vec<(String, String)>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
    let describe = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut sources = Vec::new();
    for entry in fs::read_dir(&folder).map_err(describe)? {
        let entry = entry.map_err(describe)?;
        if entry.path().is_file() {
            let text = fs::read_to_string(entry.path()).map_err(describe)?;
            sources.push((entry.file_name().to_string_lossy().into_owned(), text));
        }
    }
    sources.sort();
    Ok(sources)
}

fn make(sources: &[(String, String)], folder: &Path) -> Result<(), String> {
    let describe = |error: std::io::Error| format!("cannot write {}: {error}", folder.display());
    fs::create_dir_all(folder.join("bin")).map_err(describe)?;
    for (name, text) in sources {
        fs::write(folder.join(name), text).map_err(describe)?;
    }
    for program in sources
        .iter()
        .filter_map(|(name, _)| name.strip_suffix(".c"))
    {
        eprintln!("compiling {program}.c");
        // Static: the same binaries run in the busybox image and in an image that holds nothing else.
        let output = Command::new("gcc")
            .args(["-static", "-O1", "-s", "-Wall", "-D_GNU_SOURCE", "-o"])
            .arg(folder.join("bin").join(program))
            .arg(folder.join(format!("{program}.c")))
            .output()
            .map_err(|error| format!("cannot run gcc (install gcc and libc6-dev): {error}"))?;
        if !output.status.success() {
            return Err(format!(
                "gcc {program}.c: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    Ok(())
}
