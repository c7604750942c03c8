//! The ten things that must hold of trending, whatever the readings.

use domain::signal::Reading;
use proptest::prelude::*;

use super::tests::{FRIDAY, at, history, reading};
use super::*;

const DAYS: [u32; 3] = [1, 7, 30];

/// Signal, hours before Friday noon (negative: afterwards), value.
type Drawn = (Signal, i64, Option<u32>);

fn histories() -> impl Strategy<Value = Vec<SignalHistory>> {
    let signal = prop::sample::select(Signal::ALL.to_vec());
    let one = (
        signal,
        -100i64..1000,
        prop::option::weighted(0.8, 0u32..500),
    );
    let readings = prop::collection::vec(one, 0..12);
    let listed = prop::sample::select(vec![
        "2026-10-01",
        "2026-11-14",
        "2026-11-16",
        "2026-11-19",
        "2026-12-24",
    ]);
    let field = prop::sample::select(vec!["cs.CL", "cs.CV", "math.CO", ""]);
    let paper = (field, listed, readings);
    prop::collection::vec(paper, 1..12).prop_map(|papers| {
        let make = |(row, (field, listed, list)): (u32, (&str, &str, Vec<Drawn>))| {
            let mut readings: Vec<Reading> =
                list.into_iter().map(|(s, h, v)| reading(s, h, v)).collect();
            readings.sort_by_key(|r| r.at);
            history(row, field, listed, readings)
        };
        (1..).zip(papers).map(make).collect()
    })
}

/// Ranks with the priors that these very readings give, so that fitted ones take part.
fn ranked(histories: &[SignalHistory], now: &str, days: u32) -> Vec<Trending> {
    let clock = Clock::default();
    let priors = fit::fit(histories, &clock, at(now));
    ranked_with(&priors, histories, now, days)
}

fn ranked_with(
    priors: &Priors,
    histories: &[SignalHistory],
    now: &str,
    days: u32,
) -> Vec<Trending> {
    let basis = Basis {
        priors,
        clock: &Clock::default(),
        now: at(now),
    };
    rank_all(histories, basis, days)
}

fn score_of(history: &SignalHistory, days: u32) -> f64 {
    let one = std::slice::from_ref(history);
    ranked_with(&Priors::default(), one, FRIDAY, days)[0].score
}

/// Without what was read after a moment.
fn known_by(histories: &[SignalHistory], now: &str) -> Vec<SignalHistory> {
    let mut known = histories.to_vec();
    known
        .iter_mut()
        .for_each(|h| h.readings.retain(|r| r.at <= at(now)));
    known
}

/// What decides an order, without what only describes it.
fn order(ranked: &[Trending]) -> Vec<(u32, u64)> {
    ranked
        .iter()
        .map(|t| (t.paper.0, t.score.to_bits()))
        .collect()
}

/// Papers of one field, read three times each at the same moments, with gains in bursts: enough to fit from.
fn a_field() -> impl Strategy<Value = Vec<SignalHistory>> {
    let gains = (0u32..40, 0u32..400, 0u32..40, 0u32..400);
    prop::collection::vec(gains, 40..60).prop_map(|papers| {
        let series = |signal, first, second| {
            vec![
                reading(signal, 60, Some(0)),
                reading(signal, 30, Some(first)),
                reading(signal, 0, Some(first + second)),
            ]
        };
        let make = |(row, (a, b, c, d))| {
            let readings = [
                series(Signal::Stars, a, b),
                series(Signal::DailyUpvotes, d, c),
            ];
            history(row, "cs.CL", "2026-11-16", readings.concat())
        };
        (1..).zip(papers).map(make).collect()
    })
}

fn scaled(histories: &[SignalHistory], factor: u32) -> Vec<SignalHistory> {
    let mut scaled = histories.to_vec();
    let readings = scaled.iter_mut().flat_map(|h| &mut h.readings);
    readings.for_each(|r| r.value = r.value.map(|v| v * factor));
    scaled
}

