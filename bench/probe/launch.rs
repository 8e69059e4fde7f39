//! Becomes the init: the last thing before its exec is a stamp, so that no cost of the harness is counted.

use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::mount::{MountFlags, mount};
use rustix::process::{Signal, set_parent_process_death_signal};

/// Execs what follows; returns only with the reason why it could not.
///
/// With `pid1` first, mounts a /proc of the new PID namespace, as every container engine does. With `quiet` next, what
/// follows writes to where our standard error goes: nobody reads what a manager of services says, and a full pipe would stop it.
pub(crate) fn run(args: &[String]) -> String {
    let command = match args.split_first() {
        Some((first, rest)) if first == "pid1" => {
            let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
            if let Err(error) = mount("proc", "/proc", "proc", flags, None) {
                return format!("cannot mount /proc: {error}");
            }
            rest
        }
        _ => args,
    };
    let (quiet, command) = match command.split_first() {
        Some((first, rest)) if first == "quiet" => (true, rest),
        _ => (false, command),
    };
    let Some((program, rest)) = command.split_first() else {
        return "nothing to exec".into();
    };
    // An init that hangs is ended by ending the stage.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return format!("cannot set the parent death signal: {error}");
    }
    let mut init = Command::new(program);
    init.args(rest);
    let stamp = crate::now().to_le_bytes();
    if let Err(error) = rustix::io::write(rustix::stdio::stdout(), &stamp) {
        return format!("cannot write the stamp: {error}");
    }
    if quiet && let Err(error) = rustix::stdio::dup2_stdout(rustix::stdio::stderr()) {
        return format!("cannot turn the output away: {error}");
    }
    format!("cannot exec {program}: {}", init.exec())
}
