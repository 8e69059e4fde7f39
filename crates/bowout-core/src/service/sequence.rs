//! Runs hooks one after the other, and remembers the first that failed.

use crate::action::HookOutcome;
use crate::plan::HookId;
use alloc::collections::VecDeque;

/// Hooks of one moment, in their order.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sequence {
    /// The one that runs.
    pub(crate) running: Option<HookId>,
    /// Those that are still to run.
    pub(crate) left: VecDeque<HookId>,
    /// How the first that failed ended.
    pub(crate) failed: Option<HookOutcome>,
    /// Whether the rest is not wanted any more.
    pub(crate) aborted: bool,
}

impl Sequence {
    /// These hooks, none of which has run.
    #[must_use = "makes a value and changes nothing"]
    pub(crate) fn new(hooks: impl Iterator<Item = HookId>) -> Sequence {
        Sequence {
            left: hooks.collect(),
            ..Sequence::default()
        }
    }

    /// Whether there is nothing to run.
    #[must_use = "reads a value and changes nothing"]
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_none() && self.left.is_empty()
    }

    /// A hook of it ended.
    pub(crate) fn ended(&mut self, hook: HookId, outcome: HookOutcome) {
        if self.running == Some(hook) {
            self.running = None;
            if !outcome.is_success() {
                self.failed.get_or_insert(outcome);
            }
        }
    }

    /// Its hooks have other places in another plan.
    pub(crate) fn moved(&mut self, new: impl Fn(HookId) -> Option<HookId>) {
        self.running = self.running.and_then(&new);
        self.left = self.left.iter().copied().filter_map(new).collect();
    }
}
