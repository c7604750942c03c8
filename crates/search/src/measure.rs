//! How good a ranking is, by judgements of people: the measures of trec_eval, and how sure they are.
//!
//! A ranking is given as the *grades* of its hits, best hit first: how relevant a judge found each, 0 for not at all
//! or not judged. The *judged* grades of a query are those of all papers that anybody judged for it, found or not.
//! Conventions are trec_eval's: the gain of a hit is its grade, the discount of rank r is 1 / log2(r + 1), a query
//! without any relevant paper scores 0.

use serde::Serialize;

/// Times that a sample is drawn again for an interval: the ends then move by less than a tenth of its width.
const RESAMPLES: usize = 2_000;
/// An interval leaves out this share of the resamples at either end: 95 % lie within.
const TAIL: f64 = 0.025;

/// nDCG at k: the discounted gain of the first k hits, divided by that of the best possible order (Järvelin and
/// Kekäläinen 2002, in trec_eval's form `ndcg_cut`).
///
/// ```
/// use search::measure::ndcg;
/// assert_eq!(ndcg(&[2, 0, 1], &[1, 2], 10), (2.0 + 1.0 / 2.0) / (2.0 + 1.0 / f64::log2(3.0)));
/// ```
pub fn ndcg(grades: &[u32], judged: &[u32], k: usize) -> f64 {
    let mut best = judged.to_vec();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let ideal = discounted_gain(&best, k);
    if ideal == 0.0 {
        return 0.0;
    }
    discounted_gain(grades, k) / ideal
}

fn discounted_gain(grades: &[u32], k: usize) -> f64 {
    let ranks = (1u32..).zip(grades.iter().take(k));
    ranks
        .map(|(rank, grade)| f64::from(*grade) / (f64::from(rank) + 1.0).log2())
        .sum()
}

/// Recall at k: the share of the relevant papers that are among the first k hits.
pub fn recall(grades: &[u32], judged: &[u32], k: usize) -> f64 {
    let relevant = |grades: &[u32]| grades.iter().filter(|grade| **grade > 0).count();
    let all = relevant(judged);
    if all == 0 {
        return 0.0;
    }
    relevant(&grades[..grades.len().min(k)]) as f64 / all as f64
}

/// The reciprocal of the first relevant hit's rank; 0 where there is none. Its mean over queries is MRR.
pub fn reciprocal_rank(grades: &[u32]) -> f64 {
    let first = grades.iter().position(|grade| *grade > 0);
    first.map_or(0.0, |before| 1.0 / (before as f64 + 1.0))
}

/// Puts scored hits into the order in which trec_eval reads them: highest score first, and of equal scores the
/// greater id first.
pub fn sort_as_trec_eval<Id: Ord>(hits: &mut [(Id, f32)]) {
    hits.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(&a.0)));
}

/// Spearman's rank correlation (1904) of two lists of the same length, ties at the mean of their ranks: from -1, the
/// opposite order, to 1, the same. 0 where either is all ties, for then there is no order to agree with.
///
/// ```
/// use search::measure::spearman;
/// assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 40.0]) - 0.8).abs() < 1e-12);
/// ```
///
/// # Panics
/// When the lists differ in length.
pub fn spearman(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "a correlation is of pairs");
    let (x, y) = (middle_ranks(x), middle_ranks(y));
    let (x_mean, y_mean) = (mean(&x), mean(&y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(&y) {
        let (x, y) = (x - x_mean, y - y_mean);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    if xx == 0.0 || yy == 0.0 {
        return 0.0;
    }
    xy / (xx * yy).sqrt()
}

/// The rank of each value from 1, equal ones at the middle of their places.
fn middle_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let mut begin = 0;
    for run in order.chunk_by(|i, j| values[*i] == values[*j]) {
        let middle = begin as f64 + (run.len() as f64 + 1.0) / 2.0;
        run.iter().for_each(|i| ranks[*i] = middle);
        begin += run.len();
    }
    ranks
}

/// The arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}

/// The value that at least `share` (0 to 1) of the values do not exceed: the nearest-rank quantile. 0 of nothing.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, share)
}

fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

/// A measured value with the ends of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Of the sample as it is.
    pub value: f64,
    /// 2.5 % of the resamples lie below.
    pub low: f64,
    /// 2.5 % of the resamples lie above.
    pub high: f64,
}

/// A statistic of a sample (one value a query) with its percentile bootstrap interval (Efron 1979): as many values are
/// drawn from the sample with repetition, many times, and the statistic of each draw is taken. The same seed gives the
/// same interval.
pub fn bootstrap(values: &[f64], statistic: impl Fn(&[f64]) -> f64, seed: u64) -> Estimate {
    let blocks: Vec<&[f64]> = values.chunks(1).collect();
    bootstrap_blocks(&blocks, statistic, seed)
}

