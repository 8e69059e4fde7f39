//! Is the child between clone and exec: system calls alone, in the parent's memory.
//!
//! Nothing here allocates, locks or calls into the C library beyond `syscall`: its wrappers for user
//! and group would try to tell all threads of the parent. `errno` is the parent's, who stands still.

mod descriptors;

use super::{Credentials, Failed, Program, Session, Step, Terminal};
use crate::signals;
use bowout_core::SignalSet;
use descriptors::Moves;
use std::ffi::{CStr, CString, c_char, c_void};

const SHELL: &CStr = c"/bin/sh";

/// All that the child needs, in a form that the kernel takes.
pub(super) struct Job<'a> {
    program: &'a Program,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    /// Arguments for a script without `#!`: the shell's name, a place for the file, the rest.
    script: Vec<*const c_char>,
    /// Where the digits of the child's pid go, and how many fit.
    digits: Option<(*mut u8, usize)>,
    moves: Moves,
    /// The digits for `/proc/self/oom_score_adj`.
    oom_score_adj: Option<String>,
    failed: Option<Failed>,
}

impl<'a> Job<'a> {
    pub(super) fn new(program: &'a mut Program) -> Job<'a> {
        let digits = program.pid_entry.and_then(|index| {
            let entry = std::mem::take(program.environment.get_mut(index)?);
            let mut bytes = entry.into_owned().into_bytes_with_nul();
            let start = bytes
                .iter()
                .position(|byte| *byte == b'=')
                .map_or(0, |at| at + 1);
            let length = bytes.len() - start - 1;
            let place = bytes[start..].as_mut_ptr();
            // No zero byte was added or removed, and the bytes stay where they are.
            let entry = CString::from_vec_with_nul(bytes).ok()?;
            program.environment[index] = entry.into();
            Some((place, length))
        });
        let arguments = pointers(&[], program.arguments.iter().map(CString::as_c_str));
        let script = match program.arguments.split_first() {
            Some((_, rest)) => pointers(&[SHELL, SHELL], rest.iter().map(CString::as_c_str)),
            None => Vec::new(),
        };
        Job {
            arguments,
            environment: pointers(&[], program.environment.iter().map(|entry| &**entry)),
            script,
            digits,
            moves: Moves::new(&program.streams, &program.descriptors),
            oom_score_adj: program.oom_score_adj.map(|score| score.to_string()),
            program,
            failed: None,
        }
    }

    pub(super) fn failed(&self) -> Option<Failed> {
        self.failed
    }
}

/// The strings of `first` and `rest` as execve(2) wants them, a null pointer last.
fn pointers<'s>(
    first: &[&'s CStr],
    rest: impl ExactSizeIterator<Item = &'s CStr>,
) -> Vec<*const c_char> {
    let mut pointers = Vec::with_capacity(first.len() + rest.len() + 1);
    pointers.extend(first.iter().copied().chain(rest).map(CStr::as_ptr));
    pointers.push(std::ptr::null());
    pointers
}

/// What the clone calls: prepares and becomes the program. Comes back only when that failed.
pub(super) extern "C" fn run(job: *mut c_void) -> i32 {
    // SAFETY: the parent gave a `Job`, and stands still as long as this runs.
    let job = unsafe { &mut *job.cast::<Job<'_>>() };
    job.failed = prepare(job).err().or_else(|| Some(execute(job)));
    // SAFETY: takes no pointer, and does not come back. No handler of the parent's may run here.
    unsafe { libc::syscall(libc::SYS_exit, 127) };
    127
}

fn prepare(job: &mut Job<'_>) -> Result<(), Failed> {
    let program = job.program;
    match program.session {
        Session::New => check(Step::Session, call(libc::SYS_setsid, [0, 0, 0]))?,
        Session::Group => check(Step::Session, call(libc::SYS_setpgid, [0, 0, 0]))?,
        Session::Same => {}
    }
    match program.terminal {
        Terminal::Keep => {}
        // Somebody else's terminal is not stolen, and a child without one is no failure.
        Terminal::Control => _ = call(libc::SYS_ioctl, [0, libc::TIOCSCTTY as usize, 0]),
        Terminal::Foreground => {
            let group = call(libc::SYS_getpid, [0, 0, 0]).unwrap_or(0);
            let group = i32::try_from(group).unwrap_or(0);
            // SIGTTOU is blocked here, so a group in the background may do this (tcsetpgrp(3)).
            let place = (&raw const group) as usize;
            check(
                Step::Terminal,
                call(libc::SYS_ioctl, [0, libc::TIOCSPGRP as usize, place]),
            )?;
        }
    }
    // Descriptors before a limit on them; what needs privileges before these are given up.
    check(Step::Streams, job.moves.make())?;
    if let Some(last) = program.close_above {
        check(Step::Streams, job.moves.close_above(last))?;
    }
    if let Some(umask) = program.umask {
        // It can't fail.
        _ = call(libc::SYS_umask, [umask as usize, 0, 0]);
    }
    set_limits(program)?;
    if let Some(nice) = program.nice {
        let arguments = [libc::PRIO_PROCESS as usize, 0, nice as usize];
        check(Step::Priority, call(libc::SYS_setpriority, arguments))?;
    }
    if let Some(score) = &job.oom_score_adj {
        check(Step::OomScore, write_score(score))?;
    }
    if let Some(credentials) = &program.credentials {
        let groups = &credentials.groups;
        let become_one = || {
            let place = groups.as_ptr() as usize;
            match call(libc::SYS_setgroups, [groups.len(), place, 0]) {
                // Who is that user already needs no privilege to stay it; the other two calls know that.
                Err(libc::EPERM) if has_groups(credentials) => {}
                done => _ = done?,
            }
            let gid = credentials.gid as usize;
            call(libc::SYS_setresgid, [gid, gid, gid])?;
            let uid = credentials.uid as usize;
            call(libc::SYS_setresuid, [uid, uid, uid])
        };
        check(Step::Credentials, become_one())?;
    }
    if program.no_new_privs {
        let arguments = [libc::PR_SET_NO_NEW_PRIVS as usize, 1, 0];
        check(Step::Privileges, call(libc::SYS_prctl, arguments))?;
    }
    if let Some(directory) = &program.directory {
        check(
            Step::Directory,
            call(libc::SYS_chdir, [directory.as_ptr() as usize, 0, 0]),
        )?;
    }
    for (signal, ignored) in &program.dispositions {
        // SIGKILL and SIGSTOP can't be set, and nobody asks for it.
        _ = signals::change_disposition(*signal, *ignored);
    }
    if let Some((place, length)) = job.digits {
        write_pid(place, length);
    }
    Ok(())
}

/// Whether the supplementary groups are these already; whether the group itself is among them says nothing.
fn has_groups(credentials: &Credentials) -> bool {
    let mut have = [0_u32; 64];
    let place = have.as_mut_ptr() as usize;
    // Whoever has more than fit gets EINVAL, and is not told that all is well.
    let Ok(number) = call(libc::SYS_getgroups, [have.len(), place, 0]) else {
        return false;
    };
    let (have, want) = (&have[..number.min(have.len())], &credentials.groups);
    let own = credentials.gid;
    have.iter()
        .all(|group| *group == own || want.contains(group))
        && want
            .iter()
            .all(|group| *group == own || have.contains(group))
}

fn set_limits(program: &Program) -> Result<(), Failed> {
    for limit in &program.limits {
        let values = limit.values();
        // SAFETY: the two numbers are the kernel's `struct rlimit64` and live through the call; 0 is the
        // caller, and nobody wants the old ones.
        let done = unsafe {
            libc::syscall(
                libc::SYS_prlimit64,
                0,
                limit.resource.number(),
                values.as_ptr(),
                std::ptr::null::<u64>(),
            )
        };
        check(Step::Limit(limit.resource), told(done))?;
    }
    Ok(())
}

/// The file is the child's own: with CLONE_VFORK the kernel does not set the parent's score with it, as
/// it does for others who share their memory.
fn write_score(score: &str) -> Result<(), i32> {
    let path = c"/proc/self/oom_score_adj".as_ptr() as usize;
    let flags = (libc::O_WRONLY | libc::O_CLOEXEC) as usize;
    let fd = call(libc::SYS_openat, [libc::AT_FDCWD as usize, path, flags])?;
    let written = call(libc::SYS_write, [fd, score.as_ptr() as usize, score.len()]);
    _ = call(libc::SYS_close, [fd, 0, 0]);
    written.map(drop)
}

/// Writes the caller's pid as digits, and ends the string behind it.
fn write_pid(place: *mut u8, length: usize) {
    let mut left = call(libc::SYS_getpid, [0, 0, 0]).unwrap_or(0);
    let mut digits = [0u8; 20];
    let mut count = 0;
    while count == 0 || left > 0 {
        digits[count] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        count += 1;
    }
    for index in 0..count.min(length) {
        // SAFETY: `length` bytes from `place` on belong to the string, and its zero byte follows them.
        unsafe { *place.add(index) = digits[count - 1 - index] };
    }
    // SAFETY: as above; at most the string's own zero byte is written again.
    unsafe { *place.add(count.min(length)) = 0 };
}

/// Tries the candidates as execvp(3) does: on along PATH while a file is not there or may not be run,
/// and by the shell when it is a script that does not say by whom.
fn execute(job: &mut Job<'_>) -> Failed {
    let program = job.program;
    // The last thing before the exec, so that a signal that came meanwhile meets the program, or, where
    // it has not begun, ends this child as it would have ended the program.
    _ = signals::raw_mask(libc::SIG_SETMASK, program.mask);
    let mut failed = Failed {
        step: Step::Exec,
        errno: libc::ENOENT,
        candidate: 0,
    };
    for (index, file) in program.candidates.iter().enumerate() {
        let mut errno = exec(file, &job.arguments, &job.environment);
        if errno == libc::ENOEXEC && job.script.len() >= 3 {
            job.script[1] = file.as_ptr();
            exec(SHELL, &job.script, &job.environment);
            errno = libc::ENOEXEC;
        }
        let was_denied = failed.errno == libc::EACCES;
        match errno {
            libc::ENOENT | libc::ENOTDIR | libc::ENODEV | libc::ESTALE | libc::ETIMEDOUT => {
                if index == 0 {
                    failed = Failed {
                        errno,
                        candidate: index,
                        ..failed
                    };
                }
            }
            libc::EACCES => {
                if !was_denied {
                    failed = Failed {
                        errno,
                        candidate: index,
                        ..failed
                    };
                }
            }
            _ => {
                failed = Failed {
                    errno,
                    candidate: index,
                    ..failed
                };
                break;
            }
        }
    }
    _ = signals::raw_mask(libc::SIG_SETMASK, SignalSet::ALL);
    failed
}

fn exec(file: &CStr, arguments: &[*const c_char], environment: &[*const c_char]) -> i32 {
    let pointers = [
        file.as_ptr() as usize,
        arguments.as_ptr() as usize,
        environment.as_ptr() as usize,
    ];
    call(libc::SYS_execve, pointers).err().unwrap_or(0)
}

fn check<T>(step: Step, result: Result<T, i32>) -> Result<(), Failed> {
    result.map(drop).map_err(|errno| Failed {
        step,
        errno,
        candidate: 0,
    })
}

fn call(number: libc::c_long, arguments: [usize; 3]) -> Result<usize, i32> {
    let [first, second, third] = arguments;
    // SAFETY: every caller in this file passes what the call wants: numbers, or pointers to what the
    // parent keeps alive. prctl's unused arguments are zero.
    told(unsafe { libc::syscall(number, first, second, third, 0usize, 0usize) })
}

/// What a call gave: what is below zero is an error, and errno has its number.
fn told(done: libc::c_long) -> Result<usize, i32> {
    usize::try_from(done).map_err(|_| {
        // SAFETY: the C library's place for errno is always there.
        unsafe { *libc::__errno_location() }
    })
}
