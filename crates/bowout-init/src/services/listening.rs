//! Waits for signals and descriptors together, signals first.

use crate::notify;
use bowout_core::SignalSet;
use bowout_core::event::Received;
use bowout_sys::notify::Socket;
use bowout_sys::pipe;
use bowout_sys::poll::{Interest, Poll, Ready};
use bowout_sys::signals::Descriptor;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

const SIGNALS: u64 = 0;
const NOTICES: u64 = 1;
const CONTROL: u64 = 2;
const OUTPUTS: u64 = 3;
/// Readiness pipes have their own numbers, each once, from here on.
const PIPES: u64 = 16;

/// A part of that number says where its service was in the plan when it was made.
const PLACES: u64 = 1 << 24;

/// How often in a row signals go before everything else. A storm of them must not silence the others.
const PATIENCE: u32 = 16;

/// Everybody may write to the socket; who wrote is told by the kernel.
const MODE: u32 = 0o666;

/// All that is waited for.
pub(super) struct Listening {
    poll: Poll,
    signals: Descriptor,
    pub(super) notices: Option<Socket>,
    /// What has something to tell, as of the last wait.
    ready: Vec<Ready>,
    next_pipe: u64,
    put_off: u32,
    /// Datagrams are read into it.
    pub(super) room: Vec<u8>,
}

/// What a wait was ended by. Neither: the time is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// There are signals to take.
    pub(crate) signals: bool,
    /// Somebody else is to be heard now.
    pub(crate) others: bool,
}

/// Who is to be heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Voice {
    Notices,
    Control,
    Outputs,
    Pipe(u64),
}

impl Listening {
    pub(super) fn new(set: SignalSet) -> io::Result<Listening> {
        let poll = Poll::new()?;
        let signals = Descriptor::new(set)?;
        poll.add(signals.as_fd(), SIGNALS, Interest::Read)?;
        Ok(Listening {
            poll,
            signals,
            notices: None,
            ready: Vec::new(),
            next_pipe: PIPES,
            put_off: 0,
            room: Vec::new(),
        })
    }

    /// Opens the notify socket and returns what services find it by. An abstract name needs no directory
    /// that can be written to, and reaches every user and every chroot; containers of a pod share these
    /// names, so a part of it is chance.
    pub(super) fn hear_notices(&mut self) -> io::Result<String> {
        let name = format!("@bowout/{:016x}", bowout_sys::chance());
        let socket = Socket::bind(Path::new(&name), MODE)?;
        self.poll.add(socket.as_fd(), NOTICES, Interest::Read)?;
        self.notices = Some(socket);
        self.room = vec![0; notify::LONGEST];
        Ok(name)
    }

    pub(super) fn hear_control(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poll.add(fd, CONTROL, Interest::Read)
    }

    pub(super) fn hear_outputs(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.poll.add(fd, OUTPUTS, Interest::Read)
    }

    /// A pipe, with the number that [`Voice::Pipe`] names it by. It is not heard any more once its end to
    /// read is dropped.
    pub(super) fn pipe(&mut self, place: usize) -> io::Result<(u64, pipe::Reader, OwnedFd)> {
        let (reader, end) = pipe::pair()?;
        let token = self.next_pipe * PLACES + place as u64 % PLACES;
        self.poll.add(reader.as_fd(), token, Interest::Read)?;
        self.next_pipe += 1;
        Ok((token, reader, end))
    }

    /// Where the service of a pipe is most likely.
    pub(super) fn place(token: u64) -> usize {
        usize::try_from(token % PLACES).unwrap_or(0)
    }

    /// Waits; what has something to tell and is not heard now tells it again with the next wait.
    pub(super) fn wait(&mut self, limit: Option<Duration>) -> io::Result<Heard> {
        self.poll.wait(limit, &mut self.ready)?;
        let signals = self.ready.iter().any(|ready| ready.token == SIGNALS);
        let others = self.ready.len() > usize::from(signals);
        let are_put_off = signals && others && self.put_off < PATIENCE;
        self.put_off = if are_put_off { self.put_off + 1 } else { 0 };
        Ok(Heard {
            signals,
            others: others && !are_put_off,
        })
    }

    /// Who had something to tell at the last wait, beside signals.
    pub(super) fn voices(&self) -> Vec<Voice> {
        let others = self.ready.iter().filter_map(|ready| match ready.token {
            SIGNALS => None,
            NOTICES => Some(Voice::Notices),
            CONTROL => Some(Voice::Control),
            OUTPUTS => Some(Voice::Outputs),
            token => Some(Voice::Pipe(token)),
        });
        others.collect()
    }

    /// The next signal. An error is not known to happen; it is none then.
    pub(super) fn next_signal(&mut self) -> Option<Received> {
        self.signals.next().ok().flatten()
    }
}
