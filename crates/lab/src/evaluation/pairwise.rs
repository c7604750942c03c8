//! Comparisons of two, and who judges them.

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// Which of two is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Winner {
    /// The one named first.
    First,
    /// The one named second.
    Second,
    /// Neither.
    Tie,
}

impl Winner {
    /// The same outcome with the two named the other way round.
    #[must_use]
    pub fn turned(self) -> Winner {
        match self {
            Winner::First => Winner::Second,
            Winner::Second => Winner::First,
            Winner::Tie => Winner::Tie,
        }
    }

    /// What the first one gets of the point that is played for.
    pub fn points(self) -> f64 {
        match self {
            Winner::First => 1.0,
            Winner::Second => 0.0,
            Winner::Tie => 0.5,
        }
    }
}

/// One comparison of two of several players, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The first player.
    pub a: usize,
    /// The second player.
    pub b: usize,
    /// Which of them won.
    pub winner: Winner,
}

/// Somebody who says which of two answers to a prompt is better.
pub trait Judge {
    /// Compares the answers of players `a` and `b` to a prompt, shown in this order.
    ///
    /// # Errors
    /// When no judgement could be had.
    fn judge(&mut self, prompt: usize, a: usize, b: usize) -> Result<Winner>;
}

/// Judges in both orders, as judges favour a place: only what both say stands, everything else is a tie. Two calls.
///
/// # Errors
/// When no judgement could be had.
pub fn in_both_orders(judge: &mut dyn Judge, prompt: usize, a: usize, b: usize) -> Result<Winner> {
    let there = judge.judge(prompt, a, b)?;
    let back = judge.judge(prompt, b, a)?.turned();
    Ok(if there == back { there } else { Winner::Tie })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Favours whoever is shown first, unless the other is much better.
    struct FirstPlace;

    impl Judge for FirstPlace {
        fn judge(&mut self, _prompt: usize, a: usize, b: usize) -> Result<Winner> {
            Ok(if b > a + 1 {
                Winner::Second
            } else {
                Winner::First
            })
        }
    }

    #[test]
    fn a_favoured_place_makes_a_tie_and_a_clear_winner_stays() {
        let check = |a, b, winner| {
            assert_eq!(in_both_orders(&mut FirstPlace, 0, a, b).unwrap(), winner);
        };
        check(0, 1, Winner::Tie);
        check(1, 0, Winner::Tie);
        check(0, 2, Winner::Second);
        check(2, 0, Winner::First);
    }
}
