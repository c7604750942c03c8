//! Trending: which papers gain most, as far as the readings prove it.
//!
//! For each signal of a paper, over the window:
//!
//! ```text
//! rate      ~ Gamma(alpha + gain, beta + exposure)         gains a day, after what was read
//! lower     = 10 % quantile of the rate                    by Wilson and Hilferty's approximation
//! evidence  = ln(lower / (alpha / beta)), within 0..=3     how far above what is usual
//! trend     = sum over signals of weight * evidence
//! ```
//!
//! So three stars in three hours are not twenty-four a day, and a paper needs much proof to lead. What holds, and is
//! tested: more gain never lowers a trend; a failed reading is as good as none and never worse than a reading
//! without gain; readings of the future count nothing; Saturday and Sunday rank equal data equally; equal trends
//! come newest row first. No author's fame enters.
//!
//! The priors are fixed here; fitting them by field each night is a matter of passing other [`Prior`]s.

use domain::hit::{SignalHistory, TrendPart, Trending};
use domain::paper::utc_day;
use domain::signal::{Reading, Signal};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan};

/// What is usual for a signal before anything was read, and how much the signal counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Gains in the time that the prior is worth.
    pub alpha: f64,
    /// That time, in days. `alpha / beta` is the usual rate.
    pub beta: f64,
    /// Weight of the signal's evidence in the trend.
    pub weight: f64,
}

/// The prior of a signal.
pub fn prior(signal: Signal) -> Prior {
    let (alpha, beta, weight) = match signal {
        // A reader of this instance who votes knows what this instance is about.
        Signal::Votes => (0.5, 2.0, 1.0),
        Signal::Saves => (0.5, 2.0, 0.8),
        Signal::Comments => (0.5, 2.0, 0.5),
        // A featured paper usually gains about two up-votes a day over its first week.
        Signal::DailyUpvotes => (1.0, 0.5, 1.0),
        Signal::DailyComments => (0.5, 2.0, 0.4),
        // Most repositories gain a star every other day or less.
        Signal::Stars => (0.5, 1.0, 0.8),
    };
    Prior {
        alpha,
        beta,
        weight,
    }
}

/// Most evidence that one signal can give: twenty times the usual rate.
pub const EVIDENCE_MAX: f64 = 3.0;
/// A signal from elsewhere that stands alone counts only so much of its weight...
pub const ALONE: f64 = 0.6;
/// ...unless another signal has more evidence than this.
pub const SECONDED: f64 = 0.5;
/// The 10 % point of the normal distribution.
pub const Z: f64 = -1.2816;
/// Longest window, in days.
const WINDOW_DAYS_MAX: u32 = 3660;

/// Ranks papers by their gains in the `window_days` before `now`. Papers that gained nothing are left out.
pub fn rank(histories: &[SignalHistory], now: Timestamp, window_days: u32) -> Vec<Trending> {
    let window = Window::new(now, window_days);
    let mut ranked: Vec<Trending> = histories
        .iter()
        .map(|history| trend(history, &window))
        .filter(|trending| trending.parts.iter().any(|part| part.gain > 0))
        .collect();
    ranked.sort_by(|x, y| y.score.total_cmp(&x.score).then(y.paper.cmp(&x.paper)));
    ranked
}

/// Evidence of a gain over an exposure in days, before its weight.
pub fn evidence(gain: f64, exposure_days: f64, prior: &Prior) -> f64 {
    let lower = rate_lower(gain, exposure_days, prior);
    let usual = prior.alpha / prior.beta;
    // A lower bound of zero has a logarithm of minus infinity, and so no evidence.
    (lower / usual).ln().clamp(0.0, EVIDENCE_MAX)
}

/// The rate that is exceeded with 90 % probability, in gains a day.
fn rate_lower(gain: f64, exposure_days: f64, prior: &Prior) -> f64 {
    let shape = prior.alpha + gain;
    let ninth = 1.0 / (9.0 * shape);
    let root = 1.0 - ninth + Z * ninth.sqrt();
    shape / (prior.beta + exposure_days) * root.max(0.0).powi(3)
}

/// The stretch of time that counts.
struct Window {
    start: Timestamp,
    now: Timestamp,
    today: Date,
}

impl Window {
    fn new(now: Timestamp, days: u32) -> Window {
        let length = SignedDuration::from_hours(24 * i64::from(days.min(WINDOW_DAYS_MAX)));
        let clock = before_weekend(now);
        let start = clock.checked_sub(length).unwrap_or(Timestamp::MIN);
        Window {
            start: before_weekend(start),
            now,
            today: utc_day(now),
        }
    }
}

