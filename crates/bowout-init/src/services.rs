//! Lives with services: starts them, hears what they and their clients have to say, and tells the core.

mod asked;
mod change;
mod difference;
mod hooks;
mod listening;
mod notices;
mod pidfile;
mod recipe;
mod scene;

pub(crate) use recipe::{Facts, Recipe};

use crate::assemble::Place;
use crate::command::NOTHING;
use crate::control::Control;
use crate::log::{Level, Log};
use crate::origin::Origin;
use crate::output::{News, Outputs};
use crate::perform::start;
use crate::settings::{ReadyWhen, ServiceSettings, Settings};
use bowout_core::action::Note;
use bowout_core::event::{Received, SpawnError, SpawnErrorKind};
use bowout_core::order::Map;
use bowout_core::plan::ServiceId;
use bowout_core::{Action, Event, Instant, Pid, SignalSet, Supervisor};
use bowout_sys::files::Version;
use bowout_sys::pipe;
use bowout_sys::socket::Address;
use bowout_sys::spawn::Stream;
use change::Next;
use listening::{Heard, Listening};
use notices::Strangers;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// What is known of services before the first one is started.
pub(crate) struct Start {
    pub(crate) settings: Settings,
    /// For each hook of the plan its place in the settings.
    pub(crate) hooks: Vec<u32>,
    pub(crate) recipe: Recipe,
    pub(crate) origin: Origin,
    pub(crate) place: Place,
    /// What was found in the configuration, one line each.
    pub(crate) warnings: Vec<String>,
}

// Whoever runs one command needs nothing of this: `inline(never)` keeps it out of the functions that a start
// goes through, and out of memory.

/// Services, as far as the world goes. What they do is decided by the core.
pub(crate) struct Services {
    settings: Settings,
    hooks: Vec<u32>,
    recipe: Recipe,
    origin: Origin,
    place: Place,
    started: Instant,
    listening: Listening,
    outputs: Option<Outputs>,
    control: Option<Control>,
    strangers: Strangers,
    /// Probes under way, by their processes: whom they ask about, and where they say what they found.
    asked: Map<Pid, (ServiceId, pipe::Reader)>,
    /// By the places of the services in the plan.
    known: Vec<Known>,
    /// Whether much of the program was brought into memory that what goes on does not need.
    took_text: bool,
    /// What counts from the next `Install` on: the core has it.
    next: Option<Next>,
    /// What is on its way to the core.
    offered: Option<Next>,
}

/// What is known of one service, and is none of the core's business.
#[derive(Debug)]
struct Known {
    /// Since when it is in its state.
    since: Instant,
    /// What it says of itself.
    status: String,
    is_reloading: bool,
    /// The pidfile that was there before the start.
    pidfile: Option<Version>,
    /// Whether it has been told of that it is still there.
    is_stale: bool,
    /// What it writes a line to when it is ready.
    ready: Option<ReadyPipe>,
    /// What the last probe found that was none of its answers; empty: nothing.
    found: String,
    /// Who asked for more time last, where an answer reaches it.
    asker: Option<Box<Address>>,
}

#[derive(Debug)]
struct ReadyPipe {
    token: u64,
    reader: pipe::Reader,
}

impl Known {
    #[inline(never)]
    fn new(now: Instant) -> Known {
        Known {
            since: now,
            status: String::new(),
            found: String::new(),
            is_reloading: false,
            pidfile: None,
            is_stale: false,
            ready: None,
            asker: None,
        }
    }
}

impl Services {
    /// Opens what is waited for; the signals of `set` are blocked.
    ///
    /// # Errors
    /// What the kernel refuses of what there is no doing without.
    #[inline(never)]
    pub(crate) fn new(start: Start, set: SignalSet, log: &mut Log) -> io::Result<Services> {
        let Start {
            settings,
            hooks,
            mut recipe,
            origin,
            place,
            warnings,
        } = start;
        for warning in &warnings {
            log.say(Level::Notice, warning);
        }
        let mut listening = Listening::new(set)?;
        match listening.hear_notices() {
            Ok(name) => recipe.notify = Some(name),
            Err(error) => {
                let text = format!("services cannot tell how they are: {error}");
                log.say(Level::Error, &text);
            }
        }
        let now = bowout_sys::clock::now();
        let mut services = Services {
            known: settings.services.iter().map(|_| Known::new(now)).collect(),
            settings,
            hooks,
            recipe,
            origin,
            place,
            started: now,
            listening,
            outputs: None,
            control: None,
            strangers: Strangers::default(),
            asked: Map::new(),
            took_text: false,
            next: None,
            offered: None,
        };
        services.open_control(log);
        services.open_outputs(log);
        Ok(services)
    }

