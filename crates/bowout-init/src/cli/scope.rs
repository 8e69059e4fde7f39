//! Decides whether one command runs or services, and refuses options that have no meaning then.

use super::table::{Scope, Spec};
use super::{Options, Origin, Services, UsageError};
use std::ffi::OsStr;
use std::path::PathBuf;

/// Finds out what runs from all that was given.
pub(super) fn settle(
    name: &str,
    options: &mut Options,
    given: &[(&Spec, Origin)],
) -> Result<(), UsageError> {
    // What the command line says goes before what the environment says.
    let on_the_line = |long: &str| {
        let mut lines = given
            .iter()
            .filter(|(spec, origin)| spec.long == long && *origin != Origin::Variable);
        lines.next_back().map(|(_, origin)| *origin)
    };
    let (config, procfile) = (on_the_line("config"), on_the_line("procfile"));
    if config.is_some() && procfile.is_some() {
        return Err(refuse("--config and --procfile: one of the two"));
    }
    if procfile == Some(Origin::Line) {
        // The file may stand behind the option as another word: there is no command it could be.
        match options.command.as_slice() {
            [] => {}
            [file] => {
                options.procfile = Some(PathBuf::from(file));
                options.command.clear();
            }
            _ => return Err(refuse("--procfile: one file, and no command beside it")),
        }
    }
    if let (Some(option), [word, ..]) = (
        config
            .map(|_| "--config")
            .or(procfile.map(|_| "--procfile")),
        options.command.as_slice(),
    ) {
        return Err(UsageError(format!(
            "{option}: the services are in that file, and a command ({}) can't be added to them; \
             one of the two",
            word.to_string_lossy()
        )));
    }
    options.services = if config.is_some() {
        Some(Services::Config)
    } else if procfile.is_some() {
        Some(Services::Procfile)
    } else if options.command.first().is_some_and(|word| is_line(word)) {
        if let Some(word) = options.command.iter().find(|word| !is_line(word)) {
            let word = word.to_string_lossy();
            return Err(UsageError(format!(
                "{word:?} is not accepted beside services; accepted: NAME: COMMAND in one word each"
            )));
        }
        Some(Services::Lines)
    } else if !options.command.is_empty() {
        None
    } else if options.config.is_some() {
        Some(Services::Config)
    } else if options.procfile.is_some() {
        Some(Services::Procfile)
    } else {
        Some(Services::UsualPlaces)
    };
    fits(name, options, given)
}

fn fits(name: &str, options: &Options, given: &[(&Spec, Origin)]) -> Result<(), UsageError> {
    let is_command = options.services.is_none();
    for (spec, origin) in given {
        let written = match origin {
            Origin::Variable => spec.env.to_owned(),
            Origin::Line | Origin::LineWithValue => format!("--{}", spec.long),
        };
        match (spec.scope, is_command, origin) {
            (Scope::All, _, _)
            | (Scope::Command(_), true, _)
            | (Scope::Services, false, _)
            // These may be set in an image, for what else runs there.
            | (Scope::Services, true, Origin::Variable) => {}
            // Below another supervisor this is what the services have together.
            | (Scope::Command(Some("stop_timeout")), false, Origin::Variable) => {}
            (Scope::Command(Some(key)), false, _) => {
                return Err(UsageError(format!(
                    "{written}: says nothing of services; write {key} in the table of the service it is for"
                )));
            }
            (Scope::Command(None), false, _) => {
                return Err(UsageError(format!(
                    "{written}: is for one command; with services the exit code is 0 when all stopped in time"
                )));
            }
            (Scope::Services, true, _) => {
                return Err(UsageError(format!(
                    "{written}: is for services, and one command runs here ('{name} --help' has both)"
                )));
            }
        }
    }
    Ok(())
}

/// Whether a word is a service with its command: `NAME: COMMAND`, as in a Procfile. No file that could be
/// run is called so.
fn is_line(word: &OsStr) -> bool {
    let Some((name, command)) = word.to_str().and_then(|word| word.split_once(':')) else {
        return false;
    };
    let letters =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    !name.is_empty()
        && name.chars().all(letters)
        && command.starts_with([' ', '\t'])
        && !command.trim().is_empty()
}

