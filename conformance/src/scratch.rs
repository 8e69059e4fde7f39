//! Makes folders that everybody may write to and that are gone afterwards.

use std::env;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of mode 0777, removed when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new folder below the temporary directory.
    ///
    /// # Panics
    /// If it can't be made.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bowout-conformance-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("cannot make a folder");
        fs::set_permissions(&folder, Permissions::from_mode(0o777))
            .expect("cannot open the folder");
        Self(folder)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of something in it, as text for a command line.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// Writes a file that everybody may read, write and, with `0o111` in the mode, execute.
    ///
    /// # Panics
    /// If it can't be written.
    #[must_use]
    pub fn write(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("cannot write a file");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("cannot set the mode");
        self.file(name)
    }

    /// Copies a program.
    ///
    /// By another process: a descriptor open for writing here would be inherited by whatever a test
    /// that runs at the same time starts, and exec of the copy would say ETXTBSY.
    ///
    /// # Panics
    /// If it can't be copied.
    #[must_use]
    pub fn program(&self, name: &str, from: &Path, mode: u32) -> String {
        let path = self.0.join(name);
        let status = Command::new("cp").arg(from).arg(&path).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "cannot copy {}",
            from.display()
        );
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("cannot set the mode");
        self.file(name)
    }

    pub(crate) fn create(&self, name: &str) -> File {
        let file = File::create(self.0.join(name)).expect("cannot make a file");
        file.set_permissions(Permissions::from_mode(0o666))
            .expect("cannot set the mode");
        file
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
