//! Asks for the exit code of the command.

use crate::cases::defects::orphan;
use crate::{Exit, Init, Signal, Stage};

pub(crate) fn exit_codes_are_passed_on(init: &Init) {
    for code in [0, 1, 2, 125, 126, 127, 128, 143, 255] {
        let mut run = Stage::new(init).script(&format!("exit {code}"));
        assert_eq!(run.exit(), Exit::Code(code));
    }
}

pub(crate) fn deaths_by_signal_are_128_plus_it(init: &Init) {
    for number in [1, 2, 9, 10, 13, 14, 15, 16, 26, 29, 30] {
        dies_of(init, Signal(number), "");
    }
}

pub(crate) fn deaths_by_realtime_signal_are_128_plus_it(init: &Init) {
    for offset in [0, 1, 15, 29, 30] {
        dies_of(init, Signal::realtime(offset), "");
    }
}

/// With a core the status has a bit more, which is no part of the code.
pub(crate) fn deaths_with_a_core_are_128_plus_it(init: &Init) {
    for number in [3, 4, 6, 8, 11, 31] {
        dies_of(
            init,
            Signal(number),
            "cd ${PUPPET_RECORD%/*}; ulimit -c unlimited;",
        );
    }
}

fn dies_of(init: &Init, signal: Signal, first: &str) {
    let mut run = Stage::new(init).script(&format!("{first} kill -{} $$", signal.0));
    assert_eq!(run.exit(), Exit::Code(128 + signal.0), "{signal}");
}

pub(crate) fn an_orphans_exit_code_is_not_the_commands(init: &Init) {
    let mut run = Stage::new(init).app(&[]);
    let mut app = run.app();
    let mut orphan = orphan(&run, &mut app);
    orphan.exit(9);
    orphan.process.await_reaped();
    app.ask("ping");
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}
