//! Performs what the core decides, and waits for what happens next.

use crate::config::Config;
use crate::log::{Level, Log};
use crate::{report, survey};
use bowout_core::action::Target;
use bowout_core::event::{Received, SpawnError, SpawnErrorKind};
use bowout_core::plan::JobControl;
use bowout_core::report::Report;
use bowout_core::{Action, Event, Instant, Pid, Signal, SignalSet};
use bowout_sys::signals::{self, Woken};
use bowout_sys::spawn::{self, Program, Step, Terminal};
use bowout_sys::terminal::{self, Standing};
use bowout_sys::wait::{self, Waited};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// How many children are reaped before signals are looked at again.
const REAPED_AT_ONCE: usize = 256;

/// The world, as far as bowout acts on it.
pub(crate) struct World {
    config: Config,
    pub(crate) log: Log,
    own: Pid,
    is_init: bool,
    /// Signals that are blocked and waited for.
    set: SignalSet,
    /// Whether children may be left to reap without another SIGCHLD.
    reaping: bool,
    /// The command, while it runs.
    command: Option<Pid>,
    /// Whether the last signal was for everybody and found nobody.
    nobody: bool,
    /// The signal for which a survey was asked for and not taken yet.
    survey: Option<Signal>,
}

impl World {
    pub(crate) fn new(mut config: Config) -> io::Result<World> {
        let contract = config.contract;
        let set = contract
            .leave
            .iter()
            .fold(SignalSet::ALL, SignalSet::without);
        let inherited = signals::block(set)?;
        // Ignored, the kernel would reap children itself, and tell nobody how they ended.
        let chld_was_ignored = signals::set_ignored(Signal::CHLD, false)?;
        for program in config.command.iter_mut().chain(&mut config.hooks) {
            if contract.reset_signals {
                let standard = (1..=31)
                    .filter_map(Signal::new)
                    .filter(|signal| signal.is_catchable());
                program.dispositions = standard.map(|signal| (signal, false)).collect();
            } else {
                program.mask = inherited;
                program
                    .dispositions
                    .extend(chld_was_ignored.then_some((Signal::CHLD, true)));
            }
        }
        let is_init = bowout_sys::identity::is_init();
        let log = config.log.clone();
        let mut world = World {
            own: bowout_sys::own_pid(),
            set,
            reaping: false,
            command: None,
            nobody: false,
            survey: None,
            is_init,
            log,
            config,
        };
        world.find_a_place()?;
        Ok(world)
    }

    fn find_a_place(&mut self) -> io::Result<()> {
        if !self.is_init && self.config.contract.subreaper {
            // Some kernels, and what plays one, do not know it: what runs is still stopped in order.
            if let Err(error) = bowout_sys::identity::become_subreaper() {
                let text = format!("orphans go to somebody else: {error}");
                self.log.say(Level::Notice, &text);
            }
        }
        let reaps = || self.is_init || bowout_sys::identity::is_subreaper();
        if self.config.contract.tells_of_no_reaper && !reaps() {
            let text =
                "not PID 1 and not a subreaper: orphans go to somebody else (-s makes it one)";
            self.log.say(Level::Notice, text);
        }
        if let Some(signal) = self.config.pdeathsig {
            signals::on_parent_death(signal)?;
        }
        let takes = self
            .config
            .command
            .as_ref()
            .is_some_and(|command| command.terminal == Terminal::Control);
        let has = matches!(
            self.config.standing,
            Standing::Leader | Standing::Foreground | Standing::Background
        );
        if takes && has && terminal::release().is_ok() {
            // To the leader of the session and its group the kernel says goodbye by these two.
            let farewell = SignalSet::EMPTY.with(Signal::HUP).with(Signal::CONT);
            while self.config.standing == Standing::Leader
                && matches!(
                    signals::wait(farewell, Some(Duration::ZERO)),
                    Ok(Woken::By(_))
                )
            {}
        }
        Ok(())
    }

