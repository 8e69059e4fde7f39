//! Copies what services write to where it shall go, without ever waiting for whoever reads it there.
//!
//! A service whose output is inherited writes to the container's own streams, and nothing of this is
//! used. For any other one the loop does this:
//!
//! | when | call |
//! |---|---|
//! | a plan is made, or installed | [`Outputs::expect`] with the names of all its services, for the width of prefixes |
//! | before a spawn | [`Outputs::open`]: the [`Ends`] are the child's descriptors 1 and 2; drop them once it runs |
//! | after the spawn | [`Outputs::spawned`] with its pid |
//! | [`Outputs::descriptor`] is readable | [`Outputs::turn`]: a bounded piece of work; look at signals between two |
//! | a main process was reaped | [`Outputs::ended`], before anything about it goes to the log |
//! | the configuration is read again | [`Outputs::reopen`], so that files that were moved are made anew |
//! | all is over | [`Outputs::flush`], which waits for readers, but not beyond the moment it is given |
//! | `ctl logs` | [`Outputs::ring`] |
//!
//! What follows from a call comes back as [`News`].
//!
//! The way of a line: pipe → [`Lines`](lines::Lines) → [`Form`](form::Form) → [`Queue`](queue::Queue) or
//! file. When the queue of a destination is full, the pipes that feed it are not read any more, so that
//! their services wait as they would without bowout, and nothing is lost. Signals, reaping and the stop
//! never wait: all descriptors are watched by one epoll of its own, which the loop watches in turn.

mod channel;
mod destination;
mod file;
mod form;
mod lines;
mod queue;
mod ring;
mod source;

pub(crate) use form::Stream;
pub(crate) use ring::{Follower, Item, Line, Ring};

use crate::log::Level;
use crate::settings::Output;
use bowout_core::{Instant, Pid};
use bowout_sys::pipe;
use bowout_sys::poll::{Interest, Poll, Ready};
use channel::Channels;
use destination::Wrote;
use source::{Read, Sources};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime};

/// Pipes of earlier runs that stay open because somebody still has them, a session of a daemon for
/// example. With more than this the oldest are closed: nothing here grows for ever.
const EARLIER: usize = 8;

/// Where a child's standard output and error go; `None`: where bowout's own go.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// Descriptor 1.
    pub(crate) stdout: Option<OwnedFd>,
    /// Descriptor 2.
    pub(crate) stderr: Option<OwnedFd>,
}

/// What follows from a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum News {
    /// The pattern of this service was found in a line. Once at most for each `open`.
    Matched {
        /// Its name.
        service: String,
    },
    /// Something for the log.
    Say(Level, String),
}

/// All output that is copied.
#[derive(Debug)]
pub(crate) struct Outputs {
    poll: Poll,
    ready: Vec<Ready>,
    sources: Sources,
    channels: Channels,
    /// It is over: nothing is watched but for room.
    closing: bool,
}

/// What a number in the poll stands for.
enum Token {
    Source(usize),
    Destination(usize),
}

impl Token {
    fn number(self) -> u64 {
        match self {
            Token::Source(index) => 2 * index as u64,
            Token::Destination(index) => 2 * index as u64 + 1,
        }
    }

    fn of(number: u64) -> Token {
        let index = usize::try_from(number / 2).unwrap_or(usize::MAX);
        match number % 2 {
            0 => Token::Source(index),
            _ => Token::Destination(index),
        }
    }
}

impl Outputs {
    /// Whether anything is copied with these settings. Where that is so for no service, there need be no
    /// `Outputs`; for one that does not exist yet, [`Ends::default`] is the answer.
    pub(crate) fn copies(log: &Output, pattern: Option<&str>) -> bool {
        !matches!(log, Output::Inherit) || pattern.is_some()
    }

    /// Nothing yet. `colours`: whether NO_COLOR is unset; they go to terminals only.
    ///
    /// # Errors
    /// As [`Poll::new`]. Then everything is to be inherited.
    pub(crate) fn new(colours: bool) -> io::Result<Outputs> {
        Ok(Outputs {
            poll: Poll::new()?,
            ready: Vec::new(),
            sources: Sources::default(),
            channels: Channels::new(colours),
            closing: false,
        })
    }

    /// For the loop to watch: it can be read when there is something to do. Never another one.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }

