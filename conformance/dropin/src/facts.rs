//! Turns what a command saw of itself into facts that can be compared between two runs.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::compare::{Observation, amount, observation};
use crate::session::{Session, Streams};
use crate::setting::Setting;
use crate::tool::{Side, Tool};

/// Fields of /proc/PID/stat, counted from the state.
const GROUP: usize = 2;
const SESSION: usize = 3;
const TTY: usize = 4;
const FOREGROUND: usize = 5;

/// Runs the command that looks at itself, and says what it saw. Pids are put in words, as they are
/// others each time: whose group, whose session, who is in the foreground.
#[must_use]
pub fn of_command(tool: Tool, side: Side, setting: &Setting, options: &[&str]) -> Observation {
    let mut args = options.to_vec();
    args.extend(["--", "facts"]);
    let (session, _person) = Session::start(tool, side, setting, &args, Streams::Files);
    let end = session.end();
    let text = session.scratch().read("out");
    let mut facts = from_text(&text, &session.scratch().dir().display().to_string());
    if !setting.pid1 {
        // Its number says nothing where it is not counted from 1.
        facts.remove("pid");
    }
    facts.insert("exit".to_owned(), end.to_string());
    facts
}

fn from_text(text: &str, scratch: &str) -> Observation {
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let value = |name: &str| {
        let found = lines.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| *value)
    };
    let mine: Vec<&str> = value("stat").split(' ').collect();
    let parents: Vec<&str> = value("parent").split(' ').collect();
    let (pid, parent) = value("ids").split_once(' ').unwrap_or_default();
    let whose = |field: usize| {
        let id = mine.get(field).copied().unwrap_or_default();
        // In this order: an init that leads its group is what the group is called after.
        let owners = BTreeMap::from([(parent, "init"), (pid, "command")]);
        let theirs = parents.get(field).copied().unwrap_or_default();
        match owners.get(id) {
            Some(owner) => format!("{owner}'s own"),
            None if id == theirs => "the init's".to_owned(),
            None => "somebody's".to_owned(),
        }
    };
    let foreground = mine.get(FOREGROUND).copied().unwrap_or_default();
    let foreground = match foreground {
        "-1" => "none",
        id if id == mine.get(GROUP).copied().unwrap_or_default() => "the command's group",
        _ => "another group",
    };
    let fds: Vec<&str> = lines
        .iter()
        .filter(|(key, _)| *key == "fd")
        .map(|(_, fd)| *fd)
        .collect();
    observation([
        ("pid", pid.to_owned()),
        ("group", whose(GROUP)),
        ("session", whose(SESSION)),
        (
            "terminal",
            if mine.get(TTY) == Some(&"0") {
                "no"
            } else {
                "yes"
            }
            .to_owned(),
        ),
        ("foreground", foreground.to_owned()),
        ("blocked", value("SigBlk:").to_owned()),
        ("ignored", value("SigIgn:").to_owned()),
        ("cwd", value("cwd").replace(scratch, "here")),
        ("umask", value("umask").to_owned()),
        ("path", value("path").replace(scratch, "here")),
        ("listen", listen(value("listen"), pid, parent)),
        ("fds", fds.join(" ")),
    ])
}

fn listen(value: &str, pid: &str, parent: &str) -> String {
    match value {
        value if value == pid => "the command".to_owned(),
        value if value == parent => "the init".to_owned(),
        value => value.to_owned(),
    }
}

/// Runs a command line and says how it ended, what it wrote to which stream, and whether and with
/// which arguments the command ran.
#[must_use]
pub fn of_line(tool: Tool, side: Side, setting: &Setting, args: &[&str]) -> Observation {
    let (session, _person) = Session::start(tool, side, setting, args, Streams::Files);
    let end = session.end();
    let scratch = session.scratch();
    let ran = scratch
        .read("out")
        .replace(&format!("{}/", scratch.dir().display()), "");
    observation([
        ("exit", end.to_string()),
        ("stdout", amount(&scratch.read("stdout"))),
        ("stderr", amount(&scratch.read("stderr"))),
        ("ran", if ran.is_empty() { "no".to_owned() } else { ran }),
    ])
}

/// How a run ended, and nothing else.
#[must_use]
pub fn of_end(tool: Tool, side: Side, setting: &Setting, args: &[&str]) -> Change {
    let (session, _person) = Session::start(tool, side, setting, args, Streams::Files);
    session.end()
}
