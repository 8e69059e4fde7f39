//! Stops the container: pre_stop hooks, drain, services in reverse order, post_stop hooks, sweep, exit.

mod ending;
mod services;
mod sweep;
mod waiting;

use super::{Actions, Fact, Phase, Supervisor};
use crate::action::{Action, Note};
use crate::plan::budget::SETTLE;
use crate::plan::{HookId, HookMoment};
use crate::report::Reason;
use crate::service::State;
use crate::{Instant, Signal};
use alloc::collections::VecDeque;
use core::time::Duration;
pub(super) use services::Leave;
use sweep::Sweeping;

/// A stop that takes no longer needs no word about whom it waits for.
const FIRST_TICK: Duration = Duration::from_secs(1);

/// A stop under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Shutdown {
    reason: Reason,
    /// What services without a stop signal of their own get.
    pub(super) signal: Signal,
    began: Instant,
    /// When bowout has left, if `enforced`; else what shares of time are counted by.
    end: Instant,
    enforced: bool,
    haste: Haste,
    stage: Stage,
    /// When it is said next who is waited for.
    tick: Instant,
    /// Whether that is to be said by the next survey.
    telling: bool,
}

/// How often Ctrl-C was pressed since the stop began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Haste {
    None,
    Hurried,
    Forced,
}

/// The stages of a stop, in their order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Stage {
    PreStop {
        running: Option<HookId>,
        left: VecDeque<HookId>,
    },
    Draining {
        until: Instant,
    },
    Services,
    PostStop {
        running: Option<HookId>,
        left: VecDeque<HookId>,
    },
    Sweeping(Sweeping),
}

impl Shutdown {
    /// The next survey says who is waited for; after 1 s, after 5 s, and then every 10 s.
    fn schedule_tick(&mut self, now: Instant) {
        let since = now.since(self.began);
        let next = if since < Duration::from_secs(5) {
            5
        } else {
            (since.as_secs() + 5) / 10 * 10 + 5
        };
        self.tick = self.began.after(Duration::from_secs(next));
        self.telling = true;
    }

    pub(super) fn enforced_end(&self) -> Option<Instant> {
        self.enforced.then_some(self.end)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let end = self.enforced_end();
        let (stage, tick) = match &self.stage {
            Stage::PreStop { .. } | Stage::PostStop { .. } => (None, None),
            Stage::Draining { until } => (Some(*until), None),
            Stage::Services => (None, Some(self.tick)),
            Stage::Sweeping(sweeping) => (sweeping.deadline(), Some(self.tick)),
        };
        Instant::earliest(&[end, stage, tick])
    }
}

impl Supervisor {
    pub(super) fn request_stop(&mut self, reason: Reason, now: Instant, out: &mut Actions) {
        match self.phase {
            Phase::New | Phase::Up => self.begin_stop(reason, now, out),
            Phase::Stopping(_) | Phase::Finished => {}
        }
    }

    pub(super) fn begin_stop(&mut self, reason: Reason, now: Instant, out: &mut Actions) {
        let received = match reason {
            Reason::Signal(received) => Some(received),
            Reason::Request
            | Reason::Ended { .. }
            | Reason::NotStarted { .. }
            | Reason::Failed { .. }
            | Reason::NothingLeft => None,
        };
        let asked = received.map_or(Signal::TERM, |received| received.signal);
        self.services.note(&self.plan);
        let hooks = match self.somebody_is_up() {
            true => self.plan.hooks_at(HookMoment::PreStop).collect(),
            false => VecDeque::new(),
        };
        let enforced = self.budget.known || !reason.was_asked_for();
        let shutdown = Shutdown {
            reason,
            signal: self.rewritten(asked).unwrap_or(Signal::TERM),
            began: now,
            end: now.after(self.budget.total),
            enforced,
            haste: Haste::None,
            stage: Stage::PreStop {
                running: None,
                left: hooks,
            },
            tick: now.after(FIRST_TICK),
            telling: false,
        };
        out.push(Action::Tell(Note::StopBegun {
            budget: enforced.then_some(self.budget.total),
            received,
        }));
        self.phase = Phase::Stopping(shutdown);
        // A plan that has not come yet does not come any more.
        self.change = None;
        for id in self.plan.ids() {
            self.enter_stop(id, now, out);
        }
    }

    /// Ctrl-C again: first a quarter of what is left, then SIGKILL.
    pub(super) fn interrupt_again(&mut self, now: Instant, out: &mut Actions) {
        let Phase::Stopping(shutdown) = &mut self.phase else {
            return;
        };
        let force = shutdown.haste >= Haste::Hurried;
        if force {
            // Nobody is asked any more; what is left is the kernel's work.
            let soon = now.after(4 * SETTLE);
            shutdown.end = match shutdown.enforced {
                true => shutdown.end.min(soon),
                false => soon,
            };
            shutdown.haste = Haste::Forced;
            shutdown.enforced = true;
        } else {
            shutdown.haste = Haste::Hurried;
            shutdown.end = now.after(shutdown.end.since(now) / 4);
        }
        match &mut shutdown.stage {
            Stage::PreStop { left, .. } | Stage::PostStop { left, .. } if force => left.clear(),
            Stage::Draining { until } => *until = now,
            Stage::Sweeping(sweeping) => sweeping.hurry(now, force),
            Stage::PreStop { .. } | Stage::PostStop { .. } | Stage::Services => {}
        }
        self.hooks.hurry(now, force);
        for id in self.plan.ids() {
            if let Some(stopping) = self.services.stopping(id) {
                if force {
                    stopping.force(now);
                } else {
                    stopping.hurry(now);
                }
            }
        }
        out.push(Action::Tell(if force {
            Note::StopForced
        } else {
            Note::StopHurried
        }));
    }

