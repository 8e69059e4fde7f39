//! Runs what people put into one container, nginx in front of an application and a worker with Redis behind
//! both, and reads in each one's own log how it was stopped.

use conformance_docker::container::Run;
use conformance_docker::engine::Engine;
use conformance_docker::example;
use conformance_docker::supervised::{Supervised, ends};
use conformance_docker::workplace::Scratch;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// More than any of these programs needs for its own shutdown, less than a time-out of anybody.
const SOON: Duration = Duration::from_secs(4);

/// An example, built, with a folder for its data.
struct Stage {
    image: String,
    data: Scratch,
    engine: Engine,
}

impl Stage {
    fn or_skip(example: &str) -> Option<Stage> {
        let engine = Engine::or_skip()?;
        let image = example::image(&engine, example).unwrap_or_else(|error| panic!("{error}"));
        let data = Scratch::new();
        Some(Stage {
            image,
            data,
            engine,
        })
    }

    fn start(&self, flags: &[&str]) -> Supervised {
        let volume = format!("{}:/data", self.data.path().display());
        let run = Run::tag(&self.engine, &self.image);
        let run = run.flags(&["--volume", &volume]).flags(flags);
        Supervised::ready(run.start(), "/bowout-init")
    }

    fn read(&self, file: &str) -> String {
        let path = self.data.path().join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The services of the stop report, in the order of their ends.
    fn ends(&self) -> Vec<String> {
        ends(&serde_json::from_str(&self.read("stop.json")).expect("a report is JSON"))
    }
}

fn redis(stack: &Supervised, words: &[&str]) -> String {
    let words = [&["redis-cli"], words].concat();
    stack.container.exec(&words)
}

const GET: &str = "import sys, urllib.request as u\n\
    print(u.urlopen('http://127.0.0.1:8080' + sys.argv[1], timeout=30).read().decode().strip())";

fn get(stack: &Supervised, path: &str) -> String {
    stack.container.exec(&["python3", "-c", GET, path])
}

/// Asks for a page that takes a while.
fn ask(stack: &Supervised, path: &str) -> Child {
    let mut command: Command = stack.container.engine().command();
    command.args(["exec", stack.container.name(), "python3", "-c", GET, path]);
    command
        .stdout(Stdio::piped())
        .spawn()
        .expect("run docker exec")
}

#[test]
fn a_real_stack_stops_in_order_and_loses_nothing() {
    let Some(stage) = Stage::or_skip("stack") else {
        return;
    };
    let mut stack = stage.start(&[]);
    for hit in 1..=5 {
        assert_eq!(get(&stack, "/"), hit.to_string());
    }
    // When the stop comes one request is under way, one job is in hand, and others wait.
    let slow = ask(&stack, "/slow");
    stack.until("the request is under way", |stack| {
        !redis(stack, &["GET", "slow"]).is_empty()
    });
    redis(&stack, &["RPUSH", "jobs", "1", "2", "3", "4", "5", "6"]);
    stack.until("a job is in hand", |stack| {
        redis(stack, &["LLEN", "in-hand"]) == "1"
    });
    let stop = stack.container.stop(10);
    let answer = slow.wait_with_output().expect("wait for the request");
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "6");
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.elapsed < SOON, "{:?}\n{}", stop.elapsed, stop.logs);
    for line in [
        "clean shutdown, hits 6",
        "clean shutdown, in hand 0",
        // It opens /dev/stdout itself, as another user than bowout's.
        "\"GET /slow HTTP/1.",
        "none killed; exit code 0",
    ] {
        assert!(stop.logs.contains(line), "{line}: {}", stop.logs);
    }
    let nginx = stage.read("nginx.log");
    assert!(nginx.contains("gracefully shutting down"), "{nginx}");
    let log = stage.read("redis.log");
    assert!(log.contains("Redis is now ready to exit"), "{log}");
    let ends = stage.ends();
    let at = |service| ends.iter().position(|end| end == service);
    assert!(
        at("nginx") < at("web") && at("web") < at("redis"),
        "{ends:?}"
    );
    assert!(
        at("worker").is_some() && at("worker") < at("redis"),
        "{ends:?}"
    );

    let stack = stage.start(&[]);
    assert_eq!(get(&stack, "/"), "7", "what was written is still there");
    stack.until("every job is done", |stack| get(stack, "/done") == "6");
}

