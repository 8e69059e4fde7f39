//! Describes for help and completions what bowout-init reads itself, from the same tables.

use bowout_init::cli::table::{Repeat, SPECS};
use bowout_init::ctl::table::{OPTIONS, Operands, Spec, VERBS, Verb};
use clap::{Arg, ArgAction, Command, ValueHint};

/// `run`.
pub(super) fn run() -> Command {
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
        .about("Run a command, or services, as PID 1 of a container")
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

/// `ctl`, with a subcommand for each verb.
pub(super) fn ctl() -> Command {
    let verbs = VERBS
        .iter()
        .map(|verb| of_verb(verb, verb.name, verb.about));
    Command::new("ctl")
        .about("See and steer a running supervisor, over its socket")
        .disable_help_subcommand(true)
        .subcommands(verbs)
}

/// `healthcheck`.
pub(super) fn healthcheck() -> Command {
    let about = "Say by the exit code whether the container is ready, for HEALTHCHECK";
    let verb = VERBS.iter().find(|verb| verb.name == "healthcheck");
    verb.map_or_else(
        || Command::new("healthcheck"),
        |verb| of_verb(verb, verb.name, about),
    )
}

fn of_verb(verb: &'static Verb, name: &'static str, about: &'static str) -> Command {
    let options = OPTIONS
        .iter()
        .filter(|option| verb.takes(option) && option.long != "help");
    let command = Command::new(name).about(about).args(options.map(option));
    let services = || Arg::new(SERVICE).value_name("SERVICE").num_args(0..);
    match verb.operands {
        Operands::None => command,
        Operands::Services | Operands::ServicesOrAll | Operands::ServicesOrConfiguration => {
            command.arg(services())
        }
        Operands::SignalAndServices => {
            let signal = Arg::new("signal").value_name("SIGNAL").required(true);
            command.arg(signal).arg(services())
        }
        Operands::Service => command.arg(services().num_args(1)),
        Operands::File => {
            let file = Arg::new("file").value_name("FILE");
            command.arg(file.value_hint(ValueHint::FilePath))
        }
    }
}

/// What the operand is called that is the name of a service.
const SERVICE: &str = "service";

fn option(spec: &Spec) -> Arg {
    let action = match spec.value {
        None => ArgAction::SetTrue,
        Some(_) => ArgAction::Set,
    };
    let mut arg = Arg::new(spec.long).long(spec.long).help(spec.about);
    if let Some(letter) = spec.short {
        arg = arg.short(letter);
    }
    if let Some(value) = spec.value {
        arg = arg.value_name(value);
    }
    if spec.long == "socket" {
        arg = arg.value_hint(ValueHint::FilePath);
    }
    arg.action(action)
}

/// `probe`.
pub(super) fn probe() -> Command {
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
