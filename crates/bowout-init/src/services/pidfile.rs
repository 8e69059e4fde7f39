//! Reads the pids that daemons write down, and believes no file that was there before the start.

use super::Services;
use crate::log::{Level, Log};
use bowout_core::plan::ServiceId;
use bowout_core::{Event, Pid};
use bowout_sys::files;

/// A pid and a newline; some write more, and only the first line counts.
const LONGEST: usize = 256;

impl Services {
    /// The answer to the core: what the file says, if it is a new one.
    pub(super) fn read_pidfile(&mut self, service: ServiceId, log: &mut Log) -> Option<Event> {
        let settings = self.settings.services.get(service.0)?;
        let known = self.known.get_mut(service.0)?;
        let path = settings.pidfile.as_deref()?;
        let name = &settings.name;
        let pid = match files::read_small(path, LONGEST) {
            Ok(None) => None,
            Ok(Some(file)) if known.pidfile == Some(file.version) => {
                // A daemon that writes the very same file again is told of once, and never believed: the
                // number in it may be anybody's by now.
                if !std::mem::replace(&mut known.is_stale, true) {
                    let text = format!(
                        "{name}: {} was there before the start: not believed",
                        path.display()
                    );
                    log.say(Level::Notice, &text);
                }
                None
            }
            Ok(Some(file)) => parse(&file.text).filter(|pid| may_be_ours(*pid)),
            Err(error) => {
                log.say(Level::Notice, &format!("{name}: pidfile: {error}"));
                None
            }
        };
        Some(Event::PidfileRead { service, pid })
    }
}

/// Without /proc the core has to believe a number that it is given. Of one that is no child of bowout nobody
/// would hear when it ends, and it may be anybody's.
pub(super) fn may_be_ours(pid: Pid) -> bool {
    bowout_sys::proc::Proc::open().is_ok() || bowout_sys::wait::is_living_child(pid)
}

/// A number on the first line. Half a file, while it is being written, is none, or a wrong one that the core
/// does not accept.
fn parse(text: &[u8]) -> Option<Pid> {
    let line = text.split(|byte| *byte == b'\n').next()?;
    let number: i32 = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
    (number > 1).then(|| Pid::new(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_the_number_on_the_first_line() {
        assert_eq!(parse(b"17\n"), Some(Pid::new(17)));
        assert_eq!(parse(b"  17 \nmore\n"), Some(Pid::new(17)));
        for bad in [
            &b""[..],
            b"\n17\n",
            b"-17",
            b"1",
            b"0",
            b"x",
            b"99999999999",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
