//! Serves clients: bytes go in and come out, and what only the loop can do comes out as [`Wanted`].
//!
//! There is no socket in here, no clock and no wait. Whoever has the sockets says who has connected, what
//! was read, and how much was written.

mod answer;
mod client;
mod feed;
mod goal;
mod task;
#[cfg(test)]
mod tests;

use super::protocol::{Changed, Code, Event, Item, LONGEST_LINE, Outcome, Reply, Request};
use super::scene::{Clock, Scene};
use bowout_core::Instant;
use bowout_core::event::Command;
use bowout_core::order::Map;
use bowout_core::plan::ServiceId;
use client::{Client, Found, MOST_QUEUED};
use goal::{Goal, Standing};
use std::time::Duration;
use task::{Task, Work};

/// How many clients there may be.
const MOST_CLIENTS: usize = 64;
/// How many of these only root may be: where bowout has a user of its own, its programs have it too, and
/// can't lock root out.
const FOR_ROOT: usize = 8;
/// Where there is no place, a client that has done nothing for so long gives up its own.
const ASLEEP: Duration = Duration::from_secs(10);

/// One client, until it is closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct ClientId(u64);

impl ClientId {
    /// The number of the client: none has it again.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// The right to answer one request, once.
#[derive(PartialEq, Eq, Debug)]
#[must_use = "a client waits for the answer"]
pub(crate) struct Ticket {
    client: ClientId,
    serial: u64,
}

/// What only the loop can do.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// The core is told; it is answered here.
    Command(Command),
    /// The container is stopped; it is answered here.
    Shutdown,
    /// The configuration is read again.
    Reload(Ticket),
    /// This service, as bowout.toml says it, is there too.
    Add(Ticket, String),
    /// This service is not there any more.
    Remove(Ticket, ServiceId),
}

/// Everybody who is connected.
#[derive(Debug)]
pub(crate) struct Server {
    /// Who may, besides root.
    own_uid: u32,
    clients: Map<ClientId, Client>,
    next_client: u64,
    next_serial: u64,
}

impl Server {
    /// A server without clients.
    pub(crate) fn new(own_uid: u32) -> Server {
        Server {
            own_uid,
            clients: Map::new(),
            next_client: 1,
            next_serial: 1,
        }
    }

    /// Takes a client of this user.
    ///
    /// # Errors
    /// The line that it is told instead, if it reads it at once, before it is closed.
    pub(crate) fn connected(&mut self, uid: u32, clock: Clock) -> Result<ClientId, Vec<u8>> {
        let no = |code, text: &str| Err(Reply::failed(None, code, text).line());
        if uid != 0 && uid != self.own_uid {
            let others = match self.own_uid {
                0 => String::new(),
                own => format!(" and user {own}"),
            };
            let text = format!("user {uid} may not control bowout; root{others} may");
            return no(Code::Refused, &text);
        }
        let places = match uid {
            0 => MOST_CLIENTS,
            _ => MOST_CLIENTS - FOR_ROOT,
        };
        if self.clients.len() >= places && !self.make_room(clock.now) {
            let text = format!("{MOST_CLIENTS} clients are connected; try again later");
            return no(Code::Busy, &text);
        }
        let id = ClientId(self.next_client);
        self.next_client += 1;
        self.clients.insert(id, Client::new(clock.now));
        Ok(id)
    }

    pub(super) fn is_alone(&self) -> bool {
        self.clients.is_empty()
    }

    /// Drops the client that has slept longest, if one sleeps.
    fn make_room(&mut self, now: Instant) -> bool {
        let asleep = self
            .clients
            .iter()
            .filter(|(_, client)| client.is_idle() && now.since(client.active) >= ASLEEP)
            .min_by_key(|(_, client)| client.active)
            .map(|(id, _)| *id);
        asleep.is_some_and(|id| self.clients.remove(&id).is_some())
    }

