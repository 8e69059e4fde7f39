//! Makes the small plans, processes and trees that the searches are about.

use crate::world::script::{OnStop, Script};
use crate::world::{Case, Part};
use bowout_core::plan::{Draft, Hook, HookMoment, KillMode, Plan, Service};
use std::time::Duration;

pub(crate) const MODES: [KillMode; 4] = [
    KillMode::Auto,
    KillMode::Main,
    KillMode::Group,
    KillMode::Process,
];

pub(crate) const DIES: Script = Script::new(OnStop::Dies);
pub(crate) const CLEANS: Script = Script::new(OnStop::Cleans);
pub(crate) const IGNORES: Script = Script::new(OnStop::Ignores);
pub(crate) const FORWARDS: Script = Script::new(OnStop::Forwards);
/// A shell with a trap that shows whether it waits for a child in the foreground.
pub(crate) const DASH: Script = Script::new(OnStop::Defers { known: true });
/// One that does not show it.
pub(crate) const BASH: Script = Script::new(OnStop::Defers { known: false });

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The first process of a tree, or one that was reparented to bowout.
pub(crate) fn root(script: Script) -> Part {
    Part {
        parent: None,
        session: true,
        script,
    }
}

pub(crate) fn child(parent: usize, script: Script) -> Part {
    Part {
        parent: Some(parent),
        session: false,
        script,
    }
}

/// A child in a session of its own.
pub(crate) fn away(parent: usize, script: Script) -> Part {
    Part {
        session: true,
        ..child(parent, script)
    }
}

/// Two seconds, of which a second and a half are left to stop in: some looks at those in charge.
pub(crate) const GRACE: Option<Duration> = Some(ms(2_000));

/// One command in this mode.
pub(crate) fn draft(mode: KillMode) -> Draft {
    let mut service = Service::new("app");
    service.kill_mode = mode;
    let mut draft = Draft::single(service);
    draft.stop.grace = GRACE;
    draft.stop.assumed_grace = ms(2_000);
    draft
}

pub(crate) fn hook(moment: HookMoment, timeout: Option<Duration>) -> Hook {
    Hook {
        name: "hook".into(),
        moment,
        timeout,
    }
}

/// The same tree for every service of a plan.
pub(crate) fn case(draft: Draft, tree: &[Part]) -> Case {
    let trees = draft.services.iter().map(|_| tree.to_vec()).collect();
    Case::new(Plan::new(draft).unwrap(), trees)
}
