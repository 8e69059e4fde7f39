//! Reads a Procfile, as foreman and Heroku have it: `name: command` in each line.

use super::finding::{Finding, Findings};
use super::problem::Problems;
use super::service::{NAME, is_name};
use super::source::{Place, Source};
use super::{LONGEST, contents};
use crate::cli::value;
use crate::settings::{CommandLine, ServiceSettings, Settings};
use bowout_core::order::Map;
use std::path::Path;

/// Reads a Procfile. A command that only a shell understands is given to `/bin/sh -c`.
///
/// # Errors
/// All that is wrong.
pub fn read_procfile(path: &Path) -> Result<Settings, Problems> {
    let text = contents(path, LONGEST).map_err(|(reason, hint)| {
        Problems::whole(format!("cannot read {}: {reason}", path.display()), hint)
    })?;
    let settings = read_procfile_text(path, &text)?;
    Ok(Settings {
        files: vec![path.to_owned()],
        ..settings
    })
}

/// As [`read_procfile`], from a text that is as good as the file of this name.
///
/// # Errors
/// All that is wrong.
pub fn read_procfile_text(name: &Path, text: &str) -> Result<Settings, Problems> {
    let mut findings = Findings::default();
    let shown = name.display();
    let source = Source::new(shown.to_string(), text.to_owned());
    let (source, number) = findings.source(source);
    let mut lines = Lines::new(number);
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line.trim();
        if !text.is_empty() && !text.starts_with('#') {
            let indent = line.len() - line.trim_start().len();
            lines.add(text, start + indent, &mut findings);
        }
        start += line.len();
    }
    if lines.services.is_empty() && !findings.has_errors() {
        let finding = Finding::general(format!("{shown}: there is no service"));
        findings.add(finding.hint("accepted: lines such as web: ./web"));
    }
    match findings.has_errors() {
        true => Err(findings.finish()),
        false => Ok(Settings {
            services: lines.services,
            ..Settings::default()
        }),
    }
}

/// Whether this is a service with its command, `NAME: COMMAND`, and no file that could be run.
pub(super) fn is_line(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, command)| {
        is_name(name) && command.starts_with([' ', '\t']) && !command.trim().is_empty()
    })
}

/// Services line by line.
pub(super) struct Lines {
    source: usize,
    names: Map<String, Place>,
    pub(super) services: Vec<ServiceSettings>,
}

const ACCEPTED: &str = "accepted: a name, a colon and a command, such as web: ./web --port 80";

impl Lines {
    pub(super) fn new(source: usize) -> Lines {
        Lines {
            source,
            names: Map::new(),
            services: Vec::new(),
        }
    }

    /// Takes a line that begins at this place of the source.
    pub(super) fn add(&mut self, line: &str, start: usize, findings: &mut Findings) {
        let place = |from: usize, to: usize| Place {
            source: self.source,
            start: start + from,
            end: start + to,
        };
        let Some((name, command)) = line.split_once(':') else {
            let finding = Finding::error(place(0, line.len()), "this is no service".into());
            if let Some(equals) = line.find('=') {
                findings.cover(place(equals + 1, line.len()));
            }
            findings.add(finding.hint(match line.contains('=') {
                true => "variables are not set here: put them into the environment",
                false => ACCEPTED,
            }));
            return;
        };
        let at = place(0, name.len());
        if !is_name(name) {
            let finding = Finding::error(at, format!("{name:?} is no name for a service"));
            findings.add(finding.hint(format!("accepted: {NAME}")));
            return;
        }
        let whole = place(name.len() + 1, line.len());
        let command = command.trim();
        if command.is_empty() {
            findings.add(Finding::error(at, format!("{name}: there is no command")).hint(ACCEPTED));
            return;
        }
        if command.contains('\0') {
            let message = format!("{name}: a zero byte can't be passed on");
            findings.add(Finding::error(whole, message));
            return;
        }
        if let Some(first) = self.names.get(name) {
            let finding = Finding::error(at, format!("the service {name:?} is there already"));
            let finding = finding.hint("each is given once");
            findings.add(finding.also(*first, "the first is here"));
            return;
        }
        let Some(command) = line_of(command) else {
            let finding = Finding::error(whole, format!("{name}: this can't be split into words"));
            findings.add(finding.hint("close the quotes, as for a shell"));
            return;
        };
        self.names.insert(name.to_owned(), at);
        self.services.push(ServiceSettings::new(name, command));
    }
}

