//! Runs what people put into one container, nginx in front of an application in front of Redis, and reads in
//! each one's own log how it was stopped.

use conformance_docker::container::{Container, Run, WATCHDOG};
use conformance_docker::engine::Engine;
use conformance_docker::image::Image;
use conformance_docker::init::Init;
use conformance_docker::workplace::Scratch;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// More than any of these programs needs for its own shutdown, less than a time-out of anybody.
const SOON: Duration = Duration::from_secs(4);

struct Stack {
    container: Container,
    init: String,
}

impl Stack {
    /// Starts a container with one of the configurations beside these tests; its data is in `data`.
    fn start(engine: &Engine, configuration: &str, data: &Path) -> Stack {
        let init = Init::bowout().unwrap_or_else(|error| panic!("{error}"));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stack");
        let (data, folder) = (data.display(), folder.display());
        let volumes = [format!("{data}:/data"), format!("{folder}:/stack:ro")];
        let container = Run::new(engine, Image::Stack)
            .init(&init)
            .options(&["--config", &format!("/stack/{configuration}")])
            .flags(&["--volume", &volumes[0], "--volume", &volumes[1]])
            .start();
        let init = format!("/init/{}", init.name());
        let stack = Stack { container, init };
        stack.wait_until_ready();
        stack
    }

    /// Asks as a HEALTHCHECK does. Each question takes the engine a while, so this does not spin.
    fn wait_until_ready(&self) {
        let begun = Instant::now();
        while self.container.inspect("{{.State.Running}}") == "true" {
            let words = ["exec", self.container.name(), &self.init, "healthcheck"];
            if self.container.engine().run(&words).is_ok() {
                return;
            }
            if begun.elapsed() > WATCHDOG {
                break;
            }
        }
        panic!("never ready: {}", self.container.logs());
    }

    fn get(&self, path: &str) -> String {
        self.container.exec(&["python3", "/stack/get.py", path])
    }

    fn ctl(&self, words: &[&str]) -> String {
        self.container
            .exec(&[&[self.init.as_str(), "ctl"], words].concat())
    }

    /// One value of `ctl status --json` for a service, as its text.
    fn status(&self, service: &str, key: &str) -> String {
        let script = "import json, sys\n\
            answer = json.loads(sys.stdin.read())\n\
            [service] = [s for s in answer['services'] if s['name'] == sys.argv[1]]\n\
            print(service[sys.argv[2]])";
        let pipe = format!(
            "{} ctl --json status | python3 -c \"$0\" {service} {key}",
            self.init
        );
        self.container.exec(&["sh", "-c", &pipe, script])
    }
}

fn read(data: &Path, file: &str) -> String {
    fs::read_to_string(data.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The names of the main processes of a stop report, in the order of their ends.
fn ends(data: &Path) -> Vec<String> {
    let report: serde_json::Value =
        serde_json::from_str(&read(data, "report.json")).expect("a report is JSON");
    let processes = report["processes"].as_array().expect("processes");
    let mut ends: Vec<(u64, String)> = processes
        .iter()
        .filter_map(|process| {
            let at = process["ended"]["at_ms"].as_u64()?;
            Some((at, process["service"].as_str()?.to_owned()))
        })
        .collect();
    ends.sort();
    ends.dedup_by(|later, earlier| later.1 == earlier.1);
    ends.into_iter().map(|(_, service)| service).collect()
}

#[test]
fn a_real_stack_stops_in_order_and_loses_nothing() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let data = Scratch::new();
    let mut stack = Stack::start(&engine, "bowout.toml", data.path());
    for hit in 1..=5 {
        assert_eq!(stack.get("/"), hit.to_string());
    }
    // One request is on its way when the stop comes.
    let slow = engine
        .command()
        .args(["exec", stack.container.name(), "python3", "/stack/get.py"])
        .arg("/slow")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("run docker exec");
    let begun = Instant::now();
    while !data.path().join("slow").exists() {
        assert!(begun.elapsed() < WATCHDOG, "the request does not arrive");
        std::thread::yield_now();
    }
    let stop = stack.container.stop(10);
    let answer = slow.wait_with_output().expect("wait for the request");
    assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "6");
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.elapsed < SOON, "{:?}\n{}", stop.elapsed, stop.logs);
    assert!(
        stop.logs.contains("app: clean shutdown, hits 6"),
        "{}",
        stop.logs
    );
    let nginx = read(data.path(), "nginx.log");
    assert!(nginx.contains("gracefully shutting down"), "{nginx}");
    let redis = read(data.path(), "redis.log");
    assert!(redis.contains("Redis is now ready to exit"), "{redis}");
    assert_eq!(ends(data.path()), ["nginx", "app", "redis"]);

    let stack = Stack::start(&engine, "bowout.toml", data.path());
    // 6 hits, and the one with which the application asked for their number.
    assert_eq!(stack.get("/"), "8", "what was written is still there");
}

#[test]
fn daemons_are_kept_restarted_and_stopped() {
    let Some(engine) = Engine::or_skip() else {
        return;
    };
    let data = Scratch::new();
    let mut stack = Stack::start(&engine, "daemons.toml", data.path());
    for (service, file) in [("redis", "redis.pid"), ("nginx", "nginx.pid")] {
        let pid = read(data.path(), file).trim().to_owned();
        assert_eq!(stack.status(service, "pid"), pid, "{service}");
    }
    let first = stack.status("twice", "pid");
    let worker = read(data.path(), "twice.log");
    assert_eq!(worker.trim(), format!("worker: {first}"));

    // A daemon that dies is started again: its own restart policy, not the container's.
    for service in ["redis", "twice"] {
        let before = stack.status(service, "pid");
        stack.container.exec(&["kill", "-KILL", &before]);
        // It is seen at once, so whoever asks from now on asks for the next one.
        stack.ctl(&["start", "--wait", service]);
        stack.wait_until_ready();
        assert_ne!(stack.status(service, "pid"), before, "{service}");
        assert_eq!(stack.status(service, "restarts"), "1", "{service}");
    }
    assert_eq!(stack.status("nginx", "restarts"), "0");

    let stop = stack.container.stop(10);
    assert_eq!(stop.exit_code, 0, "{}", stop.logs);
    assert!(stop.elapsed < SOON, "{:?}\n{}", stop.elapsed, stop.logs);
    assert!(read(data.path(), "nginx.log").contains("gracefully shutting down"));
    assert!(read(data.path(), "redis.log").contains("Redis is now ready to exit"));
    assert!(read(data.path(), "twice.log").ends_with("worker: clean shutdown\n"));
}
