//! Tests what is heard: words, senders and descriptors.

use super::*;
use crate::pipe;
use crate::sandbox::{Directory, alone, mode};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

fn receive(socket: &Socket) -> (Vec<u8>, Datagram) {
    let mut room = [0; 64];
    let datagram = socket.receive(&mut room).unwrap().expect("one is there");
    (room[..datagram.length].to_vec(), datagram)
}

fn socket() -> (Directory, PathBuf, Socket) {
    let directory = Directory::new();
    let path = directory.path("notify");
    let socket = Socket::bind(&path, 0o666).unwrap();
    (directory, path, socket)
}

#[test]
fn words_come_with_their_sender() {
    alone(|| {
        let (_directory, path, socket) = socket();
        assert!(socket.receive(&mut [0; 8]).unwrap().is_none());
        send(path.as_os_str(), b"READY=1\nSTATUS=up").unwrap();
        let (words, datagram) = receive(&socket);
        assert_eq!(words, b"READY=1\nSTATUS=up");
        let own = Peer {
            pid: Some(crate::own_pid()),
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
        };
        assert_eq!((datagram.sender, datagram.truncated), (Some(own), false));
        assert!(datagram.from.is_none() && datagram.descriptors.is_empty());
        let mut command = Command::new("true");
        let address = path.clone();
        // SAFETY: what runs between fork and exec makes system calls, and allocates nothing.
        let mut child = unsafe { command.pre_exec(move || send(address.as_os_str(), b"READY=1")) }
            .spawn()
            .unwrap();
        let sender = receive(&socket).1.sender.unwrap();
        assert_eq!(
            sender.pid.unwrap().get(),
            i32::try_from(child.id()).unwrap()
        );
        child.wait().unwrap();
    });
}

#[test]
fn what_does_not_fit_is_told_so() {
    alone(|| {
        let (_directory, path, socket) = socket();
        send(path.as_os_str(), &[b'x'; 64]).unwrap();
        send(path.as_os_str(), &[b'y'; 65]).unwrap();
        send(path.as_os_str(), b"").unwrap();
        let (words, datagram) = receive(&socket);
        assert_eq!((words.len(), datagram.truncated), (64, false));
        let (words, datagram) = receive(&socket);
        assert_eq!((words, datagram.truncated), (vec![b'y'; 64], true));
        let (words, datagram) = receive(&socket);
        assert_eq!((words.len(), datagram.truncated), (0, false));
        assert!(datagram.sender.is_some());
    });
}

#[test]
fn a_sender_with_a_name_is_answered() {
    alone(|| {
        let (directory, path, socket) = socket();
        let name = format!("@bowout-sys-{}-client", std::process::id());
        let client = Socket::bind(name.as_ref(), 0).unwrap();
        let to_socket = Address::new(path.as_os_str()).unwrap();
        client.reply(&to_socket, b"EXTEND_TIMEOUT_USEC=1").unwrap();
        let from = receive(&socket).1.from.unwrap();
        assert_eq!(from.to_string(), name);
        socket.reply(&from, b"yes").unwrap();
        let (words, answer) = receive(&client);
        assert_eq!((words, answer.from), (b"yes".to_vec(), Some(to_socket)));
        drop(client);
        let gone = socket.reply(&from, b"x").unwrap_err();
        assert_eq!(crate::errno(&gone), Some(libc::ECONNREFUSED));
        let client = UnixDatagram::bind(directory.path("client")).unwrap();
        client.send_to(b"x", &path).unwrap();
        let from = receive(&socket).1.from.unwrap();
        let error = loop {
            if let Err(error) = socket.reply(&from, b"x") {
                break error;
            }
        };
        assert_eq!(crate::errno(&error), Some(libc::EAGAIN), "not waited for");
    });
}

#[test]
fn whoever_sends_too_much_is_told_to_come_again() {
    alone(|| {
        let (_directory, path, _socket) = socket();
        let error = loop {
            if let Err(error) = send(path.as_os_str(), b"x") {
                break error;
            }
        };
        assert_eq!(crate::errno(&error), Some(libc::EAGAIN));
    });
}

