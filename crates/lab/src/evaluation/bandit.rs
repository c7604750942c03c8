//! Finding the best and the worst of many arms with a bounded number of tries.
//!
//! An arm has a number of items, each of which it gets right or wrong; what is sought are the arm with the highest and
//! the arm with the lowest share of right items. [`thompson`] spends tries where the answer is still open, [`uniform`]
//! the same everywhere. Used by the reproduction of FormatSpread and by `broadsheet-lab format-spread`.

use std::ops::Range;

use anyhow::{Context as _, Result};
use rand_distr::{Beta, Distribution as _};

use crate::frame::Rng;

/// How often each arm was tried, and how often it was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Items tried, one number an arm. Items are tried in order, so these are the first ones.
    pub tried: Vec<usize>,
    /// Of these, items that came out right.
    pub right: Vec<usize>,
}

/// What may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Most items tried, over all arms.
    pub calls: usize,
    /// Items tried at once.
    pub batch: usize,
    /// Items that an arm has.
    pub items: usize,
}

/// The two arms that were sought, and all that was seen on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The arm with the highest share of right items.
    pub best: usize,
    /// The arm with the lowest.
    pub worst: usize,
    /// What was seen.
    pub tally: Tally,
}

/// Which end of the range is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Highest,
    Lowest,
}

impl Tally {
    /// Nothing tried yet.
    pub fn new(arms: usize) -> Tally {
        Tally {
            tried: vec![0; arms],
            right: vec![0; arms],
        }
    }

    /// The share of an arm's tried items that came out right; none before the first try.
    pub fn rate(&self, arm: usize) -> Option<f64> {
        let tried = self.tried[arm];
        (tried > 0).then(|| self.right[arm] as f64 / tried as f64)
    }

    /// The next items of an arm: a batch, or what is left of items and calls.
    fn next(&self, arm: usize, budget: Budget, calls_left: usize) -> Range<usize> {
        let from = self.tried[arm];
        from..(from + budget.batch.min(calls_left)).min(budget.items)
    }

    /// Tries the next items of an arm; says how many these were.
    fn pull(
        &mut self,
        arm: usize,
        items: Range<usize>,
        try_items: &mut impl FnMut(usize, Range<usize>) -> Result<usize>,
    ) -> Result<usize> {
        let count = items.len();
        let right = try_items(arm, items)?;
        self.tried[arm] += count;
        self.right[arm] += right.min(count);
        Ok(count)
    }

    /// The tried arm with the highest or lowest share; of equal ones that which was tried more, then the first.
    fn choose(&self, goal: Goal) -> Option<usize> {
        let mut chosen: Option<usize> = None;
        for arm in 0..self.tried.len() {
            let Some(rate) = self.rate(arm) else { continue };
            let ahead = chosen.is_none_or(|other| {
                let gain = rate - self.rate(other).unwrap_or(rate);
                let gain = if goal == Goal::Highest { gain } else { -gain };
                gain > 0.0 || (gain == 0.0 && self.tried[arm] > self.tried[other])
            });
            if ahead {
                chosen = Some(arm);
            }
        }
        chosen
    }

    fn found(self, best: Option<usize>) -> Result<Found> {
        let best = best.or_else(|| self.choose(Goal::Highest));
        let worst = self.choose(Goal::Lowest);
        Ok(Found {
            best: best.context("no arm was tried")?,
            worst: worst.context("no arm was tried")?,
            tally: self,
        })
    }
}

/// The Beta prior of every arm whose mean is `rate`: `b = 5`, `a = 5 rate / (1 - rate)`, and `a` at least 1.1, so that the
/// density has one peak.
pub fn prior(rate: f64) -> (f64, f64) {
    let rate = rate.clamp(0.0, 0.99);
    ((5.0 * rate / (1.0 - rate)).max(1.1), 5.0)
}

/// Thompson sampling for both ends: half of the calls for the highest arm, then, with all counts kept, half for the lowest.
/// Each step draws a rate from every arm's Beta posterior and tries a batch of the arm with the extreme draw. `try_items`
/// is given an arm and the items to try, and says how many came out right; no arm is given an item twice.
///
/// # Errors
/// What `try_items` fails with; and a budget that allows no try.
pub fn thompson(
    arms: usize,
    budget: Budget,
    prior: (f64, f64),
    rng: &mut Rng,
    mut try_items: impl FnMut(usize, Range<usize>) -> Result<usize>,
) -> Result<Found> {
    let mut tally = Tally::new(arms);
    let half = budget.calls / 2;
    let spent = phase(
        &mut tally,
        Goal::Highest,
        (half, budget),
        prior,
        rng,
        &mut try_items,
    )?;
    let best = tally.choose(Goal::Highest);
    // What the first half could not use, because every item was tried, is not used later either.
    let rest = budget.calls - spent.max(half);
    phase(
        &mut tally,
        Goal::Lowest,
        (rest, budget),
        prior,
        rng,
        &mut try_items,
    )?;
    tally.found(best)
}

