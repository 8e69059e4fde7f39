//! Reads the pipes that services write to, and keeps from each the line that is not complete.

use super::form::Stream;
use super::lines::{Lines, Piece, Room};
use bowout_core::order::{Set, gathered};
use bowout_sys::pipe::Reader;
use std::os::fd::{AsFd, BorrowedFd};

/// How much is read at once. Between two reads signals are looked at.
const ONCE: usize = 16 * 1024;

/// What a pipe holds at most, where nobody has raised it (pipe(7), /proc/sys/fs/pipe-max-size).
pub(super) const MOST: usize = 1024 * 1024;

/// All pipes, each by a number that stays the same.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pipes: Vec<Option<Pipe>>,
    free: Vec<usize>,
    /// Those that are not read because nobody has room for more.
    paused: Vec<usize>,
    room: Vec<u8>,
    /// For each service its own, the oldest first.
    own: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Pipe {
    reader: Reader,
    lines: Lines,
    channel: usize,
    stream: Stream,
    is_paused: bool,
    /// Everybody who could write is gone.
    is_over: bool,
}

/// What came of reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Read {
    /// So many bytes; there may be more.
    Some(usize),
    /// Nothing is there now.
    Nothing,
    /// Nobody has room for more.
    Full,
    /// All was read, and nobody can write any more.
    Over,
}

impl Sources {
    pub(super) fn add(&mut self, reader: Reader, channel: usize, stream: Stream) -> usize {
        let pipe = Pipe {
            reader,
            lines: Lines::default(),
            channel,
            stream,
            is_paused: false,
            is_over: false,
        };
        let index = self.free.pop().unwrap_or(self.pipes.len());
        match self.pipes.get_mut(index) {
            Some(place) => *place = Some(pipe),
            None => self.pipes.push(Some(pipe)),
        }
        if self.own.len() <= channel {
            self.own.resize_with(channel + 1, Vec::new);
        }
        self.own[channel].push(index);
        index
    }

    pub(super) fn remove(&mut self, index: usize) {
        if let Some(pipe) = self.pipes.get_mut(index).and_then(Option::take) {
            self.free.push(index);
            self.paused.retain(|paused| *paused != index);
            self.own[pipe.channel].retain(|own| *own != index);
        }
    }

    fn get(&self, index: usize) -> Option<&Pipe> {
        self.pipes.get(index).and_then(Option::as_ref)
    }

    /// All that are open.
    pub(super) fn all(&self) -> Vec<usize> {
        let open = |index: &usize| self.pipes[*index].is_some();
        (0..self.pipes.len()).filter(open).collect()
    }

    /// Those of one service, the oldest first.
    pub(super) fn of(&self, channel: usize) -> Vec<usize> {
        self.own.get(channel).cloned().unwrap_or_default()
    }

    pub(super) fn paused(&self) -> Vec<usize> {
        self.paused.clone()
    }

    pub(super) fn any_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    pub(super) fn is_paused(&self, index: usize) -> bool {
        self.get(index).is_some_and(|pipe| pipe.is_paused)
    }

    /// Whose pipes are open.
    pub(super) fn channels(&self) -> Set<usize> {
        let is_open = |channel: &usize| !self.own[*channel].is_empty();
        gathered((0..self.own.len()).filter(is_open))
    }

    /// Whose it is.
    pub(super) fn channel(&self, index: usize) -> usize {
        self.get(index).map_or(usize::MAX, |pipe| pipe.channel)
    }

    /// Whose it is, and which stream.
    pub(super) fn target(&self, index: usize) -> (usize, Stream) {
        let pipe = self.get(index);
        pipe.map_or((usize::MAX, Stream::Out), |pipe| {
            (pipe.channel, pipe.stream)
        })
    }

    pub(super) fn descriptor(&self, index: usize) -> Option<BorrowedFd<'_>> {
        self.get(index).map(|pipe| pipe.reader.as_fd())
    }

    /// Reads once, and gives the lines that are complete by it.
    pub(super) fn read(
        &mut self,
        index: usize,
        mut take: impl FnMut(usize, Stream, Piece<'_>) -> Room,
    ) -> Read {
        let Some(Some(pipe)) = self.pipes.get_mut(index) else {
            return Read::Nothing;
        };
        if pipe.is_paused {
            return Read::Full;
        }
        if self.room.is_empty() {
            self.room = vec![0; ONCE];
        }
        let (channel, stream) = (pipe.channel, pipe.stream);
        let take = |piece: Piece<'_>| take(channel, stream, piece);
        // An error of a pipe is not known; there is nothing to be had from it any more.
        let (room, read) = match pipe.reader.read(&mut self.room).unwrap_or(Some(0)) {
            None => return Read::Nothing,
            Some(0) => {
                pipe.is_over = true;
                (pipe.lines.finish(take), Read::Over)
            }
            Some(count) => (
                pipe.lines.feed(&self.room[..count], take),
                Read::Some(count),
            ),
        };
        match room {
            Room::More => read,
            Room::Full => {
                pipe.is_paused = true;
                self.paused.push(index);
                Read::Full
            }
        }
    }

    /// Gives what was held back because nobody had room.
    pub(super) fn resume(
        &mut self,
        index: usize,
        mut take: impl FnMut(usize, Stream, Piece<'_>) -> Room,
    ) -> Read {
        let Some(Some(pipe)) = self.pipes.get_mut(index) else {
            return Read::Nothing;
        };
        let (channel, stream) = (pipe.channel, pipe.stream);
        let take = |piece: Piece<'_>| take(channel, stream, piece);
        let room = match pipe.is_over {
            true => pipe.lines.finish(take),
            false => pipe.lines.resume(take),
        };
        if room == Room::Full {
            return Read::Full;
        }
        pipe.is_paused = false;
        let is_over = pipe.is_over;
        self.paused.retain(|paused| *paused != index);
        match is_over {
            true => Read::Over,
            false => Read::Some(0),
        }
    }

    /// Gives what was held back, whether there is room or not: at most what is read at once, and a line.
    pub(super) fn finish(
        &mut self,
        index: usize,
        mut take: impl FnMut(usize, Stream, Piece<'_>) -> Room,
    ) {
        if let Some(Some(pipe)) = self.pipes.get_mut(index) {
            let (channel, stream) = (pipe.channel, pipe.stream);
            pipe.lines.finish(|piece| {
                // A full queue is no reason to keep it any more.
                take(channel, stream, piece);
                Room::More
            });
        }
    }
}
