//! `bowout import`: writes a bowout.toml from a Procfile, a supervisord.conf or a compose.yaml.

mod compose;
mod document;
mod fault;
#[cfg(test)]
mod mutated;
mod procfile;
#[cfg(test)]
mod silent;
mod source;
mod supervisord;
mod template;
mod write;

use document::{Block, Remark, Service, Value};
use fault::Fault;
use source::{KINDS, Kind, Source};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use template::{Atom, Template};

/// Exit code of `--strict` where something was not taken over.
const NOT_ALL: u8 = 1;

/// Reads the file, writes what was made of it, and says how many things are lost.
pub(crate) fn run(matches: &clap::ArgMatches) -> u8 {
    let path = matches
        .get_one::<PathBuf>("file")
        .map_or(Path::new("-"), PathBuf::as_path);
    let output = matches
        .get_one::<PathBuf>("output")
        .map_or(Path::new("-"), PathBuf::as_path);
    let from = matches.get_one::<String>("from").map(String::as_str);
    let kind = KINDS
        .iter()
        .find(|(name, _)| Some(*name) == from)
        .map(|(_, kind)| *kind);
    let made = Source::read(path)
        .map_err(|fault| vec![fault])
        .and_then(|source| convert(&source, kind));
    let made = match made {
        Ok(made) => made,
        Err(faults) => {
            for fault in faults {
                say(&fault.to_string());
            }
            return crate::USAGE;
        }
    };
    if let Err(error) = put(output, &made.text, matches.get_flag("force")) {
        say(&error);
        return crate::USAGE;
    }
    say(&made.summary(output));
    match made.missing > 0 && matches.get_flag("strict") {
        true => NOT_ALL,
        false => 0,
    }
}

/// What `--from` takes.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// A line for people. Where nobody reads it, there is nobody to tell.
fn say(text: &str) {
    _ = writeln!(std::io::stderr(), "bowout import: {text}");
}

/// What was made of a file.
#[derive(Debug)]
struct Made {
    name: String,
    text: String,
    services: usize,
    missing: usize,
}

impl Made {
    fn summary(&self, output: &Path) -> String {
        let count = |number: usize, one: &str, many: &str| match number {
            1 => format!("1 {one}"),
            number => format!("{number} {many}"),
        };
        let services = count(self.services, "service", "services");
        let missing = match self.missing {
            0 => "all taken over".to_owned(),
            number => format!(
                "{} not taken over: look for \"not taken over\"",
                count(number, "thing", "things")
            ),
        };
        let next = match output == Path::new("-") {
            true => String::new(),
            false => format!(
                "; `bowout-init --config {} --check` checks it",
                output.display()
            ),
        };
        format!("{}: {services}, {missing}{next}", self.name)
    }
}

fn convert(source: &Source, kind: Option<Kind>) -> Result<Made, Vec<Fault>> {
    source.check().map_err(|fault| vec![fault])?;
    let kind = match kind {
        Some(kind) => kind,
        None => source.kind().map_err(|fault| vec![fault])?,
    };
    let mut document = match kind {
        Kind::Procfile => procfile::import(source),
        Kind::Supervisord => supervisord::import(source),
        Kind::Compose => compose::import(source),
    }
    .map_err(|faults| in_order(source, faults))?;
    let file = Path::new(&source.name).file_name();
    let file = file.map_or_else(|| source.name.clone(), |file| file.display().to_string());
    let has_times = document
        .services()
        .any(|service| service.has("stop_timeout"));
    let plan = match has_times {
        true => " `bowout plan` shows whether its stop time-outs fit the platform's grace period.",
        false => "",
    };
    let head = Remark::Note(format!("Made from {file} by `bowout import`.{plan}"));
    document.blocks.insert(0, Block::Remarks(vec![head]));
    Ok(Made {
        name: source.name.clone(),
        text: write::toml(&document),
        services: document.services().count(),
        missing: document.missing(),
    })
}

/// As they stand in the file, and then in those that it includes.
fn in_order(source: &Source, mut faults: Vec<Fault>) -> Vec<Fault> {
    let place = |fault: &Fault| (fault.file != source.name, fault.file.clone(), fault.at);
    faults.sort_by_cached_key(place);
    faults
}

/// Writes the text to a file that is not there yet, or to standard output for `-`.
fn put(output: &Path, text: &str, force: bool) -> Result<(), String> {
    if output == Path::new("-") {
        let mut stdout = std::io::stdout();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        return written.map_err(|error| format!("standard output cannot be written: {error}"));
    }
    let mut options = OpenOptions::new();
    options.write(true);
    match force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options
        .open(output)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() == ErrorKind::AlreadyExists {
        true => format!(
            "{}: is there already; --force overwrites it",
            output.display()
        ),
        false => format!("{}: cannot be written: {error}", output.display()),
    })
}

