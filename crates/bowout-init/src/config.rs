//! Turns options into a plan, and into the programs that it runs.

use crate::assemble::{Place, assemble};
use crate::cli::{Options, value};
use crate::colour;
use crate::command::Command;
use crate::contract::{Contract, TERMINAL_STOPS};
use crate::environment::Environment;
use crate::log::Log;
use crate::origin::{Origin, Wrong};
use crate::report::Account;
use crate::services::{Recipe, Start};
use crate::users;
use bowout_core::order::{Map, gathered};
use bowout_core::plan::{
    DOCKER_GRACE, Draft, ExitCodes, Hook, HookMoment, JobControl, KUBERNETES_GRACE, Leftovers,
    MARGIN, Plan, Service, Signals, Stop, Sweep,
};
use bowout_core::{Pid, Signal};
use bowout_sys::spawn::{Credentials, Program, Session, Terminal};
use bowout_sys::terminal::Standing;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

/// All that the machine needs to know.
pub(crate) struct Config {
    pub(crate) plan: Plan,
    pub(crate) setup: Setup,
}

/// All that the world needs to know.
pub(crate) struct Setup {
    pub(crate) programs: Programs,
    pub(crate) account: Account,
    pub(crate) pdeathsig: Option<Signal>,
    pub(crate) contract: Contract,
    pub(crate) standing: Standing,
    pub(crate) log: Log,
}

/// What runs.
pub(crate) enum Programs {
    /// One command.
    Command(Box<Command>),
    /// Services.
    Services(Box<Start>),
}

impl Config {
    /// Reads files and looks at the terminal; changes nothing.
    ///
    /// # Errors
    /// One line that says what can't be taken.
    pub(crate) fn new(
        name: &str,
        options: Options,
        contract: Contract,
        mut environment: Environment,
    ) -> Result<Config, String> {
        if options.services.is_some() {
            return Err(format!(
                "no command; say what to run: {name} [OPTIONS] [--] COMMAND [ARG…] ('{name} --help' lists the options)"
            ));
        }
        let own = bowout_sys::own_pid();
        let standing = bowout_sys::terminal::standing();
        let kubernetes = environment.get("KUBERNETES_SERVICE_HOST").is_some();
        add_files(&mut environment, &options.env_file)?;
        let user = options.user.as_ref().map(users::find).transpose();
        let user = user.map_err(|error| format!("--user (BOWOUT_USER): {error}"))?;
        if let Some((name, home)) = user.as_ref().and_then(|user| user.entry.as_ref()) {
            for (variable, value) in [("HOME", home), ("USER", name), ("LOGNAME", name)] {
                environment.set(variable.as_ref(), value.as_ref());
            }
        }
        let credentials = user.map(|user| user.credentials);
        let surroundings = Surroundings::new(environment, own, &options, credentials)?;
        let (session, terminal) = place(&contract, standing);
        let hooks = hooks(&options);
        let programs = hooks
            .iter()
            .map(|(_, command)| {
                let words = value::words(command).unwrap_or_default();
                let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
                let surroundings = surroundings.clone();
                surroundings.program(&words, Session::New, Terminal::Keep)
            })
            .collect::<Result<_, _>>()?;
        let command = match contract.pause {
            true => None,
            false => Some(surroundings.program(&options.command, session, terminal)?),
        };
        let draft = Draft {
            services: services(&options, &contract),
            hooks: hooks.into_iter().map(|(hook, _)| hook).collect(),
            stop: stop(&options, &contract, kubernetes),
            signals: signals(&options, &contract, session, standing),
            exit: ExitCodes {
                expected: options.expect_exit.clone(),
                success_on_stop: options.success_on_stop,
            },
            is_command: true,
        };
        Ok(Config {
            plan: Plan::new(draft).map_err(|error| error.to_string())?,
            setup: Setup {
                programs: Programs::Command(Box::new(Command {
                    program: command,
                    hooks: programs,
                    main: None,
                })),
                account: Account::open(options.report.as_ref(), &contract, kubernetes)?,
                pdeathsig: options.pdeathsig,
                contract,
                standing,
                log: Log::new(
                    name,
                    options.log_format.unwrap_or_default(),
                    options.verbosity,
                ),
            },
        })
    }
}

