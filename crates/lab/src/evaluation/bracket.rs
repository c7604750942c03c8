//! Single elimination: who loses goes, until one is left.

use anyhow::Result;
use rand::RngExt as _;
use rand::seq::SliceRandom;

use super::pairwise::{Match, Winner};
use crate::frame::Rng;

/// What a tournament came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tournament {
    /// Who won it; none where nobody took part.
    pub champion: Option<usize>,
    /// Every match, in the order played: one less than players.
    pub matches: Vec<Match>,
}

/// Plays a bracket drawn at random among players 0 to `players - 1`. In a round of an odd number, one drawn at random
/// waits for the next. A tie is kept as one, and a coin says who goes on.
///
/// # Errors
/// The first that `play(a, b)` gives.
pub fn play(
    players: usize,
    rng: &mut Rng,
    mut play: impl FnMut(usize, usize) -> Result<Winner>,
) -> Result<Tournament> {
    let mut left: Vec<usize> = (0..players).collect();
    left.shuffle(rng);
    let mut matches = Vec::with_capacity(players.saturating_sub(1));
    while left.len() > 1 {
        let mut next = Vec::with_capacity(left.len().div_ceil(2));
        if left.len() % 2 == 1 {
            let waits = rng.random_range(0..left.len());
            next.push(left.remove(waits));
        }
        for pair in left.chunks_exact(2) {
            let (a, b) = (pair[0], pair[1]);
            let winner = play(a, b)?;
            matches.push(Match { a, b, winner });
            next.push(match winner {
                Winner::First => a,
                Winner::Second => b,
                Winner::Tie if rng.random_bool(0.5) => a,
                Winner::Tie => b,
            });
        }
        left = next;
    }
    Ok(Tournament {
        champion: left.first().copied(),
        matches,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert_eq, proptest};
    use rand::SeedableRng;

    proptest! {
        #[test]
        fn the_best_always_wins_after_one_match_less_than_players(players in 0..40usize, seed: u64) {
            let mut rng = Rng::seed_from_u64(seed);
            let fair = |a, b| Ok(if a > b { Winner::First } else { Winner::Second });
            let tournament = play(players, &mut rng, fair).unwrap();
            prop_assert_eq!(tournament.champion, players.checked_sub(1));
            prop_assert_eq!(tournament.matches.len(), players.saturating_sub(1));
            // Everybody but the champion lost exactly once.
            let mut lost: Vec<usize> = tournament.matches.iter().map(|m| m.a.min(m.b)).collect();
            lost.sort_unstable();
            prop_assert_eq!(lost, (0..players.saturating_sub(1)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn ties_are_kept_and_somebody_goes_on() {
        let mut rng = Rng::seed_from_u64(1);
        let tournament = play(9, &mut rng, |_, _| Ok(Winner::Tie)).unwrap();
        assert_eq!(tournament.matches.len(), 8);
        assert!(tournament.champion.is_some());
        assert!(tournament.matches.iter().all(|m| m.winner == Winner::Tie));
    }

    #[test]
    fn a_judge_that_fails_ends_it() {
        let mut rng = Rng::seed_from_u64(1);
        assert!(play(4, &mut rng, |_, _| anyhow::bail!("no answer")).is_err());
    }
}
