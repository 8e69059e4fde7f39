//! Speaks the protocol of the control socket, line by line, as any client could.

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::watchdog::watchdog;

/// A connection to the control socket.
pub struct Client {
    /// The connection itself, for whoever wants to behave badly.
    pub stream: UnixStream,
    lines: Receiver<Value>,
}

/// What came of a request.
pub type Answer = Result<Vec<Value>, Value>;

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path)
            .unwrap_or_else(|error| panic!("cannot connect to {}: {error}", path.display()));
        let reader = BufReader::new(stream.try_clone().expect("cannot duplicate a socket"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| json!({"no_json": line, "why": error.to_string()}));
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        Self { stream, lines }
    }

    /// Sends a line.
    ///
    /// # Panics
    /// If nobody takes it.
    #[track_caller]
    pub fn send(&mut self, request: &Value) {
        self.stream
            .write_all(format!("{request}\n").as_bytes())
            .unwrap_or_else(|error| panic!("cannot send {request}: {error}"));
    }

    /// The next line; `None`: the connection was closed.
    ///
    /// # Panics
    /// If neither comes.
    #[track_caller]
    pub fn read(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(watchdog()) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the socket says nothing"),
        }
    }

    /// The next line, if it comes soon.
    fn glance(&mut self, limit: Duration) -> Option<Value> {
        self.lines.recv_timeout(limit).ok()
    }

    /// Sends a request and reads the whole answer: its items and, last, its result, or its error.
    ///
    /// # Panics
    /// If there is none, or it is none of this protocol.
    #[track_caller]
    pub fn ask(&mut self, request: &Value) -> Answer {
        self.send(request);
        self.answer(request)
    }

    /// Reads the whole answer to a request that was sent.
    ///
    /// # Panics
    /// As [`ask`](Self::ask).
    #[track_caller]
    pub fn answer(&mut self, request: &Value) -> Answer {
        let mut parts = Vec::new();
        loop {
            let Some(line) = self.read() else {
                panic!("{request}: closed before it was answered")
            };
            assert_eq!(line["version"], 1, "{line}");
            if !line["error"].is_null() {
                return Err(line["error"].clone());
            }
            if !line["result"].is_null() {
                parts.push(line["result"].clone());
                return Ok(parts);
            }
            assert!(!line["item"].is_null(), "{request}: no answer: {line}");
            parts.push(line["item"].clone());
        }
    }

    /// As [`ask`](Self::ask), and it must be done.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn done(&mut self, request: &Value) -> Vec<Value> {
        match self.ask(request) {
            Ok(parts) => parts,
            Err(error) => panic!("{request}: {error}"),
        }
    }

    /// How this service is.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn status(&mut self, service: &str) -> Value {
        let parts = self.done(&json!({"verb": "status", "services": [service]}));
        parts[0]["service"].clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Whoever reads has the connection too.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Hears what happens, from the moment at which it was made.
pub struct Events(Client);

impl Events {
    /// Follows all events.
    ///
    /// # Panics
    /// If that can't be done.
    #[must_use]
    #[track_caller]
    pub fn follow(path: &Path) -> Self {
        let mut client = Client::connect(path);
        client.send(&json!({"verb": "events"}));
        let first = client.read().expect("it was closed");
        assert_eq!(first["item"]["event"]["event"], "following", "{first}");
        Self(client)
    }

    /// The next event; `None`: bowout has gone.
    ///
    /// # Panics
    /// If nothing happens.
    #[track_caller]
    pub fn read(&mut self) -> Option<Value> {
        self.0.read().map(|line| line["item"]["event"].clone())
    }

    /// Waits for an event of this kind about this service (`""`: about the whole), past all others.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn expect(&mut self, kind: &str, service: &str) -> Value {
        let service = (!service.is_empty()).then_some(service);
        let mut others = Vec::new();
        while let Some(event) = self.read() {
            if event["event"] == kind && event["service"].as_str() == service {
                return event;
            }
            others.push(event.to_string());
        }
        panic!("no {kind} of {service:?}, only {others:#?}")
    }

    /// Waits until this service is in this state.
    ///
    /// # Panics
    /// If it does not come to be.
    #[track_caller]
    pub fn expect_state(&mut self, service: &str, state: &str) -> Value {
        loop {
            let event = self.expect("changed", service);
            if event["state"] == state {
                return event;
            }
        }
    }

    /// Waits for anything to happen, or for a moment: what is looked at may change without an event.
    pub(crate) fn pause(&mut self) {
        const MOMENT: Duration = Duration::from_millis(20);
        let _ = self.0.glance(MOMENT);
    }
}
