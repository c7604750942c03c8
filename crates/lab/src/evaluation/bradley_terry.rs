//! Strengths from comparisons: the model of Bradley and Terry (Biometrika 39, 1952).
//!
//! `P(i beats j) = 1 / (1 + exp(-(t_i - t_j)))`, fitted by the most likely `t`; a tie counts half a win for each. On
//! Elo's scale 400 points are odds of ten to one. Unlike [`elo`](super::elo) the order of matches does not matter.
//!
//! Who never lost would be infinitely strong. So everybody is given `prior` wins and `prior` losses against an average
//! player who is none of them (strength 0). That also joins players who never met, and fixes the zero.

use nalgebra::{DMatrix, DVector};

use super::pairwise::Match;

/// Elo points of one unit of log odds: `400 / ln 10`.
pub const POINTS: f64 = 173.717_792_761_247_36;
/// Half a win and half a loss: one tie with an average player.
pub const PRIOR: f64 = 0.5;
/// Newton's method doubles its digits; halving steps aside, ten are plenty.
const STEPS_MAX: usize = 100;

/// The strengths of `players` players, in log odds, around 0.
///
/// `prior` must be above 0; matches of players out of range are not counted.
pub fn fit(players: usize, matches: &[Match], prior: f64) -> Vec<f64> {
    Pairs::of(players, matches).fit(prior)
}

/// The strengths on Elo's scale, with the mean of all players at `mean`.
pub fn on_elo_scale(strengths: &[f64], mean: f64) -> Vec<f64> {
    let middle = strengths.iter().sum::<f64>() / strengths.len().max(1) as f64;
    strengths
        .iter()
        .map(|t| mean + POINTS * (t - middle))
        .collect()
}

/// Matches counted by pair.
struct Pairs {
    players: usize,
    // (a, b, points of a, matches), a < b.
    counts: Vec<(usize, usize, f64, f64)>,
}

impl Pairs {
    fn of(players: usize, matches: &[Match]) -> Pairs {
        // Points and matches of each pair, at the lower number's row.
        let mut met = vec![(0.0, 0.0); players * players];
        for played in matches {
            let (a, b) = (played.a, played.b);
            if a.max(b) >= players || a == b {
                continue;
            }
            let (at, points) = if a < b {
                (a * players + b, played.winner.points())
            } else {
                (b * players + a, 1.0 - played.winner.points())
            };
            met[at].0 += points;
            met[at].1 += 1.0;
        }
        let counts = met.into_iter().enumerate().filter(|(_, (_, of))| *of > 0.0);
        let counts = counts.map(|(at, (won, of))| (at / players, at % players, won, of));
        Pairs {
            players,
            counts: counts.collect(),
        }
    }

    /// Newton's method on the log likelihood, which is concave; steps that overshoot are halved.
    fn fit(&self, prior: f64) -> Vec<f64> {
        let mut at = DVector::zeros(self.players);
        let mut likelihood = self.likelihood(&at, prior);
        for _ in 0..STEPS_MAX {
            let (gradient, curvature) = self.slopes(&at, prior);
            let Some(step) = curvature.cholesky().map(|c| c.solve(&gradient)) else {
                break;
            };
            // Near the top the likelihood no longer tells one step from another, and Newton's steps need no watching.
            if step.amax() < 1e-6 {
                at += step;
                break;
            }
            let mut size = 1.0;
            let mut next = &at + &step;
            let mut found = self.likelihood(&next, prior);
            while found < likelihood && size > 1e-6 {
                size /= 2.0;
                next = &at + &step * size;
                found = self.likelihood(&next, prior);
            }
            (at, likelihood) = (next, found);
        }
        at.iter().copied().collect()
    }

    fn likelihood(&self, at: &DVector<f64>, prior: f64) -> f64 {
        let met = self.counts.iter().map(|&(a, b, won, of)| {
            won * ln_chance(at[a] - at[b]) + (of - won) * ln_chance(at[b] - at[a])
        });
        let average = at.iter().map(|&t| prior * (ln_chance(t) + ln_chance(-t)));
        met.chain(average).sum()
    }

