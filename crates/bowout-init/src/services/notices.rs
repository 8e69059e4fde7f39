//! Hears what services tell of themselves, and makes sure whose word it is.

use super::listening::{Listening, Voice};
use super::pidfile::may_be_ours;
use super::{Known, Services, take};
use crate::control::Clock;
use crate::log::{Level, Log};
use crate::notify;
use crate::survey::SERVICE;
use bowout_core::event::Notice;
use bowout_core::plan::ServiceId;
use bowout_core::{Event, Instant, Pid, Supervisor};
use bowout_sys::proc::Proc;
use std::collections::VecDeque;
use std::time::Duration;

/// How many datagrams are read at once.
const AT_ONCE: usize = 32;

/// How far up from a sender its service is looked for.
const FAR: usize = 64;

/// How often strangers are told of.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What was refused, so that nobody can fill the log with it.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    told_at: Option<Instant>,
    untold: u64,
}

impl Services {
    /// Hears everybody who had something to tell at the last wait, each by a bounded piece.
    #[inline(never)]
    pub(crate) fn turn(&mut self, core: &Supervisor, log: &mut Log, events: &mut VecDeque<Event>) {
        for voice in self.listening.voices() {
            match voice {
                Voice::Notices => self.hear_notices(core, log, events),
                Voice::Control => self.hear_control(core, log, events),
                Voice::Outputs => {
                    if let Some(outputs) = &mut self.outputs {
                        let news = outputs.turn(bowout_sys::clock::now());
                        take(news, core, log, events);
                    }
                }
                Voice::Pipe(token) => events.extend(self.hear_pipe(token)),
            }
        }
    }

    fn hear_control(&mut self, core: &Supervisor, log: &mut Log, events: &mut VecDeque<Event>) {
        self.took_text = true;
        let (control, scene) = self.split(core);
        let wanted = control.map(|control| control.turn(&scene, Clock::read()));
        for wanted in wanted.unwrap_or_default() {
            events.extend(self.wanted(wanted, core, log));
        }
    }

    /// A line on the descriptor of a service says that it is ready (s6, notification-fd). It is closed
    /// then, and when nobody can write to it any more.
    fn hear_pipe(&mut self, token: u64) -> Option<Event> {
        let has = |known: &Known| known.ready.as_ref().is_some_and(|pipe| pipe.token == token);
        let place = Listening::place(token);
        let index = match self.known.get(place).is_some_and(has) {
            true => place,
            // Another plan has come since.
            false => self.known.iter().position(has)?,
        };
        let known = &mut self.known[index];
        let mut room = [0; 512];
        let read = known.ready.as_mut()?.reader.read(&mut room);
        let (is_ready, is_over) = match read {
            Ok(None) => (false, false),
            Ok(Some(0)) | Err(_) => (false, true),
            Ok(Some(length)) => {
                let is_ready = room[..length].contains(&b'\n');
                (is_ready, is_ready)
            }
        };
        if is_over {
            known.ready = None;
        }
        let service = ServiceId(index);
        is_ready.then_some(Event::Ready { service })
    }

    fn hear_notices(&mut self, core: &Supervisor, log: &mut Log, events: &mut VecDeque<Event>) {
        for _ in 0..AT_ONCE {
            let Some(socket) = &self.listening.notices else {
                return;
            };
            let datagram = match socket.receive(&mut self.listening.room) {
                Ok(Some(datagram)) => datagram,
                Ok(None) => return,
                Err(error) => return log.say(Level::Error, &format!("notify socket: {error}")),
            };
            let sender = datagram.sender.and_then(|peer| peer.pid);
            let service = sender.and_then(|pid| whose(pid, core));
            let Some(service) = service else {
                self.strangers.refuse(sender, log);
                continue;
            };
            if datagram.truncated {
                let name = &core.plan().service(service).name;
                let text = format!(
                    "{name}: a notification of more than {} bytes",
                    notify::LONGEST
                );
                log.say(Level::Notice, &format!("{text} is not read"));
                continue;
            }
            let told = notify::read(&self.listening.room[..datagram.length]);
            self.heed(service, told, datagram.from, core, log, events);
            // The sender of a barrier is let go when the datagram is dropped here.
        }
    }

