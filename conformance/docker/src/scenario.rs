//! Lists the ways in which containers are written, each with the programs that have to end gracefully.

use std::time::Duration;

use crate::container::{Container, Run};
use crate::engine::Engine;
use crate::image::Image;
use crate::init::Init;
use crate::program::Program;
use crate::request::InFlight;
use crate::stop::Stop;

/// How long an application cleans up, in milliseconds: long beside the noise of a busy machine, short beside a grace.
const CLEANUP: &str = "300";

/// How the application is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The program itself.
    Main,
    /// A script that runs it as a child, without exec.
    Wrapper,
    /// A script that ends in exec.
    Exec,
    /// A script that traps the signal, passes it on and waits.
    TrapWaits,
    /// A script that traps the signal but sits in a foreground child.
    TrapForeground,
    /// Two in the background of a script without a trap.
    TwoChildren,
    /// Five of them.
    FiveChildren,
    /// A daemon that double-forked away and needs a second, beside the program.
    Daemon,
    /// In a session of its own below a script.
    OwnSession,
    /// Stopped by SIGSTOP when the stop signal comes.
    Stopped,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Main,
        Self::Wrapper,
        Self::Exec,
        Self::TrapWaits,
        Self::TrapForeground,
        Self::TwoChildren,
        Self::FiveChildren,
        Self::Daemon,
        Self::OwnSession,
        Self::Stopped,
    ];

    /// What a table calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Main => "program as main",
            Self::Wrapper => "wrapper script without exec",
            Self::Exec => "script with exec",
            Self::TrapWaits => "script that traps and waits",
            Self::TrapForeground => "script that traps, blocked in the foreground",
            Self::TwoChildren => "script with two children",
            Self::FiveChildren => "script with five children",
            Self::Daemon => "daemon that double-forked away",
            Self::OwnSession => "child in a session of its own",
            Self::Stopped => "program that is stopped (SIGSTOP)",
        }
    }

    /// The exit code of a main process that was told once and ended in its own way.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Main | Self::Exec | Self::Stopped | Self::Daemon => 0,
            // The script hands on the program's status.
            Self::TrapWaits => 0,
            // The trap ran, after the foreground child had ended.
            Self::TrapForeground => 7,
            // A shell without a trap dies of the signal.
            Self::Wrapper | Self::TwoChildren | Self::FiveChildren | Self::OwnSession => 143,
        }
    }
}

/// One way to write a container.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What a table calls it.
    pub title: String,
    /// The image it runs in.
    pub image: Image,
    /// Its command line.
    pub command: Vec<String>,
    /// How many processes record that they are ready.
    pub processes: usize,
    /// The exit code when all is well.
    pub exit_code: i32,
    /// What the stop may take beside the slowest clean-up: one that comes after it, or half of Docker's grace where only
    /// the half-time step can help.
    pub allowance: Duration,
    /// Names of processes that have an HTTP request in flight.
    pub servers: Vec<String>,
    /// The process that is stopped by SIGSTOP first.
    pub frozen: Option<String>,
    /// Flags of `docker run`.
    pub flags: Vec<&'static str>,
    /// Options of the init.
    pub options: Vec<&'static str>,
}

