//! Asks what is done with signals that ask for no stop: `[signal.*]`, `rewrite`, and where nothing is said.

use conformance::{Exit, Signal, await_that};

use crate::run;

/// Two services that take every signal; `extra` is not essential.
const BOTH: &str = r#"
    [service.web]
    command = ["${PUPPET}", "web", "take all"]
    [service.extra]
    command = ["${PUPPET}", "extra", "take all"]
    essential = false
"#;

#[test]
fn without_a_rule_each_essential_service_gets_it() {
    let it = run(BOTH);
    let (mut web, mut extra) = (it.puppet("web"), it.puppet("extra"));
    for signal in [
        Signal::USR1,
        Signal::USR2,
        Signal::WINCH,
        Signal::QUIT,
        Signal::realtime(5),
    ] {
        it.signal(signal);
        web.expect(signal);
    }
    assert_eq!(extra.signals(), []);
    assert_eq!(it.status("web")["state"], "running");
}

#[test]
fn forward_sends_it_to_those_that_are_named() {
    let it = run(&format!(
        "[signal.USR1]\nforward = [\"extra\"]\n[signal.\"RTMIN+2\"]\nforward = [\"web\", \"extra\"]\n{BOTH}"
    ));
    let (mut web, mut extra) = (it.puppet("web"), it.puppet("extra"));
    it.signal(Signal::USR1);
    extra.expect(Signal::USR1);
    it.signal(Signal::realtime(2));
    extra.expect(Signal::realtime(2));
    // The first it gets: USR1 was not for it.
    web.expect(Signal::realtime(2));
}

#[test]
fn ignore_is_for_nobody() {
    let it = run(&format!("[signal.USR1]\nignore = true\n{BOTH}"));
    let mut web = it.puppet("web");
    it.signal(Signal::USR1);
    it.signal(Signal::USR2);
    web.expect(Signal::USR2);
}

#[test]
fn run_runs_hooks_and_nobody_gets_it() {
    let it = run(&format!(
        r#"
        [signal.USR1]
        run = [["${{PUPPET}}", "rotate", "record ran", "exit 0"], {{ command = "echo second ran >> $PUPPET_RECORD", shell = true }}]
        {BOTH}
    "#
    ));
    let mut web = it.puppet("web");
    it.signal(Signal::USR1);
    await_that("both have run", || {
        it.record().has("rotate ran") && it.record().has("second ran")
    });
    it.signal(Signal::USR2);
    web.expect(Signal::USR2);
}

/// As with a pending signal, any number of times while it runs counts once.
#[test]
fn a_hook_on_a_signal_does_not_run_twice_at_a_time() {
    let it = run(&format!(
        "[signal.USR1]\nrun = [[\"${{PUPPET}}\", \"rotate\"]]\n{BOTH}"
    ));
    let mut web = it.puppet("web");
    it.signal(Signal::USR1);
    let mut first = it.puppet("rotate");
    for _ in 0..3 {
        it.signal(Signal::USR1);
        it.signal(Signal::USR2);
        web.expect(Signal::USR2);
    }
    first.exit(0);
    let mut second = it.puppet("rotate");
    second.exit(0);
    it.signal(Signal::USR1);
    let _third = it.puppet("rotate");
}

#[test]
fn reload_tells_those_that_are_named_as_they_want_to_be_told() {
    let it = run(r#"
        [signal.USR1]
        reload = ["plain", "own", "command"]
        [service.plain]
        command = ["${PUPPET}", "plain", "take all"]
        [service.own]
        command = ["${PUPPET}", "own", "take all"]
        reload_signal = "RTMIN+1"
        [service.command]
        command = ["${PUPPET}", "command", "take all"]
        exec_reload = { command = "kill -WINCH $$MAINPID", shell = true }
        [service.other]
        command = ["${PUPPET}", "other", "take all"]
    "#);
    let mut all = ["plain", "own", "command", "other"].map(|name| it.puppet(name));
    it.signal(Signal::USR1);
    all[0].expect(Signal::HUP);
    all[1].expect(Signal::realtime(1));
    all[2].expect(Signal::WINCH);
    assert_eq!(all[3].signals(), []);
    assert_eq!(it.status("command")["restarts"], 0);
}

#[test]
fn an_exec_reload_that_fails_is_said_and_changes_nothing() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "take all"]
        exec_reload = "false"
    "#);
    let mut web = it.puppet("web");
    it.await_state("web", "running");
    let mut events = it.events();
    it.ctl(&["reload", "web"]).with_code(0);
    events.expect("hook_ended", "web");
    it.await_log("exited with 1");
    assert_eq!(web.signals(), []);
    assert_eq!(it.status("web")["pid"], web.own_pid);
}

#[test]
fn reload_config_reads_the_configuration_again() {
    let it = run(&format!("[signal.USR1]\nreload_config = true\n{BOTH}"));
    let mut web = it.puppet("web");
    let file = it.read("bowout.toml");
    it.write(
        "bowout.toml",
        &format!("{file}\n[service.new]\ncommand = [\"${{PUPPET}}\", \"new\"]\n"),
    );
    it.signal(Signal::USR1);
    let _new = it.puppet("new");
    assert_eq!(web.signals(), []);
}

/// A map, and not a chain.
#[test]
fn rewrite_turns_signals_into_others_and_drops_them() {
    let it = run(&format!(
        r#"
        rewrite = {{ USR1 = "USR2", USR2 = "HUP", WINCH = "0", 3 = "" }}
        {BOTH}
    "#
    ));
    let mut web = it.puppet("web");
    it.signal(Signal::WINCH);
    it.signal(Signal::QUIT);
    it.signal(Signal::USR1);
    web.expect(Signal::USR2);
    it.signal(Signal::USR2);
    web.expect(Signal::HUP);
}

/// The stop is asked for by the signal that comes, and is told by what it is rewritten to.
#[test]
fn rewrite_counts_for_the_stop_signal_too() {
    let mut it = run(r#"
        rewrite = { TERM = "QUIT" }
        [service.web]
        command = ["${PUPPET}", "web", "take all"]
    "#);
    let mut web = it.puppet("web");
    it.signal(Signal::TERM);
    web.expect(Signal::QUIT);
    web.exit(0);
    assert_eq!(it.exit(), Exit::Code(0));
}

/// A value that came along goes on as it came: `kill -q`.
#[test]
fn a_value_is_kept() {
    let it = run(BOTH);
    let mut web = it.puppet("web");
    Signal::USR1.queue(it.init().0, 4711);
    assert_eq!(web.expect(Signal::USR1).value, Some(4711));
}

#[test]
fn one_that_nobody_can_get_is_no_end() {
    let mut it = conformance::Configuration::new(
        r#"
        [signal.USR1]
        forward = ["extra"]
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 exit 0"]
        [service.extra]
        command = ["${PUPPET}", "extra"]
        autostart = false
    "#,
    )
    .options(&["-v"])
    .start();
    let _web = it.puppet("web");
    it.await_state("web", "running");
    it.signal(Signal::USR1);
    it.await_log("SIGUSR1 came, and there is nobody to send it on to");
    assert_eq!(it.stop().0, Exit::Code(0));
}
