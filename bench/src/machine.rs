//! Describes the machine and the day, without which a figure means little.

use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where and when a run took place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Machine {
    pub(crate) kernel: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) date: String,
    /// The load average before the run: what else was going on.
    pub(crate) load: String,
}

/// Reads what the machine says about itself.
pub(crate) fn describe() -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let release = read("/proc/sys/kernel/osrelease");
    let model = read("/proc/cpuinfo").lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(':')
            .map(|(_, name)| name.trim().to_owned())
    });
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Machine {
        kernel: format!("Linux {} {}", release.trim(), std::env::consts::ARCH),
        processor: model.unwrap_or("unknown processor".into()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        date: date(seconds / 86_400),
        load: read("/proc/loadavg")
            .split_whitespace()
            .next()
            .unwrap_or("?")
            .to_owned(),
    }
}

impl Machine {
    /// A machine for tests of what is drawn.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        Self {
            kernel: "Linux 6.1 x86_64".into(),
            processor: "A & B".into(),
            cores: 2,
            date: "2026-01-02".into(),
            load: "0.10".into(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kernel,
            processor,
            cores,
            date,
            load,
        } = self;
        write!(
            out,
            "{kernel} · {processor} · {cores} cores · {date} · load {load} before the run"
        )
    }
}

/// The calendar date of a day since 1970-01-01, in years that begin in March: so the leap day is the last of its year.
fn date(days: u64) -> String {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_454), "2026-01-01");
    }

    #[test]
    fn one_line() {
        let line = Machine::example().to_string();
        assert_eq!(
            line,
            "Linux 6.1 x86_64 · A & B · 2 cores · 2026-01-02 · load 0.10 before the run"
        );
    }
}
