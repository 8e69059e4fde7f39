//! Asks what services find in their environment: `environment`, `env_file`, `environment_from_file`, and
//! what bowout itself tells them.

use conformance::{Configuration, Exit, Puppet};

use crate::run;

#[track_caller]
fn holds(puppet: &mut Puppet, name: &str, value: &str) {
    assert_eq!(puppet.env(name).as_deref(), Some(value), "{name}");
}

#[test]
fn environment_adds_changes_and_takes_away() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        environment = { PORT = 8080, RATE = 0.5, TEXT = "a b", OLD = "new", GONE = false }
    "#,
    )
    .env("OLD", "old")
    .env("GONE", "here")
    .env("KEPT", "kept")
    .start();
    let mut web = it.puppet("web");
    holds(&mut web, "PORT", "8080");
    holds(&mut web, "RATE", "0.5");
    holds(&mut web, "TEXT", "a b");
    holds(&mut web, "OLD", "new");
    holds(&mut web, "KEPT", "kept");
    assert_eq!(web.env("GONE"), None);
}

#[test]
fn environment_may_be_an_array() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        environment = ["PORT=80=80", "PASSED", "UNKNOWN"]
    "#,
    )
    .env("PASSED", "on")
    .start();
    let mut web = it.puppet("web");
    holds(&mut web, "PORT", "80=80");
    holds(&mut web, "PASSED", "on");
    assert_eq!(web.env("UNKNOWN"), None);
}

#[test]
fn env_file_is_read_below_environment() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        env_file = ["first.env", { path = "second.env" }, { path = "missing.env", required = false }]
        environment = { C = "table" }
    "#,
    )
    .file("first.env", "# a comment\nA=first\nB=first\nC=first\n\nQUOTED=\"a b\"\n")
    .file("second.env", "B=second\n")
    .start();
    let mut web = it.puppet("web");
    holds(&mut web, "A", "first");
    holds(&mut web, "B", "second");
    holds(&mut web, "C", "table");
    // As `docker run --env-file` has it.
    holds(&mut web, "QUOTED", "\"a b\"");
}

#[test]
fn without_a_required_env_file_it_does_not_start() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        env_file = "missing.env"
    "#);
    assert_eq!(it.exit(), Exit::Code(125));
    assert!(it.stderr().contains("missing.env"), "{}", it.stderr());
}

#[test]
fn environment_from_file_is_read_at_each_start_without_the_newline() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        environment_from_file = { PASSWORD = "secret" }
    "#,
    )
    .file("secret", "hunter2\n")
    .start();
    let mut web = it.puppet("web");
    holds(&mut web, "PASSWORD", "hunter2");
    it.write("secret", "changed");
    it.ctl(&["restart", "--wait", "web"]).with_code(0);
    let mut web = it.puppet("web");
    holds(&mut web, "PASSWORD", "changed");
}

#[test]
fn without_its_secret_it_does_not_start_and_nothing_of_a_secret_is_said() {
    let mut it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        environment_from_file = { GOOD = "good", BAD = "missing" }
    "#,
    )
    .file("good", "hunter2\n")
    .options(&["-vv"])
    .start();
    assert_eq!(it.exit(), Exit::Code(125));
    let said = it.stderr();
    assert!(said.contains("missing"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn variables_are_put_into_texts() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web", "print ${GIVEN} ${EMPTY:-default} ${UNKNOWN-other} $$HOME"]
    "#,
    )
    .env("GIVEN", "given")
    .env("EMPTY", "")
    .start();
    let _web = it.puppet("web");
    assert_eq!(it.stdout(), "given default other $HOME\n");
}

#[test]
fn services_are_told_what_they_were_promised() {
    let it = run(r#"
        grace = "20s"
        [service.web]
        command = ["${PUPPET}", "web"]
        stop_timeout = "3s"
        watchdog = "30s"
    "#);
    let mut web = it.puppet("web");
    // In seconds, as every option of another bowout below it takes them.
    holds(&mut web, "BOWOUT_STOP_TIMEOUT", "3");
    assert!(web.env("NOTIFY_SOCKET").is_some());
    holds(&mut web, "WATCHDOG_USEC", "30000000");
    let own = web.own_pid.to_string();
    let named = web.env("WATCHDOG_PID").expect("it is told whose it is");
    assert_eq!(named.trim_start_matches('0'), own);
}

/// `--grace` and the like are bowout's own, and another bowout below would take them for its own.
#[test]
fn what_is_meant_for_bowout_is_not_passed_on() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#,
    )
    .env("BOWOUT_GRACE", "7s")
    .env("NOTIFY_SOCKET", "/nowhere")
    .start();
    let mut web = it.puppet("web");
    assert_eq!(web.env("BOWOUT_GRACE"), None);
    assert_ne!(web.env("NOTIFY_SOCKET").as_deref(), Some("/nowhere"));
}

#[test]
fn descriptors_that_were_opened_for_it_are_passed_on() {
    let it = Configuration::new(
        r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#,
    )
    .on(|stage| stage.after("exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$"))
    .start();
    let mut web = it.puppet("web");
    assert_eq!(web.facts().text("descriptors"), "0,1,2,3");
    holds(&mut web, "LISTEN_FDS", "1");
    let own = web.own_pid.to_string();
    let named = web.env("LISTEN_PID").expect("it is told whose they are");
    assert_eq!(named.trim_start_matches('0'), own);
}
