//! Levenberg and Marquardt's method for a sum of Huber losses.

use nalgebra::{DMatrix, DVector};

/// A problem: residuals of a point, as many for every point.
pub(super) struct Problem<'a> {
    /// Where residuals stop counting squared and count by their size (Huber, 1964); infinite for least squares.
    pub(super) huber: f64,
    /// The residuals at a point.
    pub(super) residuals: &'a dyn Fn(&[f64]) -> Vec<f64>,
}

/// Where the descent ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Minimum {
    pub(super) point: Vec<f64>,
    /// The sum of losses.
    pub(super) loss: f64,
    /// Whether it ended because nothing was left to gain, and not for want of steps.
    pub(super) settled: bool,
}

/// Most steps of one descent.
const STEPS: usize = 600;
/// A gain of less than this part of the loss is none.
const GAIN: f64 = 1e-14;
/// Gains below [`GAIN`] in a row that end the descent.
const IDLE: usize = 4;
/// No parameter moves farther than this in one step: a factor of e^3 for positive ones.
const REACH: f64 = 3.0;

impl Problem<'_> {
    /// Huber's loss: `r^2 / 2` up to the bend, `bend * (|r| - bend / 2)` beyond.
    pub(super) fn loss(&self, residuals: &[f64]) -> f64 {
        let one = |r: &f64| {
            let size = r.abs();
            if size <= self.huber {
                0.5 * r * r
            } else {
                self.huber * (size - 0.5 * self.huber)
            }
        };
        residuals.iter().map(one).sum()
    }

    /// Descends from `start`. Every accepted step lowers the loss.
    pub(super) fn descend(&self, start: &[f64]) -> Minimum {
        let mut point = start.to_vec();
        let mut residuals = (self.residuals)(&point);
        let mut loss = self.loss(&residuals);
        let (mut damping, mut idle) = (1e-3, 0);
        for _ in 0..STEPS {
            if !loss.is_finite() {
                break;
            }
            let (curvature, slope) = self.local(&point, &residuals);
            let Some(next) = self.step(&point, loss, &curvature, &slope, &mut damping) else {
                // No step of any length lowers the loss: this is the bottom.
                return Minimum {
                    point,
                    loss,
                    settled: true,
                };
            };
            let gain = loss - next.loss;
            (point, residuals, loss) = (next.point, next.residuals, next.loss);
            idle = if gain <= GAIN * loss { idle + 1 } else { 0 };
            if idle >= IDLE || loss == 0.0 {
                return Minimum {
                    point,
                    loss,
                    settled: true,
                };
            }
        }
        Minimum {
            point,
            loss,
            settled: false,
        }
    }

    /// Gauss and Newton's curvature and the slope, with residuals beyond the bend weighted by `bend / |r|`: the
    /// quadratic that touches the loss at this point and is nowhere below it.
    fn local(&self, point: &[f64], residuals: &[f64]) -> (DMatrix<f64>, DVector<f64>) {
        let columns: Vec<Vec<f64>> = (0..point.len())
            .map(|at| self.derivative(point, at))
            .collect();
        let weight = |r: f64| {
            if r.abs() <= self.huber {
                1.0
            } else {
                self.huber / r.abs()
            }
        };
        let weights: Vec<f64> = residuals.iter().map(|&r| weight(r)).collect();
        let sum = |a: &[f64], b: &[f64]| -> f64 {
            let products = a.iter().zip(b).zip(&weights).map(|((a, b), w)| a * b * w);
            products.sum()
        };
        let curvature = DMatrix::from_fn(point.len(), point.len(), |i, j| {
            sum(&columns[i], &columns[j])
        });
        let slope = DVector::from_fn(point.len(), |i, _| sum(&columns[i], residuals));
        (curvature, slope)
    }

    /// How the residuals change with one coordinate, by central differences.
    fn derivative(&self, point: &[f64], at: usize) -> Vec<f64> {
        let step = 1e-5 * (1.0 + point[at].abs());
        let moved = |by: f64| {
            let mut there = point.to_vec();
            there[at] += by;
            (self.residuals)(&there)
        };
        let both = moved(step).into_iter().zip(moved(-step));
        let slopes = both.map(|(up, down)| (up - down) / (2.0 * step));
        slopes
            .map(|s| if s.is_finite() { s } else { 0.0 })
            .collect()
    }

    /// The least damped step that lowers the loss.
    fn step(
        &self,
        point: &[f64],
        loss: f64,
        curvature: &DMatrix<f64>,
        slope: &DVector<f64>,
        damping: &mut f64,
    ) -> Option<Stepped> {
        let most = curvature.diagonal().max();
        while *damping < 1e12 {
            let mut damped = curvature.clone();
            for at in 0..point.len() {
                damped[(at, at)] +=
                    *damping * curvature[(at, at)].max(most * 1e-12) + f64::MIN_POSITIVE;
            }
            if let Some(factored) = damped.cholesky() {
                let step = factored.solve(slope);
                let there: Vec<f64> = point
                    .iter()
                    .zip(step.iter())
                    .map(|(p, s)| p - s.clamp(-REACH, REACH))
                    .collect();
                let residuals = (self.residuals)(&there);
                let found = self.loss(&residuals);
                if found < loss {
                    *damping = (*damping / 5.0).max(1e-12);
                    return Some(Stepped {
                        point: there,
                        residuals,
                        loss: found,
                    });
                }
            }
            *damping *= 4.0;
        }
        *damping = 1e-3;
        None
    }
}

struct Stepped {
    point: Vec<f64>,
    residuals: Vec<f64>,
    loss: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrocks_valley_is_walked_to_its_end() {
        let residuals = |p: &[f64]| vec![10.0 * (p[1] - p[0] * p[0]), 1.0 - p[0]];
        let problem = Problem {
            huber: f64::INFINITY,
            residuals: &residuals,
        };
        let minimum = problem.descend(&[-1.2, 1.0]);
        assert!(minimum.settled && minimum.loss < 1e-20, "{minimum:?}");
        assert!((minimum.point[0] - 1.0).abs() < 1e-8);
    }

    #[test]
    fn one_wild_value_hardly_moves_a_robust_mean() {
        let values = [1.0, 1.1, 0.9, 1.05, 0.95, 100.0];
        let residuals = |p: &[f64]| values.iter().map(|v| p[0] - v).collect();
        let mean = |huber| {
            Problem {
                huber,
                residuals: &residuals,
            }
            .descend(&[5.0])
            .point[0]
        };
        assert!((mean(f64::INFINITY) - 17.5).abs() < 1e-6);
        // Five residuals inside the bend: 5 m - 5 = bend.
        assert!((mean(0.2) - 1.04).abs() < 1e-6, "{}", mean(0.2));
    }

    #[test]
    fn a_start_without_a_loss_stays_where_it_is() {
        let residuals = |p: &[f64]| vec![p[0].ln()];
        let problem = Problem {
            huber: f64::INFINITY,
            residuals: &residuals,
        };
        let minimum = problem.descend(&[-1.0]);
        assert!(!minimum.settled && minimum.point == [-1.0]);
    }
}
