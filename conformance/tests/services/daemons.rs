//! Asks that daemons are found, kept and stopped, and that no pid is believed that bowout has not seen:
//! `type = "forking"`, `pidfile`, `MAINPID=`.

use std::fs;

use conformance::{Configuration, Exit, Puppet, Signal, Supervisor};

use crate::{ms, run};

/// A service whose program is a puppet that starts a daemon when it is told.
fn forking(more: &str) -> Configuration {
    Configuration::new(&format!(
        r#"
        [service.web]
        type = "forking"
        command = ["${{PUPPET}}", "starter"]
        restart = "on-failure"
        restart_delay = "10ms"
        {more}
    "#
    ))
}

/// The starter starts a daemon, which is there when this returns, as the starter still is.
#[track_caller]
fn daemon(it: &Supervisor) -> (Puppet, Puppet) {
    let mut starter = it.puppet("starter");
    starter.spawn("daemon", "setsid; take 15; on 15 clean 0; on 15 exit 0");
    let daemon = it.puppet("daemon");
    (starter, daemon)
}

#[track_caller]
fn write_pid(it: &Supervisor, pid: i32) {
    // Not in pieces: a number that is half written is another number.
    it.write("new.pid", &format!("{pid}\n"));
    fs::rename(it.path("new.pid"), it.path("web.pid")).expect("cannot rename");
}

#[test]
fn without_a_pidfile_the_daemon_is_what_is_left_over() {
    let mut it = forking("").start();
    let (mut starter, mut first) = daemon(&it);
    assert_eq!(it.status("web")["state"], "starting");
    starter.exit(0);
    let status = it.await_state("web", "running");
    assert_eq!(status["pid"], first.own_pid);
    assert_eq!(status["kind"], "forking");
    // It is bowout's own child: its end is seen, and its code is known.
    first.exit(3);
    let (mut starter, second) = daemon(&it);
    starter.exit(0);
    let status = it.await_state("web", "running");
    assert_eq!(status["pid"], second.own_pid);
    assert_eq!(status["last_exit"]["code"], 3);
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("daemon"));
}

#[test]
fn a_pidfile_says_which_of_several_is_the_main_process() {
    let it = forking("pidfile = \"web.pid\"").start();
    let mut starter = it.puppet("starter");
    starter.spawn("other", "setsid; take 15");
    starter.spawn("daemon", "setsid; take 15");
    let (_other, daemon) = (it.puppet("other"), it.puppet("daemon"));
    write_pid(&it, daemon.own_pid);
    starter.exit(0);
    assert_eq!(it.await_state("web", "running")["pid"], daemon.own_pid);
}

/// Many daemons write it a moment after their starter has ended.
#[test]
fn a_pidfile_may_come_late() {
    let it = forking("pidfile = \"web.pid\"").start();
    let (mut starter, mut daemon) = daemon(&it);
    starter.exit(0);
    starter.process.await_reaped();
    daemon.ask("work 300");
    assert_eq!(it.status("web")["state"], "starting");
    write_pid(&it, daemon.own_pid);
    assert_eq!(it.await_state("web", "running")["pid"], daemon.own_pid);
}

/// A file that a former container left behind names somebody who may be anybody now.
#[test]
fn a_pidfile_from_before_the_start_is_not_believed() {
    let it = Configuration::new(
        r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.web]
        type = "forking"
        command = ["${PUPPET}", "starter"]
        pidfile = "web.pid"
        depends_on = ["keeper"]
    "#,
    )
    .file("web.pid", "2\n")
    .start();
    let (mut starter, daemon) = daemon(&it);
    starter.exit(0);
    it.await_log("was there before the start");
    assert_eq!(it.status("web")["state"], "starting");
    write_pid(&it, daemon.own_pid);
    assert_eq!(it.await_state("web", "running")["pid"], daemon.own_pid);
}

