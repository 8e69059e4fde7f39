//! Checks a command on a terminal: what it reads and writes, Ctrl-C, Ctrl-Z, job control, hang-up.

use conformance_dropin::compare::{Exception, Observation, Report, observation, present};
use conformance_dropin::divergence;
use conformance_dropin::procfs;
use conformance_dropin::session::{Session, Streams};
use conformance_dropin::setting::{Setting, Terminal, User};
use conformance_dropin::terminal::Person;
use conformance_dropin::tool::{ALL, Side, Tool};

const PROBE: i32 = 63;
const LAST: i32 = 64;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_Z: &str = "\x1a";

fn modes(tool: Tool) -> &'static [&'static [&'static str]] {
    match tool {
        Tool::Tini | Tool::Catatonit => &[&[], &["-g"]],
        Tool::TiniStatic | Tool::DockerInit => &[&[]],
        Tool::DumbInit => &[&[], &["-c"]],
    }
}

/// As in `docker run -it`, the same as another user, on a desk, and below somebody's shell.
fn settings() -> [Setting; 4] {
    [
        Setting::pid1().on(Terminal::Leader),
        Setting::pid1().on(Terminal::Leader).by(User::Plain),
        Setting::ordinary().on(Terminal::Leader),
        Setting::ordinary().on(Terminal::Member),
    ]
}

fn each(
    report: &mut Report,
    what: &str,
    observe: impl Fn(Tool, Side, &Setting, &[&str]) -> Observation,
) {
    for tool in present(ALL) {
        for options in modes(tool) {
            for setting in settings() {
                let case = format!(
                    "{what} {options:?} {:?} {:?} pid1={}",
                    setting.terminal, setting.user, setting.pid1
                );
                report.compare(tool, &case, &[], |side| {
                    observe(tool, side, &setting, options)
                });
            }
        }
    }
}

fn start(
    tool: Tool,
    side: Side,
    setting: &Setting,
    options: &[&str],
    command: &[&str],
) -> (Session, Person) {
    let args = [options, &["--"], command].concat();
    let (session, person) = Session::start(tool, side, setting, &args, Streams::OnTerminal);
    (session, person.expect("a terminal"))
}

#[test]
fn the_command_reads_and_writes() {
    let mut report = Report::default();
    each(&mut report, "tac", |tool, side, setting, options| {
        let command = ["sh", "-c", "stty -echo; echo go; exec tac"];
        let (session, mut person) = start(tool, side, setting, options, &command);
        person.read_until("go\r\n");
        person.type_in("1\n2\n3\n");
        person.type_in(CTRL_D);
        let shown = person.read_until("1\r\n");
        observation([("exit", session.end().to_string()), ("shown", shown)])
    });
    report.finish();
}

#[test]
fn ctrl_c_interrupts_the_command() {
    let mut report = Report::default();
    each(&mut report, "Ctrl-C", |tool, side, setting, options| {
        // Not by a word on the terminal: the kernel flushes it with the Ctrl-C.
        let command = [
            "sh",
            "-c",
            "trap 'exit 9' INT; echo go; while :; do read -r _; done",
        ];
        let (session, mut person) = start(tool, side, setting, options, &command);
        person.read_until("go\r\n");
        person.type_in(CTRL_C);
        observation([("exit", session.end().to_string())])
    });
    report.finish();
}

#[test]
fn a_shell_has_job_control() {
    let mut report = Report::default();
    each(&mut report, "bash", |tool, side, setting, options| {
        let (session, mut person) = start(
            tool,
            side,
            setting,
            options,
            &["bash", "--norc", "--noprofile", "-m"],
        );
        // In two words, so that the echo of what is typed is not taken for the answer.
        person.type_in("echo fl''ags $-. ; (exit 3); exit 7\n");
        person.read_until("flags ");
        let flags = person.read_until(".");
        observation([
            ("exit", session.end().to_string()),
            ("job control", flags.contains('m').to_string()),
        ])
    });
    report.finish();
}

#[test]
fn letting_go_of_the_terminal_hangs_nobody_up() {
    let mut report = Report::default();
    each(&mut report, "hand-over", |tool, side, setting, options| {
        let observer = concat!(env!("CARGO_MANIFEST_DIR"), "/probes/observer.py");
        let command = ["/usr/bin/python3", "-S", "-E", "-B", observer, "FIFO"];
        let (mut session, _person) = start(tool, side, setting, options, &command);
        session.expect("ready");
        let (init, main) = (session.init(), session.pid("main"));
        // The first hang-up that somebody sends is no hand-over any more.
        let mut seen = Observation::new();
        for (name, signal) in [("at the start", LAST), ("a hang-up", 1), ("another", 1)] {
            session.send(init, signal);
            if signal != LAST {
                session.send(init, LAST);
            }
            let mut words = Vec::new();
            loop {
                let said = session.next_line("what was forwarded");
                if said.word == format!("got {LAST}") {
                    break;
                }
                words.push(said.word);
            }
            seen.insert(name.to_owned(), words.join(", "));
        }
        session.send(main, PROBE);
        seen.insert("in the end".to_owned(), session.next_line("an answer").word);
        seen
    });
    report.finish();
}

/// What becomes of a command that reads a line, when somebody types Ctrl-Z before it.
fn freeze(tool: Tool, side: Side, setting: &Setting, options: &[&str]) -> Observation {
    let command = [
        "sh",
        "-c",
        "mkfifo gone; echo main $$ ready >\"$0\"; echo go; read -r x; exit 5",
        "FIFO",
    ];
    let (mut session, mut person) = start(tool, side, setting, options, &command);
    session.expect("ready");
    person.read_until("go\r\n");
    let main = session.pid("main");
    person.type_in(CTRL_Z);
    let stays = side == Side::Original && (tool.is_tini() || tool == Tool::Catatonit);
    if stays {
        procfs::until("the command is stopped", || {
            procfs::state(main) == Some('T')
        });
        return observation([("after Ctrl-Z", "stopped for good".to_owned())]);
    }
    person.type_in("\n");
    observation([("after Ctrl-Z", session.end().to_string())])
}

#[test]
fn ctrl_z_does_not_freeze_a_container() {
    let exception = Exception {
        fact: "after Ctrl-Z",
        bowout: "5",
        why: &divergence::CTRL_Z_NEVER_FREEZES,
    };
    let mut report = Report::default();
    let setting = Setting::pid1().on(Terminal::Leader);
    for tool in present(ALL) {
        for options in modes(tool) {
            // In dumb-init's session nobody could resume the command, so the kernel drops the signal.
            let exceptions = if tool == Tool::DumbInit {
                &[][..]
            } else {
                std::slice::from_ref(&exception)
            };
            report.compare(tool, &format!("{options:?}"), exceptions, |side| {
                freeze(tool, side, &setting, options)
            });
        }
    }
    report.finish();
}
