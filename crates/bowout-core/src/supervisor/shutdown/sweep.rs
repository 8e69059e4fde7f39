//! Sweeps up whoever is left when all services are down: daemons that got away, sessions from outside.

use super::super::attribution::Owner;
use super::super::{Actions, Supervisor};
use super::{Phase, Stage};
use crate::action::{Action, Lingering, Note, Target};
use crate::plan::budget::SETTLE;
use crate::plan::{KillMode, Leftovers, Sweep};
use crate::process::{Process, State};
use crate::{Instant, Signal};
use core::time::Duration;

/// How long somebody has who was put into the namespace from outside (`docker exec`), after all
/// services are down: an interactive shell ignores SIGTERM, and must not cost the grace period.
const STRANGERS: Duration = Duration::from_secs(1);

/// How often those are looked at who are not bowout's children: nobody tells when they end.
const INTERVAL: Duration = Duration::from_millis(50);

/// A sweep under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Sweeping {
    step: Step,
    /// When SIGKILL goes out; `None`: not before somebody forces it.
    kill_at: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Step {
    /// Nobody has been told.
    Begin,
    /// SIGTERM is out.
    Told,
    /// SIGKILL is out; whoever is left at this moment stays.
    Killed(Instant),
    /// Nobody is left.
    Empty,
}

impl Sweeping {
    pub(super) fn new(kill_at: Option<Instant>) -> Sweeping {
        Sweeping {
            step: Step::Begin,
            kill_at,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Killed(until) => Some(until),
            Step::Begin | Step::Told | Step::Empty => self.kill_at,
        }
    }

    pub(super) fn hurry(&mut self, now: Instant, force: bool) {
        self.kill_at = match (force, self.kill_at) {
            (true, _) => Some(now),
            (false, at) => at.map(|at| now.after(at.since(now) / 4)),
        };
    }
}

impl Supervisor {
    /// Returns whether the sweep is over.
    pub(super) fn advance_sweep(
        &mut self,
        mut sweeping: Sweeping,
        now: Instant,
        out: &mut Actions,
    ) -> bool {
        if self.nobody_is_swept() {
            return true;
        }
        let namespace = self.plan.stop().sweep == Sweep::Namespace;
        let blind = self.surveyor.is_blind();
        let due = sweeping.kill_at.is_some_and(|at| at <= now);
        match sweeping.step {
            Step::Begin if self.alone && !namespace => return true,
            Step::Begin => {
                sweeping.step = Step::Told;
                if namespace {
                    // One call tells all, and finds out whether there is anybody at all.
                    signal_everybody(Signal::TERM, out);
                    signal_everybody(Signal::CONT, out);
                }
            }
            Step::Told if due => {
                sweeping.step = Step::Killed(now.after(SETTLE));
                if namespace && blind {
                    if !self.alone {
                        self.recorder.killed_unseen();
                    }
                    signal_everybody(Signal::KILL, out);
                }
            }
            Step::Killed(until) if until <= now => return true,
            Step::Empty => return true,
            Step::Told if blind => {}
            Step::Told | Step::Killed(_) => return false,
        }
        if blind && sweeping.step == Step::Told {
            sweeping.kill_at = self.blind_limit(sweeping.kill_at, now);
        } else if !blind {
            self.surveyor.want_now(now);
        }
        if let Some(current) = self.sweeping() {
            *current = sweeping;
        }
        false
    }

    /// `kill(-1)` found nobody.
    pub(in super::super) fn namespace_emptied(&mut self, now: Instant) {
        self.recorder.not_even_strangers_are_left(now);
        if let Some(sweeping) = self.sweeping() {
            sweeping.step = Step::Empty;
        }
    }

    pub(in super::super) fn sweep_exited(&mut self, now: Instant) {
        if self.sweeping().is_some() {
            self.surveyor.want(now);
        }
    }

    pub(in super::super) fn sweep_children_gone(&mut self, now: Instant, out: &mut Actions) {
        let descendants = self.plan.stop().sweep == Sweep::Descendants;
        let blind = self.surveyor.is_blind();
        if let Some(sweeping) = self.sweeping() {
            if descendants {
                sweeping.step = Step::Empty;
            } else if blind {
                // It says whether anybody is there, and changes nothing for whoever is.
                signal_everybody(Signal::CONT, out);
            } else {
                self.surveyor.want(now);
            }
        }
    }

