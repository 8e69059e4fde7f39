//! Starts a program, and gives a failure its kind and its words.

use crate::log::{Level, Log, words};
use bowout_core::Pid;
use bowout_core::event::{SpawnError, SpawnErrorKind};
use bowout_sys::spawn::{self, Program, Step};
use std::io;

/// Starts a program and gives a failure its kind. `whose`: the service that it is for; `None`: it is the
/// command, and what was wanted of it are options.
pub(crate) fn start(
    program: &mut Program,
    whose: Option<&str>,
    log: &mut Log,
) -> Result<Pid, SpawnError> {
    let failed = match spawn::spawn(program) {
        Ok(pid) => return Ok(pid),
        Err(failed) => failed,
    };
    if let Some(what) = setting_up(program, failed.step, whose.is_some()) {
        let reason = bowout_sys::reason(&io::Error::from_raw_os_error(failed.errno));
        let whose = whose.map_or_else(String::new, |name| format!("{name}: "));
        log.say(Level::Error, &format!("{whose}cannot {what}: {reason}"));
    }
    let by_path = program
        .arguments
        .first()
        .is_some_and(|name| name.as_bytes().contains(&b'/'));
    let kind = match failed.step {
        Step::Clone if spawn::is_exhausted(failed.errno) => SpawnErrorKind::Exhausted,
        Step::Exec if spawn::is_exhausted(failed.errno) => SpawnErrorKind::Exhausted,
        Step::Exec if spawn::is_missing(failed.errno) => match (any_exists(program), by_path) {
            // The file is there, so it is its interpreter that is not.
            (true, _) => SpawnErrorKind::CannotExecute,
            (false, true) if failed.errno != spawn::NOT_FOUND => SpawnErrorKind::CannotExecute,
            (false, _) => SpawnErrorKind::NotFound,
        },
        Step::Exec => SpawnErrorKind::CannotExecute,
        Step::Clone
        | Step::Session
        | Step::Terminal
        | Step::Streams
        | Step::Limit(_)
        | Step::Priority
        | Step::OomScore
        | Step::Credentials
        | Step::Privileges
        | Step::Directory => SpawnErrorKind::Setup,
    };
    let error = SpawnError {
        kind,
        errno: failed.errno,
    };
    // The name of a service does not tell which program it was to be.
    if let (Some(name), SpawnErrorKind::NotFound | SpawnErrorKind::CannotExecute) = (whose, kind) {
        let file = program.arguments.first();
        let file = file.map_or_else(Default::default, |file| file.to_string_lossy());
        let line = format!("{name}: cannot run {file}: {}", words::spawn_error(&error));
        log.say(Level::Error, &line);
    }
    Err(error)
}

/// What was to be done before the exec, in words.
fn setting_up(program: &Program, step: Step, is_service: bool) -> Option<String> {
    let (user_is_from, directory_is_from) = match is_service {
        true => ("user", "working_dir"),
        false => ("--user", "--workdir"),
    };
    Some(match step {
        Step::Exec | Step::Clone => return None,
        Step::Session => "make a session or process group".to_owned(),
        Step::Terminal => "hand over the terminal".to_owned(),
        Step::Streams => "give it its streams and descriptors".to_owned(),
        Step::Limit(resource) => format!("limit {resource} (limits)"),
        Step::Priority => "set its priority (nice)".to_owned(),
        Step::OomScore => "write /proc/self/oom_score_adj (oom_score_adj)".to_owned(),
        Step::Privileges => "deny it new privileges (no_new_privs)".to_owned(),
        Step::Credentials => {
            let user = program
                .credentials
                .as_ref()
                .map_or(0, |credentials| credentials.uid);
            format!("become user {user} ({user_is_from})")
        }
        Step::Directory => {
            let directory = program
                .directory
                .as_ref()
                .map(|directory| directory.to_string_lossy());
            format!(
                "go to the directory {} ({directory_is_from})",
                directory.unwrap_or_default()
            )
        }
    })
}

/// Whether one of the files is there that a program could be.
pub(crate) fn any_exists(program: &Program) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let path = |bytes: &[u8]| std::path::PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    let base = program
        .directory
        .as_ref()
        .map(|directory| path(directory.as_bytes()))
        .unwrap_or_default();
    let mut candidates = program.candidates.iter();
    candidates.any(|file| std::fs::symlink_metadata(base.join(path(file.as_bytes()))).is_ok())
}
