//! Reads what is to be imported, and finds out what it is.

use super::fault::{Fault, Place};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file that bowout can make a bowout.toml of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Heroku's and foreman's.
    Procfile,
    /// supervisord's.
    Supervisord,
    /// Docker Compose's.
    Compose,
}

/// The names of the kinds, as `--from` takes them.
pub(crate) const KINDS: [(&str, Kind); 3] = [
    ("procfile", Kind::Procfile),
    ("supervisord", Kind::Supervisord),
    ("compose", Kind::Compose),
];

/// A file that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Source {
    /// Its name, as it was given.
    pub(crate) name: String,
    /// The folder that names in it are relative to; `None` for standard input.
    pub(crate) folder: Option<PathBuf>,
    /// What is in it.
    pub(crate) text: String,
}

/// The longest file that is read, in bytes: far longer than any that a person wrote.
const LONGEST: u64 = 4 << 20;

impl Source {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    /// It can't be read, is too long, or is no UTF-8.
    pub(crate) fn read(path: &Path) -> Result<Source, Fault> {
        let is_stdin = path == Path::new("-");
        let name = match is_stdin {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        let mut bytes = Vec::new();
        let read = match is_stdin {
            true => std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes),
            false => std::fs::File::open(path)
                .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)),
        };
        read.map_err(|error| Fault::new(&name, Place::WHOLE, format!("cannot be read: {error}")))?;
        if bytes.len() as u64 > LONGEST {
            return Err(Fault::new(&name, Place::WHOLE, "is longer than 4 MiB"));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let at = Place::behind(&String::from_utf8_lossy(valid));
            Fault::new(&name, at, "is not UTF-8; convert it first (iconv)")
        })?;
        let folder = path.parent().filter(|_| !is_stdin).map(Path::to_owned);
        Ok(Source::new(&name, folder, &text))
    }

    /// A file with this text.
    pub(crate) fn new(name: &str, folder: Option<PathBuf>, text: &str) -> Source {
        Source {
            name: name.to_owned(),
            folder,
            // Some editors put a byte order mark in front of UTF-8.
            text: text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        }
    }

    /// Looks for what no command, path or variable can have.
    ///
    /// # Errors
    /// There is a zero byte in it.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let Some(at) = self.text.find('\0') else {
            return Ok(());
        };
        Err(Fault::new(
            &self.name,
            Place::behind(&self.text[..at]),
            "has a zero byte, which no program can be given",
        ))
    }

    /// What kind it is, by its name and by what is in it.
    ///
    /// # Errors
    /// It looks like none, or like more than one.
    pub(crate) fn kind(&self) -> Result<Kind, Fault> {
        let file = Path::new(&self.name).file_name();
        let file = file.and_then(|name| name.to_str()).unwrap_or_default();
        by_name(file)
            .or_else(|| by_content(&self.text))
            .ok_or_else(|| {
                Fault::new(
                    &self.name,
                    Place::WHOLE,
                    "is none of a Procfile (lines such as `web: ./web`), a supervisord.conf (sections \
                     such as `[program:web]`) and a compose.yaml (with `services:`); \
                     `--from procfile|supervisord|compose` says which it is",
                )
            })
    }
}

/// A name that can only be one thing.
fn by_name(name: &str) -> Option<Kind> {
    let lower = name.to_ascii_lowercase();
    let stem = |end: &str| lower.strip_suffix(end);
    let yaml = stem(".yaml").or_else(|| stem(".yml"));
    match () {
        () if lower == "procfile" || lower.starts_with("procfile.") => Some(Kind::Procfile),
        () if lower.starts_with("supervisor")
            && stem(".conf").or_else(|| stem(".ini")).is_some() =>
        {
            Some(Kind::Supervisord)
        }
        () if yaml.is_some_and(|stem| stem.contains("compose")) => Some(Kind::Compose),
        () => None,
    }
}

fn by_content(text: &str) -> Option<Kind> {
    let lines = || {
        text.lines()
            .map(str::trim_end)
            .filter(|line| !line.trim_start().starts_with(['#', ';']) && !line.trim().is_empty())
    };
    const SECTIONS: [&str; 7] = [
        "[program:",
        "[supervisord]",
        "[group:",
        "[eventlistener:",
        "[fcgi-program:",
        "[unix_http_server]",
        "[include]",
    ];
    if lines().any(|line| SECTIONS.iter().any(|section| line.starts_with(section))) {
        return Some(Kind::Supervisord);
    }
    // A key of YAML stands at the left and has nothing behind it, or a map in braces.
    let services = |line: &str| {
        let behind = line.strip_prefix("services:")?;
        let behind = behind.split(" #").next().unwrap_or_default().trim();
        (behind.is_empty() || behind.starts_with(['{', '&'])).then_some(())
    };
    if lines().any(|line| services(line).is_some()) {
        return Some(Kind::Compose);
    }
    let is_procfile = lines().next().is_some()
        && lines().all(|line| {
            super::procfile::entry(line).is_some_and(|(_, command)| !command.is_empty())
        });
    is_procfile.then_some(Kind::Procfile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, text: &str) -> Option<Kind> {
        Source::new(name, None, text).kind().ok()
    }

    #[test]
    fn names_tell_first() {
        for (name, kind_of) in [
            ("deploy/Procfile", Kind::Procfile),
            ("Procfile.dev", Kind::Procfile),
            ("/etc/supervisor/supervisord.conf", Kind::Supervisord),
            ("supervisor.ini", Kind::Supervisord),
            ("compose.yaml", Kind::Compose),
            ("docker-compose.prod.yml", Kind::Compose),
        ] {
            assert_eq!(kind(name, ""), Some(kind_of), "{name}");
        }
    }

    #[test]
    fn content_tells_where_names_do_not() {
        assert_eq!(
            kind("x", "; c\n[program:web]\ncommand=a\n"),
            Some(Kind::Supervisord)
        );
        assert_eq!(
            kind("app.conf", "[include]\nfiles=a\n"),
            Some(Kind::Supervisord)
        );
        assert_eq!(
            kind("stack.yml", "version: '3'\nservices: # all\n  a: {}\n"),
            Some(Kind::Compose)
        );
        assert_eq!(kind("-", "services: {a: {}}\n"), Some(Kind::Compose));
        assert_eq!(
            kind("-", "# c\nweb: ./web\nservices: ./run\n"),
            Some(Kind::Procfile)
        );
        assert_eq!(kind("x", "web: ./web\nhello\n"), None);
        assert_eq!(kind("x.yaml", "web:\n  a: b\n"), None);
        assert_eq!(kind("x", "\n# only\n"), None);
    }

    #[test]
    fn what_is_none_is_told_what_would_be_one() {
        let fault = Source::new("x.txt", None, "hello").kind().unwrap_err();
        let text = fault.to_string();
        assert!(
            text.starts_with("x.txt: is none of a Procfile") && text.contains("--from"),
            "{text}"
        );
    }
}
