//! The algebra of levels 2 to 4.

use super::super::items::mean;

/// What a generalist scores on each level, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Levels {
    /// The mean of comprehension's and generation's means.
    pub(super) two: f64,
    /// The same, of tasks where the specialist is reached.
    pub(super) three: f64,
    /// The harmonic mean of level 3's two parts.
    pub(super) four: f64,
}

/// Levels from scores of tasks (the first `comprehension` of them, the others generation) and from the specialists'.
pub(super) fn levels(scores: &[f64], specialists: &[f64], comprehension: usize) -> Levels {
    let kept: Vec<f64> = scores
        .iter()
        .zip(specialists)
        .map(|(score, best)| if score >= best { *score } else { 0.0 })
        .collect();
    let halves = |scores: &[f64]| {
        let (c, g) = scores.split_at(comprehension.min(scores.len()));
        (mean(c.iter().copied()), mean(g.iter().copied()))
    };
    let (c, g) = halves(scores);
    let (kept_c, kept_g) = halves(&kept);
    let sum = kept_c + kept_g;
    Levels {
        two: (c + g) / 2.0,
        three: sum / 2.0,
        four: if sum > 0.0 {
            2.0 * kept_c * kept_g / sum
        } else {
            0.0
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, proptest};

    #[test]
    fn levels_as_worked_out_by_hand() {
        // Comprehension .8 (won) and .6 (lost), generation .4 (won) and .2 (won).
        let found = levels(&[0.8, 0.6, 0.4, 0.2], &[0.7, 0.7, 0.4, 0.1], 2);
        // Level 2: (.7 + .3) / 2. Level 3: (.4 + .3) / 2. Level 4: 2 * .4 * .3 / .7.
        assert!((found.two - 0.5).abs() < 1e-12);
        assert!((found.three - 0.35).abs() < 1e-12);
        assert!((found.four - 0.24 / 0.7).abs() < 1e-12);
    }

    #[test]
    fn one_sided_generalists_have_no_level_four() {
        let found = levels(&[0.9, 0.9, 0.1, 0.1], &[0.5; 4], 2);
        assert!(found.three > 0.0);
        assert_eq!(found.four, 0.0);
    }

    proptest! {
        #[test]
        fn levels_rise_with_scores_and_get_harder(
            scores in proptest::collection::vec(0.0..1.0f64, 6),
            best in proptest::collection::vec(0.0..1.0f64, 6),
            task in 0..6usize,
            more in 0.0..1.0f64,
        ) {
            let before = levels(&scores, &best, 3);
            prop_assert!(before.two >= before.three - 1e-12);
            prop_assert!(before.three >= before.four - 1e-12);
            let mut higher = scores.clone();
            higher[task] += more;
            let after = levels(&higher, &best, 3);
            prop_assert!(after.two >= before.two - 1e-12);
            prop_assert!(after.three >= before.three - 1e-12);
            prop_assert!(after.four >= before.four - 1e-12);
        }
    }
}
