//! Asks what runs: `command` in each form, `shell`, and `type`.

use conformance::{Exit, Signal};

use crate::run;

#[test]
fn a_text_is_split_as_a_shell_splits_it_and_nothing_else_happens() {
    let it = run(r#"
        [service.web]
        command = '${PUPPET} web "print one $$HOME" print\ two'
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.stdout(), "one $HOME\ntwo\n");
}

#[test]
fn an_array_is_taken_word_by_word() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web", "print $HOME 'quoted' && more"]
    "#);
    let _web = it.puppet("web");
    assert_eq!(it.stdout(), "$HOME 'quoted' && more\n");
}

#[test]
fn a_program_without_a_slash_is_looked_for_along_the_path() {
    let it = run(r#"
        [service.web]
        command = ["env", "${PUPPET}", "web"]
    "#);
    let web = it.puppet("web");
    assert_eq!(it.await_state("web", "running")["pid"], web.own_pid);
}

#[test]
fn shell_has_a_shell_run_it() {
    let it = run(r#"
        [service.web]
        command = 'echo "$((6 * 7))"; "$PUPPET" web'
        shell = true
    "#);
    let mut web = it.puppet("web");
    assert_eq!(it.stdout(), "42\n");
    let shell = web.facts().number("ppid");
    assert_eq!(it.await_state("web", "running")["pid"], shell);
}

#[test]
fn behind_exec_the_program_is_the_main_process() {
    let it = run(r#"
        [service.web]
        command = 'exec "$PUPPET" web'
        shell = true
    "#);
    let mut web = it.puppet("web");
    assert_eq!(web.facts().number("ppid"), 1);
    assert_eq!(it.await_state("web", "running")["pid"], web.own_pid);
}

#[test]
fn a_service_leads_a_session_of_its_own_and_has_no_descriptor_too_many() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        [service.copied]
        command = ["${PUPPET}", "copied"]
        log = "prefix"
    "#);
    for name in ["web", "copied"] {
        let facts = it.puppet(name).facts();
        assert_eq!(facts.number("sid"), facts.number("pid"));
        assert_eq!(facts.text("descriptors"), "0,1,2", "{name}");
    }
}

#[test]
fn simple_is_ready_when_it_runs() {
    let it = run(r#"
        [service.web]
        type = "simple"
        command = ["${PUPPET}", "web"]
    "#);
    let web = it.puppet("web");
    let status = it.await_state("web", "running");
    assert_eq!(status["kind"], "simple");
    assert_eq!(status["ready"], true);
    assert_eq!(status["pid"], web.own_pid);
}

#[test]
fn a_oneshot_has_done_its_work_with_code_0() {
    let it = run(r#"
        [service.keeper]
        command = ["${PUPPET}", "keeper"]
        [service.job]
        type = "oneshot"
        command = ["${PUPPET}", "job"]
        [service.bad]
        type = "oneshot"
        essential = false
        command = ["${PUPPET}", "bad"]
    "#);
    let (mut job, mut bad) = (it.puppet("job"), it.puppet("bad"));
    assert_eq!(it.status("job")["ready"], false);
    job.exit(0);
    let status = it.await_state("job", "completed");
    assert_eq!(status["kind"], "oneshot");
    assert_eq!(status["ready"], true);
    assert_eq!(status["wanted"], false);
    bad.exit(4);
    let status = it.await_state("bad", "failed");
    assert_eq!(status["last_exit"]["code"], 4);
    assert_eq!(status["ready"], false);
}

/// `essential` says that what ends for good takes the rest along; a oneshot that has completed has not.
#[test]
fn when_every_oneshot_has_completed_and_nothing_else_is_there_it_is_over() {
    let mut it = run(r#"
        [service.job]
        type = "oneshot"
        command = ["${PUPPET}", "job", "exit 0"]
    "#);
    assert_eq!(it.exit(), Exit::Code(0));
}

#[test]
fn notify_is_ready_when_it_says_so() {
    let it = run(r#"
        [service.web]
        type = "notify"
        command = ["${PUPPET}", "web"]
    "#);
    let mut web = it.puppet("web");
    assert_eq!(it.status("web")["state"], "starting");
    web.ask("notify READY=1");
    assert_eq!(it.await_state("web", "running")["ready"], true);
}

#[test]
fn nothing_of_an_array_is_interpreted_by_a_shell() {
    let mut it = run(r#"
        [service.web]
        command = ["/bin/echo", "$(kill -9 1)", "`date`", "*"]
    "#);
    assert_eq!(it.exit(), Exit::Code(0));
    assert_eq!(it.stdout(), "$(kill -9 1) `date` *\n");
}

#[test]
fn services_have_no_signal_blocked_or_ignored() {
    let it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
    "#);
    let facts = it.puppet("web").facts();
    assert_eq!(facts.mask("blocked"), conformance::Mask::EMPTY);
    assert!(!facts.mask("ignored").has(Signal::PIPE) || inherited(Signal::PIPE));
}

/// What the test itself was started with goes down to bowout, and it passes it on.
fn inherited(signal: Signal) -> bool {
    let own = conformance::Process(std::process::id().cast_signed());
    own.mask("SigIgn").is_some_and(|mask| mask.has(signal))
}
