//! Reads what each process recorded of its own clean-up.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::signal::Signal;

/// The lines of the record, in the order in which they were appended.
pub struct Record(Vec<String>);

impl Record {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        Self(text.lines().map(str::to_owned).collect())
    }

    /// How many processes ran their clean-up to the end.
    #[must_use]
    pub fn cleaned_count(&self) -> usize {
        self.0
            .iter()
            .filter(|line| line.split(' ').nth(1) == Some("cleaned"))
            .count()
    }

    /// Whether this one ran its clean-up to the end.
    #[must_use]
    pub fn cleaned(&self, name: &str) -> bool {
        self.account(name).is_some()
    }

    /// How often this one had got a signal when its clean-up ended.
    #[must_use]
    pub fn times(&self, name: &str, signal: Signal) -> u32 {
        self.account(name)
            .map_or(0, |account| tally(account, signal))
    }

    /// The most often that any process that ended cleanly had got a signal.
    #[must_use]
    pub fn most_times(&self, signal: Signal) -> u32 {
        self.0
            .iter()
            .map(|line| tally(line, signal))
            .max()
            .unwrap_or(0)
    }

    /// Whether there is such a line.
    #[must_use]
    pub fn has(&self, line: &str) -> bool {
        self.0.iter().any(|given| given == line)
    }

    /// The place of such a line.
    #[must_use]
    pub fn place(&self, line: &str) -> Option<usize> {
        self.0.iter().position(|given| given.starts_with(line))
    }

    fn account(&self, name: &str) -> Option<&str> {
        let start = format!("{name} cleaned");
        self.0.iter().find_map(|line| line.strip_prefix(&start))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A tree of a thousand need not be printed to the last line.
        const SHOWN: usize = 20;
        let mut list = out.debug_list();
        list.entries(self.0.iter().take(SHOWN));
        if self.0.len() > SHOWN {
            list.entry(&format_args!("and {} more", self.0.len() - SHOWN));
        }
        list.finish()
    }
}

fn tally(account: &str, signal: Signal) -> u32 {
    let start = format!("{}x", signal.0);
    account
        .split(' ')
        .find_map(|word| word.strip_prefix(&start))
        .map_or(0, |count| count.parse().expect("a tally has counts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_name_and_signal() {
        let record = Record(vec![
            "app cleaned 15x2 18x1".into(),
            "@1 cleaned 15x1".into(),
        ]);
        assert_eq!(record.cleaned_count(), 2);
        assert_eq!(record.times("app", Signal::TERM), 2);
        assert_eq!(record.times("app", Signal::INT), 0);
        assert_eq!(record.times("other", Signal::TERM), 0);
        assert_eq!(record.most_times(Signal::TERM), 2);
        assert!(record.cleaned("@1"));
        assert!(!record.cleaned("@"));
    }
}
