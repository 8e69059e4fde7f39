//! Catches signals by handler and takes them by signalfd, and tells how each one came.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// A signal that has arrived.
pub(crate) struct Arrival {
    /// Its number.
    pub(crate) signal: i32,
    /// What a `got` line says of it.
    pub(crate) account: String,
}

/// One signal's handler.
struct Caught {
    pipe: UnixStream,
    /// The end that the handler writes to; signal-hook owns it.
    handlers_end: i32,
}

/// Every way in which this process listens for signals.
#[derive(Default)]
pub(crate) struct Signals {
    /// By handler: one pipe for each signal, one byte for each delivery, so that two deliveries
    /// are never taken for one.
    caught: BTreeMap<i32, Caught>,
    taken: Option<(SigSet, SignalFd)>,
    tally: BTreeMap<i32, u32>,
}

impl Signals {
    /// Installs a handler.
    pub(crate) fn catch(&mut self, signal: i32) -> io::Result<()> {
        if self.caught.contains_key(&signal) {
            return Ok(());
        }
        let (pipe, write) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let handlers_end = write.as_raw_fd();
        signal_hook::low_level::pipe::register(signal, write)?;
        self.caught.insert(signal, Caught { pipe, handlers_end });
        Ok(())
    }

    /// Blocks the set and reads it from a signalfd, which tells sender and value.
    pub(crate) fn take(&mut self, set: SigSet) -> io::Result<()> {
        let mut all = set;
        if let Some((earlier, _)) = &self.taken {
            all.extend(earlier);
        }
        all.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        self.taken = Some((all, SignalFd::with_flags(&all, flags)?));
        Ok(())
    }

    /// The descriptors that become readable when a signal has come.
    pub(crate) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let taken = self.taken.iter().map(|(_, descriptor)| descriptor.as_fd());
        self.caught
            .values()
            .map(|caught| caught.pipe.as_fd())
            .chain(taken)
            .collect()
    }

    /// The numbers of these descriptors and of the ends that the handlers write to.
    pub(crate) fn own_descriptors(&self) -> impl Iterator<Item = i32> {
        let caught = self
            .caught
            .values()
            .flat_map(|caught| [caught.pipe.as_raw_fd(), caught.handlers_end]);
        caught.chain(
            self.taken
                .iter()
                .map(|(_, descriptor)| descriptor.as_fd().as_raw_fd()),
        )
    }

    /// Everything that has come since the last call, counted.
    pub(crate) fn arrivals(&mut self) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        for (&signal, caught) in &mut self.caught {
            let mut bytes = [0; 64];
            while let Ok(count) = caught.pipe.read(&mut bytes) {
                for _ in 0..count {
                    let account = format!("got {signal} by=handler");
                    arrivals.push(Arrival { signal, account });
                }
                if count < bytes.len() {
                    break;
                }
            }
        }
        if let Some((_, descriptor)) = &self.taken {
            while let Ok(Some(info)) = descriptor.read_signal() {
                let signal = info.ssi_signo.cast_signed();
                let account = format!(
                    "got {signal} by=signalfd code={} pid={} uid={} value={}",
                    info.ssi_code, info.ssi_pid, info.ssi_uid, info.ssi_int
                );
                arrivals.push(Arrival { signal, account });
            }
        }
        for arrival in &arrivals {
            *self.tally.entry(arrival.signal).or_default() += 1;
        }
        arrivals
    }

    /// How many of each signal have come so far, as `15x1 18x1`.
    pub(crate) fn tally(&self) -> String {
        let counts: Vec<_> = self
            .tally
            .iter()
            .map(|(signal, count)| format!("{signal}x{count}"))
            .collect();
        counts.join(" ")
    }
}

/// Parses `all` or a list of numbers, `10,15`. All are all but SIGCHLD, which a puppet causes itself.
///
/// # Errors
/// A number that is no standard signal: the realtime ones can only be had with `all`.
pub(crate) fn signal_set(words: &str) -> Result<SigSet, String> {
    if words == "all" {
        let mut all = SigSet::all();
        all.remove(Signal::SIGCHLD);
        return Ok(all);
    }
    let mut set = SigSet::empty();
    for number in numbers(words)? {
        let signal = Signal::try_from(number).map_err(|error| format!("{number}: {error}"))?;
        set.add(signal);
    }
    Ok(set)
}

/// Parses a list of numbers, `10,15`.
pub(crate) fn numbers(words: &str) -> Result<Vec<i32>, String> {
    words
        .split(',')
        .map(|word| word.parse().map_err(|error| format!("{word}: {error}")))
        .collect()
}
