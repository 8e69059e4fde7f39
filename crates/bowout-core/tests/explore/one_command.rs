//! Searches the stop of one process: modes, graces, ladders, signals, and a start that fails.

use super::plans::{CLEANS, DIES, GRACE, IGNORES, MODES, case, draft, ms, root};
use super::search::search;
use crate::world::script::{Ends, Sched};
use bowout_core::event::SpawnErrorKind;
use bowout_core::plan::{ForwardTo, KillMode, Leftovers};
use bowout_core::{Instant, Signal};

#[test]
fn one_process_in_every_mode() {
    let scripts = [
        DIES.restless(),
        CLEANS.restless(),
        IGNORES.restless(),
        CLEANS.ends(Ends::Never),
        DIES.starts(Sched::Stopped),
        DIES.starts(Sched::Uninterruptible),
    ];
    for mode in MODES {
        for script in scripts {
            for grace in [GRACE, None] {
                let mut draft = draft(mode);
                draft.stop.grace = grace;
                let mut case = case(draft, &[root(script)]);
                case.outside = vec![Signal::TERM, Signal::TERM, Signal::USR1];
                case.horizon = Instant::from_millis(3_000);
                search(&format!("{mode:?} {script:?} {grace:?}"), case);
            }
        }
    }
}

#[test]
fn a_person_at_the_keyboard() {
    for mode in MODES {
        for script in [IGNORES, CLEANS, DIES.starts(Sched::Uninterruptible)] {
            for grace in [GRACE, None] {
                let mut draft = draft(mode);
                draft.stop.grace = grace;
                draft.stop.drain = ms(500);
                let mut case = case(draft, &[root(script)]);
                case.outside = vec![Signal::INT, Signal::INT, Signal::INT, Signal::INT];
                case.horizon = Instant::from_millis(3_000);
                search(&format!("INT {mode:?} {script:?} {grace:?}"), case);
            }
        }
    }
}

#[test]
fn a_stop_time_out_without_a_grace() {
    for mode in MODES {
        let mut draft = draft(mode);
        draft.stop.grace = None;
        draft.services[0].stop_timeout = Some(ms(2_000));
        let mut case = case(draft, &[root(IGNORES.restless())]);
        case.outside = vec![Signal::TERM, Signal::INT, Signal::INT];
        search(&format!("stop_timeout {mode:?}"), case);
    }
}

#[test]
fn a_ladder_of_signals() {
    for mode in MODES {
        for script in [IGNORES, CLEANS, DIES] {
            let mut draft = draft(mode);
            draft.services[0].stop_signal = vec![Signal::QUIT, Signal::INT, Signal::TERM];
            let mut case = case(draft, &[root(script), super::plans::child(0, IGNORES)]);
            case.outside = vec![Signal::TERM, Signal::INT];
            search(&format!("ladder {mode:?} {script:?}"), case);
        }
    }
}

#[test]
fn signals_that_are_rewritten_dropped_and_swallowed() {
    for forward in [ForwardTo::Main, ForwardTo::Group] {
        let mut draft = draft(KillMode::Auto);
        draft.signals.forward = forward;
        draft
            .signals
            .rewrite
            .insert(Signal::TERM, Some(Signal::QUIT));
        draft
            .signals
            .rewrite
            .insert(Signal::USR1, Some(Signal::USR2));
        draft.signals.rewrite.insert(Signal::HUP, None);
        draft.signals.swallow = [Signal::WINCH].into_iter().collect();
        let mut case = case(draft, &[root(CLEANS)]);
        case.outside = vec![
            Signal::USR1,
            Signal::HUP,
            Signal::WINCH,
            Signal::TERM,
            Signal::USR1,
        ];
        search(&format!("rewrite {forward:?}"), case);
    }
}

#[test]
fn a_start_that_fails() {
    use SpawnErrorKind::{CannotExecute, Exhausted, NotFound, Setup};
    for failures in [
        vec![NotFound],
        vec![CannotExecute],
        vec![Setup],
        vec![Exhausted, Exhausted, NotFound],
    ] {
        let name = format!("failing {failures:?}");
        let mut case = case(draft(KillMode::Auto), &[root(DIES.restless())]);
        case.failures = failures;
        search(&name, case);
    }
}

#[test]
fn exit_codes_that_are_forgiven() {
    for (expected, success_on_stop) in [(vec![7], false), (vec![143, 0], false), (vec![], true)] {
        let mut draft = draft(KillMode::Auto);
        draft.exit.expected = expected;
        draft.exit.success_on_stop = success_on_stop;
        for script in [DIES.restless(), CLEANS, IGNORES] {
            search("forgiven", case(draft.clone(), &[root(script)]));
        }
    }
}

#[test]
fn a_contract_that_leaves_the_others() {
    for mode in MODES {
        let mut draft = draft(mode);
        draft.stop.leftovers = Leftovers::Leave;
        let tree = [root(CLEANS.restless()), super::plans::child(0, IGNORES)];
        search(&format!("leave {mode:?}"), case(draft, &tree));
    }
}

#[test]
fn a_grace_of_nothing() {
    for mode in MODES {
        for grace in [0, 1, 300] {
            let mut draft = draft(mode);
            draft.stop.grace = Some(ms(grace));
            let tree = [root(CLEANS), super::plans::child(0, IGNORES)];
            search(&format!("{grace} ms {mode:?}"), case(draft, &tree));
        }
    }
}
