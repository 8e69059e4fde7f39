//! Names signals: numbers, spellings, and sets of them.

use alloc::string::String;
use core::fmt;

/// A signal of Linux, 1 to 64, realtime signals included.
///
/// Numbers are those of x86-64 and aarch64 (signal(7)). `SIGRTMIN` is 34, as glibc and container
/// engines count; the kernel's own 32 and 33 belong to the C library's threads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// What the kernel does with a signal that a process has no handler for (signal(7)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultAction {
    /// The process ends.
    Terminate,
    /// The process ends and a core dump is written.
    Core,
    /// Nothing.
    Ignore,
    /// The process is stopped.
    Stop,
    /// A stopped process goes on.
    Continue,
}

/// Number, name without `SIG`, and what stands behind it, in the kernel's order.
const STANDARD: [(&str, DefaultAction); 31] = {
    use DefaultAction::{Continue, Core, Ignore, Stop, Terminate};
    [
        ("HUP", Terminate),
        ("INT", Terminate),
        ("QUIT", Core),
        ("ILL", Core),
        ("TRAP", Core),
        ("ABRT", Core),
        ("BUS", Core),
        ("FPE", Core),
        ("KILL", Terminate),
        ("USR1", Terminate),
        ("SEGV", Core),
        ("USR2", Terminate),
        ("PIPE", Terminate),
        ("ALRM", Terminate),
        ("TERM", Terminate),
        ("STKFLT", Terminate),
        ("CHLD", Ignore),
        ("CONT", Continue),
        ("STOP", Stop),
        ("TSTP", Stop),
        ("TTIN", Stop),
        ("TTOU", Stop),
        ("URG", Ignore),
        ("XCPU", Core),
        ("XFSZ", Core),
        ("VTALRM", Terminate),
        ("PROF", Terminate),
        ("WINCH", Ignore),
        ("IO", Terminate),
        ("PWR", Terminate),
        ("SYS", Core),
    ]
};

/// Second names that signal(7) gives.
const ALIASES: [(&str, Signal); 4] = [
    ("IOT", Signal(6)),
    ("CLD", Signal::CHLD),
    ("POLL", Signal(29)),
    ("UNUSED", Signal(31)),
];

impl Signal {
    /// Hangup; daemons read their configuration again.
    pub const HUP: Signal = Signal(1);
    /// Ctrl-C.
    pub const INT: Signal = Signal(2);
    /// Ctrl-\; a graceful stop for nginx and php-fpm, a thread dump for Java.
    pub const QUIT: Signal = Signal(3);
    /// Ends a process without asking it.
    pub const KILL: Signal = Signal(9);
    /// For the application.
    pub const USR1: Signal = Signal(10);
    /// For the application.
    pub const USR2: Signal = Signal(12);
    /// A write to a pipe that nobody reads.
    pub const PIPE: Signal = Signal(13);
    /// The usual stop signal.
    pub const TERM: Signal = Signal(15);
    /// A child ended, stopped or went on.
    pub const CHLD: Signal = Signal(17);
    /// A stopped process goes on.
    pub const CONT: Signal = Signal(18);
    /// Stops a process without asking it.
    pub const STOP: Signal = Signal(19);
    /// Ctrl-Z.
    pub const TSTP: Signal = Signal(20);
    /// A read from the terminal by a background process.
    pub const TTIN: Signal = Signal(21);
    /// A write to the terminal by a background process.
    pub const TTOU: Signal = Signal(22);
    /// The terminal's size changed.
    pub const WINCH: Signal = Signal(28);
    /// The first realtime signal that is free for applications.
    pub const RTMIN: Signal = Signal(34);
    /// The last realtime signal.
    pub const RTMAX: Signal = Signal(64);

    /// The signal with this number; `None` outside of 1 to 64.
    #[must_use = "makes a value and changes nothing"]
    pub const fn new(number: u8) -> Option<Signal> {
        match number {
            1..=64 => Some(Signal(number)),
            _ => None,
        }
    }

