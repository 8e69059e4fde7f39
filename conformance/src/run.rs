//! Runs an init with its command, and waits for what comes of it.

use std::cell::RefCell;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use crate::binaries::puppet_binary;
use crate::exit::Exit;
use crate::process::Process;
use crate::puppet::Puppet;
use crate::record::Record;
use crate::scratch::Scratch;
use crate::signal::Signal;
use crate::stage::{Rank, Stage};
use crate::terminal::{Terminal, three};
use crate::watchdog::{await_that, watchdog};

/// The same for everybody: a folder that the user of a test may not search would make "not found" into
/// "permission denied".
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An init that runs. Dropped, it is killed with everything in its namespace.
pub struct Run {
    folder: Scratch,
    rank: Rank,
    /// `unshare`, which waits for PID 1 outside of the namespace.
    outside: Process,
    exit: Receiver<(Exit, Instant)>,
    ended: Option<(Exit, Instant)>,
    arrivals: Receiver<Puppet>,
    closed: Arc<AtomicBool>,
    /// Those that arrived while another was waited for.
    waiting: RefCell<Vec<Puppet>>,
    terminal: Option<Terminal>,
}

impl Run {
    #[track_caller]
    pub(crate) fn start(stage: Stage, command: &[String]) -> Self {
        let folder = Scratch::new();
        // Made now and for everybody, so that a process of any user can append to it.
        drop(folder.create("record"));
        let (arrivals, closed) = listen(&folder.path().join("socket"));
        let line = stage.command_line(command);
        let mut starter = Command::new(&line[0]);
        starter
            .args(&line[1..])
            .env_clear()
            .env("PATH", PATH)
            .envs(puppet_environment(&folder))
            .envs(stage.environment);
        let file = |name: &str| Stdio::from(folder.create(name));
        let terminal = if stage.terminal {
            let (terminal, slave) = Terminal::open();
            let [stdin, stdout, stderr] = three(&slave);
            starter.stdin(stdin).stdout(stdout).stderr(stderr);
            Some(terminal)
        } else {
            starter
                .stdin(Stdio::null())
                .stdout(file("stdout"))
                .stderr(file("stderr"));
            None
        };
        if let Some(stdout) = stage.stdout {
            starter.stdout(stdout);
        }
        if let Some(stderr) = stage.stderr {
            starter.stderr(stderr);
        }
        let mut child = starter.spawn().expect("cannot run unshare or setpriv");
        let outside = Process(child.id().cast_signed());
        // The streams given away must not stay open here: a dead pipe would never be dead.
        drop(starter);
        let (sender, exit) = channel();
        thread::spawn(move || {
            let status = child.wait().expect("cannot wait for unshare");
            // A run that was dropped is not interested any more.
            let _ = sender.send((Exit::from(status), Instant::now()));
        });
        Self {
            folder,
            rank: stage.rank,
            outside,
            exit,
            ended: None,
            arrivals,
            closed,
            waiting: RefCell::default(),
            terminal,
        }
    }

