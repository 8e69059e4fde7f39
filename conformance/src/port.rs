//! Is a server for probes: a port where nobody listens yet, then one that answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket,
};

use crate::watchdog::watchdog;

/// A port of the local host. While it is nothing else, connections to it are refused.
pub struct Port {
    socket: OwnedFd,
    /// Its number.
    pub number: u16,
}

impl Port {
    /// One that nobody else has.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn reserve() -> Self {
        let socket = socket(
            AddressFamily::Inet,
            SockType::Stream,
            SockFlag::SOCK_CLOEXEC,
            None,
        )
        .expect("cannot make a socket");
        let any = SockaddrIn::from(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        bind(socket.as_raw_fd(), &any).expect("cannot get a port");
        let given: SockaddrIn = getsockname(socket.as_raw_fd()).expect("it has a name");
        let number = given.port();
        Self { socket, number }
    }

    /// Accepts connections from now on.
    ///
    /// # Panics
    /// If that can't be done.
    #[must_use = "who drops it listens no more"]
    pub fn listen(self) -> TcpListener {
        listen(&self.socket, Backlog::MAXCONN).expect("cannot listen");
        self.socket.into()
    }

    /// Listens, and has as many connections waiting as the kernel takes: the next one is neither accepted
    /// nor refused.
    ///
    /// # Panics
    /// If that can't be done.
    #[must_use = "who drops it listens no more"]
    pub fn stuff(self) -> (OwnedFd, Vec<TcpStream>) {
        let least = Backlog::new(0).expect("there is no shorter one");
        listen(&self.socket, least).expect("cannot listen");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.number));
        let moment = Duration::from_millis(100);
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, moment) {
            waiting.push(stream);
        }
        (self.socket, waiting)
    }

    /// Answers requests from now on, with this status.
    ///
    /// # Panics
    /// If that can't be done.
    #[must_use = "who drops it listens no more"]
    pub fn answer(self, status: u16) -> Server {
        self.answer_each(&[], status)
    }

    /// Answers the first requests with these statuses, one after the other, and all others with the last.
    ///
    /// # Panics
    /// If that can't be done.
    #[must_use = "who drops it listens no more"]
    pub fn answer_each(self, first: &[u16], status: u16) -> Server {
        let mut first = VecDeque::from(first.to_vec());
        let listener = self.listen();
        let address = listener.local_addr().expect("it has an address");
        let status = Arc::new(AtomicU16::new(status));
        let (sender, requests) = channel();
        let held = Arc::new(Mutex::new(Vec::new()));
        let (answer, hold) = (Arc::clone(&status), Arc::clone(&held));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                let _ = reader.read_line(&mut line);
                let mut stream = reader.into_inner();
                let last = || answer.load(Ordering::Acquire);
                match first.pop_front().unwrap_or_else(last) {
                    Server::CLOSED => break,
                    Server::SILENT => hold.lock().expect("nobody panicked").push(stream),
                    status => {
                        let text = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
                        // A probe that has gone does not want it.
                        let _ = stream.write_all(text.as_bytes());
                    }
                }
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Server {
            address,
            status,
            requests,
            held,
        }
    }
}

/// A server that answers every request with the same status.
pub struct Server {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    requests: Receiver<String>,
    /// Connections that were not answered.
    held: Arc<Mutex<Vec<TcpStream>>>,
}

impl Server {
    /// The status of a server that takes requests and never answers them.
    pub const SILENT: u16 = 0;
    const CLOSED: u16 = 1;

    /// Answers with this status from now on.
    pub fn status(&self, status: u16) {
        self.status.store(status, Ordering::Release);
    }

    /// Waits for a request, and returns its first line.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn request(&self) -> String {
        self.requests
            .recv_timeout(watchdog())
            .expect("nobody asks the server")
    }

    /// How many connections wait for an answer that will not come.
    ///
    /// # Panics
    /// If the server has.
    #[must_use]
    pub fn silent_count(&self) -> usize {
        self.held.lock().expect("nobody panicked").len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.status(Self::CLOSED);
        // It looks when somebody has come.
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let _ = stream.write_all(b"\n");
        }
    }
}
