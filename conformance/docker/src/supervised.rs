//! Asks a supervisor in a container, from inside of it, as `docker exec` and `HEALTHCHECK` do.

use std::process::Output;
use std::time::Instant;

use serde_json::Value;

use crate::container::{Container, WATCHDOG};

/// A container whose PID 1 is a supervisor.
#[derive(Debug)]
pub struct Supervised {
    /// The container itself.
    pub container: Container,
    program: String,
}

impl Supervised {
    /// `program` is where `bowout-init` is in it. Returns when everything in it is ready.
    pub fn ready(container: Container, program: &str) -> Self {
        let program = program.to_owned();
        let supervised = Self { container, program };
        supervised.wait_until_ready();
        supervised
    }

    /// Waits until the health check says so. Each question takes the engine a while, so this does not spin.
    pub fn wait_until_ready(&self) {
        let begun = Instant::now();
        loop {
            let answer = self.run(&["healthcheck"]);
            if answer.status.success() {
                return;
            }
            let ended = self.container.inspect("{{.State.Running}}") == "false";
            if ended || begun.elapsed() > WATCHDOG {
                panic!(
                    "never ready: {}\n{}",
                    String::from_utf8_lossy(&answer.stderr),
                    self.container.logs()
                );
            }
        }
    }

    /// `docker exec` of `bowout-init` with these words, and what came of it.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = self.container.engine().command();
        command.args(["exec", self.container.name(), &self.program]);
        command.args(words).output().expect("run docker exec")
    }

    /// What `bowout-init ctl` prints; anything but exit code 0 fails the test.
    pub fn ctl(&self, words: &[&str]) -> String {
        let output = self.run(&[&["ctl"], words].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        assert!(
            output.status.success(),
            "ctl {}: {:?} {}\n{}",
            words.join(" "),
            output.status.code(),
            text(&output.stderr),
            self.container.logs()
        );
        text(&output.stdout)
    }

    /// All services, as `ctl status` has them.
    pub fn services(&self) -> Vec<Value> {
        let status: Value = serde_json::from_str(&self.ctl(&["--json", "status"])).expect("JSON");
        status["services"].as_array().expect("services").clone()
    }

    /// One service, as `ctl status` has it.
    pub fn status(&self, service: &str) -> Value {
        let mut services = self.services().into_iter();
        let found = services.find(|status| status["name"] == service);
        found.unwrap_or_else(|| panic!("no service {service}"))
    }

    /// The pid of its main process.
    pub fn pid(&self, service: &str) -> u64 {
        let status = self.status(service);
        status["pid"]
            .as_u64()
            .unwrap_or_else(|| panic!("{service} has no process: {status}"))
    }

    /// Waits until it holds. It has to ask the container: that takes the engine a while, so this does not spin.
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(
                begun.elapsed() < WATCHDOG,
                "never: {what}\n{}",
                self.container.logs()
            );
        }
    }
}

/// The services of a stop report, in the order in which their main processes ended.
pub fn ends(report: &Value) -> Vec<String> {
    let processes = report["processes"].as_array().expect("processes");
    // Below bowout itself: a worker of a service has another parent.
    let main = processes.iter().filter(|process| process["parent"] == 1);
    let mut ends: Vec<(f64, &str)> = main
        .filter_map(|process| {
            let at = process["end"]["at_ms"].as_f64()?;
            Some((at, process["service"].as_str()?))
        })
        .collect();
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    ends.into_iter()
        .map(|(_, service)| service.to_owned())
        .collect()
}
