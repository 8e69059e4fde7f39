//! Runs a container in a terminal of its own, types into it and reads what comes back.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::container::{Container, WATCHDOG};

/// The keyboard's end of a pseudo-terminal with `docker run --interactive --tty` at the other.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    client: Child,
    seen: String,
}

impl Terminal {
    /// Runs a prepared container in a terminal of this size.
    pub fn run(container: &Container, rows: u16, columns: u16) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("open a terminal");
        grantpt(&keyboard).expect("grant the terminal");
        unlockpt(&keyboard).expect("unlock the terminal");
        resize(&keyboard, rows, columns);
        let path = ptsname(&keyboard, Vec::new()).expect("name the terminal");
        let screen = rustix::fs::open(
            path,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        let screen = File::from(screen.expect("open the terminal's other end"));
        let copy = || Stdio::from(screen.try_clone().expect("copy the descriptor"));
        let client = container
            .engine()
            .command()
            .args(container.arguments(&["--interactive", "--tty"]))
            .stdin(copy())
            .stdout(copy())
            .stderr(copy())
            .spawn()
            .expect("run docker");
        Self {
            keyboard: File::from(keyboard),
            client,
            seen: String::new(),
        }
    }

    /// Types.
    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("type");
    }

    /// Reads until this text comes, and forgets all up to its end.
    pub fn until(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            assert!(
                start.elapsed() < WATCHDOG,
                "no {text:?} on the terminal, but {:?}",
                self.seen
            );
            assert!(
                self.read(),
                "the terminal closed without {text:?}, after {:?}",
                self.seen
            );
        }
    }

    /// Gives the terminal another size, as a window does.
    pub fn resize(&self, rows: u16, columns: u16) {
        resize(&self.keyboard, rows, columns);
        // The client does not have this terminal as its controlling one, so nobody else tells it.
        kill_process(Pid::from_child(&self.client), Signal::WINCH).expect("tell the client");
    }

    /// Reads to the end and returns the exit code of `docker run`.
    pub fn exit_code(mut self) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.client.try_wait().expect("wait for the client") {
                return status.code().expect("docker ends by itself");
            }
            assert!(
                start.elapsed() < WATCHDOG,
                "the container goes on; terminal: {:?}",
                self.seen
            );
            self.read();
        }
    }

    /// Reads what is there, waiting a tenth of a second at most; false when the terminal is closed.
    fn read(&mut self) -> bool {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let ready = poll(
            &mut [PollFd::new(&self.keyboard, PollFlags::IN)],
            Some(&wait),
        )
        .expect("poll the terminal");
        if ready == 0 {
            return true;
        }
        let mut buffer = [0; 4096];
        match self.keyboard.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                self.seen
                    .push_str(&String::from_utf8_lossy(&buffer[..length]));
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

fn resize(terminal: &impl std::os::fd::AsFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("size the terminal");
}
