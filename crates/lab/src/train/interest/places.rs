//! From the regression's numbers to places among the papers of a day, with how sure they are.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use search::interest::Knot;
use search::measure::{mean, quantile, spearman};

use super::Example;

/// Days of fewer papers have no places worth the name.
const DAY_MIN: usize = 8;
/// Groups of papers of like numbers, whose places are looked at.
const GROUPS: usize = 12;
/// A group of fewer papers says nothing of its tails.
const GROUP_MIN: usize = 20;

/// Where a held-out paper stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    day: i32,
    number: f64,
    /// 0 for the fewest votes, 100 for the most: the middle of its share of the day.
    place: f64,
}

/// The places of papers that stood on a day's page.
pub(super) fn standings(examples: &[&Example], numbers: &[f64]) -> Vec<Standing> {
    let mut days: BTreeMap<i32, Vec<(f64, f64)>> = BTreeMap::new();
    for (example, number) in examples.iter().zip(numbers).filter(|(e, _)| e.featured) {
        let day = days.entry(example.day).or_default();
        day.push((*number, f64::from(example.votes)));
    }
    let mut standings = Vec::new();
    for (day, papers) in days
        .into_iter()
        .filter(|(_, papers)| papers.len() >= DAY_MIN)
    {
        for (number, votes) in &papers {
            let below = papers.iter().filter(|(_, other)| other < votes).count();
            let equal = papers.iter().filter(|(_, other)| other == votes).count();
            let rank = below as f64 + equal as f64 / 2.0;
            standings.push(Standing {
                day,
                number: *number,
                place: 100.0 * rank / papers.len() as f64,
            });
        }
    }
    standings
}

/// The mean over days of Spearman's correlation between numbers and places.
pub(super) fn correlation(standings: &[Standing]) -> f64 {
    let days = standings.chunk_by(|x, y| x.day == y.day);
    let of_day = |day: &[Standing]| {
        let numbers: Vec<f64> = day.iter().map(|s| s.number).collect();
        let places: Vec<f64> = day.iter().map(|s| s.place).collect();
        spearman(&numbers, &places)
    };
    mean(&days.map(of_day).collect::<Vec<_>>())
}

/// The tenth, the fifth and the ninth tenth of the places of papers of like numbers, none falling as numbers rise.
pub(super) fn knots(standings: &[Standing]) -> Result<Vec<Knot>> {
    ensure!(
        standings.len() >= GROUPS * GROUP_MIN,
        "only {} papers stood on days with at least {DAY_MIN}: too few to say how sure a prediction is",
        standings.len()
    );
    let mut sorted = standings.to_vec();
    sorted.sort_by(|x, y| x.number.total_cmp(&y.number));
    let groups: Vec<&[Standing]> = sorted.chunks(sorted.len().div_ceil(GROUPS)).collect();
    let column = |share: f64| {
        let values = groups.iter().map(|group| {
            let places: Vec<f64> = group.iter().map(|s| s.place).collect();
            quantile(&places, share)
        });
        never_falling(&values.collect::<Vec<_>>())
    };
    let (low, middle, high) = (column(0.1), column(0.5), column(0.9));
    let mut knots: Vec<Knot> = Vec::with_capacity(groups.len());
    for (i, group) in groups.iter().enumerate() {
        let number = group.iter().map(|s| s.number).sum::<f64>() / group.len() as f64;
        let knot = Knot {
            number: number as f32,
            low: low[i] as f32,
            middle: middle[i] as f32,
            high: high[i] as f32,
        };
        if knots.last().is_none_or(|last| last.number < knot.number) {
            knots.push(knot);
        }
    }
    ensure!(knots.len() > 1, "all papers have the same number");
    Ok(knots)
}

/// The nearest sequence, by squares, that never falls: neighbours that do are given their mean (Ayer et al. 1955).
fn never_falling(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::with_capacity(values.len());
    for value in values {
        let mut pool = (*value, 1);
        while let Some(last) = pools.pop_if(|last| last.0 / last.1 as f64 > pool.0 / pool.1 as f64)
        {
            pool = (pool.0 + last.0, pool.1 + last.1);
        }
        pools.push(pool);
    }
    let spread = |(sum, count): &(f64, usize)| vec![sum / *count as f64; *count];
    pools.iter().flat_map(spread).collect()
}

/// The share of papers that stood within the interval of their number.
pub(super) fn coverage(standings: &[Standing], knots: &[Knot]) -> f64 {
    let within = |standing: &&Standing| {
        let after = knots.partition_point(|k| f64::from(k.number) <= standing.number);
        let near = [after.saturating_sub(1), after.min(knots.len() - 1)].map(|i| &knots[i]);
        let low = f64::from(near[0].low + near[1].low) / 2.0;
        let high = f64::from(near[0].high + near[1].high) / 2.0;
        (low..=high).contains(&standing.place)
    };
    standings.iter().filter(within).count() as f64 / standings.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[f64], expected: &[f64]) {
        assert_eq!(never_falling(values), expected);
    }

    #[test]
    fn falling_neighbours_share_their_mean() {
        check(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]);
        check(&[3.0, 1.0], &[2.0, 2.0]);
        check(&[1.0, 5.0, 3.0, 1.0, 4.0], &[1.0, 3.0, 3.0, 3.0, 4.0]);
        check(&[], &[]);
    }
}
