//! Gives each line of a service to all who want it: its destination, the ring, and whoever waits for a pattern.

use super::News;
use super::destination::Destination;
use super::file::{LogFile, Rotation};
use super::form::{self, Form, Origin, Stream};
use super::lines::{Piece, Room};
use super::ring::Ring;
use crate::settings::Output;
use bowout_core::Pid;
use bowout_core::order::{Map, Set, gathered};
use std::path::Path;
use std::time::SystemTime;

/// One name that is longer than this does not push the lines of all the others to the right.
const WIDEST: usize = 20;

/// One service's output.
#[derive(Debug)]
pub(super) struct Channel {
    name: String,
    shape: Shape,
    /// Where its two streams go; `None`: nowhere.
    to: Option<[usize; 2]>,
    /// Its main process.
    pub(super) pid: Option<Pid>,
    /// What makes it ready.
    pattern: Option<Vec<u8>>,
    colour: u8,
}

/// How lines look, apart from where they go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    Plain,
    Prefix,
    Json,
}

/// Every service's output, and where it goes.
#[derive(Debug)]
pub(super) struct Channels {
    channels: Vec<Option<Channel>>,
    names: Map<String, usize>,
    /// The two standard streams, and files. A place that nobody uses any more is free.
    destinations: Vec<Option<Destination>>,
    /// Destinations for which something came.
    marked: Vec<usize>,
    pub(super) ring: Ring,
    colours: bool,
    /// The longest name that others make room for.
    width: usize,
}

impl Channels {
    pub(super) fn new(colours: bool) -> Channels {
        Channels {
            channels: Vec::new(),
            names: Map::new(),
            destinations: vec![None, None],
            marked: Vec::new(),
            ring: Ring::default(),
            colours,
            width: 0,
        }
    }

    /// Puts something in the place of a standard stream.
    #[cfg(test)]
    pub(super) fn replace_standard(&mut self, stream: Stream, destination: Destination) {
        self.destinations[stream as usize] = Some(destination);
    }

