//! Asks that the command starts with what the init was started with, and nothing of the init's own.

use std::collections::BTreeSet;

use crate::cases::defects::status_mask;
use crate::{Exit, Init, Mask, Signal, Stage};

pub(crate) fn blocked_and_ignored_signals_are_kept(init: &Init) {
    let mut run = Stage::new(init)
        .through(&["env", "--block-signal=USR1,38", "--ignore-signal=HUP,TSTP"])
        .start(&["cat", "/proc/self/status"]);
    assert_eq!(run.exit(), Exit::Code(0));
    assert_eq!(
        status_mask(&run, "SigBlk"),
        Mask::of(&[Signal::USR1, Signal(38)])
    );
    assert_eq!(
        status_mask(&run, "SigIgn"),
        Mask::of(&[Signal::HUP, Signal::TSTP])
    );
}

pub(crate) fn sigpipe_is_as_it_was(init: &Init) {
    for (option, ignored) in [
        ("--default-signal=PIPE", false),
        ("--ignore-signal=PIPE", true),
    ] {
        let mut run = Stage::new(init)
            .through(&["env", option])
            .start(&["cat", "/proc/self/status"]);
        assert_eq!(run.exit(), Exit::Code(0));
        assert_eq!(
            status_mask(&run, "SigIgn").has(Signal::PIPE),
            ignored,
            "{option}"
        );
    }
}

pub(crate) fn the_environment_is_kept(init: &Init) {
    let stage = || {
        Stage::new(init)
            .env("EMPTY", "")
            .env("A B", "x=y\tz")
            .env("LANG", "C.UTF-8")
    };
    let mut run = stage().start(&["env"]);
    assert_eq!(run.exit(), Exit::Code(0));
    let names = |text: &str| -> BTreeSet<String> {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name.into())
            .collect()
    };
    let expected = [
        "A B",
        "EMPTY",
        "LANG",
        "PATH",
        "PUPPET",
        "PUPPET_RECORD",
        "PUPPET_SOCKET",
    ];
    assert_eq!(
        names(&run.stdout()),
        BTreeSet::from(expected.map(str::to_owned))
    );
    let lines = run.stdout();
    for line in ["EMPTY=", "A B=x=y\tz", "LANG=C.UTF-8"] {
        assert!(
            lines.lines().any(|given| given == line),
            "{line:?} is not in {lines:?}"
        );
    }
}

pub(crate) fn the_arguments_are_kept(init: &Init) {
    let words = ["", " a ", "*", "two\nlines", "-v", "--", "$HOME"];
    let mut command = vec!["/usr/bin/printf", "[%s]"];
    command.extend(words);
    let mut run = Stage::new(init).start(&command);
    assert_eq!(run.exit(), Exit::Code(0));
    assert_eq!(run.stdout(), words.map(|word| format!("[{word}]")).concat());
}

pub(crate) fn descriptors_are_kept_and_none_is_added(init: &Init) {
    // Whoever started the tests may have left descriptors open, and some shells keep one.
    let without_init = Init::parse("");
    let descriptors = |init: &Init| {
        let run = Stage::new(init)
            .after("exec 5</dev/null 9</dev/null")
            .app(&[]);
        run.app().facts().text("descriptors").to_owned()
    };
    assert_eq!(descriptors(init), descriptors(&without_init));
}

/// The descriptors are for the pid in `LISTEN_PID`: with an init between, that has to become the
/// command's.
pub(crate) fn socket_activation_passes_through(init: &Init) {
    let run = Stage::new(init)
        .after("export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web; exec 3</dev/null")
        .app(&[]);
    let mut app = run.app();
    assert_eq!(app.env("LISTEN_FDS").as_deref(), Some("1"));
    assert_eq!(app.env("LISTEN_FDNAMES").as_deref(), Some("web"));
    let descriptors = app.facts().text("descriptors").to_owned();
    assert!(
        descriptors.split(',').any(|one| one == "3"),
        "3 is not in {descriptors}"
    );
    assert_eq!(app.env("LISTEN_PID"), Some(app.own_pid.to_string()));
}

pub(crate) fn directory_and_umask_are_kept(init: &Init) {
    let mut run =
        Stage::new(init)
            .after("cd /usr/share; umask 027")
            .start(&["/bin/sh", "-c", "pwd; umask"]);
    assert_eq!(run.exit(), Exit::Code(0));
    assert_eq!(run.stdout(), "/usr/share\n0027\n");
}
