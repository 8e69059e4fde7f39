//! Starts programs: a child that shares memory until its exec, prepared by nothing but system calls.

mod child;

use bowout_core::{Pid, Signal, SignalSet};
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;

/// The stack of the child between clone and exec, on the caller's own. It calls a few small functions,
/// which use less than 1 kB of it when they are optimised. A frame with more than a page is touched page
/// by page on entry (stack probes): 16 kB cost four page faults.
const STACK: usize = if cfg!(debug_assertions) { 16 } else { 3 } * 1024;

/// Which session and process group the child goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Session {
    /// A session, and so a group, of its own (setsid(2)).
    New,
    /// A group of its own in the caller's session (setpgid(2)).
    Group,
    /// The caller's group.
    Same,
}

/// What becomes of the terminal on standard input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Terminal {
    /// Nothing.
    Keep,
    /// It controls the child's new session (TIOCSCTTY, ioctl_tty(2)), if nobody else has it.
    Control,
    /// The child's group is put in front of it (tcsetpgrp(3)).
    Foreground,
}

/// Whom the program runs as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// A program to start. All strings are made before the clone: the child may not allocate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// Files to try, in this order (execvp(3) along PATH).
    pub candidates: Vec<CString>,
    /// Arguments, the program's name first.
    pub arguments: Vec<CString>,
    /// Environment, `NAME=value`.
    pub environment: Vec<CString>,
    /// The entry of the environment that the child's own pid is written into, in place of the zeros at
    /// its end (`LISTEN_PID=0000000000`, sd_listen_fds(3)).
    pub pid_entry: Option<usize>,
    /// Session and group.
    pub session: Session,
    /// Terminal.
    pub terminal: Terminal,
    /// Signals that are blocked in the program.
    pub mask: SignalSet,
    /// Signals whose disposition is set before the exec, and whether to ignored.
    pub dispositions: Vec<(Signal, bool)>,
    /// User and groups.
    pub credentials: Option<Credentials>,
    /// Working directory.
    pub directory: Option<CString>,
}

/// Which preparation failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The clone itself.
    Clone,
    /// setsid(2) or setpgid(2).
    Session,
    /// The terminal.
    Terminal,
    /// setgroups(2), setgid(2) or setuid(2).
    Credentials,
    /// chdir(2).
    Directory,
    /// execve(2).
    Exec,
}

/// Why a program was not started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failed {
    /// What failed.
    pub step: Step,
    /// The kernel's number (errno(3)).
    pub errno: i32,
    /// After `Exec`: which of the candidates gave that number.
    pub candidate: usize,
}

/// There is no such file (ENOENT, errno(3)).
pub const NOT_FOUND: i32 = libc::ENOENT;

/// Whether a number says that a file, or a directory on the way to it, is not there.
#[must_use = "reads a value and changes nothing"]
pub fn is_missing(errno: i32) -> bool {
    matches!(
        errno,
        libc::ENOENT | libc::ENOTDIR | libc::ENODEV | libc::ESTALE | libc::ETIMEDOUT
    )
}

/// Whether a number says that the system, or a limit of the user or the container, has no process or
/// memory to spare now (clone(2); execve(2) after a change of user).
#[must_use = "reads a value and changes nothing"]
pub fn is_exhausted(errno: i32) -> bool {
    matches!(errno, libc::EAGAIN | libc::ENOMEM)
}

