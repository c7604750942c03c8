//! An arena: players' ratings from a file of outcomes, or from tournaments that a model judges.

mod csv;
mod outcomes;
mod tournament;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use rand::SeedableRng as _;
use rayon::prelude::*;
use serde::Serialize;

use super::bootstrap::{Interval, draw};
use super::pairwise::{Match, Winner};
use super::{bradley_terry, elo};
use crate::frame::Rng;

pub use outcomes::read as read_outcomes;
pub use tournament::{Entries, Played, Rounds, play, read as read_entries};

/// The most players of an arena: fitting takes the cube of it.
pub const PLAYERS_MAX: usize = 200;

/// What was played.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcomes {
    /// Players' names, in the order that they appear.
    pub players: Vec<String>,
    /// Every match, in order.
    pub matches: Vec<Match>,
    /// The prompt of each match, counted from 0; where prompts are not known, each match has one of its own.
    pub prompt: Vec<usize>,
}

/// How to rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// How often prompts are drawn anew for the intervals.
    pub draws: usize,
    /// What the draws depend on.
    pub seed: u64,
    /// The player who stands at 1500; otherwise the mean of all does.
    pub anchor: Option<String>,
}

/// A rating with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rated {
    /// Points on Elo's scale.
    pub rating: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A player's line in the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The player.
    pub name: String,
    /// By Bradley and Terry's model.
    pub bradley_terry: Rated,
    /// By Elo's formula, match by match in their order; the interval's draws have orders of their own.
    pub elo: Rated,
    /// Matches, and how they ended.
    pub matches: usize,
    /// Won.
    pub won: usize,
    /// Neither.
    pub tied: usize,
    /// Lost.
    pub lost: usize,
}

/// Rates all players, the strongest first. Intervals draw prompts anew, with all their matches: those of one prompt share
/// its luck.
///
/// # Errors
/// When nobody played, there are more than [`PLAYERS_MAX`], or the anchor is none of them.
pub fn rate(outcomes: &Outcomes, rating: &Rating) -> Result<Vec<Standing>> {
    let players = outcomes.players.len();
    ensure!(!outcomes.matches.is_empty(), "there is no match to rate by");
    ensure!(
        players <= PLAYERS_MAX,
        "{players} players are more than the {PLAYERS_MAX} that are rated together"
    );
    let anchor = match &rating.anchor {
        None => None,
        Some(name) => {
            let at = outcomes.players.iter().position(|player| player == name);
            Some(at.with_context(|| format!("the anchor `{name}` played no match"))?)
        }
    };
    let of = |matches: &[Match]| -> [Vec<f64>; 2] {
        let fitted = bradley_terry::fit(players, matches, bradley_terry::PRIOR);
        [
            anchored(&bradley_terry::on_elo_scale(&fitted, elo::START), anchor),
            anchored(
                &elo::ratings(players, matches.iter().copied(), elo::K),
                anchor,
            ),
        ]
    };
    let point = of(&outcomes.matches);
    let by_prompt = by_prompt(outcomes);
    // Each draw has a generator of its own, so that threads change nothing.
    let drawn: Vec<[Vec<f64>; 2]> = (0..rating.draws)
        .into_par_iter()
        .map(|number| {
            let mut rng = Rng::seed_from_u64(rating.seed.wrapping_add(number as u64));
            let prompts = draw(by_prompt.len(), &mut rng);
            let matches: Vec<Match> = prompts
                .iter()
                .flat_map(|&prompt| by_prompt[prompt].iter().copied())
                .collect();
            of(&matches)
        })
        .collect();
    let rated = |kind: usize, player: usize| {
        let values = drawn.iter().map(|ratings| ratings[kind][player]);
        let Interval { low, high } = Interval::of(values.collect());
        Rated {
            rating: point[kind][player],
            low,
            high,
        }
    };
    let mut table: Vec<Standing> = (0..players)
        .map(|player| {
            let [won, tied, lost] = results(player, &outcomes.matches);
            Standing {
                name: outcomes.players[player].clone(),
                bradley_terry: rated(0, player),
                elo: rated(1, player),
                matches: won + tied + lost,
                won,
                tied,
                lost,
            }
        })
        .collect();
    table.sort_by(|a, b| b.bradley_terry.rating.total_cmp(&a.bradley_terry.rating));
    Ok(table)
}

