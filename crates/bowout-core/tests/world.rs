//! Plays the world around the core: a kernel, a driver that obeys, and somebody outside who sends
//! signals. Every promise is watched while it plays.

pub(crate) mod kernel;
pub(crate) mod monitor;
pub(crate) mod script;

use bowout_core::action::Target;
use bowout_core::event::{Received, Sender, SpawnError, SpawnErrorKind};
use bowout_core::plan::{HookId, Plan, ServiceId, Sweep};
use bowout_core::{Action, Event, Instant, Pid, Signal, Status, Supervisor};
use kernel::{Kernel, Life, Origin};
use monitor::Monitor;
use script::{Sched, Script};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

/// One process of a tree: whose child it is, by place in the list (`None`: it was reparented to
/// bowout), and whether it has a session of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Part {
    pub(crate) parent: Option<usize>,
    pub(crate) session: bool,
    pub(crate) script: Script,
}

/// What the world is made of, and how far it may go.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Case {
    pub(crate) plan: Plan,
    /// For each service its processes; the first is the main one.
    pub(crate) trees: Vec<Vec<Part>>,
    pub(crate) hooks: Vec<Script>,
    pub(crate) strangers: Vec<Script>,
    /// What comes from outside, in this order, each at any moment.
    pub(crate) outside: Vec<Signal>,
    /// How often a program can't be started, and why.
    pub(crate) failures: Vec<SpawnErrorKind>,
    /// Whether /proc can be read.
    pub(crate) proc: bool,
    /// Whether answers can take time, and be out of date when they come.
    pub(crate) slow: bool,
    /// How late a deadline can be noticed.
    pub(crate) late: Duration,
    /// Beyond this moment nobody looks.
    pub(crate) horizon: Instant,
}

impl Case {
    pub(crate) fn new(plan: Plan, trees: Vec<Vec<Part>>) -> Case {
        Case {
            plan,
            trees,
            hooks: Vec::new(),
            strangers: Vec::new(),
            outside: vec![Signal::TERM],
            failures: Vec::new(),
            proc: true,
            slow: false,
            late: Duration::ZERO,
            horizon: Instant::from_millis(20_000),
        }
    }
}

/// What the driver has done and not told the core yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    Service(usize),
    Hook(usize),
    Survey(Option<Vec<bowout_core::process::Process>>),
    Emptied,
    Alone,
}

/// One thing that can happen next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Move {
    Start,
    /// The driver tells the core what came of an action.
    Answer(usize),
    /// A program can't be started.
    Fail(usize),
    /// bowout reaps a child.
    Reap,
    /// A signal ends a process.
    Die(i32),
    /// A process ends by itself.
    End(i32),
    Fork(i32),
    /// A process comes out of its system call.
    Wake(i32),
    /// The next signal comes from outside.
    Outside,
    /// Nothing happens until the core's deadline; it may be noticed late.
    Deadline {
        late: bool,
    },
    /// Nothing happens until this moment, which is before the core's deadline.
    Pass(Instant),
}

/// Everything there is.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) case: Rc<Case>,
    pub(crate) sup: Supervisor,
    pub(crate) kernel: Kernel,
    pub(crate) now: Instant,
    pub(crate) monitor: Monitor,
    started: bool,
    answers: Vec<Answer>,
    outside: usize,
    failures: usize,
    /// What was said to the core and what it answered, for whoever asks how it came to this.
    pub(crate) log: Vec<String>,
    pub(crate) logs: bool,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sup.hash(state);
        self.kernel.hash(state);
        self.now.hash(state);
        self.monitor.hash(state);
        self.started.hash(state);
        self.answers.hash(state);
        (self.outside, self.failures).hash(state);
    }
}

impl World {
    pub(crate) fn new(case: Rc<Case>) -> World {
        let own = match case.plan.stop().sweep {
            Sweep::Namespace => 1,
            Sweep::Descendants => 50,
        };
        let mut kernel = Kernel::new(own);
        for script in &case.strangers {
            kernel.start(
                kernel.outside(),
                true,
                *script,
                Origin::Stranger,
                Instant::ZERO,
            );
        }
        World {
            sup: Supervisor::new(case.plan.clone(), Pid::new(own)),
            monitor: Monitor::new(&case.plan),
            kernel,
            now: Instant::ZERO,
            started: false,
            answers: Vec::new(),
            outside: 0,
            failures: 0,
            log: Vec::new(),
            logs: false,
            case,
        }
    }

