//! Reports what the process is and what it was started with.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::unistd::{getegid, geteuid, getpgrp, getpid, getppid, getsid, tcgetpgrp};

/// One line of `key=value`; a fact that can't be had (no /proc, no terminal) is `-`.
pub(crate) fn facts(own_descriptors: &BTreeSet<i32>) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .map_or_else(|| "-".to_owned(), |value| value.trim().to_owned())
    };
    let number = |value: Option<i32>| value.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let terminal = File::open("/dev/tty").ok();
    let foreground = terminal
        .as_ref()
        .and_then(|tty| tcgetpgrp(tty.as_fd()).ok())
        .map(|group| group.as_raw());
    let session = getsid(None).ok().map(|session| session.as_raw());
    let directory =
        std::env::current_dir().map_or_else(|_| "-".to_owned(), |path| path.display().to_string());
    format!(
        "facts pid={} ppid={} pgid={} sid={} uid={} gid={} blocked={} ignored={} caught={} \
         terminal={} foreground={} descriptors={} directory={directory}",
        getpid(),
        getppid(),
        getpgrp(),
        number(session),
        geteuid(),
        getegid(),
        of("SigBlk:"),
        of("SigIgn:"),
        of("SigCgt:"),
        if terminal.is_some() { "yes" } else { "no" },
        number(foreground),
        descriptors(own_descriptors, terminal.as_ref()).unwrap_or_else(|_| "-".to_owned()),
    )
}

/// The open descriptors that this program did not open itself, as `0,1,2`.
fn descriptors(own: &BTreeSet<i32>, terminal: Option<&File>) -> io::Result<String> {
    let mut open = BTreeSet::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let Ok(number) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        // The directory handle that lists the others is in the list too.
        let is_listing = fs::read_link(entry.path())
            .is_ok_and(|target| target.to_string_lossy().ends_with("/fd"));
        let is_terminal = terminal.is_some_and(|tty| tty.as_raw_fd() == number);
        if !is_listing && !is_terminal && !own.contains(&number) {
            open.insert(number);
        }
    }
    Ok(open
        .iter()
        .map(i32::to_string)
        .collect::<Vec<_>>()
        .join(","))
}
