//! Starts a program without the preparations of the standard library.
//!
//! On the way to `fn main` the standard library ignores SIGPIPE (which the child would inherit, and it
//! could no longer be told how it was), opens /dev/null in place of closed streams, asks for the
//! stack's limits by some 40 system calls, and installs handlers for faults. PID 1 wants none of that.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString, c_char};
use std::os::unix::ffi::OsStringExt;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Makes `$run`, a `fn(Vec<OsString>) -> u8`, the program: it gets the arguments with the program's name
/// first, and its answer is the exit code. The crate must be `#![no_main]`. There is no unwinder in it
/// ([`no_unwinder`](crate::no_unwinder)).
#[macro_export]
macro_rules! entry {
    ($run:path) => {
        $crate::no_unwinder!();

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

/// Where the kernel put the environment; null before [`arguments`] was called.
static ENVIRONMENT: AtomicPtr<*const c_char> = AtomicPtr::new(null_mut());

/// The arguments as the kernel gave them.
///
/// # Safety
/// `argv` is what the kernel gave to the program (execve(2), elf(5)): `argc` pointers to strings, a null
/// pointer, pointers to the strings of the environment, a null pointer. All of it lives as long as the
/// program, and nobody writes to it.
#[must_use = "without the arguments there is nothing to run"]
pub unsafe fn arguments(argc: i32, argv: *const *const c_char) -> Vec<OsString> {
    let argc = usize::try_from(argc).unwrap_or(0);
    // SAFETY: by the contract above, this is the place behind the null pointer.
    let environment = unsafe { argv.add(argc + 1) };
    ENVIRONMENT.store(environment.cast_mut(), Ordering::Release);
    (0..argc)
        .map(|index| {
            // SAFETY: by the contract above, `index` is below `argc` and the string is one.
            let argument = unsafe { CStr::from_ptr(*argv.add(index)) };
            OsString::from_vec(argument.to_bytes().to_vec())
        })
        .collect()
}

/// A variable of an environment, `NAME=value`. One that nobody has changed stays where the kernel put it.
pub type Variable = Cow<'static, CStr>;

/// The environment that the program was started with.
///
/// The standard library's way takes two strings for a variable, and a vector that leaves the arena with
/// more than 32 of them: 3 page faults and a window of 64 kB.
#[must_use = "reads values and changes nothing"]
pub fn environment() -> Vec<Variable> {
    let start = ENVIRONMENT.load(Ordering::Acquire);
    if start.is_null() {
        // Not started by `entry!`: a test, or a program with a `main` of its own.
        let variables = std::env::vars_os().map(|(mut entry, value)| {
            entry.push("=");
            entry.push(value);
            CString::new(entry.into_vec()).ok().map(Cow::Owned)
        });
        return variables.flatten().collect();
    }
    (0..)
        // SAFETY: the kernel's block ends with a null pointer, and no place behind it is looked at.
        .map(|index| unsafe { *start.add(index) })
        .take_while(|entry| !entry.is_null())
        // SAFETY: before that, each is a string that ends with a zero byte and lives as long as the program.
        .map(|entry| Cow::Borrowed(unsafe { CStr::from_ptr(entry) }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_lies_behind_the_arguments() {
        let strings = [c"name", c"-v", c"", c"A=b", c"C"];
        let mut block: Vec<*const c_char> = strings.iter().map(|text| text.as_ptr()).collect();
        block.insert(3, std::ptr::null());
        block.push(std::ptr::null());
        let variables = std::env::vars_os().count();
        assert_eq!(
            environment().len(),
            variables,
            "nobody has started this by `entry!`"
        );
        // SAFETY: three strings, null, two strings, null; the place is leaked, so it lives on.
        let arguments = unsafe { arguments(3, block.leak().as_ptr()) };
        assert_eq!(arguments, ["name", "-v", ""]);
        assert_eq!(environment(), [Cow::Borrowed(c"A=b"), c"C".into()]);
    }
}
