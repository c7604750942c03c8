//! Golden values: rates, evidence, parts and scores worked out by hand.

use std::collections::BTreeMap;

use domain::ids::PaperId;
use domain::prior::{Fitted, Prior};
use domain::signal::Reading;
use jiff::SignedDuration;

use super::*;

pub(super) const FRIDAY: &str = "2026-11-20T12:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A reading so many hours before Friday noon.
pub(super) fn reading(signal: Signal, hours: i64, value: Option<u32>) -> Reading {
    let at = at(FRIDAY) - SignedDuration::from_hours(hours);
    Reading { signal, at, value }
}

pub(super) fn history(
    row: u32,
    field: &str,
    listed: &str,
    readings: Vec<Reading>,
) -> SignalHistory {
    SignalHistory {
        paper: PaperId(row),
        field: field.to_string(),
        listed: listed.parse().unwrap(),
        readings,
    }
}

/// From nothing two days ago to so many now.
pub(super) fn grown(signal: Signal, to: u32) -> Vec<Reading> {
    vec![reading(signal, 48, Some(0)), reading(signal, 0, Some(to))]
}

pub(super) fn ranked(histories: &[SignalHistory], days: u32) -> Vec<Trending> {
    let basis = Basis {
        priors: &Priors::default(),
        clock: &Clock::default(),
        now: at(FRIDAY),
    };
    rank(histories, basis, days)
}

#[track_caller]
fn check_vector(gain: f64, days: f64, lower: f64, expected: f64) {
    let prior = prior::unfitted(Signal::Stars);
    let got = evidence::rate_lower(gain, days, &prior);
    // Three digits.
    assert!(
        (got - lower).abs() < lower * 0.005,
        "lower {got}, expected {lower}"
    );
    let got = evidence::evidence(gain, days, &prior, 1.0);
    assert!(
        (got - expected).abs() < 0.005,
        "evidence {got}, expected {expected}"
    );
}

#[test]
fn known_rates_of_stars() {
    check_vector(3.0, 0.125, 1.26, 0.92);
    check_vector(3.0, 1.0, 0.71, 0.35);
    check_vector(30.0, 7.0, 2.96, 1.78);
    check_vector(300.0, 7.0, 34.8, 3.0);
    check_vector(300.0, 1.0, 139.0, 3.0);
    let mean = |gain: f64, days: f64| (0.5 + gain) / (1.0 + days);
    for (gain, days, expected) in [
        (3.0, 0.125, 3.11),
        (3.0, 1.0, 1.75),
        (30.0, 7.0, 3.81),
        (300.0, 7.0, 37.6),
        (300.0, 1.0, 150.0),
    ] {
        assert!((mean(gain, days) - expected).abs() < expected * 0.005);
    }
}

#[test]
fn the_lower_end_is_a_quantile_of_gamma() {
    // Tables of chi squared: 10 % of a Gamma of shape 1, 2.5 and 10 lie below these.
    for (shape, quantile) in [(1.0, 0.105_36), (2.5, 0.805_15), (10.0, 6.221_3)] {
        let prior = Prior {
            alpha: shape,
            beta: 1.0,
            unit: 1.0,
        };
        let got = evidence::rate_lower(0.0, 0.0, &prior);
        assert!((got - quantile).abs() < 0.01, "{got}, expected {quantile}");
    }
}

#[test]
fn windows_are_counted_in_announcements() {
    assert_eq!([1, 7, 30].map(batches_in), [1.0, 5.0, 21.0]);
    assert_eq!(batches_in(0), 1.0);
    assert_eq!(batches_in(u32::MAX), 2614.0);
}