impl Config {
    /// Reads what is to run; changes nothing.
    ///
    /// # Errors
    /// All that is wrong with it.
    #[cold]
    #[inline(never)]
    pub(crate) fn of_services(
        name: &str,
        options: Options,
        contract: Contract,
        mut environment: Environment,
    ) -> Result<Config, String> {
        let kubernetes = environment.get("KUBERNETES_SERVICE_HOST").is_some();
        add_files(&mut environment, &options.env_file)?;
        let place = Place {
            kubernetes,
            is_init: bowout_sys::identity::is_init(),
        };
        let pdeathsig = options.pdeathsig;
        let origin = Origin::find(name, options)?;
        let (settings, problems) = origin.examine();
        let Some(settings) = settings else {
            // Nothing runs yet, so it may be waited for whoever reads it.
            eprintln!("{}", problems.shown(colour::is_wanted(&std::io::stderr())));
            let counted = problems.counted();
            return Err(format!("{}: {counted}; nothing was started", origin.name()));
        };
        let assembled = assemble(&settings, place)?;
        let log_format = settings.log_format.unwrap_or_default();
        let account = Account::open(settings.report.as_ref(), &contract, kubernetes)?;
        let verbosity = settings.verbosity.unwrap_or_default();
        let start = Start {
            settings,
            hooks: assembled.hooks,
            recipe: Recipe::new(environment),
            origin,
            place,
            warnings: Wrong::Problems(problems).lines(),
        };
        Ok(Config {
            plan: assembled.plan,
            setup: Setup {
                programs: Programs::Services(Box::new(start)),
                account,
                pdeathsig,
                contract,
                standing: bowout_sys::terminal::standing(),
                log: Log::new(name, log_format, verbosity),
            },
        })
    }
}

/// What every program is started with.
#[derive(Clone)]
struct Surroundings {
    environment: Environment,
    pid_entry: Option<usize>,
    directory: Option<CString>,
    credentials: Option<Credentials>,
}

impl Surroundings {
    fn new(
        mut environment: Environment,
        own: Pid,
        options: &Options,
        credentials: Option<Credentials>,
    ) -> Result<Surroundings, String> {
        let pid_entry = environment.pass_listeners_on(own);
        let directory = match &options.workdir {
            Some(directory) => Some(string(directory.as_os_str().as_bytes(), "--workdir")?),
            None => None,
        };
        Ok(Surroundings {
            environment,
            pid_entry,
            directory,
            credentials,
        })
    }

    fn program(
        self,
        words: &[OsString],
        session: Session,
        terminal: Terminal,
    ) -> Result<Program, String> {
        let candidates = words
            .first()
            .map_or_else(Vec::new, |file| self.environment.candidates(file));
        let arguments: Result<_, _> = words
            .iter()
            .map(|word| string(&word.clone().into_vec(), "the command"))
            .collect();
        // Mask and dispositions are known when bowout's own signals are.
        Ok(Program {
            pid_entry: self.pid_entry,
            session,
            terminal,
            credentials: self.credentials,
            directory: self.directory,
            ..Program::new(candidates, arguments?, self.environment.into_variables())
        })
    }
}

/// Adds what `--env-file` names. At the start there is nobody whom a pipe could keep waiting.
///
/// # Errors
/// The option, the file, the line, and what is wrong with it.
pub(crate) fn add_files(environment: &mut Environment, files: &[PathBuf]) -> Result<(), String> {
    let option = "--env-file (BOWOUT_ENV_FILE)";
    for file in files {
        let bytes = std::fs::read(file).map_err(|error| {
            let reason = bowout_sys::reason(&error);
            format!("{option}: cannot read {}: {reason}", file.display())
        })?;
        let added = environment.add_lines(file, &bytes);
        added.map_err(|error| format!("{option}: {error}"))?;
    }
    Ok(())
}

fn string(bytes: &[u8], of: &str) -> Result<CString, String> {
    CString::new(bytes).map_err(|_| format!("{of}: a zero byte can't be passed on"))
}

