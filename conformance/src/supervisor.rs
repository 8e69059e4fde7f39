//! Runs `bowout-init` with a configuration, and asks it how things stand.

use std::cell::Cell;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binaries::bowout;
use crate::client::{Client, Events};
use crate::exit::Exit;
use crate::init::Init;
use crate::run::Run;
use crate::scratch::Scratch;
use crate::signal::Signal;
use crate::stage::Stage;
use crate::terminal::{Terminal, three};
use crate::tool::{Program, Said, say};
use crate::watchdog::{await_that, watchdog};

/// A configuration, and how bowout is about to be started with it.
///
/// In it `${PUPPET}` is the puppet and `${HERE}` the folder that it lies in.
pub struct Configuration {
    folder: Scratch,
    stage: Stage,
    words: Vec<String>,
    has_socket: bool,
}

impl Configuration {
    /// With this `bowout.toml`, as PID 1.
    #[must_use]
    pub fn new(toml: &str) -> Self {
        let folder = Scratch::new();
        let file = folder.write("bowout.toml", toml, 0o644);
        Self {
            folder,
            stage: Stage::new(&Init::bowout()).without_separator(),
            words: vec!["--config".to_owned(), file],
            has_socket: true,
        }
    }

    /// Without a `bowout.toml`; the words are the whole command line, with `${HERE}` for the folder.
    #[must_use]
    pub fn of(words: &[&str]) -> Self {
        let mut configuration = Self::new("");
        configuration.words = words.iter().map(|word| configuration.at(word)).collect();
        configuration
    }

    /// With these options besides.
    #[must_use]
    pub fn options(mut self, words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|word| self.at(word)).collect();
        self.words.extend(words);
        self
    }

    fn at(&self, word: &str) -> String {
        word.replace("${HERE}", &self.folder.path().display().to_string())
    }

    /// With another file in its folder; folders in the name are made.
    ///
    /// # Panics
    /// If it can't be written.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        write(&self.folder, name, text);
        self
    }

    /// In other surroundings.
    #[must_use]
    pub fn on(mut self, change: impl FnOnce(Stage) -> Stage) -> Self {
        self.stage = change(self.stage);
        self
    }

    /// With this in the environment; `${HERE}` is the folder.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        let value = self.at(value);
        self.on(|stage| stage.env(name, &value))
    }

    /// Without a variable that says where the socket is.
    #[must_use]
    pub fn without_socket(mut self) -> Self {
        self.has_socket = false;
        self
    }

    /// The path of something in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use = "one that is dropped is killed"]
    #[track_caller]
    pub fn start(self) -> Supervisor {
        let here = self.folder.path().display().to_string();
        let socket = self.path("ctl.sock");
        let mut stage = self.stage.env("HERE", &here);
        if self.has_socket {
            stage = stage.env("BOWOUT_SOCKET", &socket.display().to_string());
        }
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        Supervisor {
            run: stage.start(&words),
            socket,
            has_listened: Cell::new(false),
            folder: self.folder,
        }
    }
}

/// A supervisor that runs. Dropped, it is killed with everything in its namespace.
pub struct Supervisor {
    run: Run,
    socket: PathBuf,
    /// Whether somebody was found at the socket.
    has_listened: Cell<bool>,
    folder: Scratch,
}

