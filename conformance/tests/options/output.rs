//! Asks what is said, to whom, and how much.

use conformance::{Exit, Run, Signal, Stage};
use serde_json::Value;

use crate::{both_ways, stage};

/// Stops an app that ends of the signal.
fn stopped(stage: Stage) -> Run {
    let mut run = stage.app(&[]);
    let _app = run.app();
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(143));
    run
}

#[test]
fn a_stop_is_said_in_one_line() {
    let run = stopped(stage());
    let text = run.stderr();
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert!(text.contains("SIGTERM"), "{text:?}");
    assert_eq!(run.stdout(), "", "standard output is the command's");
}

#[test]
fn quiet_says_nothing_of_a_stop() {
    for option in ["-q", "--quiet"] {
        assert_eq!(stopped(stage().options(&[option])).stderr(), "", "{option}");
    }
}

#[test]
fn verbose_says_more() {
    for option in ["-v", "--verbose"] {
        let text = stopped(stage().options(&[option])).stderr();
        assert!(text.lines().count() > 1, "{option}: {text:?}");
    }
}

#[test]
fn the_log_can_be_json() {
    both_ways("log-format", "json", |stage| {
        let run = stopped(stage.options(&["-v"]));
        let text = run.stderr();
        assert!(text.lines().count() > 1, "{text:?}");
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).expect(line);
            assert!(value.is_object(), "{line}");
        }
    });
}

#[test]
fn version_and_help_end_well() {
    let mut run = stage().without_separator().start(&["--version"]);
    assert_eq!(run.exit(), Exit::Code(0));
    assert!(
        run.stdout().starts_with("bowout-init "),
        "{:?}",
        run.stdout()
    );
    let mut run = stage().without_separator().start(&["--help"]);
    assert_eq!(run.exit(), Exit::Code(0));
    let help = run.stdout();
    for option in [
        "--grace",
        "--margin",
        "--stop-signal",
        "--stop-timeout",
        "--kill-mode",
        "--rewrite",
        "--stop-on",
        "--expect-exit",
        "--success-on-stop",
        "--pre-stop",
        "--post-stop",
        "--drain",
        "--on",
        "--user",
        "--workdir",
        "--env-file",
        "--report",
        "--log-format",
        "--pdeathsig",
        "--version",
        "--help",
        "BOWOUT_",
    ] {
        assert!(help.contains(option), "{option} is not in the help");
    }
}

/// As tini users write it.
#[test]
fn the_subreaper_option_is_accepted() {
    let mut run = stage().options(&["-s"]).script("exit 3");
    assert_eq!(run.exit(), Exit::Code(3), "{}", run.stderr());
}
