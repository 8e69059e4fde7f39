//! Names what bowout does otherwise when it stands in for another init.

use bowout_core::plan::ForwardTo;
use bowout_core::{Signal, SignalSet};

/// The child's session and process group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SessionPolicy {
    /// A session of its own, unless bowout has a terminal to share: then a group of its own.
    Fitting,
    /// A session of its own.
    New,
    /// A group of its own.
    Group,
    /// bowout's own group.
    Same,
}

/// What becomes of the terminal on standard input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TerminalPolicy {
    /// The child gets it, if bowout has it.
    Fitting,
    /// bowout gives it up, and the child's session takes it if nobody else has it.
    Control,
    /// The child's group is put in front, even from the background.
    Foreground,
    /// It is left alone.
    Keep,
}

/// What is done otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Contract {
    /// Session and group.
    pub(crate) session: SessionPolicy,
    /// Terminal.
    pub(crate) terminal: TerminalPolicy,
    /// Whether the child starts with nothing blocked and nothing ignored, whatever bowout was started
    /// with.
    pub(crate) reset_signals: bool,
    /// Whom signals go to.
    pub(crate) forward: ForwardTo,
    /// Whether a request to stop is a signal like any other: forwarded, each time, and nothing more.
    pub(crate) stop_is_a_signal: bool,
    /// Signals that are left as they were when bowout started: neither blocked nor forwarded.
    pub(crate) leave: SignalSet,
    /// Signals that are taken and not forwarded.
    pub(crate) swallow: SignalSet,
    /// Signals that stop bowout itself once they are forwarded.
    pub(crate) suspend: SignalSet,
    /// Forwarded signals after which a stopped receiver is continued.
    pub(crate) wake: SignalSet,
    /// Whether the child is continued, or bowout stopped too, when the terminal stops the child.
    pub(crate) job_control: bool,
    /// Whether the rest is waited for even when bowout is not PID 1, so that nobody would be cut down.
    pub(crate) wait_anywhere: bool,
    /// Whether bowout becomes the reaper of orphans when it is not PID 1.
    pub(crate) subreaper: bool,
    /// Whether bowout goes to `/` once the command runs, so that it keeps no file system busy.
    pub(crate) leaves_directory: bool,
    /// Whether a stop is told of without being asked.
    pub(crate) tells_of_stops: bool,
    /// Whether each orphan that is reaped is told of.
    pub(crate) tells_of_orphans: bool,
    /// Whether there is no command: bowout reaps, and ends with 0 when it is told to.
    pub(crate) pause: bool,
    /// Whether it is said that nobody reaps orphans.
    pub(crate) tells_of_no_reaper: bool,
    /// The exit code of errors of its own.
    pub(crate) own_error: u8,
}

/// Ctrl-Z, and reading or writing in the background.
pub(crate) const TERMINAL_STOPS: SignalSet = SignalSet::EMPTY
    .with(Signal::TSTP)
    .with(Signal::TTIN)
    .with(Signal::TTOU);

/// bowout as itself.
pub(crate) const OWN: Contract = Contract {
    session: SessionPolicy::Fitting,
    terminal: TerminalPolicy::Fitting,
    reset_signals: false,
    forward: ForwardTo::Main,
    stop_is_a_signal: false,
    leave: SignalSet::EMPTY,
    swallow: SignalSet::EMPTY,
    suspend: TERMINAL_STOPS,
    wake: SignalSet::EMPTY,
    job_control: true,
    wait_anywhere: true,
    subreaper: true,
    leaves_directory: false,
    tells_of_stops: true,
    tells_of_orphans: false,
    pause: false,
    tells_of_no_reaper: false,
    own_error: crate::OWN_ERROR,
};
