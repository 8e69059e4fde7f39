//! Parses /proc/PID/status (proc(5)).

use bowout_core::process::State;
use bowout_core::{Pid, SignalSet};

/// The facts that a stop needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// `Name`.
    pub name: String,
    /// `State`.
    pub state: State,
    /// `PPid`.
    pub parent: Pid,
    /// `NSpgid`, in the reader's namespace.
    pub group: Pid,
    /// `NSsid`, in the reader's namespace.
    pub session: Pid,
    /// `SigBlk`.
    pub blocked: SignalSet,
    /// `SigIgn`.
    pub ignored: SignalSet,
    /// `SigCgt`.
    pub caught: SignalSet,
}

/// Reads the file; `None` when a line that every kernel writes is missing.
#[must_use = "makes a value and changes nothing"]
pub fn parse(text: &[u8]) -> Option<Facts> {
    let (mut name, mut state, mut parent) = (None, None, None);
    let (mut group, mut session) = (None, None);
    let (mut blocked, mut ignored, mut caught) = (None, None, None);
    for line in text.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let value = line[colon + 1..].trim_ascii();
        match &line[..colon] {
            b"Name" => name = Some(String::from_utf8_lossy(value).into_owned()),
            b"State" => state = value.first().map(|letter| read_state(*letter)),
            b"PPid" => parent = read_pid(value),
            // These list one number for each namespace, the reader's first. Only kernels with PID
            // namespaces write them; without, group and session are not known.
            b"NSpgid" => group = first_pid(value),
            b"NSsid" => session = first_pid(value),
            b"SigBlk" => blocked = read_set(value),
            b"SigIgn" => ignored = read_set(value),
            b"SigCgt" => caught = read_set(value),
            _ => {}
        }
    }
    Some(Facts {
        name: name?,
        state: state?,
        parent: parent?,
        group: group.unwrap_or(Pid::OUTSIDE),
        session: session.unwrap_or(Pid::OUTSIDE),
        blocked: blocked?,
        ignored: ignored?,
        caught: caught?,
    })
}

fn read_state(letter: u8) -> State {
    match letter {
        b'D' => State::Uninterruptible,
        b'T' => State::Stopped,
        b't' => State::Traced,
        b'Z' | b'X' | b'x' => State::Zombie,
        _ => State::Awake,
    }
}

fn first_pid(value: &[u8]) -> Option<Pid> {
    let end = value
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(value.len());
    read_pid(&value[..end])
}

fn read_pid(value: &[u8]) -> Option<Pid> {
    let number: i32 = std::str::from_utf8(value).ok()?.parse().ok()?;
    (number >= 0).then(|| Pid::new(number))
}

fn read_set(value: &[u8]) -> Option<SignalSet> {
    let bits = u64::from_str_radix(std::str::from_utf8(value).ok()?, 16).ok()?;
    Some(SignalSet::from_bits(bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bowout_core::Signal;

    const REAL: &[u8] =
        b"Name:\ttini\nUmask:\t0022\nState:\tT (stopped)\nTgid:\t31\nPid:\t31\nPPid:\t7\n\
        NStgid:\t31\t5\nNSpid:\t31\t5\nNSpgid:\t30\t4\nNSsid:\t29\t3\nSigPnd:\t0000000000000000\n\
        SigBlk:\tfffffffe7ffbfeff\nSigIgn:\t0000000000000001\nSigCgt:\t0000000000004002\n";

    #[test]
    fn a_real_file_is_read() {
        let facts = parse(REAL).unwrap();
        assert_eq!((facts.name.as_str(), facts.state), ("tini", State::Stopped));
        assert_eq!(
            (facts.parent.get(), facts.group.get(), facts.session.get()),
            (7, 30, 29)
        );
        assert!(facts.caught.contains(Signal::TERM) && facts.ignored.contains(Signal::HUP));
        assert!(facts.blocked.contains(Signal::RTMAX) && !facts.blocked.contains(Signal::KILL));
    }

    #[test]
    fn what_is_cut_short_is_no_answer() {
        let cut = REAL.len() - 20;
        assert_eq!(parse(&REAL[..cut]), None);
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"Name:\t\xff\n"), None);
    }

    #[test]
    fn a_name_with_a_colon_and_no_namespaces_is_read() {
        let text = b"Name:\ta: b\nState:\tS\nPPid:\t1\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0";
        let facts = parse(text).unwrap();
        assert_eq!((facts.name.as_str(), facts.group), ("a: b", Pid::OUTSIDE));
    }
}
