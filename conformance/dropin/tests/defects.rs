//! Checks that bowout, by another's name, has not taken over that one's defects.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;

use conformance_dropin::compare::{Exception, Observation, Report, observation, present};
use conformance_dropin::divergence::{self, Divergence};
use conformance_dropin::facts;
use conformance_dropin::procfs;
use conformance_dropin::session::{Session, Streams};
use conformance_dropin::setting::{Setting, User};
use conformance_dropin::tool::{ALL, Side, TINIS, Tool};

const LAST: i32 = 64;
const LEAVE: i32 = 62;

const OBSERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/probes/observer.py");

fn but(fact: &'static str, bowout: &'static str, why: &'static Divergence) -> Exception {
    Exception { fact, bowout, why }
}

#[test]
fn standard_input_may_be_closed() {
    let why = &divergence::STDIN_CLOSED;
    let setting = Setting::pid1().below(&["sh", "-c", "exec \"$@\" <&-", "sh"]);
    let mut report = Report::default();
    for tool in present(ALL) {
        let exceptions = [
            but("exit", "42", why),
            but("ran", "<probe>", why),
            but("stderr", "empty", why),
        ];
        let exceptions = if tool.is_tini() { &exceptions[..] } else { &[] };
        report.compare(tool, "<&-", exceptions, |side| {
            facts::of_line(tool, side, &setting, &["--", "probe"])
        });
    }
    report.finish();
}

#[test]
fn standard_output_and_error_may_be_closed() {
    let mut report = Report::default();
    for tool in present(ALL) {
        for close in [
            "exec \"$@\" >&-",
            "exec \"$@\" 2>&-",
            "exec \"$@\" >&- 2>&-",
        ] {
            let setting = Setting::pid1().below(&["sh", "-c", close, "sh"]);
            report.compare(tool, close, &[], |side| {
                facts::of_line(tool, side, &setting, &["--", "probe"])
            });
        }
    }
    report.finish();
}

#[test]
fn sigchld_may_be_ignored() {
    let setting = Setting::pid1().below(&["env", "--ignore-signal=CHLD"]);
    let mut report = Report::default();
    for tool in present(ALL) {
        let see = |side| {
            observation([(
                "exit",
                facts::of_end(tool, side, &setting, &["--", "probe"]).to_string(),
            )])
        };
        if tool == Tool::DumbInit {
            report.compare(tool, "SIGCHLD ignored", &[], see);
        } else {
            // The original never ends here, so there is nothing to wait for.
            report.ours_alone(
                tool,
                "SIGCHLD ignored",
                &[but("exit", "42", &divergence::CHLD_IGNORED)],
                see,
            );
        }
    }
    report.finish();
}

/// Lets the init write to a pipe that nobody reads, and says what the command got of it.
fn dead_pipe(tool: Tool, side: Side, setting: &Setting, options: &[&str]) -> Observation {
    let (reader, writer) = std::io::pipe().expect("pipe");
    let command = [
        "--",
        "/usr/bin/python3",
        "-S",
        "-E",
        "-B",
        OBSERVER,
        "FIFO",
        "orphan",
    ];
    let args = [options, &command].concat();
    let errors = Streams::Errors(File::from(OwnedFd::from(writer)));
    let (mut session, _) = Session::start(tool, side, setting, &args, errors);
    for _ in 0..2 {
        session.expect("ready");
    }
    drop(reader);
    let (orphan, main, init) = (session.pid("orphan"), session.pid("main"), session.init());
    session.send(orphan, LEAVE);
    procfs::until("the orphan is reaped", || procfs::state(orphan).is_none());
    session.send(init, LAST);
    let mut words = Vec::new();
    loop {
        let said = session.next_line("what was forwarded");
        if said.role != "main" {
            continue;
        }
        if said.word == format!("got {LAST}") {
            break;
        }
        words.push(said.word);
    }
    session.send(main, LEAVE);
    observation([
        ("the command", words.join(", ")),
        ("exit", session.end().to_string()),
    ])
}

