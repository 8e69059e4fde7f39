//! Reads what services tell over the notify socket: the fields of sd_notify(3).
//!
//! Whoever receives the datagrams says whose they are: by the kernel's word for the sender
//! (`bowout_sys::notify::Datagram::sender`), never by what is in them. A datagram that was
//! [cut off](bowout_sys::notify::Datagram::truncated) is thrown away, since half a number is another number.

use crate::log::printable;
use bowout_core::Pid;
use bowout_core::event::Notice;
use std::time::Duration;

/// The longest datagram that is taken, in bytes: room for it is a page, as in systemd.
pub(crate) const LONGEST: usize = 4096;

/// The longest status text that is kept, in bytes: a line of a terminal, and not a file.
const LONGEST_STATUS: usize = 256;

/// What a datagram says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Told {
    /// For the core, in the order in which they are to count: who is the main process first, so that what
    /// follows is about the right one.
    pub(crate) notices: Vec<Notice>,
    /// How the service says that it is; empty: it says nothing any more.
    pub(crate) status: Option<String>,
    /// The error number that made it fail (errno(3)).
    pub(crate) errno: Option<i32>,
    /// The sender waits until the descriptor that came along is closed, which it is by dropping the
    /// datagram. Nothing else is in it.
    pub(crate) is_barrier: bool,
    /// The first field whose value can't be taken, for the log. The others count.
    pub(crate) refused: Option<String>,
}

/// Reads a datagram: one field a line. Fields that nobody knows, and those that ask for something that
/// bowout does not do (`FDSTORE=1` and all that belongs to it, `NOTIFYACCESS=`), are passed over. Of a
/// field that is there twice the last one counts.
pub(crate) fn read(datagram: &[u8]) -> Told {
    let mut fields = Fields::default();
    let mut told = Told::default();
    for line in datagram.split(|byte| *byte == b'\n') {
        // A program that counts the zero byte at the end of its string sends that too.
        let line = line.strip_suffix(b"\0").unwrap_or(line);
        let Some(split) = line.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (&line[..split], &line[split + 1..]);
        if !fields.take(name, value, &mut told) && told.refused.is_none() {
            told.refused = Some(shortened(line));
        }
    }
    told.notices = fields.notices();
    told
}

/// One place for each field that means something.
#[derive(Default)]
struct Fields {
    main: Option<Pid>,
    period: Option<Duration>,
    extend: Option<Duration>,
    /// `READY=1`, `RELOADING=1` or `STOPPING=1`: they exclude each other.
    phase: Option<Notice>,
    watchdog: Option<Notice>,
}

impl Fields {
    /// Takes a field; false: its value can't be taken.
    fn take(&mut self, name: &[u8], value: &[u8], told: &mut Told) -> bool {
        let is_one = value == b"1";
        match name {
            b"READY" if is_one => self.phase = Some(Notice::Ready),
            b"RELOADING" if is_one => self.phase = Some(Notice::Reloading),
            b"STOPPING" if is_one => self.phase = Some(Notice::Stopping),
            b"WATCHDOG" if is_one => self.watchdog = Some(Notice::Watchdog),
            b"WATCHDOG" if value == b"trigger" => self.watchdog = Some(Notice::WatchdogTrigger),
            b"BARRIER" if is_one => told.is_barrier = true,
            b"READY" | b"RELOADING" | b"STOPPING" | b"WATCHDOG" | b"BARRIER" => return false,
            b"MAINPID" => match number(value).and_then(|pid| i32::try_from(pid).ok()) {
                // 1 is bowout, or somebody else's init.
                Some(pid @ 2..) => self.main = Some(Pid::new(pid)),
                Some(_) | None => return false,
            },
            b"WATCHDOG_USEC" => match number(value) {
                Some(micros) => self.period = Some(Duration::from_micros(micros)),
                None => return false,
            },
            b"EXTEND_TIMEOUT_USEC" => match number(value) {
                Some(micros) => self.extend = Some(Duration::from_micros(micros)),
                None => return false,
            },
            b"ERRNO" => match number(value).and_then(|number| i32::try_from(number).ok()) {
                Some(number) => told.errno = Some(number),
                None => return false,
            },
            b"STATUS" => told.status = Some(shortened(value.trim_ascii())),
            _ => {}
        }
        true
    }