    /// Waits for the puppet of this name.
    ///
    /// # Panics
    /// If it does not arrive.
    #[must_use]
    #[track_caller]
    pub fn puppet(&self, name: &str) -> Puppet {
        let mut waiting = self.waiting.borrow_mut();
        if let Some(at) = waiting.iter().position(|puppet| puppet.name() == name) {
            return waiting.remove(at);
        }
        let end = Instant::now() + watchdog();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.arrivals.recv_timeout(left) {
                Ok(puppet) if puppet.name() == name => return puppet,
                Ok(puppet) => waiting.push(puppet),
                Err(_) => panic!("{name} never arrives; the init says: {}", self.stderr()),
            }
        }
    }

    /// The puppet that is the command.
    ///
    /// # Panics
    /// If it does not arrive.
    #[must_use]
    #[track_caller]
    pub fn app(&self) -> Puppet {
        self.puppet("app")
    }

    /// PID 1 of the namespace.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    #[track_caller]
    pub fn first(&self) -> Process {
        only_child(self.outside)
    }

    /// The init.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    #[track_caller]
    pub fn init(&self) -> Process {
        match self.rank {
            Rank::First => self.first(),
            Rank::Child => only_child(self.first()),
        }
    }

    /// Sends the init a signal.
    ///
    /// # Panics
    /// If it is not there.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        self.init().signal(signal);
    }

    /// Starts a puppet that enters the namespace from outside, as `docker exec` does.
    ///
    /// # Panics
    /// If it can't be started.
    #[track_caller]
    pub fn enter(&self, name: &str, commands: &[&str]) {
        let Process(first) = self.first();
        let mut visitor = Command::new("nsenter");
        visitor
            .args(["--target", &first.to_string(), "--pid", "--mount"])
            .arg(puppet_binary())
            .arg(name)
            .args(commands)
            .env_clear()
            .envs(puppet_environment(&self.folder))
            .stdin(Stdio::null());
        let mut child = visitor.spawn().expect("cannot run nsenter");
        thread::spawn(move || child.wait());
    }

    /// Waits until the init has ended.
    ///
    /// # Panics
    /// If it never does.
    #[track_caller]
    pub fn exit(&mut self) -> Exit {
        self.exit_at().0
    }

    /// Waits until the init has ended, and says when that was.
    ///
    /// # Panics
    /// If it never does.
    #[track_caller]
    pub fn exit_at(&mut self) -> (Exit, Instant) {
        if let Some(ended) = self.ended {
            return ended;
        }
        match self.exit.recv_timeout(watchdog()) {
            Ok(ended) => *self.ended.insert(ended),
            Err(_) => panic!("the init never ends; it says: {}", self.stderr()),
        }
    }

    /// Whether the init has ended by now.
    pub fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.exit.try_recv().ok();
        }
        self.ended.is_some()
    }

    /// What the processes have recorded so far.
    #[must_use]
    pub fn record(&self) -> Record {
        Record::read(&self.folder.path().join("record"))
    }

    /// What has been written to standard output.
    #[must_use]
    pub fn stdout(&self) -> String {
        fs::read_to_string(self.folder.path().join("stdout")).unwrap_or_default()
    }

    /// What has been written to standard error.
    #[must_use]
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// The terminal it was given.
    ///
    /// # Panics
    /// If it was given none.
    #[must_use]
    pub fn terminal(&mut self) -> &mut Terminal {
        self.terminal.as_mut().expect("the stage has no terminal")
    }

    /// A folder that everybody may write to, gone with the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.has_ended() {
            // PID 1 first: the kernel takes everything in the namespace with it.
            for process in self.outside.children() {
                process.kill();
            }
            // PID 1 may have been unborn; then this ends it by its parent-death signal.
            self.outside.kill();
            let _ = self.exit.recv_timeout(watchdog());
        }
        self.closed.store(true, Ordering::Release);
        let _ = UnixStream::connect(self.folder.path().join("socket"));
    }
}

fn puppet_environment(folder: &Scratch) -> [(&'static str, PathBuf); 3] {
    [
        ("PUPPET", puppet_binary().to_owned()),
        ("PUPPET_SOCKET", folder.path().join("socket")),
        ("PUPPET_RECORD", folder.path().join("record")),
    ]
}

#[track_caller]
fn only_child(parent: Process) -> Process {
    let mut children = Vec::new();
    await_that(&format!("process {} has a child", parent.0), || {
        children = parent.children();
        !children.is_empty()
    });
    children[0]
}

/// Greets everyone who connects, until the flag is set and somebody connects once more.
fn listen(path: &Path) -> (Receiver<Puppet>, Arc<AtomicBool>) {
    let listener = UnixListener::bind(path).expect("cannot make the socket");
    fs::set_permissions(path, Permissions::from_mode(0o777)).expect("cannot open the socket");
    let (sender, arrivals) = channel();
    let closed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&closed);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if flag.load(Ordering::Acquire) {
                break;
            }
            let sender = sender.clone();
            thread::spawn(move || {
                // The kernel says who connected, as a pid of the harness's own namespace.
                let Ok(peer) = getsockopt(&stream, PeerCredentials) else {
                    return;
                };
                if let Some(puppet) = Puppet::meet(stream, Process(peer.pid())) {
                    // A run that was dropped is not interested any more.
                    let _ = sender.send(puppet);
                }
            });
        }
    });
    (arrivals, closed)
}
