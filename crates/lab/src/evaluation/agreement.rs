//! How well two orders, or two lists of numbers, agree.

/// Spearman's rank correlation, -1 to 1; equal values share their mean rank. 0 where one list is all alike, or there are
/// fewer than two values.
///
/// Golden values: `1 - 6 sum d^2 / (n (n^2 - 1))` where no values are equal.
pub fn spearman(x: &[f64], y: &[f64]) -> f64 {
    pearson(&ranks(x), &ranks(y))
}

/// Pearson's correlation, -1 to 1; 0 where it is not defined.
pub fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    if n < 2 {
        return 0.0;
    }
    let mean = |v: &[f64]| v[..n].iter().sum::<f64>() / n as f64;
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xx += (a - mx).powi(2);
        yy += (b - my).powi(2);
        xy += (a - mx) * (b - my);
    }
    if xx == 0.0 || yy == 0.0 {
        return 0.0;
    }
    xy / (xx * yy).sqrt()
}

/// The place of each value when sorted upwards, from 1; equal values share the mean of their places.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = order[from..]
            .iter()
            .take_while(|&&at| values[at] == values[order[from]])
            .count()
            .max(1);
        for &at in &order[from..from + same] {
            ranks[at] = from as f64 + (same as f64 + 1.0) / 2.0;
        }
        from += same;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_equals_are_shared() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(ranks(&[f64::NAN, 1.0]), [2.0, 1.0]);
    }

    #[test]
    fn rank_correlation_as_by_the_formula() {
        // d = 1, 1, 0, 1, 1: 1 - 6 * 4 / (5 * 24) = 0.8.
        let found = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[20.0, 10.0, 30.0, 50.0, 40.0]);
        assert!((found - 0.8).abs() < 1e-12);
        let down = spearman(&[1.0, 2.0, 3.0], &[9.0, 4.0, 1.0]);
        assert!((down + 1.0).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }
}
