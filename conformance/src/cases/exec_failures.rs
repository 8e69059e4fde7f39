//! Asks for the exit codes of a command that can't be started: 127 not found, 126 anything else.

use std::fs::OpenOptions;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::{Exit, Init, Scratch, Stage};

pub(crate) fn d11_not_found_is_127(init: &Init) {
    for command in ["no-such-program-anywhere", "/no/such/program"] {
        let mut run = Stage::new(init).start(&[command]);
        assert_eq!(run.exit(), Exit::Code(127), "{command}");
    }
}

pub(crate) fn d11_not_executable_is_126(init: &Init) {
    let scratch = Scratch::new();
    ends_with_126(init, &scratch.write("plain", "text\n", 0o644));
}

pub(crate) fn d11_a_directory_is_126(init: &Init) {
    ends_with_126(init, "/");
}

pub(crate) fn d11_not_a_directory_is_126(init: &Init) {
    let scratch = Scratch::new();
    let file = scratch.write("plain", "text\n", 0o755);
    ends_with_126(init, &format!("{file}/program"));
}

pub(crate) fn d11_a_loop_of_links_is_126(init: &Init) {
    let scratch = Scratch::new();
    symlink(scratch.file("b"), scratch.file("a")).expect("cannot make a link");
    symlink(scratch.file("a"), scratch.file("b")).expect("cannot make a link");
    ends_with_126(init, &scratch.file("a"));
}

/// ETXTBSY: somebody has the program open for writing.
pub(crate) fn d11_a_file_being_written_is_126(init: &Init) {
    let scratch = Scratch::new();
    let program = scratch.program("true", Path::new("/bin/true"), 0o755);
    let _writer = OpenOptions::new()
        .append(true)
        .open(&program)
        .expect("cannot open the program");
    ends_with_126(init, &program);
}

/// The script is there, so it was found; what it names is not.
pub(crate) fn d11_a_missing_interpreter_is_126(init: &Init) {
    let scratch = Scratch::new();
    ends_with_126(
        init,
        &scratch.write("script", "#!/no/such/interpreter\n", 0o755),
    );
}

/// E2BIG for the command but not for the init: the command is a script whose `#!` line adds more than
/// the init's own name takes away. A shell lengthens the arguments until the command fails, and then
/// proves by a command without such a line that the init could be started with as many.
pub(crate) fn d11_too_many_arguments_are_126(init: &Init) {
    let scratch = Scratch::new();
    let interpreter = format!("#!/bin/sh -{}\n", "e".repeat(240));
    let _ = scratch.write("script", &interpreter, 0o755);
    let command = scratch.file("command");
    symlink("script", &command).expect("cannot make a link");
    let lengthen = format!(
        "exec 2> {log}
         long=$(head -c 1000 /dev/zero | tr '\\0' x)
         short=$(head -c 20 /dev/zero | tr '\\0' x)
         while \"$@\" $rest $long; do rest=\"$rest $long\"; done
         while \"$@\" $rest $short; do rest=\"$rest $short\"; done
         \"$@\" $rest $short
         code=$?
         ln -sf /bin/true {command}
         \"$@\" $rest $short || exit 99
         exit $code",
        log = scratch.file("log"),
    );
    let mut run = Stage::new(init)
        .through(&[
            "prlimit",
            "--stack=524288",
            "/bin/sh",
            "-c",
            &lengthen,
            "sh",
        ])
        .start(&[&command]);
    let exit = run.exit();
    assert_ne!(
        exit,
        Exit::Code(99),
        "the arguments were too many for the init itself"
    );
    assert_eq!(exit, Exit::Code(126));
}

#[track_caller]
fn ends_with_126(init: &Init, command: &str) {
    let mut run = Stage::new(init).start(&[command]);
    assert_eq!(run.exit(), Exit::Code(126), "{command}");
}
