//! Keeps one HTTP request in flight while a container stops.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::container::WATCHDOG;

/// A request that has been sent and not yet answered.
#[derive(Debug)]
pub struct InFlight(UnixStream);

impl InFlight {
    /// Sends a request to the server that listens on this socket.
    pub fn send(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket)
            .unwrap_or_else(|error| panic!("cannot connect to {}: {error}", socket.display()));
        stream
            .set_read_timeout(Some(WATCHDOG))
            .expect("set the watchdog");
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
            .expect("send the request");
        Self(stream)
    }

    /// Whether the whole answer came.
    pub fn answered(mut self) -> bool {
        let mut answer = String::new();
        let read = self.0.read_to_string(&mut answer);
        read.is_ok() && answer.starts_with("HTTP/1.1 200") && answer.contains("answered\n")
    }
}