#[test]
fn one_part_worked_out() {
    // Listed on Wednesday midnight, 60 up-votes two and a half announcements later.
    let priors = Priors {
        at: None,
        fitted: BTreeMap::from([(
            (Signal::DailyUpvotes, String::new()),
            Fitted {
                prior: Prior {
                    alpha: 1.0,
                    beta: 0.5,
                    unit: 2.0,
                },
                papers: 99,
            },
        )]),
    };
    let one = history(
        1,
        "cs.CL",
        "2026-11-18",
        vec![reading(Signal::DailyUpvotes, 0, Some(60))],
    );
    let basis = Basis {
        priors: &priors,
        clock: &Clock::default(),
        now: at(FRIDAY),
    };
    let trending = &rank(&[one], basis, 7)[0];
    let part = &trending.parts[0];
    // Thirty units and one of the prior, over ln 3.5 and a half; 9 times 31 is 279.
    let sure = 31.0 / (0.5 + 3.5f64.ln()) * (1.0f64 - 1.0 / 279.0 - 1.2816 / 279f64.sqrt()).powi(3);
    let expected = (sure / 3.5 / (2.0 * 6f64.ln() / 5.0)).ln();
    assert!(expected > 0.0 && (part.evidence - expected).abs() < 1e-9);
    assert!((part.rate - 2.0 * sure / 3.5).abs() < 1e-9);
    assert!((part.usual - 4.0 * 6f64.ln() / 5.0).abs() < 1e-9);
    assert_eq!((part.gain, part.batches), (60, 2.5));
    assert_eq!((trending.place_in_field, trending.field_papers), (1, 1));
    assert!((trending.age_batches - 2.5).abs() < 1e-9);
}

#[test]
fn a_field_of_its_own_has_its_own_prior() {
    let fitted = |alpha| Fitted {
        prior: Prior {
            alpha,
            beta: 1.0,
            unit: 1.0,
        },
        papers: 30,
    };
    let key = |field: &str| (Signal::Stars, field.to_string());
    let priors = Priors {
        at: None,
        fitted: BTreeMap::from([(key(""), fitted(1.0)), (key("cs.CL"), fitted(2.0))]),
    };
    assert_eq!(prior::prior(&priors, Signal::Stars, "cs.CL").alpha, 2.0);
    assert_eq!(prior::prior(&priors, Signal::Stars, "math.CO").alpha, 1.0);
    assert_eq!(
        prior::prior(&priors, Signal::Votes, "cs.CL"),
        prior::unfitted(Signal::Votes)
    );
}

#[test]
fn a_lone_signal_from_elsewhere_is_discounted() {
    use Signal::{Saves, Stars, Votes};
    let score =
        |readings: Vec<Reading>| ranked(&[history(1, "", "2026-11-10", readings)], 7)[0].score;
    let stars = 0.8 * 3.0;
    assert!((score(grown(Stars, 100_000)) - 0.6 * stars).abs() < 1e-9);
    // Seconded by more than half a point of evidence: counted whole.
    let both = score([grown(Stars, 100_000), grown(Saves, 100_000)].concat());
    assert!((both - (stars + 0.8 * 3.0)).abs() < 1e-9);
    // Votes given here need no second.
    assert!((score(grown(Votes, 100_000)) - 3.0).abs() < 1e-9);
}

#[test]
fn votes_given_here_enter_as_running_totals() {
    let hours = |h: i64| at(FRIDAY) - SignedDuration::from_hours(h);
    let voted = |row, ago: &[i64]| {
        let events: Vec<_> = ago.iter().map(|h| (hours(*h), true)).collect();
        let listed = at("2026-11-18T00:00:00Z");
        let readings = domain::signal::counted_here(Signal::Votes, listed, &events, at(FRIDAY));
        history(row, "", "2026-11-18", readings)
    };
    let papers = [voted(1, &[5, 4, 3]), voted(2, &[50, 49, 48]), voted(3, &[])];
    let day = ranked(&papers, 1);
    // Old votes are no gain of this day; where nobody voted there is no place.
    assert_eq!(day.len(), 1);
    assert_eq!((day[0].paper, day[0].parts[0].gain), (PaperId(1), 3));
    assert!((day[0].parts[0].batches - 1.0).abs() < 1e-9 && day[0].score > 0.0);
    let month = ranked(&papers, 30);
    let rows: Vec<u32> = month.iter().map(|t| t.paper.0).collect();
    assert_eq!(
        rows,
        [2, 1],
        "equal gains over equal exposure: the newest row first"
    );
}

#[test]
fn fields_take_turns() {
    let one =
        |row, field: &str, stars| history(row, field, "2026-11-10", grown(Signal::Stars, stars));
    let histories = [
        one(1, "cs.CV", 1_000),
        one(2, "cs.CV", 900),
        one(3, "cs.CV", 800),
        one(4, "cs.CV", 700),
        one(5, "math.CO", 9),
        one(6, "math.CO", 8),
    ];
    let rows: Vec<u32> = ranked(&histories, 7).iter().map(|t| t.paper.0).collect();
    // Percentiles of the four: 1/8, 3/8, 5/8, 7/8; of the two: 1/4, 3/4.
    assert_eq!(rows, [1, 5, 2, 3, 6, 4]);
}

