//! Checks what TSTP, TTIN and TTOU do to dumb-init and its command, and that SIGCONT undoes it.

use conformance_dropin::change::Change;
use conformance_dropin::compare::{Observation, Report, observation, present};
use conformance_dropin::procfs;
use conformance_dropin::session::Session;
use conformance_dropin::setting::Setting;
use conformance_dropin::tool::{Side, Tool};

const SUSPENDING: [i32; 3] = [20, 21, 22];
const CONT: i32 = 18;
const PROBE: i32 = 63;

/// The next word of the command, `None` when it answers the probe.
fn until_probed(session: &mut Session) -> Option<String> {
    loop {
        let said = session.next_line("an answer to the probe");
        if said.role == "main" {
            return (said.word != "probed").then_some(said.word);
        }
    }
}

/// Suspends and resumes twice. What reaches the command before the init stops is its first line;
/// where that is SIGSTOP there is no line, but a state.
fn suspend(side: Side, options: &[&str], signal: i32, command_stops: bool) -> Observation {
    let tool = Tool::DumbInit;
    let mut session = Session::observe(tool, side, &Setting::ordinary(), options, &["same"]);
    let mut seen = Observation::new();
    for round in ["first", "second"] {
        session.send(session.root(), signal);
        let change = session.change();
        let mut got = Vec::new();
        if command_stops {
            for role in ["main", "same"] {
                let pid = session.pid(role);
                procfs::until("the command is stopped", || procfs::state(pid) == Some('T'));
            }
        } else {
            // SIGCONT would take a TSTP that is still pending away: see it taken first.
            let main = session.pid("main");
            session.send(main, PROBE);
            while let Some(word) = until_probed(&mut session) {
                got.push(word);
            }
        }
        session.send(session.root(), CONT);
        let resumed = session.change();
        loop {
            let said = session.next_line("SIGCONT");
            let last = said.role == "main" && said.word == format!("got {CONT}");
            if said.role == "main" {
                got.push(said.word);
            }
            if last {
                break;
            }
        }
        let facts = observation([
            ("the init", change.to_string()),
            ("and then", resumed.to_string()),
            ("the command", got.join(", ")),
        ]);
        seen.extend(
            facts
                .into_iter()
                .map(|(name, value)| (format!("{round}: {name}"), value)),
        );
    }
    assert_eq!(seen["first: the init"], Change::Stopped.to_string());
    seen
}

#[test]
fn a_group_stops_and_goes_on_with_its_init() {
    let mut report = Report::default();
    for tool in present(&[Tool::DumbInit]) {
        for signal in SUSPENDING {
            report.compare(tool, &format!("signal {signal}"), &[], |side| {
                suspend(side, &[], signal, true)
            });
        }
    }
    report.finish();
}

#[test]
fn a_single_child_is_told_and_its_init_stops() {
    let mut report = Report::default();
    for tool in present(&[Tool::DumbInit]) {
        for signal in SUSPENDING {
            report.compare(tool, &format!("-c signal {signal}"), &[], |side| {
                suspend(side, &["-c"], signal, false)
            });
        }
    }
    report.finish();
}

#[test]
fn a_rewrite_changes_what_the_command_gets_and_the_init_stops_nevertheless() {
    let mut report = Report::default();
    let rewrites = [
        (20, "20:1"),
        (21, "21:15"),
        (22, "22:2"),
        (20, "20:0"),
        (21, "21:21"),
        (22, "22:0"),
    ];
    for tool in present(&[Tool::DumbInit]) {
        for (signal, rewrite) in rewrites {
            for mode in [&[][..], &["-c"]] {
                let options = [mode, &["-r", rewrite]].concat();
                report.compare(tool, &format!("{options:?} signal {signal}"), &[], |side| {
                    suspend(side, &options, signal, false)
                });
            }
        }
    }
    report.finish();
}

#[test]
fn another_signal_rewritten_to_tstp_does_not_stop_the_init() {
    let mut report = Report::default();
    for tool in present(&[Tool::DumbInit]) {
        report.compare(tool, "-c -r 10:20", &[], |side| {
            let mut session = Session::observe(
                tool,
                side,
                &Setting::ordinary(),
                &["-c", "-r", "10:20"],
                &[],
            );
            session.send(session.root(), 10);
            let said = session.next_line("the rewritten signal");
            session.send(session.root(), 12);
            let next = session.next_line("a signal after it");
            observation([("first", said.word), ("second", next.word)])
        });
    }
    report.finish();
}