fn place(contract: &Contract, standing: Standing) -> (Session, Terminal) {
    use crate::contract::{SessionPolicy, TerminalPolicy};
    // A session of its own would have the wrapper shell lead it, and when that ends the kernel hangs up
    // on the app below it, in the middle of its clean-up. So bowout stays the leader where it is one.
    let shares = matches!(
        standing,
        Standing::Leader | Standing::Foreground | Standing::Background
    );
    let session = match contract.session {
        SessionPolicy::New => Session::New,
        SessionPolicy::Group => Session::Group,
        SessionPolicy::Same => Session::Same,
        SessionPolicy::Fitting if shares => Session::Group,
        SessionPolicy::Fitting => Session::New,
    };
    let terminal = match (contract.terminal, standing) {
        (_, Standing::None) | (TerminalPolicy::Keep, _) => Terminal::Keep,
        (TerminalPolicy::Control, _) => Terminal::Control,
        (TerminalPolicy::Foreground, Standing::Foreign) => Terminal::Keep,
        (TerminalPolicy::Foreground, _) => Terminal::Foreground,
        (TerminalPolicy::Fitting, Standing::Foreign) => Terminal::Control,
        (TerminalPolicy::Fitting, Standing::Leader | Standing::Foreground) => Terminal::Foreground,
        (TerminalPolicy::Fitting, Standing::Background) => Terminal::Keep,
    };
    (session, terminal)
}

fn services(options: &Options, contract: &Contract) -> Vec<Service> {
    if contract.pause {
        return Vec::new();
    }
    let name = options
        .command
        .first()
        .map_or_else(String::new, |file| file.to_string_lossy().into_owned());
    let mut service = Service::new(&name);
    service.stop_signal.clone_from(&options.stop_signal);
    service.stop_timeout = options.stop_timeout;
    service.kill_mode = options.kill_mode;
    vec![service]
}

/// The hooks of the plan, and the command line of each.
fn hooks(options: &Options) -> Vec<(Hook, &String)> {
    let hook = |name: &str, moment, timeout: Option<Duration>| Hook {
        name: name.into(),
        moment,
        timeout,
    };
    let before = options.pre_stop.iter().map(|command| {
        (
            hook("pre-stop", HookMoment::PreStop, options.pre_stop_timeout),
            command,
        )
    });
    let after = options.post_stop.iter().map(|command| {
        (
            hook("post-stop", HookMoment::PostStop, options.post_stop_timeout),
            command,
        )
    });
    let on = options.on.iter().map(|(signal, command)| {
        (
            hook(&format!("on {signal}"), HookMoment::OnSignal(*signal), None),
            command,
        )
    });
    before.chain(after).chain(on).collect()
}

fn stop(options: &Options, contract: &Contract, kubernetes: bool) -> Stop {
    let is_init = bowout_sys::identity::is_init();
    let on = match (contract.stop_is_a_signal, options.stop_on.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec![Signal::TERM, Signal::INT],
        (false, false) => options.stop_on.clone(),
    };
    Stop {
        grace: options.grace,
        assumed_grace: if kubernetes {
            KUBERNETES_GRACE
        } else {
            DOCKER_GRACE
        },
        margin: options.margin.unwrap_or(MARGIN),
        drain: options.drain.unwrap_or_default(),
        on: on.into_iter().collect(),
        sweep: if is_init {
            Sweep::Namespace
        } else {
            Sweep::Descendants
        },
        leftovers: match is_init || contract.wait_anywhere {
            true => Leftovers::Wait,
            false => Leftovers::Leave,
        },
    }
}

fn signals(
    options: &Options,
    contract: &Contract,
    session: Session,
    standing: Standing,
) -> Signals {
    let mut rewrite: Map<_, _> = gathered(options.rewrite.iter().copied());
    if session == Session::New {
        // A group without a parent in its session is not stopped by the terminal's signals (setpgid(2),
        // orphaned process groups), so it is stopped by the one that always does.
        for signal in contract
            .suspend
            .iter()
            .filter(|signal| TERMINAL_STOPS.contains(*signal))
        {
            rewrite.get_or_insert_with(signal, || Some(Signal::STOP));
        }
    }
    let is_job = session == Session::Group && standing != Standing::None;
    Signals {
        rewrite,
        swallow: contract.swallow,
        suspend: contract.suspend,
        wake: contract.wake,
        forward: contract.forward,
        job_control: match (contract.job_control && is_job, standing) {
            (false, _) => JobControl::None,
            (true, Standing::Leader) => JobControl::Continue,
            (true, _) => JobControl::Suspend,
        },
        rules: Map::new(),
    }
}
