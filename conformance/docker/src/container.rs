//! Runs one container with a journal and removes it when the test ends, however it ends.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::clock;
use crate::engine::{Engine, LABEL};
use crate::image::Image;
use crate::init::Init;
use crate::journal::{Journal, Record};
use crate::program;
use crate::stop::Stop;
use crate::workplace::{Scratch, unique};

/// How long a test waits for anything at all. It is no measure: only a hang takes this long.
pub const WATCHDOG: Duration = Duration::from_secs(60);

/// What to run; [`Run::start`] runs it.
#[derive(Debug, Clone)]
pub struct Run {
    engine: Engine,
    image: String,
    init: Option<Init>,
    flags: Vec<String>,
    options: Vec<String>,
    command: Vec<String>,
}

impl Run {
    /// A container of one of the base images; they are made if they are not there.
    pub fn new(engine: &Engine, image: Image) -> Self {
        let tag = image
            .tag(engine)
            .unwrap_or_else(|error| panic!("cannot make the image {image:?}: {error}"));
        Self::tag(engine, &tag)
    }

    /// A container of any image the engine has.
    pub fn tag(engine: &Engine, tag: &str) -> Self {
        let (engine, image) = (engine.clone(), tag.to_owned());
        Self {
            engine,
            image,
            init: None,
            flags: Vec::new(),
            options: Vec::new(),
            command: Vec::new(),
        }
    }

    /// With this init in front of the command; without one the command is PID 1 itself.
    pub fn init(mut self, init: &Init) -> Self {
        self.init = Some(init.clone());
        self
    }

