//! Sums samples up: median, quartiles, extremes.

/// What is left of many samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) min: f64,
    pub(crate) q1: f64,
    pub(crate) median: f64,
    pub(crate) q3: f64,
    pub(crate) max: f64,
}

/// Sums up; none for no samples.
pub(crate) fn summarise(samples: &[f64]) -> Option<Summary> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(Summary {
        count: sorted.len(),
        min: *sorted.first()?,
        q1: quantile(&sorted, 0.25)?,
        median: quantile(&sorted, 0.5)?,
        q3: quantile(&sorted, 0.75)?,
        max: *sorted.last()?,
    })
}

/// The quantile of sorted samples, between neighbours by their distance.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let below = sorted.get(place.floor() as usize)?;
    let above = sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_of_known_numbers() {
        let summary = summarise(&[5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        let wanted = Summary {
            count: 5,
            min: 1.0,
            q1: 2.0,
            median: 3.0,
            q3: 4.0,
            max: 5.0,
        };
        assert_eq!(summary, wanted);
    }

    #[test]
    fn a_median_lies_between_two_middles() {
        assert_eq!(summarise(&[1.0, 2.0, 10.0, 20.0]).unwrap().median, 6.0);
        assert_eq!(summarise(&[7.0]).unwrap().q3, 7.0);
    }

    #[test]
    fn nothing_has_no_summary() {
        assert_eq!(summarise(&[]), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn tail_quantile() {
        let sorted: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(quantile(&sorted, 0.99), Some(99.0));
    }
}