    pub(in super::super) fn sweep_surveyed(
        &mut self,
        processes: &[Process],
        owners: &[Owner],
        now: Instant,
        out: &mut Actions,
    ) {
        let Some(shutdown) = self.shutdown() else {
            return;
        };
        let limit = shutdown.enforced.then(|| shutdown.end.before(SETTLE));
        let namespace = self.plan.stop().sweep == Sweep::Namespace;
        let Some(Sweeping { step, kill_at }) = self.sweeping().cloned() else {
            return;
        };
        let before = out.len();
        let mut only_strangers = true;
        let mut somebody = false;
        for (process, owner) in processes.iter().zip(owners) {
            let stranger = *owner == Owner::Stranger;
            if process.state == State::Zombie || (stranger && !namespace) {
                continue;
            }
            somebody = true;
            only_strangers &= stranger;
            self.sweep_one(process, stranger, step, now, out);
        }
        if namespace && matches!(step, Step::Killed(_)) && out.len() > before {
            signal_everybody(Signal::KILL, out);
        }
        let kill_at = Instant::earliest(&[kill_at, limit]);
        let kill_at = match only_strangers {
            true => Instant::earliest(&[kill_at, Some(now.after(STRANGERS))]),
            false => kill_at,
        };
        if let Some(sweeping) = self.sweeping() {
            sweeping.kill_at = kill_at;
            if !somebody {
                sweeping.step = Step::Empty;
            } else {
                self.surveyor.want(now.after(INTERVAL));
            }
        }
    }

    /// One that is left: it is told once, and killed once.
    fn sweep_one(
        &mut self,
        process: &Process,
        stranger: bool,
        step: Step,
        now: Instant,
        out: &mut Actions,
    ) {
        let signals: &[Signal] = match step {
            Step::Killed(_) if self.recorder.swept(process, stranger, now) => {
                out.push(Action::Tell(Note::Killing(Lingering {
                    pid: process.pid,
                    name: process.name.clone(),
                    service: None,
                    stayed: process.stayed(Signal::TERM),
                })));
                &[Signal::KILL]
            }
            Step::Told if self.recorder.told_in_sweep(process.pid, now) => {
                &[Signal::TERM, Signal::CONT]
            }
            Step::Begin | Step::Told | Step::Killed(_) | Step::Empty => &[],
        };
        // In a namespace of its own, `kill(-1)` reaches it.
        if self.plan.stop().sweep == Sweep::Descendants {
            let target = Target::Process(process.pid);
            out.extend(signals.iter().map(|&signal| Action::Signal {
                target,
                signal,
                left: None,
            }));
        }
    }

    /// Without /proc nobody can be told apart: bowout's own have until the end, and once bowout has no
    /// child, whoever is left was put in from outside.
    fn blind_limit(&self, kill_at: Option<Instant>, now: Instant) -> Option<Instant> {
        let enforced = self.shutdown().filter(|shutdown| shutdown.enforced);
        let limit = enforced.map(|shutdown| shutdown.end.before(SETTLE));
        let second = self.alone.then(|| now.after(STRANGERS));
        Instant::earliest(&[kill_at, limit, second])
    }

    fn sweeping(&mut self) -> Option<&mut Sweeping> {
        match &mut self.phase {
            Phase::Stopping(shutdown) => match &mut shutdown.stage {
                Stage::Sweeping(sweeping) => Some(sweeping),
                Stage::PreStop { .. }
                | Stage::Draining { .. }
                | Stage::Services
                | Stage::PostStop { .. } => None,
            },
            Phase::New | Phase::Up | Phase::Finished => None,
        }
    }

    fn nobody_is_swept(&self) -> bool {
        let leaves = |service: &crate::plan::Service| service.kill_mode == KillMode::Process;
        self.plan.stop().leftovers == Leftovers::Leave
            || (self.plan.is_command() && self.plan.services().iter().all(leaves))
    }
}

fn signal_everybody(signal: Signal, out: &mut Actions) {
    out.push(Action::Signal {
        target: Target::Namespace,
        signal,
        left: None,
    });
}
