//! Checks the environment variables that each tool reads, and whether it warns when it is not PID 1.

use conformance_dropin::compare::{Exception, Report, present};
use conformance_dropin::divergence;
use conformance_dropin::facts;
use conformance_dropin::setting::Setting;
use conformance_dropin::tool::{TINIS, Tool};

type Env = &'static [(&'static str, &'static str)];

/// tini's verbosity decides what is written, by the variable or else by the count of -v.
static VERBOSITIES: &[(Env, &[&str])] = &[
    (&[], &[]),
    (&[("TINI_VERBOSITY", "0")], &[]),
    (&[("TINI_VERBOSITY", "1")], &[]),
    (&[("TINI_VERBOSITY", "")], &[]),
    (&[("TINI_VERBOSITY", "abc")], &[]),
    (&[("TINI_VERBOSITY", "1x")], &[]),
    (&[("TINI_VERBOSITY", "0")], &["-vvv"]),
    (&[("TINI_VERBOSITY", "1")], &["-vvv"]),
    (&[("TINI_VERBOSITY", "0")], &["-s"]),
    (&[("TINI_VERBOSITY", "0")], &["-w"]),
    (&[], &["-s"]),
    (&[("TINI_SUBREAPER", "")], &[]),
    (&[("TINI_SUBREAPER", "1")], &[]),
    (&[("TINI_SUBREAPER", "0")], &[]),
    (&[("TINI_KILL_PROCESS_GROUP", "")], &[]),
];

static TALKATIVE: &[(Env, &[&str])] = &[
    (&[("TINI_VERBOSITY", "2")], &["-s"]),
    (&[("TINI_VERBOSITY", "3")], &["-s"]),
    (&[("TINI_VERBOSITY", " 4")], &["-s"]),
    (&[("TINI_VERBOSITY", "+9z")], &["-s"]),
    (&[("TINI_VERBOSITY", "-1")], &["-s"]),
];

#[test]
fn tini_is_as_verbose_as_it_is_told() {
    let mut report = Report::default();
    for tool in present(TINIS) {
        for setting in [Setting::ordinary(), Setting::pid1()] {
            for (env, options) in VERBOSITIES {
                let setting = setting.clone().env(env);
                let args = [*options, &["--", "probe"]].concat();
                let case = format!("pid1={} {env:?} {options:?}", setting.pid1);
                report.compare(tool, &case, &[], |side| {
                    facts::of_line(tool, side, &setting, &args)
                });
            }
        }
    }
    report.finish();
}

#[test]
fn tini_does_not_warn_where_it_was_made_a_subreaper() {
    // The attribute outlives exec(2).
    let reaper = "import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1); os.execvp(sys.argv[1], sys.argv[1:])";
    let setting = Setting::ordinary().below(&["/usr/bin/python3", "-c", reaper]);
    let mut report = Report::default();
    for tool in present(TINIS) {
        report.compare(tool, "as a subreaper", &[], |side| {
            facts::of_line(tool, side, &setting, &["--", "probe"])
        });
    }
    report.finish();
}

#[test]
fn tini_tells_more_on_request_but_not_into_the_commands_output() {
    let mut report = Report::default();
    let why = &divergence::LOG_ON_STDERR;
    let exceptions = [("stdout", "empty"), ("stderr", "text")].map(|(fact, bowout)| Exception {
        fact,
        bowout,
        why,
    });
    for tool in present(&[Tool::Tini]) {
        for setting in [Setting::ordinary(), Setting::pid1()] {
            for (env, options) in TALKATIVE {
                let setting = setting.clone().env(env);
                let args = [*options, &["--", "probe"]].concat();
                let case = format!("pid1={} {env:?} {options:?}", setting.pid1);
                report.compare(tool, &case, &exceptions, |side| {
                    facts::of_line(tool, side, &setting, &args)
                });
            }
        }
    }
    report.finish();
}

#[test]
fn the_others_are_silent_unless_asked() {
    let mut report = Report::default();
    let cases: &[(Tool, Env)] = &[
        (Tool::DumbInit, &[]),
        (Tool::DumbInit, &[("DUMB_INIT_DEBUG", "1")]),
        (Tool::DumbInit, &[("DUMB_INIT_SETSID", "0")]),
        (Tool::Catatonit, &[]),
        (Tool::Catatonit, &[("CATATONIT_DEBUG", "1")]),
    ];
    for &(tool, env) in cases {
        for tool in present(&[tool]) {
            let setting = Setting::ordinary().env(env);
            report.compare(tool, &format!("not PID 1 {env:?}"), &[], |side| {
                facts::of_line(tool, side, &setting, &["--", "probe"])
            });
        }
    }
    report.finish();
}