/// What runs, as one would write it. `text` is what the words were split from, where they were.
///
/// bowout puts variables into a text before it splits that into words, as Compose and supervisord do, and
/// into the words of an array after.
fn set_command(service: &mut Service, words: Vec<Template>, text: Option<&Template>) {
    /// Longer ones are easier to read word by word.
    const LONGEST: usize = 80;
    if let [shell, flag, script] = words.as_slice()
        && matches!(shell.plain().as_deref(), Some("sh" | "/bin/sh"))
        && flag.plain().as_deref() == Some("-c")
        && !script.is_empty()
    {
        service.set("command", script.clone());
        service.set("shell", true);
        return;
    }
    let plain: Option<Vec<String>> = words.iter().map(Template::plain).collect();
    let simple = |word: &String| {
        let good = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
        !word.is_empty() && word.chars().all(good)
    };
    match (plain, text) {
        (None, Some(text)) if !text.atoms().contains(&Atom::Char('#')) => {
            service.set("command", text.on_one_line());
        }
        (Some(plain), _) if plain.iter().all(simple) && plain.join(" ").len() <= LONGEST => {
            service.set("command", plain.join(" "));
        }
        (Some(_) | None, _) => service.set("command", words),
    }
}

/// `depends_on`: names alone where nothing more is awaited of anybody than that it was started.
fn depends_on(on: &[(&str, &str)]) -> Value {
    if on.iter().all(|(_, condition)| *condition == "started") {
        let names: Vec<&str> = on.iter().map(|(name, _)| *name).collect();
        return names.into();
    }
    let entries = on
        .iter()
        .map(|(name, condition)| ((*name).to_owned(), Value::from(*condition)));
    Value::Table(entries.collect())
}

/// Whether a service may be called so in bowout.toml.
fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= 64 && name.starts_with(starts) && name.chars().all(is_letter)
}

/// What is accepted as the name of a service.
const NAME: &str =
    "up to 64 letters, digits, _, - and dots, where the first is a letter, a digit or _";

/// Whether a variable of the environment may be called so.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains('=') && !name.contains(char::is_whitespace)
}

/// A file with variables that may be missing.
fn optional_file(path: impl Into<Value>) -> Value {
    Value::Table(vec![
        ("path".to_owned(), path.into()),
        ("required".to_owned(), false.into()),
    ])
}

/// A duration as one would write it: `90s` is `1m30s`.
fn duration(duration: Duration) -> String {
    /// bowout.toml takes no longer ones; nobody waits for so long.
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
    let duration = duration.min(LONGEST);
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(millis), "ms"),
    ];
    let text: String = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    match text.is_empty() {
        true => "0s".into(),
        false => text,
    }
}

/// A number of bytes, in the largest unit that divides it; a kilobyte has 1024.
fn size(bytes: u64) -> Value {
    let units = [("GB", 30), ("MB", 20), ("KB", 10)];
    let unit = units
        .iter()
        .find(|(_, shift)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    match unit {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift).into(),
        None => Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_by_hand() {
        for (seconds, text) in [
            (0, "0s"),
            (20, "20s"),
            (60, "1m"),
            (90, "1m30s"),
            (3600, "1h"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(duration(Duration::from_millis(1500)), "1s500ms");
        assert_eq!(duration(Duration::MAX), "8784h");
        for (bytes, text) in [
            (0, None),
            (1000, None),
            (1024, Some("1KB")),
            (3 << 30, Some("3GB")),
        ] {
            let value = match text {
                Some(text) => Value::from(text),
                None => Value::Integer(bytes),
            };
            assert_eq!(size(bytes.unsigned_abs()), value);
        }
    }

    #[test]
    fn a_command_is_a_text_where_that_says_the_same() {
        let set = |text: &str| {
            let text = Template::literal(text);
            let mut service = Service::new("x");
            set_command(&mut service, text.words().unwrap(), Some(&text));
            service.lines
        };
        let of = |value: Value| document::Line::Entry("command", value);
        assert_eq!(set("a  b"), [of("a b".into())]);
        assert_eq!(set("a 'b c'"), [of(vec!["a", "b c"].into())]);
        assert_eq!(set("a $HOME"), [of(vec!["a", "$HOME"].into())]);
        let shell = [
            of("b; c".into()),
            document::Line::Entry("shell", true.into()),
        ];
        assert_eq!(set("sh -c 'b; c'"), shell);
    }
}
