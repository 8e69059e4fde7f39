//! Checks catatonit's -P: no command, an end on TERM or INT and on nothing else.

use conformance_dropin::compare::{Observation, Report, amount, observation, present};
use conformance_dropin::procfs;
use conformance_dropin::session::{Session, Streams};
use conformance_dropin::setting::Setting;
use conformance_dropin::tool::{Side, Tool};

fn pause(side: Side, setting: &Setting, args: &[&str], signals: &[i32]) -> Observation {
    let (mut session, _) = Session::start(Tool::Catatonit, side, setting, args, Streams::Files);
    let name = Tool::Catatonit.name();
    let mut init = 0;
    procfs::until("the init takes signals", || {
        let tree = procfs::descendants(session.root());
        let found = tree
            .into_iter()
            .find(|&pid| procfs::name(pid) == name && procfs::attends(pid, 15));
        init = found.unwrap_or_default();
        init != 0
    });
    for &signal in signals {
        session.send(init, signal);
    }
    let end = session.end();
    observation([
        ("exit", end.to_string()),
        ("ran", session.scratch().read("out")),
        ("stdout", amount(&session.scratch().read("stdout"))),
        ("stderr", amount(&session.scratch().read("stderr"))),
    ])
}

#[test]
fn it_ends_on_term_and_int_alone() {
    let mut report = Report::default();
    for tool in present(&[Tool::Catatonit]) {
        for args in [&["-P"][..], &["-gP"], &["-P", "--"], &["-P", "probe"]] {
            for setting in [Setting::pid1(), Setting::ordinary()] {
                // A signal of a lower number is taken first where both are there.
                for signals in [
                    &[15][..],
                    &[2],
                    &[1, 15],
                    &[10, 12, 15],
                    &[1, 2],
                    &[3, 14, 13, 15],
                ] {
                    let case = format!("{args:?} pid1={} {signals:?}", setting.pid1);
                    report.compare(tool, &case, &[], |side| {
                        pause(side, &setting, args, signals)
                    });
                }
            }
        }
    }
    report.finish();
}
