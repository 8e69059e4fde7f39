//! Gives an init a terminal, and is the person at the other end of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use nix::pty::openpty;

use crate::watchdog::watchdog;

/// The master end of a pseudo-terminal.
pub struct Terminal {
    master: File,
    shown: Arc<(Mutex<String>, Condvar)>,
}

impl Terminal {
    /// A new terminal and its slave end.
    pub(crate) fn open() -> (Self, OwnedFd) {
        let pair = openpty(None, None).expect("cannot open a pseudo-terminal");
        let master = File::from(pair.master);
        let shown = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let mut reader = master.try_clone().expect("cannot duplicate the terminal");
        let screen = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = [0; 1024];
            // EIO is the end: nobody has the slave open any more.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                screen
                    .0
                    .lock()
                    .expect("the reader panicked")
                    .push_str(&text);
                screen.1.notify_all();
            }
        });
        (Self { master, shown }, pair.slave)
    }

    /// Types; `\x03` is Ctrl-C, `\x1a` is Ctrl-Z.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn type_in(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).expect("cannot type");
    }

    /// What it shows and nobody has waited for yet.
    ///
    /// # Panics
    /// Never, unless the harness has a fault.
    #[must_use]
    pub fn shown(&self) -> String {
        self.shown.0.lock().expect("the reader panicked").clone()
    }

    /// Waits until the terminal has shown this, and forgets everything up to it.
    ///
    /// # Panics
    /// If it is not shown.
    #[track_caller]
    pub fn await_text(&self, text: &str) {
        let (screen, changed) = &*self.shown;
        let guard = screen.lock().expect("the reader panicked");
        let (mut guard, _) = changed
            .wait_timeout_while(guard, watchdog(), |shown| !shown.contains(text))
            .expect("the reader panicked");
        let Some(at) = guard.find(text) else {
            panic!("the terminal never showed {text:?}, only {:?}", *guard)
        };
        guard.drain(..at + text.len());
    }
}

pub(crate) fn three(slave: &OwnedFd) -> [Stdio; 3] {
    [(); 3].map(|()| {
        slave
            .try_clone()
            .expect("cannot duplicate the terminal")
            .into()
    })
}
