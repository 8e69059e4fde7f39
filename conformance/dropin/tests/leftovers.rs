//! Checks what becomes of the processes that the command leaves behind.

use conformance_dropin::compare::{Exception, Observation, Report, observation, present};
use conformance_dropin::divergence;
use conformance_dropin::procfs;
use conformance_dropin::session::Session;
use conformance_dropin::setting::{Setting, User};
use conformance_dropin::tool::{ALL, Side, TINIS, Tool};

const PROBE: i32 = 63;
const LEAVE: i32 = 62;
const LEFT: [&str; 2] = ["same", "own"];

/// Not PID 1: nothing kills them, so nothing needs to be waited for, and whoever started the init
/// has it back at once.
fn end_first(tool: Tool, side: Side, setting: &Setting, options: &[&str]) -> Observation {
    let mut session = Session::observe(tool, side, setting, options, &LEFT);
    let main = session.pid("main");
    session.send(main, LEAVE);
    let end = session.end();
    let mut seen = observation([("exit", end.to_string())]);
    for role in LEFT {
        let pid = session.pid(role);
        session.send(pid, PROBE);
        let mut words = Vec::new();
        loop {
            let said = session.next_line("an answer of a leftover");
            if said.role == role && said.word == "probed" {
                break;
            }
            if said.role == role {
                words.push(said.word);
            }
        }
        seen.insert(format!("{role} process"), words.join(", "));
    }
    seen
}

#[test]
fn an_ordinary_init_leaves_with_its_command() {
    let modes: &[(&[Tool], &[&str])] = &[
        (TINIS, &[]),
        (&[Tool::Tini], &["-g"]),
        (&[Tool::Tini], &["-s"]),
        (&[Tool::DumbInit], &[]),
        (&[Tool::DumbInit], &["-c"]),
        (&[Tool::DumbInit], &["-r", "15:2"]),
        (&[Tool::DumbInit], &["-r", "15:0"]),
        (&[Tool::DumbInit], &["-c", "-r", "15:2"]),
        (&[Tool::Catatonit], &[]),
        (&[Tool::Catatonit], &["-g"]),
    ];
    let mut report = Report::default();
    for (tools, options) in modes {
        for tool in present(tools) {
            report.compare(tool, &format!("{options:?}"), &[], |side| {
                end_first(tool, side, &Setting::ordinary(), options)
            });
        }
    }
    report.finish();
}

/// PID 1: its end is theirs. Each leftover that is told to stop does so by itself, if it is let.
fn finish(tool: Tool, side: Side, setting: &Setting, options: &[&str]) -> Observation {
    let mut session = Session::observe(tool, side, setting, options, &LEFT);
    let main = session.pid("main");
    session.send(main, LEAVE);
    let mut finished = 0;
    let mut end = None;
    procfs::until("the end of the init", || {
        end = session.try_end();
        // What was said before the end is heard before it.
        for said in session.heard() {
            if said.role != "main" && said.word == "got 15" {
                let pid = session.pid(&said.role);
                session.send(pid, LEAVE);
            }
            finished += u32::from(said.role != "main" && said.word == "leaving");
        }
        end.is_some()
    });
    let fate = if finished == 2 { "finished" } else { "killed" };
    observation([
        ("exit", end.map_or_else(String::new, |end| end.to_string())),
        ("leftovers", fate.to_owned()),
    ])
}

#[test]
fn leftovers_of_pid_1_may_finish() {
    let exception = Exception {
        fact: "leftovers",
        bowout: "finished",
        why: &divergence::LEFTOVERS_FINISH,
    };
    let mut report = Report::default();
    for tool in present(ALL) {
        let modes: &[&[&str]] = match tool {
            Tool::Tini | Tool::TiniStatic | Tool::DockerInit | Tool::Catatonit => &[&[], &["-g"]],
            Tool::DumbInit => &[&[], &["-c"]],
        };
        for options in modes {
            for user in [User::Root, User::Plain] {
                let setting = Setting::pid1().by(user);
                let exceptions = std::slice::from_ref(&exception);
                report.compare(tool, &format!("{options:?} {user:?}"), exceptions, |side| {
                    finish(tool, side, &setting, options)
                });
            }
        }
    }
    report.finish();
}