/// Letters that mean something to a shell, and nothing to anybody else.
const SHELL: &[char] = &[
    '$', '`', ';', '&', '|', '<', '>', '(', ')', '{', '}', '*', '?', '[', ']', '~', '#', '!',
];

/// Words that are no programs, or no useful ones.
const BUILTINS: [&str; 23] = [
    ".", ":", "alias", "case", "cd", "eval", "exec", "exit", "export", "for", "if", "read",
    "readonly", "set", "shift", "source", "trap", "ulimit", "umask", "unset", "until", "wait",
    "while",
];

/// The command of a line of a Procfile, which is written for a shell; if it needs none, there is one process
/// less between bowout and the program.
fn line_of(command: &str) -> Option<CommandLine> {
    let first = command.split_whitespace().next().unwrap_or_default();
    let needs_shell = command.contains(SHELL) || first.contains('=') || BUILTINS.contains(&first);
    let words = value::words(command).filter(|words| !words[0].is_empty())?;
    Some(match needs_shell {
        true => CommandLine {
            words: vec![command.to_owned()],
            shell: true,
        },
        false => CommandLine {
            words,
            shell: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let name = format!("bowout-procfile-{}-{:p}", std::process::id(), text.as_ptr());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let read = read_procfile(&path);
        std::fs::remove_file(&path).unwrap();
        read.map_err(|problems| {
            problems
                .to_string()
                .replace(&path.display().to_string(), "Procfile")
        })
    }

    #[test]
    fn lines_are_services() {
        let text = "# all\r\n\nweb: bundle exec puma -p 80\r\n  worker:PORT=1 ./w\ncron_2: cd x && ./y\nq: a 'b c'";
        let settings = read(text).unwrap();
        let found: Vec<(&str, &[String], bool)> = settings
            .services
            .iter()
            .map(|service| {
                let command = &service.command;
                (
                    service.name.as_str(),
                    command.words.as_slice(),
                    command.shell,
                )
            })
            .collect();
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found,
            [
                (
                    "web",
                    words(&["bundle", "exec", "puma", "-p", "80"]).as_slice(),
                    false
                ),
                ("worker", &words(&["PORT=1 ./w"]), true),
                ("cron_2", &words(&["cd x && ./y"]), true),
                ("q", &words(&["a", "b c"]), false),
            ]
        );
        assert_eq!(settings.files.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_shown_in_its_line() {
        let text = "web: ./web\nPORT=80\nno-command:\nweb: ./other\nbad name: x\nquote: 'x\n";
        let error = read(text).unwrap_err();
        for wanted in [
            "error: this is no service\n --> Procfile:2:1\n",
            "variables are not set here",
            "error: no-command: there is no command\n --> Procfile:3:1\n",
            "error: the service \"web\" is there already\n --> Procfile:4:1\n",
            "error: \"bad name\" is no name for a service\n --> Procfile:5:1\n",
            "error: quote: this can't be split into words\n --> Procfile:6:7\n",
        ] {
            assert!(error.contains(wanted), "{wanted}\n{error}");
        }
        assert!(
            read("# nothing\n")
                .unwrap_err()
                .contains("there is no service")
        );
        let missing = read_procfile(Path::new("/nonexistent/Procfile")).unwrap_err();
        assert!(
            missing.to_string().contains("no such file or directory"),
            "{missing}"
        );
    }
}
