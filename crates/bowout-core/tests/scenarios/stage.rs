//! A stage in virtual time: services, hooks and processes do what the story says, and all is written down.

mod seen;

use bowout_core::action::Target;
use bowout_core::event::{Command, Notice, Received, Sender, SpawnError, SpawnErrorKind};
use bowout_core::plan::{
    Condition, Dependency, Draft, Hook, HookId, HookMoment, Plan, Service, ServiceId, ServiceMoment,
};
use bowout_core::process::Process;
use bowout_core::{Action, Event, Instant, Pid, Signal, SignalSet, Status, Supervisor};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Services, in ten seconds.
pub(crate) fn plan(services: Vec<Service>) -> Draft {
    let mut draft = Draft::single(Service::new("none"));
    draft.services = services;
    draft.is_command = false;
    draft.stop.grace = Some(ms(10_000));
    draft
}

pub(crate) fn service(name: &str, set: impl FnOnce(&mut Service)) -> Service {
    let mut service = Service::new(name);
    set(&mut service);
    service
}

pub(crate) fn needs(on: usize, condition: Condition) -> Dependency {
    let on = ServiceId(on);
    Dependency { on, condition }
}

/// A hook of a service.
pub(crate) fn hook(
    name: &str,
    of: usize,
    moment: ServiceMoment,
    timeout: Option<Duration>,
) -> Hook {
    Hook {
        name: name.into(),
        moment: HookMoment::Of(ServiceId(of), moment),
        timeout,
    }
}

/// What a process does with a stop signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Temper {
    /// It dies of it.
    Dies,
    /// It cleans up for so long, and exits with 0.
    Cleans(u64),
    Ignores,
    /// It sits in a system call that not even SIGKILL ends.
    Stuck,
}

/// What a hook does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    /// It exits after so long with this code.
    Exits(u64, u8),
    Hangs,
    CanNotStart,
    /// There is no process to spare for it.
    Starves,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    Service(usize),
    Hook(usize),
}

/// The world, as far as a story needs one.
pub(crate) struct Stage {
    pub(crate) sup: Supervisor,
    now: u64,
    /// What the core had done, and when.
    done: Vec<(u64, Action)>,
    living: BTreeMap<i32, (Process, Temper)>,
    /// Of every process there ever was.
    owners: BTreeMap<i32, Whose>,
    ends: Vec<(u64, i32)>,
    /// What a process will do by itself.
    due: Vec<(u64, i32, Status)>,
    events: VecDeque<Event>,
    tempers: BTreeMap<String, Temper>,
    hooks: BTreeMap<String, Does>,
    /// Services and hooks whose exec takes until the story says so.
    pub(crate) slow: Vec<String>,
    /// Services whose program can't be started.
    pub(crate) broken: BTreeMap<String, SpawnErrorKind>,
    /// What pidfiles say.
    pub(crate) pidfiles: BTreeMap<String, i32>,
    /// Whether /proc can be read.
    pub(crate) proc: bool,
    /// Whether the environment of a process that got away can't be read.
    pub(crate) nameless: bool,
    /// Whether a look at all processes takes until the story says so.
    pub(crate) slow_look: bool,
}

impl Stage {
    /// Everything is set, and nothing has begun.
    pub(crate) fn new(draft: Draft) -> Stage {
        Stage {
            sup: Supervisor::new(Plan::new(draft).unwrap(), Pid::INIT),
            now: 0,
            done: Vec::new(),
            living: BTreeMap::new(),
            owners: BTreeMap::new(),
            ends: Vec::new(),
            due: Vec::new(),
            events: VecDeque::new(),
            tempers: BTreeMap::new(),
            hooks: BTreeMap::new(),
            slow: Vec::new(),
            broken: BTreeMap::new(),
            pidfiles: BTreeMap::new(),
            proc: true,
            nameless: false,
            slow_look: false,
        }
    }

    /// bowout is up.
    pub(crate) fn started(draft: Draft) -> Stage {
        let mut stage = Stage::new(draft);
        stage.tell(Event::Started);
        stage
    }

    pub(crate) fn temper(&mut self, service: &str, temper: Temper) {
        self.tempers.insert(service.to_owned(), temper);
        let its = Whose::Service(self.id(service).0);
        let mut pids: Vec<i32> = self.living.keys().copied().collect();
        pids.retain(|pid| self.owners[pid] == its);
        for pid in pids {
            self.temper_of(pid, temper);
        }
    }

    /// The temper of one process, from now on.
    pub(crate) fn temper_of(&mut self, pid: i32, temper: Temper) {
        let (process, own) = self.living.get_mut(&pid).unwrap();
        describe(process, temper);
        *own = temper;
    }

    /// The temper of a hook's processes, from now on.
    pub(crate) fn temper_of_hook(&mut self, name: &str, temper: Temper) {
        self.tempers.insert(name.to_owned(), temper);
        let its = |(pid, (process, _)): (&i32, &(Process, Temper))| {
            let is_hook = matches!(self.owners[pid], Whose::Hook(_));
            (is_hook && process.name == name).then_some(*pid)
        };
        let pids: Vec<i32> = self.living.iter().filter_map(its).collect();
        for pid in pids {
            self.temper_of(pid, temper);
        }
    }

