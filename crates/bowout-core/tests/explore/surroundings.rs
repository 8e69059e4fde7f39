//! Searches stops in other surroundings: hooks, a drain, strangers, no /proc, not PID 1, late timers.

use super::plans::{
    CLEANS, DIES, FORWARDS, GRACE, IGNORES, MODES, away, case, child, draft, hook, ms, root,
};
use super::search::search;
use crate::world::script::{Ends, Sched, Script};
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{HookMoment, KillMode, Sweep};
use bowout_core::{Instant, Signal};

#[test]
fn a_drain() {
    for script in [DIES.restless(), CLEANS.restless()] {
        let mut draft = draft(KillMode::Auto);
        draft.stop.drain = ms(1_000);
        let mut case = case(draft, &[root(script), child(0, CLEANS)]);
        case.outside = vec![Signal::INT, Signal::TERM, Signal::INT];
        search("drain", case);
    }
}

#[test]
fn hooks_before_and_after() {
    let never: Script = DIES.ends(Ends::Never);
    for hooks in [
        [DIES.restless(), DIES.restless()],
        [never, DIES.restless()],
        [DIES.restless(), never],
        [never, never],
        [never.starts(Sched::Uninterruptible), DIES.restless()],
        [DIES.restless(), never.starts(Sched::Uninterruptible)],
    ] {
        for outside in [vec![Signal::TERM], vec![Signal::INT; 2]] {
            let mut draft = draft(KillMode::Auto);
            draft.hooks = vec![
                hook(HookMoment::PreStop, None),
                hook(HookMoment::PostStop, Some(ms(700))),
            ];
            let mut case = case(draft, &[root(CLEANS.restless())]);
            case.hooks = hooks.to_vec();
            case.outside = outside;
            search(&format!("hooks {hooks:?}"), case);
        }
    }
}

#[test]
fn several_hooks_and_one_that_can_not_be_started() {
    for grace in [GRACE, None] {
        let mut draft = draft(KillMode::Main);
        draft.stop.grace = grace;
        draft.hooks = vec![
            hook(HookMoment::PreStop, Some(ms(400))),
            hook(HookMoment::PreStop, Some(ms(400))),
            hook(HookMoment::PostStop, Some(ms(400))),
            hook(HookMoment::PostStop, Some(ms(400))),
        ];
        let mut case = case(draft, &[root(DIES.restless())]);
        case.hooks = vec![DIES.restless(); 4];
        case.failures = vec![SpawnErrorKind::NotFound];
        search("several hooks", case);
    }
}

#[test]
fn a_hook_on_a_signal() {
    for script in [DIES.restless(), CLEANS.ends(Ends::Never)] {
        let mut draft = draft(KillMode::Auto);
        draft.hooks = vec![hook(HookMoment::OnSignal(Signal::USR1), None)];
        let mut case = case(draft, &[root(CLEANS)]);
        case.hooks = vec![script];
        case.outside = vec![Signal::USR1, Signal::USR1, Signal::TERM];
        search(&format!("hook on a signal {script:?}"), case);
    }
}

#[test]
fn strangers() {
    for stranger in [
        DIES.restless(),
        CLEANS.restless(),
        IGNORES,
        IGNORES.restless(),
    ] {
        for proc in [true, false] {
            for grace in [GRACE, None] {
                let mut draft = draft(KillMode::Auto);
                draft.stop.grace = grace;
                let mut case = case(draft, &[root(CLEANS.restless())]);
                case.strangers = vec![stranger];
                case.proc = proc;
                case.horizon = Instant::from_millis(3_000);
                search(&format!("stranger {stranger:?} {proc} {grace:?}"), case);
            }
        }
    }
}

#[test]
fn not_pid_1() {
    for mode in MODES {
        for proc in [true, false] {
            for tree in [
                vec![root(DIES), child(0, CLEANS)],
                vec![root(FORWARDS.restless()), away(0, CLEANS)],
                vec![root(DIES.restless()), root(IGNORES)],
                vec![root(CLEANS), child(0, IGNORES)],
            ] {
                let mut draft = draft(mode);
                draft.stop.sweep = Sweep::Descendants;
                let mut case = case(draft, &tree);
                case.strangers = vec![CLEANS, IGNORES];
                case.proc = proc;
                search(&format!("not PID 1 {mode:?} {proc}"), case);
            }
        }
    }
}

#[test]
fn no_proc() {
    for mode in MODES {
        for grace in [GRACE, None] {
            for tree in [
                vec![root(DIES), child(0, CLEANS)],
                vec![root(CLEANS), away(0, CLEANS)],
                vec![root(CLEANS.restless()), away(0, IGNORES)],
                vec![root(IGNORES), child(0, IGNORES)],
                vec![root(DIES.restless()), root(CLEANS)],
            ] {
                let mut draft = draft(mode);
                draft.stop.grace = grace;
                let mut case = case(draft, &tree);
                case.proc = false;
                case.outside = vec![Signal::TERM, Signal::INT, Signal::INT];
                case.horizon = Instant::from_millis(3_000);
                search(&format!("no /proc {mode:?} {grace:?}"), case);
            }
        }
    }
}

#[test]
fn timers_that_are_late() {
    for mode in MODES {
        let mut draft = draft(mode);
        draft.stop.drain = ms(300);
        let mut case = case(draft, &[root(CLEANS), child(0, IGNORES)]);
        case.late = ms(70);
        search(&format!("late {mode:?}"), case);
    }
}
