//! Asks for the exit codes that the options choose.

use conformance::{Exit, Signal};

use crate::{both_ways, ignoring, stage};

#[test]
fn expected_codes_become_zero() {
    both_ways("expect-exit", "143", |stage| {
        let mut run = stage.app(&[]);
        let _app = run.app();
        run.signal(Signal::TERM);
        assert_eq!(run.exit(), Exit::Code(0));
    });
}

#[test]
fn several_codes_may_be_expected_by_the_short_option() {
    for (code, seen) in [(7, 0), (9, 0), (8, 8)] {
        let mut run = stage()
            .options(&["-e", "7", "-e", "9"])
            .script(&format!("exit {code}"));
        assert_eq!(run.exit(), Exit::Code(seen), "{code}");
    }
}

#[test]
fn a_stop_that_was_asked_for_can_be_a_success() {
    for stage in [
        stage().options(&["--success-on-stop"]),
        stage().env("BOWOUT_SUCCESS_ON_STOP", "1"),
    ] {
        let mut run = stage.app(&[]);
        let _app = run.app();
        run.signal(Signal::TERM);
        assert_eq!(run.exit(), Exit::Code(0));
    }
}

#[test]
fn a_stop_that_had_to_kill_is_no_success() {
    let mut run = ignoring(
        stage().options(&["--success-on-stop", "--grace", "1s"]),
        "TERM",
    );
    let _app = run.app();
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(137));
}

#[test]
fn an_end_that_nobody_asked_for_is_no_success() {
    let mut run = stage().options(&["--success-on-stop"]).script("exit 3");
    assert_eq!(run.exit(), Exit::Code(3));
}
