//! Reads what comes along with a datagram: who sent it, and descriptors (cmsg(3), unix(7)).

use crate::socket::Peer;
use std::os::fd::{FromRawFd, OwnedFd};

/// How many descriptors are taken. `BARRIER=1` needs one, and no other message here any; what does not
/// fit the kernel closes itself (MSG_CTRUNC).
const DESCRIPTORS: usize = 8;

/// The kernel's `struct cmsghdr` on 64-bit machines: length with this header, level, type.
const HEADER: usize = 16;

/// Each message begins at a multiple of this (CMSG_ALIGN).
const ALIGNMENT: usize = 8;

const CREDENTIALS: usize = HEADER + size_of::<libc::ucred>().next_multiple_of(ALIGNMENT);

/// A place for one message of each kind.
#[repr(align(8))]
pub(super) struct Room {
    bytes: [u8; Room::LENGTH],
}

impl Room {
    pub(super) const LENGTH: usize = CREDENTIALS + HEADER + DESCRIPTORS * size_of::<i32>();

    pub(super) fn new() -> Room {
        Room {
            bytes: [0; Room::LENGTH],
        }
    }

    pub(super) fn start(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// Takes what came out of the first `length` bytes.
    ///
    /// # Safety
    /// The kernel wrote them (recvmsg(2)), and nobody else takes the descriptors that they name.
    pub(super) unsafe fn take(self, length: usize) -> (Option<Peer>, Vec<OwnedFd>) {
        let (mut peer, mut descriptors) = (None, Vec::new());
        for (kind, data) in messages(&self.bytes[..length.min(Room::LENGTH)]) {
            match kind {
                libc::SCM_CREDENTIALS => peer = credentials(data).map(Peer::from),
                libc::SCM_RIGHTS => descriptors.extend(data.chunks_exact(4).map(|number| {
                    let number = i32::from_ne_bytes(number.try_into().expect("a chunk of 4"));
                    // SAFETY: the kernel gave the caller this descriptor with the message.
                    unsafe { OwnedFd::from_raw_fd(number) }
                })),
                // Nothing else was asked for (SO_PASSSEC, SO_PASSPIDFD).
                _ => {}
            }
        }
        (peer, descriptors)
    }
}

/// Type and data of each message of the socket level.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = (i32, &[u8])> {
    std::iter::from_fn(move || {
        loop {
            let (header, _) = rest.split_at_checked(HEADER)?;
            let length = usize::from_ne_bytes(header[..8].try_into().ok()?);
            let level = i32::from_ne_bytes(header[8..12].try_into().ok()?);
            let kind = i32::from_ne_bytes(header[12..].try_into().ok()?);
            let data = rest.get(HEADER..length)?;
            // The last one may end without its padding.
            rest = rest
                .get(length.next_multiple_of(ALIGNMENT)..)
                .unwrap_or(&[]);
            if level == libc::SOL_SOCKET {
                return Some((kind, data));
            }
        }
    })
}

fn credentials(data: &[u8]) -> Option<libc::ucred> {
    let number = |at: usize| data.get(at..at + 4)?.try_into().ok();
    Some(libc::ucred {
        pid: i32::from_ne_bytes(number(0)?),
        uid: u32::from_ne_bytes(number(4)?),
        gid: u32::from_ne_bytes(number(8)?),
    })
}
