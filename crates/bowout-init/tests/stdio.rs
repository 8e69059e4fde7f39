//! Runs `bowout-init` with standard streams that are read slowly, full, or not there.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_bowout-init");

fn checked(configuration: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(["--config", "-", "--check"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(configuration.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

#[test]
fn a_configuration_is_read_from_a_pipe() {
    let output = checked("[service.web]\ncommand = [\"/bin/sh\"]\n");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("standard input: 1 service;"), "{text}");
    assert_eq!(output.status.code(), Some(0));
    // A comment that leaves no room for a service.
    let output = checked(&"#".repeat((1 << 20) + 1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("cannot read standard input: it is too long"),
        "{text}"
    );
}

#[test]
fn what_can_not_be_written_is_a_failure_that_is_said() {
    for words in [["--help", ""], ["probe", "--help"]] {
        let words = words.iter().filter(|word| !word.is_empty());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(PROGRAM)
            .args(words)
            .stdout(full)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.ends_with("standard output: no space left on device\n"),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(125));
    }
}
