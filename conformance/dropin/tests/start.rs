//! Checks what the command finds when it starts: process group, session, terminal, mask, ignored
//! signals, descriptors, working directory, environment.

use std::fs::File;
use std::io::Write;

use conformance_dropin::compare::{Exception, Report, observation, present};
use conformance_dropin::divergence;
use conformance_dropin::facts;
use conformance_dropin::session::{Session, Streams};
use conformance_dropin::setting::{Setting, Terminal, User};
use conformance_dropin::tool::{ALL, Tool};

fn modes(tool: Tool) -> &'static [&'static [&'static str]] {
    match tool {
        Tool::Tini => &[&[], &["-g"], &["-s"], &["-p", "SIGTERM"]],
        Tool::TiniStatic | Tool::DockerInit => &[&[]],
        Tool::DumbInit => &[&[], &["-c"], &["-r", "15:3"]],
        Tool::Catatonit => &[&[], &["-g"]],
    }
}

/// catatonit alone blocks three signals in the command; the value is what was there before.
fn mask_exception(tool: Tool, blocked: &'static str) -> Vec<Exception> {
    let exception = Exception {
        fact: "blocked",
        bowout: blocked,
        why: &divergence::MASK_UNTOUCHED,
    };
    if tool == Tool::Catatonit {
        vec![exception]
    } else {
        Vec::new()
    }
}

#[test]
fn groups_sessions_and_the_terminal() {
    let mut report = Report::default();
    for tool in present(ALL) {
        for options in modes(tool) {
            for terminal in [Terminal::None, Terminal::Leader, Terminal::Member] {
                for user in [User::Root, User::Plain] {
                    for setting in [Setting::pid1(), Setting::ordinary()] {
                        let setting = setting.on(terminal).by(user);
                        let case =
                            format!("{options:?} {terminal:?} {user:?} pid1={}", setting.pid1);
                        let exceptions = mask_exception(tool, "0000000000000000");
                        report.compare(tool, &case, &exceptions, |side| {
                            facts::of_command(tool, side, &setting, options)
                        });
                    }
                }
            }
        }
    }
    report.finish();
}

#[test]
fn the_mask_and_the_ignored_signals() {
    let wrappers: &[(&[&str], &str)] = &[
        (&["env", "--ignore-signal=HUP"], "0000000000000000"),
        (
            &["env", "--ignore-signal=INT,SEGV,TTOU,TTIN,PIPE,USR1"],
            "0000000000000000",
        ),
        (&["env", "--block-signal=USR1"], "0000000000000200"),
        // ILL, TERM, TTIN: a fault, the stop signal, one that tini handles by itself.
        (&["env", "--block-signal=ILL,TERM,TTIN"], "0000000000104008"),
        (
            &["env", "--block-signal=HUP", "--ignore-signal=HUP"],
            "0000000000000001",
        ),
    ];
    let mut report = Report::default();
    for tool in present(ALL) {
        for (wrapper, blocked) in wrappers {
            for setting in [Setting::pid1(), Setting::ordinary()] {
                let setting = setting.below(wrapper);
                let case = format!("{wrapper:?} pid1={}", setting.pid1);
                report.compare(tool, &case, &mask_exception(tool, blocked), |side| {
                    facts::of_command(tool, side, &setting, &[])
                });
            }
        }
    }
    report.finish();
}

#[test]
fn descriptors_umask_directory_and_socket_activation() {
    let wrappers: &[&[&str]] = &[
        &["sh", "-c", "exec \"$@\" 7</dev/null", "sh"],
        &["sh", "-c", "umask 027; exec \"$@\"", "sh"],
        &["sh", "-c", "cd /usr/lib; exec \"$@\"", "sh"],
    ];
    let mut report = Report::default();
    for tool in present(ALL) {
        for wrapper in wrappers {
            let setting = Setting::pid1().below(wrapper);
            let exceptions = mask_exception(tool, "0000000000000000");
            report.compare(tool, &format!("{wrapper:?}"), &exceptions, |side| {
                facts::of_command(tool, side, &setting, &[])
            });
        }
    }
    // Only catatonit takes care of LISTEN_PID; bowout does so by every name, and that is tested elsewhere.
    for tool in present(&[Tool::Catatonit]) {
        for value in ["1", "77", "x"] {
            let setting = Setting::pid1().env(&[("LISTEN_PID", value), ("LISTEN_FDS", "1")]);
            let exceptions = mask_exception(tool, "0000000000000000");
            report.compare(tool, &format!("LISTEN_PID={value}"), &exceptions, |side| {
                facts::of_command(tool, side, &setting, &[])
            });
        }
    }
    report.finish();
}

#[test]
fn the_command_is_searched_for_as_execvp_does() {
    // A script without an interpreter line; a name found in the current directory by an empty PATH
    // element; a name that may not be executed in front of one that may.
    let make = "mkdir a b; printf 'exit 21\\n' >plain; printf '#!/bin/sh\\nexit 22\\n' >b/twice; : >a/twice; \
                : >a/only; cp plain b/here; chmod +x plain b/twice b/here; exec \"$@\"";
    // The last is the exit code where nothing can be run, which is not the same for all.
    let cases: &[(&str, &[&str], Option<&str>)] = &[
        ("PATH=/usr/bin", &["./plain"], None),
        ("PATH=:/usr/bin", &["plain"], None),
        ("PATH=/usr/bin:", &["plain"], None),
        ("PATH=/usr/bin::/bin", &["plain"], None),
        ("PATH=/usr/bin", &["plain"], Some("127")),
        ("PATH=", &["plain"], None),
        ("PATH=a:b", &["twice"], None),
        ("PATH=b:a", &["twice"], None),
        ("PATH=/doesnotexist:b", &["here"], None),
        ("PATH=/etc/passwd:b", &["here"], None),
        ("PATH=a/twice:b", &["here"], None),
        ("-uPATH", &["true"], None),
        ("-uPATH", &["sh", "-c", "exit 23"], None),
        ("PATH=b", &["a/twice"], Some("126")),
    ];
    let mut report = Report::default();
    for tool in present(ALL) {
        for &(path, command, code) in cases {
            let init = format!("exec env {path} \"$PWD/{}\" -- \"$@\"", tool.name());
            let script = format!(
                "{} ",
                make.replace("exec \"$@\"", &format!("shift; {init}"))
            );
            let setting = Setting::pid1().below(&["sh", "-c", &script, "sh"]);
            let exception = code.filter(|_| !tool.is_tini()).map(|bowout| Exception {
                fact: "exit",
                bowout,
                why: &divergence::EXEC_FAILURE_CODE,
            });
            let case = format!("{path} {command:?}");
            report.compare(tool, &case, exception.as_slice(), |side| {
                observation([(
                    "exit",
                    facts::of_end(tool, side, &setting, command).to_string(),
                )])
            });
        }
    }
    report.finish();
}

#[test]
fn input_and_output_are_the_commands() {
    let mut report = Report::default();
    for tool in present(ALL) {
        report.compare(tool, "cat from a pipe", &[], |side| {
            let (reader, mut writer) = std::io::pipe().expect("pipe");
            let input = Streams::Input(File::from(std::os::fd::OwnedFd::from(reader)));
            let (session, _) = Session::start(tool, side, &Setting::pid1(), &["--", "cat"], input);
            writer
                .write_all(b"through and through\n")
                .expect("cat reads");
            drop(writer);
            let end = session.end();
            observation([
                ("exit", end.to_string()),
                ("output", session.scratch().read("stdout")),
            ])
        });
    }
    report.finish();
}