#[test]
fn only_the_two_kinds_of_names_are_sent_to() {
    alone(|| {
        for wrong in ["", "notify", "vsock:2:1", "./notify"] {
            let error = send(wrong.as_ref(), b"x").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{wrong:?}");
        }
        let error = send("@".as_ref(), b"x").unwrap_err();
        assert_eq!(error.to_string(), "socket @: a name is wanted");
        let error = send("/nowhere/notify".as_ref(), b"x").unwrap_err();
        assert_eq!(crate::errno(&error), Some(libc::ENOENT));
    });
}

#[test]
fn names_belong_to_one_and_files_go_with_the_socket() {
    alone(|| {
        let (_directory, path, socket) = socket();
        assert_eq!(mode(&path), 0o666);
        let error = Socket::bind(&path, 0o666).unwrap_err();
        assert_eq!(crate::errno(&error), Some(libc::EADDRINUSE));
        drop(socket);
        assert!(!path.exists());
        drop(UnixDatagram::bind(&path).unwrap());
        assert!(path.exists(), "left behind");
        Socket::bind(&path, 0o600).unwrap();
        let name = format!("@bowout-sys-{}-name", std::process::id());
        let socket = Socket::bind(name.as_ref(), 0).unwrap();
        let error = Socket::bind(name.as_ref(), 0).unwrap_err();
        assert_eq!(crate::errno(&error), Some(libc::EADDRINUSE));
        assert!(error.to_string().contains(&name), "{error}");
        drop(socket);
        Socket::bind(name.as_ref(), 0).unwrap();
    });
}

/// Sends so many copies of a descriptor along.
fn send_descriptors(path: &Path, fd: BorrowedFd<'_>, count: usize) {
    let mut control = Vec::new();
    control.extend((16 + 4 * count).to_ne_bytes());
    control.extend(libc::SOL_SOCKET.to_ne_bytes());
    control.extend(libc::SCM_RIGHTS.to_ne_bytes());
    control.extend((0..count).flat_map(|_| fd.as_raw_fd().to_ne_bytes()));
    let (mut to, length) = Address::new(path.as_os_str()).unwrap().raw();
    let mut words = *b"BARRIER=1";
    let mut part = libc::iovec {
        iov_base: words.as_mut_ptr().cast(),
        iov_len: words.len(),
    };
    let message = Message {
        name: (&raw mut to).cast(),
        name_length: u32::try_from(length).unwrap(),
        parts: &raw mut part,
        part_count: 1,
        control: control.as_mut_ptr(),
        control_length: control.len(),
        flags: 0,
    };
    let client = socket::socket(libc::SOCK_DGRAM).unwrap();
    // SAFETY: the message has the kernel's layout; what it points to lives through the call.
    let done = unsafe {
        let number = client.as_raw_fd();
        libc::syscall(libc::SYS_sendmsg, number, &raw const message, 0)
    };
    checked(done).unwrap();
}

#[test]
fn descriptors_are_closed_when_the_message_is_treated() {
    alone(|| {
        let (_directory, path, socket) = socket();
        // With more than are taken as with one: nothing stays open.
        for (sent, taken) in [(1, 1), (8, 8), (9, 8), (253, 8)] {
            let (mut reader, writer) = pipe::pair().unwrap();
            send_descriptors(&path, writer.as_fd(), sent);
            drop(writer);
            let (words, datagram) = receive(&socket);
            assert_eq!((words, datagram.truncated), (b"BARRIER=1".to_vec(), false));
            assert_eq!(datagram.descriptors.len(), taken, "of {sent}");
            assert_eq!(datagram.sender.unwrap().pid, Some(crate::own_pid()));
            for fd in &datagram.descriptors {
                let flags = rustix::io::fcntl_getfd(fd).unwrap();
                assert_eq!(flags, rustix::io::FdFlags::CLOEXEC);
            }
            assert_eq!(reader.read(&mut [0; 4]).unwrap(), None, "still open");
            drop(datagram);
            assert_eq!(reader.read(&mut [0; 4]).unwrap(), Some(0), "of {sent}");
        }
    });
}
