//! Knows where settings come from, so that they can be read again, and puts the options over them.

use crate::cli::{Options, Services, value};
use crate::file::{self, Problems};
use crate::settings::{CommandLine, HookSettings, Settings, SignalRule};
use bowout_core::Signal;
use bowout_core::order::{Map, gathered};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a configuration is looked for when nobody says where it is.
pub(crate) const USUAL_PLACES: [&str; 2] = ["bowout.toml", "/etc/bowout.toml"];

/// Where settings come from.
pub(crate) struct Origin {
    options: Box<Options>,
    /// The file; `None`: the words of the command line.
    file: Option<PathBuf>,
    is_procfile: bool,
}

/// In the place of a file: standard input.
const STDIN: &str = "-";

/// What standard input is called in messages.
const STDIN_NAME: &str = "standard input";

/// What is wrong with settings.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// In a file, by its places.
    Problems(Problems),
    /// As a whole.
    Whole(String),
    /// A service of this name is there already.
    Exists(String),
}

impl Wrong {
    /// One line each, for a log.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Wrong::Problems(problems) => {
                let lines = problems.iter().map(file::Problem::one_line);
                let more = (problems.more() > 0).then(|| format!("… and {} more", problems.more()));
                lines.chain(more).collect()
            }
            Wrong::Whole(_) | Wrong::Exists(_) => vec![self.to_string()],
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Problems(problems) => problems.fmt(f),
            Wrong::Whole(text) => text.fmt(f),
            Wrong::Exists(name) => write!(
                f,
                "there is a service {name:?} already; remove it first, or take another name"
            ),
        }
    }
}

impl From<Problems> for Wrong {
    fn from(problems: Problems) -> Wrong {
        Wrong::Problems(problems)
    }
}

impl Origin {
    /// Finds the file that these options mean.
    ///
    /// # Errors
    /// There is nothing to run: no command, and no file at one of the usual places.
    pub(crate) fn find(name: &str, options: Options) -> Result<Origin, String> {
        let (file, is_procfile) = match options.services {
            Some(Services::Config) => (options.config.clone(), false),
            Some(Services::Procfile) => (options.procfile.clone(), true),
            Some(Services::Lines) => (None, false),
            Some(Services::UsualPlaces) | None => {
                let mut places = USUAL_PLACES.iter().map(PathBuf::from);
                let found = places.find(|place| place.exists());
                let nothing = || match options.check {
                    true => nothing_to_read(),
                    false => nothing_to_run(name),
                };
                (Some(found.ok_or_else(nothing)?), false)
            }
        };
        if file.as_deref() == Some(Path::new(STDIN)) && !options.check {
            return Err(
                "standard input can't be read again for a reload, so it can't be run; --check takes it"
                    .to_owned(),
            );
        }
        Ok(Origin {
            options: Box::new(options),
            file,
            is_procfile,
        })
    }

    /// Reads the settings, and puts the options over them.
    pub(crate) fn read(&self) -> Result<Settings, Wrong> {
        match self.examine() {
            (Some(settings), _) => Ok(settings),
            (None, problems) => Err(problems.into()),
        }
    }

    /// As `read`, with the warnings.
    pub(crate) fn examine(&self) -> (Option<Settings>, Problems) {
        let (settings, problems) = match &self.file {
            Some(path) if path == Path::new(STDIN) => match file::standard_input() {
                Ok(text) => self.examine_text(Path::new(STDIN_NAME), &text),
                Err((reason, hint)) => {
                    let message = format!("cannot read {STDIN_NAME}: {reason}");
                    (None, Problems::whole(message, hint))
                }
            },
            Some(path) if self.is_procfile => split(file::read_procfile(path)),
            Some(path) => file::examine(path, &variable),
            None => split(
                file::commands(&self.options.command).unwrap_or_else(|| Ok(Settings::default())),
            ),
        };
        let settled = settings.map(|mut settings| {
            settle(&self.options, &mut settings);
            settings
        });
        (settled, problems)
    }

    fn examine_text(&self, name: &Path, text: &str) -> (Option<Settings>, Problems) {
        match self.is_procfile {
            true => split(file::read_procfile_text(name, text)),
            false => file::examine_text(name, text, &variable),
        }
    }

