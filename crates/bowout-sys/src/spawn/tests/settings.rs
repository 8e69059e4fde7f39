//! Tests what a program is given before its exec.

use super::{program, run};
use crate::sandbox::{self, Directory};
use crate::spawn::{Credentials, Failed, Limit, Program, Resource, Step, Stream};
use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A shell that looks at itself: it ends with 0 if all that is asked for is so.
fn shell(check: &str) -> Program {
    program(&["/bin/sh"], &["sh", "-c", check])
}

/// Asserts that the shell found all as it should be.
fn holds(program: Program) {
    let check = program.arguments[2].to_string_lossy().into_owned();
    assert_eq!(run(program), Ok(0), "{check}");
}

fn failed(step: Step, errno: i32) -> Result<i32, Failed> {
    Err(Failed {
        step,
        errno,
        candidate: 0,
    })
}

fn limit(name: &str, soft: Option<u64>, hard: Option<u64>) -> Limit {
    let resource = Resource::from_name(name).unwrap();
    Limit {
        resource,
        soft,
        hard,
    }
}

#[test]
fn what_is_not_asked_for_is_as_with_the_caller() {
    let own = |file: &str| std::fs::read_to_string(file).unwrap();
    let limits = own("/proc/self/limits");
    let mut same = shell("cat /proc/self/limits > limits");
    let directory = Directory::new();
    same.directory = Some(string(&directory.path("")));
    assert_eq!(run(same), Ok(0));
    assert_eq!(own(directory.path("limits").to_str().unwrap()), limits);
    sandbox::alone(|| {
        // Neither closed nor opened: the three streams and what this test gave.
        let kept = File::open("/dev/null").unwrap();
        rustix::io::fcntl_setfd(&kept, rustix::io::FdFlags::empty()).unwrap();
        assert_eq!(kept.as_raw_fd(), 3);
        holds(shell("test -e /proc/$$/fd/3 && ! test -e /proc/$$/fd/4"));
    });
}

#[test]
fn umask_priority_score_and_privileges_are_set() {
    let own_score = || std::fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    let before = own_score();
    let mut set = shell(
        "test $(umask) = 0027 && test $(nice) = 7 && test $(cat /proc/self/oom_score_adj) = 987 \
         && grep -q '^NoNewPrivs:.1$' /proc/self/status",
    );
    set.umask = Some(0o027);
    set.nice = Some(7);
    set.oom_score_adj = Some(987);
    set.no_new_privs = true;
    holds(set);
    assert_eq!(own_score(), before, "the caller shares its memory only");
}

#[test]
fn limits_are_set_both_of_them() {
    let mut limited = shell(
        "test $(ulimit -Sn) = 100 && test $(ulimit -Hn) = 200 && test $(ulimit -Sc) = 0 \
         && test $(ulimit -Hc) = 0 && test $(ulimit -St) = 3600",
    );
    limited.limits = vec![
        limit("nofile", Some(100), Some(200)),
        limit("core", Some(0), Some(0)),
        limit("cpu", Some(3600), None),
    ];
    // What is unlimited here may stay so; anything else would want privileges.
    if !std::fs::read_to_string("/proc/self/limits")
        .unwrap()
        .lines()
        .any(|line| line.starts_with("Max cpu time") && line.matches("unlimited").count() == 2)
    {
        limited.limits[2].hard = Some(3600);
    }
    holds(limited);
}

#[test]
fn each_failure_names_its_step() {
    let mut wrong = shell("exit 0");
    let nofile = Resource::from_name("nofile").unwrap();
    wrong.limits = vec![
        limit("core", Some(0), Some(0)),
        limit("nofile", Some(200), Some(100)),
    ];
    assert_eq!(run(wrong), failed(Step::Limit(nofile), libc::EINVAL));
    let mut wrong = shell("exit 0");
    wrong.oom_score_adj = Some(1001);
    assert_eq!(run(wrong), failed(Step::OomScore, libc::EINVAL));
    for (call, step) in [
        (libc::SYS_setpriority, Step::Priority),
        (libc::SYS_prctl, Step::Privileges),
        (libc::SYS_dup3, Step::Streams),
    ] {
        let mut denied = shell("exit 0");
        denied.nice = Some(1);
        denied.no_new_privs = true;
        denied.streams[1] = Stream::Descriptor(2);
        let result = sandbox::without(call, libc::EACCES, || run(denied));
        assert_eq!(result, failed(step, libc::EACCES));
    }
}

