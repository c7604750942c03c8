//! Ratings that move with every match: Elo's (The Rating of Chessplayers, 1978).
//!
//! `E = 1 / (1 + 10^((R_b - R_a) / 400))`, then `R_a += K (S - E)` and `R_b -= K (S - E)`, S being 1, 1/2 or 0.

use super::pairwise::Match;

/// What a match moves at most, in points: small, as for many matches of players who do not change.
pub const K: f64 = 4.0;
/// Where everybody begins.
pub const START: f64 = 1500.0;

/// The ratings after all matches in their order; matches of players out of range are not counted.
pub fn ratings(players: usize, matches: impl IntoIterator<Item = Match>, k: f64) -> Vec<f64> {
    let mut ratings = vec![START; players];
    for played in matches {
        let (a, b) = (played.a, played.b);
        if a.max(b) >= players || a == b {
            continue;
        }
        let moved = k * (played.winner.points() - expected(ratings[a] - ratings[b]));
        ratings[a] += moved;
        ratings[b] -= moved;
    }
    ratings
}

/// The share of points that a lead in rating should bring.
pub fn expected(lead: f64) -> f64 {
    1.0 / (1.0 + 10f64.powf(-lead / 400.0))
}

#[cfg(test)]
mod tests {
    use super::super::pairwise::Winner;
    use super::*;

    fn played(a: usize, b: usize, winner: Winner) -> Match {
        Match { a, b, winner }
    }

    #[test]
    fn four_hundred_points_are_ten_to_one() {
        assert!((expected(400.0) - 10.0 / 11.0).abs() < 1e-12);
        assert!((expected(0.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn matches_move_ratings_as_worked_out_by_hand() {
        // 1500 beats 1500: +16. Then 1516 loses to 1484: E = 1 / (1 + 10^(-32/400)) = 0.545922.
        let first = played(0, 1, Winner::First);
        let second = played(0, 1, Winner::Second);
        assert_eq!(ratings(2, [first], 32.0), [1516.0, 1484.0]);
        let after = ratings(2, [first, second], 32.0);
        assert!((after[0] - 1_498.530_498).abs() < 1e-5, "{after:?}");
        // A tie of equals moves nobody.
        assert_eq!(ratings(2, [played(0, 1, Winner::Tie)], 32.0), [START; 2]);
    }

    #[test]
    fn points_are_only_passed_on() {
        let matches = [
            played(0, 1, Winner::First),
            played(2, 1, Winner::Tie),
            played(0, 2, Winner::Second),
        ];
        let total: f64 = ratings(3, matches, 20.0).iter().sum();
        assert!((total - 3.0 * START).abs() < 1e-9);
    }
}
