//! Checks which exit code each tool makes of every way in which its command can end.

use conformance_dropin::compare::{Exception, Observation, Report, observation, present};
use conformance_dropin::divergence;
use conformance_dropin::facts;
use conformance_dropin::setting::{Setting, User};
use conformance_dropin::tool::{ALL, Side, TINIS, Tool};

fn end(tool: Tool, side: Side, setting: &Setting, options: &[&str], script: &str) -> Observation {
    let args = [options, &["--", "sh", "-c", script]].concat();
    observation([(
        "exit",
        facts::of_end(tool, side, setting, &args).to_string(),
    )])
}

#[test]
fn every_code_is_handed_on() {
    let mut report = Report::default();
    for tool in present(&[Tool::Tini, Tool::DumbInit, Tool::Catatonit]) {
        for code in 0..=255 {
            report.compare(tool, &format!("exit {code}"), &[], |side| {
                end(
                    tool,
                    side,
                    &Setting::ordinary(),
                    &[],
                    &format!("exit {code}"),
                )
            });
        }
    }
    report.finish();
}

#[test]
fn some_codes_are_handed_on_in_every_setting() {
    let mut report = Report::default();
    for tool in present(ALL) {
        let modes: &[&[&str]] = match tool {
            Tool::Tini | Tool::TiniStatic | Tool::DockerInit => &[&[], &["-g"], &["-s"]],
            Tool::DumbInit => &[&[], &["-c"], &["-v"]],
            Tool::Catatonit => &[&[], &["-g"]],
        };
        for options in modes {
            for user in [User::Root, User::Plain] {
                for code in [0, 1, 2, 32, 64, 125, 126, 127, 128, 143, 254, 255] {
                    let setting = Setting::pid1().by(user);
                    report.compare(
                        tool,
                        &format!("{options:?} {user:?} exit {code}"),
                        &[],
                        |side| end(tool, side, &setting, options, &format!("exit {code}")),
                    );
                }
            }
        }
    }
    report.finish();
}

#[test]
fn a_death_by_any_signal_is_128_and_its_number() {
    // Core dumps are as good as any end, but nobody wants the files.
    let deadly = (1..=15)
        .chain([16, 24, 25, 26, 27, 29, 30, 31])
        .chain(34..=64);
    let mut report = Report::default();
    for signal in deadly {
        for tool in present(&[Tool::Tini, Tool::DumbInit, Tool::Catatonit]) {
            report.compare(tool, &format!("death by {signal}"), &[], |side| {
                end(
                    tool,
                    side,
                    &Setting::ordinary(),
                    &[],
                    &format!("ulimit -c 0; kill -{signal} $$"),
                )
            });
        }
    }
    report.finish();
}

#[test]
fn a_code_that_is_expected_becomes_0_and_no_other() {
    let mut report = Report::default();
    let setting = Setting::ordinary().env(&[("TINI_VERBOSITY", "0")]);
    for tool in present(&[Tool::Tini]) {
        for code in 0..=255_u32 {
            let script = format!("exit {code}");
            let expected = code.to_string();
            report.compare(tool, &format!("-e {code}, {script}"), &[], |side| {
                end(tool, side, &setting, &["-e", &expected], &script)
            });
            let others: Vec<String> = (0..=255)
                .filter(|&other| other != code)
                .map(|other| other.to_string())
                .collect();
            let options: Vec<&str> = others.iter().flat_map(|other| ["-e", other]).collect();
            report.compare(
                tool,
                &format!("-e for all but {code}, {script}"),
                &[],
                |side| end(tool, side, &setting, &options, &script),
            );
        }
    }
    report.finish();
}

#[test]
fn an_expected_code_may_come_from_a_signal() {
    let mut report = Report::default();
    for tool in present(TINIS) {
        for options in [
            &["-e", "143"][..],
            &["-e", "142"],
            &["-e", "15"],
            &["-e", "137", "-e", "143"],
        ] {
            report.compare(tool, &format!("{options:?} death by 15"), &[], |side| {
                end(tool, side, &Setting::pid1(), options, "kill -15 $$")
            });
        }
    }
    report.finish();
}

#[test]
fn a_command_that_cant_be_started_is_127_or_126() {
    let why = &divergence::EXEC_FAILURE_CODE;
    // The command, its code, and whether tini has that code too.
    let cases: &[(&str, &str, bool)] = &[
        ("/doesnotexist", "127", true),
        ("doesnotexist", "127", true),
        ("-", "127", true),
        ("--", "127", true),
        ("-c", "127", true),
        ("", "127", true),
        ("/etc", "126", true),
        ("/etc/passwd", "126", true),
        ("/etc/passwd/x", "126", false),
        ("./loop", "126", false),
        ("./lost", "126", false),
    ];
    // A link to itself; an interpreter that is not there.
    let make = "ln -s loop loop; printf '#!/doesnotexist\\n' >lost; chmod +x lost; exec \"$@\"";
    let setting = Setting::pid1().below(&["sh", "-c", make, "sh"]);
    let mut report = Report::default();
    for tool in present(ALL) {
        for &(command, code, same_for_tini) in cases {
            let exception = Exception {
                fact: "exit",
                bowout: code,
                why,
            };
            let same = tool.is_tini() && same_for_tini;
            let exceptions = if same {
                &[][..]
            } else {
                std::slice::from_ref(&exception)
            };
            report.compare(
                tool,
                &format!("can't start {command:?}"),
                exceptions,
                |side| facts::of_line(tool, side, &setting, &["--", command]),
            );
        }
    }
    report.finish();
}