    /// What can happen next. Time passes only when nothing is bound to happen before.
    pub(crate) fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        if self.sup.is_finished() || self.now > self.case.horizon {
            return moves;
        }
        if !self.started {
            moves.push(Move::Start);
        }
        for (index, answer) in self.answers.iter().enumerate() {
            moves.push(Move::Answer(index));
            if matches!(answer, Answer::Service(_) | Answer::Hook(_))
                && self.failures < self.case.failures.len()
            {
                moves.push(Move::Fail(index));
            }
        }
        if self.kernel.zombie().is_some() {
            moves.push(Move::Reap);
        }
        for (pid, proc) in self.kernel.living() {
            if matches!(proc.life, Life::Doomed(_)) && proc.sched == Sched::Awake {
                moves.push(Move::Die(pid));
            }
            if self
                .kernel
                .may_end(pid, proc)
                .is_some_and(|at| at <= self.now)
            {
                moves.push(Move::End(pid));
            }
            if proc.script.forks > 0 && proc.sched == Sched::Awake {
                moves.push(Move::Fork(pid));
            }
            if proc.sched == Sched::Uninterruptible {
                moves.push(Move::Wake(pid));
            }
        }
        if self.outside < self.case.outside.len() {
            moves.push(Move::Outside);
        }
        if self.sup.deadline().is_some() && self.started && !self.is_bound_to_move() {
            moves.push(Move::Deadline { late: false });
            if !self.case.late.is_zero() {
                moves.push(Move::Deadline { late: true });
            }
        }
        moves
    }

    /// Whether something happens at this very moment, whatever else does.
    pub(crate) fn is_bound_to_move(&self) -> bool {
        let urgent = |answer: &Answer| {
            !self.case.slow || !matches!(answer, Answer::Survey(_) | Answer::Service(_))
        };
        let doomed = |proc: &kernel::Proc| {
            matches!(proc.life, Life::Doomed(_)) && proc.sched == Sched::Awake
        };
        self.answers.iter().any(urgent)
            || self.kernel.zombie().is_some()
            || self.kernel.living().any(|(_, proc)| doomed(proc))
    }

    pub(crate) fn apply(&mut self, step: Move) {
        match step {
            Move::Start => {
                self.started = true;
                self.tell(Event::Started);
            }
            Move::Answer(index) => {
                let answer = self.answers.remove(index);
                self.answer(answer);
            }
            Move::Fail(index) => {
                let kind = self.case.failures[self.failures];
                self.failures += 1;
                let error = SpawnError { kind, errno: 11 };
                match self.answers.remove(index) {
                    Answer::Service(service) => self.tell(Event::SpawnFailed {
                        service: ServiceId(service),
                        error,
                    }),
                    Answer::Hook(hook) => self.tell(Event::HookSpawnFailed {
                        hook: HookId(hook),
                        error,
                    }),
                    Answer::Survey(_) | Answer::Emptied | Answer::Alone => {}
                }
            }
            Move::Reap => {
                let (pid, status) = self.kernel.zombie().unwrap();
                self.kernel.procs.remove(&pid);
                self.monitor.reaped(pid, status);
                if !self.kernel.has_children() {
                    self.answers.push(Answer::Alone);
                }
                self.tell(Event::Exited {
                    pid: Pid::new(pid),
                    status,
                });
            }
            Move::Die(pid) => {
                let Life::Doomed(status) = self.kernel.procs[&pid].life else {
                    unreachable!()
                };
                self.ended(pid, status);
            }
            Move::End(pid) => {
                let cleaned = matches!(self.kernel.procs[&pid].life, Life::Cleans { .. });
                self.ended(pid, Status::Exited(if cleaned { 0 } else { 7 }));
            }
            Move::Fork(pid) => self.kernel.fork(pid, self.now),
            Move::Wake(pid) => self.kernel.wake(pid, self.now),
            Move::Outside => {
                let signal = self.case.outside[self.outside];
                self.outside += 1;
                let sender = Sender {
                    pid: Pid::OUTSIDE,
                    uid: 0,
                };
                self.tell(Event::SignalReceived(Received {
                    signal,
                    sender,
                    value: Some(7),
                }));
            }
            Move::Deadline { late } => {
                let at = self.sup.deadline().unwrap();
                Monitor::time_passes(self, at);
                self.now = self.now.max(at);
                if late {
                    self.now = self.now.after(self.case.late);
                }
                self.tell(Event::DeadlineReached);
            }
            Move::Pass(at) => {
                Monitor::time_passes(self, at);
                self.now = at;
            }
        }
        if self.started && self.answers.is_empty() && !self.is_bound_to_move() {
            Monitor::at_rest(self);
        }
    }

    fn ended(&mut self, pid: i32, status: Status) {
        let children: Vec<i32> = self
            .kernel
            .living()
            .filter(|(_, child)| child.parent == pid)
            .map(|(child, _)| child)
            .collect();
        let (proc, own) = (&self.kernel.procs[&pid], self.kernel.own);
        self.monitor.ended(pid, proc, own, &children, self.now);
        self.kernel.end(pid, status, self.now);
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Service(service) => {
                let mut pids: Vec<i32> = Vec::new();
                for part in &self.case.clone().trees[service] {
                    let parent = part.parent.map_or(self.kernel.own, |index| pids[index]);
                    let session = part.session || pids.is_empty();
                    pids.push(self.kernel.start(
                        parent,
                        session,
                        part.script,
                        Origin::Service(service),
                        self.now,
                    ));
                }
                self.monitor.spawned(service, pids[0]);
                self.tell(Event::Spawned {
                    service: ServiceId(service),
                    pid: Pid::new(pids[0]),
                });
            }
            Answer::Hook(hook) => {
                let script = self.case.hooks[hook];
                let pid =
                    self.kernel
                        .start(self.kernel.own, true, script, Origin::Hook(hook), self.now);
                self.monitor.hook_runs(hook, pid);
                self.tell(Event::HookSpawned {
                    hook: HookId(hook),
                    pid: Pid::new(pid),
                });
            }
            Answer::Survey(snapshot) => {
                let snapshot = match self.case.slow {
                    true => snapshot,
                    false => self.case.proc.then(|| self.kernel.snapshot()),
                };
                self.tell(Event::Surveyed(snapshot));
            }
            Answer::Emptied => self.tell(Event::NamespaceEmptied),
            // The driver finds out by asking, so it is true when it is said.
            Answer::Alone if self.kernel.has_children() => {}
            Answer::Alone => self.tell(Event::ChildrenGone),
        }
    }

    /// Tells the core, has its promises checked, and obeys.
    fn tell(&mut self, event: Event) {
        let before = self.monitor.needs_before(&event).then(|| self.sup.clone());
        let actions = self.sup.handle(self.now, event.clone());
        if self.logs {
            let said = match &event {
                Event::Surveyed(Some(seen)) => {
                    let seen: Vec<i32> = seen.iter().map(|process| process.pid.get()).collect();
                    format!("Surveyed {seen:?}")
                }
                _ => format!("{event:?}"),
            };
            self.log.push(format!("{said} → {actions:?}"));
        }
        Monitor::handled(self, before.as_ref(), &event, &actions);
        for action in actions {
            self.perform(&action);
        }
        if self
            .answers
            .iter()
            .filter(|answer| matches!(answer, Answer::Survey(_)))
            .count()
            > 1
        {
            self.monitor.broken("two surveys are under way");
        }
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn { service } => self.answers.push(Answer::Service(service.0)),
            Action::RunHook { hook, .. } => self.answers.push(Answer::Hook(hook.0)),
            Action::Survey { .. } => {
                let snapshot = (self.case.slow && self.case.proc).then(|| self.kernel.snapshot());
                self.answers.push(Answer::Survey(snapshot));
            }
            Action::Signal { target, signal, .. } | Action::Forward { target, signal, .. } => {
                if *signal == Signal::KILL {
                    self.monitor.kills(self.reached(*target), self.now);
                }
                for pid in self.reached(*target) {
                    self.kernel.signal(pid, *signal, self.now);
                }
                if *target == Target::Namespace
                    && self.kernel.procs.is_empty()
                    && !self.answers.contains(&Answer::Emptied)
                {
                    self.answers.push(Answer::Emptied);
                }
            }
            Action::Suspend
            | Action::Tell(_)
            | Action::ReadPidfile { .. }
            | Action::Extended { .. }
            | Action::ReadConfig
            | Action::Install
            | Action::Finish { .. } => {}
        }
    }

    /// The living processes that a signal reaches.
    pub(crate) fn reached(&self, target: Target) -> Vec<i32> {
        let reaches = |pid: i32, proc: &kernel::Proc| match target {
            Target::Process(one) => pid == one.get(),
            Target::Group(group) => proc.group == group.get(),
            Target::Namespace => true,
        };
        self.kernel
            .living()
            .filter(|(pid, proc)| reaches(*pid, proc))
            .map(|(pid, _)| pid)
            .collect()
    }
}
