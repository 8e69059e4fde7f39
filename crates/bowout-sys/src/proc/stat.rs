//! Parses /proc/PID/stat, /proc/PID/statm and /proc/PID/environ (proc(5)).

/// When a process was started, in the kernel's ticks since the machine was. A number of a process is used
/// again; the number and this together are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StartTime(u64);

/// The field after the name at which the time of the start stands: `state` is field 3, this one 22.
const START: usize = 22 - 3;

/// Reads the time of the start; `None` for what is cut short.
///
/// The name stands in parentheses, as the process chose it: spaces, parentheses and line ends may be in
/// it, and so may all that looks like the rest. Nothing behind it has a parenthesis, so it ends with the
/// last one.
pub(super) fn start_time(text: &[u8]) -> Option<StartTime> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&text[end + 1..]).ok()?;
    // What is not followed by something may be cut short.
    let rest = rest.get(..rest.rfind(char::is_whitespace)?)?;
    let field = rest.split_ascii_whitespace().nth(START)?;
    field.parse().ok().map(StartTime)
}

/// Reads how many pages of memory a process has in use: the second number of statm.
pub(super) fn resident_pages(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    text.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Finds one variable in an environment that comes in pieces, and keeps nothing else of it.
pub(super) struct Finder<'a> {
    name: &'a [u8],
    longest: usize,
    place: Place,
}

enum Place {
    /// So much of the name was there.
    Name(usize),
    /// In another variable.
    Elsewhere,
    /// In the value.
    Value(Vec<u8>),
}

impl<'a> Finder<'a> {
    /// Looks for `name`; what has a value of more than `longest` bytes is not found.
    pub(super) fn new(name: &'a str, longest: usize) -> Finder<'a> {
        Finder {
            name: name.as_bytes(),
            longest,
            place: Place::Name(0),
        }
    }

    /// Takes the next piece. The value, once it is complete.
    pub(super) fn take(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        for byte in piece {
            match (&mut self.place, *byte) {
                (Place::Value(value), 0) => return Some(std::mem::take(value)),
                (Place::Value(value), _) if value.len() == self.longest => {
                    self.place = Place::Elsewhere;
                }
                (Place::Value(value), byte) => value.push(byte),
                (Place::Name(_) | Place::Elsewhere, 0) => self.place = Place::Name(0),
                (Place::Name(count), byte) => {
                    self.place = match self.name.get(*count) {
                        Some(expected) if *expected == byte => Place::Name(*count + 1),
                        None if byte == b'=' => Place::Value(Vec::new()),
                        Some(_) | None => Place::Elsewhere,
                    };
                }
                (Place::Elsewhere, _) => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = " S 1 31 31 0 -1 4194560 153 0 0 0 1 2 3 4 20 0 1 0 7345 2465792 123 18446744073709551615 1 1\n";

    #[test]
    fn the_name_can_be_anything() {
        for name in ["sh", "a b", "a) S 1 (b", ") ) ))", "x\n(y", "\u{e4}", ""] {
            let text = format!("31 ({name}){REST}");
            assert_eq!(
                start_time(text.as_bytes()),
                Some(StartTime(7345)),
                "{name:?}"
            );
        }
        assert_eq!(start_time(b"31 (\xff)"), None);
        let mut bytes = format!("31 (a){REST}").into_bytes();
        bytes[4] = 0xff;
        assert_eq!(start_time(&bytes), Some(StartTime(7345)));
    }

    #[test]
    fn what_is_cut_short_is_no_answer() {
        let text = format!("31 (sh){REST}");
        let end = text.find(" 2465792").unwrap();
        for length in 0..end {
            assert_eq!(start_time(&text.as_bytes()[..length]), None, "{length}");
        }
        assert_eq!(resident_pages(b"602"), None);
        assert_eq!(resident_pages(b"602 123 4 5 0 6 0\n"), Some(123));
    }

    #[test]
    fn a_variable_is_found_however_the_pieces_fall() {
        let text = b"AB=1\0B=2\0BB=\0B\0=x\0Bx=3\0C=a=b\0LONG=123456789\0D=5";
        for size in 1..=text.len() {
            let find = |name: &str| {
                let mut finder = Finder::new(name, 8);
                text.chunks(size).find_map(|piece| finder.take(piece))
            };
            assert_eq!(find("AB").as_deref(), Some(&b"1"[..]));
            assert_eq!(find("B").as_deref(), Some(&b"2"[..]));
            assert_eq!(find("BB").as_deref(), Some(&b""[..]));
            assert_eq!(find("C").as_deref(), Some(&b"a=b"[..]));
            assert_eq!(find("A"), None);
            assert_eq!(find("LONG"), None, "too long");
            assert_eq!(find("D"), None, "cut short");
        }
    }
}