    /// A length of time from the budget, as it is after Ctrl-C was pressed again.
    pub(super) fn hasten(&self, length: Duration) -> Duration {
        match self
            .shutdown()
            .map_or(Haste::None, |shutdown| shutdown.haste)
        {
            Haste::None => length,
            Haste::Hurried => length / 4,
            Haste::Forced => Duration::ZERO,
        }
    }

    /// Whether a main process lives, or is looked for where there is somebody to be found.
    fn somebody_is_up(&self) -> bool {
        let awaited = self.services.count(Fact::Adopting) > 0 && !self.alone;
        awaited || self.services.count(Fact::Alive) > 0
    }

    /// Whether nobody is asked any more.
    pub(super) fn is_forced(&self) -> bool {
        self.shutdown()
            .is_some_and(|shutdown| shutdown.haste == Haste::Forced)
    }

    /// When bowout has left at the latest, in a stop that somebody counts the time of.
    pub(super) fn enforced_end(&self) -> Option<Instant> {
        self.shutdown().and_then(Shutdown::enforced_end)
    }

    fn shutdown(&self) -> Option<&Shutdown> {
        match &self.phase {
            Phase::Stopping(shutdown) => Some(shutdown),
            Phase::New | Phase::Up | Phase::Finished => None,
        }
    }

    fn set_stage(&mut self, stage: Stage) {
        if let Phase::Stopping(shutdown) = &mut self.phase {
            shutdown.stage = stage;
        }
    }

    /// A stage begins: nobody is late in it before a second has passed.
    fn count_from(&mut self, now: Instant) {
        if let Phase::Stopping(shutdown) = &mut self.phase {
            shutdown.tick = shutdown.tick.max(now.after(FIRST_TICK));
        }
    }

    /// Goes from stage to stage as far as it goes now.
    pub(super) fn advance_shutdown(&mut self, now: Instant, out: &mut Actions) {
        while let Phase::Stopping(shutdown) = &self.phase {
            if shutdown.enforced && shutdown.end <= now {
                self.kill_what_is_left(now, out);
                self.finish(now, out);
                return;
            }
            let next = match shutdown.stage.clone() {
                Stage::PreStop { running, left } => {
                    self.advance_hooks(running, left, true, now, out)
                }
                Stage::Draining { until } => {
                    self.services.note(&self.plan);
                    let needed = self.somebody_is_up();
                    (until <= now || !needed).then_some(Stage::Services)
                }
                Stage::Services => self.advance_services(now, out),
                Stage::PostStop { running, left } => {
                    self.advance_hooks(running, left, false, now, out)
                }
                Stage::Sweeping(sweeping) => {
                    if self.advance_sweep(sweeping, now, out) {
                        self.finish(now, out);
                        return;
                    }
                    None
                }
            };
            match next {
                Some(stage) => {
                    if stage == Stage::Services {
                        self.services.open();
                    }
                    self.set_stage(stage);
                    self.count_from(now);
                }
                None => break,
            }
        }
        if let Phase::Stopping(shutdown) = &mut self.phase {
            let counts = matches!(shutdown.stage, Stage::Services | Stage::Sweeping(_));
            if counts && shutdown.tick <= now {
                shutdown.schedule_tick(now);
                self.surveyor.want(now);
            }
        }
    }

    /// The time is up: those who are there leave with bowout.
    fn kill_what_is_left(&mut self, now: Instant, out: &mut Actions) {
        self.hooks.hurry(now, true);
        // What that does not end is not waited for any more.
        self.hooks.kill_late(now, out);
        for id in self.plan.ids() {
            let service = &self.services[id.0];
            if !matches!(service.state, State::Stopping(_))
                && let Some(main) = service.group()
            {
                let leave = Leave {
                    main,
                    main_alive: service.main().is_some(),
                    by_command: false,
                    kill_mode: self.plan.service(id).kill_mode,
                };
                let stopping = self.stopping(id, leave, now);
                self.go(id, State::Stopping(stopping), out);
            }
            if let State::Stopping(stopping) = &mut self.services[id.0].state
                && !stopping.is_killed()
            {
                stopping.kill_unseen(now, &mut self.recorder, out);
            }
        }
    }

    /// Hooks run one after the other. Returns the stage that follows this state, if it is another one.
    fn advance_hooks(
        &mut self,
        running: Option<HookId>,
        mut left: VecDeque<HookId>,
        before: bool,
        now: Instant,
        out: &mut Actions,
    ) -> Option<Stage> {
        if running.is_some_and(|hook| self.hooks.is_running(hook)) {
            return None;
        }
        if let Some(hook) = left.pop_front() {
            let mut time = self.hasten(self.budget.hook(hook));
            if let Some(shutdown) = self.shutdown().filter(|shutdown| shutdown.enforced) {
                time = time.min(shutdown.end.before(self.budget.sweep).since(now));
            }
            self.hooks.start(hook, now, Some(time), out);
            let running = Some(hook);
            return Some(match before {
                true => Stage::PreStop { running, left },
                false => Stage::PostStop { running, left },
            });
        }
        if !before {
            let forced_at = self.is_forced().then_some(now);
            return Some(Stage::Sweeping(Sweeping::new(forced_at)));
        }
        let drain = match self.shutdown().map(|shutdown| shutdown.haste) {
            Some(Haste::None) => self.budget.drain,
            Some(Haste::Hurried | Haste::Forced) | None => Duration::ZERO,
        };
        Some(Stage::Draining {
            until: now.after(drain),
        })
    }
}
