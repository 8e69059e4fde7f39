//! Carries bytes between the sockets and the server, without ever waiting for a client.

use super::protocol::{Changed, Code};
use super::scene::{Clock, Scene};
use super::server::{ClientId, Server, Ticket, Wanted};
use super::{Control, happening};
use bowout_core::Instant;
use bowout_core::action::Note;
use bowout_core::order::Map;
use bowout_sys::poll::{Interest, Poll, Ready};
use bowout_sys::socket::{Listener, Peer, Stream};
use std::fs::DirBuilder;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

/// Root and bowout's own user: nobody else gets as far as being refused.
const MODE: u32 = 0o600;
/// As every system has /run: others may keep their pidfiles there.
const FOLDER_MODE: u32 = 0o755;
/// Of the descriptors, this one is the listener. The clients have their own numbers, from 1.
const LISTENER: u64 = 0;
/// How many connections are accepted at once, and how often one client is written to.
const AT_ONCE: usize = 32;
/// How much is read from one client at once.
const CHUNK: usize = 16 << 10;
/// When there is no descriptor left for a client, it is tried again after this, or when one leaves.
const PAUSE: Duration = Duration::from_secs(1);

/// A client's socket.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    interest: Interest,
}

impl Control {
    /// Makes the socket, and its folder where there is none. Whoever is to be let in besides root has this number.
    ///
    /// # Errors
    /// One line that says what can't be done at that place, and what that means.
    pub(crate) fn open(path: &Path, own_uid: u32) -> Result<Control, String> {
        let open = || {
            // An image FROM scratch has no /run. Where it can't be made, bind says the same and more.
            let folders: Vec<&Path> = path.ancestors().skip(1).collect();
            for folder in folders.into_iter().rev() {
                _ = DirBuilder::new().mode(FOLDER_MODE).create(folder);
            }
            let listener = Listener::bind(path, MODE)?;
            let poll = Poll::new()?;
            poll.add(listener.as_fd(), LISTENER, Interest::Read)?;
            Ok((listener, poll))
        };
        let (listener, poll) = open().map_err(|error: std::io::Error| {
            format!(
                "there is no control socket, so 'ctl' and 'healthcheck' can't reach bowout: {error} (--socket, BOWOUT_SOCKET or 'control' in bowout.toml names another place)"
            )
        })?;
        Ok(Control {
            listener,
            poll,
            server: Server::new(own_uid),
            connections: Map::new(),
            accept_again: None,
        })
    }

    /// Is readable when there is something to do. It stays the same.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }

    /// Whether nobody is connected.
    pub(crate) fn is_alone(&self) -> bool {
        self.server.is_alone()
    }

