//! Holds docs/commands to the command line: each subcommand has its page, and the page each option, as it is.

use clap::{Arg, Command};
use std::path::Path;

/// What bowout-init reads itself has tests beside it.
const ELSEWHERE: [&str; 2] = ["run", "ctl"];

fn page(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands");
    let path = folder.join(format!("{name}.md"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn commands() -> Vec<Command> {
    let mut all = super::command();
    all.build();
    let all = all.get_subcommands().cloned();
    all.filter(|command| !ELSEWHERE.contains(&command.get_name()))
        .collect()
}

/// The first cells of tables that are about options.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .filter(|line| line.starts_with("| `-"))
        .filter_map(|line| line.split('|').nth(1))
}

/// How an option stands in its row.
fn written(option: &Arg) -> Vec<String> {
    let long = option.get_long().unwrap_or_default();
    let value = option.get_value_names().filter(|_| {
        let action = option.get_action();
        action.takes_values()
    });
    let value = value
        .and_then(|names| names.first())
        .map(|name| name.as_str());
    let is_optional = option
        .get_num_args()
        .is_some_and(|range| range.min_values() == 0);
    let with = |word: String| match value {
        Some(value) if is_optional => format!("`{word}[={value}]`"),
        Some(value) => format!("`{word} {value}`"),
        None => format!("`{word}`"),
    };
    let short = option.get_short().map(|letter| with(format!("-{letter}")));
    short
        .into_iter()
        .chain([with(format!("--{long}"))])
        .collect()
}

fn faults(command: &Command, page: &str) -> Vec<String> {
    let options = || {
        let all = command.get_arguments();
        all.filter(|option| option.get_long().is_some_and(|long| long != "help"))
    };
    let missing = options().filter_map(|option| {
        let forms = written(option);
        let has_all = |row: &str| forms.iter().all(|form| row.contains(form));
        (!rows(page).any(has_all)).then(|| format!("no row with {}", forms.join(", ")))
    });
    let longs: Vec<&str> = options()
        .filter_map(Arg::get_long)
        .chain(["help"])
        .collect();
    let unknown = rows(page)
        .flat_map(|row| row.split("`--").skip(1))
        .filter(|rest| {
            let name = rest
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                .next();
            !name.is_some_and(|name| longs.contains(&name))
        });
    missing
        .chain(unknown.map(|rest| format!("a row for --{rest}, which is no option")))
        .collect()
}

#[test]
fn every_option_is_documented_and_no_other() {
    for command in commands() {
        let page = page(command.get_name());
        assert_eq!(
            faults(&command, &page),
            [""; 0],
            "{}.md",
            command.get_name()
        );
        let title = format!("bowout {}", command.get_name());
        assert!(page.lines().next().unwrap().contains(&title), "{title}");
    }
}

#[test]
fn what_is_missing_is_seen() {
    let mut looked_at = 0;
    for command in commands() {
        let page = page(command.get_name());
        for option in command
            .get_arguments()
            .filter(|option| option.get_long().is_some())
        {
            let long = option.get_long().unwrap();
            let without = page.replace(&format!("--{long}"), "--gone");
            assert!(
                long == "help" || !faults(&command, &without).is_empty(),
                "{long}"
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 15, "{looked_at}");
}

/// Everything that `completions` knows is in its page.
#[test]
fn every_shell_is_documented() {
    let page = page("completions");
    for command in commands()
        .iter()
        .filter(|command| command.get_name() == "completions")
    {
        for argument in command.get_positionals() {
            for shell in argument.get_possible_values() {
                assert!(page.contains(shell.get_name()), "{}", shell.get_name());
            }
        }
    }
}
