//! Combinations of k skills and a topic, drawn without repeats.
//!
//! All combinations have a number: subsets of skills in colexicographic order, times topics. Drawing is drawing
//! numbers, so that a seed decides everything and no list of all combinations is needed.

use std::collections::HashSet;

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use serde::Serialize;

use crate::frame::Rng;

/// Some skills and a topic, as places in their lists; skills ascend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Combination {
    /// The skills' places.
    pub skills: Vec<usize>,
    /// The topic's place.
    pub topic: usize,
}

/// The number of subsets of `k` out of `n`; none where it exceeds 128 bits.
pub fn choose(n: usize, k: usize) -> Option<u128> {
    if k > n {
        return Some(0);
    }
    let mut all: u128 = 1;
    for step in 0..k.min(n - k) {
        // The product of `step + 1` neighbours is divisible by their count.
        all = all.checked_mul((n - step) as u128)? / (step + 1) as u128;
    }
    Some(all)
}

/// How many combinations there are; none where it exceeds 128 bits.
pub fn total(skills: usize, k: usize, topics: usize) -> Option<u128> {
    choose(skills, k)?.checked_mul(topics as u128)
}

/// `count` different combinations, or all where there are fewer, in a random order. `None` where all there are cannot be
/// counted in 128 bits.
pub fn draw(
    (skills, k, topics): (usize, usize, usize),
    count: usize,
    rng: &mut Rng,
) -> Option<Vec<Combination>> {
    let all = total(skills, k, topics)?;
    if all == 0 {
        return Some(Vec::new());
    }
    let unrank = |number: u128| Combination {
        skills: subset(number / topics as u128, k, skills),
        topic: (number % topics as u128) as usize,
    };
    // Where much of everything is wanted, numbers drawn one by one would mostly be known already.
    if all <= 2 * count as u128 {
        let mut numbers: Vec<u128> = (0..all).collect();
        numbers.shuffle(rng);
        return Some(numbers.into_iter().take(count).map(unrank).collect());
    }
    let mut seen = HashSet::with_capacity(count);
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let number = rng.random_range(0..all);
        if seen.insert(number) {
            drawn.push(unrank(number));
        }
    }
    Some(drawn)
}

/// The subset of size `k` with this number in colexicographic order, ascending.
fn subset(mut number: u128, k: usize, n: usize) -> Vec<usize> {
    let mut places = vec![0; k];
    let mut below = n;
    for size in (1..=k).rev() {
        // The greatest element is the greatest one that has no more than `number` subsets below it.
        let mut place = below - 1;
        while choose(place, size).is_none_or(|count| count > number) {
            place -= 1;
        }
        number -= choose(place, size).unwrap_or(0);
        places[size - 1] = place;
        below = place;
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;
    use crate::frame::Rng;

    #[test]
    fn subsets_are_counted() {
        assert_eq!(choose(5, 2), Some(10));
        assert_eq!(choose(101, 5), Some(79_208_745));
        assert_eq!(choose(3, 4), Some(0));
        assert_eq!(choose(7, 0), Some(1));
        assert_eq!(choose(1000, 500), None);
        assert_eq!(total(10, 3, 4), Some(480));
    }

    #[test]
    fn subsets_come_in_order() {
        let all: Vec<Vec<usize>> = (0..6).map(|number| subset(number, 2, 4)).collect();
        let expected: [&[usize]; 6] = [&[0, 1], &[0, 2], &[1, 2], &[0, 3], &[1, 3], &[2, 3]];
        assert_eq!(all, expected);
    }

    proptest! {
        /// All are different, in bounds, and as many as asked for or as there are.
        #[test]
        fn nothing_is_drawn_twice(
            skills in 1usize..12,
            k in 1usize..6,
            topics in 1usize..6,
            count in 0usize..300,
            seed: u64,
        ) {
            let drawn = draw((skills, k, topics), count, &mut Rng::seed_from_u64(seed)).unwrap();
            let all = total(skills, k, topics).unwrap();
            prop_assert_eq!(drawn.len() as u128, all.min(count as u128));
            let different: HashSet<&Combination> = drawn.iter().collect();
            prop_assert_eq!(different.len(), drawn.len());
            for combination in &drawn {
                prop_assert_eq!(combination.skills.len(), k);
                prop_assert!(combination.skills.is_sorted_by(|a, b| a < b));
                prop_assert!(combination.skills.iter().all(|&skill| skill < skills));
                prop_assert!(combination.topic < topics);
            }
        }
    }
}