    /// Does a bounded piece of work: accepts, reads, answers, writes.
    #[must_use = "clients have been told that it is done"]
    pub(crate) fn turn(&mut self, scene: &dyn Scene, clock: Clock) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let mut ready = Vec::new();
        if self.poll.wait(Some(Duration::ZERO), &mut ready).is_err() {
            return wanted;
        }
        for ready in ready {
            if ready.token == LISTENER {
                self.accept(clock);
            } else if let Some(id) = self.client(ready.token) {
                let is_gone = self.read(id, ready);
                wanted.extend(self.server.serve(id, scene, clock));
                if is_gone {
                    self.server.closed(id);
                }
                self.write(id, scene, clock);
            }
        }
        wanted
    }

    /// Ends what was waited for, and sends what is new. Call it when no event is left to treat: what a
    /// client asked for must have reached the core.
    pub(crate) fn settle(&mut self, scene: &dyn Scene, clock: Clock) {
        if self.accept_again.is_some_and(|again| again <= clock.now) {
            self.listen();
        }
        if self.connections.is_empty() {
            return;
        }
        self.server.settle(scene, clock);
        let ids: Vec<ClientId> = self.connections.keys().copied().collect();
        for id in ids {
            self.write(id, scene, clock);
        }
    }

    /// When [`settle`](Control::settle) is due, whatever else happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.server
            .deadline()
            .into_iter()
            .chain(self.accept_again)
            .min()
    }

    /// Tells those who follow events. It is sent with the next [`settle`](Control::settle).
    pub(crate) fn tell(&mut self, note: &Note, scene: &dyn Scene, clock: Clock) {
        if self.connections.is_empty() {
            return;
        }
        let plan = scene.plan();
        let service = happening::service(note, plan).and_then(|id| plan.services().get(id.0));
        if self
            .server
            .has_followers(service.map(|service| service.name.as_str()))
            && let Some(event) = happening::of(note, scene, clock)
        {
            self.server.publish(&event);
        }
    }

    /// A change of the configuration worked: the core has been, or is being, told.
    pub(crate) fn done(&mut self, ticket: Ticket, changed: Changed, clock: Clock) {
        self.server.done(ticket, changed, clock);
    }

    /// A change of the configuration did not work, and changed nothing.
    pub(crate) fn failed(&mut self, ticket: Ticket, code: Code, message: &str) {
        self.server.failed(ticket, code, message);
    }

    fn client(&self, token: u64) -> Option<ClientId> {
        let mut ids = self.connections.keys();
        ids.find(|id| id.number() == token).copied()
    }

    fn accept(&mut self, clock: Clock) {
        for _ in 0..AT_ONCE {
            match self.listener.accept() {
                Ok(Some((stream, peer))) => self.connected(stream, peer, clock),
                Ok(None) => return,
                // It would be told again at once, and again, while nothing can be done about it.
                Err(_) => {
                    _ = self.poll.remove(self.listener.as_fd());
                    self.accept_again = Some(clock.now.after(PAUSE));
                    return;
                }
            }
        }
    }

    fn listen(&mut self) {
        let listener = self.listener.as_fd();
        if self.poll.add(listener, LISTENER, Interest::Read).is_ok() {
            self.accept_again = None;
        }
    }

    fn connected(&mut self, mut stream: Stream, peer: Peer, clock: Clock) {
        let id = match self.server.connected(peer.uid, clock) {
            Ok(id) => id,
            Err(line) => {
                // It fits, or it is lost.
                _ = stream.write(&line);
                return;
            }
        };
        // Somebody may have had to leave for it.
        let server = &self.server;
        self.connections.retain(|id, _| !server.is_over(*id));
        let interest = Interest::Read;
        match self.poll.add(stream.as_fd(), id.number(), interest) {
            Ok(()) => _ = self.connections.insert(id, Connection { stream, interest }),
            Err(_) => self.server.closed(id),
        }
    }

    /// Reads once. Returns whether the client has left: what it had sent before still counts.
    fn read(&mut self, id: ClientId, ready: Ready) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else {
            return true;
        };
        if !ready.readable {
            return ready.hung_up;
        }
        if !self.server.wants_read(id) {
            return false;
        }
        let mut room = [0; CHUNK];
        match connection.stream.read(&mut room) {
            Ok(Some(length)) => {
                self.server.received(id, &room[..length]);
                length == 0 && ready.hung_up
            }
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// Writes what a client takes now, fetches more for it while it does, and waits for what is next.
    fn write(&mut self, id: ClientId, scene: &dyn Scene, clock: Clock) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        for _ in 0..AT_ONCE {
            let queued = self.server.queued(id);
            if queued.is_empty() {
                break;
            }
            match connection.stream.write(queued) {
                Ok(Some(length)) => self.server.written(id, length, clock),
                Ok(None) => break,
                Err(_) => self.server.closed(id),
            }
            self.server.feed(id, scene, clock);
        }
        if self.server.is_over(id) {
            self.server.closed(id);
            self.connections.remove(&id);
            // There is a descriptor again.
            if self.accept_again.is_some() {
                self.listen();
            }
            return;
        }
        let wanted = match (self.server.wants_read(id), self.server.wants_write(id)) {
            (true, true) => Interest::Both,
            (true, false) => Interest::Read,
            (false, true) => Interest::Write,
            (false, false) => Interest::None,
        };
        if wanted != connection.interest {
            connection.interest = wanted;
            let fd = connection.stream.as_fd();
            _ = self.poll.change(fd, id.number(), wanted);
        }
    }
}

#[cfg(test)]
mod tests;
