//! Gives a test a thread of its own: descriptors, umask and forbidden system calls, without a trace in
//! the others.

use crate::checked;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs a test where umask and descriptors are nobody else's. It begins with the standard streams alone,
/// and nobody's child holds open what it has closed.
pub(crate) fn alone<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    let apart = || {
        // SAFETY: both take numbers. No descriptor is owned by anybody in this thread yet.
        let done = unsafe {
            let flag = libc::CLOSE_RANGE_UNSHARE;
            checked(libc::syscall(libc::SYS_close_range, 3, u32::MAX, flag)).unwrap();
            libc::syscall(libc::SYS_unshare, libc::CLONE_FS)
        };
        checked(done).unwrap();
        test()
    };
    std::thread::scope(|scope| scope.spawn(apart).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// As [`alone`], and this system call fails with this number, here and in children (seccomp(2)).
pub(crate) fn without<T: Send>(
    number: libc::c_long,
    errno: i32,
    test: impl FnOnce() -> T + Send,
) -> T {
    alone(|| {
        forbid(number, errno);
        test()
    })
}

fn forbid(number: libc::c_long, errno: i32) {
    let step = |code: u32, jf, k| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: 0,
        jf,
        k,
    };
    let result = libc::SECCOMP_RET_ERRNO | u32::try_from(errno).unwrap();
    let mut filter = [
        // The number of the call is at the start of `struct seccomp_data`.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            1,
            u32::try_from(number).unwrap(),
        ),
        step(libc::BPF_RET | libc::BPF_K, 0, result),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap(),
        filter: filter.as_mut_ptr(),
    };
    let prctl = |operation: i32, first: usize, second: usize| {
        // SAFETY: the filter lives through the calls, and is as long as said.
        checked(unsafe {
            libc::syscall(libc::SYS_prctl, operation, first, second, 0usize, 0usize)
        })
        .unwrap();
    };
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0);
    prctl(
        libc::PR_SET_SECCOMP,
        libc::SECCOMP_MODE_FILTER as usize,
        (&raw const program) as usize,
    );
}

/// A directory for one test, gone with it.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Directory {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bowout-sys-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Directory(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The permissions of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::symlink_metadata(path)
        .unwrap()
        .permissions()
        .mode()
        & 0o7777
}
