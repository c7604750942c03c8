//! The formulas that other sites rank by, as their code or their makers state them: what ours is measured against
//! (`broadsheet eval-trending`).
//!
//! Ages are in hours and never negative, scores are votes.

/// Hacker News: (p - 1)^0.8 / (h + 2)^1.8, without its penalties. Points include the submitter's own.
pub fn hacker_news(points: f64, hours: f64) -> f64 {
    (points - 1.0).max(0.0).powf(0.8) / (hours + 2.0).powf(1.8)
}

/// Reddit's "hot" up to a constant: log10 of the score, and a power of ten for every 12.5 hours of youth.
pub fn reddit(score: f64, hours: f64) -> f64 {
    score.max(1.0).log10() - hours * 3600.0 / 45_000.0
}

/// Lobsters up to a constant, without tags and comments: a power of ten for every 22 hours of youth.
pub fn lobsters(score: f64, hours: f64) -> f64 {
    (score + 1.0).max(1.0).log10() - hours * 3600.0 / 79_200.0
}

/// Lemmy's "hot": the logarithm of the score under Hacker News' gravity.
pub fn lemmy(score: f64, hours: f64) -> f64 {
    (score + 2.0).max(2.0).log10() / (hours + 2.0).powf(1.8)
}

/// The lower end of Wilson's interval (1927) for a share of `up` in `all`; `z` is 1.2816 for 80 %, 1.96 for 95 %.
pub fn wilson_lower(up: f64, all: f64, z: f64) -> f64 {
    if all <= 0.0 {
        return 0.0;
    }
    let share = up / all;
    let middle = share + z * z / (2.0 * all);
    let margin = z * (share * (1.0 - share) / all + z * z / (4.0 * all * all)).sqrt();
    (middle - margin) / (1.0 + z * z / all)
}

/// Laplace's rule of succession with a prior of `alpha` in `beta`: (u + alpha) / (n + beta).
pub fn laplace(up: f64, all: f64, alpha: f64, beta: f64) -> f64 {
    (up + alpha) / (all + beta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(got: f64, expected: f64, within: f64) {
        assert!(
            (got - expected).abs() <= within,
            "{got}, expected {expected}"
        );
    }

    /// The smallest whole score that is at least as good at an age as `than`.
    fn needed(formula: fn(f64, f64) -> f64, hours: f64, than: f64) -> f64 {
        let scores = (0..10_000).map(f64::from);
        scores
            .into_iter()
            .find(|score| formula(*score, hours) >= than)
            .unwrap()
    }

    /// The first tenth of an hour at which a score is worse than `than`.
    fn falls_below(formula: fn(f64, f64) -> f64, score: f64, than: f64) -> f64 {
        let hours = (0..2_000).map(|tenth| f64::from(tenth) / 10.0);
        hours
            .into_iter()
            .find(|hours| formula(score, *hours) < than)
            .unwrap()
    }

    #[test]
    fn hacker_news_forgets_within_days() {
        let ten = hacker_news(10.0, 2.0);
        for (hours, points) in [(6.0, 44.0), (12.0, 153.0), (24.0, 608.0), (48.0, 2_655.0)] {
            close(needed(hacker_news, hours, ten), points, points * 0.007);
        }
        close(
            falls_below(hacker_news, 500.0, hacker_news(2.0, 2.0)),
            61.0,
            0.5,
        );
    }

    #[test]
    fn a_day_is_a_factor_on_reddit_and_lobsters() {
        let factor = |formula: fn(f64, f64) -> f64, hours| {
            10f64.powf(formula(0.0, 0.0) - formula(0.0, hours))
        };
        close(factor(reddit, 24.0), 83.2, 0.05);
        close(factor(lobsters, 24.0), 12.3, 0.05);
        close(factor(reddit, 72.0), 575_440.0, 1.0);
        close(factor(lobsters, 72.0), 1_874.0, 1.0);
    }

    #[test]
    fn lemmy_lets_a_thousand_votes_lose_to_none() {
        for (score, hours) in [(10.0, 6.2), (100.0, 9.5), (1_000.0, 12.4)] {
            close(falls_below(lemmy, score, lemmy(0.0, 2.0)), hours, 0.1);
        }
    }

    #[test]
    fn shares_of_few_votes_are_doubted() {
        let cases = [
            (1.0, 1.0, 0.378, 0.207, 0.667),
            (5.0, 5.0, 0.753, 0.566, 0.857),
            (9.0, 10.0, 0.718, 0.596, 0.833),
            (60.0, 100.0, 0.536, 0.502, 0.598),
            (20.0, 20.0, 0.924, 0.839, 0.955),
        ];
        for (up, all, narrow, wide, laplace_share) in cases {
            close(wilson_lower(up, all, 1.2816), narrow, 0.000_6);
            close(wilson_lower(up, all, 1.96), wide, 0.000_6);
            close(laplace(up, all, 1.0, 2.0), laplace_share, 0.000_6);
        }
        assert_eq!(wilson_lower(0.0, 0.0, 1.96), 0.0);
    }
}
