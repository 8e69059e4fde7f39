//! Asks who of a service is told to stop: `kill_mode`, with a tree of processes below the main one.

use conformance::{Exit, Puppet, Signal, Supervisor};

use crate::{in_report, ms, run};

/// A service with a wrapper that does not catch the signal, and a worker below it that does.
fn tree(mode: &str, more: &str) -> (Supervisor, Puppet, Puppet) {
    let it = run(&format!(
        r#"
        grace = "30s"
        report = "report.json"
        [service.web]
        command = ["${{PUPPET}}", "web"{more}]
        {mode}
        stop_timeout = "1s"
        [service.other]
        command = ["${{PUPPET}}", "other", "take 15", "on 15 clean 0", "on 15 exit 0"]
    "#
    ));
    let mut web = it.puppet("web");
    web.spawn("worker", "take 15; on 15 clean 300; on 15 exit 0");
    let worker = it.puppet("worker");
    (it, web, worker)
}

/// The default: down the tree until somebody takes charge, and everybody is waited for.
#[test]
fn auto_tells_whoever_is_below_one_that_does_not_catch_the_signal() {
    for mode in ["", "kill_mode = \"auto\""] {
        let (mut it, _web, _worker) = tree(mode, "");
        assert_eq!(it.stop().0, Exit::Code(0));
        assert_eq!(it.record().times("worker", Signal::TERM), 1);
    }
}

#[test]
fn auto_leaves_the_workers_to_a_master_that_takes_charge() {
    let (it, mut web, mut worker) = tree("", ", \"take 15\"");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    assert_eq!(worker.signals(), []);
    web.ask("signal-children 12");
    // Half of the time is over, or its master is gone: then it is told.
    web.exit(0);
    worker.await_end();
}

/// It has a handler and never gets to it: the workers have the second half.
#[test]
fn auto_tells_the_workers_at_half_time() {
    let (mut it, _web, _worker) = tree("", ", \"take 15\"");
    let mut events = it.events();
    it.signal(Signal::TERM);
    let event = events.expect("half_time", "web");
    let said = event["message"].as_str().expect("it is a text");
    assert!(said.contains("1 more of web told to stop"), "{said}");
    assert_eq!(it.exit(), Exit::Code(137));
    assert_eq!(it.record().times("worker", Signal::TERM), 1);
}

/// systemd's `mixed`: the main process is told, and whoever is left when it has gone gets SIGKILL.
#[test]
fn main_tells_the_main_process_alone() {
    let (mut it, mut web, mut worker) = tree("kill_mode = \"main\"", ", \"take 15\"");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    web.ask("work 700");
    // Past half time too.
    assert_eq!(worker.signals(), []);
    web.await_end();
    worker.await_end();
    assert_eq!(it.exit(), Exit::Code(137));
    assert!(!it.record().cleaned("worker"));
}

#[test]
fn group_tells_the_whole_group() {
    let (mut it, mut web, _worker) = tree("kill_mode = \"group\"", ", \"take 15\"");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert_eq!(it.record().times("worker", Signal::TERM), 1);
}

/// What has left the group is not told with it, and is swept when everybody is down.
#[test]
fn group_is_the_group_and_not_the_tree() {
    let mut it = run(r#"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 15"]
        kill_mode = "group"
    "#);
    let mut web = it.puppet("web");
    web.spawn("away", "setpgid; take 15; on 15 clean 300; on 15 exit 0");
    let mut away = it.puppet("away");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    assert_eq!(away.signals(), []);
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("away"));
    let report = it.report();
    assert_eq!(in_report(&report, away.own_pid)["swept"], true, "{report}");
}

/// The main process is told and killed, and nobody else is waited for: the sweep is for them.
#[test]
fn process_is_about_nobody_but_the_main_process() {
    let (mut it, mut web, worker) = tree("kill_mode = \"process\"", ", \"take 15\"");
    it.signal(Signal::TERM);
    web.expect(Signal::TERM);
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
    let report = it.report();
    assert!(it.record().cleaned("worker"), "it was not swept gracefully");
    assert_eq!(
        in_report(&report, worker.own_pid)["swept"],
        true,
        "{report}"
    );
}

/// One that has ended and left others behind is not down, and its time-out counts for those.
#[test]
fn workers_that_stay_when_the_main_process_has_gone_are_killed_by_the_time_out() {
    let mut it = run(r#"
        grace = "1h"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
        stop_timeout = "600ms"
    "#);
    let mut web = it.puppet("web");
    web.ask("run deaf env --ignore-signal=TERM sleep 1000");
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(137));
    assert!(took >= ms(600), "{took:?}");
    let report = it.report();
    let all = report["processes"].as_array().expect("there is a list");
    let killed: Vec<_> = all.iter().filter(|one| !one["killed"].is_null()).collect();
    assert_eq!(killed.len(), 1, "{report}");
    assert_eq!(killed[0]["name"], "sleep", "{report}");
    assert_eq!(killed[0]["service"], "web", "{report}");
}

/// When its main process dies the rest of a service goes before the next one starts.
#[test]
fn what_a_crash_leaves_behind_is_stopped_before_the_restart() {
    for mode in ["auto", "group"] {
        let it = run(&format!(
            r#"
            [service.web]
            command = ["${{PUPPET}}", "web"]
            restart = "always"
            restart_delay = "10ms"
            kill_mode = "{mode}"
            stop_timeout = "1s"
        "#
        ));
        let mut web = it.puppet("web");
        web.spawn("worker", "take 15; on 15 clean 0; on 15 exit 0");
        let mut worker = it.puppet("worker");
        web.exit(1);
        worker.await_end();
        let _again = it.puppet("web");
        assert!(it.record().cleaned("worker"), "{mode}");
    }
}

/// They were the main process's business; when it is gone they are told. Neither the next start nor the stop of
/// what the service depends on comes before they have ended.
#[test]
fn main_tells_those_whom_the_main_process_leaves_behind() {
    let mut it = run(r#"
        grace = "30s"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
        restart = "always"
        restart_delay = "10ms"
        kill_mode = "main"
        depends_on = ["db"]
        [service.db]
        command = ["${PUPPET}", "db", "take 15", "on 15 record told", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let mut web = it.puppet("web");
    web.spawn("first", "take 15");
    let mut first = it.puppet("first");
    web.exit(1);
    first.expect(Signal::TERM);
    assert_eq!(it.status("web")["state"], "stopping");
    first.exit(0);
    let mut web = it.puppet("web");
    web.spawn("second", "take 15; on 15 clean 300; on 15 exit 0");
    let _second = it.puppet("second");
    assert_eq!(it.stop().0, Exit::Code(0));
    let record = it.record();
    let (second, db) = (record.place("second cleaned"), record.place("db told"));
    assert!(second.is_some() && second < db, "{record:?}");
}
