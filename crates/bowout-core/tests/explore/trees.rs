//! Searches the stop of process trees, as containers have them.

use super::plans::{
    BASH, CLEANS, DASH, DIES, FORWARDS, IGNORES, MODES, away, case, child, draft, ms, root,
};
use super::search::search;
use crate::world::Part;
use crate::world::script::{Ends, OnStop, Sched, Script};
use bowout_core::plan::KillMode;
use bowout_core::{Instant, Signal};

fn trees() -> Vec<(&'static str, Vec<Part>)> {
    let awaits = Script::new(OnStop::Awaits);
    let blocks = Script::new(OnStop::Blocks);
    vec![
        (
            "wrapper, app",
            vec![root(DIES), child(0, CLEANS.restless())],
        ),
        (
            "two wrappers, app",
            vec![root(DIES), child(0, DIES), child(1, CLEANS)],
        ),
        (
            "two children",
            vec![root(DIES), child(0, CLEANS), child(0, IGNORES)],
        ),
        (
            "master, workers",
            vec![root(FORWARDS), child(0, CLEANS), child(0, CLEANS)],
        ),
        (
            "master that leaves them",
            vec![root(CLEANS.restless()), child(0, CLEANS), child(0, DIES)],
        ),
        (
            "wrapper, master, worker",
            vec![root(DIES), child(0, CLEANS), child(1, CLEANS)],
        ),
        ("dash, child", vec![root(DASH), child(0, CLEANS)]),
        (
            "dash, child, clean-up",
            vec![root(DASH.forks(1)), child(0, DIES.restless())],
        ),
        ("bash, child", vec![root(BASH), child(0, CLEANS)]),
        (
            "bash, two below",
            vec![root(BASH), child(0, DIES), child(1, CLEANS)],
        ),
        ("ignorer, child", vec![root(IGNORES), child(0, CLEANS)]),
        ("awaits, child", vec![root(awaits), child(0, DIES)]),
        ("blocks, child", vec![root(blocks), child(0, CLEANS)]),
        ("daemon", vec![root(DIES.restless()), root(CLEANS)]),
        (
            "daemon, worker",
            vec![root(CLEANS.restless()), root(FORWARDS), child(1, CLEANS)],
        ),
        (
            "daemon that leaves its worker",
            vec![root(CLEANS), root(CLEANS), child(1, DIES)],
        ),
        ("own session", vec![root(DIES), away(0, CLEANS)]),
        (
            "own session below one in charge",
            vec![root(CLEANS), away(0, CLEANS)],
        ),
        (
            "stopped child",
            vec![root(DIES), child(0, CLEANS.starts(Sched::Stopped))],
        ),
        (
            "uninterruptible child",
            vec![root(DIES), child(0, DIES.starts(Sched::Uninterruptible))],
        ),
        (
            "stubborn child",
            vec![root(CLEANS), child(0, CLEANS.ends(Ends::Never))],
        ),
    ]
}

#[test]
fn trees_in_auto() {
    for (name, tree) in trees() {
        search(name, case(draft(KillMode::Auto), &tree));
    }
}

#[test]
fn trees_without_a_grace() {
    for (name, tree) in trees() {
        let mut draft = draft(KillMode::Auto);
        draft.stop.grace = None;
        let mut case = case(draft, &tree);
        case.horizon = Instant::from_millis(2_600);
        search(&format!("no grace: {name}"), case);
    }
}

#[test]
fn trees_in_other_modes() {
    for mode in &MODES[1..] {
        for (name, tree) in trees() {
            search(&format!("{mode:?}: {name}"), case(draft(*mode), &tree));
        }
    }
}

#[test]
fn trees_and_a_person_at_the_keyboard() {
    for (name, tree) in trees().into_iter().filter(|(_, tree)| tree.len() < 3) {
        let mut case = case(draft(KillMode::Auto), &tree);
        case.outside = vec![Signal::INT, Signal::INT, Signal::INT];
        search(&format!("INT: {name}"), case);
    }
}

#[test]
fn trees_that_fork_while_they_die() {
    for (name, tree) in [
        ("main", vec![root(DIES.forks(2))]),
        ("wrapper", vec![root(DIES.forks(1)), child(0, CLEANS)]),
        ("in charge", vec![root(CLEANS.forks(1)), child(0, DIES)]),
        ("below", vec![root(CLEANS), child(0, DIES.forks(1))]),
        ("ignorer", vec![root(IGNORES.forks(1))]),
        ("daemon", vec![root(DIES.restless()), root(DIES.forks(1))]),
    ] {
        for mode in [KillMode::Auto, KillMode::Main] {
            search(
                &format!("forks, {mode:?}: {name}"),
                case(draft(mode), &tree),
            );
        }
    }
}

#[test]
fn trees_whose_survey_takes_time() {
    for (name, tree) in trees().into_iter().filter(|(_, tree)| tree.len() < 3) {
        let mut draft = draft(KillMode::Auto);
        draft.stop.grace = Some(ms(1_200));
        let mut case = case(draft, &tree);
        case.slow = true;
        search(&format!("slow: {name}"), case);
    }
}
