//! Describes the command line: for reading it, for its help, and for completions.

use bowout_init::cli::table::{Repeat, SPECS};
use clap::{Arg, ArgAction, Command};

const ABOUT: &str = "\
bowout: every process in a container bows out gracefully, inside the time the platform gives";

const EXAMPLES: &str = "\
Examples:
  bowout run -- ./entrypoint.sh          as PID 1, or anywhere: stop the whole tree gracefully
  bowout run --grace 10s -- ./server     … and be done before the platform's SIGKILL
  bowout signals                         what each signal does to a PID 1
  bowout import supervisord.conf         a bowout.toml from what you have
  bowout plan --grace 10s                does the longest stop fit the grace period?
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
        .subcommand(run())
        .subcommand(
            Command::new("signals")
                .about("Show every signal: number, name, and what happens to it at PID 1")
                .arg(
                    Arg::new("json")
                        .long("json")
                        .action(ArgAction::SetTrue)
                        .help("Print one JSON array"),
                ),
        )
        .subcommand(import())
        .subcommand(plan())
        .subcommand(probe())
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

/// `run` as completions see it; bowout-init reads it itself, from the same table.
fn run() -> Command {
    let options = SPECS.iter().map(|spec| {
        let action = match (spec.value, spec.repeat) {
            (None, _) => ArgAction::SetTrue,
            (Some(_), Repeat::No) => ArgAction::Set,
            (Some(_), Repeat::Commas | Repeat::Lines) => ArgAction::Append,
        };
        let mut arg = Arg::new(spec.long)
            .long(spec.long)
            .help(spec.help)
            .action(action);
        if let Some(letter) = spec.short {
            arg = arg.short(letter);
        }
        if let Some(value) = spec.value {
            arg = arg.value_name(value);
        }
        arg
    });
    Command::new("run")
        .about("Run a command as PID 1 of a container, the same as bowout-init")
        .args(options)
        .arg(
            Arg::new("command")
                .value_name("COMMAND")
                .num_args(1..)
                .trailing_var_arg(true)
                .value_hint(clap::ValueHint::CommandWithArguments)
                .help("The command and its arguments"),
        )
}

/// `import`.
fn import() -> Command {
    let path = |name: &'static str| {
        Arg::new(name)
            .value_parser(clap::value_parser!(std::path::PathBuf))
            .value_hint(clap::ValueHint::FilePath)
            .value_name("FILE")
    };
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    Command::new("import")
        .about("Write a bowout.toml from a Procfile, a supervisord.conf or a compose.yaml")
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
    Command::new("plan")
        .about("Show the longest stop that a configuration allows, against the grace period")
        .arg(path("config", "The configuration [default: bowout.toml]").conflicts_with("procfile"))
        .arg(path("procfile", "A Procfile instead"))
        .arg(
            Arg::new("grace")
                .long("grace")
                .value_name("DURATION")
                .help("Would it fit this grace period?"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print one JSON object"),
        )
        .arg(path("svg", "Write a picture too"))
}

/// `probe` as help and completions see it; bowout-init reads it itself.
fn probe() -> Command {
    Command::new("probe")
        .about("Ask a server once whether it is there, by TCP or HTTP")
        .arg(
            Arg::new("kind")
                .value_name("KIND")
                .value_parser(["tcp", "http"])
                .required(true)
                .help("How"),
        )
        .arg(
            Arg::new("target")
                .value_name("TARGET")
                .required(true)
                .help("HOST:PORT, or a URL that begins with http://"),
        )
        .arg(
            Arg::new("timeout")
                .long("timeout")
                .value_name("DURATION")
                .help("How long it may take [default: 5s]"),
        )
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
