//! Asks that a mistake on the command line is said in one line, and is 125.

use conformance::Exit;

use crate::{stage, variable};

/// Option, value, and words of which the line has one: a part of what is accepted.
const BAD: &[(&str, &str, &[&str])] = &[
    ("grace", "soon", &["10s", "500ms"]),
    ("grace", "-1s", &["10s", "500ms"]),
    ("grace", "10 parsecs", &["10s", "500ms"]),
    ("margin", "ten", &["10s", "500ms"]),
    ("stop-timeout", "1h2", &["10s", "500ms"]),
    ("drain", "", &["10s", "500ms"]),
    ("stop-signal", "SIGNOPE", &["TERM", "QUIT", "name"]),
    ("stop-signal", "65", &["TERM", "QUIT", "name"]),
    ("stop-on", "SIGNOPE", &["TERM", "QUIT", "name"]),
    ("kill-mode", "everybody", &["auto"]),
    ("rewrite", "TERM", &["TERM:", ":"]),
    ("rewrite", "TERM:NOPE", &[":"]),
    ("expect-exit", "256", &["255"]),
    ("expect-exit", "bad", &["255"]),
    ("on", "USR1", &["="]),
    ("on", "NOPE=true", &["="]),
    ("log-format", "xml", &["json"]),
    ("pdeathsig", "SIGNOPE", &["TERM", "QUIT", "name"]),
    ("user", "no-such-user", &["user", "uid"]),
];

#[test]
fn a_bad_value_is_125_and_one_line_that_names_it() {
    for (option, value, accepted) in BAD {
        let option_word = format!("--{option}");
        let mut run = stage().options(&[&option_word, value]).start(&["true"]);
        assert_eq!(run.exit(), Exit::Code(125), "{option_word} {value}");
        one_line(&run.stderr(), &[&option_word, value], accepted);
    }
}

#[test]
fn a_bad_variable_is_125_and_one_line_that_names_it() {
    for (option, value, accepted) in BAD {
        // An empty variable may be taken for none.
        if value.is_empty() {
            continue;
        }
        let variable = variable(option);
        let mut run = stage().env(&variable, value).start(&["true"]);
        assert_eq!(run.exit(), Exit::Code(125), "{variable}={value}");
        one_line(&run.stderr(), &[&variable, value], accepted);
    }
}

#[test]
fn an_unknown_option_is_125() {
    for option in ["--frobnicate", "-Z"] {
        let mut run = stage().options(&[option]).start(&["true"]);
        assert_eq!(run.exit(), Exit::Code(125), "{option}");
        one_line(&run.stderr(), &[option], &[""]);
    }
}

#[test]
fn an_env_file_that_is_not_there_is_125() {
    let mut run = stage()
        .options(&["--env-file", "/no/such/file"])
        .start(&["true"]);
    assert_eq!(run.exit(), Exit::Code(125));
    one_line(&run.stderr(), &["--env-file", "/no/such/file"], &[""]);
}

#[test]
fn no_command_is_125() {
    let mut run = stage().start(&[]);
    assert_eq!(run.exit(), Exit::Code(125));
    one_line(&run.stderr(), &["command"], &[""]);
}

#[test]
fn an_option_without_its_value_is_125() {
    let mut run = stage().without_separator().start(&["--grace"]);
    assert_eq!(run.exit(), Exit::Code(125));
    one_line(&run.stderr(), &["--grace"], &[""]);
}

#[track_caller]
fn one_line(text: &str, named: &[&str], accepted: &[&str]) {
    assert_eq!(text.lines().count(), 1, "one line: {text:?}");
    for name in named {
        assert!(text.contains(name), "{name:?} is not in {text:?}");
    }
    assert!(
        accepted.iter().any(|word| text.contains(word)),
        "none of {accepted:?} is in {text:?}"
    );
}