proptest! {
    /// 1. More gain never lowers a score.
    #[test]
    fn more_gain_never_lowers_a_score(histories in histories(), more in 1u32..1000, days in prop::sample::select(&DAYS[..])) {
        for history in histories {
            for signal in Signal::ALL {
                let mut raised = history.clone();
                let read = |r: &&mut Reading| r.signal == signal && r.value.is_some() && r.at <= at(FRIDAY);
                // A lone reading is where counting begins, unless counting begins at the listing.
                if raised.readings.iter().filter(|r| r.signal == signal && r.value.is_some() && r.at <= at(FRIDAY)).count() < 2 {
                    continue;
                }
                if let Some(last) = raised.readings.iter_mut().rev().find(read) {
                    last.value = last.value.map(|v| v + more);
                }
                prop_assert!(score_of(&raised, days) >= score_of(&history, days) - 1e-9);
            }
        }
    }

    /// 2. A reading that failed never lowers a score: it is as good as none, and no worse than one without gain.
    #[test]
    fn a_failed_reading_is_no_zero(histories in histories(), signal in prop::sample::select(Signal::ALL.to_vec()), days in prop::sample::select(&DAYS[..])) {
        for history in histories {
            let past = history.readings.iter().filter(|r| r.signal == signal && r.at <= at(FRIDAY));
            let Some(newest) = past.filter_map(|r| r.value).max() else { continue };
            let with = |value| {
                let mut more = history.clone();
                more.readings.push(Reading { signal, at: at(FRIDAY), value });
                score_of(&more, days)
            };
            prop_assert_eq!(with(None), score_of(&history, days));
            prop_assert!(with(None) >= with(Some(newest)) - 1e-9);
        }
    }

    /// 3. The same data gives the same order on Saturday and on Sunday.
    #[test]
    fn saturday_and_sunday_agree(histories in histories(), days in prop::sample::select(&DAYS[..])) {
        let known = known_by(&histories, "2026-11-21T01:00:00Z");
        let saturday = ranked(&known, "2026-11-21T09:00:00Z", days);
        let sunday = ranked(&known, "2026-11-22T21:00:00Z", days);
        prop_assert_eq!(order(&saturday), order(&sunday));
    }

    /// 4. Scaling all counts of a field leaves the order within it.
    #[test]
    fn a_fields_counts_may_be_scaled(histories in a_field(), factor in 2u32..1000, days in prop::sample::select(&DAYS[..])) {
        let clock = Clock::default();
        let priors = fit::fit(&histories, &clock, at(FRIDAY));
        // Bursts, as there are in what people do: smoother than chance is not scaled down.
        prop_assume!([Signal::Stars, Signal::DailyUpvotes].iter().all(|s| prior::prior(&priors, *s, "cs.CL").unit > 1.0));
        let plain = ranked(&histories, FRIDAY, days);
        let larger = ranked(&scaled(&histories, factor), FRIDAY, days);
        for (x, y) in plain.iter().zip(&larger) {
            prop_assert!((x.score - y.score).abs() < 1e-6);
        }
        // Papers whose scores differ by more than rounding keep their order.
        let place = |paper| larger.iter().position(|t| t.paper == paper);
        for pair in plain.windows(2).filter(|pair| pair[0].score > pair[1].score + 1e-6) {
            prop_assert!(place(pair[0].paper) < place(pair[1].paper));
        }
    }

    /// 5. Ties are deterministic: the order does not depend on the order of what comes in.
    #[test]
    fn ties_are_broken_alike(histories in histories(), days in prop::sample::select(&DAYS[..]), seed: u64) {
        let mut turned = histories.clone();
        turned.sort_by_key(|h| u64::from(h.paper.0).wrapping_mul(seed | 1));
        let priors = fit::fit(&histories, &Clock::default(), at(FRIDAY));
        let ranked = ranked_with(&priors, &histories, FRIDAY, days);
        prop_assert_eq!(&ranked_with(&priors, &turned, FRIDAY, days), &ranked);
        // Equal twins stand newest row first.
        let mut twins = histories.clone();
        twins.extend(histories.iter().map(|h| SignalHistory { paper: domain::ids::PaperId(h.paper.0 + 100), ..h.clone() }));
        let list = ranked_with(&priors, &twins, FRIDAY, days);
        let place = |row: u32| list.iter().position(|t| t.paper.0 == row);
        for h in &histories {
            prop_assert!(place(h.paper.0 + 100) < place(h.paper.0));
        }
    }

    /// 6. The future counts nothing: neither readings of it nor a date in it.
    #[test]
    fn the_future_gains_nothing(histories in histories(), days in prop::sample::select(&DAYS[..]), ahead in 0i64..400) {
        let known = known_by(&histories, FRIDAY);
        prop_assert_eq!(ranked(&histories, FRIDAY, days), ranked(&known, FRIDAY, days));
        let listed = |ahead: i64| {
            let mut dated = known.clone();
            let day = domain::paper::utc_day(at(FRIDAY) + jiff::SignedDuration::from_hours(24 * ahead));
            dated.iter_mut().for_each(|h| h.listed = day);
            ranked(&dated, FRIDAY, days)
        };
        prop_assert_eq!(listed(ahead), listed(0));
    }

    /// 7. One signal from elsewhere alone counts at most 60 % of what it says, and takes none of the first places
    /// while there are papers that more speaks for.
    #[test]
    fn a_lone_signal_from_elsewhere_does_not_lead(histories in histories(), days in prop::sample::select(&DAYS[..])) {
        let list = ranked(&histories, FRIDAY, days);
        let preferred = |t: &Trending| {
            let seconded = t.parts.iter().filter(|p| p.evidence > SECONDED).count() >= 2;
            let given: Vec<(f64, bool)> = t.parts.iter().map(|p| (weight(p.signal) * p.evidence, from_elsewhere(p.signal))).collect();
            let strongest = given.iter().filter(|g| g.1).map(|g| g.0).fold(0.0, f64::max);
            let sum: f64 = given.iter().map(|g| g.0).sum();
            seconded || sum - strongest >= order::PREFERRED_SCORE_MIN
        };
        for t in &list {
            let with_evidence: Vec<&TrendPart> = t.parts.iter().filter(|p| p.evidence > 0.0).collect();
            if let [part] = with_evidence[..] && from_elsewhere(part.signal) {
                prop_assert!(t.score <= ALONE * weight(part.signal) * part.evidence + 1e-9);
            }
        }
        let all = list.iter().filter(|t| preferred(t)).count();
        prop_assert!(list.iter().take(all.min(order::TOP_PLACES)).all(preferred));
    }

    /// 8. Fields keep their own order and take turns: of the first places each field has its share.
    #[test]
    fn fields_compete_fairly(histories in histories(), days in prop::sample::select(&DAYS[..])) {
        let list = ranked(&histories, FRIDAY, days);
        // What holding back moved is another rule's matter.
        let kept: Vec<&Trending> = list.iter().skip(order::TOP_PLACES).filter(|t| !t.held_back).collect();
        for pair in kept.windows(2) {
            let percentile = |t: &Trending| (f64::from(t.place_in_field) - 0.5) / f64::from(t.field_papers);
            prop_assert!(percentile(pair[0]) <= percentile(pair[1]));
        }
        for t in &list {
            let field: Vec<&Trending> = list.iter().filter(|o| o.field == t.field).collect();
            prop_assert_eq!(field.len(), t.field_papers as usize);
            let better = field.iter().filter(|o| o.score > t.score).count();
            prop_assert!(better < t.place_in_field as usize);
        }
    }

    /// 9. Evidence has its bounds, and the score is what its parts add up to.
    #[test]
    fn evidence_is_bounded(histories in histories(), days in prop::sample::select(&DAYS[..])) {
        for t in ranked(&histories, FRIDAY, days) {
            let sum: f64 = t.parts.iter().map(|p| p.weight * p.evidence).sum();
            prop_assert!((t.score - sum).abs() < 1e-9);
            for part in &t.parts {
                prop_assert!((0.0..=evidence::EVIDENCE_MAX).contains(&part.evidence));
                prop_assert!(part.weight <= weight(part.signal) && part.weight >= ALONE * weight(part.signal) - 1e-9);
                prop_assert!(part.rate >= 0.0 && part.rate.is_finite() && part.batches >= 0.0);
            }
        }
    }

    /// 10. What was gained before the window does not count: only the last total before it matters.
    #[test]
    fn the_past_before_the_window_does_not_count(histories in histories(), days in prop::sample::select(&DAYS[..]), value in 0u32..100) {
        // Both windows' beginnings lie after this: readings up to here are past.
        let long_ago = at("2026-10-01T00:00:00Z");
        let last_before = at("2026-10-02T00:00:00Z");
        for mut history in histories {
            history.readings.retain(|r| r.at > last_before);
            for signal in Signal::ALL {
                history.readings.insert(0, Reading { signal, at: last_before, value: Some(value) });
            }
            let mut longer = history.clone();
            for signal in Signal::ALL {
                longer.readings.insert(0, Reading { signal, at: long_ago, value: Some(value / 2) });
            }
            history.listed = "2026-09-01".parse().unwrap();
            longer.listed = history.listed;
            prop_assert_eq!(score_of(&longer, days), score_of(&history, days));
        }
    }
}
