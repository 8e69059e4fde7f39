//! Asks for a terminal that works as without an init.

use crate::cases::defects::orphan_is_reaped;
use crate::{Exit, Init, Signal, Stage};

pub(crate) fn d08_the_command_is_in_the_foreground(init: &Init) {
    let mut run = Stage::new(init).terminal().app(&[]);
    let mut app = run.app();
    let facts = app.facts();
    assert_eq!(facts.text("terminal"), "yes");
    assert_eq!(facts.number("foreground"), facts.number("pgid"));
    app.tell("read-line");
    run.terminal().type_in("hello\n");
    assert_eq!(app.answer("read-line"), "line hello");
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// There is no shell that could continue it. The line typed after Ctrl-Z arrives after it.
pub(crate) fn d08_ctrl_z_does_not_freeze_the_command(init: &Init) {
    let mut run = Stage::new(init).terminal().app(&[]);
    let mut app = run.app();
    app.tell("read-line");
    run.terminal().type_in("\x1ahello\n");
    assert_eq!(app.answer("read-line"), "line hello");
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

pub(crate) fn ctrl_c_reaches_the_command_once(init: &Init) {
    let mut run = Stage::new(init).terminal().app(&["take 2"]);
    let mut app = run.app();
    app.tell("read-line");
    // The line behind it arrives after it.
    run.terminal().type_in("\x03hello\n");
    assert_eq!(app.answer("read-line"), "line hello");
    assert_eq!(app.signals(), [Signal::INT]);
    // Had the init got one too, it would have passed it on before it reaps.
    orphan_is_reaped(&run, &mut app);
    assert_eq!(app.signals(), []);
    app.exit(3);
    assert_eq!(run.exit(), Exit::Code(3));
}

/// Ctrl-Z on a job of an interactive shell, and `fg`.
pub(crate) fn job_control_of_a_shell_works(init: &Init) {
    let mut run = Stage::new(init).terminal().env("PS1", "$ ").start(&[
        "/bin/bash",
        "--norc",
        "--noprofile",
        "-i",
    ]);
    run.terminal().type_in("$PUPPET job\n");
    let mut job = run.puppet("job");
    let facts = job.facts();
    assert_eq!(facts.number("foreground"), facts.number("pgid"));
    run.terminal().type_in("\x1a");
    job.process.await_state('T');
    run.terminal().await_text("Stopped");
    run.terminal().type_in("fg\n");
    job.ask("ping");
    job.exit(0);
    run.terminal().type_in("exit 5\n");
    assert_eq!(run.exit(), Exit::Code(5));
}

/// Where the shell leads the terminal's session, its end hangs up whoever is in the foreground: the
/// kernel sends SIGHUP, in the middle of the clean-up.
pub(crate) fn with_a_terminal_the_app_below_a_shell_is_told(init: &Init) {
    let mut run = Stage::new(init)
        .terminal()
        .script("$PUPPET app 'catch 15' 'on 15 clean 50' 'on 15 exit 0'; true");
    let _app = run.app();
    run.signal(Signal::TERM);
    run.exit();
    assert!(run.record().cleaned("app"), "{:?}", run.record());
}
