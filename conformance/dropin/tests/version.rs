//! Checks the lines that an engine reads to tell which init it has, and the streams they go to.

use conformance_dropin::compare::{Report, observation, present};
use conformance_dropin::session::{Session, Streams};
use conformance_dropin::setting::Setting;
use conformance_dropin::tool::{ALL, Side, Tool};

fn written(tool: Tool, side: Side) -> (String, String) {
    let (session, _) = Session::start(
        tool,
        side,
        &Setting::ordinary(),
        &["--version"],
        Streams::Files,
    );
    let _ = session.end();
    (
        session.scratch().read("stdout"),
        session.scratch().read("stderr"),
    )
}

/// The version and the commit, found as an engine does: what follows `tini version ` up to ` - `,
/// and after that `git.` and one word without a dot.
fn as_an_engine_reads(line: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = line.split(" - ");
    let version = parts.next()?.trim().strip_prefix("tini version ")?;
    let commit = parts.next().and_then(|part| {
        let (git, commit) = part.trim().split_once('.')?;
        (git == "git" && !commit.contains('.')).then_some(commit)
    });
    Some((version, commit))
}

#[test]
fn the_version_has_the_form_that_is_read() {
    let mut report = Report::default();
    for tool in present(ALL) {
        report.compare(tool, "--version", &[], |side| {
            let (out, err) = written(tool, side);
            let shown = if tool == Tool::DumbInit {
                let line = err.lines().next().unwrap_or_default();
                line.split(' ').take(2).collect::<Vec<_>>().join(" ")
            } else {
                as_an_engine_reads(&out)
                    .map(|(version, _)| version.to_owned())
                    .unwrap_or_default()
            };
            observation([
                ("version", shown),
                ("lines on stdout", out.lines().count().to_string()),
                ("lines on stderr", err.lines().count().to_string()),
            ])
        });
    }
    report.finish();
}

#[test]
fn an_engine_can_tell_bowout_from_the_others() {
    for tool in present(&[
        Tool::Tini,
        Tool::TiniStatic,
        Tool::DockerInit,
        Tool::Catatonit,
    ]) {
        let (out, _) = written(tool, Side::Bowout);
        let (_, commit) =
            as_an_engine_reads(&out).unwrap_or_else(|| panic!("{}: {out:?}", tool.name()));
        let commit = commit.unwrap_or_else(|| panic!("{}: no commit in {out:?}", tool.name()));
        assert!(commit.contains("bowout"), "{}: {out:?}", tool.name());
    }
}