/// Another service's process, bowout itself, and nobody.
#[test]
fn a_foreign_pid_in_a_pidfile_is_refused() {
    let mut it = run(r#"
        [service.victim]
        command = ["${PUPPET}", "victim", "take 15", "on 15 clean 0", "on 15 exit 0"]
        [service.web]
        type = "forking"
        command = ["${PUPPET}", "starter"]
        pidfile = "web.pid"
        start_timeout = "1s"
        essential = false
    "#);
    let mut events = it.events();
    let victim = it.puppet("victim");
    let (mut starter, mut daemon) = daemon(&it);
    write_pid(&it, victim.own_pid);
    starter.exit(0);
    events.expect("refused", "web");
    for pid in [1, 32_000] {
        write_pid(&it, pid);
        daemon.ask("work 150");
        assert_eq!(it.status("web")["state"], "starting");
    }
    // Nobody is found, so the start fails; what was started goes, and the other one stays.
    it.await_state("web", "failed");
    daemon.await_end();
    assert_eq!(it.status("victim")["pid"], victim.own_pid);
    assert_eq!(it.stop().0, Exit::Code(0));
    assert_eq!(it.record().times("victim", Signal::TERM), 1);
}

#[test]
fn a_starter_that_leaves_nobody_behind_has_failed() {
    for pidfile in ["", "pidfile = \"web.pid\""] {
        let it = run(&format!(
            r#"
            [service.keeper]
            command = ["${{PUPPET}}", "keeper"]
            [service.web]
            type = "forking"
            command = ["true"]
            {pidfile}
            start_timeout = "300ms"
            essential = false
        "#
        ));
        let status = it.await_state("web", "failed");
        let why = "its program ended, and left no daemon behind";
        assert_eq!(status["why"], why, "{status}");
    }
}

#[test]
fn a_starter_that_fails_has_failed_and_its_daemon_goes() {
    let mut it = forking("").start();
    let (mut starter, mut daemon) = daemon(&it);
    starter.exit(7);
    daemon.await_end();
    // On failure it is started again.
    let _starter = it.puppet("starter");
    assert_eq!(it.status("web")["last_exit"]["code"], 7);
    it.stop();
    assert!(it.record().cleaned("daemon"));
}

/// As shells do it: a child of a child, and nobody waits.
#[test]
fn a_double_fork_of_a_shell_is_found() {
    let mut it = run(r#"
        [service.web]
        type = "forking"
        command = '(setsid "$PUPPET" daemon "take 15" "on 15 clean 0" "on 15 exit 0" </dev/null &); exit 0'
        shell = true
        restart = "always"
        restart_delay = "10ms"
    "#);
    let mut first = it.puppet("daemon");
    assert_eq!(it.await_state("web", "running")["pid"], first.own_pid);
    first.exit(1);
    let second = it.puppet("daemon");
    let status = it.await_status("web", "up again", |status| {
        status["state"] == "running" && status["restarts"] == 1
    });
    assert_eq!(status["pid"], second.own_pid);
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took < ms(3000), "{took:?}");
    assert!(it.record().cleaned("daemon"));
}

#[test]
fn a_daemon_may_say_who_it_is() {
    let it = forking("").start();
    let mut starter = it.puppet("starter");
    starter.spawn("other", "setsid; take 15");
    starter.spawn("daemon", "setsid; take 15");
    let (_other, daemon) = (it.puppet("other"), it.puppet("daemon"));
    starter.ask(format_args!("notify MAINPID={} READY=1", daemon.own_pid));
    starter.exit(0);
    assert_eq!(it.await_state("web", "running")["pid"], daemon.own_pid);
}

/// A reload of nginx, an upgrade of a server: the main process hands over to a child of bowout.
#[test]
fn a_running_service_may_name_another_main_process() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        restart = "on-failure"
    "#);
    let mut web = it.puppet("web");
    web.spawn("middle", "");
    let mut middle = it.puppet("middle");
    middle.spawn("heir", "take 15");
    let heir = it.puppet("heir");
    middle.exit(0);
    web.ask("wait middle");
    web.ask(format_args!("notify MAINPID={}", heir.own_pid));
    it.await_status("web", "handed over", |status| status["pid"] == heir.own_pid);
    web.exit(0);
    assert_eq!(it.status("web")["pid"], heir.own_pid);
    assert_eq!(it.status("web")["restarts"], 0);
}

#[test]
fn a_service_may_not_name_a_process_of_another_as_its_own() {
    let mut it = run(r#"
        [service.victim]
        command = ["${PUPPET}", "victim"]
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let mut events = it.events();
    let (victim, mut web) = (it.puppet("victim"), it.puppet("web"));
    for pid in [victim.own_pid, 32_000] {
        web.ask(format_args!("notify MAINPID={pid}"));
        events.expect("refused", "web");
        assert_eq!(it.status("web")["pid"], web.own_pid);
    }
    // 1 is nobody's main process, and is not even asked about.
    web.ask("notify MAINPID=1");
    it.await_log("MAINPID=1 is not understood");
    assert_eq!(it.stop().0, Exit::Code(0));
}

/// A daemon is ready when it is known, or when it says so.
#[test]
fn what_waits_for_a_daemon_starts_when_it_is_known() {
    let it = run(r#"
        [service.web]
        type = "forking"
        command = ["${PUPPET}", "starter"]
        [service.after]
        command = ["${PUPPET}", "after"]
        depends_on = { web = "ready" }
    "#);
    let (mut starter, _daemon) = daemon(&it);
    assert_eq!(it.status("after")["state"], "waiting");
    starter.exit(0);
    let _after = it.puppet("after");
}

/// The workers of a daemon are its own, and are waited for as in any service.
#[test]
fn workers_of_a_daemon_are_waited_for() {
    let mut it = forking("").start();
    let (mut starter, mut daemon) = daemon(&it);
    daemon.spawn("worker", "take 15; on 15 clean 200; on 15 exit 0");
    let _worker = it.puppet("worker");
    starter.exit(0);
    it.await_state("web", "running");
    assert_eq!(it.stop().0, Exit::Code(0));
    assert!(it.record().cleaned("worker"), "{:?}", it.record());
}

/// Where nobody can look at processes, the kernel still says who is a child of bowout.
#[test]
fn without_proc_no_stranger_is_believed() {
    crate::as_root("without_proc_no_stranger_is_believed", || {
        let mut it = forking("pidfile = \"web.pid\"\nkill_mode = \"main\"")
            .on(|stage| stage.after("mount -t tmpfs none /proc || exit 98"))
            .start();
        it.enter("visitor", &["take 15"]);
        let mut visitor = it.puppet("visitor");
        let (mut starter, daemon) = daemon(&it);
        write_pid(&it, visitor.own_pid);
        starter.ask(format_args!("notify MAINPID={}", visitor.own_pid));
        it.await_log("is no child of bowout");
        starter.exit(0);
        starter.process.await_reaped();
        visitor.ask("work 300");
        assert_eq!(it.status("web")["state"], "starting");
        write_pid(&it, daemon.own_pid);
        assert_eq!(it.await_state("web", "running")["pid"], daemon.own_pid);
        it.ctl(&["stop", "--wait", "web"]).with_code(0);
        assert_eq!(visitor.signals(), []);
        assert!(it.record().cleaned("daemon"));
        assert_eq!(it.stop().0, Exit::Code(0));
    });
}
