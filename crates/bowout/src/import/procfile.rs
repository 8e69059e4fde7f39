//! Reads a Procfile, as foreman and Heroku do.

use super::document::{Document, Remark, Service, Value, excerpt, missing};
use super::fault::{Fault, Place};
use super::source::Source;
use super::template::Template;

/// Characters that mean something to a shell, and nothing to anybody else.
const SHELL: &[char] = &[
    '$', ';', '&', '|', '<', '>', '(', ')', '{', '}', '*', '?', '[', ']', '~', '`', '!', '#',
];

/// Words that only a shell knows.
const BUILTINS: [&str; 22] = [
    ".", ":", "alias", "cd", "eval", "exec", "exit", "export", "for", "if", "read", "readonly",
    "set", "shift", "source", "trap", "ulimit", "umask", "unset", "until", "wait", "while",
];

/// A line of a Procfile: a name, and the command behind it.
pub(crate) fn entry(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let good = !name.is_empty() && name.chars().all(is_name);
    good.then_some((name, command.trim()))
}

/// Makes a document of a Procfile.
///
/// # Errors
/// Lines that are none.
pub(crate) fn import(source: &Source) -> Result<Document, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut found: Vec<(usize, &str, &str)> = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        let column = 1 + line.chars().take_while(|c| c.is_whitespace()).count();
        let at = Place {
            line: number,
            column,
        };
        let mut fault = |text: String| faults.push(Fault::new(&source.name, at, text));
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, command)) = entry(line) else {
            let line = excerpt(line);
            fault(format!(
                "{line:?} is no process; accepted: `name: command`, where the name has letters, digits, - and _"
            ));
            continue;
        };
        if !super::is_name(name) {
            fault(format!(
                "{name}: is no name for a service; accepted: {}",
                super::NAME
            ));
        } else if command.is_empty() {
            fault(format!("{name}: there is no command behind the colon"));
        } else if let Err(error) = is_command(command) {
            fault(format!("{name}: {error}"));
        } else if let Some((first, ..)) = found.iter().find(|(_, there, _)| *there == name) {
            fault(format!(
                "{name}: is there already, in line {first}; give it another name"
            ));
        }
        found.push((number, name, command));
    }
    if found.is_empty() && faults.is_empty() {
        faults.push(Fault::new(
            &source.name,
            Place::WHOLE,
            "has no process; accepted: lines such as `web: ./web`",
        ));
    }
    match faults.is_empty() {
        true => Ok(document(source, &found)),
        false => Err(faults),
    }
}

/// Whether a shell would take it.
fn is_command(command: &str) -> Result<(), &'static str> {
    match Template::literal(command).words()?.first() {
        Some(word) if !word.is_empty() => Ok(()),
        Some(_) | None => Err("the name of the program is empty"),
    }
}

fn document(source: &Source, found: &[(usize, &str, &str)]) -> Document {
    let mut document = Document::default();
    let has_release = found.len() > 1 && found.iter().any(|(_, name, _)| *name == "release");
    let env = source
        .folder
        .as_ref()
        .is_some_and(|folder| folder.join(".env").is_file());
    let mut head = vec![Remark::Note(
        "When a service ends for good, the container stops, as under foreman. `restart = \"on-failure\"` \
         has it started again, as on Heroku."
            .into(),
    )];
    if found.iter().any(|(.., command)| mentions(command, "PORT")) {
        head.push(missing(
            "PORT",
            "foreman and Heroku set it for each process; set it in `environment`, or for the container",
        ));
    }
    if env {
        head.insert(1, Remark::Note(
            "foreman and Heroku's tools read the file .env beside a Procfile, and so do these services, where it is \
             there."
                .into(),
        ));
    }
    document.remarks(head);
    for (_, name, command) in found {
        let mut service = Service::new(name);
        if *name == "release" && has_release {
            service.above.push(Remark::Note(
                "Runs to its end before the others start, as Heroku's release phase does.".into(),
            ));
        }
        command_line(&mut service, command);
        if *name == "release" && has_release {
            service.set("type", "oneshot");
        } else if has_release {
            service.set("depends_on", super::depends_on(&[("release", "completed")]));
        }
        if env {
            service.set("env_file", Value::List(vec![super::optional_file(".env")]));
        }
        document.service(service);
    }
    document
}

/// Says what runs: without a shell where none is needed.
fn command_line(service: &mut Service, command: &str) {
    let text = Template::literal(command);
    let words = text.words().unwrap_or_default();
    let first = words.first().and_then(Template::plain).unwrap_or_default();
    let plain = !needs_shell(command)
        && !words.is_empty()
        && !first.contains('=')
        && !BUILTINS.contains(&first.as_str());
    if plain {
        super::set_command(service, words, None);
        return;
    }
    if let Some(advice) = advice(command, &first) {
        service.note(format!("A shell stays in front of the program; {advice}"));
    }
    service.set("command", text);
    service.set("shell", true);
}

/// Whether a character means something to a shell where it stands.
fn needs_shell(command: &str) -> bool {
    let mut quote = None;
    let mut escaped = false;
    for c in command.chars() {
        match quote {
            _ if escaped => escaped = false,
            Some('\'') if c == '\'' => quote = None,
            Some('\'') => {}
            _ if c == '\\' => escaped = true,
            Some(_) if c == '"' => quote = None,
            Some(_) if matches!(c, '$' | '`') => return true,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if SHELL.contains(&c) => return true,
            None => {}
        }
    }
    false
}

/// How the shell makes room for the program, where it can.
fn advice(command: &str, first: &str) -> Option<String> {
    let mut commands = command.split("&&").flat_map(|part| part.split(';'));
    let has_exec = |part: &str| part.split_whitespace().next() == Some("exec");
    // A pipeline, a job in the background, a loop: here the shell has something to do.
    let is_busy = command.replace("&&", "").contains(['|', '&', '(', '`'])
        || ["case", "for", "if", "until", "while", "{"].contains(&first);
    if is_busy || commands.clone().any(has_exec) {
        return None;
    }
    let is_program = !first.contains('=') && !BUILTINS.contains(&first);
    Some(match commands.nth(1).is_none() && is_program {
        true => format!("with `exec {first} …` the program takes its place."),
        false => "with `exec` before the last command that one takes its place.".into(),
    })
}

/// Whether a command reads this variable.
fn mentions(command: &str, variable: &str) -> bool {
    command.split('$').skip(1).any(|behind| {
        let behind = behind.strip_prefix('{').unwrap_or(behind);
        behind
            .strip_prefix(variable)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_runs_what_only_it_understands() {
        for command in [
            "a $B",
            "a \"$B\"",
            "a 'b' && c",
            "a > b",
            "a \"`b`\"",
            "a ~/b",
            "a 'b'\"$C\"",
        ] {
            assert!(needs_shell(command), "{command}");
        }
        for command in [
            "a b",
            "sh -c 'cd /a && ./b $C'",
            "a \"b; c\"",
            "a b\\ c",
            "a '\"' 'b;'",
            "a \\$B",
        ] {
            assert!(!needs_shell(command), "{command}");
        }
    }
}