impl Deref for Supervisor {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl DerefMut for Supervisor {
    fn deref_mut(&mut self) -> &mut Run {
        &mut self.run
    }
}

impl Supervisor {
    /// The path of something in the folder of its configuration.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is in a file of the folder of its configuration.
    ///
    /// # Panics
    /// If it can't be read.
    #[must_use]
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name))
            .unwrap_or_else(|error| panic!("{name}: {error}; bowout says: {}", self.stderr()))
    }

    /// Writes a file into the folder of its configuration.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn write(&self, name: &str, text: &str) {
        write(&self.folder, name, text);
    }

    /// Talks to a socket at another place from now on.
    pub fn use_socket(&mut self, path: &Path) {
        path.clone_into(&mut self.socket);
        self.has_listened.set(false);
    }

    /// Where the socket is, once somebody listens there.
    ///
    /// # Panics
    /// If it never is.
    #[must_use]
    #[track_caller]
    pub fn socket(&self) -> &Path {
        let start = Instant::now();
        // The file is there before anybody listens: it has its mode by then.
        while !self.has_listened.get() && UnixStream::connect(&self.socket).is_err() {
            assert!(
                start.elapsed() < watchdog(),
                "there is no socket; bowout says: {}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        self.has_listened.set(true);
        &self.socket
    }

    /// A connection to it.
    ///
    /// # Panics
    /// If there is no socket.
    #[must_use]
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::connect(self.socket())
    }

    /// What happens from now on.
    ///
    /// # Panics
    /// If there is no socket.
    #[must_use]
    #[track_caller]
    pub fn events(&self) -> Events {
        Events::follow(self.socket())
    }

    /// How a service is.
    ///
    /// # Panics
    /// If that can't be asked.
    #[must_use]
    #[track_caller]
    pub fn status(&self, service: &str) -> Value {
        self.client().status(service)
    }

    /// Waits until something is so of a service.
    ///
    /// # Panics
    /// If it does not come to be.
    #[track_caller]
    pub fn await_status(&self, service: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let mut events = self.events();
        let mut client = self.client();
        let start = Instant::now();
        loop {
            let status = client.status(service);
            if so(&status) {
                return status;
            }
            assert!(
                start.elapsed() < watchdog(),
                "{service}: still not {what}: {status}; bowout says: {}",
                self.stderr()
            );
            events.pause();
        }
    }

    /// Waits until a service is in this state.
    ///
    /// # Panics
    /// If it does not come to be.
    #[track_caller]
    pub fn await_state(&self, service: &str, state: &str) -> Value {
        self.await_status(service, state, |status| status["state"] == state)
    }

    /// A command line of the client: `ctl` and these words.
    #[must_use]
    pub fn ctl_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(bowout("bowout-init"));
        command
            .arg("ctl")
            .args(words)
            .env("BOWOUT_SOCKET", self.socket())
            .stdin(Stdio::null());
        command
    }

    /// Runs the client with these words to its end.
    ///
    /// # Panics
    /// If it does not come to one.
    #[track_caller]
    pub fn ctl(&self, words: &[&str]) -> Said {
        say(self.ctl_command(words))
    }

    /// Starts the client with these words.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn follow(&self, words: &[&str]) -> Program {
        Program::start(&mut self.ctl_command(words))
    }

    /// Starts the client with these words on a terminal, with this in the environment.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    #[track_caller]
    pub fn ctl_on_terminal(
        &self,
        words: &[&str],
        environment: &[(&str, &str)],
    ) -> (Terminal, Child) {
        let (terminal, slave) = Terminal::open();
        let [stdin, stdout, stderr] = three(&slave);
        let mut command = self.ctl_command(words);
        command.envs(environment.iter().copied());
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        let child = command.spawn().expect("cannot run the client");
        (terminal, child)
    }

    /// Whether there is a file where its socket was, or is.
    #[must_use]
    pub fn socket_is_there(&self) -> bool {
        self.socket.exists()
    }

    /// Stops it as a platform does, and says how it ended and how long after that.
    ///
    /// # Panics
    /// If it goes on.
    #[track_caller]
    pub fn stop(&mut self) -> (Exit, Duration) {
        let start = Instant::now();
        self.signal(Signal::TERM);
        let (exit, at) = self.exit_at();
        (exit, at.saturating_duration_since(start))
    }

    /// Waits for the report in `report.json`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn report(&mut self) -> Value {
        let _ = self.exit();
        let text = self.read("report.json");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Waits until bowout has said this on standard error.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn await_log(&self, text: &str) {
        await_that(&format!("bowout says {text:?}: {}", self.stderr()), || {
            self.stderr().contains(text)
        });
    }

    /// Waits until this has been written to standard output.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn await_stdout(&self, text: &str) {
        await_that(&format!("{text:?} is written"), || {
            self.stdout().contains(text)
        });
    }
}

fn write(folder: &Scratch, name: &str, text: &str) {
    let path = folder.path().join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("cannot make a folder");
    }
    fs::write(path, text).expect("cannot write a file");
}
