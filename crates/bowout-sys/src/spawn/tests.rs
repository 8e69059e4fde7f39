//! Tests the start of programs, each by a child that looks at itself.

mod settings;

use super::*;
use crate::signals;

fn program(candidates: &[&str], arguments: &[&str]) -> Program {
    let strings = |of: &[&str]| of.iter().map(|text| CString::new(*text).unwrap()).collect();
    let environment = vec![c"A=b".into(), c"LISTEN_PID=0000000000".into()];
    Program {
        pid_entry: Some(1),
        directory: Some(c"/".into()),
        ..Program::new(strings(candidates), strings(arguments), environment)
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
