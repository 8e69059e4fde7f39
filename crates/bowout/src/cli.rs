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
