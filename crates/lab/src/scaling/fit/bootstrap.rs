//! How well a fit is known: by fitting again to runs drawn from the runs.

use anyhow::{Result, ensure};
use rand::RngExt as _;
use rayon::prelude::*;

use super::data::Data;
use super::fitted::{Fit, Options, polish};
use crate::frame::Rng;

/// Fits to resampled runs.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// One fit a resample.
    pub fits: Vec<Fit>,
}

/// An interval that holds the middle of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Bootstrap {
    /// The interval that holds the middle `level` (0.95) of a quantity over the resamples: percentiles with linear
    /// interpolation.
    pub fn interval(&self, level: f64, quantity: impl Fn(&Fit) -> f64) -> Interval {
        let mut values: Vec<f64> = self.fits.iter().map(quantity).collect();
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - level) / 2.0;
        Interval {
            low: quantile(&values, tail),
            high: quantile(&values, 1.0 - tail),
        }
    }
}

/// The quantile of sorted values, interpolated; no number for none.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = part.clamp(0.0, 1.0) * last as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(last);
    sorted[below] * (1.0 - share) + sorted[above] * share
}

/// Fits `draws` times to as many runs, drawn with replacement, each time from the fit's own parameters. A draw with
/// fewer different runs than parameters decides nothing and is drawn again.
///
/// # Errors
/// Too few runs to draw from.
pub fn bootstrap(
    fit: &Fit,
    data: &Data,
    options: &Options,
    draws: usize,
    rng: &mut Rng,
) -> Result<Bootstrap> {
    let needed = fit.form.parameters.len();
    ensure!(
        data.len() > needed,
        "{} runs are too few to resample for `{}` with its {needed} parameters",
        data.len(),
        fit.form.name
    );
    // Drawn first and fitted side by side then: the same numbers on any number of cores.
    let samples: Vec<Data> = (0..draws)
        .map(|_| data.at(&draw(data.len(), needed, rng)))
        .collect();
    let fits = samples
        .par_iter()
        .map(|sample| polish(fit.form, sample, options, vec![fit.parameters.clone()]))
        .collect::<Result<_>>()?;
    Ok(Bootstrap { fits })
}

fn draw(count: usize, needed: usize, rng: &mut Rng) -> Vec<usize> {
    loop {
        let places: Vec<usize> = (0..count).map(|_| rng.random_range(0..count)).collect();
        let mut seen = vec![false; count];
        places.iter().for_each(|&at| seen[at] = true);
        if seen.iter().filter(|seen| **seen).count() >= needed {
            return places;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_distr::{Distribution as _, StandardNormal};

    use super::super::{fit, forms};
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        // numpy.quantile([1, 2, 4], [0, 0.25, 0.5, 0.9, 1])
        let values = [1.0, 2.0, 4.0];
        let found = [0.0, 0.25, 0.5, 0.9, 1.0].map(|part| quantile(&values, part));
        assert_eq!(found, [1.0, 1.5, 2.0, 3.6, 4.0]);
    }

    #[test]
    fn most_intervals_hold_the_truth() {
        // Slopes of lines through 20 noisy points: 95 % intervals hold the true one in 80 to 100 % of 40 cases (the
        // percentile interval is a little short for few points).
        let mut held = 0;
        for seed in 0..40 {
            let mut rng = Rng::seed_from_u64(seed);
            let x: Vec<f64> = (1..=20).map(|i| 10f64.powf(f64::from(i) / 5.0)).collect();
            let noisy = |x: &f64, rng: &mut Rng| -> f64 {
                let noise: f64 = StandardNormal.sample(rng);
                3.0 * x.powf(-0.5) * (0.02 * noise).exp()
            };
            let y: Vec<f64> = x.iter().map(|x| noisy(x, &mut rng)).collect();
            let data = Data::xy(&x, &y).unwrap();
            let options = Options::squares();
            let found = fit(&forms::POWER, &data, &options).unwrap();
            let resampled = bootstrap(&found, &data, &options, 100, &mut rng).unwrap();
            let interval = resampled.interval(0.95, |fit| fit.parameter("alpha"));
            held += usize::from(interval.low <= 0.5 && 0.5 <= interval.high);
        }
        assert!((32..=40).contains(&held), "{held} of 40");
    }
}