    fn heed(
        &mut self,
        service: ServiceId,
        told: notify::Told,
        from: Option<bowout_sys::socket::Address>,
        core: &Supervisor,
        log: &mut Log,
        events: &mut VecDeque<Event>,
    ) {
        let Some(known) = self.known.get_mut(service.0) else {
            return;
        };
        let name = &core.plan().service(service).name;
        if let Some(field) = told.refused {
            log.say(Level::Notice, &format!("{name}: {field} is not understood"));
        }
        if let Some(errno) = told.errno {
            let reason = bowout_sys::reason(&std::io::Error::from_raw_os_error(errno));
            log.say(
                Level::Notice,
                &format!("{name} says that it failed: {reason}"),
            );
        }
        if let Some(status) = told.status {
            if !status.is_empty() && status != known.status {
                log.say(Level::Info, &format!("{name}: {status}"));
            }
            known.status = status;
        }
        for notice in told.notices {
            match notice {
                Notice::MainPid(pid) if !may_be_ours(pid) => {
                    let text = format!("{name}: {pid} is no child of bowout: not its main process");
                    log.say(Level::Notice, &text);
                    continue;
                }
                Notice::Reloading => known.is_reloading = true,
                Notice::Ready => known.is_reloading = false,
                Notice::Extend(_) => known.asker = from.map(Box::new),
                Notice::Stopping
                | Notice::MainPid(_)
                | Notice::Watchdog
                | Notice::WatchdogTrigger
                | Notice::WatchdogPeriod(_) => {}
            }
            events.push_back(Event::Notified { service, notice });
        }
    }

    /// Tells a service that asked for more time how much it has, if an answer reaches it.
    pub(super) fn extended(&mut self, service: ServiceId, left: Duration) {
        let asker = self.known.get_mut(service.0);
        let asker = asker.and_then(|known| known.asker.take());
        if let (Some(asker), Some(socket)) = (asker, &self.listening.notices) {
            let text = format!("{EXTENDED}={}", left.as_micros());
            // It does not listen any more, or has enough to read: its own business.
            _ = socket.reply(&asker, text.as_bytes());
        }
    }
}

/// What a service has from now on until it is SIGKILLed, in microseconds: the answer to
/// `EXTEND_TIMEOUT_USEC=`.
const EXTENDED: &str = "BOWOUT_EXTENDED_USEC";

impl Strangers {
    fn refuse(&mut self, sender: Option<Pid>, log: &mut Log) {
        let now = bowout_sys::clock::now();
        if self.told_at.is_some_and(|at| now.since(at) < TELL_EVERY) {
            self.untold += 1;
            return;
        }
        self.told_at = Some(now);
        let who = match sender {
            Some(pid) => format!("process {pid}"),
            None => "somebody outside of the container".to_owned(),
        };
        let mut text = format!("{who} is no service's: what it notified is not believed");
        let untold = std::mem::take(&mut self.untold);
        if untold > 0 {
            text.push_str(&format!(" (and {untold} times before it)"));
        }
        log.say(Level::Notice, &text);
    }
}

/// The service that a process belongs to: by its own number, or its session's, or those of the processes
/// above it. A daemon that has left all of them is bowout's child, and has its environment still.
fn whose(sender: Pid, core: &Supervisor) -> Option<ServiceId> {
    let led = core.led_by(sender);
    if led.is_some() {
        return led;
    }
    let mut proc = Proc::open().ok()?;
    let own = bowout_sys::own_pid();
    let mut at = sender;
    for _ in 0..FAR {
        let facts = proc.status(at).ok().flatten()?;
        if let Some(service) = core.led_by(at).or_else(|| core.led_by(facts.session)) {
            return Some(service);
        }
        if facts.parent == own {
            return core.plan().find(&proc.environment_entry(at, SERVICE)?);
        }
        if facts.parent == Pid::OUTSIDE {
            return None;
        }
        at = facts.parent;
    }
    None
}
