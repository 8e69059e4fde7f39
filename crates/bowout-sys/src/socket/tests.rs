//! Tests connections, and what becomes of the file.

use super::*;
use crate::sandbox::{Directory, alone, mode};
use bowout_core::{Signal, SignalSet};
use std::os::unix::net::{UnixDatagram, UnixListener};

fn number(error: &io::Error) -> Option<i32> {
    crate::errno(error)
}

#[test]
fn both_ends_talk_and_the_listener_knows_who_came() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        let listener = Listener::bind(&path, 0o600).unwrap();
        assert!(listener.accept().unwrap().is_none());
        let mut client = Stream::connect(&path).unwrap();
        let (mut server, peer) = listener.accept().unwrap().unwrap();
        assert!(listener.accept().unwrap().is_none());
        let own = Peer {
            pid: Some(crate::own_pid()),
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
        };
        assert_eq!(peer, own);
        let mut room = [0; 8];
        assert_eq!(server.read(&mut room).unwrap(), None);
        assert_eq!(client.write(b"status\n").unwrap(), Some(7));
        assert_eq!(server.read(&mut room).unwrap(), Some(7));
        assert_eq!(server.write(b"ok\n").unwrap(), Some(3));
        drop(server);
        assert_eq!(client.read(&mut room).unwrap(), Some(3));
        assert_eq!(&room[..3], b"ok\n");
        assert_eq!(client.read(&mut room).unwrap(), Some(0));
    });
}

#[test]
fn no_child_gets_a_connection() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        let listener = Listener::bind(&path, 0o600).unwrap();
        let client = Stream::connect(&path).unwrap();
        let (server, _) = listener.accept().unwrap().unwrap();
        for fd in [listener.as_fd(), client.as_fd(), server.as_fd()] {
            let flags = rustix::io::fcntl_getfd(fd).unwrap();
            assert_eq!(flags, rustix::io::FdFlags::CLOEXEC);
        }
    });
}

#[test]
fn a_slow_reader_is_not_waited_for_and_a_dead_one_sends_no_signal() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        let listener = Listener::bind(&path, 0o600).unwrap();
        let client = Stream::connect(&path).unwrap();
        let (mut server, _) = listener.accept().unwrap().unwrap();
        let mut written = 0;
        while let Some(count) = server.write(&[b'x'; 4096]).unwrap() {
            written += count;
            assert!(written < 16 << 20, "a socket has an end");
        }
        assert!(written > 0);
        drop(client);
        let pipe = SignalSet::EMPTY.with(Signal::PIPE);
        let before = crate::signals::block(pipe).unwrap();
        let error = server.write(b"x").unwrap_err();
        assert_eq!(number(&error), Some(libc::EPIPE));
        assert_eq!(
            crate::signals::wait(pipe, Some(Duration::ZERO)).unwrap(),
            crate::signals::Woken::ByNothing
        );
        crate::signals::set_mask(before).unwrap();
    });
}

#[test]
fn the_mode_is_that_asked_for_whatever_the_umask() {
    alone(|| {
        let directory = Directory::new();
        for (umask, wanted) in [(0o777, 0o660), (0o000, 0o600), (0o022, 0o666)] {
            let path = directory.path("socket");
            alone(|| {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
                let _listener = Listener::bind(&path, wanted).unwrap();
                assert_eq!(mode(&path), wanted);
            });
            assert!(!path.exists(), "dropped with the listener");
        }
    });
}

#[test]
fn what_a_former_listener_left_behind_is_replaced() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let listener = Listener::bind(&path, 0o600).unwrap();
        Stream::connect(&path).unwrap();
        listener.remove();
        assert!(!path.exists());
        drop(UnixDatagram::bind(&path).unwrap());
        Listener::bind(&path, 0o600).unwrap();
    });
}

