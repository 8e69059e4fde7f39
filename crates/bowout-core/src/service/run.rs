//! Watches a service that runs: when it is ready, whether it still works, and which process it is.

use crate::plan::{Kind, Readiness, Service};
use crate::{Instant, Pid, Status};
use core::time::Duration;

/// The first pause between two looks for a daemon.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// The longest.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// How long a starter that has ended may take to leave a daemon behind, where nothing else is said.
const DAEMON_TIME: Duration = Duration::from_secs(30);

/// The starter of a daemon, while it runs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Launch {
    /// Its process.
    pub starter: Pid,
    /// Since when.
    pub since: Instant,
    /// When the start has failed.
    pub(crate) ready_by: Option<Instant>,
    /// Whether the service has said that it is ready.
    pub(crate) told: bool,
    /// The main process that the service named.
    pub(crate) claimed: Option<Pid>,
}

/// A daemon that is looked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Adopting {
    /// The process that started it, and has ended.
    pub starter: Pid,
    /// How that ended.
    pub(crate) status: Status,
    /// Since when the service runs.
    pub since: Instant,
    /// When it is not looked for any more.
    pub(crate) ready_by: Option<Instant>,
    /// When the start has failed, whoever is found by then; `None`: it was ready, or nothing limits it.
    pub(crate) start_by: Option<Instant>,
    /// Whether the service has said that it is ready.
    pub(crate) told: bool,
    /// The process that the service itself names.
    pub(crate) claimed: Option<Pid>,
    /// The process that its pidfile named when it was last read.
    pub(crate) filed: Option<Pid>,
    /// A process that was named and not accepted.
    pub(crate) refused: Option<Pid>,
    /// Whether the service was ever ready.
    pub(crate) was_ready: bool,
    /// The process that was found where nobody named one: it counts when it is found again, because one that
    /// forks once more before it is the daemon ends at once.
    pub(crate) found: Option<Pid>,
    /// How often in a row nobody of the service was found.
    pub(crate) missed: u8,
    /// When it is looked for again; `None`: an answer is awaited.
    pub(crate) look_at: Option<Instant>,
    /// Whether the pidfile was asked for and is not read yet.
    pub(crate) reading: bool,
    pause: Duration,
}

impl Adopting {
    /// Its starter has ended well.
    pub(crate) fn new(launch: &Launch, now: Instant) -> Adopting {
        Adopting {
            starter: launch.starter,
            status: Status::Exited(0),
            since: launch.since,
            ready_by: Some(launch.ready_by.unwrap_or(now.after(DAEMON_TIME))),
            start_by: launch.ready_by,
            told: launch.told,
            claimed: launch.claimed,
            filed: None,
            refused: None,
            was_ready: false,
            found: None,
            missed: 0,
            reading: false,
            look_at: Some(now),
            pause: FIRST_LOOK,
        }
    }

    /// A main process has ended, and had named another one: that is there by now, or never comes. What the
    /// start has left of its time goes on.
    pub(crate) fn after(run: &Run, status: Status, now: Instant) -> Adopting {
        let look_until = now.after(LONGEST_LOOK);
        let launch = Launch {
            starter: run.main,
            since: run.since,
            ready_by: run.ready_by,
            told: run.ready,
            claimed: run.claimed,
        };
        Adopting {
            status,
            ready_by: Some(run.ready_by.map_or(look_until, |by| by.min(look_until))),
            was_ready: run.was_ready,
            ..Adopting::new(&launch, now)
        }
    }

    /// Whether a look at all processes is awaited for it.
    pub(crate) fn is_looking(&self) -> bool {
        self.look_at.is_none() && !self.reading
    }

    /// It was not there yet.
    pub(crate) fn look_again(&mut self, now: Instant) {
        self.filed = None;
        self.look_at = Some(now.after(self.pause));
        self.pause = (self.pause * 2).min(LONGEST_LOOK);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        Instant::earliest(&[self.look_at, self.ready_by])
    }
}

/// A main process that runs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    /// The main process.
    pub main: Pid,
    /// Since when.
    pub since: Instant,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it ever was.
    pub(crate) was_ready: bool,
    /// When the start has failed, while it is not ready.
    pub(crate) ready_by: Option<Instant>,
    /// When it is ready by the passing of time alone.
    pub(crate) ready_at: Option<Instant>,
    /// When it is asked next whether it is ready.
    pub(crate) probe_at: Option<Instant>,
    /// Whether an answer to that is awaited.
    pub(crate) probing: bool,
    /// When it is asked next whether it still works.
    pub(crate) check_at: Option<Instant>,
    /// Whether an answer to that is awaited.
    pub(crate) checking: bool,
    /// How often in a row it did not.
    pub(crate) failures: u32,
    /// When it must have said that it works.
    pub(crate) watchdog_at: Option<Instant>,
    /// How often it has to say so.
    pub(crate) watchdog: Option<Duration>,
    /// Another main process, that the service named and nobody has looked at.
    pub(crate) claimed: Option<Pid>,
}

impl Run {
    /// `main` runs since `since`; for a daemon that is before `now`.
    pub(crate) fn new(
        service: &Service,
        main: Pid,
        since: Instant,
        ready_by: Option<Instant>,
        now: Instant,
    ) -> Run {
        // A oneshot is ready when it has ended.
        let awaited = service.kind != Kind::Oneshot;
        let (ready_at, probe_at) = match service.readiness {
            Readiness::Started | Readiness::Told => (None, None),
            Readiness::Delay(delay) => (Some(now.after(delay)), None),
            Readiness::Probed { .. } => (None, Some(now)),
        };
        Run {
            main,
            since,
            ready: false,
            was_ready: false,
            ready_by,
            ready_at: ready_at.filter(|_| awaited),
            probe_at: probe_at.filter(|_| awaited),
            probing: false,
            check_at: None,
            checking: false,
            failures: 0,
            watchdog_at: None,
            watchdog: service.watchdog.filter(|period| !period.is_zero()),
            claimed: None,
        }
    }

    /// It is ready from now on; returns whether it was not.
    pub(crate) fn becomes_ready(&mut self, service: &Service, now: Instant) -> bool {
        if self.ready {
            return false;
        }
        self.ready = true;
        self.ready_by = None;
        self.ready_at = None;
        self.probe_at = None;
        self.probing = false;
        self.was_ready = true;
        if self.check_at.is_none() && !self.checking {
            self.check_at = service.liveness.map(|liveness| now.after(liveness.every));
        }
        if self.watchdog_at.is_none() {
            self.pet(now);
        }
        true
    }

    /// The container stops: nothing of it is late or asked any more.
    pub(crate) fn rest(&mut self) {
        self.ready_by = None;
        self.ready_at = None;
        self.probe_at = None;
        self.probing = false;
        self.check_at = None;
        self.checking = false;
        self.watchdog_at = None;
    }

    /// It says that it works. Before it is ready for the first time nobody waits for that.
    pub(crate) fn pet(&mut self, now: Instant) {
        let watchdog = self.watchdog.filter(|_| self.was_ready);
        self.watchdog_at = watchdog.map(|period| now.after(period));
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        Instant::earliest(&[
            self.ready_by,
            self.ready_at,
            self.probe_at,
            self.check_at,
            self.watchdog_at,
        ])
    }
}
