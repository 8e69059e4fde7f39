//! Holds the command line and the environment to what they mean.

use super::*;

fn read(line: &str, variables: &[(&str, &str)]) -> Result<Options, String> {
    let words = line.split_whitespace().map(OsString::from).collect();
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
fn options_end_at_the_first_word_that_is_none() {
    let options = read("-v ls -l --grace 5s", &[]).unwrap();
    assert_eq!(options.command, ["ls", "-l", "--grace", "5s"]);
    assert_eq!(options.verbosity, 1);
    let options = read("--grace=5s -- -odd --", &[]).unwrap();
    assert_eq!(options.command, ["-odd", "--"]);
    assert_eq!(options.grace, Some(Duration::from_secs(5)));
}

#[test]
fn the_command_line_goes_before_the_environment() {
    let variables = [
        ("BOWOUT_GRACE", "5s"),
        ("BOWOUT_EXPECT_EXIT", "143, 130"),
        ("BOWOUT_SUCCESS_ON_STOP", "no"),
    ];
    let options = read("true", &variables).unwrap();
    assert_eq!(options.grace, Some(Duration::from_secs(5)));
    assert_eq!(options.expect_exit, [143, 130]);
    assert!(!options.success_on_stop);
    let options = read("--grace 7s -e 1 -e2 true", &variables).unwrap();
    assert_eq!(
        (options.grace, options.expect_exit),
        (Some(Duration::from_secs(7)), vec![1, 2])
    );
}

#[test]
fn switches_have_values_in_the_environment() {
    let verbosity =
        |value| read("true", &[("BOWOUT_VERBOSE", value)]).map(|options| options.verbosity);
    assert_eq!(
        (verbosity("yes"), verbosity("0"), verbosity("2")),
        (Ok(1), Ok(0), Ok(2))
    );
    for bad in ["x", "-1", "999"] {
        assert!(verbosity(bad).is_err(), "{bad}");
    }
    assert!(read("true", &[("BOWOUT_QUIET", "2")]).is_err());
}

#[test]
fn a_bad_value_names_option_value_and_what_is_accepted() {
    let cases = [
        (
            "--grace 10x true",
            "--grace: \"10x\" is not accepted; accepted: a duration such as 500ms, 10s or 1m30s",
        ),
        (
            "--grce 10s true",
            "--grce: unknown option; did you mean --grace? ('bowout-init --help' lists the options)",
        ),
        (
            "--grace",
            "--grace: a value is missing; accepted: a duration such as 500ms, 10s or 1m30s",
        ),
        (
            "-e 256 true",
            "--expect-exit: \"256\" is not accepted; accepted: exit codes, 0 to 255, separated by commas",
        ),
    ];
    for (line, message) in cases {
        assert_eq!(read(line, &[]).unwrap_err(), message);
    }
    let error = read("true", &[("BOWOUT_KILL_MODE", "none")]).unwrap_err();
    assert_eq!(
        error,
        "BOWOUT_KILL_MODE: \"none\" is not accepted; accepted: auto, main, group or process"
    );
    assert!(read("--on TERM=x --stop-on TERM true", &[]).is_err());
}
