//! Tells and changes who the caller is to the kernel.

use crate::told;
use std::io;

/// Whether the caller may be told of orphans below it: it is the init of its PID namespace.
#[must_use = "reads a value and changes nothing"]
pub fn is_init() -> bool {
    crate::own_pid() == bowout_core::Pid::INIT
}

/// Makes the caller the reaper of its descendants (PR_SET_CHILD_SUBREAPER, prctl(2)).
///
/// # Errors
/// None that the kernel documents for these arguments.
pub fn become_subreaper() -> io::Result<()> {
    // Any number but zero switches it on.
    rustix::process::set_child_subreaper(Some(rustix::process::Pid::INIT))
        .map_err(|error| told("prctl(PR_SET_CHILD_SUBREAPER)", error))
}

/// Whether the caller is the reaper of its descendants, by itself or through whoever started it.
#[must_use = "reads a value and changes nothing"]
pub fn is_subreaper() -> bool {
    rustix::process::child_subreaper().is_ok_and(|reaper| reaper.is_some())
}

/// Goes to another working directory.
///
/// # Errors
/// What chdir(2) gives.
pub fn change_directory(path: &std::path::Path) -> io::Result<()> {
    rustix::process::chdir(path)
        .map_err(|error| told(format_args!("chdir({})", path.display()), error))
}