    /// Adds services, as bowout.toml says them.
    pub(crate) fn add(&self, text: &str, settings: &mut Settings) -> Result<(), Wrong> {
        let there = settings.services.iter();
        let there: Vec<&str> = there.map(|service| service.name.as_str()).collect();
        let name = Path::new("what was added");
        let more = file::read_services(name, text, &there, &variable)?;
        let mut names = more.iter().map(|service| service.name.as_str());
        if let Some(twice) = names.find(|name| there.contains(name)) {
            return Err(Wrong::Exists(twice.to_owned()));
        }
        settings.services.extend(more);
        Ok(())
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> String {
        match &self.file {
            Some(path) if path == Path::new(STDIN) => STDIN_NAME.to_owned(),
            Some(path) => path.display().to_string(),
            None => "the command line".to_owned(),
        }
    }
}

/// Without a command and without a file there is nothing to run.
#[cold]
fn nothing_to_run(name: &str) -> String {
    format!(
        "no command, and neither ./{} nor {} is there; say what to run: {name} [OPTIONS] [--] COMMAND [ARG…], or --config FILE ('{name} --help' lists the options)",
        USUAL_PLACES[0], USUAL_PLACES[1]
    )
}

/// Without a file there is nothing to look at.
#[cold]
fn nothing_to_read() -> String {
    format!(
        "neither ./{} nor {} is there; --config FILE says where it is",
        USUAL_PLACES[0], USUAL_PLACES[1]
    )
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Problems without a mistake are none.
fn split(read: Result<Settings, Problems>) -> (Option<Settings>, Problems) {
    match read {
        Ok(settings) => (Some(settings), Problems::default()),
        Err(problems) => (None, problems),
    }
}

/// What the command line and its variables say goes before what a file says.
fn settle(options: &Options, settings: &mut Settings) {
    // A supervisor further up says how long this one has to stop.
    settings.grace = options.grace.or(options.stop_timeout).or(settings.grace);
    settings.margin = options.margin.or(settings.margin);
    settings.drain = options.drain.or(settings.drain);
    if !options.stop_on.is_empty() {
        settings.stop_on.clone_from(&options.stop_on);
    }
    if !options.rewrite.is_empty() {
        settings.rewrite = gathered(options.rewrite.iter().copied());
    }
    let mut on: Map<Signal, Vec<HookSettings>> = Map::new();
    for (signal, command) in &options.on {
        on.get_or_insert_with(*signal, Vec::new)
            .push(hook(command, None));
    }
    let on = on.into_iter();
    let on = on.map(|(signal, commands)| (signal, SignalRule::Run(commands)));
    settings.signals.extend(on);
    hooks(
        &options.pre_stop,
        options.pre_stop_timeout,
        &mut settings.pre_stop,
    );
    hooks(
        &options.post_stop,
        options.post_stop_timeout,
        &mut settings.post_stop,
    );
    settings.report = options.report.clone().or(settings.report.take());
    settings.control = options.socket.clone().or(settings.control.take());
    settings.log_format = options.log_format.or(settings.log_format);
    if options.verbosity != 0 {
        settings.verbosity = Some(options.verbosity);
    }
}

fn hooks(commands: &[String], timeout: Option<Duration>, settings: &mut Vec<HookSettings>) {
    if !commands.is_empty() {
        *settings = commands
            .iter()
            .map(|command| hook(command, timeout))
            .collect();
    }
    for hook in settings.iter_mut().filter(|_| timeout.is_some()) {
        hook.timeout = timeout;
    }
}

fn hook(command: &str, timeout: Option<Duration>) -> HookSettings {
    let command = CommandLine {
        words: value::words(command).unwrap_or_default(),
        shell: false,
    };
    HookSettings { command, timeout }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn options_go_before_what_the_file_says() {
        let mut settings = Settings {
            grace: Some(30 * SECOND),
            drain: Some(5 * SECOND),
            pre_stop: vec![hook("of the file", None)],
            verbosity: Some(1),
            ..Settings::default()
        };
        let mut options = Options {
            grace: Some(10 * SECOND),
            on: vec![(Signal::USR1, "a".into()), (Signal::USR1, "b c".into())],
            pre_stop_timeout: Some(SECOND),
            ..Options::default()
        };
        settle(&options, &mut settings);
        assert_eq!(settings.grace, Some(10 * SECOND));
        assert_eq!(settings.drain, Some(5 * SECOND));
        assert_eq!(settings.verbosity, Some(1));
        assert_eq!(settings.pre_stop, [hook("of the file", Some(SECOND))]);
        let run = vec![hook("a", None), hook("b c", None)];
        assert_eq!(settings.signals[&Signal::USR1], SignalRule::Run(run));
        options.pre_stop = vec!["of the line".into()];
        settle(&options, &mut settings);
        assert_eq!(settings.pre_stop, [hook("of the line", Some(SECOND))]);
    }

    #[test]
    fn a_supervisor_further_up_gives_the_grace() {
        let mut settings = Settings {
            grace: Some(30 * SECOND),
            ..Settings::default()
        };
        let options = Options {
            stop_timeout: Some(4 * SECOND),
            ..Options::default()
        };
        settle(&options, &mut settings);
        assert_eq!(settings.grace, Some(4 * SECOND));
    }

    #[test]
    fn nothing_to_run_names_both_places() {
        let text = nothing_to_run("bowout-init");
        assert!(text.starts_with("no command, and neither ./bowout.toml nor /etc/bowout.toml"));
        assert!(nothing_to_read().starts_with("neither ./bowout.toml nor /etc/bowout.toml"));
    }

    #[test]
    fn standard_input_is_looked_at_and_not_run() {
        let find = |check| {
            let options = Options {
                services: Some(Services::Config),
                config: Some(STDIN.into()),
                check,
                ..Options::default()
            };
            Origin::find("bowout-init", options)
        };
        assert_eq!(find(true).unwrap().name(), STDIN_NAME);
        assert!(find(false).is_err_and(|text| text.contains("can't be read again")));
    }
}
