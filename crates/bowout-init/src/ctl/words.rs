//! Puts lengths of time, sizes and ends of processes into words.

use crate::control::protocol::Exit;

/// A length of time, in its two largest units.
pub(super) fn length(millis: u64) -> String {
    let seconds = millis / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |first: u64, unit: &str, second: u64, next: &str| match second {
        0 => format!("{first} {unit}"),
        _ => format!("{first} {unit} {second} {next}"),
    };
    match seconds {
        0 => format!("{millis} ms"),
        1..=59 => format!("{seconds} s"),
        60..=3599 => two(minutes, "min", seconds % 60, "s"),
        3600..=86399 => two(hours, "h", minutes % 60, "min"),
        _ => two(days, "d", hours % 24, "h"),
    }
}

/// A size, with three digits that count.
pub(super) fn size(bytes: u64) -> String {
    let rounded = |unit: u64| bytes / unit + u64::from(bytes % unit * 2 >= unit);
    let with_tenths = |unit: u64, name: &str| {
        let tenths = rounded(unit / 10);
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    };
    let mut unit = 1;
    for name in ["B", "kB", "MB", "GB"] {
        match rounded(unit) {
            0..100 if unit > 1 => return with_tenths(unit, name),
            whole @ 0..1000 => return format!("{whole} {name}"),
            1000.. => unit *= 1000,
        }
    }
    with_tenths(unit, "TB")
}

/// How a process ended.
pub(super) fn exit(exit: &Exit) -> String {
    match exit {
        Exit::Exited { code } => format!("exited with {code}"),
        Exit::Signaled {
            signal,
            core_dumped: false,
        } => format!("ended by {signal}"),
        Exit::Signaled {
            signal,
            core_dumped: true,
        } => format!("ended by {signal}, core dumped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (61_000, "1 min 1 s"),
            (7_260_000, "2 h 1 min"),
            (86_400_000, "1 d"),
            (180_000_000, "2 d 2 h"),
        ];
        for (millis, text) in cases {
            assert_eq!(length(millis), text);
        }
    }

    #[test]
    fn sizes_have_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (123_456, "123 kB"),
            (999_499, "999 kB"),
            (999_600, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (7_000_000_000_000_000, "7000.0 TB"),
            (99_449, "99.4 kB"),
            (99_500, "100 kB"),
            (999_500, "1.0 MB"),
            (u64::MAX, "18446744.1 TB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn sizes_are_rounded_as_floating_point_is() {
        let by_floating_point = |bytes: u64| {
            let mut rest = bytes as f64;
            for unit in ["B", "kB", "MB", "GB"] {
                if rest < 999.5 {
                    return match unit == "B" || rest >= 99.5 {
                        true => format!("{rest:.0} {unit}"),
                        false => format!("{rest:.1} {unit}"),
                    };
                }
                rest /= 1000.0;
            }
            format!("{rest:.1} TB")
        };
        // Pages, of any number (xorshift64): none of them is half-way between two.
        let mut random: u64 = 1;
        for _ in 0..100_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let bytes = (random >> 18 >> (random % 46)) * 4096;
            assert_eq!(size(bytes), by_floating_point(bytes), "{bytes}");
        }
    }
}