    /// The gradient, and the negative of the second derivatives.
    fn slopes(&self, at: &DVector<f64>, prior: f64) -> (DVector<f64>, DMatrix<f64>) {
        let mut gradient = DVector::zeros(self.players);
        let mut curvature = DMatrix::zeros(self.players, self.players);
        for &(a, b, won, of) in &self.counts {
            let p = chance(at[a] - at[b]);
            gradient[a] += won - of * p;
            gradient[b] -= won - of * p;
            let bend = of * p * (1.0 - p);
            curvature[(a, a)] += bend;
            curvature[(b, b)] += bend;
            curvature[(a, b)] -= bend;
            curvature[(b, a)] -= bend;
        }
        for i in 0..self.players {
            let p = chance(at[i]);
            gradient[i] += prior * (1.0 - 2.0 * p);
            curvature[(i, i)] += 2.0 * prior * p * (1.0 - p);
        }
        (gradient, curvature)
    }
}

/// The chance of winning with a lead of `x` in log odds.
pub fn chance(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `ln chance(x)`, also where the chance is too small for a number.
fn ln_chance(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::super::pairwise::Winner;
    use super::*;
    use proptest::{prop_assert, proptest};

    fn wins(a: usize, b: usize, times: usize) -> Vec<Match> {
        let winner = Winner::First;
        vec![Match { a, b, winner }; times]
    }

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-6, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn three_wins_of_four_are_odds_of_three() {
        let matches = [wins(0, 1, 3), wins(1, 0, 1)].concat();
        let fitted = fit(2, &matches, 1e-9);
        close(&[fitted[0] - fitted[1]], &[3f64.ln()]);
        let points = on_elo_scale(&fitted, 1500.0);
        // 400 log10 3 = 190.848502.
        close(&points, &[1500.0 + 95.424_251, 1500.0 - 95.424_251]);
    }

    #[test]
    fn three_players_as_another_method_finds_them() {
        // Found by Hunter's MM iteration (Annals of Statistics 32, 2004), repeated 20,000 times.
        let matches = [
            wins(0, 1, 7),
            wins(1, 0, 3),
            wins(1, 2, 6),
            wins(2, 1, 4),
            wins(0, 2, 8),
            wins(2, 0, 1),
        ]
        .concat();
        close(
            &fit(3, &matches, PRIOR),
            &[0.870961791, -0.142312452, -0.705597318],
        );
    }

    #[test]
    fn a_tie_is_half_a_win_for_each() {
        let tie = Match {
            a: 0,
            b: 1,
            winner: Winner::Tie,
        };
        let both = [wins(0, 1, 1), wins(1, 0, 1)].concat();
        close(&fit(2, &[tie, tie], PRIOR), &fit(2, &both, PRIOR));
        close(&fit(2, &[tie], PRIOR), &[0.0, 0.0]);
    }

    #[test]
    fn who_never_lost_is_not_infinitely_strong() {
        let fitted = fit(3, &wins(0, 1, 1000), PRIOR);
        assert!(fitted.iter().all(|t| t.is_finite()));
        assert!(fitted[0] > fitted[2] && fitted[2] > fitted[1]);
    }

    proptest! {
        #[test]
        fn names_do_not_matter(played in proptest::collection::vec((0..5usize, 0..5usize, 0..3u8), 0..60)) {
            let of = |turn: &dyn Fn(usize) -> usize| -> Vec<Match> {
                let winner = |w| [Winner::First, Winner::Second, Winner::Tie][usize::from(w)];
                played
                    .iter()
                    .filter(|(a, b, _)| a != b)
                    .map(|&(a, b, w)| Match { a: turn(a), b: turn(b), winner: winner(w) })
                    .collect()
            };
            let straight = fit(5, &of(&|i| i), PRIOR);
            let turned = fit(5, &of(&|i| 4 - i), PRIOR);
            for i in 0..5 {
                prop_assert!((straight[i] - turned[4 - i]).abs() < 1e-7);
            }
        }
    }
}
