//! Plays the kernel: processes that fork, get signals, die, are reparented and wait to be reaped.

use super::script::{Ends, OnStop, Sched, Script};
use bowout_core::plan::ServiceId;
use bowout_core::process::{Process, State};
use bowout_core::{Instant, Pid, Signal, Status};
use std::collections::BTreeMap;

/// Who started a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Origin {
    Service(usize),
    Hook(usize),
    /// A service or a hook that has no place in the plan any more.
    Gone,
    /// Somebody outside of the namespace, or above bowout.
    Stranger,
}

/// How far a process has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Life {
    Works {
        since: Instant,
    },
    /// Its trap is to run once its children have ended.
    Deferred(Signal),
    Cleans {
        since: Instant,
    },
    /// A signal is about to end it.
    Doomed(Status),
    Zombie(Status),
}

/// One process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Proc {
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    pub(crate) script: Script,
    pub(crate) origin: Origin,
    pub(crate) life: Life,
    pub(crate) sched: Sched,
    pub(crate) pending: Option<Signal>,
}

impl Proc {
    pub(crate) fn lives(&self) -> bool {
        !matches!(self.life, Life::Zombie(_))
    }

    /// Whether it was sent SIGKILL, or ends otherwise as soon as it can.
    pub(crate) fn is_doomed(&self) -> bool {
        matches!(self.life, Life::Doomed(_) | Life::Zombie(_))
    }
}

/// All processes but bowout.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Kernel {
    pub(crate) procs: BTreeMap<i32, Proc>,
    pub(crate) own: i32,
    next: i32,
}

/// Signals that the scripts speak of; others are taken without a word.
fn is_stop(signal: Signal) -> bool {
    matches!(signal, Signal::TERM | Signal::INT | Signal::QUIT)
}

impl Kernel {
    pub(crate) fn new(own: i32) -> Kernel {
        Kernel {
            procs: BTreeMap::new(),
            own,
            next: own + 1,
        }
    }

    /// The parent of processes that others started.
    pub(crate) fn outside(&self) -> i32 {
        if self.own == 1 { 0 } else { 1 }
    }

    pub(crate) fn start(
        &mut self,
        parent: i32,
        new_session: bool,
        script: Script,
        origin: Origin,
        now: Instant,
    ) -> i32 {
        let pid = self.next;
        self.next += 1;
        let (group, session) = match self.procs.get(&parent) {
            Some(above) if !new_session => (above.group, above.session),
            _ => (pid, pid),
        };
        let proc = Proc {
            parent,
            group,
            session,
            script,
            origin,
            life: Life::Works { since: now },
            sched: script.starts,
            pending: None,
        };
        self.procs.insert(pid, proc);
        pid
    }

