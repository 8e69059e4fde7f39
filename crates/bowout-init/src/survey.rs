//! Looks at every process in sight, and closer at those where it matters.

use bowout_core::order::{Set, gathered};
use bowout_core::plan::ServiceId;
use bowout_core::process::{Process, State};
use bowout_core::{Pid, SignalSet, Supervisor};
use bowout_sys::proc::{Call, Proc};

/// The variable that every service has: its name.
pub(crate) const SERVICE: &str = "BOWOUT_SERVICE";

/// Every process but bowout: all of its PID namespace when it is the init of one, else those below it.
/// `None` where /proc can't be read. With services, `core` knows whose most are.
#[inline(never)]
pub(crate) fn take(
    own: Pid,
    is_init: bool,
    signals: SignalSet,
    core: Option<&Supervisor>,
) -> Option<Vec<Process>> {
    let mut proc = Proc::open().ok()?;
    let mut processes = Vec::new();
    for pid in proc.pids().ok()? {
        if pid == own {
            continue;
        }
        // One that is gone by now, or that may not be looked at, has no part in what follows.
        let Ok(Some(facts)) = proc.status(pid) else {
            continue;
        };
        let mut process = Process::new(pid, facts.parent);
        process.name = facts.name;
        process.group = facts.group;
        process.session = facts.session;
        process.state = facts.state;
        process.caught = facts.caught;
        process.ignored = facts.ignored;
        process.blocked = facts.blocked;
        processes.push(process);
    }
    if !is_init {
        keep_descendants(&mut processes, own);
    }
    let parents: Set<Pid> = gathered(processes.iter().map(|process| process.parent));
    for process in &mut processes {
        look_closer(&mut proc, process, signals, parents.contains(&process.pid));
        if let Some(core) = core.filter(|_| process.parent == own) {
            process.service = whose(&proc, process, core);
        }
    }
    Some(processes)
}

/// Daemons leave their sessions, but keep the environment that they were started with.
fn whose(proc: &Proc, process: &Process, core: &Supervisor) -> Option<ServiceId> {
    let known = |pid: Pid| core.led_by(pid).is_some();
    if process.state == State::Zombie || known(process.pid) || known(process.session) {
        return None;
    }
    core.plan()
        .find(&proc.environment_entry(process.pid, SERVICE)?)
}

/// A closer look costs as much as the first, so it is taken only where it can change what is done: at
/// those who seem to have made no arrangement, and at those with a handler and children.
fn look_closer(proc: &mut Proc, process: &mut Process, signals: SignalSet, is_parent: bool) {
    let arranged = |signal| {
        process.caught.contains(signal)
            || process.blocked.contains(signal)
            || process.ignored.contains(signal)
    };
    let unarranged = !signals.iter().all(arranged);
    let caught = signals.iter().any(|signal| process.caught.contains(signal));
    if process.state == State::Zombie || !(unarranged || caught) {
        return;
    }
    if unarranged && let Some(Call::WaitForSignal(set)) = proc.call(process.pid) {
        process.awaited = set;
    }
    if caught && is_parent {
        process.program = proc.program(process.pid);
        process.waits_for_child = proc.call(process.pid) == Some(Call::WaitForChild);
    }
}

fn keep_descendants(processes: &mut Vec<Process>, own: Pid) {
    let mut below = Set::from([own]);
    // Children mostly have higher numbers than their parents, so this is seldom done more than twice.
    loop {
        let before = below.len();
        for process in processes.iter() {
            if below.contains(&process.parent) {
                below.insert(process.pid);
            }
        }
        if below.len() == before {
            break;
        }
    }
    processes.retain(|process| below.contains(&process.pid));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_left_out() {
        let pid = Pid::new;
        let mut processes: Vec<Process> = [(9, 7), (7, 5), (8, 1), (4, 9)]
            .map(|(own, parent)| Process::new(pid(own), pid(parent)))
            .into();
        keep_descendants(&mut processes, pid(5));
        let kept: Vec<i32> = processes.iter().map(|process| process.pid.get()).collect();
        assert_eq!(kept, [9, 7, 4]);
    }
}
