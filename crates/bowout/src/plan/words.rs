//! Puts lengths of time into words, for people and for configurations.

use std::time::Duration;

/// `250 ms`, `1.5 s`, `90 s`: no more digits than say something.
pub(super) fn length(time: Duration) -> String {
    let millis = (time.as_nanos() + 500_000) / 1_000_000;
    match millis {
        1..=999 => format!("{millis} ms"),
        _ => format!("{} s", decimal(millis)),
    }
}

/// `7.25s`, as bowout.toml and `--grace` take it.
pub(super) fn value(time: Duration) -> String {
    format!("{}s", decimal(time.as_millis()))
}

/// Seconds with at most three digits behind the point.
fn decimal(millis: u128) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_no_more_digits_than_they_need() {
        for (micros, text, toml) in [
            (0, "0 s", "0s"),
            (250_000, "250 ms", "0.25s"),
            (999_600, "1 s", "0.999s"),
            (1_000_000, "1 s", "1s"),
            (10_000_000, "10 s", "10s"),
            (12_250_000, "12.25 s", "12.25s"),
            (7_251_900, "7.252 s", "7.251s"),
            (90_000_000, "90 s", "90s"),
        ] {
            let time = Duration::from_micros(micros);
            assert_eq!((length(time).as_str(), value(time).as_str()), (text, toml));
            assert!(bowout_init::cli::value::duration(toml).is_some());
        }
    }
}
