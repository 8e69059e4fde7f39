//! Sends what is due in the stop of one service: signals to those who are to be told, SIGKILL to the rest.

use super::{HalfTime, Members, StopCommand, Stopping};
use crate::action::{Action, Lingering, Note, Target};
use crate::plan::KillMode;
use crate::process::{Disposition, Process, Stayed};
use crate::report::Recorder;
use crate::{Instant, Signal};
use alloc::vec::Vec;
use core::time::Duration;

impl Stopping {
    /// Does what is due without looking at processes. Returns whether a survey is wanted for it.
    pub(crate) fn advance(
        &mut self,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) -> bool {
        let mut survey = false;
        if matches!(self.command, StopCommand::Until(at) if at <= now) {
            self.command = StopCommand::None;
            self.since = now;
            self.half_time = HalfTime::At(now.after(self.end.since(now) / 2));
        }
        if self.is_held() && !(self.enforced && self.end <= now) {
            return false;
        }
        if self.next_rung_at().is_some_and(|at| at <= now) {
            self.rung += 1;
            self.sent = false;
            self.walk.restart(self.ladder[self.rung]);
            out.push(Action::Tell(Note::NextRung {
                service: self.service,
                signal: self.signal(),
            }));
        }
        if matches!(self.half_time, HalfTime::At(at) if at <= now)
            && self.kill_mode == KillMode::Auto
        {
            self.half_time = HalfTime::Due;
            survey = true;
        }
        if self.enforced && self.killing.is_none() && self.end <= now {
            self.killing = Some(now);
            survey = true;
        }
        if self.sent || self.killing.is_some() {
            return survey;
        }
        self.sent = true;
        match self.kill_mode {
            KillMode::Auto => return true,
            KillMode::Main | KillMode::Process if self.main_alive => {
                recorder.told(self.service, self.main, self.signal(), now);
                self.send(Target::Process(self.main), self.signal(), now, out);
            }
            KillMode::Main | KillMode::Process => {}
            KillMode::Group => {
                recorder.told(self.service, self.main, self.signal(), now);
                self.send(Target::Group(self.group), self.signal(), now, out);
                // Its end was seen before this began: only a survey tells whether others are left.
                survey |= !self.main_alive;
            }
        }
        survey
    }

    /// Looks at the living processes of this service.
    pub(crate) fn surveyed(
        &mut self,
        processes: &[&Process],
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        let relevant: Vec<&Process> = match self.kill_mode {
            KillMode::Auto | KillMode::Main => processes.to_vec(),
            KillMode::Group => processes
                .iter()
                .copied()
                .filter(|process| process.group == self.group)
                .collect(),
            KillMode::Process => processes
                .iter()
                .copied()
                .filter(|process| process.pid == self.main)
                .collect(),
        };
        self.members = if relevant.is_empty() {
            Members::Nobody
        } else {
            Members::Somebody
        };
        if self.killing.is_some() {
            for process in relevant {
                if self.killed.insert(process.pid) {
                    self.kill(process, now, recorder, out);
                }
            }
            return;
        }
        if self.kill_mode != KillMode::Auto || self.is_held() {
            return;
        }
        let half_time = match self.half_time {
            HalfTime::At(at) => at <= now,
            HalfTime::Due | HalfTime::Passed => true,
        };
        let told = self.walk.step(&relevant, self.main, half_time);
        let first = half_time && self.half_time != HalfTime::Passed;
        if first {
            self.half_time = HalfTime::Passed;
        }
        if first && !told.is_empty() {
            out.push(Action::Tell(Note::HalfTime {
                service: self.service,
                told: told.len(),
            }));
        }
        for pid in told {
            let process = relevant.iter().find(|process| process.pid == pid);
            let signal = process.map_or(self.signal(), |process| self.signal_for(process));
            recorder.told(self.service, pid, signal, now);
            self.send(Target::Process(pid), signal, now, out);
        }
    }

