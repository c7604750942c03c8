//! Intervals by drawing again from what was seen (Efron, Annals of Statistics 7, 1979).

use rand::RngExt as _;
use serde::Serialize;

use crate::frame::Rng;

/// An interval that holds 95 % of the drawn values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The 2.5 % point.
    pub low: f64,
    /// The 97.5 % point.
    pub high: f64,
}

impl Interval {
    /// The interval of drawn values; nothing drawn has an interval of no numbers.
    pub fn of(mut values: Vec<f64>) -> Interval {
        values.sort_unstable_by(f64::total_cmp);
        Interval {
            low: quantile(&values, 0.025),
            high: quantile(&values, 0.975),
        }
    }

    /// Whether a value is inside.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// A point of sorted values, between two of them in proportion (the usual type 7).
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    let part = place - below as f64;
    // Both at the ends as they are: infinities have no middle.
    if part == 0.0 {
        return sorted[below];
    }
    sorted[below] * (1.0 - part) + sorted[above] * part
}

/// `of` places out of 0 to `of - 1`, drawn with putting back.
pub fn draw(of: usize, rng: &mut Rng) -> Vec<usize> {
    (0..of).map(|_| rng.random_range(0..of)).collect()
}

/// The interval of a statistic of `of` things. It is given the places of those drawn, some of them more than once.
///
/// Draw what was drawn independently: where raters gave many ratings each, draw raters.
pub fn interval(
    of: usize,
    draws: usize,
    rng: &mut Rng,
    mut statistic: impl FnMut(&[usize]) -> f64,
) -> Interval {
    Interval::of((0..draws).map(|_| statistic(&draw(of, rng))).collect())
}

/// The interval of a mean.
pub fn mean_interval(values: &[f64], draws: usize, rng: &mut Rng) -> Interval {
    interval(values.len(), draws, rng, |places| {
        places.iter().map(|&at| values[at]).sum::<f64>() / places.len().max(1) as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn quantiles_lie_between_values_in_proportion() {
        let values: Vec<f64> = (0..=40).map(f64::from).collect();
        let check = |share, value: f64| assert!((quantile(&values, share) - value).abs() < 1e-12);
        check(0.0, 0.0);
        check(0.025, 1.0);
        check(0.5, 20.0);
        check(0.51, 20.4);
        check(1.0, 40.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_means_interval_is_two_standard_errors_wide() {
        // A hundred zeros and a hundred ones: standard error 0.5 / sqrt(200) = 0.0354.
        let values: Vec<f64> = (0..200).map(|i| f64::from(i % 2)).collect();
        let found = mean_interval(&values, 4000, &mut Rng::seed_from_u64(3));
        assert!((found.low - (0.5 - 0.0693)).abs() < 0.006, "{found:?}");
        assert!((found.high - (0.5 + 0.0693)).abs() < 0.006, "{found:?}");
        assert!(found.holds(0.5) && !found.holds(0.6));
    }

    #[test]
    fn values_all_alike_have_no_width() {
        let found = mean_interval(&[2.0; 5], 50, &mut Rng::seed_from_u64(3));
        assert_eq!((found.low, found.high), (2.0, 2.0));
    }
}