#[test]
fn whoever_is_there_is_left_alone() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        let listener = Listener::bind(&path, 0o600).unwrap();
        let error = Listener::bind(&path, 0o600).unwrap_err();
        assert_eq!(number(&error), Some(libc::EADDRINUSE));
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        // One that does not come to accept is there as well.
        let clients = || Stream::connect_within(&path, Duration::ZERO).ok();
        let _waiting: Vec<_> = std::iter::from_fn(clients).collect();
        let error = Listener::bind(&path, 0o600).unwrap_err();
        assert_eq!(number(&error), Some(libc::EADDRINUSE));
        drop(listener);
        let _datagrams = UnixDatagram::bind(&path).unwrap();
        let error = Listener::bind(&path, 0o600).unwrap_err();
        assert_eq!(number(&error), Some(libc::EADDRINUSE));
        assert!(path.exists());
    });
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    alone(|| {
        let directory = Directory::new();
        let file = directory.path("file");
        std::fs::write(&file, "precious").unwrap();
        let link = directory.path("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let stale = directory.path("stale");
        drop(UnixListener::bind(&stale).unwrap());
        let to_stale = directory.path("to-stale");
        std::os::unix::fs::symlink("stale", &to_stale).unwrap();
        for path in [&file, &link, &to_stale] {
            let error = Listener::bind(path, 0o600).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(
                error.to_string(),
                format!(
                    "bind({}): there is a file that is no socket; remove it or choose another path",
                    path.display()
                )
            );
            assert!(std::fs::symlink_metadata(path).is_ok());
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    });
}

#[test]
fn the_file_of_somebody_else_outlives_the_listener() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        let first = Listener::bind(&path, 0o600).unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = Listener::bind(&path, 0o600).unwrap();
        drop(first);
        Stream::connect(&path).unwrap();
        drop(second);
        assert!(!path.exists());
        let nobody = Stream::connect(&path).unwrap_err();
        assert_eq!(
            nobody.to_string(),
            format!("connect({}): no such file or directory", path.display())
        );
    });
}

#[test]
fn what_is_no_name_is_told_so() {
    alone(|| {
        let directory = Directory::new();
        let base = directory.path("");
        let room = 107 - base.as_os_str().len();
        let longest = directory.path(&"x".repeat(room));
        let listener = Listener::bind(&longest, 0o600).unwrap();
        Stream::connect(&longest).unwrap();
        drop(listener);
        assert!(!longest.exists());
        let error = Listener::bind(&directory.path(&"x".repeat(room + 1)), 0o600).unwrap_err();
        let text = error.to_string();
        assert!(
        text.ends_with(
            ": the name has 108 bytes, and Unix sockets take 107 (unix(7)); choose a shorter one"
        ),
        "{text}"
    );
        for wrong in ["", "a\0b"] {
            let error = Stream::connect(wrong.as_ref()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        let error = Listener::bind(&directory.path("nowhere/socket"), 0o600).unwrap_err();
        assert_eq!(number(&error), Some(libc::ENOENT));
        // To a path an @ is a letter like any other.
        let error = Stream::connect("@bowout-sys-nowhere".as_ref()).unwrap_err();
        assert_eq!(number(&error), Some(libc::ENOENT));
    });
}

#[test]
fn a_client_with_a_limit_does_not_wait_for_ever() {
    alone(|| {
        let directory = Directory::new();
        let path = directory.path("socket");
        let _listener = Listener::bind(&path, 0o600).unwrap();
        let limit = Duration::from_millis(1);
        let mut first = Stream::connect_within(&path, limit).unwrap();
        assert_eq!(first.read(&mut [0; 4]).unwrap(), None);
        let mut clients = vec![first];
        let error = loop {
            match Stream::connect_within(&path, Duration::ZERO) {
                Ok(client) => clients.push(client),
                Err(error) => break error,
            }
            assert!(clients.len() <= 1024, "a queue has an end");
        };
        assert_eq!(number(&error), Some(libc::EAGAIN));
    });
}