/// Nothing is announced on weekends, so their moments count as the end of Friday.
fn before_weekend(at: Timestamp) -> Timestamp {
    let day = utc_day(at);
    let back = match day.weekday() {
        Weekday::Saturday => 0,
        Weekday::Sunday => 1,
        _ => return at,
    };
    let saturday = day.saturating_sub(back.days());
    domain::paper::utc_midnight(saturday).unwrap_or(at)
}

fn trend(history: &SignalHistory, window: &Window) -> Trending {
    let mut parts: Vec<TrendPart> = Signal::ALL
        .into_iter()
        .filter_map(|signal| part(history, signal, window))
        .collect();
    discount_alone(&mut parts);
    Trending {
        paper: history.paper,
        score: parts.iter().map(|part| part.weight * part.evidence).sum(),
        parts,
        age_batches: weekdays_after(history.listed, window.today),
    }
}

/// The part of one signal, if it was read in the window.
fn part(history: &SignalHistory, signal: Signal, window: &Window) -> Option<TrendPart> {
    let points = points(history, signal, window);
    let (last, _) = *points.last()?;
    let base = value_at(&points, window.start)?;
    if last <= window.start {
        return None;
    }
    let first = points
        .first()
        .map_or(last, |(at, _)| (*at).max(window.start));
    let gain = points.last().map_or(0.0, |(_, value)| value - base);
    let exposure_days = last.duration_since(first).as_secs_f64() / 86_400.0;
    let prior = prior(signal);
    Some(TrendPart {
        signal,
        gain: gain.round() as u32,
        exposure_days,
        evidence: evidence(gain, exposure_days, &prior),
        weight: prior.weight,
    })
}

/// The successful readings until now as (moment, total), oldest first. Totals never fall: a vote that was taken back
/// or a moment's wrong zero is no gain when it comes again.
fn points(history: &SignalHistory, signal: Signal, window: &Window) -> Vec<(Timestamp, f64)> {
    let mut read: Vec<(Timestamp, u32)> = history
        .readings
        .iter()
        .filter(|reading| reading.signal == signal && reading.at <= window.now)
        .filter_map(|Reading { at, value, .. }| Some((*at, (*value)?)))
        .collect();
    read.sort_unstable();
    // Readers' signals begin at nothing when a paper is listed. A repository may be older than the paper.
    let begins_at_zero = signal != Signal::Stars;
    if begins_at_zero
        && let (Some((first, _)), Some(listed)) =
            (read.first(), domain::paper::utc_midnight(history.listed))
        && listed >= window.start
        && listed < *first
    {
        read.insert(0, (listed, 0));
    }
    let mut highest = 0;
    let rising = read.into_iter().map(|(at, value)| {
        highest = highest.max(value);
        (at, f64::from(highest))
    });
    rising.collect()
}

/// The total at a moment: between two readings it rises evenly; before the first it is what that says, so that a
/// lone reading of an old paper is a base and no gain.
fn value_at(points: &[(Timestamp, f64)], at: Timestamp) -> Option<f64> {
    let after = points.partition_point(|(read, _)| *read <= at);
    let next = points.get(after);
    let Some((read, value)) = after.checked_sub(1).and_then(|i| points.get(i)) else {
        return next.map(|(_, value)| *value);
    };
    let Some((next_read, next_value)) = next else {
        return Some(*value);
    };
    let length = next_read.duration_since(*read).as_secs_f64();
    let share = at.duration_since(*read).as_secs_f64() / length;
    Some(value + (next_value - value) * share)
}

/// Lowers the weight of the strongest signal if it came from elsewhere and no other signal seconds it: stars can be
/// bought, and one page's crowd is one crowd.
fn discount_alone(parts: &mut [TrendPart]) {
    let seconded = parts.iter().filter(|part| part.evidence > SECONDED).count() >= 2;
    let strongest = parts
        .iter_mut()
        .max_by(|x, y| (x.weight * x.evidence).total_cmp(&(y.weight * y.evidence)));
    if let Some(part) = strongest
        && !seconded
        && matches!(
            part.signal,
            Signal::Stars | Signal::DailyUpvotes | Signal::DailyComments
        )
    {
        part.weight *= ALONE;
    }
}