/// Starts a program and returns when its exec is done, or has failed.
///
/// The child shares the caller's memory and the caller stands still until then (CLONE_VM,
/// CLONE_VFORK, clone(2)), so it costs the same however large the caller is. Every signal must be
/// blocked by the caller: none is delivered to the child while it shares the caller's memory, and one
/// that is sent to it in that time reaches the program.
///
/// The pid is all that is needed to reach the child: it is nobody else's before the caller reaps it.
///
/// # Errors
/// What failed; the child is gone and reaped then.
pub fn spawn(program: &mut Program) -> Result<Pid, Failed> {
    let mut stack = [const { MaybeUninit::<Align>::uninit() }; STACK / size_of::<Align>()];
    let mut job = child::Job::new(program);
    // SAFETY: the one past the end of an array; the stack grows down from it, aligned to 16.
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: `run` gets a `Job` that lives through the call, since CLONE_VFORK holds the caller until
    // the child has exec'd or exited; the child uses the caller's memory and this stack alone.
    let number = unsafe { libc::clone(child::run, top.cast(), flags, (&raw mut job).cast()) };
    if number < 0 {
        let errno = io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EAGAIN);
        return Err(Failed {
            step: Step::Clone,
            errno,
            candidate: 0,
        });
    }
    match job.failed() {
        None => Ok(Pid::new(number)),
        Some(failed) => {
            // It has ended already; nobody else is to see a child that never was.
            let mut status = 0;
            // SAFETY: the pointer is to an int that lives through the call.
            unsafe { libc::syscall(libc::SYS_wait4, number, &raw mut status, 0, 0) };
            Err(failed)
        }
    }
}

/// The stack's alignment (the ABIs of x86-64 and aarch64).
#[repr(align(16))]
struct Align {
    _bytes: [u8; 16],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals;

    fn program(candidates: &[&str], arguments: &[&str]) -> Program {
        let strings = |of: &[&str]| of.iter().map(|text| CString::new(*text).unwrap()).collect();
        Program {
            candidates: strings(candidates),
            arguments: strings(arguments),
            environment: strings(&["A=b", "LISTEN_PID=0000000000"]),
            pid_entry: Some(1),
            session: Session::New,
            terminal: Terminal::Keep,
            mask: SignalSet::EMPTY,
            dispositions: Vec::new(),
            credentials: None,
            directory: Some(c"/".into()),
        }
    }

    /// Spawns with every signal of this thread blocked, and waits for that very child.
    fn run(mut program: Program) -> Result<i32, Failed> {
        let before = signals::block(SignalSet::ALL).unwrap();
        let child = spawn(&mut program);
        signals::set_mask(before).unwrap();
        let child = child?;
        let mut status = 0;
        // SAFETY: the pointer is to an int that lives through the call.
        let pid = unsafe { libc::syscall(libc::SYS_wait4, child.get(), &raw mut status, 0, 0) };
        assert_eq!(pid, i64::from(child.get()));
        Ok(status)
    }

    #[test]
    fn the_child_has_what_it_was_promised() {
        let check = "test $LISTEN_PID = $$ && test $A = b && test $(pwd) = / && exit 7";
        let status = run(program(&["/nowhere/sh", "/bin/sh"], &["sh", "-c", check])).unwrap();
        assert_eq!(status, 7 << 8);
    }

    #[test]
    fn failures_tell_the_step_and_the_number() {
        let failed = run(program(&["/nowhere"], &["x"])).unwrap_err();
        assert_eq!((failed.step, failed.errno), (Step::Exec, libc::ENOENT));
        let failed = run(program(&["/nowhere", "/etc", "/etc/passwd"], &["x"])).unwrap_err();
        assert_eq!(
            (failed.step, failed.errno, failed.candidate),
            (Step::Exec, libc::EACCES, 1)
        );
        let mut elsewhere = program(&["/bin/true"], &["true"]);
        elsewhere.directory = Some(c"/nowhere".into());
        let failed = run(elsewhere).unwrap_err();
        assert_eq!((failed.step, failed.errno), (Step::Directory, libc::ENOENT));
    }

    #[test]
    fn a_script_that_does_not_say_by_whom_is_run_by_the_shell() {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = std::env::temp_dir().join(format!("bowout-sys-script-{}", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o755)
            .open(&path)
            .unwrap();
        file.write_all(b"exit $1\n").unwrap();
        drop(file);
        let file = path.to_str().unwrap();
        // Another test's child may hold the file open for writing between its clone and exec.
        let status = loop {
            match run(program(&[file], &[file, "9"])) {
                Err(failed) if failed.errno == libc::ETXTBSY => continue,
                result => break result,
            }
        };
        std::fs::remove_file(&path).unwrap();
        assert_eq!(status, Ok(9 << 8));
    }
}
