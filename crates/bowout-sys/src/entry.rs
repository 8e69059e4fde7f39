//! Starts a program without the preparations of the standard library.
//!
//! On the way to `fn main` the standard library ignores SIGPIPE (which the child would inherit, and it
//! could no longer be told how it was), opens /dev/null in place of closed streams, asks for the
//! stack's limits by some 40 system calls, and installs handlers for faults. PID 1 wants none of that.

use std::ffi::{CStr, OsString};
use std::os::unix::ffi::OsStringExt;

/// Makes `$run`, a `fn(Vec<OsString>) -> u8`, the program: it gets the arguments with the program's name
/// first, and its answer is the exit code. The crate must be `#![no_main]`.
#[macro_export]
macro_rules! entry {
    ($run:path) => {
        /// Called by the C library's start-up code.
        ///
        /// # Safety
        /// The arguments are those of the C library.
        // SAFETY: `main` is what that code calls, with this very signature.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(argc: i32, argv: *const *const std::ffi::c_char) -> i32 {
            // SAFETY: argc and argv are what the C library got from the kernel.
            let arguments = unsafe { $crate::entry::arguments(argc, argv) };
            let run: fn(Vec<std::ffi::OsString>) -> u8 = $run;
            i32::from(run(arguments))
        }
    };
}

/// The arguments as the kernel gave them.
///
/// # Safety
/// `argv` points to at least `argc` pointers to strings that end with a zero byte and live as long as
/// the program (execve(2)).
#[must_use = "reads values and changes nothing"]
pub unsafe fn arguments(argc: i32, argv: *const *const std::ffi::c_char) -> Vec<OsString> {
    (0..usize::try_from(argc).unwrap_or(0))
        .map(|index| {
            // SAFETY: by the contract above, `index` is below `argc` and the string is one.
            let argument = unsafe { CStr::from_ptr(*argv.add(index)) };
            OsString::from_vec(argument.to_bytes().to_vec())
        })
        .collect()
}
