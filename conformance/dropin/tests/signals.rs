//! Checks which signal goes to whom and as which: to the command, to its process group, to nobody.

use conformance_dropin::change::Change;
use conformance_dropin::compare::{Observation, Report, amount, observation, present};
use conformance_dropin::procfs;
use conformance_dropin::session::Session;
use conformance_dropin::setting::{Setting, User};
use conformance_dropin::tool::{ALL, Side, TINIS, Tool};

/// Sent through the init after each signal: what the init does with the one before is done when this
/// has arrived, as nothing is dequeued after it.
const LAST: i32 = 64;
/// Sent straight to a process: what was sent to it before is reported when it answers.
const PROBE: i32 = 63;

const ROLES: [&str; 3] = ["main", "same", "own"];

/// Faults: sent by `kill` they are signals like any other to dumb-init; tini and catatonit leave
/// them to the kernel, which drops them for PID 1 and ends any other process.
const FAULTS: [i32; 7] = [4, 5, 6, 7, 8, 11, 31];
/// These suspend dumb-init; they have tests of their own.
const SUSPENDING: [i32; 3] = [20, 21, 22];

/// All that can be sent one after the other: not KILL and STOP, not libc's own two, not ours.
fn every_signal() -> impl Iterator<Item = i32> {
    (1..=61).filter(|signal| ![9, 19, 32, 33].contains(signal))
}

/// What each process of the tree says it got, after `signal` to the init.
fn spread(session: &mut Session, signal: i32) -> String {
    let init = session.init();
    session.send(init, signal);
    session.send(init, LAST);
    let mut got: Vec<(String, String)> = Vec::new();
    // By the time the command has the last one, the init is through with the signal before it.
    loop {
        let said = session.next_line("what was forwarded");
        let last = said.role == "main" && said.word == format!("got {LAST}");
        got.push((said.role, said.word));
        if last {
            break;
        }
    }
    for role in ROLES {
        let pid = session.pid(role);
        session.send(pid, PROBE);
        loop {
            let said = session.next_line("an answer to the probe");
            let answered = said.role == role && said.word == "probed";
            got.push((said.role, said.word));
            if answered {
                break;
            }
        }
    }
    let of = |role: &str| {
        let theirs = got.iter().filter(|(who, _)| who == role);
        let words = theirs.map(|(_, word)| word.trim_start_matches("got "));
        // A probe overtakes the last one where both are pending; whom that goes to, signal 61 tells.
        let words: Vec<&str> = words
            .filter(|word| *word != "probed" && *word != LAST.to_string())
            .collect();
        format!("{role}:{}", words.join("+"))
    };
    ROLES.map(of).join(" ")
}

fn matrix(
    tool: Tool,
    side: Side,
    setting: &Setting,
    options: &[&str],
    signals: &[i32],
) -> Observation {
    let mut session = Session::observe(tool, side, setting, options, &["same", "own"]);
    let init = session.init();
    let mut seen = Observation::new();
    for &signal in signals {
        seen.insert(format!("signal {signal}"), spread(&mut session, signal));
    }
    if tool == Tool::DumbInit {
        // It has forwarded something, so it is past its start: see where it is now.
        seen.insert("directory of the init".to_owned(), procfs::cwd(init));
    }
    seen
}

fn check(
    tools: &[Tool],
    modes: &[&[&str]],
    env: &[(&str, &str)],
    only: impl Fn(Tool, &Setting, i32) -> bool,
) {
    let mut report = Report::default();
    for tool in present(tools) {
        for options in modes {
            for user in [User::Root, User::Plain] {
                for setting in [Setting::pid1(), Setting::ordinary()] {
                    let setting = setting.by(user).env(env);
                    let signals: Vec<i32> = every_signal()
                        .filter(|&signal| only(tool, &setting, signal))
                        .collect();
                    let case = format!("{options:?} {env:?} {user:?} pid1={}", setting.pid1);
                    report.compare(tool, &case, &[], |side| {
                        matrix(tool, side, &setting, options, &signals)
                    });
                }
            }
        }
    }
    report.finish();
}

/// An ordinary tini or catatonit dies of a fault, and a suspended dumb-init forwards nothing.
fn survives(tool: Tool, setting: &Setting, signal: i32) -> bool {
    match tool {
        Tool::Tini | Tool::TiniStatic | Tool::DockerInit | Tool::Catatonit => {
            setting.pid1 || !FAULTS.contains(&signal)
        }
        Tool::DumbInit => setting.pid1 || !SUSPENDING.contains(&signal),
    }
}

/// In setsid mode dumb-init turns these into SIGSTOP, which no process can report.
fn reported_by_group(tool: Tool, setting: &Setting, signal: i32) -> bool {
    survives(tool, setting, signal) && !SUSPENDING.contains(&signal)
}

#[test]
fn tini_forwards_to_the_command() {
    check(TINIS, &[&[], &["-s"]], &[], survives);
}

#[test]
fn tini_forwards_to_the_group_on_request() {
    check(&[Tool::Tini], &[&["-g"]], &[], survives);
    check(
        &[Tool::Tini],
        &[&[]],
        &[("TINI_KILL_PROCESS_GROUP", "")],
        survives,
    );
}

#[test]
fn dumb_init_forwards_to_the_group() {
    check(&[Tool::DumbInit], &[&[]], &[], reported_by_group);
    check(
        &[Tool::DumbInit],
        &[&[]],
        &[("DUMB_INIT_SETSID", "1")],
        reported_by_group,
    );
}

