//! Tests the wait over real pipes.

use super::*;
use crate::sandbox::{alone, without};
use crate::{clock, pipe};
use std::os::fd::AsFd;

/// A watchdog: what is waited for is there.
const LONG: Option<Duration> = Some(Duration::from_secs(60));

const AT_ONCE_ONLY: Option<Duration> = Some(Duration::ZERO);

fn told_by(poll: &mut Poll, timeout: Option<Duration>) -> Vec<Ready> {
    // What was there before must not stay.
    let mut ready = vec![Ready {
        token: 99,
        readable: true,
        writable: true,
        hung_up: true,
    }];
    poll.wait(timeout, &mut ready).unwrap();
    ready
}

#[test]
fn it_is_told_until_it_is_read_and_then_that_it_ended() {
    alone(|| {
        let mut poll = Poll::new().unwrap();
        let (mut reader, writer) = pipe::pair().unwrap();
        poll.add(reader.as_fd(), 7, Interest::Read).unwrap();
        assert_eq!(told_by(&mut poll, AT_ONCE_ONLY), []);
        rustix::io::write(&writer, b"x").unwrap();
        let readable = Ready {
            token: 7,
            readable: true,
            writable: false,
            hung_up: false,
        };
        assert_eq!(told_by(&mut poll, LONG), [readable]);
        assert_eq!(told_by(&mut poll, None), [readable]);
        drop(writer);
        let both = Ready {
            hung_up: true,
            ..readable
        };
        assert_eq!(told_by(&mut poll, None), [both]);
        let mut room = [0; 8];
        assert_eq!(reader.read(&mut room).unwrap(), Some(1));
        let end = Ready {
            readable: false,
            ..both
        };
        assert_eq!(told_by(&mut poll, None), [end]);
    });
}

#[test]
fn writing_is_told_of_while_there_is_room() {
    alone(|| {
        let mut poll = Poll::new().unwrap();
        let (mut near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        poll.add(near.as_fd(), u64::MAX, Interest::Both).unwrap();
        let ready = told_by(&mut poll, LONG);
        assert_eq!((ready.len(), ready[0].token), (1, u64::MAX));
        assert!(ready[0].writable && !ready[0].readable && !ready[0].hung_up);
        while std::io::Write::write(&mut near, &[0; 4096]).is_ok() {}
        assert_eq!(told_by(&mut poll, AT_ONCE_ONLY), []);
        std::io::Write::write_all(&mut far, b"x").unwrap();
        let ready = told_by(&mut poll, LONG);
        assert!(ready[0].readable && !ready[0].writable);
        poll.change(near.as_fd(), 1, Interest::Write).unwrap();
        assert_eq!(told_by(&mut poll, AT_ONCE_ONLY), []);
        drop(far);
        let ready = told_by(&mut poll, LONG);
        assert!(ready[0].hung_up && ready[0].token == 1);
    });
}

#[test]
fn what_is_paused_does_not_even_tell_of_its_end() {
    alone(|| {
        let mut poll = Poll::new().unwrap();
        let (reader, writer) = pipe::pair().unwrap();
        poll.add(reader.as_fd(), 1, Interest::None).unwrap();
        rustix::io::write(&writer, b"x").unwrap();
        drop(writer);
        assert_eq!(told_by(&mut poll, AT_ONCE_ONLY), []);
        poll.change(reader.as_fd(), 2, Interest::Read).unwrap();
        assert_eq!(told_by(&mut poll, LONG)[0].token, 2);
        poll.change(reader.as_fd(), 2, Interest::None).unwrap();
        poll.change(reader.as_fd(), 2, Interest::None).unwrap();
        assert_eq!(told_by(&mut poll, AT_ONCE_ONLY), []);
        poll.remove(reader.as_fd()).unwrap();
        poll.add(reader.as_fd(), 3, Interest::Read).unwrap();
        let error = poll.add(reader.as_fd(), 3, Interest::Read).unwrap_err();
        assert_eq!(crate::errno(&error), Some(libc::EEXIST));
        poll.remove(reader.as_fd()).unwrap();
        assert_eq!(told_by(&mut poll, AT_ONCE_ONLY), []);
    });
}

#[test]
fn more_than_fit_are_told_of_by_turns() {
    alone(|| {
        let mut poll = Poll::new().unwrap();
        let count = AT_ONCE + 10;
        let mut readers = Vec::new();
        for token in 0..count {
            // The other end is closed: each has something to tell.
            let (reader, _) = pipe::pair().unwrap();
            poll.add(reader.as_fd(), token as u64, Interest::Read)
                .unwrap();
            readers.push(reader);
        }
        let mut seen: Vec<u64> = Vec::new();
        for _ in 0..2 {
            let ready = told_by(&mut poll, LONG);
            assert_eq!(ready.len(), AT_ONCE);
            seen.extend(ready.iter().map(|ready| ready.token));
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "nobody is kept waiting by the others");
    });
}

/// Waits in vain, and sees that it took as long as it should.
fn wait_in_vain(poll: &mut Poll) {
    for limit in [Duration::from_nanos(300), Duration::from_micros(1_500)] {
        let start = clock::now();
        assert_eq!(told_by(poll, Some(limit)), []);
        assert!(clock::now().since(start) >= limit);
    }
}

#[test]
fn a_kernel_that_counts_in_milliseconds_does_not_wake_early() {
    alone(|| {
        let mut poll = Poll::new().unwrap();
        wait_in_vain(&mut poll);
        for errno in [libc::ENOSYS, libc::EPERM] {
            without(libc::SYS_epoll_pwait2, errno, || {
                let mut poll = Poll::new().unwrap();
                wait_in_vain(&mut poll);
                assert!(!poll.takes_nanos);
            });
        }
        assert_eq!(millis(None), -1);
        assert_eq!(millis(Some(Duration::ZERO)), 0);
        assert_eq!(millis(Some(Duration::from_nanos(1))), 1);
        assert_eq!(millis(Some(Duration::from_micros(2_001))), 3);
        assert_eq!(millis(Some(Duration::MAX)), i32::MAX);
    });
}
