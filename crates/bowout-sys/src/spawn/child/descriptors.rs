//! Gives the child its descriptors, whatever numbers they have, and closes the others.

use super::super::Stream;
use super::call;
use bowout_core::order::sort;
use std::os::fd::RawFd;

/// What the child's descriptors are made from, in room that the parent made.
pub(super) struct Moves {
    moves: Vec<Move>,
}

#[derive(Clone, Copy)]
struct Move {
    /// `None`: /dev/null.
    from: Option<RawFd>,
    to: RawFd,
}

impl Moves {
    /// Sorted by the child's numbers, so that the gaps between them can be closed. Nothing is allocated
    /// where nothing is to be done.
    pub(super) fn new(streams: &[Stream; 3], descriptors: &[(RawFd, RawFd)]) -> Moves {
        let streams = (0..).zip(streams).filter_map(|(to, stream)| match stream {
            Stream::Keep => None,
            Stream::Null => Some(Move { from: None, to }),
            Stream::Descriptor(from) => Some(Move {
                from: Some(*from),
                to,
            }),
        });
        let descriptors = descriptors.iter().map(|(from, to)| Move {
            from: Some(*from),
            to: *to,
        });
        let mut moves: Vec<Move> = streams.chain(descriptors).collect();
        sort(&mut moves, |a, b| a.to < b.to);
        Moves { moves }
    }

    /// Makes them. What is in the way of another goes to a number above all of them first; the exec
    /// closes it there.
    pub(super) fn make(&mut self) -> Result<(), i32> {
        let Some(last) = self.moves.last() else {
            return Ok(());
        };
        let above = number(last.to)? + 1;
        for index in 0..self.moves.len() {
            let Move { from, to } = self.moves[index];
            let Some(from) = from.filter(|from| *from != to) else {
                continue;
            };
            if self.moves.iter().any(|other| other.to == from) {
                let command = libc::F_DUPFD_CLOEXEC as usize;
                let copy = call(libc::SYS_fcntl, [number(from)?, command, above])?;
                self.moves[index].from = RawFd::try_from(copy).ok();
            }
        }
        for step in &self.moves {
            let to = number(step.to)?;
            match step.from {
                None => give_null(to)?,
                // dup3(2) does not take these two; it stays, and the exec keeps it.
                Some(from) if from == step.to => {
                    _ = call(libc::SYS_fcntl, [to, libc::F_SETFD as usize, 0])?;
                }
                Some(from) => _ = call(libc::SYS_dup3, [number(from)?, to, 0])?,
            }
        }
        Ok(())
    }

    /// Has the child get nothing above `last` but what was made.
    pub(super) fn close_above(&self, last: RawFd) -> Result<(), i32> {
        let mut first = number(last)? + 1;
        for step in &self.moves {
            let kept = number(step.to)?;
            if kept >= first {
                self.close(first, kept - 1)?;
                first = kept + 1;
            }
        }
        self.close(first, u32::MAX as usize)
    }

    fn close(&self, first: usize, last: usize) -> Result<(), i32> {
        if first > last {
            return Ok(());
        }
        match call(libc::SYS_close_range, [first, last, 0]) {
            // Linux before 5.9, and seccomp filters that do not know the call.
            Err(libc::ENOSYS | libc::EPERM) => close_each(first, last),
            result => result.map(drop),
        }
    }
}

/// A number as the kernel takes it; what is below zero is no descriptor.
fn number(fd: RawFd) -> Result<usize, i32> {
    usize::try_from(fd).map_err(|_| libc::EBADF)
}

fn give_null(to: usize) -> Result<(), i32> {
    let path = c"/dev/null".as_ptr() as usize;
    let from = call(
        libc::SYS_openat,
        [libc::AT_FDCWD as usize, path, libc::O_RDWR as usize],
    )?;
    // The place was free, and the lowest.
    if from == to {
        return Ok(());
    }
    let done = call(libc::SYS_dup3, [from, to, 0]);
    _ = call(libc::SYS_close, [from, 0, 0]);
    done.map(drop)
}

/// What /proc/self/fd lists, without a call that knows a range.
#[cold]
#[inline(never)]
fn close_each(first: usize, last: usize) -> Result<(), i32> {
    let path = c"/proc/self/fd".as_ptr() as usize;
    let flags = (libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC) as usize;
    let Ok(directory) = call(libc::SYS_openat, [libc::AT_FDCWD as usize, path, flags]) else {
        // No /proc either. More than these nobody has inherited.
        for fd in first..=last.min(1023) {
            _ = call(libc::SYS_close, [fd, 0, 0]);
        }
        return Ok(());
    };
    // Some 20 entries at a time: the stack is small.
    let mut room = Room([0; 512]);
    loop {
        let place = room.0.as_mut_ptr() as usize;
        let length = call(libc::SYS_getdents64, [directory, place, room.0.len()])?;
        let mut entries = room.0.get(..length).unwrap_or(&[]);
        if entries.is_empty() {
            break;
        }
        // Eight bytes for a number and for an offset each, two for the entry's length, one for its type,
        // then the name and a zero byte (getdents64(2)).
        while let [_, .., low, high, _] = *entries.get(..19).unwrap_or(&[]) {
            let name = &entries[19..];
            if let Some(fd) = parse(name)
                && (first..=last).contains(&fd)
            {
                // By the exec, so that the list does not change below the reader, who is on it too.
                let arguments = [fd, libc::F_SETFD as usize, libc::FD_CLOEXEC as usize];
                _ = call(libc::SYS_fcntl, arguments);
            }
            let length = usize::from(u16::from_ne_bytes([low, high]));
            entries = entries.get(length.max(1)..).unwrap_or(&[]);
        }
    }
    call(libc::SYS_close, [directory, 0, 0]).map(drop)
}

#[repr(align(8))]
struct Room([u8; 512]);

/// A decimal number that ends with a zero byte.
fn parse(name: &[u8]) -> Option<usize> {
    let mut number = 0usize;
    for (index, byte) in name.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                number = number
                    .checked_mul(10)?
                    .checked_add(usize::from(byte - b'0'))?
            }
            0 if index > 0 => return Some(number),
            _ => return None,
        }
    }
    None
}