    /// Does one thing. What follows from it at once comes back as an event.
    pub(crate) fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Forward {
                target,
                signal,
                received,
            } => self.forward(target, signal, received),
            Action::Spawn { service } => Some(match self.spawn_command() {
                Ok(pid) => Event::Spawned { service, pid },
                Err(error) => Event::SpawnFailed { service, error },
            }),
            Action::RunHook { hook, .. } => {
                let program = self.config.hooks.get_mut(hook.0)?;
                Some(match start(program, &mut self.log) {
                    Ok(pid) => Event::HookSpawned { hook, pid },
                    Err(error) => Event::HookSpawnFailed { hook, error },
                })
            }
            Action::Signal {
                target,
                signal,
                left,
            } => self.signal(target, signal, left),
            Action::Survey { signal } => {
                self.survey = Some(signal);
                None
            }
            Action::Suspend => {
                signals::stop_self();
                self.give_terminal();
                None
            }
            Action::Tell(note) => {
                self.log.tell(&note, &self.config.plan);
                None
            }
            // The loop ends with it.
            Action::Finish { .. } => None,
        }
    }

    /// Takes the survey that was asked for, if one was.
    pub(crate) fn survey(&mut self) -> Option<Event> {
        let signal = self.survey.take()?;
        Some(Event::Surveyed(survey::take(
            self.own,
            self.is_init,
            signal,
        )))
    }

    /// Waits for signals until the deadline, and reaps whoever has ended.
    pub(crate) fn wait(&mut self, deadline: Option<Instant>, events: &mut VecDeque<Event>) {
        // While children are left over from the last time, other signals go first, so that no storm of
        // orphans keeps them waiting.
        let (set, limit) = match (self.reaping, deadline) {
            (true, _) => (self.set.without(Signal::CHLD), Some(Duration::ZERO)),
            (false, None) => (self.set, None),
            (false, Some(deadline)) => (self.set, Some(deadline.since(bowout_sys::clock::now()))),
        };
        match signals::wait(set, limit) {
            Ok(Woken::By(received)) if received.signal == Signal::CHLD => self.reap(events),
            // A write to a dead pipe: bowout's own, and nobody else's business.
            Ok(Woken::By(received))
                if received.signal == Signal::PIPE && received.sender.pid == self.own => {}
            Ok(Woken::By(received)) => events.push_back(Event::SignalReceived(received)),
            Ok(Woken::ByNothing) if self.reaping => self.reap(events),
            Ok(Woken::ByNothing) => events.push_back(Event::DeadlineReached),
            // Not known to happen. Whatever it is, it must not make PID 1 spin or leave.
            Err(error) => {
                self.log
                    .say(Level::Error, &format!("cannot wait for signals: {error}"));
                std::thread::sleep(Duration::from_millis(100));
                self.reap(events);
            }
        }
    }

    fn reap(&mut self, events: &mut VecDeque<Event>) {
        self.reaping = false;
        let stopped_too = self.config.plan.signals().job_control != JobControl::None;
        for _ in 0..REAPED_AT_ONCE {
            match wait::next(stopped_too) {
                Ok(Waited::Ended(pid, status)) => {
                    if self.command == Some(pid) {
                        self.command = None;
                    } else if self.config.contract.tells_of_orphans {
                        self.log
                            .say(Level::Notice, &format!("reaped {pid}, which {status}"));
                    }
                    events.push_back(Event::Exited { pid, status });
                }
                Ok(Waited::Stopped(pid, signal)) => {
                    events.push_back(Event::Suspended { pid, signal })
                }
                Ok(Waited::NothingNew) => return,
                Ok(Waited::NoChildren) => {
                    events.push_back(Event::ChildrenGone);
                    return;
                }
                Err(error) => {
                    self.log.say(Level::Error, &format!("cannot reap: {error}"));
                    return;
                }
            }
        }
        self.reaping = true;
    }

    fn spawn_command(&mut self) -> Result<Pid, SpawnError> {
        let Some(program) = &mut self.config.command else {
            return Err(SpawnError {
                kind: SpawnErrorKind::Setup,
                errno: 0,
            });
        };
        let pid = start(program, &mut self.log)?;
        self.command = Some(pid);
        if self.config.contract.leaves_directory {
            // `/` is always there; if not, the old directory serves as well.
            _ = bowout_sys::identity::change_directory("/".as_ref());
        }
        Ok(pid)
    }

    fn forward(&mut self, target: Target, signal: Signal, received: Received) -> Option<Event> {
        let sent = match (target, received.value) {
            (Target::Process(pid), Some(value)) => signals::queue(pid, signal, value),
            // The kernel queues values for processes only, so a group gets the signal without it.
            _ => signals::send(target, signal),
        };
        if signal == Signal::CONT {
            self.give_terminal();
        }
        if let Err(error) = sent {
            self.log.say(
                Level::Notice,
                &format!("cannot forward {}: {error}", received.signal),
            );
        }
        None
    }

    fn signal(&mut self, target: Target, signal: Signal, left: Option<u32>) -> Option<Event> {
        // Nobody got the stop signal a moment ago, so there is nobody to continue.
        if std::mem::take(&mut self.nobody) && (target, signal) == (Target::Namespace, Signal::CONT)
        {
            return None;
        }
        let sent = match (target, left) {
            (Target::Process(pid), Some(left)) => signals::queue(pid, signal, left.into())
                // Too many signals queued for that user, or a kernel that refuses: it still gets the signal.
                .or_else(|_| signals::send(target, signal)),
            _ => signals::send(target, signal),
        };
        let Err(error) = sent else {
            return None;
        };
        if bowout_sys::is_nobody(&error) {
            self.nobody = target == Target::Namespace;
            return self.nobody.then_some(Event::NamespaceEmptied);
        }
        self.log
            .say(Level::Notice, &format!("cannot send {signal}: {error}"));
        None
    }

    /// bowout was continued by a shell that has put it in front: the command goes there.
    fn give_terminal(&mut self) {
        let own_group = bowout_sys::terminal::own_group();
        if self.config.plan.signals().job_control == JobControl::Suspend
            && terminal::front() == Some(own_group)
            && let Some(command) = self.command
        {
            _ = terminal::bring_to_front(command);
        }
    }

    /// The last things: the terminal goes back, and the account is written.
    pub(crate) fn finish(&mut self, report: &Report) {
        if self.config.standing == Standing::Foreground {
            _ = terminal::bring_to_front(terminal::own_group());
        }
        report::write(report, &mut self.config, &mut self.log);
    }
}

