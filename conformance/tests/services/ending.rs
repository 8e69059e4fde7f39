//! Asks what ends the container, and with which code: `essential`, and the table of exit codes.

use conformance::{Exit, Scratch, Signal};

use crate::run;

#[test]
fn when_an_essential_service_ends_the_others_stop_in_order_and_its_code_is_the_containers() {
    for code in [0, 5] {
        let mut it = run(r#"
            report = "report.json"
            [service.db]
            command = ["${PUPPET}", "db", "catch 15", "on 15 clean 0", "on 15 exit 0"]
            [service.app]
            command = ["${PUPPET}", "app", "catch 15", "on 15 clean 0", "on 15 exit 0"]
            depends_on = ["db"]
            [service.web]
            command = ["${PUPPET}", "web"]
            depends_on = ["db"]
        "#);
        let _others = [it.puppet("db"), it.puppet("app")];
        it.puppet("web").exit(code);
        assert_eq!(it.exit(), Exit::Code(code));
        let record = it.record();
        let place = |name| {
            record
                .place(&format!("{name} cleaned"))
                .expect("it cleaned")
        };
        assert!(place("app") < place("db"), "{record:?}");
        let report = it.report();
        assert_eq!(report["reason"]["kind"], "ended", "{report}");
        assert_eq!(report["reason"]["service"], "web", "{report}");
        assert_eq!(report["reason"]["status"]["code"], code, "{report}");
    }
}

#[test]
fn the_death_of_an_essential_service_is_128_plus_the_signal() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.other]
        command = ["${PUPPET}", "other"]
    "#);
    it.puppet("web").process.signal(Signal::KILL);
    assert_eq!(it.exit(), Exit::Code(137));
}

#[test]
fn one_that_is_not_essential_ends_alone() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        essential = false
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    it.puppet("web").exit(7);
    it.await_state("web", "failed");
    assert_eq!(it.status("keeper")["state"], "running");
    assert_eq!(it.stop().0, Exit::Code(0));
}

#[test]
fn when_nothing_is_left_the_container_ends_with_the_code_of_what_failed() {
    for (code, expected) in [(0, 0), (6, 6)] {
        let mut it = run(&format!(
            r#"
            [service.job]
            type = "oneshot"
            command = ["${{PUPPET}}", "job", "exit {code}"]
            essential = false
            [service.other]
            command = ["${{PUPPET}}", "other", "exit 0"]
            essential = false
        "#
        ));
        assert_eq!(it.exit(), Exit::Code(expected));
    }
}

/// Stopped by somebody, it has not ended for good: it can be started again.
#[test]
fn an_essential_service_that_was_stopped_by_ctl_does_not_end_the_container() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let mut web = it.puppet("web");
    it.ctl(&["stop", "--wait", "web"]).with_code(0);
    web.await_end();
    assert_eq!(it.await_state("web", "stopped")["wanted"], false);
    it.ctl(&["start", "--wait", "web"]).with_code(0);
    let _web = it.puppet("web");
    assert_eq!(it.stop().0, Exit::Code(0));
}

#[test]
fn a_stop_in_time_is_0_whatever_the_services_made_of_it() {
    let mut it = run(r#"
        [service.dies]
        command = ["${PUPPET}", "dies"]
        [service.zero]
        command = ["${PUPPET}", "zero", "take 15", "on 15 exit 0"]
        [service.other]
        command = ["${PUPPET}", "other", "take 15", "on 15 exit 143"]
    "#);
    let _all = ["dies", "zero", "other"].map(|name| it.puppet(name));
    assert_eq!(it.stop().0, Exit::Code(0));
}

#[test]
fn a_stop_that_took_a_sigkill_is_137() {
    let mut it = run(r#"
        [service.deaf]
        command = ["env", "--ignore-signal=TERM", "${PUPPET}", "deaf"]
        stop_timeout = "300ms"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let _all = ["deaf", "web"].map(|name| it.puppet(name));
    assert_eq!(it.stop().0, Exit::Code(137));
}

#[test]
fn a_program_that_is_not_there_is_127_and_one_that_can_not_run_126() {
    let scratch = Scratch::new();
    let plain = scratch.write("plain", "text", 0o644);
    for (program, code) in [
        ("/no/such/program", 127),
        ("no-such-program", 127),
        (&plain, 126),
    ] {
        let mut it = run(&format!(
            r#"
            [service.db]
            command = ["${{PUPPET}}", "db", "catch 15", "on 15 clean 0", "on 15 exit 0"]
            ready = "notify"
            [service.web]
            command = ["{program}"]
            depends_on = {{ db = "ready" }}
        "#
        ));
        it.puppet("db").ask("notify READY=1");
        assert_eq!(it.exit(), Exit::Code(code), "{program}");
        let said = it.stderr();
        assert!(
            said.contains(&format!("web: cannot run {program}: ")),
            "{said}"
        );
        assert!(it.record().cleaned("db"));
    }
}

#[test]
fn one_that_can_not_be_started_and_is_not_essential_does_no_harm() {
    let mut it = run(r#"
        [service.web]
        command = ["/no/such/program"]
        essential = false
        restart = "always"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
    "#);
    let _keeper = it.puppet("keeper");
    let status = it.await_state("web", "failed");
    let why = status["why"].as_str().expect("it is said");
    assert!(why.contains("no such file"), "{status}");
    assert_eq!(it.stop().0, Exit::Code(0));
}

#[test]
fn the_container_ends_by_ctl_shutdown_as_by_a_signal() {
    let mut it = run(r#"
        report = "report.json"
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 clean 0", "on 15 exit 3"]
    "#);
    let _web = it.puppet("web");
    it.ctl(&["shutdown", "--wait"]).with_code(0);
    assert_eq!(it.exit(), Exit::Code(0));
    assert!(it.record().cleaned("web"));
    assert_eq!(it.report()["reason"]["kind"], "request");
}