#[test]
fn a_dead_log_pipe_costs_the_log_alone() {
    let why = &divergence::DEAD_LOG_PIPE;
    let mut report = Report::default();
    for tool in present(TINIS) {
        report.compare(tool, "-w", &[but("the command", "", why)], |side| {
            dead_pipe(tool, side, &Setting::pid1(), &["-w"])
        });
    }
    let exceptions = [but("the command", "", why), but("exit", "0", why)];
    for tool in present(&[Tool::DumbInit]) {
        // The original goes round in circles: each line about the SIGPIPE is another SIGPIPE.
        report.ours_alone(tool, "-v", &exceptions, |side| {
            dead_pipe(tool, side, &Setting::pid1(), &["-v"])
        });
    }
    for tool in present(&[Tool::Catatonit]) {
        let setting = Setting::pid1().env(&[("CATATONIT_DEBUG", "1")]);
        // Here the words depend on how many lines it writes, so the original is left out.
        report.ours_alone(tool, "CATATONIT_DEBUG", &exceptions, |side| {
            dead_pipe(tool, side, &setting, &[])
        });
    }
    report.finish();
}

#[test]
fn a_stopped_command_still_stops() {
    let mut report = Report::default();
    for tool in present(ALL) {
        for setting in [Setting::pid1(), Setting::ordinary()] {
            let exceptions = [but("exit", "143", &divergence::STOP_REACHES_STOPPED)];
            // The original never ends here.
            report.ours_alone(
                tool,
                &format!("pid1={}", setting.pid1),
                &exceptions,
                |side| {
                    let script = "mkfifo never; echo main $$ ready >\"$0\"; read -r _ <never";
                    let args = ["--", "sh", "-c", script, "FIFO"];
                    let (mut session, _) =
                        Session::start(tool, side, &setting, &args, Streams::Files);
                    session.expect("ready");
                    let (init, main) = (session.init(), session.pid("main"));
                    session.send(main, 19);
                    procfs::until("the command is stopped", || {
                        procfs::state(main) == Some('T')
                    });
                    session.send(init, 15);
                    observation([("exit", session.end().to_string())])
                },
            );
        }
    }
    report.finish();
}

/// A program that becomes root and runs its arguments, for as long as this lives.
struct Raise(PathBuf);

impl Raise {
    fn new() -> Raise {
        let path = std::env::temp_dir().join(format!("dropin-raise-{}", std::process::id()));
        // By another process: a file that is open for writing here could not be run from a thread.
        let made = Command::new("install")
            .args(["-m", "4755", "/usr/bin/setpriv"])
            .arg(&path)
            .status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "cannot make a setuid program"
        );
        Raise(path)
    }
}

impl Drop for Raise {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_command_that_may_not_be_signalled_does_not_end_the_init() {
    let raise = Raise::new();
    let program = raise.0.display().to_string();
    let setting = Setting::ordinary().by(User::Plain);
    let mut report = Report::default();
    for tool in present(ALL) {
        let exception = but("exit", "0", &divergence::FOREIGN_CHILD);
        let exceptions = if tool.is_tini() {
            std::slice::from_ref(&exception)
        } else {
            &[]
        };
        report.compare(tool, "a command of another user", exceptions, |side| {
            let args = [
                "--",
                &program,
                "--reuid=0",
                "--regid=0",
                "--clear-groups",
                "--",
                "/usr/bin/python3",
                "-S",
                "-E",
                "-B",
                OBSERVER,
                "FIFO",
            ];
            let (mut session, _) = Session::start(tool, side, &setting, &args, Streams::Files);
            session.expect("ready");
            let (init, main) = (session.init(), session.pid("main"));
            session.send(init, 10);
            session.send(main, LEAVE);
            observation([("exit", session.end().to_string())])
        });
    }
    report.finish();
}
