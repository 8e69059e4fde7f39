//! Makes a program's environment, and finds its file along PATH.

use bowout_sys::entry::Variable;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// Where a program is looked for when PATH is not set (execvp(3), glibc's default).
const PATH: &str = "/bin:/usr/bin";

/// How long a hook may take, in seconds, for the hook itself.
pub(crate) const TIMEOUT: &str = "BOWOUT_TIMEOUT";

/// A length of time in seconds, as options of bowout take it: `9.25`.
pub(crate) fn seconds(length: Duration) -> String {
    let millis = length.as_millis();
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the variables begin with that are options of bowout, under any of its names.
const OPTIONS: [&[u8]; 5] = [
    b"BOWOUT_",
    b"TINI_",
    b"DUMB_INIT_",
    b"CATATONIT_",
    b"POSIXLY_CORRECT",
];

/// An environment in its order, as execve(2) wants it: `NAME=value` each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Environment(Vec<Variable>);

impl Environment {
    /// bowout's own.
    pub(crate) fn inherited() -> Environment {
        Environment(bowout_sys::entry::environment())
    }

    /// Sets one variable. A zero byte can't come from an environment, and a file with one is refused.
    pub(crate) fn set(&mut self, name: &OsStr, value: &OsStr) {
        let Ok(entry) = CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()) else {
            return;
        };
        let entry = Variable::Owned(entry);
        let is_it = |old: &&mut Variable| value_of(old, name.as_bytes()).is_some();
        match self.0.iter_mut().find(is_it) {
            Some(old) => *old = entry,
            None => self.0.push(entry),
        }
    }

    /// Takes a variable away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0
            .retain(|entry| value_of(entry, name.as_bytes()).is_none());
    }

    /// Which entry a variable is.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let mut entries = self.0.iter();
        entries.position(|entry| value_of(entry, name.as_bytes()).is_some())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        let mut values = self.0.iter().map(|entry| value_of(entry, name.as_bytes()));
        values.find_map(|value| value).map(OsStr::from_bytes)
    }

    /// Those that are options of bowout. Each option is looked for at each start, and there is seldom one.
    pub(crate) fn options(&self) -> Environment {
        let is_option = |entry: &&Variable| {
            let entry = entry.to_bytes();
            let mut beginnings = OPTIONS.iter();
            // The first letter tells most of them apart without a call.
            beginnings
                .any(|beginning| entry.first() == beginning.first() && entry.starts_with(beginning))
        };
        Environment(self.0.iter().filter(is_option).cloned().collect())
    }

    /// As [`std::env::var_os`], from the one time that it was read.
    pub(crate) fn owned(&self, name: &str) -> Option<OsString> {
        self.get(name).map(OsStr::to_owned)
    }

    /// Adds the lines of a file, as `docker run --env-file` reads them: `NAME=value`, `NAME` alone
    /// for what bowout has itself, `#` for comments; nothing is unquoted.
    ///
    /// # Errors
    /// The file, the line, and what is wrong with it.
    #[cold]
    pub(crate) fn add_lines(&mut self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let equals = line.iter().position(|byte| *byte == b'=');
            let name = &line[..equals.unwrap_or(line.len())];
            let bad =
                name.is_empty() || name.iter().any(u8::is_ascii_whitespace) || line.contains(&0);
            if bad {
                // A value may be a secret, and so may a line that has none.
                let text = match equals {
                    Some(_) if !name.is_empty() => {
                        format!(
                            "{:?} is no name of a variable",
                            String::from_utf8_lossy(name)
                        )
                    }
                    Some(_) | None => "this is no variable".to_owned(),
                };
                return Err(format!(
                    "{}:{number}: {text}; accepted: NAME=value",
                    path.display()
                ));
            }
            let name = OsStr::from_bytes(name);
            match equals {
                Some(equals) => self.set(name, OsStr::from_bytes(&line[equals + 1..])),
                None => {
                    if let Some(value) = std::env::var_os(name) {
                        self.set(name, &value);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes room for the child's own pid where LISTEN_PID names bowout, and returns which entry that is:
    /// descriptors that were meant for bowout are for its child (sd_listen_fds(3)).
    pub(crate) fn pass_listeners_on(&mut self, own: bowout_core::Pid) -> Option<usize> {
        let mut entries = self.0.iter();
        let index = entries.position(|entry| value_of(entry, b"LISTEN_PID").is_some())?;
        if self.get("LISTEN_PID")? != own.to_string().as_str() {
            return None;
        }
        // Room for the digits of any pid.
        self.0[index] = Variable::Borrowed(c"LISTEN_PID=0000000000");
        Some(index)
    }

    /// All of it, as execve(2) wants it.
    pub(crate) fn into_variables(self) -> Vec<Variable> {
        self.0
    }

    /// The files to try for a command, in this order: itself when it has a slash, else along PATH, in
    /// which an empty part is the working directory (execvp(3)).
    pub(crate) fn candidates(&self, command: &OsStr) -> Vec<CString> {
        let command = command.as_bytes();
        if command.contains(&b'/') || command.is_empty() {
            return CString::new(command).into_iter().collect();
        }
        let path = self.get("PATH").unwrap_or(OsStr::new(PATH)).as_bytes();
        path.split(|byte| *byte == b':')
            .map(|part| if part.is_empty() { b"." } else { part })
            .filter_map(|part| CString::new([part, b"/", command].concat()).ok())
            .collect()
    }
}

/// The value of an entry with this name.
fn value_of<'a>(entry: &'a CStr, name: &[u8]) -> Option<&'a [u8]> {
    entry.to_bytes().strip_prefix(name)?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowout_core::Pid;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in pairs {
            environment.set(name.as_ref(), value.as_ref());
        }
        environment
    }

    #[test]
    fn a_command_is_looked_for_along_path() {
        let found = |path: &[(&str, &str)], command: &str| -> Vec<String> {
            let candidates = environment(path).candidates(OsStr::new(command));
            candidates
                .into_iter()
                .map(|file| file.into_string().unwrap())
                .collect()
        };
        assert_eq!(found(&[("PATH", "/a::/b")], "x"), ["/a/x", "./x", "/b/x"]);
        assert_eq!(found(&[], "x"), ["/bin/x", "/usr/bin/x"]);
        assert_eq!(found(&[("PATH", "/a")], "./x"), ["./x"]);
    }

    #[test]
    fn descriptors_for_bowout_are_for_its_child() {
        let own = Pid::new(7);
        let mut named = environment(&[("A", "b"), ("LISTEN_PID", "7")]);
        assert_eq!(named.pass_listeners_on(own), Some(1));
        assert_eq!(named.0[1].to_str(), Ok("LISTEN_PID=0000000000"));
        let mut other = environment(&[("LISTEN_PIDS", "7"), ("LISTEN_PID", "8")]);
        assert_eq!(other.pass_listeners_on(own), None);
        assert_eq!(other.0[1].to_str(), Ok("LISTEN_PID=8"));
        assert_eq!(environment(&[]).pass_listeners_on(own), None);
    }

    #[test]
    fn a_file_adds_and_an_error_names_its_line() {
        let path = Path::new("app.env");
        let lines = b"# comment\n\nA=1 = one\r\nB=\"q\"\nNOT_SET_ANYWHERE\n";
        let mut read = environment(&[("A", "0")]);
        read.add_lines(path, lines).unwrap();
        assert_eq!(read, environment(&[("A", "1 = one"), ("B", "\"q\"")]));
        assert_eq!(
            read.add_lines(path, b"A=1\nBAD NAME=2\n").unwrap_err(),
            "app.env:2: \"BAD NAME\" is no name of a variable; accepted: NAME=value"
        );
        for secret in [b"hunter2 x".as_slice(), b"=hunter2"] {
            assert_eq!(
                read.add_lines(path, secret).unwrap_err(),
                "app.env:1: this is no variable; accepted: NAME=value"
            );
        }
    }

    #[test]
    fn times_are_seconds_that_an_option_takes() {
        for (millis, text) in [(9_250, "9.25"), (10_000, "10"), (7, "0.007"), (0, "0")] {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
            let read = crate::cli::value::duration(text);
            assert_eq!(read, Some(Duration::from_millis(millis)));
        }
    }

    #[test]
    fn what_is_taken_away_is_gone() {
        let mut left = environment(&[("AB", "1"), ("A", "2"), ("B", "3")]);
        left.remove("A");
        assert_eq!(left, environment(&[("AB", "1"), ("B", "3")]));
        assert_eq!((left.position("B"), left.position("A")), (Some(1), None));
    }
}
