//! Starts programs: a child that shares memory until its exec, prepared by nothing but system calls.

mod child;
mod limit;

pub use limit::{Limit, Resource};

use crate::entry::Variable;
use bowout_core::{Pid, Signal, SignalSet};
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

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

/// What one of the standard streams is in the child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stream {
    /// The caller's.
    #[default]
    Keep,
    /// /dev/null: nothing to read, and what is written is gone.
    Null,
    /// This descriptor of the caller's, which must be open when [`spawn`] is called.
    Descriptor(RawFd),
}

/// A program to start. All strings are made before the clone: the child may not allocate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// Files to try, in this order (execvp(3) along PATH).
    pub candidates: Vec<CString>,
    /// Arguments, the program's name first.
    pub arguments: Vec<CString>,
    /// Environment.
    pub environment: Vec<Variable>,
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
    /// Standard input, output and error.
    pub streams: [Stream; 3],
    /// Descriptors that the child gets: the caller's number, and the child's. The numbers may overlap in
    /// any way; those of the caller must be open when [`spawn`] is called.
    pub descriptors: Vec<(RawFd, RawFd)>,
    /// The child gets no descriptor above this number but those of `descriptors`: 2, or where listeners
    /// are passed on (sd_listen_fds(3)) 2 and their count. `None`: all that are not closed by the exec.
    pub close_above: Option<RawFd>,
    /// Permissions that new files do not get (umask(2)).
    pub umask: Option<u32>,
    /// Resource limits.
    pub limits: Vec<Limit>,
    /// Priority, -20 to 19 (setpriority(2)).
    pub nice: Option<i32>,
    /// How early the kernel kills it for want of memory, -1000 to 1000 (proc(5)).
    pub oom_score_adj: Option<i32>,
    /// Whether no exec gives it privileges (PR_SET_NO_NEW_PRIVS, prctl(2)).
    pub no_new_privs: bool,
}

impl Program {
    /// A program in a session of its own, and nothing changed beside that: the arguments, the program's
    /// name first, and the environment.
    #[must_use = "makes a value and changes nothing"]
    pub fn new(
        candidates: Vec<CString>,
        arguments: Vec<CString>,
        environment: Vec<Variable>,
    ) -> Program {
        Program {
            candidates,
            arguments,
            environment,
            pid_entry: None,
            session: Session::New,
            terminal: Terminal::Keep,
            mask: SignalSet::EMPTY,
            dispositions: Vec::new(),
            credentials: None,
            directory: None,
            streams: [Stream::Keep; 3],
            descriptors: Vec::new(),
            close_above: None,
            umask: None,
            limits: Vec::new(),
            nice: None,
            oom_score_adj: None,
            no_new_privs: false,
        }
    }
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
    /// Standard streams, and descriptors that are given or closed.
    Streams,
    /// A resource limit (prlimit(2)).
    Limit(Resource),
    /// The priority (setpriority(2)).
    Priority,
    /// `/proc/self/oom_score_adj` (proc(5)).
    OomScore,
    /// setgroups(2), setgid(2) or setuid(2).
    Credentials,
    /// PR_SET_NO_NEW_PRIVS (prctl(2)).
    Privileges,
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

/// The file is not executable for this user, or is none that can be (EACCES, execve(2)).
pub const DENIED: i32 = libc::EACCES;

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
mod tests;