#[test]
fn the_first_places_want_more_than_one_signal_from_elsewhere() {
    use Signal::{Stars, Votes};
    let one = |row, readings| history(row, "", "2026-11-10", readings);
    let mut histories: Vec<SignalHistory> = (1..=4)
        .map(|row| one(row, grown(Stars, 100_000 + row)))
        .collect();
    histories.push(one(5, grown(Votes, 9)));
    histories.push(one(6, grown(Votes, 1)));
    let list: Vec<(u32, bool)> = ranked(&histories, 7)
        .iter()
        .map(|t| (t.paper.0, t.held_back))
        .collect();
    // Nine votes here go before; one vote is no mandate.
    let got = [
        (5, false),
        (4, true),
        (3, false),
        (2, false),
        (1, false),
        (6, false),
    ];
    assert_eq!(list, got);
}

#[test]
fn priors_are_fitted_by_moments() {
    // Every paper gains four stars an announcement, two by two: unit 1, as alike as the bound allows.
    let alike: Vec<SignalHistory> = (0..40)
        .map(|row| {
            let readings = vec![
                reading(Signal::Stars, 48, Some(10)),
                reading(Signal::Stars, 24, Some(14)),
                reading(Signal::Stars, 0, Some(18)),
            ];
            history(row, "cs.CL", "2026-11-10", readings)
        })
        .collect();
    let priors = fit::fit(&alike, &Clock::default(), at(FRIDAY));
    let fitted = priors.fitted[&(Signal::Stars, "cs.CL".to_string())];
    assert_eq!(fitted.papers, 40);
    let prior = fitted.prior;
    assert_eq!((prior.unit, prior.alpha, prior.usual()), (1.0, 10.0, 4.0));
    assert_eq!(prior::prior(&priors, Signal::Stars, "math.CO"), prior);
    assert_eq!(priors.fitted.len(), 2);
    let few = fit::fit(&alike[..29], &Clock::default(), at(FRIDAY));
    assert!(few.fitted.is_empty());
}

#[test]
fn a_few_large_papers_do_not_pass_for_bursts() {
    // Gains come a little early in all papers, which shows in the chi squared of the large ones alone.
    let papers: Vec<SignalHistory> = (0..60)
        .map(|row| {
            let gain = if row % 6 == 0 { 2_000 } else { 10 };
            let readings = vec![
                reading(Signal::Stars, 48, Some(0)),
                reading(Signal::Stars, 24, Some(gain * 7 / 10)),
                reading(Signal::Stars, 0, Some(gain)),
            ];
            history(row, "", "2026-11-10", readings)
        })
        .collect();
    let priors = fit::fit(&papers, &Clock::default(), at(FRIDAY));
    let prior = prior::prior(&priors, Signal::Stars, "");
    // Chi squared is .16 of the gain: 1.6 in the median paper, 320 in the largest.
    assert!((prior.unit - 1.6 / (7.0f64 / 9.0).powi(3)).abs() < 1e-9);
    assert!(prior.alpha < 0.5, "papers differ: {prior:?}");
}

#[test]
fn bursts_and_unlike_papers_are_told_apart() {
    // All gains of a paper come in one of two steps: bursts. Odd papers gain three times as much: unlike.
    let papers: Vec<SignalHistory> = (0..40)
        .map(|row| {
            let gain = if row % 2 == 1 { 60 } else { 20 };
            let readings = vec![
                reading(Signal::Stars, 48, Some(0)),
                reading(Signal::Stars, 24, Some(gain)),
                reading(Signal::Stars, 0, Some(gain)),
            ];
            history(row, "", "2026-11-10", readings)
        })
        .collect();
    let priors = fit::fit(&papers, &Clock::default(), at(FRIDAY));
    let prior = prior::prior(&priors, Signal::Stars, "");
    // Steps of g and 0 about g/2 each: chi squared g a paper, one degree of freedom, whose median is (7/9)^3.
    let unit = 20.0 / (7.0f64 / 9.0).powi(3);
    assert!((prior.unit - unit).abs() < 1e-9);
    // In units, .47 and 1.41 over 2 announcements: squared differences of .22 less means of .94.
    assert_eq!(prior.alpha, 10.0);
    assert!((prior.usual() - 20.0).abs() < 1e-9);
}