#[test]
fn dumb_init_forwards_to_the_command_on_request() {
    check(&[Tool::DumbInit], &[&["-c"]], &[], survives);
    check(
        &[Tool::DumbInit],
        &[&[]],
        &[("DUMB_INIT_SETSID", "0")],
        survives,
    );
    check(
        &[Tool::DumbInit],
        &[&["-c"]],
        &[("DUMB_INIT_SETSID", "1")],
        survives,
    );
}

#[test]
fn catatonit_forwards_to_the_command_or_the_group() {
    check(&[Tool::Catatonit], &[&[], &["-g"]], &[], survives);
}

#[test]
fn dumb_init_rewrites() {
    let maps: &[&[&str]] = &[
        &["-r", "15:2"],
        &["-r", "15:2", "-r", "2:15", "-r", "3:3"],
        &["-r", "1:31", "-r", "31:1"],
        &["-r", "15:3", "-r", "2:0", "-r", "28:0"],
        &["-r", "15:0", "-r", "15:3"],
        &["-r", "15:3", "-r", "15:0"],
        // One step only: 10 does not become 14.
        &["-r", "10:12", "-r", "12:14"],
        &["-r", "17:10"],
        &["-r", "20:1", "-r", "21:15", "-r", "22:2"],
        &["-r", "20:0", "-r", "21:0", "-r", "22:0"],
    ];
    check(&[Tool::DumbInit], maps, &[], |_, setting, signal| {
        let interesting = [1, 2, 3, 10, 12, 14, 15, 18, 28, 31, 34];
        interesting.contains(&signal) || setting.pid1 && signal == 17
    });
    let single: Vec<Vec<&str>> = maps.iter().map(|map| [&["-c"], *map].concat()).collect();
    let single: Vec<&[&str]> = single.iter().map(Vec::as_slice).collect();
    check(&[Tool::DumbInit], &single, &[], |tool, setting, signal| {
        survives(tool, setting, signal) && (signal < 4 || (10..32).contains(&signal))
    });
}

#[test]
fn dumb_init_rewrites_the_suspending_signals() {
    // As PID 1 it can't stop itself, so these can be looked at like the others.
    let maps: &[&[&str]] = &[
        &["-r", "20:1", "-r", "21:15", "-r", "22:2"],
        &["-r", "20:20", "-r", "21:21", "-r", "22:22"],
        &["-r", "20:0", "-r", "21:0", "-r", "22:0"],
    ];
    let mut report = Report::default();
    for tool in present(&[Tool::DumbInit]) {
        for options in maps {
            report.compare(tool, &format!("{options:?}"), &[], |side| {
                matrix(tool, side, &Setting::pid1(), options, &SUSPENDING)
            });
        }
    }
    report.finish();
}

#[test]
fn a_fault_ends_an_ordinary_tini_or_catatonit_and_spares_the_command() {
    let mut report = Report::default();
    for tool in present(&[Tool::Tini, Tool::Catatonit]) {
        for fault in FAULTS {
            let setting = Setting::ordinary().below(&["prlimit", "--core=0"]);
            report.compare(tool, &format!("signal {fault}"), &[], |side| {
                let mut session = Session::observe(tool, side, &setting, &[], &[]);
                session.send(session.root(), fault);
                let end = session.end();
                let command = session.pid("main");
                session.send(command, PROBE);
                let said = session.next_line("an answer to the probe");
                observation([("end", end.to_string()), ("the command", said.word)])
            });
        }
    }
    report.finish();
}

#[test]
fn kill_ends_the_init_alone() {
    let mut report = Report::default();
    for tool in present(ALL) {
        report.compare(tool, "signal 9", &[], |side| {
            let mut session = Session::observe(tool, side, &Setting::ordinary(), &[], &[]);
            session.send(session.root(), 9);
            let end = session.end();
            assert_eq!(end, Change::Killed(9));
            let command = session.pid("main");
            session.send(command, PROBE);
            observation([(
                "the command",
                session.next_line("an answer to the probe").word,
            )])
        });
    }
    report.finish();
}

#[test]
fn the_init_exits_as_its_command_does_after_a_signal() {
    let mut report = Report::default();
    for tool in present(ALL) {
        for (signal, name) in [
            (15, "TERM"),
            (10, "USR1"),
            (12, "USR2"),
            (1, "HUP"),
            (2, "INT"),
            (3, "QUIT"),
        ] {
            for setting in [Setting::pid1(), Setting::ordinary()] {
                report.compare(
                    tool,
                    &format!("{name} pid1={}", setting.pid1),
                    &[],
                    |side| {
                        // It says that it is there, and waits for ever for a writer.
                        let script = "mkfifo never; echo main $$ ready >\"$0\"; exec cat never";
                        let args = ["--", "sh", "-c", script, "FIFO"];
                        let (mut session, _) = Session::start(
                            tool,
                            side,
                            &setting.clone().below(&["prlimit", "--core=0"]),
                            &args,
                            conformance_dropin::session::Streams::Files,
                        );
                        session.expect("ready");
                        let init = session.init();
                        session.send(init, signal);
                        let end = session.end();
                        let scratch = session.scratch();
                        observation([
                            ("exit", end.to_string()),
                            ("stdout", amount(&scratch.read("stdout"))),
                            ("stderr", amount(&scratch.read("stderr"))),
                        ])
                    },
                );
            }
        }
    }
    report.finish();
}
