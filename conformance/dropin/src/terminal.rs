//! Opens a pseudo-terminal and plays the person in front of it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::watchdog;

/// The master's side.
#[derive(Debug)]
pub struct Person {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Person {
    /// A new terminal: who sits at it, and the file that processes open.
    ///
    /// # Panics
    /// When the system has no pseudo-terminal left.
    #[must_use]
    pub fn sit_down() -> (Person, File) {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("openpt");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        let name = ptsname(&master, Vec::new()).expect("ptsname");
        let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
        // NOCTTY: whoever runs the tests keeps the terminal they have, or have not.
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(path)
            .expect("slave");
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().expect("dup");
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // EIO is how a pseudo-terminal says that nobody has it open any more.
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let person = Person {
            keyboard,
            screen: receiver,
            seen: String::new(),
        };
        (person, slave)
    }

    /// Types, control characters included.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("terminal");
    }

    /// Reads until `text` has come up since the last time; returns what was read.
    ///
    /// # Panics
    /// When the watchdog bites first.
    pub fn read_until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let Ok(bytes) = self.screen.recv_timeout(watchdog()) else {
                panic!("the terminal never showed {text:?}, only {:?}", self.seen);
            };
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}
