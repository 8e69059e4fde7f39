//! Reads values of options: durations, signals, lists, and the nearest word to a wrong one.

use bowout_core::Signal;
use std::time::Duration;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// `500ms`, `10s`, `2m`, `1h`, `1m30s`, `1.5s`; a bare number counts seconds, as in Docker and Compose.
#[must_use = "makes a value and changes nothing"]
pub fn duration(text: &str) -> Option<Duration> {
    let is_of_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    if text.chars().all(is_of_number) {
        return decimal(text, 0, SECOND);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|letter| !is_of_number(letter))?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let unit = match unit {
            "h" => 3600 * SECOND,
            "m" => 60 * SECOND,
            "s" => SECOND,
            "ms" => SECOND / 1000,
            "us" => SECOND / 1_000_000,
            _ => return None,
        };
        // Each unit once, larger ones first: 30s1m is more likely a slip than a wish.
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        total = total.checked_add(decimal(number, 0, unit)?)?;
        rest = behind;
    }
    Some(total)
}

/// A number of seconds as TOML writes those with a fraction: `1.5`, `+0.25`, `2.5e3`.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let number = number.strip_prefix('+').unwrap_or(number);
    decimal(number, exponent.parse().ok()?, SECOND)
}

/// A decimal number with this exponent, of a unit of so many nanoseconds; rounded to a nanosecond. It begins
/// with a digit, and may have a point.
fn decimal(number: &str, exponent: i32, unit: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = [whole, fraction].concat();
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let units = digits.parse::<u128>().ok()?;
    let power = exponent.checked_sub_unsigned(u32::try_from(fraction.len()).ok()?)?;
    let scale = 10u128.checked_pow(power.unsigned_abs())?;
    let nanos = units.checked_mul(u128::from(unit))?;
    let nanos = match power >= 0 {
        true => nanos.checked_mul(scale)?,
        false => nanos.checked_add(scale / 2)? / scale,
    };
    let second = u128::from(SECOND);
    let rest = u32::try_from(nanos % second).ok()?;
    Some(Duration::new(u64::try_from(nanos / second).ok()?, rest))
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
    let limit = 1 + word.len() / 4;
    let mut nearest = None;
    while let Some(candidate) = next() {
        // Letters that are missing or too many are slips, too.
        if word.len().abs_diff(candidate.len()) > limit {
            continue;
        }
        let slips = distance(word, candidate);
        if nearest.is_none_or(|nearest| (slips, candidate) < nearest) {
            nearest = Some((slips, candidate));
        }
    }
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
    fn fractions_are_exact_to_the_nanosecond() {
        let cases = [
            ("1.", 1_000_000_000),
            ("0.25", 250_000_000),
            ("0.0000000014", 1),
            ("0.0000000015s", 2),
            ("0.1h", 360_000_000_000),
            ("0.3us", 300),
            ("1.1m0.7ms", 66_000_700_000),
            ("00.5", 500_000_000),
            ("4503599.627370497", 4_503_599_627_370_497),
        ];
        for (text, nanos) in cases {
            assert_eq!(duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        let largest = "18446744073709551615.999999999";
        assert_eq!(duration(largest), Some(Duration::MAX));
        assert_eq!(duration("18446744073709551616"), None);
    }

    #[test]
    fn seconds_are_read_as_toml_writes_numbers() {
        let cases = [
            ("1.5", 1_500_000),
            ("+0.25", 250_000),
            ("2.5e3", 2_500_000_000),
            ("1E2", 100_000_000),
            ("15e-1", 1_500_000),
            ("1.25e+1", 12_500_000),
            ("0.0", 0),
            ("1e-30", 0),
        ];
        for (text, micros) in cases {
            assert_eq!(seconds(text), Some(Duration::from_micros(micros)), "{text}");
        }
        for bad in [
            "-1.5", "inf", "+inf", "nan", "1e400", "1e", "e1", "1.5.5", "",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    /// Where floating point has enough digits, it says the same.
    #[test]
    fn durations_are_what_floating_point_makes_of_them() {
        let units = [
            ("h", 3600.0),
            ("m", 60.0),
            ("s", 1.0),
            ("ms", 1e-3),
            ("us", 1e-6),
        ];
        let mut random: u64 = 1;
        for _ in 0..100_000 {
            // xorshift64
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let (unit, seconds) = units[usize::try_from(random % 5).unwrap()];
            let places = usize::try_from(random / 5 % 10).unwrap();
            let number = (random >> 40) as f64 / 10f64.powi(i32::try_from(places).unwrap());
            let text = format!("{number:.places$}{unit}");
            let number: f64 = text.trim_end_matches(char::is_alphabetic).parse().unwrap();
            let seconds = number * seconds;
            if seconds < 1e6 {
                let difference = duration(&text)
                    .unwrap()
                    .abs_diff(Duration::from_secs_f64(seconds));
                assert!(difference <= Duration::from_nanos(1), "{text}");
            }
        }
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