    /// The kernel's number.
    #[must_use = "reads a value and changes nothing"]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Reads `TERM`, `SIGTERM`, `15`, `RTMIN+3`, `SIGRTMAX-1`; case does not matter.
    #[must_use = "makes a value and changes nothing"]
    pub fn parse(text: &str) -> Option<Signal> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().and_then(Signal::new);
        }
        let upper: String = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        for (number, (standard, _)) in (1..).zip(STANDARD) {
            if standard == name {
                return Some(Signal(number));
            }
        }
        if let Some((_, signal)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
            return Some(*signal);
        }
        Signal::parse_realtime(name)
    }

    fn parse_realtime(name: &str) -> Option<Signal> {
        let offset = |rest: &str, sign: char| -> Option<u8> {
            if rest.is_empty() {
                return Some(0);
            }
            let digits = rest.strip_prefix(sign)?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            digits.parse().ok()
        };
        let number = if let Some(rest) = name.strip_prefix("RTMIN") {
            Signal::RTMIN.0.checked_add(offset(rest, '+')?)?
        } else {
            let rest = name.strip_prefix("RTMAX")?;
            Signal::RTMAX.0.checked_sub(offset(rest, '-')?)?
        };
        (Signal::RTMIN.0..=Signal::RTMAX.0)
            .contains(&number)
            .then_some(Signal(number))
    }

    /// Whether this is a realtime signal (queued, never merged; signal(7)).
    #[must_use = "reads a value and changes nothing"]
    pub const fn is_realtime(self) -> bool {
        self.0 >= 32
    }

    /// Whether a process may handle it: all but SIGKILL and SIGSTOP.
    #[must_use = "reads a value and changes nothing"]
    pub const fn is_catchable(self) -> bool {
        self.0 != Signal::KILL.0 && self.0 != Signal::STOP.0
    }

    /// Whether its default action is to stop the process by the terminal's rules.
    #[must_use = "reads a value and changes nothing"]
    pub const fn is_terminal_stop(self) -> bool {
        matches!(self, Signal::TSTP | Signal::TTIN | Signal::TTOU)
    }

    /// What happens in a process that has no handler for it.
    #[must_use = "reads a value and changes nothing"]
    pub const fn default_action(self) -> DefaultAction {
        match self.0 {
            1..=31 => STANDARD[self.0 as usize - 1].1,
            _ => DefaultAction::Terminate,
        }
    }

    /// Every signal, by number.
    pub fn all() -> impl Iterator<Item = Signal> {
        (1..=64).map(Signal)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1..=31 => write!(f, "SIG{}", STANDARD[usize::from(self.0) - 1].0),
            32 | 33 => write!(f, "SIG{}", self.0),
            34 => write!(f, "SIGRTMIN"),
            64 => write!(f, "SIGRTMAX"),
            number => write!(f, "SIGRTMIN+{}", number - 34),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A set of signals, bit `n - 1` for signal `n`, as /proc/PID/status writes them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SignalSet(u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: SignalSet = SignalSet(0);
    /// Every signal.
    pub const ALL: SignalSet = SignalSet(u64::MAX);

    /// The set with these bits.
    #[must_use = "makes a value and changes nothing"]
    pub const fn from_bits(bits: u64) -> SignalSet {
        SignalSet(bits)
    }

    /// The bits, as the kernel has them.
    #[must_use = "reads a value and changes nothing"]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether `signal` is in the set.
    #[must_use = "reads a value and changes nothing"]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & (1 << (signal.0 - 1)) != 0
    }

    /// The set with `signal` added.
    #[must_use = "makes a value and changes nothing"]
    pub const fn with(self, signal: Signal) -> SignalSet {
        SignalSet(self.0 | 1 << (signal.0 - 1))
    }

    /// The set with `signal` removed.
    #[must_use = "makes a value and changes nothing"]
    pub const fn without(self, signal: Signal) -> SignalSet {
        SignalSet(self.0 & !(1 << (signal.0 - 1)))
    }

    /// The signals in the set, by number.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        Signal::all().filter(move |signal| self.contains(*signal))
    }
}

impl FromIterator<Signal> for SignalSet {
    fn from_iter<I: IntoIterator<Item = Signal>>(signals: I) -> SignalSet {
        signals.into_iter().fold(SignalSet::EMPTY, SignalSet::with)
    }
}

impl fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_signal_reads_its_own_name() {
        for signal in Signal::all().filter(|signal| !matches!(signal.number(), 32 | 33)) {
            let name = signal.to_string();
            assert_eq!(Signal::parse(&name), Some(signal), "{name}");
            assert_eq!(Signal::parse(name.trim_start_matches("SIG")), Some(signal));
            assert_eq!(Signal::parse(&name.to_lowercase()), Some(signal));
        }
    }

    #[test]
    fn realtime_signals_count_from_both_ends() {
        assert_eq!(Signal::parse("SIGRTMIN+3").unwrap().number(), 37);
        assert_eq!(Signal::parse("rtmax-1").unwrap().number(), 63);
        assert_eq!(Signal::parse("RTMIN+30"), Some(Signal::RTMAX));
        for bad in [
            "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMAX-31", "RTMIN+ 1",
        ] {
            assert_eq!(Signal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_no_signal_is_refused() {
        for bad in [
            "",
            "SIG",
            "0",
            "65",
            "-1",
            "TERMINATE",
            "256",
            "SIGSIGTERM",
            "+9",
        ] {
            assert_eq!(Signal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_set_is_the_kernels_mask() {
        // SigCgt of a program that handles INT and TERM.
        let set = SignalSet::from_bits(0x4002);
        assert!(set.contains(Signal::INT) && set.contains(Signal::TERM));
        assert!(!set.contains(Signal::HUP));
        assert_eq!(set.without(Signal::INT).iter().count(), 1);
        assert!(SignalSet::ALL.contains(Signal::RTMAX));
    }
}