#[test]
fn what_needs_privileges_comes_before_they_are_given_up() {
    if !rustix::process::geteuid().is_root() {
        let set = |name: &str, value: &str| std::env::var(name).is_ok_and(|given| given == value);
        assert!(
            !set("CI", "true") && !set("BOWOUT_NO_SKIP", "1"),
            "a skip is a failure here: only root can become another user"
        );
        eprintln!("SKIP only root can become another user");
        return;
    }
    let mut other = shell(
        "test $(id -u) = 65534 && test $(nice) = -3 && test $(ulimit -Hn) = 123 \
         && grep -q '^NoNewPrivs:.1$' /proc/self/status",
    );
    other.credentials = Some(Credentials {
        uid: 65534,
        gid: 65534,
        groups: Vec::new(),
    });
    other.nice = Some(-3);
    other.limits = vec![limit("nofile", Some(123), Some(123))];
    other.no_new_privs = true;
    holds(other);
}

#[test]
fn the_own_program_can_be_started_again() {
    let mut files = crate::identity::own_program();
    for _ in 0..2 {
        let arguments = vec![c"again".into(), c"--list".into()];
        let mut again = Program::new(files.clone(), arguments, Vec::new());
        again.directory = Some(c"/".into());
        again.streams = [Stream::Null; 3];
        assert_eq!(run(again), Ok(0), "{files:?}");
        files.remove(0);
    }
}

