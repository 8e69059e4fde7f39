//! Finds the folders of a run: the build's target, what is cached there, and what lives as long as a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The build's target folder: the one this program runs from, so that `CARGO_TARGET_DIR` is honoured.
pub fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let tagged = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    let Some(inner) = exe.ancestors().find(tagged) else {
        return workspace_target();
    };
    // A build for a named target has a tagged folder of its own inside.
    inner.parent().filter(tagged).unwrap_or(inner).to_path_buf()
}

/// Where cargo builds when nobody says otherwise.
pub fn workspace_target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// What is made once and kept between runs: images and compiled programs.
pub fn cache(name: &str) -> PathBuf {
    let folder = target().join(name);
    fs::create_dir_all(&folder)
        .unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
    folder
}

/// A name no other test of this machine has, with the pid in it so that a later run can tell whose it was.
pub fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "bowout-docker-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Holds a lock among all test processes and threads until the value is dropped: what is cached is made once.
pub fn lock(name: &str) -> fs::File {
    let path = cache("docker-locks").join(name);
    let file = fs::File::create(&path)
        .unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
    file.lock()
        .unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

/// A folder that is gone when the test is. Its path is short: it has to hold Unix sockets.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder, open to everybody, because containers run as other users.
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(unique());
        fs::create_dir_all(&path)
            .unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777))
            .expect("open the folder to all");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
