//! Plays the world around the core: a kernel, a driver that obeys, and somebody outside who sends
//! signals. Every promise is watched while it plays.

mod acting;
pub(crate) mod asking;
pub(crate) mod kernel;
pub(crate) mod monitor;
pub(crate) mod script;

use asking::{Ask, Cast, Whom};
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{Plan, Sweep};
use bowout_core::{Instant, Pid, Signal, Supervisor};
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
    /// What is asked for besides, in this order, each at any moment.
    pub(crate) asks: Vec<Ask>,
    /// What each service's pidfile says, look after look; the last goes on.
    pub(crate) pidfiles: Vec<Vec<Whom>>,
    /// Plans that can come, and who plays in them.
    pub(crate) changes: Vec<(Plan, Cast)>,
    /// What the jitter of pauses begins with; zero: there is none.
    pub(crate) jitter: u64,
    /// Whether a process says of which service it is.
    pub(crate) hints: bool,
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
            asks: Vec::new(),
            pidfiles: Vec::new(),
            changes: Vec::new(),
            jitter: 0,
            hints: false,
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
    Pidfile(usize),
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
    /// It ends by itself, and well.
    Succeed(i32),
    /// A process says that its service is ready.
    Say(i32),
    Fork(i32),
    /// A process comes out of its system call.
    Wake(i32),
    /// The next signal comes from outside.
    Outside,
    /// The next thing is asked for.
    Ask,
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
    asked: usize,
    failures: usize,
    cast: Rc<Cast>,
    /// Which of the plans counts, and which was told to the core and does not count yet.
    installed: usize,
    coming: Option<usize>,
    /// How often each pidfile was read.
    reads: Vec<u8>,
    /// What was said to the core and what it answered, for whoever asks how it came to this.
    pub(crate) log: Vec<String>,
    /// Whether each answer is compared with that of a core that looks at everybody.
    pub(crate) thorough: bool,
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
        (self.outside, self.asked, self.failures).hash(state);
        (self.installed, self.coming, &self.reads).hash(state);
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
            sup: Supervisor::new(case.plan.clone(), Pid::new(own)).with_jitter(case.jitter),
            monitor: Monitor::new(&case.plan),
            kernel,
            now: Instant::ZERO,
            started: false,
            answers: Vec::new(),
            outside: 0,
            asked: 0,
            failures: 0,
            cast: Rc::new(Cast::of(&case)),
            installed: 0,
            coming: None,
            reads: vec![0; case.plan.services().len()],
            log: Vec::new(),
            thorough: true,
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
                if proc.script.either && matches!(proc.life, Life::Works { .. }) {
                    moves.push(Move::Succeed(pid));
                }
            }
            if proc.script.tells && proc.sched == Sched::Awake {
                moves.push(Move::Say(pid));
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
        if self.started && self.asked < self.case.asks.len() {
            moves.push(Move::Ask);
        }
        if self.sup.deadline().is_some() && self.started && !self.is_bound_to_move() {
            moves.push(Move::Deadline { late: false });
            if !self.case.late.is_zero() {
                moves.push(Move::Deadline { late: true });
            }
        }
        moves
    }

    /// Whether nothing can happen any more that should: it is not over, and nobody keeps it from that.
    pub(crate) fn is_stuck(&self) -> bool {
        let beyond = self.now > self.case.horizon;
        let idle = self.kernel.living().next().is_none()
            && self.monitor.seen.iter().all(|watch| watch.wanted);
        !self.sup.is_finished() && !beyond && (self.sup.is_stopping() || idle)
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
}