/// Ratings moved so that the anchor stands at the start.
fn anchored(ratings: &[f64], anchor: Option<usize>) -> Vec<f64> {
    let moved = anchor.map_or(0.0, |player| elo::START - ratings[player]);
    ratings.iter().map(|rating| rating + moved).collect()
}

fn by_prompt(outcomes: &Outcomes) -> Vec<Vec<Match>> {
    let mut prompts: BTreeMap<usize, Vec<Match>> = BTreeMap::new();
    for (played, prompt) in outcomes.matches.iter().zip(&outcomes.prompt) {
        prompts.entry(*prompt).or_default().push(*played);
    }
    prompts.into_values().collect()
}

/// How often a player won, tied and lost.
fn results(player: usize, matches: &[Match]) -> [usize; 3] {
    let mut counts = [0; 3];
    for played in matches {
        let seen = match player {
            _ if player == played.a => played.winner,
            _ if player == played.b => played.winner.turned(),
            _ => continue,
        };
        counts[match seen {
            Winner::First => 0,
            Winner::Tie => 1,
            Winner::Second => 2,
        }] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes() -> Outcomes {
        let played = |a, b, winner| Match { a, b, winner };
        let mut matches = vec![played(0, 1, Winner::First); 8];
        matches.extend(vec![played(1, 0, Winner::First); 2]);
        matches.extend(vec![played(2, 1, Winner::Tie); 5]);
        Outcomes {
            players: ["strong", "weak", "new"].map(str::to_owned).to_vec(),
            prompt: (0..matches.len()).collect(),
            matches,
        }
    }

    fn rating(anchor: Option<&str>) -> Rating {
        Rating {
            draws: 200,
            seed: 1,
            anchor: anchor.map(str::to_owned),
        }
    }

    #[test]
    fn the_table_is_sorted_and_counts_every_match() {
        let table = rate(&outcomes(), &rating(None)).unwrap();
        let lines: Vec<_> = table
            .iter()
            .map(|s| (s.name.as_str(), s.matches, s.won, s.tied, s.lost))
            .collect();
        assert_eq!(lines[0], ("strong", 10, 8, 0, 2));
        assert!(lines.contains(&("weak", 15, 2, 5, 8)));
        assert!(lines.contains(&("new", 5, 0, 5, 0)));
        for line in &table {
            let rated = line.bradley_terry;
            assert!(
                rated.low <= rated.rating && rated.rating <= rated.high,
                "{line:?}"
            );
        }
        let mean = table.iter().map(|s| s.bradley_terry.rating).sum::<f64>() / 3.0;
        assert!((mean - 1500.0).abs() < 1e-6);
    }

    #[test]
    fn an_anchor_stands_still() {
        let table = rate(&outcomes(), &rating(Some("weak"))).unwrap();
        let weak = table.iter().find(|s| s.name == "weak").unwrap();
        for rated in [weak.bradley_terry, weak.elo] {
            assert_eq!(
                (rated.rating, rated.low, rated.high),
                (1500.0, 1500.0, 1500.0)
            );
        }
        let error = rate(&outcomes(), &rating(Some("nobody"))).unwrap_err();
        assert_eq!(error.to_string(), "the anchor `nobody` played no match");
    }

    #[test]
    fn matches_of_one_prompt_are_drawn_together() {
        let mut one = outcomes();
        one.prompt = vec![0; one.matches.len()];
        let table = rate(&one, &rating(None)).unwrap();
        // With a single prompt every draw is the whole.
        for line in table {
            let rated = line.bradley_terry;
            assert!((rated.high - rated.low).abs() < 1e-9, "{rated:?}");
        }
    }

    #[test]
    fn no_match_is_an_error() {
        assert!(rate(&Outcomes::default(), &rating(None)).is_err());
    }
}
