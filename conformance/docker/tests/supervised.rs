//! Runs several services in containers that have next to nothing, or may do next to nothing.

use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::image::Built;
use conformance_docker::init::Init;
use conformance_docker::program;
use conformance_docker::skip::skip;
use conformance_docker::stop::Stop;
use conformance_docker::supervised::Supervised;
use conformance_docker::workplace::Scratch;
use std::fs;
use std::path::Path;

/// An image FROM scratch: bowout-init, a static program, and this configuration at its usual place.
struct Stage {
    engine: Engine,
    image: Built,
}

impl Stage {
    fn or_skip(configuration: &str) -> Option<Stage> {
        let engine = Engine::or_skip()?;
        let context = Scratch::new();
        let init = Init::bowout().unwrap_or_else(|error| panic!("{error}"));
        let programs = program::folder().unwrap_or_else(|error| panic!("{error}"));
        // A copy keeps the mode.
        let put = |path: &Path, name: &str| {
            fs::copy(path, context.path().join(name))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        put(init.path(), "bowout-init");
        put(&programs.join("bin/app"), "app");
        let dockerfile = "FROM scratch\nCOPY bowout-init app /\nCOPY bowout.toml /etc/\n\
                          ENTRYPOINT [\"/bowout-init\"]\n";
        for (name, text) in [("bowout.toml", configuration), ("Dockerfile", dockerfile)] {
            fs::write(context.path().join(name), text).expect("write into the context");
        }
        let image = Built::new(&engine, context.path())
            .unwrap_or_else(|error| panic!("docker build: {error}"));
        Some(Stage { engine, image })
    }

    fn run(&self, flags: &[&str]) -> Run {
        Run::tag(&self.engine, self.image.tag()).flags(flags)
    }

    /// Starts it, asks it, stops it, and looks whether all ended, the dependent one first.
    fn check(&self, flags: &[&str]) -> Stop {
        let mut stack = Supervised::ready(self.run(flags).start(), "/bowout-init");
        stack.container.ready(2);
        assert_eq!(stack.services().len(), 2, "{flags:?}");
        let stop = stack.container.stop(10);
        assert_in_order(&stop, flags);
        stop
    }
}

fn assert_in_order(stop: &Stop, flags: &[&str]) {
    assert_eq!(stop.exit_code, 0, "{flags:?}\n{}", stop.logs);
    assert!(stop.graceful(), "{flags:?} {:?}", stop.unfinished());
    let at = |name: &str, event: &str| {
        let mut records = stop.records.iter();
        records.position(|record| record.name == name && record.event == event)
    };
    assert!(
        at("web", "done").is_some() && at("web", "done") < at("db", "got TERM"),
        "{flags:?} {:?}",
        stop.records
    );
}

/// Two services, one behind the other, each as somebody who is in no list of users.
const USERS: &str = r#"
[service.db]
command = ["/app", "200", "db"]
user = "1000:1000"

[service.web]
command = ["/app", "200", "web"]
user = "1001:1001"
groups = [44]
depends_on = ["db"]
restart = "always"
"#;

/// The same without other users, for a bowout that may not change them.
const PLAIN: &str = r#"
[service.db]
command = ["/app", "200", "db"]

[service.web]
command = ["/app", "200", "web"]
depends_on = ["db"]
restart = "always"
"#;

#[test]
fn from_scratch_with_users_that_have_numbers_only() {
    let Some(stage) = Stage::or_skip(USERS) else {
        return;
    };
    stage.check(&[]);
    // Nothing can be written but what is needed: the folder of the control socket.
    stage.check(&["--read-only", "--tmpfs", "/run"]);
    stage.check(&["--read-only", "--tmpfs", "/run", "--memory", "8m"]);
    // Changing the user takes two capabilities, and signalling such a process a third.
    stage.check(&[
        "--cap-drop",
        "ALL",
        "--cap-add",
        "SETUID",
        "--cap-add",
        "SETGID",
        "--cap-add",
        "KILL",
    ]);
}

#[test]
fn a_supervisor_that_is_not_root() {
    let Some(stage) = Stage::or_skip(PLAIN) else {
        return;
    };
    stage.check(&[
        "--user",
        "1000",
        "--env",
        "BOWOUT_SOCKET=/tmp/bowout.sock",
        "--tmpfs",
        "/tmp",
    ]);
    let alone = [
        "--user",
        "1000:1000",
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "--tmpfs",
        "/run:mode=1777",
    ];
    stage.check(&alone);
    // It may name the user that it is: the same file serves with and without `--user`.
    let named = PLAIN.replace("command", "user = \"1000:1000\"\ncommand");
    let Some(stage) = Stage::or_skip(&named) else {
        return;
    };
    stage.check(&alone);
    stage.check(&[]);
}

#[test]
fn without_a_place_for_the_control_socket_all_the_rest_works() {
    let Some(stage) = Stage::or_skip(PLAIN) else {
        return;
    };
    let flags = ["--read-only", "--user", "1000"];
    let mut container = stage.run(&flags).start();
    container.ready(2);
    let stop = container.stop(10);
    assert_in_order(&stop, &flags);
    assert!(
        stop.logs.contains("there is no control socket"),
        "{}",
        stop.logs
    );
}

#[test]
fn a_user_that_may_not_be_taken_ends_the_container_and_is_named() {
    let Some(stage) = Stage::or_skip(USERS) else {
        return;
    };
    let container = stage.run(&["--user", "1000"]).start();
    // The program was not even tried: that is bowout's own code.
    assert_eq!(container.exit_code(), 125, "{}", container.logs());
    let logs = container.logs();
    assert!(logs.contains("db: cannot become user 1000"), "{logs}");
}

#[test]
fn no_room_for_one_process_more_is_tried_again_and_the_rest_goes_on() {
    let late = "\n[service.late]\ncommand = [\"/app\", \"0\", \"late\"]\n\
                restart = \"always\"\nessential = false\ndepends_on = [\"web\"]\n";
    let Some(stage) = Stage::or_skip(&format!("{PLAIN}{late}")) else {
        return;
    };
    if stage
        .engine
        .run(&["info", "--format", "{{.PidsLimit}}"])
        .as_deref()
        != Ok("true")
    {
        return skip("this engine can't limit pids");
    }
    let flags = ["--pids-limit", "3", "--env", "BOWOUT_VERBOSE=1"];
    let mut container = stage.run(&flags).start();
    container.ready(2);
    // Room is made while it runs: nobody has to start anything again.
    container.docker(&["update", "--pids-limit", "20", container.name()]);
    container.event("late", "ready");
    let stop = container.stop(10);
    assert_in_order(&stop, &flags);
    assert!(stop.logs.contains("late"), "{}", stop.logs);
}