    pub(crate) fn hook(&mut self, name: &str, does: Does) {
        self.hooks.insert(name.to_owned(), does);
    }

    pub(crate) fn id(&self, service: &str) -> ServiceId {
        self.sup.plan().find(service).unwrap()
    }

    /// Something happens now, and all that follows from it at once.
    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
        self.follow();
    }

    fn follow(&mut self) {
        let mut steps = 0;
        while let Some(event) = self.events.pop_front() {
            steps += 1;
            assert!(steps < 10_000, "it goes round in a circle");
            let now = Instant::from_millis(self.now);
            let mut thorough = self.sup.clone();
            thorough.look_at_all();
            let answer = thorough.handle(now, event.clone());
            let actions = self.sup.handle(now, event);
            assert_eq!(answer, actions, "somebody is left out");
            assert!(thorough == self.sup, "somebody is left out");
            for action in actions {
                self.perform(&action);
                self.done.push((self.now, action));
            }
        }
    }

    /// Time passes until this moment.
    pub(crate) fn at(&mut self, until: u64) {
        let mut steps = 0;
        loop {
            let nanos = self.sup.deadline().map(Instant::as_nanos);
            let deadline = nanos.map(|nanos| nanos.div_ceil(1_000_000).max(self.now));
            let end = self.due.iter().map(|(at, ..)| *at).min();
            let Some(next) = deadline.into_iter().chain(end).min() else {
                break;
            };
            if next > until {
                break;
            }
            steps += 1;
            assert!(steps < 10_000, "a busy loop at {} ms", self.now);
            self.now = next;
            match self.due.iter().position(|(at, ..)| *at == next) {
                Some(place) if end == Some(next) => {
                    let (_, pid, status) = self.due.remove(place);
                    self.ends_by_itself(pid, status);
                }
                _ => self.tell(Event::DeadlineReached),
            }
        }
        self.now = until;
    }

    /// Time passes until this moment, and bowout comes late to what is due.
    pub(crate) fn late(&mut self, until: u64) {
        self.now = until;
    }

    pub(crate) fn command(&mut self, command: fn(ServiceId) -> Command, service: &str) {
        let command = command(self.id(service));
        self.tell(Event::Commanded(command));
    }

    pub(crate) fn notify(&mut self, service: &str, notice: Notice) {
        let service = self.id(service);
        self.tell(Event::Notified { service, notice });
    }

    pub(crate) fn signal(&mut self, signal: Signal) {
        let sender = Sender {
            pid: Pid::OUTSIDE,
            uid: 0,
        };
        self.tell(Event::SignalReceived(Received {
            signal,
            sender,
            value: None,
        }));
    }

    /// The main process of a service exits by itself.
    pub(crate) fn exits(&mut self, service: &str, code: u8) {
        let main = self.main(service).unwrap();
        self.ends_by_itself(main, Status::Exited(code));
    }

    pub(crate) fn ends_by_itself(&mut self, pid: i32, status: Status) {
        self.end(pid, status);
        self.follow();
    }

    /// The exec of a slow service is done.
    pub(crate) fn spawned(&mut self, service: &str) {
        let service = self.id(service);
        let pid = self.start(Whose::Service(service.0), Pid::INIT, None);
        let pid = Pid::new(pid);
        self.tell(Event::Spawned { service, pid });
    }

    /// A process of a service, below `parent`, in a session of its own or its parent's.
    pub(crate) fn fork(&mut self, service: &str, parent: i32, own_session: bool) -> i32 {
        let id = self.id(service);
        let session = self.living.get(&parent).map(|(above, _)| above.session);
        let session = session.filter(|_| !own_session);
        self.start(Whose::Service(id.0), Pid::new(parent), session)
    }

    fn start(&mut self, whose: Whose, parent: Pid, session: Option<Pid>) -> i32 {
        let number = self.owners.keys().last().map_or(2, |last| last + 1);
        let mut process = Process::new(Pid::new(number), parent);
        process.session = session.unwrap_or(process.pid);
        process.group = process.session;
        if let Whose::Service(id) = whose {
            process.service = Some(ServiceId(id)).filter(|_| !self.nameless);
        }
        let name = match whose {
            Whose::Service(id) => self.sup.plan().services()[id].name.clone(),
            Whose::Hook(id) => self.sup.plan().hooks()[id].name.clone(),
        };
        let temper = self.tempers.get(&name).copied().unwrap_or(Temper::Dies);
        describe(&mut process, temper);
        process.name = name;
        self.owners.insert(number, whose);
        self.living.insert(number, (process, temper));
        number
    }

    fn end(&mut self, pid: i32, status: Status) {
        let Some((process, _)) = self.living.remove(&pid) else {
            return;
        };
        self.due.retain(|(_, other, _)| *other != pid);
        self.ends.push((self.now, pid));
        for (below, _) in self.living.values_mut() {
            if below.parent == process.pid {
                below.parent = Pid::INIT;
            }
        }
        if process.parent == Pid::INIT {
            let pid = process.pid;
            self.events.push_back(Event::Exited { pid, status });
            if self.living.is_empty() {
                self.events.push_back(Event::ChildrenGone);
            }
        }
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn { service } => {
                let name = self.sup.plan().service(*service).name.clone();
                if let Some(kind) = self.broken.get(&name) {
                    let kind = *kind;
                    let error = SpawnError { kind, errno: 2 };
                    let service = *service;
                    self.events.push_back(Event::SpawnFailed { service, error });
                } else if !self.slow.contains(&name) {
                    let pid = self.start(Whose::Service(service.0), Pid::INIT, None);
                    let (service, pid) = (*service, Pid::new(pid));
                    self.events.push_back(Event::Spawned { service, pid });
                }
            }
            Action::RunHook { hook, .. } => self.run_hook(*hook),
            Action::Survey { .. } if !self.slow_look => self.look(),
            Action::ReadPidfile { service } => {
                let name = &self.sup.plan().service(*service).name;
                let pid = self.pidfiles.get(name).copied().map(Pid::new);
                let service = *service;
                self.events.push_back(Event::PidfileRead { service, pid });
            }
            Action::Signal { target, signal, .. } => self.send(*target, *signal),
            _ => {}
        }
    }

    fn look(&mut self) {
        let all = self.living.values().map(|(process, _)| process.clone());
        let seen = self.proc.then(|| all.collect());
        self.events.push_back(Event::Surveyed(seen));
    }

    /// A slow look at all processes is done.
    pub(crate) fn looked(&mut self) {
        self.look();
        self.follow();
    }

    fn run_hook(&mut self, hook: HookId) {
        let name = &self.sup.plan().hooks()[hook.0].name;
        let does = self.hooks.get(name).copied().unwrap_or(Does::Exits(0, 0));
        let failure = match does {
            Does::CanNotStart => Some(SpawnErrorKind::NotFound),
            Does::Starves => Some(SpawnErrorKind::Exhausted),
            Does::Exits(..) | Does::Hangs => None,
        };
        if let Some(kind) = failure {
            let error = SpawnError { kind, errno: 2 };
            let failed = Event::HookSpawnFailed { hook, error };
            return self.events.push_back(failed);
        }
        if !self.slow.contains(name) {
            self.hook_is_there(hook, does);
        }
    }

    /// The exec of a slow hook is done.
    pub(crate) fn hook_spawned(&mut self, name: &str) {
        let mut hooks = self.sup.plan().hooks().iter();
        let hook = HookId(hooks.position(|hook| hook.name == name).unwrap());
        self.hook_is_there(hook, Does::Hangs);
        self.follow();
    }

    fn hook_is_there(&mut self, hook: HookId, does: Does) {
        let pid = self.start(Whose::Hook(hook.0), Pid::INIT, None);
        let spawned = Pid::new(pid);
        self.events
            .push_back(Event::HookSpawned { hook, pid: spawned });
        match does {
            Does::Exits(0, code) => self.end(pid, Status::Exited(code)),
            Does::Exits(after, code) => {
                self.due.push((self.now + after, pid, Status::Exited(code)));
            }
            Does::Hangs | Does::CanNotStart | Does::Starves => {}
        }
    }

    fn send(&mut self, target: Target, signal: Signal) {
        let reaches = |process: &Process| match target {
            Target::Process(pid) => process.pid == pid,
            Target::Group(group) => process.group == group,
            Target::Namespace => true,
        };
        let reached: Vec<(i32, Temper)> = self
            .living
            .iter()
            .filter(|(_, (process, _))| reaches(process))
            .map(|(pid, (_, temper))| (*pid, *temper))
            .collect();
        if reached.is_empty() && target == Target::Namespace {
            self.events.push_back(Event::NamespaceEmptied);
        }
        for (pid, temper) in reached {
            match (signal, temper) {
                (_, Temper::Stuck) => {}
                (Signal::KILL, _) => self.end(pid, Status::by(signal)),
                (Signal::TERM | Signal::INT | Signal::QUIT, Temper::Dies) => {
                    self.end(pid, Status::by(signal));
                }
                (Signal::TERM | Signal::INT | Signal::QUIT, Temper::Cleans(length))
                    if self.due.iter().all(|(_, other, _)| *other != pid) =>
                {
                    let end = (self.now + length, pid, Status::Exited(0));
                    self.due.push(end);
                }
                _ => {}
            }
        }
    }
}

/// What /proc says of one with this temper.
fn describe(process: &mut Process, temper: Temper) {
    let stop: SignalSet = [Signal::TERM, Signal::INT, Signal::QUIT]
        .into_iter()
        .collect();
    (process.caught, process.ignored) = match temper {
        Temper::Cleans(_) => (stop, SignalSet::EMPTY),
        Temper::Ignores => (SignalSet::EMPTY, stop),
        Temper::Dies | Temper::Stuck => (SignalSet::EMPTY, SignalSet::EMPTY),
    };
}
