//! Keeps what was measured, and what failed with which reason.

use std::collections::HashMap;

use crate::figure::Id;

/// After so many failures of one init in one figure it is left out of that figure.
const PATIENCE: usize = 3;

/// Every sample of a run, by figure and entrant (its index).
#[derive(Default)]
pub(crate) struct Samples {
    values: HashMap<(Id, usize), Vec<f64>>,
    failures: HashMap<(Id, usize), Vec<String>>,
}

impl Samples {
    /// Keeps one value.
    pub(crate) fn add(&mut self, id: Id, entrant: usize, value: f64) {
        self.values.entry((id, entrant)).or_default().push(value);
    }

    /// Keeps the reason why there is no value.
    pub(crate) fn fail(&mut self, id: Id, entrant: usize, reason: String) {
        self.failures.entry((id, entrant)).or_default().push(reason);
    }

    /// The values of one figure of one entrant.
    pub(crate) fn of(&self, id: Id, entrant: usize) -> &[f64] {
        self.values.get(&(id, entrant)).map_or(&[], Vec::as_slice)
    }

    /// How often it failed, and the first reason.
    pub(crate) fn failures(&self, id: Id, entrant: usize) -> Option<(usize, &str)> {
        let reasons = self.failures.get(&(id, entrant))?;
        Some((reasons.len(), reasons.first()?))
    }

    /// Whether another try is worth its time.
    pub(crate) fn hopeful(&self, id: Id, entrant: usize) -> bool {
        self.failures
            .get(&(id, entrant))
            .is_none_or(|reasons| reasons.len() < PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_up_after_three_failures() {
        let mut samples = Samples::default();
        assert!(samples.hopeful(Id::Rss, 0));
        for _ in 0..PATIENCE {
            samples.fail(Id::Rss, 0, "hung".into());
        }
        assert!(!samples.hopeful(Id::Rss, 0));
        assert!(samples.hopeful(Id::Pss, 0));
        assert_eq!(samples.failures(Id::Rss, 0), Some((3, "hung")));
    }
}