    #[inline(never)]
    fn open_control(&mut self, log: &mut Log) {
        let Some(path) = crate::control::place(None, self.settings.control.as_ref()) else {
            return;
        };
        let (own_uid, _) = bowout_sys::identity::user();
        let opened = Control::open(&path, own_uid).and_then(|control| {
            let heard = self.listening.hear_control(control.descriptor());
            heard.map_err(|error| error.to_string())?;
            Ok(control)
        });
        match opened {
            Ok(control) => {
                if path.as_os_str() != crate::control::PLACE {
                    self.recipe.name_socket(&path);
                }
                self.control = Some(control);
            }
            Err(error) => log.say(Level::Notice, &error),
        }
    }

    /// Where no service's output is copied, nothing of it is needed.
    #[inline(never)]
    fn open_outputs(&mut self, log: &mut Log) {
        let copied = |service: &ServiceSettings| Outputs::copies(&service.log, pattern(service));
        if self.outputs.is_none() && self.settings.services.iter().any(copied) {
            let colours = self.recipe.allows_colours();
            let opened = Outputs::new(colours).and_then(|outputs| {
                self.listening.hear_outputs(outputs.descriptor())?;
                Ok(outputs)
            });
            match opened {
                Ok(outputs) => self.outputs = Some(outputs),
                Err(error) => {
                    let text = format!("the output of services is the container's own: {error}");
                    log.say(Level::Error, &text);
                }
            }
        }
        if let Some(outputs) = &mut self.outputs {
            let services = self.settings.services.iter();
            outputs.expect(services.map(|service| service.name.as_str()));
        }
    }

    /// Whether much of the program was brought into memory that what goes on does not need, since this was
    /// asked last: a configuration was read, or clients were served who have gone by now.
    pub(crate) fn took_text(&mut self) -> bool {
        let is_alone = self.control.as_ref().is_none_or(Control::is_alone);
        is_alone && std::mem::take(&mut self.took_text)
    }

    /// Waits for signals and for everybody else, no longer than this.
    #[inline(never)]
    pub(crate) fn listen(&mut self, limit: Option<Duration>) -> io::Result<Heard> {
        self.listening.wait(limit)
    }

    /// The next signal that came.
    #[inline(never)]
    pub(crate) fn next_signal(&mut self) -> Option<Received> {
        self.listening.next_signal()
    }

    /// Does what the core decided and only this knows how to do.
    #[inline(never)]
    pub(crate) fn perform(
        &mut self,
        action: &Action,
        core: &Supervisor,
        log: &mut Log,
        events: &mut VecDeque<Event>,
    ) {
        match action {
            Action::ReadPidfile { service } => events.extend(self.read_pidfile(*service, log)),
            Action::Extended { service, left } => self.extended(*service, *left),
            Action::ReadConfig => events.extend(self.read_config(core, log)),
            Action::Install => self.install(core, log, events),
            Action::Spawn { .. }
            | Action::RunHook { .. }
            | Action::Signal { .. }
            | Action::Forward { .. }
            | Action::Survey { .. }
            | Action::Suspend
            | Action::Tell(_)
            | Action::Finish { .. } => {}
        }
    }

    /// Starts the program of a service.
    #[inline(never)]
    pub(crate) fn spawn(
        &mut self,
        id: ServiceId,
        core: &Supervisor,
        log: &mut Log,
    ) -> Result<Pid, SpawnError> {
        let settings = self.settings.services.get(id.0).ok_or(NOTHING)?;
        let name = settings.name.as_str();
        let made = self.recipe.service(settings, core.budget().timeout(id));
        let mut program = made.map_err(|unmade| not_made(name, &unmade, log))?;
        // Held until the child has them.
        let mut ends: Vec<OwnedFd> = Vec::new();
        if let Some(outputs) = &mut self.outputs {
            let owner = program.credentials.as_ref().map(|user| user.uid);
            let (opened, news) = outputs.open(name, &settings.log, pattern(settings), owner);
            say(&news, log);
            let streams = [(1, opened.stdout), (2, opened.stderr)];
            for (place, end) in streams {
                if let Some(end) = end {
                    program.streams[place] = Stream::Descriptor(end.as_raw_fd());
                    ends.push(end);
                }
            }
        }
        let mut ready = None;
        if let Some(ReadyWhen::Descriptor(number)) = settings.ready {
            match self.listening.pipe(id.0) {
                Ok((token, reader, end)) => {
                    program.descriptors.push((end.as_raw_fd(), number));
                    ends.push(end);
                    ready = Some(ReadyPipe { token, reader });
                }
                Err(error) => {
                    let text =
                        format!("{name} cannot say on a descriptor that it is ready: {error}");
                    log.say(Level::Error, &text);
                }
            }
        }
        let pidfile = settings.pidfile.as_deref();
        let pidfile = pidfile.and_then(|path| bowout_sys::files::version(path).ok().flatten());
        let pid = start(&mut program, Some(name), log)?;
        if let Some(outputs) = &mut self.outputs {
            outputs.spawned(name, pid);
        }
        if let Some(known) = self.known.get_mut(id.0) {
            *known = Known {
                pidfile,
                ready,
                ..Known::new(known.since)
            };
        }
        Ok(pid)
    }