    /// Keeps what a client has sent; nothing: it will send no more.
    pub(crate) fn received(&mut self, id: ClientId, bytes: &[u8]) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.has_ended |= bytes.is_empty();
            client.take_in(bytes);
        }
    }

    /// Looks at the requests of a client, as many as there is room for answers.
    pub(crate) fn serve(&mut self, id: ClientId, scene: &dyn Scene, clock: Clock) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        while let Some(client) = self.clients.get_mut(&id) {
            if client.is_leaving || !client.has_room() {
                break;
            }
            match client.next_line() {
                Found::Nothing => break,
                Found::TooLong => {
                    let text = format!("a line has at most {LONGEST_LINE} bytes");
                    client.push(&Reply::failed(None, Code::LineTooLong, &text).line());
                    client.leave();
                }
                Found::Line(line) if line.trim_ascii().is_empty() => {}
                Found::Line(line) => {
                    client.active = clock.now;
                    match Request::read(&line) {
                        Ok(request) => answer::to(self, id, request, scene, clock, &mut wanted),
                        Err((name, code, text)) => {
                            client.push(&Reply::failed(name.as_ref(), code, &text).line());
                        }
                    }
                }
            }
            self.feed(id, scene, clock);
        }
        wanted
    }

    /// Fetches what a client is to get piece by piece, as much as there is room for.
    pub(crate) fn feed(&mut self, id: ClientId, scene: &dyn Scene, clock: Clock) {
        if let Some(client) = self.clients.get_mut(&id) {
            feed::all(client, scene, clock);
        }
    }

    /// Ends what was waited for and has come, can't come, or has not come in time.
    pub(crate) fn settle(&mut self, scene: &dyn Scene, clock: Clock) {
        for client in self.clients.values_mut() {
            let mut lines = Vec::new();
            client.tasks.retain_mut(|task| {
                let Work::Goal {
                    goal,
                    deadline,
                    changed,
                } = &mut task.work
                else {
                    return true;
                };
                let id = task.id.as_ref();
                let reply = match goal.look(scene) {
                    Standing::Reached => Reply::done(id, Outcome::of(changed.take())).line(),
                    Standing::Failed(code, text) => Reply::failed(id, code, &text).line(),
                    Standing::Away(text) if deadline.is_some_and(|end| end <= clock.now) => {
                        let text = format!("the time is up: {text}");
                        Reply::failed(id, Code::Timeout, &text).line()
                    }
                    Standing::Away(_) => return true,
                };
                lines.push(reply);
                false
            });
            for line in lines {
                client.push(&line);
            }
            feed::all(client, scene, clock);
        }
    }

    /// When somebody has waited long enough.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let tasks = self.clients.values().flat_map(|client| &client.tasks);
        tasks
            .filter_map(|task| match task.work {
                Work::Goal { deadline, .. } => deadline,
                Work::Status { .. } | Work::Logs(_) | Work::Events(_) | Work::Asked { .. } => None,
            })
            .min()
    }

    /// Whether somebody follows what happens to this service, or to the whole.
    pub(crate) fn has_followers(&self, service: Option<&str>) -> bool {
        let mut tasks = self.clients.values().flat_map(|client| &client.tasks);
        tasks.any(|task| task.follows(service))
    }

    /// Tells those who follow it what has happened. Who has left too much unread is dropped.
    pub(crate) fn publish(&mut self, item: &Event<'_>) {
        for client in self.clients.values_mut() {
            let tasks = client.tasks.iter();
            let lines: Vec<Vec<u8>> = tasks
                .filter(|task| task.follows(item.service.as_deref()))
                .map(|task| {
                    let item = Item::Event(item.clone());
                    Reply::item(task.id.as_ref(), item).line()
                })
                .collect();
            for line in lines {
                client.push(&line);
            }
            if client.queued().len() > MOST_QUEUED {
                client.drop_now();
            }
        }
    }

    /// A change of the configuration worked.
    pub(crate) fn done(&mut self, ticket: Ticket, changed: Changed, clock: Clock) {
        let Some((client, task)) = self.redeem(&ticket) else {
            return;
        };
        match task.work {
            Work::Asked {
                wait: Some(wait), ..
            } => {
                let new = changed.added.iter().chain(&changed.changed);
                let goal = Goal::Installed(new.cloned().collect());
                let work = Work::Goal {
                    goal,
                    deadline: wait.timeout.map(|timeout| clock.now.after(timeout)),
                    changed: Some(changed),
                };
                client.tasks.push(Task { id: task.id, work });
            }
            Work::Asked { wait: None, .. }
            | Work::Status { .. }
            | Work::Logs(_)
            | Work::Events(_)
            | Work::Goal { .. } => {
                let outcome = Outcome::of(Some(changed));
                client.push(&Reply::done(task.id.as_ref(), outcome).line());
            }
        }
    }

    /// A change of the configuration did not work: nothing was changed.
    pub(crate) fn failed(&mut self, ticket: Ticket, code: Code, message: &str) {
        if let Some((client, task)) = self.redeem(&ticket) {
            client.push(&Reply::failed(task.id.as_ref(), code, message).line());
        }
    }

    fn redeem(&mut self, ticket: &Ticket) -> Option<(&mut Client, Task)> {
        let client = self.clients.get_mut(&ticket.client)?;
        let is_it = |task: &Task| matches!(task.work, Work::Asked { serial, .. } if serial == ticket.serial);
        let place = client.tasks.iter().position(is_it)?;
        let task = client.tasks.remove(place);
        Some((client, task))
    }

    /// What a client has not read.
    pub(crate) fn queued(&self, id: ClientId) -> &[u8] {
        self.clients.get(&id).map_or(&[], Client::queued)
    }

    /// So much of that was written.
    pub(crate) fn written(&mut self, id: ClientId, length: usize, clock: Clock) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.written(length, clock.now);
        }
    }

    /// Whether what a client sends is looked at now.
    pub(crate) fn wants_read(&self, id: ClientId) -> bool {
        self.clients.get(&id).is_some_and(Client::wants_read)
    }

    /// Whether there is something to do for a client as soon as it reads.
    pub(crate) fn wants_write(&self, id: ClientId) -> bool {
        self.clients.get(&id).is_some_and(|client| {
            !client.queued().is_empty() || (client.has_line() && !client.is_leaving)
        })
    }

    /// Whether a client can be closed.
    pub(crate) fn is_over(&self, id: ClientId) -> bool {
        self.clients.get(&id).is_none_or(Client::is_over)
    }

    /// A client is not there any more.
    pub(crate) fn closed(&mut self, id: ClientId) {
        self.clients.remove(&id);
    }
}