/// As [`bootstrap`], drawing whole blocks: for values that are alike because they share what they were measured on, as
/// those of neighbouring days do (Künsch 1989, with blocks that the caller cuts).
pub fn bootstrap_blocks<T: Copy>(
    blocks: &[&[T]],
    statistic: impl Fn(&[T]) -> f64,
    seed: u64,
) -> Estimate {
    let value = statistic(&blocks.concat());
    if blocks.is_empty() {
        return Estimate {
            value,
            low: value,
            high: value,
        };
    }
    let mut random = SplitMix(seed);
    let mut draw = Vec::new();
    let mut drawn: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            draw.clear();
            for _ in blocks {
                draw.extend_from_slice(blocks[random.below(blocks.len())]);
            }
            statistic(&draw)
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Estimate {
        value,
        low: quantile_of_sorted(&drawn, TAIL),
        high: quantile_of_sorted(&drawn, 1.0 - TAIL),
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): all the chance a bootstrap needs, the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n` - 1; `n` is at least 1.
    fn below(&mut self, n: usize) -> usize {
        // The high word of a 64 by 64 bit product; its bias of n / 2^64 is nothing here.
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden::{QUERIES, RUNS};

    #[test]
    fn agrees_with_trec_eval_to_four_digits() {
        for query in QUERIES {
            let run = RUNS.iter().filter(|run| run.0 == query.id);
            let mut hits: Vec<(&str, f32)> =
                run.map(|(_, paper, score)| (*paper, *score)).collect();
            sort_as_trec_eval(&mut hits);
            let grade = |paper: &str| {
                let judged = query.judged.iter().find(|(judged, _)| *judged == paper);
                judged.map_or(0, |(_, grade)| *grade)
            };
            let grades: Vec<u32> = hits.iter().map(|(paper, _)| grade(paper)).collect();
            let judged: Vec<u32> = query.judged.iter().map(|(_, grade)| *grade).collect();
            let got = [
                ndcg(&grades, &judged, 10),
                ndcg(&grades, &judged, 5),
                recall(&grades, &judged, 20),
                reciprocal_rank(&grades),
            ];
            for (got, expected) in got.iter().zip(query.expected) {
                assert!(
                    (got - expected).abs() < 0.000_05,
                    "{}: {got} {expected}",
                    query.id
                );
            }
        }
    }

    #[test]
    fn nothing_found_or_nothing_relevant_is_zero() {
        assert_eq!(ndcg(&[], &[1], 10), 0.0);
        assert_eq!(ndcg(&[0], &[0], 10), 0.0);
        assert_eq!(recall(&[0, 0, 1], &[1], 2), 0.0);
        assert_eq!(recall(&[], &[], 2), 0.0);
        assert_eq!(reciprocal_rank(&[0, 0]), 0.0);
    }

    #[test]
    fn quantiles_are_nearest_ranks() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(quantile(&values, 0.5), 3.0);
        assert_eq!(quantile(&values, 0.99), 5.0);
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(quantile(&values, 0.2), 1.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn an_interval_is_as_wide_as_theory_says() {
        // Half zeros, half ones: the mean of 400 has a standard error of .025, so 95 % lie within .049.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let estimate = bootstrap(&values, mean, 7);
        assert_eq!(estimate.value, 0.5);
        assert!((estimate.high - 0.549).abs() < 0.006, "{estimate:?}");
        assert!((estimate.low - 0.451).abs() < 0.006, "{estimate:?}");
        assert_eq!(estimate, bootstrap(&values, mean, 7));
        assert_ne!(estimate, bootstrap(&values[..399], mean, 7));
    }

    #[test]
    fn blocks_that_are_alike_make_wider_intervals() {
        // A hundred days in twenty weeks, each week all zeros or all ones: only the weeks are independent.
        let days: Vec<f64> = (0..100).map(|i| f64::from(i / 5 % 2)).collect();
        let weeks: Vec<&[f64]> = days.chunks(5).collect();
        let by_day = bootstrap(&days, mean, 7);
        let by_week = bootstrap_blocks(&weeks, mean, 7);
        assert_eq!(by_day.value, by_week.value);
        let ratio = (by_week.high - by_week.low) / (by_day.high - by_day.low);
        // The square root of five.
        assert!((ratio - 2.236).abs() < 0.25, "{ratio}");
    }

    #[test]
    fn ties_share_their_ranks() {
        assert_eq!(middle_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        // Worked out by hand: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
        let expected = 4.5 / (4.5f64 * 5.0).sqrt();
        assert!((spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]) - expected).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
        assert_eq!(spearman(&[], &[]), 0.0);
    }

    proptest! {
        #[test]
        fn a_correlation_knows_order_alone(values in prop::collection::vec(-9.0f64..9.0, 2..30)) {
            let cubed: Vec<f64> = values.iter().map(|v| v.powi(3) + 1.0).collect();
            let turned: Vec<f64> = values.iter().map(|v| -v).collect();
            let itself = spearman(&values, &cubed);
            prop_assert!(itself == 0.0 || (itself - 1.0).abs() < 1e-9);
            prop_assert!((spearman(&values, &turned) + itself).abs() < 1e-9);
        }

        #[test]
        fn measures_lie_between_0_and_1_and_the_ideal_order_has_1(
            judged in prop::collection::vec(0u32..5, 0..30),
            k in 1usize..40,
        ) {
            let mut best = judged.clone();
            best.sort_unstable_by(|a, b| b.cmp(a));
            let any = best.first().is_some_and(|grade| *grade > 0);
            prop_assert_eq!(ndcg(&best, &judged, k), f64::from(u8::from(any)));
            for value in [ndcg(&judged, &judged, k), recall(&judged, &judged, k), reciprocal_rank(&judged)] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            prop_assert!(recall(&judged, &judged, k) <= recall(&judged, &judged, k + 1));
        }

        #[test]
        fn an_interval_lies_within_its_sample(values in prop::collection::vec(-9.0f64..9.0, 1..40), seed: u64) {
            let estimate = bootstrap(&values, |draw| quantile(draw, 0.5), seed);
            prop_assert!(estimate.low <= estimate.high);
            prop_assert!(values.contains(&estimate.low) && values.contains(&estimate.high));
        }
    }
}
