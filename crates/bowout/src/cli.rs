//! Describes the command line: for reading it, for its help, and for completions.

#[cfg(test)]
mod documented;
mod shared;

use clap::{Arg, ArgAction, Command};

const ABOUT: &str = "\
bowout: every process in a container bows out gracefully, inside the time the platform gives";

const EXAMPLES: &str = "\
Examples:
  bowout run -- ./entrypoint.sh          as PID 1, or anywhere: stop the whole tree gracefully
  bowout run --grace 10s -- ./server     … and be done before the platform's SIGKILL
  bowout run --config bowout.toml        several services: order, readiness, restarts
  bowout ctl status                      … and how they are
  bowout import supervisord.conf         a bowout.toml from what you have
  bowout plan --grace 10s                does the longest stop fit the grace period?
  bowout signals                         what each signal does to a PID 1
  bowout completions bash                completions for a shell

In an image, put the small static bowout-init before the command:
  ENTRYPOINT [\"/bowout-init\", \"--\"]
";

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("bowout")
        .version(clap::crate_version!())
        .about(ABOUT)
        .after_help(EXAMPLES)
        .arg_required_else_help(true)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand(shared::run())
        .subcommand(shared::ctl())
        .subcommand(shared::healthcheck())
        .subcommand(
            Command::new("signals")
                .about("Show every signal: number, name, and what happens to it at PID 1")
                .arg(switch("json", "Print one JSON array")),
        )
        .subcommand(import())
        .subcommand(plan())
        .subcommand(shared::probe())
        .subcommand(
            Command::new("schema")
                .about("Print the JSON Schema of bowout.toml, for editors and for CI"),
        )
        .subcommand(
            Command::new("completions")
                .about("Print completions for a shell")
                .arg(
                    Arg::new("shell")
                        .required(true)
                        .value_parser(clap::value_parser!(clap_complete::Shell))
                        .help("The shell"),
                ),
        )
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    let switch = Arg::new(name).long(name).action(ArgAction::SetTrue);
    switch.help(help)
}

/// `import`.
fn import() -> Command {
    let path = |name: &'static str| {
        Arg::new(name)
            .value_parser(clap::value_parser!(std::path::PathBuf))
            .value_hint(clap::ValueHint::FilePath)
            .value_name("FILE")
    };
    Command::new("import")
        .about("Write a bowout.toml from a Procfile, a supervisord.conf or a compose.yaml")
        .after_help(OF_IMPORT)
        .arg(
            path("file")
                .required(true)
                .help("What to import; - for standard input"),
        )
        .arg(
            path("output")
                .long("output")
                .short('o')
                .help("Where to write it; - for standard output, the default"),
        )
        .arg(switch("force", "Overwrite a file that is there"))
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("KIND")
                .value_parser(clap::builder::PossibleValuesParser::new(
                    crate::import::kinds(),
                ))
                .help("What it is, where neither its name nor what is in it tells"),
        )
        .arg(switch(
            "strict",
            "Exit with code 1 if something was not taken over",
        ))
}

const OF_IMPORT: &str = "\
What has no equivalent is marked by a comment, \"not taken over\", with the reason.

Exit code: 0 written; 1 with --strict, if something was not taken over; 2 the file
or the command line can't be taken.

Examples:
  bowout import supervisord.conf -o bowout.toml
  docker compose config | bowout import -
  bowout import Procfile | bowout-init --check --config -
";

const OF_PLAN: &str = "\
Reads what 'bowout run' would, its BOWOUT_ variables too, and runs nothing.

Exit code: 0 it fits the grace period; 1 it does not; 2 the configuration or the
command line can't be taken.

Examples:
  bowout plan                      the worst case, and what to change if it is too long
  bowout plan --grace 30s          would it fit 30 s?
  bowout import x.yaml | bowout plan --config -
";

/// `plan`.
fn plan() -> Command {
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(clap::value_parser!(std::path::PathBuf))
            .value_hint(clap::ValueHint::FilePath)
            .help(help)
    };
    let time = |name: &'static str, help: &'static str| {
        let time = Arg::new(name).long(name).value_name("DURATION");
        time.help(help)
    };
    let config =
        "The configuration; - for standard input [default: ./bowout.toml, else /etc/bowout.toml]";
    Command::new("plan")
        .about("Show the longest stop that a configuration allows, against the grace period")
        .after_help(OF_PLAN)
        .arg(path("config", config).short('c').conflicts_with("procfile"))
        .arg(
            path("procfile", "A Procfile instead [default: ./Procfile]")
                .num_args(0..=1)
                .default_missing_value("Procfile"),
        )
        .arg(time("grace", "Would it fit this grace period?"))
        .arg(time("margin", "… with so much of it kept free?"))
        .arg(time("drain", "… with this drain?"))
        .arg(switch("json", "Print one JSON object"))
        .arg(path("svg", "Write a picture too"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_help_fits_one_screen() {
        let help = command().render_help().to_string();
        assert!(help.lines().count() <= 40, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }
}
