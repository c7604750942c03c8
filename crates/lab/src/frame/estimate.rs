//! A mean over seeds, and how well it is known.

use serde::{Deserialize, Serialize};

/// A mean with its 95 % interval (Student's t over seeds).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom.
const T95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

impl Estimate {
    /// The mean of one value a seed. With one value, or values all alike, the interval is the value itself.
    pub fn of(values: &[f64]) -> Estimate {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        if values.len() < 2 {
            return Estimate {
                mean,
                low: mean,
                high: mean,
            };
        }
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let t = T95.get(values.len() - 2).copied().unwrap_or(1.96);
        let half = t * (variance / n).sqrt();
        Estimate {
            mean,
            low: mean - half,
            high: mean + half,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        // Mean 3, standard deviation sqrt(2.5), n 5: half = 2.776 * sqrt(0.5).
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((estimate.mean - 3.0).abs() < 1e-12);
        assert!((estimate.high - 3.0 - 2.776 * 0.5f64.sqrt()).abs() < 1e-9);
        assert!((estimate.low + estimate.high - 6.0).abs() < 1e-12);
    }

    #[test]
    fn one_value_is_its_own_interval() {
        let estimate = Estimate::of(&[2.5]);
        assert_eq!((estimate.low, estimate.high), (2.5, 2.5));
    }
}
