//! Checks who adopts orphans, and that they are reaped.

use conformance_dropin::compare::{Observation, Report, amount, observation, present};
use conformance_dropin::procfs;
use conformance_dropin::session::{Session, Streams};
use conformance_dropin::setting::{Setting, User};
use conformance_dropin::tool::{ALL, Side, Tool};

type Env = &'static [(&'static str, &'static str)];

const LEAVE: i32 = 62;

fn adopt(tool: Tool, side: Side, setting: &Setting, options: &[&str]) -> Observation {
    let observer = concat!(env!("CARGO_MANIFEST_DIR"), "/probes/observer.py");
    let command = [
        "--",
        "/usr/bin/python3",
        "-S",
        "-E",
        "-B",
        observer,
        "FIFO",
        "orphan",
    ];
    let args = [options, &command].concat();
    let (mut session, _) = Session::start(tool, side, setting, &args, Streams::Files);
    let mut parent = None;
    let mut ready = 0;
    while ready < 2 || parent.is_none() {
        let said = session.next_line("who adopted the orphan");
        ready += u32::from(said.word == "ready");
        if let Some(pid) = said.word.strip_prefix("adopted ") {
            parent = pid.parse::<u32>().ok();
        }
    }
    let init = session.init();
    let by_init = parent == procfs::inner_pid(init);
    if by_init {
        let orphan = session.pid("orphan");
        session.send(orphan, LEAVE);
        procfs::until("the orphan is reaped", || procfs::state(orphan).is_none());
    }
    let main = session.pid("main");
    session.send(main, LEAVE);
    let end = session.end();
    observation([
        ("exit", end.to_string()),
        (
            "adopted by",
            if by_init { "the init" } else { "somebody else" }.to_owned(),
        ),
        ("stdout", amount(&session.scratch().read("stdout"))),
        ("stderr", amount(&session.scratch().read("stderr"))),
    ])
}

#[test]
fn an_init_adopts_where_it_is_pid_1_or_asked_to() {
    let plain: Env = &[];
    let cases: &[(Tool, &[&str], Env)] = &[
        (Tool::Tini, &[], plain),
        (Tool::Tini, &["-s"], plain),
        (Tool::Tini, &[], &[("TINI_SUBREAPER", "")]),
        (Tool::Tini, &[], &[("TINI_SUBREAPER", "0")]),
        (Tool::Tini, &["-g"], plain),
        (Tool::Tini, &["-sw"], plain),
        (Tool::Tini, &["-w"], plain),
        (Tool::Tini, &["-sw"], &[("TINI_VERBOSITY", "0")]),
        (Tool::TiniStatic, &["-s"], plain),
        (Tool::DockerInit, &["-s"], plain),
        (Tool::DockerInit, &[], plain),
        (Tool::DumbInit, &[], plain),
        (Tool::DumbInit, &["-c"], plain),
        (Tool::DumbInit, &["-v"], plain),
        (Tool::Catatonit, &[], plain),
        (Tool::Catatonit, &["-g"], plain),
    ];
    let mut report = Report::default();
    for &(tool, options, env) in cases {
        for tool in present(&[tool]) {
            for user in [User::Root, User::Plain] {
                for setting in [Setting::pid1(), Setting::ordinary()] {
                    let setting = setting.by(user).env(env);
                    let case = format!("{options:?} {env:?} {user:?} pid1={}", setting.pid1);
                    report.compare(tool, &case, &[], |side| {
                        adopt(tool, side, &setting, options)
                    });
                }
            }
        }
    }
    report.finish();
}

#[test]
fn a_crowd_of_orphans_is_reaped() {
    let script = "i=0; while [ $i -lt 200 ]; do (sh -c : &); i=$((i + 1)); done; \
                  mkfifo never; echo main $$ ready >\"$0\"; read -r _ <never";
    let mut report = Report::default();
    for tool in present(ALL) {
        report.compare(tool, "200 orphans", &[], |side| {
            let args = ["--", "sh", "-c", script, "FIFO"];
            let (mut session, _) =
                Session::start(tool, side, &Setting::pid1(), &args, Streams::Files);
            session.expect("ready");
            let (init, main) = (session.init(), session.pid("main"));
            procfs::until("nobody is left but the command", || {
                procfs::descendants(init) == [init, main]
            });
            session.send(main, 15);
            observation([("exit", session.end().to_string())])
        });
    }
    report.finish();
}