impl Scenario {
    /// A program in a shape; `shell` runs the shape's script.
    pub fn new(image: Image, shell: &str, shape: Shape, program: Program) -> Self {
        let script = |name: &str| vec![shell.to_owned(), format!("/programs/{name}.sh")];
        let app: Vec<String> = program
            .command()
            .iter()
            .map(|word| (*word).to_owned())
            .collect();
        let named: Vec<String> = [&app[..], &[CLEANUP.to_owned(), "app".to_owned()]].concat();
        let unnamed: Vec<String> = [&app[..], &[CLEANUP.to_owned()]].concat();
        let numbered = |number: usize| {
            (1..=number)
                .map(|child| format!("child-{child}"))
                .collect::<Vec<_>>()
        };
        let one = vec!["app".to_owned()];
        let (command, names) = match shape {
            Shape::Main | Shape::Stopped => (named, one),
            Shape::Wrapper => ([script("wrapper"), named].concat(), one),
            Shape::Exec => ([script("exec"), named].concat(), one),
            Shape::TrapWaits => ([script("trap_waits"), named].concat(), one),
            Shape::TrapForeground => ([script("trap_foreground"), named].concat(), one),
            Shape::TwoChildren => (
                [script("children"), vec!["2".to_owned()], unnamed].concat(),
                numbered(2),
            ),
            Shape::FiveChildren => (
                [script("children"), vec!["5".to_owned()], unnamed].concat(),
                numbered(5),
            ),
            Shape::Daemon => (
                [script("daemon"), app].concat(),
                vec!["daemon".to_owned(), "main".to_owned()],
            ),
            Shape::OwnSession => ([script("own_session"), named].concat(), one),
        };
        let script_records = matches!(shape, Shape::TrapWaits | Shape::TrapForeground);
        // bash looks the same whether it waits for a foreground child or in its wait builtin: half of Docker's grace.
        let blind = shape == Shape::TrapForeground && shell.ends_with("bash");
        let half = Duration::from_secs(if blind { 5 } else { 0 });
        // The script of TrapWaits records a clean-up that spans the program's; the other's comes after it.
        let own = Duration::from_millis(if shape == Shape::TrapForeground {
            300
        } else {
            0
        });
        Self {
            title: format!("{}, {}", shape.title(), program.title()),
            image,
            command,
            processes: names.len() + usize::from(script_records),
            exit_code: shape.exit_code(),
            allowance: half + own,
            frozen: (shape == Shape::Stopped).then(|| "app".to_owned()),
            flags: Vec::new(),
            options: Vec::new(),
            servers: if program == Program::Node {
                names
            } else {
                Vec::new()
            },
        }
    }

    /// A master with this many workers that each need 50 ms.
    pub fn master(waits: bool, workers: usize) -> Self {
        let how = if waits { "wait" } else { "leave" };
        let title = if waits {
            "passes the signal on and waits"
        } else {
            "exits at once"
        };
        Self {
            title: format!("master of {workers} that {title}"),
            image: Image::Debian,
            command: ["/programs/bin/master", how, &workers.to_string(), "50"]
                .map(str::to_owned)
                .to_vec(),
            processes: workers + 1,
            exit_code: 0,
            allowance: Duration::ZERO,
            servers: Vec::new(),
            frozen: None,
            flags: Vec::new(),
            options: Vec::new(),
        }
    }

    /// With flags of `docker run`.
    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend_from_slice(flags);
        self
    }

    /// With options of the init.
    pub fn options(mut self, options: &[&'static str]) -> Self {
        self.options.extend_from_slice(options);
        self
    }

    /// With the exit code that is right here.
    pub fn exits(mut self, code: i32) -> Self {
        self.exit_code = code;
        self
    }

    /// Runs it to its stop under an init, or as PID 1 itself.
    pub fn run(&self, engine: &Engine, init: Option<&Init>) -> Outcome {
        let mut run = Run::new(engine, self.image)
            .flags(&self.flags)
            .command(&self.command);
        if let Some(init) = init {
            run = run.init(init).options(&self.options);
        }
        let mut container = run.start();
        container.ready(self.processes);
        let requests: Vec<InFlight> = self
            .servers
            .iter()
            .map(|name| self.request(&mut container, name))
            .collect();
        if let Some(name) = &self.frozen {
            let pid = container.event(name, "ready").to_string();
            container.exec(&["/programs/bin/freeze", &pid]);
        }
        let stop = container.stop(10);
        Outcome {
            stop,
            answered: requests.into_iter().all(InFlight::answered),
        }
    }

    fn request(&self, container: &mut Container, name: &str) -> InFlight {
        let request = InFlight::send(&container.file(&format!("{name}.sock")));
        container.event(name, "request");
        request
    }
}

/// What came of a scenario.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The stop.
    pub stop: Stop,
    /// Whether every request in flight was answered in full.
    pub answered: bool,
}

impl Outcome {
    /// Every clean-up ran to its end and every request was answered.
    pub fn graceful(&self) -> bool {
        self.stop.graceful() && self.answered
    }
}