    /// What a process is told with. Shells start what is in their background with SIGINT and SIGQUIT
    /// ignored (POSIX.1-2017, Shell Command Language, 2.11), so one that ignores the stop signal and not
    /// SIGTERM gets that: it ignores Ctrl-C, and not the stop.
    fn signal_for(&self, process: &Process) -> Signal {
        let ignores = |signal| process.disposition(signal) == Disposition::Ignored;
        match ignores(self.signal()) && !ignores(Signal::TERM) {
            true => Signal::TERM,
            false => self.signal(),
        }
    }

    /// /proc can't be read: the group is all that can be reached.
    pub(crate) fn without_proc(
        &mut self,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        if self.kill_mode == KillMode::Auto {
            self.kill_mode = KillMode::Group;
            self.sent = false;
        }
        // That may find that the time is up just now, and nobody will look for it once more.
        self.advance(now, recorder, out);
        if self.killing.is_some() {
            self.kill_unseen(now, recorder, out);
        }
    }

    /// SIGKILLs what can be reached without looking: the group, or the main process.
    pub(crate) fn kill_unseen(
        &mut self,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        let target = match self.kill_mode {
            KillMode::Process if !self.main_alive => return,
            KillMode::Process => Target::Process(self.main),
            KillMode::Auto | KillMode::Main | KillMode::Group => Target::Group(self.group),
        };
        if self.killed.insert(self.main) {
            let stayed = Stayed::Busy;
            out.push(Action::Tell(Note::Killing(Lingering {
                pid: self.main,
                name: recorder.name(self.main),
                service: Some(self.service),
                stayed,
            })));
            recorder.killed(self.service, self.main, stayed, now);
            out.push(Action::Signal {
                target,
                signal: Signal::KILL,
                left: None,
            });
        }
    }

    /// Who is waited for, and why.
    pub(crate) fn stayed(&self, process: &Process) -> Stayed {
        if self.kill_mode == KillMode::Auto && !self.walk.has_told(process.pid) {
            return Stayed::Untold;
        }
        process.stayed(self.signal())
    }

    fn kill(
        &self,
        process: &Process,
        now: Instant,
        recorder: &mut Recorder,
        out: &mut Vec<Action>,
    ) {
        let stayed = self.stayed(process);
        out.push(Action::Tell(Note::Killing(Lingering {
            pid: process.pid,
            name: process.name.clone(),
            service: Some(self.service),
            stayed,
        })));
        recorder.killed(self.service, process.pid, stayed, now);
        out.push(Action::Signal {
            target: Target::Process(process.pid),
            signal: Signal::KILL,
            left: None,
        });
    }

    /// Where the end has come nearer since these were asked for, in the same moment: whoever is told of its time
    /// is told what it has.
    pub(crate) fn correct(&self, now: Instant, out: &mut [Action]) {
        let has = self.end.since(now);
        for action in out {
            if let Action::Signal {
                target,
                left: Some(left),
                ..
            } = action
                && self.has_told(*target)
            {
                *left = millis(has).min(*left);
            } else if let Action::Extended { service, left } = action
                && *service == self.service
            {
                *left = has.min(*left);
            }
        }
    }

    fn has_told(&self, target: Target) -> bool {
        match target {
            Target::Process(pid) => pid == self.main || self.walk.has_told(pid),
            Target::Group(group) => group == self.group,
            Target::Namespace => false,
        }
    }

    /// A stop signal, and a SIGCONT after it: a process that is stopped takes no other signal.
    fn send(&self, target: Target, signal: Signal, now: Instant, out: &mut Vec<Action>) {
        let left = millis(self.end.since(now));
        let wake = self.wakes.then_some((Signal::CONT, None));
        let signals = [(signal, Some(left))].into_iter().chain(wake);
        out.extend(signals.map(|(signal, left)| Action::Signal {
            target,
            signal,
            left,
        }));
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
