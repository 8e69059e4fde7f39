//! Reads the facts about processes that the harness needs from /proc.

use std::fs;
use std::time::Instant;

use crate::watchdog;

/// A process of the harness's own PID namespace.
pub type Pid = u32;

/// The state letter of a process; `None` when it is gone.
#[must_use]
pub fn state(pid: Pid) -> Option<char> {
    after_name(pid)?.chars().next()
}

/// The name of a process, as the kernel has it from the file it runs.
#[must_use]
pub fn name(pid: Pid) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// The parent of a process.
#[must_use]
pub fn parent(pid: Pid) -> Option<Pid> {
    after_name(pid)?.split(' ').nth(1)?.parse().ok()
}

/// Every process below `pid`, itself first.
#[must_use]
pub fn descendants(pid: Pid) -> Vec<Pid> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        found.extend(
            children
                .split_whitespace()
                .filter_map(|child| child.parse::<Pid>().ok()),
        );
        next += 1;
    }
    found
}

/// The pid that a process has in its own PID namespace.
#[must_use]
pub fn inner_pid(pid: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

/// The working directory of a process.
#[must_use]
pub fn cwd(pid: Pid) -> String {
    fs::read_link(format!("/proc/{pid}/cwd"))
        .map(|path| path.display().to_string())
        .unwrap_or_default()
}

/// Whether a process has done something about a signal: blocked it, set a handler, or waits for
/// signals in sigtimedwait(2), during which the kernel shows those it waits for as not blocked.
#[must_use]
pub fn attends(pid: Pid, signal: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let masks = status.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let counts = name == "SigBlk" || name == "SigCgt";
        counts
            .then(|| u64::from_str_radix(value.trim(), 16).ok())
            .flatten()
    });
    let waits = fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
    masks.fold(0, |all, mask| all | mask) >> (signal - 1) & 1 == 1 || waits.contains("sigtimedwait")
}

/// Waits until `reached` is true. The kernel tells nobody but a parent that a process has stopped
/// or is gone, so this asks again and again, and gives way in between.
///
/// # Panics
/// When the watchdog bites.
pub fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < watchdog(), "never came: {what}");
        std::thread::yield_now();
    }
}

/// What follows the name in /proc/PID/stat: the name may hold anything, blanks and brackets too.
fn after_name(pid: Pid) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(") ")?.1.to_owned())
}
