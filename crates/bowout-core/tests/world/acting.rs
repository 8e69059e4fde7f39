//! Does what happens next, tells it to the core, and obeys.

use super::kernel::{self, Life, Origin};
use super::monitor::Monitor;
use super::{Answer, Move, World};
use bowout_core::action::Target;
use bowout_core::event::{Notice, Received, Sender, SpawnError};
use bowout_core::plan::{HookId, ServiceId};
use bowout_core::supervisor::Actions;
use bowout_core::{Action, Event, Pid, Signal, Status, Supervisor};

impl World {
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
                    Answer::Pidfile(_) | Answer::Survey(_) | Answer::Emptied | Answer::Alone => {}
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
                let proc = &self.kernel.procs[&pid];
                let cleaned = matches!(proc.life, Life::Cleans { .. });
                let code = if cleaned { 0 } else { proc.script.code };
                self.ended(pid, Status::Exited(code));
            }
            Move::Succeed(pid) => self.ended(pid, Status::Exited(0)),
            Move::Say(pid) => {
                let proc = self.kernel.procs.get_mut(&pid).unwrap();
                proc.script.tells = false;
                if let Origin::Service(service) = proc.origin {
                    self.tell(Event::Notified {
                        service: ServiceId(service),
                        notice: Notice::Ready,
                    });
                }
            }
            Move::Ask => {
                let ask = self.case.asks[self.asked];
                self.asked += 1;
                self.ask(ask);
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
                for part in &self.cast.clone().trees[service] {
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
                self.reads[service] = 0;
                self.tell(Event::Spawned {
                    service: ServiceId(service),
                    pid: Pid::new(pids[0]),
                });
            }
            Answer::Hook(hook) => {
                let script = self.cast.hooks[hook];
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
                    false => self
                        .case
                        .proc
                        .then(|| self.kernel.snapshot(self.case.hints)),
                };
                self.tell(Event::Surveyed(snapshot));
            }
            Answer::Pidfile(service) => {
                let pid = self.pidfile(service).map(Pid::new);
                self.tell(Event::PidfileRead {
                    service: ServiceId(service),
                    pid,
                });
            }
            Answer::Emptied => self.tell(Event::NamespaceEmptied),
            // The driver finds out by asking, so it is true when it is said.
            Answer::Alone if self.kernel.has_children() => {}
            Answer::Alone => self.tell(Event::ChildrenGone),
        }
    }

    /// What a core that looks at everybody answers, and what becomes of it.
    fn looking_at_all(&self, event: &Event) -> (Supervisor, Actions) {
        let mut sup = self.sup.clone();
        sup.look_at_all();
        let actions = sup.handle(self.now, event.clone());
        (sup, actions)
    }

    /// Tells the core, has its promises checked, and obeys.
    pub(super) fn tell(&mut self, event: Event) {
        let before = self.monitor.needs_before(&event).then(|| self.sup.clone());
        let thorough = self.thorough.then(|| self.looking_at_all(&event));
        let actions = self.sup.handle(self.now, event.clone());
        if let Some((sup, answer)) = thorough
            && (answer != actions || sup != self.sup)
        {
            let text = format!("somebody is left out: all looked at, {event:?} → {answer:?}");
            self.monitor.broken(text);
        }
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
        if let Some(at) = actions.iter().position(|action| *action == Action::Install) {
            // Whatever else is answered goes by the places in the new plan.
            let kills = |action: &Action| matches!(action, Action::Signal { signal, .. } if *signal == Signal::KILL);
            if !actions[..at].iter().all(kills) {
                self.monitor
                    .broken("something is done before a plan is installed");
            }
            self.install();
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
                let snapshot = (self.case.slow && self.case.proc)
                    .then(|| self.kernel.snapshot(self.case.hints));
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
            Action::ReadPidfile { service } => self.answers.push(Answer::Pidfile(service.0)),
            // That was done first.
            Action::Install
            | Action::Suspend
            | Action::Tell(_)
            | Action::Extended { .. }
            | Action::ReadConfig
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