    /// These are all services; of others the lines are forgotten.
    pub(crate) fn expect<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.channels.expect(names, &self.sources.channels());
    }

    /// Makes what the next run of a service writes to, and looks for the pattern in it. What can't be
    /// made is inherited, and told. `owner` is the user that it runs as, if that is another than bowout's.
    pub(crate) fn open(
        &mut self,
        name: &str,
        log: &Output,
        pattern: Option<&str>,
        owner: Option<u32>,
    ) -> (Ends, Vec<News>) {
        let mut news = Vec::new();
        if !Outputs::copies(log, pattern) {
            return (Ends::default(), news);
        }
        if *log == Output::Null
            && pattern.is_none()
            && let Some(ends) = null()
        {
            return (ends, news);
        }
        let channel = self.channels.open(name, log, pattern);
        self.close_earlier(channel, &mut news);
        let mut end = |stream: Stream| match self.pipe(channel, stream) {
            Ok(end) => {
                if let Some(uid) = owner {
                    // A bowout that may not do this has no other users' services either.
                    _ = pipe::give(end.as_fd(), uid);
                }
                Some(end)
            }
            Err(error) => {
                let text = format!(
                    "the {} of service {name} is the container's own: {error}",
                    stream.name()
                );
                news.push(News::Say(Level::Error, text));
                None
            }
        };
        let ends = Ends {
            stdout: end(Stream::Out),
            stderr: end(Stream::Err),
        };
        (ends, news)
    }

    fn pipe(&mut self, channel: usize, stream: Stream) -> io::Result<OwnedFd> {
        let (reader, end) = pipe::pair()?;
        let index = self.sources.add(reader, channel, stream);
        if let Err(error) = self.watch(index, Interest::Read) {
            self.sources.remove(index);
            return Err(error);
        }
        Ok(end)
    }

    /// A service's program runs: JSON lines tell its pid.
    pub(crate) fn spawned(&mut self, name: &str, pid: Pid) {
        if let Some(channel) = self.channels.find(name) {
            channel.pid = Some(pid);
        }
    }

    /// Does what there is to do now, by a bound, and waits for nobody.
    pub(crate) fn turn(&mut self, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        let mut ready = std::mem::take(&mut self.ready);
        if let Err(error) = self.poll.wait(Some(Duration::ZERO), &mut ready) {
            // Not known to happen, and the lines are still in their pipes.
            news.push(News::Say(Level::Error, error.to_string()));
        }
        let wall = wall();
        for ready in &ready {
            match Token::of(ready.token) {
                Token::Source(index) => _ = self.read(index, wall, &mut news),
                Token::Destination(index) => self.channels.mark(index),
            }
        }
        self.ready = ready;
        self.settle(now, wall, &mut news);
        news
    }

    /// The main process of a service has ended: what it wrote is read now, so that it comes before what
    /// is said about its end. Others may have the pipe still; what they write is read when it comes.
    pub(crate) fn ended(&mut self, name: &str, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        if let Some(channel) = self.channels.index(name) {
            let wall = wall();
            for index in self.sources.of(channel) {
                self.drain(index, wall, &mut news);
            }
            self.settle(now, wall, &mut news);
        }
        news
    }

    /// Makes files anew that somebody has moved.
    pub(crate) fn reopen(&mut self) {
        self.channels.reopen();
    }

    /// The last lines.
    pub(crate) fn ring(&self) -> &Ring {
        &self.channels.ring
    }

    /// Reads what is left in pipes and writes it out. Readers that stall are waited for until then; what
    /// they have not taken is counted. Nothing is read after this.
    pub(crate) fn flush(&mut self, until: Instant) -> Vec<News> {
        let mut news = Vec::new();
        self.closing = true;
        for index in self.sources.all() {
            // A pipe that can't be taken out would only be told of once too often.
            _ = self.watch(index, Interest::None);
            self.drain(index, wall(), &mut news);
        }
        let mut ready = std::mem::take(&mut self.ready);
        loop {
            let now = bowout_sys::clock::now();
            self.settle(now, wall(), &mut news);
            let is_done = self.channels.are_empty() && !self.sources.any_paused();
            if is_done
                || until <= now
                || self.poll.wait(Some(until.since(now)), &mut ready).is_err()
            {
                break;
            }
            for ready in &ready {
                if let Token::Destination(index) = Token::of(ready.token) {
                    self.channels.mark(index);
                }
            }
        }
        self.give_up(&mut news);
        news
    }

    /// There is no more time: lines without an end get one, and what nobody took is counted.
    fn give_up(&mut self, news: &mut Vec<News>) {
        for index in self.sources.all() {
            if self.sources.is_paused(index)
                && let Some(name) = self.channels.name(self.sources.channel(index))
            {
                let text = format!("not all that service {name} wrote was read: nobody took it");
                news.push(News::Say(Level::Notice, text));
            }
            self.close(index, news);
        }
        let now = bowout_sys::clock::now();
        self.write(now, news);
        self.channels.close(news);
    }

    /// Reads once from a pipe.
    fn read(&mut self, index: usize, wall: SystemTime, news: &mut Vec<News>) -> Read {
        let channels = &mut self.channels;
        let read = self.sources.read(index, |channel, stream, piece| {
            channels.take(channel, stream, piece, wall, news)
        });
        self.follow(index, read)
    }

    /// Reads a pipe to its end, by the bound of what a pipe can hold.
    fn drain(&mut self, index: usize, wall: SystemTime, news: &mut Vec<News>) {
        let mut left = source::MOST;
        while let Read::Some(count) = self.read(index, wall, news)
            && left > 0
        {
            left = left.saturating_sub(count);
        }
    }

    /// Watches a pipe or not, as what came of it wants it.
    fn follow(&mut self, index: usize, read: Read) -> Read {
        match read {
            Read::Some(_) | Read::Nothing => {}
            Read::Full => _ = self.watch(index, Interest::None),
            Read::Over => {
                _ = self.watch(index, Interest::None);
                self.sources.remove(index);
            }
        }
        read
    }

    /// Writes what waits, and lets those go on that had to wait for it, until neither is possible.
    fn settle(&mut self, now: Instant, wall: SystemTime, news: &mut Vec<News>) {
        loop {
            self.write(now, news);
            let mut goes_on = false;
            for index in self.sources.paused() {
                if !self.channels.has_room(self.sources.target(index)) {
                    continue;
                }
                goes_on = true;
                let channels = &mut self.channels;
                let read = self.sources.resume(index, |channel, stream, piece| {
                    channels.take(channel, stream, piece, wall, news)
                });
                if let Read::Some(_) = self.follow(index, read) {
                    match self.closing {
                        true => self.drain(index, wall, news),
                        false => _ = self.watch(index, Interest::Read),
                    }
                }
            }
            if !goes_on {
                return;
            }
        }
    }

    /// Writes to every destination for which something came.
    fn write(&mut self, now: Instant, news: &mut Vec<News>) {
        while let Some((index, destination)) = self.channels.next_marked() {
            let wrote = destination.write(now, news);
            let wanted = wrote == Wrote::Blocked;
            if wanted != destination.is_watched
                && let Some(fd) = destination.descriptor()
            {
                let token = Token::Destination(index).number();
                let done = match wanted {
                    true => self.poll.add(fd, token, Interest::Write),
                    false => self.poll.remove(fd),
                };
                destination.is_watched = wanted && done.is_ok();
                if done.is_err() && wanted {
                    // Nobody would ever say that there is room.
                    destination.close(news);
                }
            }
            if wrote == Wrote::Gone {
                destination.leave();
            }
        }
    }

    fn watch(&mut self, index: usize, interest: Interest) -> io::Result<()> {
        match self.sources.descriptor(index) {
            Some(fd) => self
                .poll
                .change(fd, Token::Source(index).number(), interest),
            None => Ok(()),
        }
    }

    fn close_earlier(&mut self, channel: usize, news: &mut Vec<News>) {
        let open = self.sources.of(channel);
        for index in &open[..open.len().saturating_sub(EARLIER)] {
            self.close(*index, news);
        }
    }

    /// Closes a pipe whatever is in it.
    fn close(&mut self, index: usize, news: &mut Vec<News>) {
        let channels = &mut self.channels;
        let wall = wall();
        self.sources.finish(index, |channel, stream, piece| {
            channels.take(channel, stream, piece, wall, news)
        });
        _ = self.watch(index, Interest::None);
        self.sources.remove(index);
    }
}

/// Descriptors that throw everything away; `None` in an image without /dev.
fn null() -> Option<Ends> {
    let open = || std::fs::File::options().write(true).open("/dev/null");
    Some(Ends {
        stdout: Some(open().ok()?.into()),
        stderr: Some(open().ok()?.into()),
    })
}

/// Now, for people.
fn wall() -> SystemTime {
    let (seconds, nanos) = bowout_sys::clock::wall();
    SystemTime::UNIX_EPOCH + Duration::new(u64::try_from(seconds).unwrap_or(0), nanos)
}

#[cfg(test)]
mod tests;