fn refuse(text: &str) -> UsageError {
    UsageError(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Parsed, parse};
    use std::ffi::OsString;

    fn read(words: &[&str], variables: &[(&str, &str)]) -> Result<Options, String> {
        let words = words.iter().map(OsString::from).collect();
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        match parse("bowout-init", words, variable) {
            Ok(Parsed::Run(options)) => Ok(*options),
            Ok(Parsed::Print(text)) => Err(text),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_runs_follows_from_what_is_given() {
        let services = |words: &[&str], variables: &[(&str, &str)]| {
            read(words, variables).map(|options| options.services)
        };
        let config = [("BOWOUT_CONFIG", "b.toml")];
        assert_eq!(services(&["ls"], &[]), Ok(None));
        assert_eq!(services(&["echo", "a: b"], &[]), Ok(None));
        assert_eq!(
            services(&["a: b", "ls"], &[]).unwrap_err(),
            "\"ls\" is not accepted beside services; accepted: NAME: COMMAND in one word each"
        );
        assert_eq!(
            services(&["web: ./web -x", "w-2:\t./w"], &[]),
            Ok(Some(Services::Lines))
        );
        assert_eq!(
            services(&["web:./web"], &[]),
            Ok(None),
            "a file may be called so"
        );
        assert_eq!(services(&[], &[]), Ok(Some(Services::UsualPlaces)));
        assert_eq!(services(&["-c", "b.toml"], &[]), Ok(Some(Services::Config)));
        assert_eq!(services(&[], &config), Ok(Some(Services::Config)));
        assert_eq!(
            services(&["ls"], &config),
            Ok(None),
            "the command line goes first"
        );
        assert_eq!(
            services(&["--procfile"], &config),
            Ok(Some(Services::Procfile))
        );
        assert!(
            services(&["--config", "b.toml", "ls"], &[])
                .unwrap_err()
                .starts_with("--config: ")
        );
        assert!(services(&["--config", "b.toml", "--procfile"], &[]).is_err());
    }

    #[test]
    fn a_procfile_is_named_in_three_ways() {
        let file = |words: &[&str], variables: &[(&str, &str)]| {
            let options = read(words, variables).unwrap();
            assert!(options.command.is_empty());
            options.procfile.unwrap()
        };
        assert_eq!(file(&["--procfile"], &[]), PathBuf::from("Procfile"));
        assert_eq!(file(&["--procfile=x/P"], &[]), PathBuf::from("x/P"));
        assert_eq!(file(&["--procfile", "x/P"], &[]), PathBuf::from("x/P"));
        assert_eq!(file(&[], &[("BOWOUT_PROCFILE", "P")]), PathBuf::from("P"));
        assert!(read(&["--procfile", "a", "b"], &[]).is_err());
        assert!(read(&["--procfile=a", "b"], &[]).is_err());
    }

    #[test]
    fn an_option_without_a_meaning_is_refused() {
        let error =
            |words: &[&str], variables: &[(&str, &str)]| read(words, variables).unwrap_err();
        let line = ["--user", "web", "--config", "b.toml"];
        let wanted =
            "--user: says nothing of services; write user in the table of the service it is for";
        assert_eq!(error(&line, &[]), wanted);
        let variables = [("BOWOUT_CONFIG", "b.toml"), ("BOWOUT_WORKDIR", "/")];
        assert!(error(&[], &variables).starts_with("BOWOUT_WORKDIR: "));
        assert!(
            error(&["-e", "143", "a: b"], &[]).starts_with("--expect-exit: is for one command")
        );
        assert!(error(&["--check", "ls"], &[]).starts_with("--check: is for services"));
        let image = [("BOWOUT_SOCKET", "/s")];
        assert!(
            read(&["ls"], &image).is_ok(),
            "it is there for the services of the image"
        );
        let nested = [("BOWOUT_STOP_TIMEOUT", "5")];
        assert!(
            read(&["-c", "b.toml"], &nested)
                .unwrap()
                .stop_timeout
                .is_some()
        );
        assert!(read(&["-c", "b.toml", "--stop-timeout", "5"], &[]).is_err());
    }
}
