//! Checks tini's -p: the init gets the signal when its parent dies, and forwards it.

use conformance_dropin::compare::{Observation, Report, observation, present};
use conformance_dropin::procfs;
use conformance_dropin::session::Session;
use conformance_dropin::setting::Setting;
use conformance_dropin::tool::{Side, TINIS, Tool};

const LAST: i32 = 64;
const PROBE: i32 = 63;

/// Runs the init below a shell, kills the shell, and says what the command got of it.
fn bereave(tool: Tool, side: Side, options: &[&str], init_dies: bool) -> Observation {
    let setting = Setting::ordinary().below(&["sh", "-c", "\"$@\" & wait", "sh"]);
    let mut session = Session::observe(tool, side, &setting, options, &["same"]);
    let (init, main) = (session.init(), session.pid("main"));
    session.send(session.root(), 9);
    let _ = session.end();
    let (who, signal, answer) = if init_dies {
        procfs::until("the init is gone", || procfs::parent(main) != Some(init));
        (main, PROBE, "probed".to_owned())
    } else {
        (init, LAST, format!("got {LAST}"))
    };
    session.send(who, signal);
    let mut words = Vec::new();
    loop {
        let said = session.next_line("what came of the parent's death");
        if said.role == "main" && said.word == answer {
            break;
        }
        if said.word != format!("got {LAST}") {
            words.push(format!("{} {}", said.role, said.word));
        }
    }
    // A signal that came to both may be told by either first.
    words.sort();
    observation([
        ("the command", words.join(", ")),
        (
            "the init",
            if procfs::parent(main) == Some(init) {
                "lives"
            } else {
                "is gone"
            }
            .to_owned(),
        ),
    ])
}

#[test]
fn the_parents_death_is_told() {
    let mut report = Report::default();
    for tool in present(TINIS) {
        for options in [
            &[][..],
            &["-p", "SIGUSR1"],
            &["-p", "SIGTERM"],
            &["-s", "-p", "SIGHUP"],
            &["-pSIGCHLD"],
        ] {
            report.compare(tool, &format!("{options:?}"), &[], |side| {
                bereave(tool, side, options, false)
            });
        }
        for options in [["-p", "SIGKILL"], ["-p", "SIGABRT"]] {
            report.compare(tool, &format!("{options:?}"), &[], |side| {
                bereave(tool, side, &options, true)
            });
        }
    }
    report.finish();
}
