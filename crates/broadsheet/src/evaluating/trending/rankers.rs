//! Who ranks: ours, and what it is measured against. A ranking is one number a paper, the highest first.

use domain::hit::SignalHistory;
use domain::ids::PaperId;
use encode::Encoder;
use search::interest::Model;
use search::trend::clock::Clock;
use search::trend::fit::fit;
use search::trend::peers::{hacker_news, laplace, lemmy, lobsters, reddit, wilson_lower};
use search::trend::{Basis, rank_all};

use super::cases::{Case, Kind};
use super::reading::Featured;

/// The name of what is measured.
pub(super) const OURS: &str = "ours";
/// The name of the one that knows nothing.
pub(super) const RANDOM: &str = "random";

/// Names in the order in which they are shown.
pub(super) fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::None => &[OURS, "recency", "submitted", RANDOM],
        Kind::Early | Kind::Window(_) => &[
            OURS,
            "votes",
            "hacker-news",
            "reddit",
            "lobsters",
            "lemmy",
            "wilson",
            "laplace",
            "recency",
            RANDOM,
        ],
    }
}

/// The numbers that a ranker of [`names`] gives the papers of a case, for all but ours and the random one.
pub(super) fn peer(name: &str, case: &Case<'_>) -> Vec<f64> {
    let all = case
        .votes
        .iter()
        .map(|votes| f64::from(*votes))
        .sum::<f64>();
    let of = |(paper, votes): (&&Featured, &u32)| {
        let votes = f64::from(*votes);
        let hours = case.now.duration_since(paper.at).as_secs_f64().max(0.0) / 3_600.0;
        match name {
            "votes" => votes,
            "hacker-news" => hacker_news(votes, hours),
            "reddit" => reddit(votes, hours),
            "lobsters" => lobsters(votes, hours),
            "lemmy" => lemmy(votes, hours),
            // Shares of all votes for what is ranked: there are no votes against.
            "wilson" => wilson_lower(votes, all, 1.2816),
            "laplace" => laplace(votes, all, 1.0, case.papers.len() as f64),
            "submitted" => paper
                .paper
                .times
                .submitted
                .map_or(f64::MIN, |at| at.as_second() as f64),
            _ => -hours,
        }
    };
    case.papers.iter().zip(&case.votes).map(of).collect()
}

/// Our ranking before anybody voted: predicted interest.
pub(super) fn interest(case: &Case<'_>) -> Vec<f64> {
    let (model, encoder) = (Model::shipped(), Encoder::shipped());
    let number = |paper: &&Featured| model.number_of(&encoder, &paper.paper);
    let papers = case.papers.iter();
    papers
        .map(|paper| number(paper).map_or(f64::MIN, |(number, _)| number))
        .collect()
}

/// Our ranking by signals: what the page of a window of these days shows, with what was usual by then.
pub(super) fn trending(
    case: &Case<'_>,
    known: &[SignalHistory],
    histories: &[SignalHistory],
    days: u32,
) -> Vec<f64> {
    let clock = Clock::default();
    let priors = fit(known, &clock, case.now);
    let basis = Basis {
        priors: &priors,
        clock: &clock,
        now: case.now,
    };
    let ranked = rank_all(histories, basis, days);
    let place = |paper: PaperId| ranked.iter().position(|t| t.paper == paper);
    let number =
        |paper: &&Featured| place(paper.paper.id).map_or(f64::MIN, |place| -(place as f64));
    case.papers.iter().map(number).collect()
}
