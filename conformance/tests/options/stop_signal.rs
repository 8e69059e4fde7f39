//! Asks which signal is sent, which one begins a stop, and which are rewritten.

use std::time::Instant;

use conformance::{Exit, Signal};

use crate::{both_ways, ms, stage};

#[test]
fn the_stop_signal_is_sent_instead_of_the_one_that_came() {
    both_ways("stop-signal", "SIGQUIT", |stage| {
        let mut run = stage.app(&["take 3,15"]);
        let mut app = run.app();
        run.signal(Signal::TERM);
        app.expect(Signal::QUIT);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn the_command_line_goes_before_the_environment() {
    let run = stage()
        .env("BOWOUT_STOP_SIGNAL", "QUIT")
        .options(&["--stop-signal", "INT"])
        .app(&["take 2,3,15"]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    app.expect(Signal::INT);
}

#[test]
fn stop_signals_have_names_and_numbers() {
    let names = [
        ("INT", 2),
        ("sigusr1", 10),
        ("12", 12),
        ("SIGRTMIN+3", 37),
        ("RTMAX-2", 62),
    ];
    for (name, number) in names {
        let run = stage().options(&["--stop-signal", name]).app(&["take all"]);
        let mut app = run.app();
        run.signal(Signal::TERM);
        app.expect(Signal(number));
    }
}

#[test]
fn stop_signals_can_be_a_ladder() {
    both_ways("stop-signal", "QUIT,INT", |stage| {
        let mut run = stage
            .options(&["--stop-timeout", "2s"])
            .app(&["take 2,3,15"]);
        let mut app = run.app();
        let start = Instant::now();
        run.signal(Signal::TERM);
        app.expect(Signal::QUIT);
        app.expect(Signal::INT);
        assert!(
            start.elapsed() >= ms(900),
            "it came after {:?}",
            start.elapsed()
        );
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

/// What begins the stop is seen by the worker below a wrapper shell: only a stop walks down the tree.
#[test]
fn stop_on_says_which_signals_begin_a_stop() {
    both_ways("stop-on", "QUIT", |stage| {
        let script = "$PUPPET worker 'catch 3' 'on 3 clean 50' 'on 3 exit 0'; exit 5";
        let mut run = stage.script(script);
        let _worker = run.puppet("worker");
        run.signal(Signal::QUIT);
        run.exit();
        assert!(run.record().cleaned("worker"), "{:?}", run.record());
    });
}

#[test]
fn what_begins_no_stop_is_only_forwarded() {
    both_ways("stop-on", "QUIT", |stage| {
        let mut run = stage.app(&["take 15"]);
        let mut app = run.app();
        app.spawn("worker", "take 15");
        let mut worker = run.puppet("worker");
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        assert_eq!(worker.signals(), []);
        worker.exit(0);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn signals_can_be_rewritten() {
    both_ways("rewrite", "USR1:SIGUSR2", |stage| {
        let run = stage.app(&["take all"]);
        let mut app = run.app();
        run.signal(Signal::USR1);
        app.expect(Signal::USR2);
    });
}

#[test]
fn signals_can_be_dropped() {
    both_ways("rewrite", "10:0", |stage| {
        let run = stage.app(&["take all"]);
        let mut app = run.app();
        run.signal(Signal::USR1);
        run.signal(Signal::USR2);
        app.expect(Signal::USR2);
        assert_eq!(app.signals(), []);
    });
}

#[test]
fn several_signals_can_be_rewritten() {
    let options = ["--rewrite", "USR1:USR2", "--rewrite", "HUP:WINCH"];
    let run = stage().options(&options).app(&["take all"]);
    let mut app = run.app();
    run.signal(Signal::USR1);
    app.expect(Signal::USR2);
    run.signal(Signal::HUP);
    app.expect(Signal::WINCH);
}

#[test]
fn the_signal_of_a_stop_can_be_rewritten() {
    both_ways("rewrite", "15:3", |stage| {
        let mut run = stage.app(&["take all"]);
        let mut app = run.app();
        run.signal(Signal::TERM);
        app.expect(Signal::QUIT);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}