/// How many weekdays come after a day, until and with another.
fn weekdays_after(day: Date, until: Date) -> u32 {
    let days = (until - day).get_days();
    if days <= 0 {
        return 0;
    }
    let rest = (1..=days % 7).filter(|step| {
        let weekday = day.saturating_add(step.days()).weekday();
        !matches!(weekday, Weekday::Saturday | Weekday::Sunday)
    });
    u32::try_from(days / 7 * 5).unwrap_or(0) + u32::try_from(rest.count()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use domain::ids::PaperId;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn reading(signal: Signal, hours: i64, value: Option<u32>) -> Reading {
        // Hours before Friday noon.
        let at = at("2026-11-20T12:00:00Z") - SignedDuration::from_hours(hours);
        Reading { signal, at, value }
    }

    fn history(row: u32, listed: &str, readings: Vec<Reading>) -> SignalHistory {
        SignalHistory {
            paper: PaperId(row),
            field: "cs.CL".to_string(),
            listed: listed.parse().unwrap(),
            readings,
        }
    }

    const FRIDAY: &str = "2026-11-20T12:00:00Z";

    #[track_caller]
    fn check_vector(gain: f64, days: f64, lower: f64, expected: f64) {
        let prior = prior(Signal::Stars);
        let got = rate_lower(gain, days, &prior);
        assert!(
            (got - lower).abs() < lower * 0.01,
            "lower {got}, expected {lower}"
        );
        let got = evidence(gain, days, &prior);
        assert!(
            (got - expected).abs() < 0.01,
            "evidence {got}, expected {expected}"
        );
    }

    #[test]
    fn known_rates() {
        check_vector(3.0, 0.125, 1.26, 0.92);
        check_vector(3.0, 1.0, 0.71, 0.35);
        check_vector(30.0, 7.0, 2.96, 1.78);
        check_vector(300.0, 7.0, 34.8, 3.0);
        check_vector(300.0, 1.0, 139.0, 3.0);
    }

    #[track_caller]
    fn check_part(history: &SignalHistory, expected: &str) {
        let shown = rank(std::slice::from_ref(history), at(FRIDAY), 7)
            .into_iter()
            .flat_map(|t| t.parts)
            .map(|part| {
                format!(
                    "{} +{} in {:.2} d",
                    part.signal.as_str(),
                    part.gain,
                    part.exposure_days
                )
            });
        assert_eq!(shown.collect::<Vec<_>>().join(", "), expected);
    }

    #[test]
    fn gains_are_counted_within_the_window() {
        use Signal::{DailyUpvotes, Stars};
        let stars = |list: &[(i64, Option<u32>)]| {
            let readings = list.iter().map(|(h, v)| reading(Stars, *h, *v)).collect();
            history(1, "2026-11-18", readings)
        };
        check_part(
            &stars(&[(48, Some(10)), (24, Some(13)), (0, Some(40))]),
            "stars +30 in 2.00 d",
        );
        // Half of the first interval lies before the window.
        check_part(
            &stars(&[(14 * 24, Some(0)), (0, Some(40))]),
            "stars +20 in 7.00 d",
        );
        // A lone reading is a base, for a repository may be older than its paper.
        check_part(&stars(&[(24, Some(5000))]), "");
        // A failed reading ends the exposure earlier.
        check_part(
            &stars(&[(48, Some(10)), (24, Some(13)), (0, None)]),
            "stars +3 in 1.00 d",
        );
        // A wrong zero is no gain afterwards, a fall is none at all.
        check_part(
            &stars(&[(48, Some(10)), (24, Some(0)), (0, Some(11))]),
            "stars +1 in 2.00 d",
        );
        check_part(&stars(&[(48, Some(10)), (0, Some(3))]), "");
        // Up-votes begin at zero with the listing, inside the window only.
        let votes = |listed| history(1, listed, vec![reading(DailyUpvotes, 0, Some(12))]);
        check_part(&votes("2026-11-18"), "daily-upvotes +12 in 2.50 d");
        check_part(&votes("2026-10-01"), "");
    }

    #[test]
    fn weekends_age_nothing() {
        let weekdays =
            |from: &str, to: &str| weekdays_after(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(weekdays("2026-11-20", "2026-11-20"), 0);
        assert_eq!(weekdays("2026-11-20", "2026-11-22"), 0);
        assert_eq!(weekdays("2026-11-20", "2026-11-23"), 1);
        assert_eq!(weekdays("2026-11-02", "2026-11-23"), 15);
        assert_eq!(weekdays("2026-11-25", "2026-11-23"), 0);
    }

    #[test]
    fn one_signal_from_elsewhere_does_not_lead_alone() {
        use Signal::{DailyUpvotes, Stars, Votes};
        let score = |readings: Vec<Reading>| {
            let ranked = rank(&[history(1, "2026-11-10", readings)], at(FRIDAY), 7);
            ranked[0].score
        };
        let grows = |signal, to| vec![reading(signal, 48, Some(0)), reading(signal, 0, Some(to))];
        let stars = score(grows(Stars, 100_000));
        assert!((stars - 0.6 * 0.8 * 3.0).abs() < 1e-9);
        let both = score([grows(Stars, 100_000), grows(DailyUpvotes, 100_000)].concat());
        assert!((both - (0.8 * 3.0 + 3.0)).abs() < 1e-9);
        assert!((score(grows(Votes, 100_000)) - 3.0).abs() < 1e-9);
    }

    type Drawn = (Signal, i64, Option<u32>);

    fn histories() -> impl Strategy<Value = Vec<SignalHistory>> {
        let signal = prop::sample::select(Signal::ALL.to_vec());
        let one = (
            signal,
            -100i64..1000,
            prop::option::weighted(0.8, 0u32..500),
        );
        let readings = prop::collection::vec(one, 0..12);
        let listed =
            prop::sample::select(vec!["2026-10-01", "2026-11-16", "2026-11-19", "2026-12-24"]);
        let paper = (listed, readings);
        prop::collection::vec(paper, 1..8).prop_map(|papers| {
            let mut row = 0;
            let make = |(listed, list): (&str, Vec<Drawn>)| {
                row += 1;
                let mut readings: Vec<Reading> =
                    list.into_iter().map(|(s, h, v)| reading(s, h, v)).collect();
                readings.sort_by_key(|r| r.at);
                history(row, listed, readings)
            };
            papers.into_iter().map(make).collect()
        })
    }

    fn score_of(history: &SignalHistory) -> f64 {
        rank(std::slice::from_ref(history), at(FRIDAY), 7)
            .first()
            .map_or(0.0, |t| t.score)
    }

    proptest! {
        #[test]
        fn more_gain_never_lowers(histories in histories(), more in 1u32..1000) {
            for history in histories {
                for signal in Signal::ALL {
                    let mut raised = history.clone();
                    let readable = |r: &&mut Reading| r.signal == signal && r.value.is_some() && r.at <= at(FRIDAY);
                    if raised.readings.iter().filter(|r| r.signal == signal && r.value.is_some()).count() < 2 {
                        continue;
                    }
                    if let Some(last) = raised.readings.iter_mut().rev().find(readable) {
                        last.value = last.value.map(|v| v + more);
                    }
                    prop_assert!(score_of(&raised) >= score_of(&history) - 1e-12);
                }
            }
        }

        #[test]
        fn a_failed_reading_is_no_zero(histories in histories(), signal in prop::sample::select(Signal::ALL.to_vec())) {
            for history in histories {
                let past = history.readings.iter().filter(|r| r.signal == signal && r.at <= at(FRIDAY));
                let Some(newest) = past.filter_map(|r| r.value).max() else { continue };
                let with = |value| {
                    let mut more = history.clone();
                    more.readings.push(Reading { signal, at: at(FRIDAY), value });
                    score_of(&more)
                };
                prop_assert_eq!(with(None), score_of(&history));
                prop_assert!(with(None) >= with(Some(newest)) - 1e-12);
            }
        }

        #[test]
        fn saturday_and_sunday_agree(histories in histories(), days in prop::sample::select(vec![1u32, 7, 30])) {
            let order = |now: &str| -> Vec<(u32, u64)> {
                let past: Vec<SignalHistory> = histories.iter().cloned().map(|mut h| {
                    h.readings.retain(|r| r.at <= at("2026-11-21T01:00:00Z"));
                    h
                }).collect();
                rank(&past, at(now), days).iter().map(|t| (t.paper.0, t.score.to_bits())).collect()
            };
            prop_assert_eq!(order("2026-11-21T09:00:00Z"), order("2026-11-22T21:00:00Z"));
        }

        #[test]
        fn the_future_counts_nothing(histories in histories()) {
            let known: Vec<SignalHistory> = histories.iter().cloned().map(|mut h| {
                h.readings.retain(|r| r.at <= at(FRIDAY));
                h
            }).collect();
            prop_assert_eq!(rank(&histories, at(FRIDAY), 7), rank(&known, at(FRIDAY), 7));
        }

        #[test]
        fn order_does_not_depend_on_input(histories in histories()) {
            let mut turned = histories.clone();
            turned.reverse();
            let ranked = rank(&histories, at(FRIDAY), 30);
            prop_assert_eq!(&rank(&turned, at(FRIDAY), 30), &ranked);
            for pair in ranked.windows(2) {
                prop_assert!(pair[0].score > pair[1].score || (pair[0].score == pair[1].score && pair[0].paper > pair[1].paper));
            }
        }
    }
}
