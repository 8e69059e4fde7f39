//! Says of a service what others go by, and what is counted.

use crate::plan;
use crate::service::{End, Service, State};

/// One thing that can be true of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::supervisor) enum Fact {
    /// What depends on its start may start.
    Started,
    /// What depends on its readiness may.
    Ready,
    /// What depends on its completion may.
    Completed,
    /// It has ended by itself, or failed.
    Over,
    /// It is down.
    Down,
    /// It has no place in the plan that comes.
    Retiring,
    /// Those of it that were found have been sent SIGKILL.
    Killed,
    /// Nobody has ever wanted it.
    Untouched,
    /// It has failed, and the container can't do without it.
    Fatal,
    /// Its main process lives.
    Alive,
    /// Its daemon is looked for.
    Adopting,
    /// Its main process has ended, and others of it are waited for.
    Remnant,
    /// It keeps the plan that came from counting.
    Unsettled,
    /// It is wanted, and does not do yet what it is there for.
    Unready,
}

impl Fact {
    /// How many there are.
    pub(super) const COUNT: usize = Fact::Unready as usize + 1;

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    fn when(self, is_true: bool) -> u16 {
        u16::from(is_true) << self as u16
    }
}

/// What is true of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Facts(u16);

impl Facts {
    pub(super) fn of(service: &Service, plan: &plan::Service) -> Facts {
        let by_state = match &service.state {
            State::Waiting => Fact::Untouched.when(!service.wanted),
            State::PreStart(_) | State::PostStop(_) | State::Backoff { .. } => 0,
            State::Starting => Fact::Unsettled.bit(),
            State::Launching(_) | State::Running(_) => Fact::Alive.bit(),
            State::Adopting(adopting) => {
                Fact::Adopting.bit() | Fact::Unsettled.when(adopting.reading)
            }
            State::PreStop(leaving) => Fact::Alive.when(leaving.main_alive),
            State::Stopping(stopping) => {
                let alive = stopping.living_main().is_some();
                Fact::Killed.when(stopping.is_killed())
                    | Fact::Alive.when(alive)
                    | Fact::Remnant.when(!alive)
            }
            State::Ended(End::Stopped) => Fact::Down.bit(),
            State::Ended(End::Completed) => Fact::Down.bit() | Fact::Over.bit(),
            State::Ended(End::Failed) => {
                let fatal = service.wanted && plan.essential;
                Fact::Down.bit() | Fact::Over.bit() | Fact::Fatal.when(fatal)
            }
        };
        let ready = service.is_ready(plan.kind);
        let leaves = service.retiring && !service.is_down();
        Facts(
            by_state
                | Fact::Started.when(service.started)
                | Fact::Ready.when(ready)
                | Fact::Completed.when(service.completed)
                | Fact::Retiring.when(service.retiring)
                | Fact::Unsettled.when(leaves)
                | Fact::Unready.when(service.wanted && !ready),
        )
    }

    pub(super) fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    /// Whether those it depends on, or that depend on it, may be free now, or free no more.
    pub(super) fn differ_for_others(self, before: Facts) -> bool {
        let theirs = Fact::Untouched.bit() - 1;
        (self.0 ^ before.0) & theirs != 0
    }
}
