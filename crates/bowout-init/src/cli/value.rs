//! Reads values of options: durations, signals, lists, and the nearest word to a wrong one.

use bowout_core::Signal;
use std::time::Duration;

/// `500ms`, `10s`, `2m`, `1h`, `1m30s`, `1.5s`; a bare number counts seconds, as in Docker and Compose.
#[must_use = "makes a value and changes nothing"]
pub fn duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = number(text) {
        return seconds.try_into_duration();
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    let mut last_unit = u32::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let (rank, seconds) = match unit {
            "h" => (4, 3600.0),
            "m" => (3, 60.0),
            "s" => (2, 1.0),
            "ms" => (1, 0.001),
            "us" => (0, 0.000_001),
            _ => return None,
        };
        // Each unit once, larger ones first: 30s1m is more likely a slip than a wish.
        if rank >= last_unit {
            return None;
        }
        last_unit = rank;
        total = total.checked_add(Seconds(number(value)?.0 * seconds).try_into_duration()?)?;
        rest = behind;
    }
    (last_unit != u32::MAX).then_some(total)
}

/// A number of seconds that may have a fraction.
struct Seconds(f64);

impl Seconds {
    fn try_into_duration(self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0).ok()
    }
}

fn number(text: &str) -> Option<Seconds> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = text
        .parse()
        .ok()
        .filter(|_| plain && !text.starts_with('.'))?;
    Some(Seconds(value))
}

/// Signals, separated by commas.
#[must_use = "makes a value and changes nothing"]
pub fn signals(text: &str) -> Option<Vec<Signal>> {
    text.split(',')
        .map(|name| Signal::parse(name.trim()))
        .collect()
}

/// `TERM:QUIT`; `TERM:0` drops.
#[must_use = "makes a value and changes nothing"]
pub fn rewrite(text: &str) -> Option<(Signal, Option<Signal>)> {
    let (from, to) = text.split_once(':')?;
    let to = match to {
        "0" => None,
        name => Some(Signal::parse(name)?),
    };
    let from = Signal::parse(from).filter(|signal| signal.is_catchable())?;
    Some((from, to))
}

/// `USR1=command`.
#[must_use = "makes a value and changes nothing"]
pub fn on(text: &str) -> Option<(Signal, String)> {
    let (signal, command) = text.split_once('=')?;
    let signal =
        Signal::parse(signal).filter(|signal| signal.is_catchable() && *signal != Signal::CHLD)?;
    words(command).map(|_| (signal, command.to_owned()))
}

/// The words of a command line, as a shell splits them, and nothing else of what a shell does. There is
/// at least one.
#[must_use = "makes a value and changes nothing"]
#[cold]
pub fn words(text: &str) -> Option<Vec<String>> {
    shlex::split(text).filter(|words| !words.is_empty())
}

/// A switch in the environment.
#[must_use = "makes a value and changes nothing"]
pub fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The candidate that the fewest slips of the finger turn into `word`, if few enough do.
#[must_use = "makes a value and changes nothing"]
pub fn nearest<'a>(word: &str, mut candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of(word, &mut || candidates.next())
}

/// The same, once for all kinds of lists.
fn nearest_of<'a>(word: &str, next: &mut dyn FnMut() -> Option<&'a str>) -> Option<&'a str> {
    let mut nearest = None;
    while let Some(candidate) = next() {
        let slips = distance(word, candidate);
        if nearest.is_none_or(|nearest| (slips, candidate) < nearest) {
            nearest = Some((slips, candidate));
        }
    }
    let limit = 1 + word.len() / 4;
    let nearest = nearest.filter(|(slips, _)| *slips <= limit);
    nearest.map(|(_, candidate)| candidate)
}

/// How many letters are wrong, missing, too many, or in the place of their neighbour (optimal string alignment,
/// by Damerau and Levenshtein), in bytes.
fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for i in 0..from.len() {
        let mut next = vec![i + 1];
        for j in 0..to.len() {
            let replaced = row[j] + usize::from(from[i] != to[j]);
            let mut least = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            let is_swapped = i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j];
            if is_swapped {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let cases = [
            ("500ms", 500),
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("10", 10_000),
            ("1.5s", 1_500),
            ("0", 0),
            ("1m500ms", 60_500),
        ];
        for (text, millis) in cases {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for bad in [
            "", "s", "10x", "-1s", "1s1m", "1s 2ms", "10ss", "1e3", ".5s", "inf", "nan", "s10",
            "1..5s",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
        assert_eq!(duration("99999999999999999999h"), None);
    }

    #[test]
    fn rewrites_and_handlers_are_read() {
        assert_eq!(rewrite("15:3"), Some((Signal::TERM, Some(Signal::QUIT))));
        assert_eq!(rewrite("TERM:0"), Some((Signal::TERM, None)));
        assert_eq!(rewrite("KILL:TERM"), None);
        assert_eq!(rewrite("TERM"), None);
        assert_eq!(
            on("USR1=./rotate.sh --now"),
            Some((Signal::USR1, "./rotate.sh --now".into()))
        );
        assert_eq!(on("USR1="), None);
        assert_eq!(on("STOP=x"), None);
        assert_eq!(
            words("sh -c 'a b'"),
            Some(vec!["sh".into(), "-c".into(), "a b".into()])
        );
        assert_eq!(words("a 'b"), None);
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let options = ["grace", "margin", "stop-signal"];
        assert_eq!(nearest("grcae", options.into_iter()), Some("grace"));
        assert_eq!(
            nearest("stopsignal", options.into_iter()),
            Some("stop-signal")
        );
        assert_eq!(nearest("verbose", options.into_iter()), None);
        assert_eq!(nearest("HPU", ["CHLD", "HUP"].into_iter()), Some("HUP"));
        assert_eq!(nearest("", options.into_iter()), None);
    }
}
