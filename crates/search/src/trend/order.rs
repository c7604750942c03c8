//! From scores to one list: fields take turns, and a lone outside signal does not come first.

use std::cmp::Ordering;
use std::collections::HashMap;

use domain::hit::Trending;

/// The first places, which a paper cannot take by one signal from elsewhere alone.
pub const TOP_PLACES: usize = 3;
/// Without its strongest signal from elsewhere, a paper has at least this score to be preferred: one vote is no mandate.
pub const PREFERRED_SCORE_MIN: f64 = 0.5;

/// A paper with what decides between it and others.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub(super) trending: Trending,
    /// The largest weighted log ratio, not clamped: decides between equal scores.
    pub(super) strength: f64,
    /// More than one signal from elsewhere speaks for it.
    pub(super) preferred: bool,
}

/// Best first; the newest row first where all is equal, so that the order never depends on chance.
fn better(x: &Scored, y: &Scored) -> Ordering {
    let (a, b) = (&x.trending, &y.trending);
    b.score
        .total_cmp(&a.score)
        .then(y.strength.total_cmp(&x.strength))
        .then(b.paper.cmp(&a.paper))
}

/// Ranks within fields and makes one list of them.
pub(super) fn interleave(mut scored: Vec<Scored>) -> Vec<Trending> {
    scored.sort_by(better);
    let mut papers: HashMap<String, u32> = HashMap::new();
    for one in &mut scored {
        let place = papers.entry(one.trending.field.clone()).or_default();
        *place += 1;
        one.trending.place_in_field = *place;
    }
    for one in &mut scored {
        one.trending.field_papers = papers[&one.trending.field];
    }
    // Stable: papers of the same percentile keep the order of their scores.
    scored.sort_by(|x, y| percentile(x).total_cmp(&percentile(y)));
    hold_back(scored)
}

/// The middle of a paper's share of its field: the best of two stands at a quarter, the best of a hundred at half a
/// hundredth.
fn percentile(one: &Scored) -> f64 {
    (f64::from(one.trending.place_in_field) - 0.5) / f64::from(one.trending.field_papers)
}

/// Lets papers that more than a lone signal speaks for go before, until they fill the first places. Where there are
/// none, as on an instance that reads one signal only, the list stays as it is.
fn hold_back(scored: Vec<Scored>) -> Vec<Trending> {
    let preferred = scored.iter().enumerate().filter(|(_, one)| one.preferred);
    let chosen: Vec<usize> = preferred.map(|(i, _)| i).take(TOP_PLACES).collect();
    let mut first = Vec::with_capacity(scored.len());
    let mut rest = Vec::new();
    for (i, one) in scored.into_iter().enumerate() {
        let mut trending = one.trending;
        if chosen.contains(&i) {
            first.push(trending);
        } else {
            trending.held_back = i < chosen.len();
            rest.push(trending);
        }
    }
    first.append(&mut rest);
    first
}
