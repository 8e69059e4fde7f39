//! Holds the place of the JSON account: found to be good at the start, written to at the end.

use crate::cli::ReportTarget;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where the account goes.
pub(crate) struct Sink {
    name: String,
    place: Place,
}

enum Place {
    File(PathBuf),
    Open(File),
}

impl Sink {
    /// Looks at the place, so that a mistake is seen at the start and not when it is too late.
    ///
    /// # Errors
    /// What is wrong with it.
    #[cold]
    pub(crate) fn open(target: &ReportTarget) -> Result<Sink, String> {
        match target {
            ReportTarget::Descriptor(number) => {
                let file = bowout_sys::output::take(*number).map_err(|_| {
                    format!("--report (BOWOUT_REPORT): descriptor {number} is not open")
                })?;
                Ok(Sink {
                    name: format!("fd:{number}"),
                    place: Place::Open(file),
                })
            }
            ReportTarget::File(path) => {
                let name = path.display().to_string();
                let wrong = |what: &str| format!("--report (BOWOUT_REPORT): {name}: {what}");
                // bowout may be in another directory by then.
                let path = std::path::absolute(path)
                    .map_err(|error| wrong(&bowout_sys::reason(&error)))?;
                if path.is_dir() {
                    return Err(wrong("it is a directory; give a file"));
                }
                if !path.parent().is_some_and(Path::is_dir) {
                    return Err(wrong("its directory is not there"));
                }
                Ok(Sink {
                    name,
                    place: Place::File(path),
                })
            }
        }
    }

    /// What messages call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Writes the account.
    ///
    /// # Errors
    /// What open(2), write(2) or rename(2) give.
    pub(super) fn write(&mut self, json: &[u8]) -> std::io::Result<()> {
        match &mut self.place {
            Place::Open(file) => file.write_all(json),
            Place::File(path) if !is_plain(path) => {
                bowout_sys::output::open_for_writing(path)?.write_all(json)
            }
            // In one piece or not at all: whoever reads it never sees half of it.
            Place::File(path) => {
                let mut beside = path.as_os_str().to_owned();
                beside.push(".new");
                std::fs::write(&beside, json)?;
                std::fs::rename(&beside, path)
            }
        }
    }
}

/// A pipe or a terminal must not be replaced by a file.
fn is_plain(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}