    fn notices(self) -> Vec<Notice> {
        let main = self.main.map(Notice::MainPid);
        let period = self.period.map(Notice::WatchdogPeriod);
        let extend = self.extend.map(Notice::Extend);
        [main, self.phase, extend, period, self.watchdog]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// A decimal number, and nothing else: no sign, no space.
fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// The beginning of a text of a stranger, without the power to move a cursor.
fn shortened(text: &[u8]) -> String {
    // No letter becomes shorter by being made printable, so no more of them can be wanted.
    let text = String::from_utf8_lossy(&text[..text.len().min(LONGEST_STATUS)]);
    let mut text = printable(&text);
    text.truncate(text.floor_char_boundary(LONGEST_STATUS));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read() {
        let told = read(
            b"READY=1\nSTATUS=Processing requests \xe2\x80\xa6\nMAINPID=4711\nWATCHDOG=1\nWATCHDOG_USEC=3000000\n\
              EXTEND_TIMEOUT_USEC=500\nERRNO=2\n",
        );
        assert_eq!(
            told.notices,
            [
                Notice::MainPid(Pid::new(4711)),
                Notice::Ready,
                Notice::Extend(Duration::from_micros(500)),
                Notice::WatchdogPeriod(Duration::from_secs(3)),
                Notice::Watchdog,
            ]
        );
        assert_eq!(told.status.as_deref(), Some("Processing requests …"));
        assert_eq!(
            (told.errno, told.refused, told.is_barrier),
            (Some(2), None, false)
        );
        let phase = |text: &str| read(text.as_bytes()).notices;
        assert_eq!(phase("RELOADING=1\nMONOTONIC_USEC=77"), [Notice::Reloading]);
        assert_eq!(phase("STOPPING=1\0"), [Notice::Stopping]);
        assert_eq!(phase("WATCHDOG=trigger"), [Notice::WatchdogTrigger]);
        assert!(read(b"BARRIER=1").is_barrier);
    }

    #[test]
    fn the_last_one_counts() {
        let told = read(b"READY=1\nSTATUS=a\nMAINPID=7\nRELOADING=1\nMAINPID=8\nSTATUS=");
        assert_eq!(
            told.notices,
            [Notice::MainPid(Pid::new(8)), Notice::Reloading]
        );
        assert_eq!(told.status.as_deref(), Some(""));
    }

    #[test]
    fn what_bowout_does_not_do_is_passed_over() {
        let others = b"FDSTORE=1\nFDNAME=x\nFDPOLL=0\nFDSTOREREMOVE=1\nNOTIFYACCESS=all\nBUSERROR=a.b\n\
                       VARLINKERROR=a\nEXIT_STATUS=3\nMAINPIDFD=1\nX_MINE=1\nready=1\n=1\nREADY\n\n";
        assert_eq!(read(others), Told::default());
        assert_eq!(read(b""), Told::default());
    }

    #[test]
    fn a_value_that_can_not_be_taken_costs_that_field_alone() {
        for bad in [
            "READY=0",
            "READY=yes",
            "READY=1 ",
            "STOPPING=",
            "WATCHDOG=2",
            "BARRIER=x",
            "MAINPID=0",
            "MAINPID=1",
            "MAINPID=-5",
            "MAINPID=+5",
            "MAINPID= 5",
            "MAINPID=99999999999",
            "MAINPID=",
            "WATCHDOG_USEC=infinity",
            "EXTEND_TIMEOUT_USEC=1e6",
            "EXTEND_TIMEOUT_USEC=99999999999999999999",
            "ERRNO=-2",
            "ERRNO=4294967296",
        ] {
            let told = read(format!("{bad}\nWATCHDOG=1").as_bytes());
            assert_eq!(told.refused.as_deref(), Some(bad));
            assert_eq!(
                (told.notices, told.errno),
                (vec![Notice::Watchdog], None),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_status_is_short_and_can_not_move_the_cursor() {
        let told = read(b"STATUS=\x1b[2J\x07\xff\xfe done\r");
        assert_eq!(
            told.status.as_deref(),
            Some("\\u{1b}[2J\\u{7}\u{fffd}\u{fffd} done")
        );
        for letter in ["x", "é", "\x1b", "\u{fffd}", "𝄞"] {
            let told = read(format!("STATUS={}", letter.repeat(4000)).as_bytes());
            let status = told.status.unwrap();
            let length = status.len();
            assert!(
                (LONGEST_STATUS - 8..=LONGEST_STATUS).contains(&length),
                "{letter:?}: {length}"
            );
        }
        let refused = read(&[b"READY=".as_slice(), &[b'9'; 4000]].concat()).refused;
        assert_eq!(refused.unwrap().len(), LONGEST_STATUS);
    }

    #[test]
    fn any_bytes_give_few_notices() {
        let mut seed = 1_u64;
        for _ in 0..2000 {
            let words = b"READY=1\n\0MAINPID=WATCHDOG_USECSTATUS\xff";
            let bytes: Vec<u8> = (0..200)
                .map(|_| {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    words[usize::try_from(seed % words.len() as u64).unwrap()]
                })
                .collect();
            assert!(read(&bytes).notices.len() <= 5);
        }
    }
}