    /// How many places for services there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.channels.len()
    }

    /// These are all services. Of others, what is not `busy` is forgotten.
    pub(super) fn expect<'a>(&mut self, names: impl Iterator<Item = &'a str>, busy: &Set<usize>) {
        let names: Set<&str> = gathered(names);
        let widths = names.iter().map(|name| name.chars().count());
        self.width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
        self.ring.retain(|name| names.contains(name));
        self.names.retain(|name, index| {
            let stays = names.contains(name.as_str()) || busy.contains(index);
            if !stays {
                self.channels[*index] = None;
            }
            stays
        });
        let open = self.channels.iter().flatten();
        let used: Set<usize> = gathered(open.filter_map(|channel| channel.to).flatten());
        for (index, place) in self.destinations.iter_mut().enumerate().skip(2) {
            let is_done =
                |destination: &Destination| destination.queue.is_empty() && !destination.is_dirty;
            if !used.contains(&index) && place.as_ref().is_some_and(is_done) {
                *place = None;
            }
        }
    }

    /// Says what becomes of a service's output from now on.
    pub(super) fn open(&mut self, name: &str, log: &Output, pattern: Option<&str>) -> usize {
        let (shape, to) = match log {
            Output::Inherit => (Shape::Plain, Some([self.standard(0), self.standard(1)])),
            Output::Prefix => (Shape::Prefix, Some([self.standard(0), self.standard(1)])),
            Output::Json => (Shape::Json, Some([self.standard(0), self.standard(1)])),
            Output::File {
                path,
                max_size,
                keep,
            } => {
                let rotation = max_size.map(|max_size| Rotation {
                    max_size,
                    keep: *keep,
                });
                let file = self.file(path, rotation);
                (Shape::Plain, Some([file, file]))
            }
            Output::Null => (Shape::Plain, None),
        };
        let index = match self.names.get(name) {
            Some(index) => *index,
            None => {
                // Each name has a place, so that there may be no need to look for a free one.
                let places = match self.names.len() < self.channels.len() {
                    true => self.channels.as_slice(),
                    false => &[],
                };
                let free = places.iter().position(Option::is_none);
                let index = free.unwrap_or(self.channels.len());
                if free.is_none() {
                    self.channels.push(None);
                }
                self.names.insert(name.to_owned(), index);
                index
            }
        };
        self.channels[index] = Some(Channel {
            name: name.to_owned(),
            shape,
            to,
            pid: None,
            pattern: pattern.map(|pattern| pattern.as_bytes().to_vec()),
            colour: form::colour(index),
        });
        index
    }

    fn standard(&mut self, index: usize) -> usize {
        let number = if index == 0 { 1 } else { 2 };
        self.destinations[index].get_or_insert_with(|| Destination::standard(number));
        index
    }

    /// A file that two services have in common is one destination, so that it is put aside once.
    fn file(&mut self, path: &Path, rotation: Option<Rotation>) -> usize {
        // bowout may be in another directory when it is opened, or made anew. What comes of this has one form only.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        for (index, place) in self.destinations.iter_mut().enumerate() {
            if let Some(file) = place.as_mut().and_then(Destination::file)
                && file.path().as_os_str() == path.as_os_str()
            {
                file.set_rotation(rotation);
                return index;
            }
        }
        let new = Some(Destination::named(LogFile::new(path, rotation)));
        match self.destinations.iter().skip(2).position(Option::is_none) {
            Some(free) => {
                self.destinations[2 + free] = new;
                2 + free
            }
            None => {
                self.destinations.push(new);
                self.destinations.len() - 1
            }
        }
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub(super) fn find(&mut self, name: &str) -> Option<&mut Channel> {
        let index = self.index(name)?;
        self.channels.get_mut(index)?.as_mut()
    }

    pub(super) fn name(&self, index: usize) -> Option<&str> {
        let channel = self.channels.get(index)?.as_ref()?;
        Some(&channel.name)
    }

    /// Gives one line to all who want it.
    pub(super) fn take(
        &mut self,
        index: usize,
        stream: Stream,
        piece: Piece<'_>,
        wall: SystemTime,
        news: &mut Vec<News>,
    ) -> Room {
        let Some(Some(channel)) = self.channels.get_mut(index) else {
            return Room::More;
        };
        if let Some(pattern) = &channel.pattern
            && contains(piece.text, pattern)
        {
            channel.pattern = None;
            news.push(News::Matched {
                service: channel.name.clone(),
            });
        }
        let Some(to) = channel.to else {
            return Room::More;
        };
        self.ring.push(&channel.name, stream, wall, piece.text);
        let place = to[stream as usize];
        let Some(destination) = &mut self.destinations[place] else {
            return Room::More;
        };
        let form = match channel.shape {
            Shape::Plain => Form::Plain,
            Shape::Json => Form::Json,
            Shape::Prefix => Form::Prefix {
                width: self.width,
                colour: (self.colours && destination.is_terminal()).then_some(channel.colour),
            },
        };
        let origin = Origin {
            service: &channel.name,
            pid: channel.pid,
            stream,
            time: wall,
        };
        form.write(piece, origin, destination.queue.end());
        if !destination.is_dirty {
            destination.is_dirty = true;
            self.marked.push(place);
        }
        match destination.queue.is_full() {
            true => Room::Full,
            false => Room::More,
        }
    }

    /// Something can be written to this destination.
    pub(super) fn mark(&mut self, index: usize) {
        if let Some(Some(destination)) = self.destinations.get_mut(index)
            && !destination.is_dirty
        {
            destination.is_dirty = true;
            self.marked.push(index);
        }
    }

    /// The next destination to write to.
    pub(super) fn next_marked(&mut self) -> Option<(usize, &mut Destination)> {
        let index = self.marked.pop()?;
        // What is marked is not thrown away, so this is no early end.
        let destination = self.destinations.get_mut(index)?.as_mut()?;
        destination.is_dirty = false;
        Some((index, destination))
    }

    /// Whether whoever writes there may go on.
    pub(super) fn has_room(&self, (channel, stream): (usize, Stream)) -> bool {
        let channel = self.channels.get(channel).and_then(Option::as_ref);
        let place = channel.and_then(|channel| channel.to);
        let destination =
            place.and_then(|place| self.destinations[place[stream as usize]].as_ref());
        destination.is_none_or(|destination| destination.queue.is_low())
    }

    /// Whether nothing waits anywhere.
    pub(super) fn are_empty(&self) -> bool {
        let mut destinations = self.destinations.iter().flatten();
        destinations.all(|destination| destination.queue.is_empty())
    }

    /// Makes files anew that somebody has moved.
    pub(super) fn reopen(&mut self) {
        for destination in self.destinations.iter_mut().flatten() {
            destination.reopen();
        }
    }

    /// There is no more time: what waits is thrown away, and counted.
    pub(super) fn close(&mut self, news: &mut Vec<News>) {
        for destination in self.destinations.iter_mut().flatten() {
            destination.close(news);
        }
    }
}

/// Whether these bytes come one after the other in a text. No pattern language: nobody can write a text
/// that takes long to look through.
fn contains(text: &[u8], pattern: &[u8]) -> bool {
    pattern.is_empty() || text.windows(pattern.len()).any(|window| window == pattern)
}