fn phase(
    tally: &mut Tally,
    goal: Goal,
    (calls, budget): (usize, Budget),
    (a, b): (f64, f64),
    rng: &mut Rng,
    try_items: &mut impl FnMut(usize, Range<usize>) -> Result<usize>,
) -> Result<usize> {
    let mut spent = 0;
    while spent < calls {
        let mut chosen: Option<(usize, f64)> = None;
        for arm in 0..tally.tried.len() {
            let (right, tried) = (tally.right[arm], tally.tried[arm]);
            if tried >= budget.items {
                continue;
            }
            let posterior = Beta::new(a + right as f64, b + (tried - right) as f64)
                .context("a prior of a Beta distribution is above zero")?;
            let draw = posterior.sample(rng);
            let ahead = chosen.is_none_or(|(_, other)| match goal {
                Goal::Highest => draw > other,
                Goal::Lowest => draw < other,
            });
            if ahead {
                chosen = Some((arm, draw));
            }
        }
        let Some((arm, _)) = chosen else { break };
        let items = tally.next(arm, budget, calls - spent);
        spent += tally.pull(arm, items, try_items)?;
    }
    Ok(spent)
}

/// The same budget spread evenly: arms take turns, a batch each, until it is spent.
///
/// # Errors
/// What `try_items` fails with; and a budget that allows no try.
pub fn uniform(
    arms: usize,
    budget: Budget,
    mut try_items: impl FnMut(usize, Range<usize>) -> Result<usize>,
) -> Result<Found> {
    let mut tally = Tally::new(arms);
    let mut spent = 0;
    'turns: loop {
        let before = spent;
        for arm in 0..arms {
            if spent == budget.calls {
                break 'turns;
            }
            let items = tally.next(arm, budget, budget.calls - spent);
            if !items.is_empty() {
                spent += tally.pull(arm, items, &mut try_items)?;
            }
        }
        if spent == before {
            break;
        }
    }
    tally.found(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;

    fn budget(calls: usize) -> Budget {
        Budget {
            calls,
            batch: 20,
            items: 1000,
        }
    }

    /// Arms that get so many items of every hundred right, spread over them.
    fn sure(rates: &[usize]) -> impl FnMut(usize, Range<usize>) -> Result<usize> {
        move |arm, items| Ok(items.filter(|item| item * 37 % 100 < rates[arm]).count())
    }

    #[test]
    fn a_prior_has_the_rate_as_its_mean_and_one_peak() {
        let (a, b) = prior(0.5);
        assert_eq!((a, b), (5.0, 5.0));
        let (a, b) = prior(0.8);
        assert!((a / (a + b) - 0.8).abs() < 1e-12);
        assert_eq!(prior(0.0), (1.1, 5.0));
        assert!(prior(1.0).0.is_finite());
    }

    #[test]
    fn two_sure_arms_are_told_apart_by_few_tries() {
        let mut rng = Rng::seed_from_u64(3);
        let found = thompson(2, budget(160), prior(0.5), &mut rng, sure(&[0, 100])).unwrap();
        assert_eq!((found.best, found.worst), (1, 0));
    }

    #[test]
    fn tries_gather_at_the_ends() {
        let rates: Vec<usize> = (0..50).map(|arm| 40 + arm % 20).chain([10, 90]).collect();
        let mut rng = Rng::seed_from_u64(1);
        let found = thompson(52, budget(8000), prior(0.5), &mut rng, sure(&rates)).unwrap();
        assert_eq!((found.best, found.worst), (51, 50));
        let tried = &found.tally.tried;
        let middle = tried[..50].iter().sum::<usize>() / 50;
        assert!(tried[50] > 3 * middle && tried[51] > 3 * middle);
    }

    #[test]
    fn even_tries_go_round() {
        let found = uniform(3, budget(100), sure(&[10, 50, 90])).unwrap();
        assert_eq!(found.tally.tried, [40, 40, 20]);
        assert_eq!((found.best, found.worst), (2, 0));
    }

    #[test]
    fn nothing_to_try_is_an_error() {
        assert!(uniform(0, budget(10), |_, _| Ok(0)).is_err());
        assert!(uniform(3, budget(0), |_, _| Ok(0)).is_err());
    }

    proptest! {
        /// No more is spent than allowed, and each arm's items are tried once, in order.
        #[test]
        fn a_budget_is_kept(
            arms in 1usize..12,
            calls in 1usize..600,
            batch in 1usize..30,
            items in 1usize..40,
            seed: u64,
            even: bool,
        ) {
            let budget = Budget { calls, batch, items };
            let mut next = vec![0; arms];
            let mut spent = 0;
            let try_items = |arm: usize, range: Range<usize>| {
                assert_eq!(range.start, next[arm]);
                assert!(!range.is_empty() && range.len() <= batch && range.end <= items);
                next[arm] = range.end;
                spent += range.len();
                Ok(range.filter(|item| (item * 7 + arm).is_multiple_of(3)).count())
            };
            let mut rng = Rng::seed_from_u64(seed);
            let found = if even {
                uniform(arms, budget, try_items)
            } else {
                thompson(arms, budget, prior(0.4), &mut rng, try_items)
            };
            let found = found.unwrap();
            prop_assert!(spent <= calls);
            prop_assert!(spent > 0);
            prop_assert_eq!(&found.tally.tried, &next);
            if even {
                prop_assert_eq!(spent, calls.min(arms * items));
            }
        }
    }
}