    /// Adds flags of `docker run`.
    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.flags
            .extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// Adds options of the init.
    pub fn options(mut self, options: &[&str]) -> Self {
        self.options
            .extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    /// Adds words of the command.
    pub fn command<S: AsRef<str>>(mut self, words: &[S]) -> Self {
        self.command
            .extend(words.iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Prepares the container's folder and journal, without running anything yet.
    pub fn prepare(self) -> Container {
        let folder = Scratch::new();
        let journal = Journal::create(folder.path());
        Container {
            run: self,
            name: unique(),
            folder,
            journal,
        }
    }

    /// Starts it in the background.
    pub fn start(self) -> Container {
        let container = self.prepare();
        let arguments = container.arguments(&["--detach"]);
        container
            .run
            .engine
            .run(&arguments)
            .unwrap_or_else(|error| panic!("docker {}: {error}", arguments.join(" ")));
        container
    }
}

/// A container of a test.
#[derive(Debug)]
pub struct Container {
    run: Run,
    name: String,
    folder: Scratch,
    journal: Journal,
}

impl Container {
    /// The arguments that make `docker` run it, for tests that run it in a terminal.
    pub fn arguments(&self, how: &[&str]) -> Vec<String> {
        let programs =
            program::folder().unwrap_or_else(|error| panic!("cannot make the programs: {error}"));
        let mut words: Vec<String> = vec!["run".to_owned(), "--name".to_owned(), self.name.clone()];
        words.extend([
            "--label".to_owned(),
            format!("{LABEL}={}", std::process::id()),
        ]);
        // No network: nothing here needs one, and a container starts twice as fast.
        words.extend(["--network".to_owned(), "none".to_owned()]);
        words.extend([
            "--volume".to_owned(),
            format!("{}:/vol", self.folder.path().display()),
        ]);
        words.extend([
            "--volume".to_owned(),
            format!("{}:/programs:ro", programs.display()),
        ]);
        words.extend(how.iter().map(|word| (*word).to_owned()));
        words.extend(self.run.flags.clone());
        let mut command = Vec::new();
        if let Some(init) = &self.run.init {
            let inside = format!("/init/{}", init.name());
            words.extend([
                "--volume".to_owned(),
                format!("{}:{inside}:ro", init.path().display()),
            ]);
            command.push(inside);
            command.extend(init.options().iter().chain(&self.run.options).cloned());
            // With a configuration there is no command.
            if !self.run.command.is_empty() {
                command.push("--".to_owned());
            }
        }
        words.push(self.run.image.clone());
        words.extend(command);
        words.extend(self.run.command.clone());
        words
    }

    /// The engine it runs on.
    pub fn engine(&self) -> &Engine {
        &self.run.engine
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A file of the folder that it sees as `/vol`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the programs have recorded so far.
    pub fn records(&mut self) -> Vec<Record> {
        self.journal.records().to_vec()
    }

    /// Waits until `number` processes have said that they are ready.
    pub fn ready(&mut self, number: usize) {
        self.wait_for(&format!("{number} ready"), |records| {
            records
                .iter()
                .filter(|record| record.event == "ready")
                .count()
                >= number
        });
    }

    /// Waits until this process has recorded this event and returns its pid.
    pub fn event(&mut self, name: &str, event: &str) -> u32 {
        let is = |record: &&Record| record.name == name && record.event == event;
        self.wait_for(&format!("{name} {event}"), |records| {
            records.iter().any(|record| is(&record))
        });
        self.records()
            .iter()
            .find(is)
            .map(|record| record.pid)
            .expect("it was there")
    }

    fn wait_for(&mut self, what: &str, mut there: impl FnMut(&[Record]) -> bool) {
        let start = Instant::now();
        loop {
            let ended = start.elapsed() > Duration::from_secs(1)
                && self.inspect("{{.State.Running}}") == "false";
            if there(self.journal.records()) {
                return;
            }
            if ended || start.elapsed() > WATCHDOG {
                let state = if ended {
                    "the container has ended"
                } else {
                    "still waiting"
                };
                panic!(
                    "no {what}: {state}\nrecords: {:#?}\nlogs: {}",
                    self.journal.records().to_vec(),
                    self.logs()
                );
            }
            self.journal.wait();
        }
    }

    /// Waits until this is in what it wrote. Each look takes the engine a while, so this does not spin.
    pub fn until_logged(&self, text: &str) {
        let begun = Instant::now();
        while !self.logs().contains(text) {
            let ended = self.inspect("{{.State.Running}}") == "false";
            assert!(
                !ended || self.logs().contains(text),
                "it ended before {text:?}: {}",
                self.logs()
            );
            assert!(begun.elapsed() < WATCHDOG, "no {text:?}: {}", self.logs());
        }
    }

    /// Waits until a program of this name runs in the foreground of its terminal.
    pub fn until_in_front(&self, program: &str) {
        let begun = Instant::now();
        let in_front = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, group, front, state, name] => {
                name == program && group == front && !state.starts_with('T')
            }
            _ => false,
        };
        loop {
            let top = self.docker(&["top", &self.name, "-eo", "pid,pgid,tpgid,stat,comm"]);
            if top.lines().any(in_front) {
                return;
            }
            let waited = begun.elapsed();
            assert!(waited < WATCHDOG, "{program} is not in front:\n{top}");
        }
    }

    /// One value of `docker inspect`.
    pub fn inspect(&self, format: &str) -> String {
        self.docker(&["inspect", "--format", format, &self.name])
    }

    /// What the container wrote, standard output and error together.
    pub fn logs(&self) -> String {
        let output = self
            .run
            .engine
            .command()
            .args(["logs", &self.name])
            .output()
            .expect("run docker logs");
        [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat()
    }

    /// A command inside, to its end.
    pub fn exec(&self, words: &[&str]) -> String {
        self.docker(&[&["exec", &self.name], words].concat())
    }

    /// A command inside that goes on by itself.
    pub fn exec_detached(&self, words: &[&str]) {
        self.docker(&[&["exec", "--detach", &self.name], words].concat());
    }

    /// `docker kill --signal`.
    pub fn kill(&self, signal: &str) {
        self.docker(&["kill", "--signal", signal, &self.name]);
    }

    /// Waits for its end and returns the exit code that `docker inspect` shows.
    pub fn exit_code(&self) -> i32 {
        self.docker(&["wait", &self.name]);
        self.inspect("{{.State.ExitCode}}")
            .parse()
            .expect("a number")
    }

    /// `docker stop` with this many seconds, and what came of it.
    pub fn stop(&mut self, seconds: u32) -> Stop {
        let since = clock::wall();
        self.docker(&["stop", "--time", &seconds.to_string(), &self.name]);
        let exit_code = self.exit_code();
        Stop {
            exit_code,
            elapsed: self.elapsed(since),
            records: self.records(),
            logs: self.logs(),
        }
    }

    /// From the moment the engine had sent the stop signal to the moment it saw PID 1 end: neither the client's
    /// start nor the engine's tidying up is in it.
    fn elapsed(&self, since: i64) -> Duration {
        let seconds = |at: i64| format!("{}.{:09}", at / 1_000_000_000, at % 1_000_000_000);
        let (since, until) = (seconds(since), seconds(clock::wall()));
        let container = format!("container={}", self.name);
        let events = self.docker(&[
            "events",
            "--since",
            &since,
            "--until",
            &until,
            "--filter",
            &container,
            "--filter",
            "event=kill",
            "--format",
            "{{.TimeNano}}",
        ]);
        let told: i64 = events
            .lines()
            .next()
            .and_then(|line| line.parse().ok())
            .expect("a kill event");
        let finished = self.inspect("{{.State.FinishedAt}}");
        let finished =
            clock::parse_rfc3339(&finished).unwrap_or_else(|| panic!("not a time: {finished}"));
        Duration::from_nanos(u64::try_from(finished - told).unwrap_or(0))
    }

    /// `docker` with these arguments; an error fails the test.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let result = self.run.engine.run(arguments);
        result.unwrap_or_else(|error| panic!("docker {}: {error}", arguments.join(" ")))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self
            .run
            .engine
            .run(&["rm", "--force", "--volumes", &self.name]);
    }
}
