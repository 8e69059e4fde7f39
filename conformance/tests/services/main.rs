//! Holds the supervisor to what its configuration, its command line and its socket promise.

mod account;
mod command;
mod command_line;
mod control;
mod control_follow;
mod control_protocol;
mod control_whole;
mod daemons;
mod ending;
mod environment;
mod extension;
mod health;
mod hooks;
mod hostile;
mod kill_mode;
mod moments;
mod order;
mod output;
mod output_file;
mod places;
mod readiness;
mod readiness_fails;
mod real_daemons;
mod reload;
mod restart;
mod schema;
mod signals;
mod stalled;
mod stop;
mod stop_service;
mod strangers;
mod surroundings;
mod tell;
mod users;

use std::time::Duration;

use conformance::{Configuration, Supervisor, need_root};
use serde_json::Value;

/// A supervisor as PID 1 with this `bowout.toml`, in which `${PUPPET}` and `${HERE}` are known.
#[track_caller]
fn run(toml: &str) -> Supervisor {
    Configuration::new(toml).start()
}

/// Holds a body that takes root to set up.
fn as_root(name: &str, body: impl FnOnce()) {
    conformance::case::test(name, || {
        need_root();
        body();
    });
}

/// One process of a report, by its pid in the container.
#[track_caller]
fn in_report(report: &Value, pid: i32) -> &Value {
    let all = report["processes"].as_array().expect("there is a list");
    let found = all.iter().find(|process| process["pid"] == pid);
    found.unwrap_or_else(|| panic!("no {pid} in {report}"))
}

/// A moment as the protocol writes it, in milliseconds of its day.
#[track_caller]
fn millis(time: &Value) -> i64 {
    let text = time.as_str().expect("a time is a text");
    let part = |from: usize, to: usize| -> i64 {
        text[from..to]
            .parse()
            .unwrap_or_else(|_| panic!("{text} is no time"))
    };
    ((part(11, 13) * 60 + part(14, 16)) * 60 + part(17, 19)) * 1000 + part(20, 23)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