/// Starts a program and gives a failure its kind.
fn start(program: &mut Program, log: &mut Log) -> Result<Pid, SpawnError> {
    let failed = match spawn::spawn(program) {
        Ok(pid) => return Ok(pid),
        Err(failed) => failed,
    };
    if let Some(what) = setting_up(program, failed.step) {
        let reason = bowout_sys::reason(&io::Error::from_raw_os_error(failed.errno));
        log.say(Level::Error, &format!("cannot {what}: {reason}"));
    }
    let by_path = program
        .arguments
        .first()
        .is_some_and(|name| name.as_bytes().contains(&b'/'));
    let kind = match failed.step {
        Step::Clone if spawn::is_exhausted(failed.errno) => SpawnErrorKind::Exhausted,
        Step::Exec if spawn::is_exhausted(failed.errno) => SpawnErrorKind::Exhausted,
        Step::Exec if spawn::is_missing(failed.errno) => match (any_exists(program), by_path) {
            // The file is there, so it is its interpreter that is not.
            (true, _) => SpawnErrorKind::CannotExecute,
            (false, true) if failed.errno != spawn::NOT_FOUND => SpawnErrorKind::CannotExecute,
            (false, _) => SpawnErrorKind::NotFound,
        },
        Step::Exec => SpawnErrorKind::CannotExecute,
        Step::Clone | Step::Session | Step::Terminal | Step::Credentials | Step::Directory => {
            SpawnErrorKind::Setup
        }
    };
    Err(SpawnError {
        kind,
        errno: failed.errno,
    })
}

/// What was to be done before the exec, in words.
fn setting_up(program: &Program, step: Step) -> Option<String> {
    Some(match step {
        Step::Exec | Step::Clone => return None,
        Step::Session => "make a session or process group".to_owned(),
        Step::Terminal => "hand over the terminal".to_owned(),
        Step::Credentials => {
            let user = program
                .credentials
                .as_ref()
                .map_or(0, |credentials| credentials.uid);
            format!("become user {user} (--user)")
        }
        Step::Directory => {
            let directory = program
                .directory
                .as_ref()
                .map(|directory| directory.to_string_lossy());
            format!(
                "go to the directory {} (--workdir)",
                directory.unwrap_or_default()
            )
        }
    })
}

fn any_exists(program: &Program) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let path = |bytes: &[u8]| std::path::PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
    let base = program
        .directory
        .as_ref()
        .map(|directory| path(directory.as_bytes()))
        .unwrap_or_default();
    let mut candidates = program.candidates.iter();
    candidates.any(|file| std::fs::symlink_metadata(base.join(path(file.as_bytes()))).is_ok())
}
