//! Asks how one service is stopped, with the container and by itself: `stop_signal`, `stop_timeout`,
//! `stop_command`.

use std::time::Instant;

use conformance::{Exit, Signal};
use serde_json::Value;

use crate::{in_report, ms, run};

/// The signals that a process of the report was sent, in order.
#[track_caller]
fn sent(report: &Value, pid: i32) -> Vec<String> {
    let all = in_report(report, pid)["signals"].as_array();
    let all = all.expect("there is a list");
    all.iter()
        .map(|sent| sent["signal"].as_str().expect("it has a name").to_owned())
        .collect()
}

#[test]
fn stop_signal_by_name_and_by_number() {
    for (given, signal) in [
        ("\"QUIT\"", Signal::QUIT),
        ("\"SIGUSR1\"", Signal::USR1),
        ("12", Signal::USR2),
        ("[\"HUP\"]", Signal::HUP),
        ("\"RTMIN+3\"", Signal::realtime(3)),
        ("\"SIGRTMIN+3\"", Signal::realtime(3)),
    ] {
        let mut it = run(&format!(
            r#"
            report = "report.json"
            [service.web]
            command = ["${{PUPPET}}", "web", "take all"]
            stop_signal = {given}
        "#
        ));
        let mut web = it.puppet("web");
        it.signal(Signal::TERM);
        web.expect(signal);
        web.exit(0);
        assert_eq!(it.exit(), Exit::Code(0));
        assert_eq!(sent(&it.report(), web.own_pid).len(), 1, "{given}");
    }
}

/// An image with STOPSIGNAL SIGINT, or Ctrl-C: programs know what they do about it.
#[test]
fn without_a_stop_signal_it_is_the_one_that_came() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut it = run(r#"
            [service.web]
            command = ["${PUPPET}", "web", "take 2,15"]
        "#);
        let mut web = it.puppet("web");
        it.signal(signal);
        web.expect(signal);
        web.exit(0);
        assert_eq!(it.exit(), Exit::Code(0));
    }
}

