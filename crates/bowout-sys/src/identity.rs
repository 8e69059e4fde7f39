//! Tells and changes who the caller is to the kernel.

use crate::told;
use std::ffi::{CStr, CString, OsStr, c_char};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

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

/// The user and the group that the caller acts as (geteuid(2), getegid(2)).
#[must_use = "reads a value and changes nothing"]
pub fn user() -> (u32, u32) {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    (uid.as_raw(), gid.as_raw())
}

/// Goes to another working directory.
///
/// # Errors
/// What chdir(2) gives.
pub fn change_directory(path: &std::path::Path) -> io::Result<()> {
    rustix::process::chdir(path)
        .map_err(|error| told(format_args!("chdir({})", path.display()), error))
}

/// Files that are the caller's own program, in the order in which to try them: for
/// [`Program::candidates`](crate::spawn::Program). The first one stays right whatever becomes of the file
/// on disk, but needs /proc. The second is the file that the kernel was asked to run (AT_EXECFN,
/// getauxval(3)); a relative one is completed now, so this is to be called before the caller goes to
/// another directory.
#[must_use = "makes values and changes nothing"]
pub fn own_program() -> Vec<CString> {
    let mut files = vec![c"/proc/self/exe".to_owned()];
    // SAFETY: takes a number.
    let name = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
    if !name.is_null() {
        // SAFETY: where there is one, the kernel put a string beside the arguments, which stays there.
        let name = unsafe { CStr::from_ptr(name) };
        let name = std::path::absolute(OsStr::from_bytes(name.to_bytes()));
        let name = name.map(|name| CString::new(name.into_os_string().into_vec()));
        files.extend(name.ok().and_then(Result::ok));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_own_program_is_found_both_ways() {
        let files = own_program();
        let identity = |path: &OsStr| {
            let look = std::fs::metadata(path).unwrap();
            (look.dev(), look.ino())
        };
        let own = identity(std::env::current_exe().unwrap().as_os_str());
        assert_eq!(files.len(), 2);
        for file in files {
            let file = OsStr::from_bytes(file.as_bytes());
            assert!(std::path::Path::new(file).is_absolute());
            assert_eq!(identity(file), own);
        }
    }
}