    /// A child was reaped. What it wrote comes before what is said about its end. Returns whether it is a
    /// service's main process.
    #[inline(never)]
    pub(crate) fn ended(
        &mut self,
        pid: Pid,
        core: &Supervisor,
        log: &mut Log,
        events: &mut VecDeque<Event>,
    ) -> bool {
        self.has_answered(pid);
        let Some(id) = core.whose_main(pid) else {
            return false;
        };
        if let Some(outputs) = &mut self.outputs {
            let name = &core.plan().service(id).name;
            let news = outputs.ended(name, bowout_sys::clock::now());
            take(news, core, log, events);
        }
        true
    }

    /// The core has something to tell.
    #[inline(never)]
    pub(crate) fn told(&mut self, note: &Note, core: &Supervisor, log: &mut Log) {
        self.say_what_was_found(note, core, log);
        if let Note::Changed { service } = note
            && let Some(known) = self.known.get_mut(service.0)
        {
            known.since = bowout_sys::clock::now();
        }
        let (control, scene) = self.split(core);
        if let Some(control) = control {
            control.tell(note, &scene, crate::control::Clock::read());
        }
    }

    /// What each service said of itself last.
    #[inline(never)]
    pub(crate) fn said(&mut self) -> Vec<String> {
        let known = self.known.iter_mut();
        known
            .map(|known| std::mem::take(&mut known.status))
            .collect()
    }

    /// All is over: what was written comes out, as far as there is time, and the sockets go.
    #[inline(never)]
    pub(crate) fn finish(&mut self, core: &Supervisor, log: &mut Log) {
        if let Some(outputs) = &mut self.outputs {
            let now = bowout_sys::clock::now();
            let end = core
                .stop_ends_at()
                .unwrap_or(now)
                .max(now.after(LAST_WORDS));
            say(&outputs.flush(end.min(now.after(FLUSH))), log);
        }
        self.control = None;
    }
}

/// How long whoever reads the container's output may take for the last lines, beyond the end of the
/// stop's time: that is a part of the margin.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How long it may take where there is time.
const FLUSH: Duration = Duration::from_secs(1);

/// The text in its output that shows that a service is ready.
fn pattern(settings: &ServiceSettings) -> Option<&str> {
    match &settings.ready {
        Some(ReadyWhen::Log(pattern)) => Some(pattern),
        Some(
            ReadyWhen::Notify
            | ReadyWhen::Descriptor(_)
            | ReadyWhen::Probed { .. }
            | ReadyWhen::Delay(_),
        )
        | None => None,
    }
}

fn not_made(name: &str, unmade: &recipe::Unmade, log: &mut Log) -> SpawnError {
    log.say(Level::Error, &format!("{name}: {}", unmade.text));
    SpawnError {
        kind: SpawnErrorKind::Setup,
        errno: unmade.errno,
    }
}

fn say(news: &[News], log: &mut Log) {
    for news in news {
        if let News::Say(level, text) = news {
            log.say(*level, text);
        }
    }
}

/// What came of looking at output: lines for the log, and services that are ready.
fn take(news: Vec<News>, core: &Supervisor, log: &mut Log, events: &mut VecDeque<Event>) {
    say(&news, log);
    events.extend(news.into_iter().filter_map(|news| match news {
        News::Matched { service } => {
            let service = core.plan().find(&service)?;
            Some(Event::Ready { service })
        }
        News::Say(..) => None,
    }));
}
