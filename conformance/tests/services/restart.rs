//! Asks what is started again, how often, and after which pause: `restart` and what belongs to it.

use std::time::Instant;

use conformance::{Exit, Signal, Supervisor};

use crate::{millis, ms, run};

/// A service that is restarted so, beside one that keeps the container.
#[track_caller]
fn with_restart(restart: &str) -> Supervisor {
    run(&format!(
        r#"
        [service.keeper]
        command = ["${{PUPPET}}", "keeper"]
        [service.web]
        command = ["${{PUPPET}}", "web"]
        essential = false
        {restart}
    "#
    ))
}

#[test]
fn no_leaves_it_down() {
    for restart in ["", "restart = \"no\""] {
        let it = with_restart(restart);
        it.puppet("web").exit(3);
        let status = it.await_state("web", "failed");
        assert_eq!(status["last_exit"]["code"], 3);
        assert_eq!(status["restarts"], 0);
    }
}

#[test]
fn on_failure_brings_back_what_failed_and_not_what_is_done() {
    let it = with_restart("restart = \"on-failure\"\nrestart_delay = \"10ms\"");
    it.puppet("web").exit(3);
    it.puppet("web").process.signal(Signal::KILL);
    let mut web = it.puppet("web");
    assert_eq!(it.await_state("web", "running")["restarts"], 2);
    web.exit(0);
    let status = it.await_status("web", "down", |status| status["pid"].is_null());
    assert_ne!(status["state"], "backoff", "{status}");
    assert_ne!(status["state"], "failed", "{status}");
    assert_eq!(status["restarts"], 2);
}

#[test]
fn always_brings_back_what_is_done_too() {
    for word in ["always", "unless-stopped"] {
        let it = with_restart(&format!("restart = \"{word}\"\nrestart_delay = \"10ms\""));
        for _ in 0..2 {
            it.puppet("web").exit(0);
        }
        let _web = it.puppet("web");
        assert_eq!(it.await_state("web", "running")["restarts"], 2);
    }
}

#[test]
fn max_restarts_is_how_often_and_then_it_has_failed() {
    for restart in [
        "restart = \"on-failure:2\"",
        "restart = \"always\"\nmax_restarts = 2",
    ] {
        let it = with_restart(&format!("{restart}\nrestart_delay = \"10ms\""));
        let mut events = it.events();
        for code in [1, 2, 3] {
            it.puppet("web").exit(code);
        }
        events.expect("given_up", "web");
        let status = it.await_state("web", "failed");
        assert_eq!(status["restarts"], 2);
        assert_eq!(status["last_exit"]["code"], 3);
    }
}

#[test]
fn an_essential_service_that_is_given_up_ends_the_container_with_its_code() {
    let mut it = run(r#"
        [service.web]
        command = ["${PUPPET}", "web"]
        restart = "on-failure:1"
        restart_delay = "10ms"
    "#);
    it.puppet("web").exit(8);
    it.puppet("web").exit(9);
    assert_eq!(it.exit(), Exit::Code(9));
}

/// The first pause is longer than the window, so no two restarts are ever in one.
#[test]
fn restart_window_is_the_time_in_which_they_are_counted() {
    let it = with_restart(
        "restart = \"always\"\nmax_restarts = 1\nrestart_window = \"100ms\"\nrestart_delay = \"200ms\"",
    );
    for _ in 0..2 {
        it.puppet("web").exit(1);
    }
    let _web = it.puppet("web");
    assert_eq!(it.await_state("web", "running")["restarts"], 2);
}

/// A quarter of a pause may be missing: services that failed together do not come back together.
#[test]
fn restart_delay_is_the_first_pause_and_the_next_is_twice_as_long() {
    let it = with_restart("restart = \"always\"\nrestart_delay = \"400ms\"");
    let mut web = it.puppet("web");
    for pause in [400, 800] {
        let start = Instant::now();
        web.exit(1);
        let status = it.await_state("web", "backoff");
        let next = status["next_start_ms"].as_u64().expect("it is known");
        assert!(next <= pause, "{status}");
        web = it.puppet("web");
        let took = start.elapsed();
        assert!(took >= ms(pause * 3 / 4), "{took:?} instead of {pause} ms");
        assert!(took < ms(pause + 2000), "{took:?} instead of {pause} ms");
    }
}

#[test]
fn restart_delay_max_is_the_longest_pause() {
    let it = with_restart(
        "restart = \"always\"\nrestart_delay = \"10ms\"\nrestart_delay_max = \"40ms\"",
    );
    let mut events = it.events();
    for _ in 0..8 {
        it.puppet("web").exit(1);
        let event = events.expect("restarting", "web");
        let text = event["message"].as_str().expect("it is a text");
        let pause = text.strip_prefix("web starts again in ");
        let pause: u64 = pause
            .and_then(|pause| pause.strip_suffix(" ms")?.parse().ok())
            .unwrap_or_else(|| panic!("{text}"));
        assert!(pause <= 40, "{text}");
    }
}

/// The time that both events have is bowout's own.
#[test]
fn the_first_restart_comes_after_a_tenth_of_a_second_unless_somebody_says_otherwise() {
    let it = with_restart("restart = \"always\"");
    let mut events = it.events();
    it.puppet("web").exit(1);
    let down = millis(&events.expect("restarting", "web")["time"]);
    let up = loop {
        let event = events.expect("changed", "web");
        if event["state"] == "running" {
            break millis(&event["time"]);
        }
    };
    let took = up - down;
    assert!((74..2000).contains(&took), "{took} ms");
}

/// Somebody who asks for it need not wait for the pause.
#[test]
fn start_cuts_a_pause_short() {
    let it = with_restart("restart = \"always\"\nrestart_delay = \"30s\"");
    it.puppet("web").exit(1);
    it.await_state("web", "backoff");
    it.ctl(&["start", "web"]).with_code(0);
    let _web = it.puppet("web");
}

/// One that loops costs the others nothing.
#[test]
fn a_loop_of_crashes_does_not_touch_the_others() {
    let mut it = run(r#"
        [service.broken]
        command = ["false"]
        restart = "always"
        restart_delay = "0s"
        essential = false
        [service.web]
        command = ["${PUPPET}", "web", "take 15", "on 15 clean 0", "on 15 exit 0"]
    "#);
    let _web = it.puppet("web");
    it.await_status("broken", "restarted often", |status| {
        status["restarts"].as_u64() >= Some(50)
    });
    let (exit, took) = it.stop();
    assert_eq!(exit, Exit::Code(0));
    assert!(took < ms(3000), "{took:?}");
    assert!(it.record().cleaned("web"));
}
