//! Asks that the programs below a shell script are told to stop.

use std::time::{Duration, Instant};

use crate::{Exit, Init, Run, Signal, Stage};

/// A puppet in a script, that takes 100 ms to clean up.
const APP: &str = "$PUPPET app 'catch 15' 'on 15 clean 100' 'on 15 exit 0'";

pub(crate) fn below_a_wrapper_shell_the_app_is_told(init: &Init) {
    let mut run = Stage::new(init).script(&format!("{APP}; true"));
    stops_gracefully(&mut run, &["app"]);
}

pub(crate) fn below_two_wrapper_shells_the_app_is_told(init: &Init) {
    let mut run = Stage::new(init).script(&format!("/bin/sh -c \"{APP}; true\"; true"));
    stops_gracefully(&mut run, &["app"]);
}

pub(crate) fn after_exec_in_a_script_the_app_is_told(init: &Init) {
    let mut run = Stage::new(init).script(&format!("true; exec {APP}"));
    stops_gracefully(&mut run, &["app"]);
    assert_eq!(run.exit(), Exit::Code(0));
}

pub(crate) fn two_children_of_a_waiting_script_are_told(init: &Init) {
    let second = APP.replace("app", "second");
    let mut run = Stage::new(init).script(&format!("{APP} & {second} & wait"));
    let _second = run.puppet("second");
    stops_gracefully(&mut run, &["app", "second"]);
}

pub(crate) fn a_dash_script_that_traps_and_waits_is_in_charge(init: &Init) {
    a_script_that_traps_and_waits_is_in_charge(init, &["/bin/dash", "-c"]);
}

pub(crate) fn a_bash_script_that_traps_and_waits_is_in_charge(init: &Init) {
    a_script_that_traps_and_waits_is_in_charge(init, &["/bin/bash", "-c"]);
}

pub(crate) fn a_busybox_script_that_traps_and_waits_is_in_charge(init: &Init) {
    a_script_that_traps_and_waits_is_in_charge(init, &["/bin/busybox", "sh", "-c"]);
}

/// A script that does it right. Its child is its own business, and is told once.
fn a_script_that_traps_and_waits_is_in_charge(init: &Init, shell: &[&str]) {
    // Two signals at the same moment would be one, so the script's own comes later.
    let app = APP.replace("clean 100", "clean 300");
    let script = format!(
        "trap 'sleep 0.1; kill $child; wait $child; echo script cleaned >> $PUPPET_RECORD; exit 4' TERM
         {app} &
         child=$!
         wait $child"
    );
    let mut command = shell.to_vec();
    command.push(&script);
    let mut run = Stage::new(init).start(&command);
    // The shell may not have come to its wait yet, and would count as busy with a child that it
    // runs in the foreground: it is there when it sleeps.
    let app = run.app();
    app.process
        .parent()
        .expect("the app has a parent")
        .await_state('S');
    stops_gracefully(&mut run, &["app", "script"]);
    assert_eq!(run.exit(), Exit::Code(4));
    assert_eq!(
        run.record().times("app", Signal::TERM),
        1,
        "{:?}",
        run.record()
    );
}

pub(crate) fn a_trap_blocked_in_the_foreground_of_dash_costs_nothing(init: &Init) {
    a_blocked_trap_costs_nothing(init, &["/bin/dash", "-c"]);
}

pub(crate) fn a_trap_blocked_in_the_foreground_of_busybox_costs_nothing(init: &Init) {
    a_blocked_trap_costs_nothing(init, &["/bin/busybox", "sh", "-c"]);
}

/// The trap can't run before the app in the foreground has ended, and nobody told the app: whoever
/// waits for the trap waits for the SIGKILL.
fn a_blocked_trap_costs_nothing(init: &Init, shell: &[&str]) {
    let script = format!("trap 'echo script cleaned >> $PUPPET_RECORD; exit 4' TERM\n{APP}\ntrue");
    let mut command = shell.to_vec();
    command.push(&script);
    let mut run = Stage::new(init).start(&command);
    let app = run.app();
    app.process
        .parent()
        .expect("the app has a parent")
        .await_state('S');
    let start = Instant::now();
    stops_gracefully(&mut run, &["app", "script"]);
    assert_eq!(run.exit(), Exit::Code(4));
    // Half of the ten seconds that a platform gives would be 5 s.
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "it took {:?}",
        start.elapsed()
    );
}

/// Stops a script whose app is up, and asks for the clean-up of each.
#[track_caller]
fn stops_gracefully(run: &mut Run, names: &[&str]) {
    if names == ["app"] || names.contains(&"second") {
        let _app = run.app();
    }
    run.signal(Signal::TERM);
    run.exit();
    for name in names {
        assert!(
            run.record().cleaned(name),
            "{name} was cut off: {:?}",
            run.record()
        );
    }
}
