//! Finds the programs under test, and puts them where every user may run them.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use crate::scratch::Scratch;

/// The target that the image gets: what is tested is what is shipped.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// The static program of this name, `bowout-init` or `bowout`.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn bowout(name: &str) -> PathBuf {
    reachable(&built(name))
}

/// The puppet.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn puppet_binary() -> &'static Path {
    static PUPPET: OnceLock<PathBuf> = OnceLock::new();
    PUPPET.get_or_init(|| reachable(&built("puppet")))
}

fn built(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(
        path.is_file(),
        "{} is missing: `cargo xtask build` makes it",
        path.display()
    );
    path
}

fn folder() -> PathBuf {
    if let Some(folder) = env::var_os("BOWOUT_BIN_DIR") {
        return folder.into();
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join(TARGET).join("release")
}

/// The path itself where any user can reach it, else a copy below the temporary directory: a tree in
/// a home directory of mode 0700 is closed to the users that some tests become.
fn reachable(path: &Path) -> PathBuf {
    let path = path
        .canonicalize()
        .expect("the program was there a moment ago");
    let open = |folder: &Path| {
        fs::metadata(folder).is_ok_and(|facts| facts.permissions().mode() & 0o001 != 0)
    };
    if path.ancestors().skip(1).all(open) {
        return path;
    }
    static COPIES: OnceLock<Scratch> = OnceLock::new();
    let name = path
        .file_name()
        .expect("a program has a name")
        .to_string_lossy();
    let copies = COPIES.get_or_init(Scratch::new);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().expect("a copy failed");
    let copy = copies.path().join(&*name);
    if !copy.exists() {
        let _ = copies.program(&name, &path, 0o755);
    }
    copy
}