#[test]
fn a_stack_is_steered_from_inside_without_a_new_container() {
    let Some(stage) = Stage::or_skip("stack") else {
        return;
    };
    let stack = stage.start(&["--health-interval", "1s"]);
    let services = stack.services();
    let names: Vec<_> = services.iter().map(|service| &service["name"]).collect();
    assert_eq!(
        names,
        ["redis", "web", "worker", "nginx"],
        "dependencies first"
    );
    let before = ["redis", "web", "worker", "nginx"].map(|service| stack.pid(service));
    assert_eq!(get(&stack, "/"), "1");

    // One service is stopped gracefully and started again; the others and the container stay.
    stack.ctl(&["restart", "--wait", "web"]);
    let after = ["redis", "web", "worker", "nginx"].map(|service| stack.pid(service));
    let same = [0, 1, 2, 3].map(|index| before[index] == after[index]);
    assert_eq!(same, [true, false, true, true], "{before:?} {after:?}");
    assert_eq!(get(&stack, "/"), "2");
    let lines = stack.ctl(&["logs", "web"]);
    assert!(lines.contains("clean shutdown, hits 1"), "{lines}");

    // What the engine thinks of it.
    stack.until("healthy", |stack| {
        stack.container.inspect("{{.State.Health.Status}}") == "healthy"
    });
    stack.ctl(&["stop", "--wait", "worker"]);
    let answer = stack.run(&["healthcheck", "worker"]);
    assert_eq!(answer.status.code(), Some(1));
    // Whoever was stopped on purpose takes nothing away from the whole.
    assert_eq!(stack.run(&["healthcheck"]).status.code(), Some(0));

    // A service ends for good that nobody restarts: the others still stop in order.
    let nginx = stack.pid("nginx").to_string();
    stack
        .container
        .exec(&["sh", "-c", &format!("kill -KILL {nginx}")]);
    assert_eq!(
        stack.container.exit_code(),
        137,
        "{}",
        stack.container.logs()
    );
    let log = stage.read("redis.log");
    assert!(log.contains("Redis is now ready to exit"), "{log}");
    let logs = stack.container.logs();
    assert!(logs.contains("clean shutdown, hits 2"), "{logs}");
}

#[test]
fn a_configuration_is_changed_by_a_signal_to_the_container() {
    let Some(stage) = Stage::or_skip("stack") else {
        return;
    };
    let text = fs::read_to_string(example::folder().join("stack/bowout.toml")).expect("read");
    // A folder, because a mounted file is one inode, and who writes a file anew makes another.
    let write = |text: &str| fs::write(stage.data.path().join("bowout.toml"), text).expect("write");
    write(&text);
    let mut stack = stage.start(&["--env", "BOWOUT_CONFIG=/data/bowout.toml"]);
    let before = stack.pid("redis");
    let more = "\n[service.more]\ncommand = \"sleep 1000\"\nready = { delay = \"10ms\" }\n";
    write(&format!("{text}{more}"));
    stack.container.kill("HUP");
    stack.until("there is one more", |stack| stack.services().len() == 5);
    stack.wait_until_ready();
    assert_eq!(stack.pid("redis"), before, "the others are left alone");

    // A bad file changes nothing, and says what is wrong where people look.
    write(&format!("{text}{more}restrat = \"always\"\n"));
    stack.container.kill("HUP");
    stack.until("the mistake is shown", |stack| {
        stack.container.logs().contains("did you mean `restart`")
    });
    assert_eq!(stack.services().len(), 5);
    assert_eq!(stack.pid("redis"), before);

    write(&text);
    stack.ctl(&["reload", "--wait"]);
    assert_eq!(stack.services().len(), 4);
    assert_eq!(stack.container.stop(10).exit_code, 0);
}

#[test]
fn daemons_are_kept_restarted_and_stopped() {
    let Some(stage) = Stage::or_skip("daemons") else {
        return;
    };
    let mut stack = stage.start(&[]);
    for (service, file) in [("redis", "redis.pid"), ("nginx", "nginx.pid")] {
        let pid = stage.read(file).trim().parse().ok();
        assert_eq!(Some(stack.pid(service)), pid, "{service}");
    }
    let first = format!("worker: {}\n", stack.pid("twice"));
    assert_eq!(stage.read("twice.log"), first);

    // A daemon that dies is started again: its own restart policy, not the container's. Of nginx the master
    // is killed, and its workers still hold the port.
    let container = stack.container.inspect("{{.State.StartedAt}}");
    for service in ["redis", "twice", "nginx"] {
        let before = stack.pid(service);
        let kill = format!("kill -KILL {before}");
        stack.container.exec(&["sh", "-c", &kill]);
        // Its end is seen at once, so whoever asks from now on asks for the next one.
        stack.ctl(&["start", "--wait", service]);
        let status = stack.status(service);
        assert_ne!(status["pid"], before, "{service}");
        assert_eq!(status["restarts"], 1, "{service}");
    }
    assert_eq!(redis(&stack, &["PING"]), "PONG");
    stack.wait_until_ready();
    assert_eq!(stack.container.inspect("{{.State.StartedAt}}"), container);

    redis(&stack, &["SET", "key", "kept"]);
    let stop = stack.container.stop(10);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.elapsed < SOON, "{:?}\n{}", stop.elapsed, stop.logs);
    assert!(stage.read("nginx.log").contains("gracefully shutting down"));
    assert!(
        stage
            .read("redis.log")
            .contains("Redis is now ready to exit")
    );
    assert!(
        stage
            .read("twice.log")
            .ends_with("worker: clean shutdown\n")
    );

    // The files of the first life are still there; the pids in them are nobody's, or somebody else's.
    let mut stack = stage.start(&[]);
    assert_eq!(redis(&stack, &["GET", "key"]), "kept");
    assert_eq!(stack.container.stop(10).exit_code, 0);
}