fn string(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// Files of these names, each at its number and open only here.
fn at_numbers(directory: &Directory, numbers: &[(&str, RawFd)]) {
    for (name, number) in numbers {
        let file = File::create(directory.path(name)).unwrap();
        if file.as_raw_fd() == *number {
            // It stays open until the thread ends, as the others do.
            _ = file.into_raw_fd();
            continue;
        }
        // SAFETY: takes numbers; the descriptor belongs to nobody, and goes with the thread.
        let done =
            unsafe { libc::syscall(libc::SYS_dup3, file.as_raw_fd(), *number, libc::O_CLOEXEC) };
        assert_eq!(done, i64::from(*number));
    }
}

/// A program that asserts which file is at which number, and that nothing is at some.
fn sees(directory: &Directory, files: &[(&str, RawFd)], nothing: &[RawFd]) -> Program {
    let mut check = "true".to_owned();
    for (name, number) in files {
        let path = match *name {
            "null" => "/dev/null".into(),
            name => directory.path(name),
        };
        check += &format!(
            " && test $(readlink /proc/$$/fd/{number}) = {}",
            path.display()
        );
    }
    for number in nothing {
        check += &format!(" && ! test -e /proc/$$/fd/{number}");
    }
    shell(&check)
}

#[test]
fn descriptors_get_their_numbers_however_these_overlap() {
    sandbox::alone(|| {
        let directory = Directory::new();
        let names = [("a", 20), ("b", 21), ("c", 22), ("d", 23)];
        at_numbers(&directory, &names);
        // A circle, one that stays, one that goes to two places.
        let after = [
            ("a", 21),
            ("b", 22),
            ("c", 20),
            ("d", 23),
            ("a", 24),
            ("a", 1),
            ("c", 0),
        ];
        let mut moved = sees(&directory, &after, &[19, 25, 26, 27]);
        moved.descriptors = vec![(20, 21), (21, 22), (22, 20), (23, 23), (20, 24)];
        moved.streams = [Stream::Descriptor(22), Stream::Descriptor(20), Stream::Keep];
        holds(moved);
        // One that makes room for another, and goes to the highest place.
        let mut moved = sees(&directory, &[("b", 20), ("a", 25)], &[24, 26]);
        moved.descriptors = vec![(20, 25), (21, 20)];
        holds(moved);
        // Streams that come from each other's places, and from the place of another.
        at_numbers(&directory, &[("one", 0), ("two", 1)]);
        let after = [("two", 0), ("null", 1), ("one", 3), ("two", 4)];
        let mut moved = sees(&directory, &after, &[5, 6]);
        moved.descriptors = vec![(0, 3), (1, 4)];
        moved.streams = [Stream::Descriptor(1), Stream::Null, Stream::Keep];
        moved.close_above = Some(2);
        holds(moved);
    });
}

#[test]
fn streams_that_are_closed_here_can_still_be_given() {
    sandbox::alone(|| {
        let directory = Directory::new();
        let null = [("null", 0), ("null", 1), ("null", 2)];
        let mut silent = sees(&directory, &null, &[3, 4, 5]);
        silent.streams = [Stream::Null; 3];
        holds(silent);
        at_numbers(&directory, &[("a", 20)]);
        // SAFETY: takes numbers; nobody in this thread owns these.
        unsafe { libc::syscall(libc::SYS_close_range, 0, 2, 0) };
        let mut null = sees(&directory, &[("null", 0), ("null", 1), ("a", 3)], &[4]);
        null.streams = [Stream::Null; 3];
        null.descriptors = vec![(20, 3)];
        holds(null);
        let mut null = sees(&directory, &[("a", 0), ("null", 1)], &[3]);
        null.streams = [Stream::Descriptor(20), Stream::Null, Stream::Keep];
        holds(null);
    });
}

#[test]
fn what_is_not_open_is_a_failure_to_set_up() {
    sandbox::alone(|| {
        for fd in [-1, 77] {
            let mut wrong = shell("exit 0");
            wrong.streams[1] = Stream::Descriptor(fd);
            assert_eq!(run(wrong), failed(Step::Streams, libc::EBADF));
            let mut wrong = shell("exit 0");
            wrong.descriptors = vec![(fd, 5)];
            assert_eq!(run(wrong), failed(Step::Streams, libc::EBADF));
        }
        let mut wrong = shell("exit 0");
        wrong.descriptors = vec![(1, -1)];
        assert_eq!(run(wrong), failed(Step::Streams, libc::EBADF));
    });
}

/// Closes what the child shall not have: by ranges, or by what there is in their place.
fn others_are_closed() {
    let directory = Directory::new();
    let names = [
        ("a", 3),
        ("b", 4),
        ("c", 5),
        ("d", 9),
        ("e", 40),
        ("f", 200),
    ];
    at_numbers(&directory, &names);
    for (_, number) in names {
        // SAFETY: takes numbers. From here on an exec passes it on, as what was inherited is.
        unsafe { libc::syscall(libc::SYS_fcntl, number, libc::F_SETFD, 0) };
    }
    // All of them came through where nothing is closed.
    holds(sees(&directory, &names, &[]));
    let kept = [("a", 3), ("b", 4), ("e", 7), ("f", 200)];
    let mut closed = sees(&directory, &kept, &[5, 6, 8, 9, 40, 41, 199, 201]);
    closed.descriptors = vec![(200, 200), (40, 7)];
    closed.close_above = Some(4);
    holds(closed);
    let mut closed = sees(&directory, &[("d", 1)], &[3, 4, 5, 9, 40, 200]);
    closed.streams = [Stream::Keep, Stream::Descriptor(9), Stream::Null];
    closed.close_above = Some(2);
    holds(closed);
}

#[test]
fn no_other_descriptor_gets_through() {
    sandbox::alone(others_are_closed);
}

#[test]
fn no_other_descriptor_gets_through_where_no_range_can_be_closed() {
    for errno in [libc::ENOSYS, libc::EPERM] {
        sandbox::without(libc::SYS_close_range, errno, others_are_closed);
    }
}
