//! Asks when hooks run, and that none can hold up a stop.

use std::time::Instant;

use conformance::{Exit, Scratch, Signal};

use crate::{await_orphan, both_ways, ends, ms, stage};

/// A script that becomes a puppet of this name.
fn hook(scratch: &Scratch, name: &str) -> String {
    scratch.write(name, &format!("#!/bin/sh\nexec $PUPPET {name}\n"), 0o755)
}

#[test]
fn pre_stop_runs_before_anybody_is_told() {
    let scratch = Scratch::new();
    both_ways("pre-stop", &hook(&scratch, "pre"), |stage| {
        let mut run = stage.app(&["take 15"]);
        let mut app = run.app();
        run.signal(Signal::TERM);
        let mut pre = run.puppet("pre");
        assert_eq!(app.signals(), []);
        pre.exit(0);
        app.expect(Signal::TERM);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn post_stop_runs_when_all_have_ended() {
    let scratch = Scratch::new();
    both_ways("post-stop", &hook(&scratch, "post"), |stage| {
        let mut run = stage.app(&["take 15"]);
        let mut app = run.app();
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        app.exit(3);
        let mut post = run.puppet("post");
        assert!(!app.process.exists(), "the app is reaped before");
        assert!(!run.has_ended());
        post.exit(0);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn a_hook_has_arguments() {
    let run = stage()
        .options(&["--pre-stop", "/bin/sh -c 'exec $PUPPET pre'"])
        .app(&["take 15"]);
    let _app = run.app();
    run.signal(Signal::TERM);
    let _pre = run.puppet("pre");
}

#[test]
fn a_hook_that_fails_changes_nothing() {
    let scratch = Scratch::new();
    let fail = scratch.write(
        "fail",
        "#!/bin/sh\necho hook failed >> $PUPPET_RECORD\nexit 9\n",
        0o755,
    );
    let options = ["--pre-stop", &fail, "--post-stop", "/no/such/program"];
    let mut run = stage()
        .options(&options)
        .app(&["catch 15", "on 15 clean 0", "on 15 exit 3"]);
    let _app = run.app();
    run.signal(Signal::TERM);
    assert_eq!(run.exit(), Exit::Code(3));
    let record = run.record();
    assert!(
        record.has("hook failed") && record.cleaned("app"),
        "{record:?}"
    );
}

/// A hook that ignores the signal, and whose child does.
fn hanging(scratch: &Scratch) -> String {
    let text = "#!/bin/sh\ntrap '' TERM\necho hook hangs >> $PUPPET_RECORD\nsleep infinity\n";
    scratch.write("hang", text, 0o755)
}

#[test]
fn a_hook_that_hangs_costs_no_more_than_its_share() {
    let scratch = Scratch::new();
    let hang = hanging(&scratch);
    let options = ["--grace", "4s", "--pre-stop", &hang, "--post-stop", &hang];
    let mut run = stage()
        .options(&options)
        .app(&["catch 15", "on 15 clean 300", "on 15 exit 3"]);
    let _app = run.app();
    let start = Instant::now();
    run.signal(Signal::TERM);
    let (exit, took) = ends(&mut run, start);
    assert_eq!(exit, Exit::Code(3));
    let record = run.record();
    assert!(
        record.has("hook hangs") && record.cleaned("app"),
        "{record:?}"
    );
    assert!(
        took < ms(4000),
        "the platform would have killed before: {took:?}"
    );
}

#[test]
fn a_pre_stop_hook_has_a_time_of_its_own() {
    let scratch = Scratch::new();
    both_ways("pre-stop-timeout", "500ms", |stage| {
        let mut run = stage
            .options(&["--pre-stop", &hanging(&scratch)])
            .app(&["take 15"]);
        let mut app = run.app();
        let start = Instant::now();
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        let told = start.elapsed();
        assert!(told >= ms(500), "the hook had less than its time: {told:?}");
        assert!(told < ms(2000), "the hook had more than its time: {told:?}");
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn a_post_stop_hook_has_a_time_of_its_own() {
    let scratch = Scratch::new();
    both_ways("post-stop-timeout", "500ms", |stage| {
        let mut run = stage
            .options(&["--post-stop", &hanging(&scratch)])
            .app(&["take 15"]);
        let mut app = run.app();
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        let start = Instant::now();
        app.exit(3);
        let (exit, took) = ends(&mut run, start);
        assert_eq!(exit, Exit::Code(3));
        assert!(took >= ms(500), "the hook had less than its time: {took:?}");
        assert!(took < ms(2000), "the hook had more than its time: {took:?}");
    });
}

#[test]
fn drain_is_a_time_in_which_nobody_is_told() {
    both_ways("drain", "1s", |stage| {
        let mut run = stage.app(&["take 15"]);
        let mut app = run.app();
        let start = Instant::now();
        run.signal(Signal::TERM);
        app.expect(Signal::TERM);
        assert!(start.elapsed() >= ms(1000), "{:?}", start.elapsed());
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}

#[test]
fn drain_is_over_when_nobody_is_left() {
    // It would die of the signal if it were told.
    let mut run = stage()
        .options(&["--grace", "60s", "--drain", "30s"])
        .app(&[]);
    let mut app = run.app();
    run.signal(Signal::TERM);
    await_orphan(&run, &mut app);
    let start = Instant::now();
    app.exit(3);
    let (exit, took) = ends(&mut run, start);
    assert_eq!(exit, Exit::Code(3));
    assert!(took < ms(5000), "it stayed for {took:?}");
}

#[test]
fn on_runs_a_command_instead_of_forwarding() {
    let scratch = Scratch::new();
    let handler = format!("USR1={}", hook(&scratch, "handler"));
    both_ways("on", &handler, |stage| {
        let mut run = stage.app(&["take all"]);
        let mut app = run.app();
        for _ in 0..2 {
            run.signal(Signal::USR1);
            let mut handler = run.puppet("handler");
            handler.exit(0);
            handler.process.await_reaped();
        }
        run.signal(Signal::USR2);
        app.expect(Signal::USR2);
        assert_eq!(app.signals(), []);
        app.exit(3);
        assert_eq!(run.exit(), Exit::Code(3));
    });
}
