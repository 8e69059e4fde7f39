//! Owns a directory for one run: the init under its name, the probes, a FIFO, what was written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::tool::{Side, Tool};

/// A directory that is removed when it is dropped; everybody may write to it, as the init and its
/// child may run as another user.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

/// The name of the FIFO that the observer reports on.
pub const FIFO: &str = "events";

impl Scratch {
    /// Makes the directory, with `tool` in it as a link to the program of that side.
    ///
    /// # Panics
    /// When the file system refuses, or the program is not there.
    #[must_use]
    pub fn new(tool: Tool, side: Side) -> Scratch {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dropin-{}-{serial}", std::process::id()));
        fs::create_dir(&path).expect("scratch directory");
        open_to_all(&path, 0o777);
        let program = tool.program(side).expect("the program is installed");
        let program = fs::canonicalize(program).expect("the program has a path");
        symlink(program, path.join(tool.name())).expect("link to the program");
        let probes = Path::new(env!("CARGO_MANIFEST_DIR")).join("probes");
        for (name, file) in [("probe", "probe.sh"), ("facts", "facts.sh")] {
            symlink(probes.join(file), path.join(name)).expect("link to a probe");
        }
        mkfifoat(CWD, path.join(FIFO), Mode::from_raw_mode(0o600)).expect("FIFO");
        open_to_all(&path.join(FIFO), 0o666);
        Scratch { path }
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.path
    }

    /// A path inside.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What a file inside holds; nothing when it is not there.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read(self.file(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind at worst: a test's verdict does not hang on it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Past the umask, for a user that is not the one who runs the tests.
fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}