    pub(crate) fn fork(&mut self, pid: i32, now: Instant) {
        let parent = self.procs.get_mut(&pid).unwrap();
        parent.script.forks -= 1;
        let (script, origin) = (parent.script.child(), parent.origin);
        self.start(pid, false, script, origin, now);
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = (i32, &Proc)> {
        self.procs
            .iter()
            .filter(|(_, proc)| proc.lives())
            .map(|(pid, proc)| (*pid, proc))
    }

    pub(crate) fn has_living_children(&self, pid: i32) -> bool {
        self.living().any(|(_, proc)| proc.parent == pid)
    }

    /// Whether bowout has a child at all, zombies included.
    pub(crate) fn has_children(&self) -> bool {
        self.procs.values().any(|proc| proc.parent == self.own)
    }

    /// The next child for bowout to reap.
    pub(crate) fn zombie(&self) -> Option<(i32, Status)> {
        self.procs.iter().find_map(|(pid, proc)| match proc.life {
            Life::Zombie(status) if proc.parent == self.own => Some((*pid, status)),
            _ => None,
        })
    }

    pub(crate) fn signal(&mut self, pid: i32, signal: Signal, now: Instant) {
        let Some(proc) = self.procs.get_mut(&pid).filter(|proc| proc.lives()) else {
            return;
        };
        if signal == Signal::KILL {
            proc.life = Life::Doomed(Status::by(Signal::KILL));
            if proc.sched == Sched::Stopped {
                proc.sched = Sched::Awake;
            }
        } else if signal == Signal::CONT {
            if proc.sched == Sched::Stopped {
                self.wake(pid, now);
            }
        } else if is_stop(signal) {
            match proc.sched {
                Sched::Awake => self.act(pid, signal, now),
                Sched::Stopped | Sched::Uninterruptible => proc.pending = Some(signal),
            }
        }
    }

    /// It is stopped, or sits in its system call, no more.
    pub(crate) fn wake(&mut self, pid: i32, now: Instant) {
        let proc = self.procs.get_mut(&pid).unwrap();
        proc.sched = Sched::Awake;
        if let Some(signal) = proc.pending.take() {
            self.act(pid, signal, now);
        }
    }

    fn act(&mut self, pid: i32, signal: Signal, now: Instant) {
        let busy = self.has_living_children(pid);
        let proc = self.procs.get_mut(&pid).unwrap();
        if !matches!(proc.life, Life::Works { .. }) {
            return;
        }
        match proc.script.on_stop {
            OnStop::Dies => proc.life = Life::Doomed(Status::by(signal)),
            OnStop::Ignores => {}
            OnStop::Defers { .. } if busy => proc.life = Life::Deferred(signal),
            OnStop::Cleans | OnStop::Blocks | OnStop::Awaits | OnStop::Defers { .. } => {
                proc.life = Life::Cleans { since: now };
            }
            OnStop::Forwards => {
                proc.life = Life::Cleans { since: now };
                let below: Vec<i32> = self
                    .living()
                    .filter(|(_, child)| child.parent == pid)
                    .map(|(child, _)| child)
                    .collect();
                for child in below {
                    self.signal(child, signal, now);
                }
            }
        }
    }

    /// It ends. Its children go to whoever reaps orphans; who notices its own end is its parent.
    pub(crate) fn end(&mut self, pid: i32, status: Status, now: Instant) {
        let (parent, origin) = {
            let proc = self.procs.get_mut(&pid).unwrap();
            proc.life = Life::Zombie(status);
            (proc.parent, proc.origin)
        };
        let reaper = match origin {
            Origin::Stranger => self.outside().max(if self.own == 1 { 1 } else { 0 }),
            Origin::Service(_) | Origin::Hook(_) | Origin::Gone => self.own,
        };
        for proc in self.procs.values_mut().filter(|proc| proc.parent == pid) {
            proc.parent = reaper;
        }
        if parent == self.own {
            return;
        }
        self.procs.remove(&pid);
        if let Some(Life::Deferred(_)) = self.procs.get(&parent).map(|above| above.life)
            && !self.has_living_children(parent)
        {
            self.procs.get_mut(&parent).unwrap().life = Life::Cleans { since: now };
        }
    }

    /// From which moment on a process may end by itself; `None`: not as things are.
    pub(crate) fn may_end(&self, pid: i32, proc: &Proc) -> Option<Instant> {
        if proc.sched != Sched::Awake {
            return None;
        }
        let (ends, since) = match proc.life {
            Life::Works { since } => (proc.script.restless?, since),
            Life::Cleans { since } => (proc.script.ends, since),
            Life::Deferred(_) | Life::Doomed(_) | Life::Zombie(_) => return None,
        };
        let waits = matches!(
            proc.script.on_stop,
            OnStop::Forwards | OnStop::Defers { .. }
        );
        if waits && self.has_living_children(pid) {
            return None;
        }
        match ends {
            Ends::Freely => Some(Instant::ZERO),
            Ends::After(length) => Some(since.after(length)),
            Ends::Never => None,
        }
    }

    /// Services and hooks have other places in another plan.
    pub(crate) fn moved(&mut self, services: &[Option<usize>], hooks: &[Option<usize>]) {
        for proc in self.procs.values_mut() {
            proc.origin = match proc.origin {
                Origin::Service(old) => services[old].map_or(Origin::Gone, Origin::Service),
                Origin::Hook(old) => hooks[old].map_or(Origin::Gone, Origin::Hook),
                Origin::Gone => Origin::Gone,
                Origin::Stranger => Origin::Stranger,
            };
        }
    }

    /// What a survey sees; with `hints`, whoever looks can tell by the environment which service it was.
    pub(crate) fn snapshot(&self, hints: bool) -> Vec<Process> {
        let see = |(pid, proc): (&i32, &Proc)| {
            let mut process = Process::new(Pid::new(*pid), Pid::new(proc.parent));
            process.group = Pid::new(proc.group);
            process.session = Pid::new(proc.session);
            process.name = format!("p{pid}");
            process.service = match proc.origin {
                Origin::Service(service) if hints => Some(ServiceId(service)),
                Origin::Service(_) | Origin::Hook(_) | Origin::Gone | Origin::Stranger => None,
            };
            process.state = match (proc.life, proc.sched) {
                (Life::Zombie(_), _) => State::Zombie,
                (_, Sched::Awake) => State::Awake,
                (_, Sched::Stopped) => State::Stopped,
                (_, Sched::Uninterruptible) => State::Uninterruptible,
            };
            proc.script
                .describe(&mut process, self.has_living_children(*pid));
            process
        };
        self.procs.iter().map(see).collect()
    }
}
