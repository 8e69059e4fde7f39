//! Reads services from the words of the command line: `'web: ./web' 'worker: ./worker'`.

use super::finding::Findings;
use super::problem::Problems;
use super::procfile::{Lines, is_line};
use super::source::Source;
use crate::settings::Settings;
use std::ffi::OsString;

/// The services that these words are, if all of them are `NAME: COMMAND`; `None`: it is one command.
///
/// # Errors
/// All that is wrong with them.
#[must_use = "makes a value and changes nothing"]
pub fn commands(words: &[OsString]) -> Option<Result<Settings, Problems>> {
    let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
    let words =
        words.filter(|words| !words.is_empty() && words.iter().all(|word| is_line(word)))?;
    let mut findings = Findings::default();
    let source = Source::new("the command line".to_owned(), words.join("\n"));
    let (_, number) = findings.source(source);
    let mut lines = Lines::new(number);
    let mut start = 0;
    for word in words {
        lines.add(word, start, &mut findings);
        start += word.len() + 1;
    }
    let settings = Settings {
        services: lines.services,
        ..Settings::default()
    };
    Some(match findings.has_errors() {
        true => Err(findings.finish()),
        false => Ok(settings),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Option<Result<Settings, String>> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        commands(&words).map(|read| read.map_err(|problems| problems.to_string()))
    }

    #[test]
    fn words_with_names_are_services() {
        let settings = read(&["web: ./web --port 80", "worker:\t./work | tee log"])
            .unwrap()
            .unwrap();
        let [web, worker] = settings.services.as_slice() else {
            panic!("two services");
        };
        assert_eq!((web.name.as_str(), worker.name.as_str()), ("web", "worker"));
        assert_eq!(web.command.words, ["./web", "--port", "80"]);
        assert_eq!(worker.command.words, ["./work | tee log"]);
        assert!(worker.command.shell && !web.command.shell);
        assert!(settings.files.is_empty());
    }

    #[test]
    fn anything_else_is_one_command() {
        for words in [
            &["ls", "-l"][..],
            &["web: ./web", "ls"],
            &["web:./web"],
            &["http://localhost"],
            &["web:"],
            &["a b: c"],
            &[],
        ] {
            assert_eq!(read(words), None, "{words:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_shown_in_its_word() {
        let error = read(&["web: ./web", "web: ./other 'x"])
            .unwrap()
            .unwrap_err();
        assert!(error.contains("--> the command line:2:1"), "{error}");
        assert!(
            error.contains("the service \"web\" is there already"),
            "{error}"
        );
    }
}