/// Each has an equal share of the time-out.
#[test]
fn several_stop_signals_are_a_ladder() {
    let mut it = run(r#"
        grace = "1h"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 2,3,15"]
        stop_signal = ["QUIT", "INT", "TERM"]
        stop_timeout = "1500ms"
    "#);
    let mut web = it.puppet("web");
    let mut events = it.events();
    let start = Instant::now();
    it.signal(Signal::TERM);
    web.expect(Signal::QUIT);
    assert_eq!(
        events.expect("next_signal", "web")["message"],
        "web: now SIGINT"
    );
    web.expect(Signal::INT);
    assert!(start.elapsed() >= ms(500), "{:?}", start.elapsed());
    assert_eq!(
        events.expect("next_signal", "web")["message"],
        "web: now SIGTERM"
    );
    web.expect(Signal::TERM);
    assert!(start.elapsed() >= ms(1000), "{:?}", start.elapsed());
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    let sent = sent(&it.report(), web.own_pid);
    assert_eq!(sent, ["SIGQUIT", "SIGINT", "SIGTERM"]);
}

#[test]
fn stop_timeout_ends_with_sigkill_and_not_before() {
    for key in ["stop_timeout", "stop_grace_period"] {
        let mut it = run(&format!(
            r#"
            grace = "1h"
            report = "report.json"
            [service.deaf]
            command = ["env", "--ignore-signal=TERM", "${{PUPPET}}", "deaf"]
            {key} = "600ms"
        "#
        ));
        let deaf = it.puppet("deaf");
        let (exit, took) = it.stop();
        assert_eq!(exit, Exit::Code(137));
        assert!(took >= ms(600), "{took:?}");
        let report = it.report();
        let killed = &in_report(&report, deaf.own_pid)["killed"];
        let at = killed["at_ms"].as_f64().expect("it was killed");
        assert!((600.0..1500.0).contains(&at), "{report}");
        assert_eq!(in_report(&report, deaf.own_pid)["service"], "deaf");
    }
}

/// Each of them is told why it stayed: nobody has to guess.
#[test]
fn the_report_says_why_each_one_stayed() {
    let mut it = run(r#"
        report = "report.json"
        [service.ignores]
        command = ["env", "--ignore-signal=TERM", "${PUPPET}", "ignores"]
        stop_timeout = "400ms"
        [service.blocks]
        command = ["env", "--block-signal=TERM", "${PUPPET}", "blocks"]
        stop_timeout = "400ms"
        [service.busy]
        command = ["${PUPPET}", "busy", "catch 15"]
        stop_timeout = "400ms"
        [service.fine]
        command = ["${PUPPET}", "fine", "take 15", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let all = ["ignores", "blocks", "busy", "fine"].map(|name| it.puppet(name));
    assert_eq!(it.stop().0, Exit::Code(137));
    let report = it.report();
    let why = |at: usize| &in_report(&report, all[at].own_pid)["killed"]["why"];
    assert_eq!(*why(0), "ignores the signal");
    assert_eq!(*why(1), "blocks the signal");
    assert_eq!(*why(2), "is busy with its clean-up");
    assert!(
        in_report(&report, all[3].own_pid)["killed"].is_null(),
        "{report}"
    );
    assert_eq!(report["killed"], 3);
    let said = it.stderr();
    for (name, why) in [
        ("ignores", "ignores the signal"),
        ("blocks", "blocks the signal"),
        ("busy", "is busy with its clean-up"),
    ] {
        let line = said.lines().find(|line| line.contains("stopped in"));
        let line = line.unwrap_or_else(|| panic!("no account: {said}"));
        assert!(line.contains(name) && line.contains(why), "{line}");
    }
}

#[test]
fn stop_command_stops_it_and_nobody_is_sent_a_signal() {
    let mut it = run(r#"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 10,15", "on 10 clean 0", "on 10 exit 0"]
        stop_command = { command = "echo run in $$BOWOUT_TIMEOUT >> $PUPPET_RECORD; kill -USR1 $$MAINPID", shell = true }
        stop_timeout = "5s"
    "#);
    let web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    let record = it.record();
    assert!(
        record.cleaned("web") && record.has("run in 5"),
        "{record:?}"
    );
    assert_eq!(record.times("web", Signal::TERM), 0);
    let report = it.report();
    assert_eq!(sent(&report, web.own_pid), [] as [&str; 0]);
    let hook = &report["hooks"][0];
    assert_eq!(hook["moment"], "stop_command", "{report}");
    assert_eq!(hook["status"]["code"], 0, "{report}");
}

/// What the command did not do the signal does, and SIGKILL what that did not.
#[test]
fn a_stop_command_that_fails_is_followed_by_the_signal() {
    for command in ["false", "/no/such/command"] {
        let mut it = run(&format!(
            r#"
            grace = "1h"
            [service.web]
            command = ["${{PUPPET}}", "web", "take 15", "on 15 clean 0", "on 15 exit 0"]
            stop_command = "{command}"
            stop_timeout = "30m"
        "#
        ));
        let _web = it.puppet("web");
        assert_eq!(it.stop().0, Exit::Code(0), "{command}");
        assert_eq!(it.record().times("web", Signal::TERM), 1, "{command}");
    }
}

/// Half of the time is the signal's.
#[test]
fn a_stop_command_that_does_nothing_has_half_of_the_time() {
    let mut it = run(r#"
        grace = "1h"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 clean 0", "on 15 exit 0"]
        stop_command = "true"
        stop_timeout = "1s"
    "#);
    let _web = it.puppet("web");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took >= ms(500), "{took:?}");
    assert_eq!(it.record().times("web", Signal::TERM), 1);
}

#[test]
fn a_stop_command_that_hangs_ends_with_its_time() {
    let mut it = run(r#"
        grace = "1h"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 clean 0", "on 15 exit 0"]
        stop_command = { command = "sleep 1000", timeout = "200ms" }
        stop_timeout = "1h"
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("web"));
    assert_eq!(it.report()["hooks"][0]["timed_out"], true);
}

/// Outside of a stop of the container too, and nobody else is touched.
#[test]
fn ctl_stop_keeps_the_time_out_of_one_service_alone() {
    let it = run(r#"
        [service.deaf]
        command = ["env", "--ignore-signal=TERM", "${PUPPET}", "deaf"]
        stop_timeout = "300ms"
        [service.other]
        command = ["${PUPPET}", "other", "take 15"]
    "#);
    let (mut deaf, mut other) = (it.puppet("deaf"), it.puppet("other"));
    let start = Instant::now();
    it.ctl(&["stop", "--wait", "deaf"]).with_code(0);
    assert!(start.elapsed() >= ms(300), "{:?}", start.elapsed());
    deaf.await_end();
    let status = it.await_state("deaf", "stopped");
    assert_eq!(status["last_exit"]["signal"], "SIGKILL", "{status}");
    assert_eq!(other.signals(), []);
    assert_eq!(it.status("other")["state"], "running");
}

/// What nobody of the container was killed for is not in the account of its stop.
#[test]
fn a_sigkill_before_the_stop_does_not_count_in_it() {
    let mut it = run(r#"
        report = "report.json"
        [service.deaf]
        command = ["env", "--ignore-signal=TERM", "${PUPPET}", "deaf"]
        stop_timeout = "200ms"
        [service.other]
        command = ["${PUPPET}", "other", "take 15", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let (_deaf, _other) = (it.puppet("deaf"), it.puppet("other"));
    it.ctl(&["stop", "--wait", "deaf"]).with_code(0);
    assert_eq!(it.stop().0, Exit::Code(0));
    let report = it.report();
    assert_eq!(
        (&report["killed"], &report["graceful"]),
        (&0.into(), &true.into())
    );
}
