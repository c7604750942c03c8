//! What a signal gained in a window, as far as readings tell: exposure instead of zeros.

use domain::hit::SignalHistory;
use domain::paper::utc_midnight;
use domain::signal::Signal;
use jiff::Timestamp;

use super::attention::Attention;
use super::clock::Clock;

/// Readers' signals begin at nothing when a paper is listed. A first reading within so many announcements of that
/// tells what was gained since; a later one only where counting begins.
const FIRST_READING_BATCHES: f64 = 5.0;
/// Announcements in thirty days.
const BATCHES_A_DAY: f64 = 5.0 / 7.0;
/// Longest window, in days.
const WINDOW_DAYS_MAX: u32 = 3660;

/// The stretch of time that counts.
#[derive(Debug)]
pub(super) struct Window<'c> {
    pub(super) clock: &'c Clock,
    pub(super) now: Timestamp,
    /// Length in announcements: 1, 5 or 21 for 1, 7 or 30 days.
    pub(super) batches: f64,
}

impl<'c> Window<'c> {
    pub(super) fn new(clock: &'c Clock, now: Timestamp, days: u32) -> Window<'c> {
        Window {
            clock,
            now,
            batches: batches_in(days),
        }
    }

    /// How many announcements ago a paper was listed. One that is dated ahead counts as listed today.
    pub(super) fn age(&self, history: &SignalHistory) -> f64 {
        self.clock.batches(self.now) - self.listed(history)
    }

    fn listed(&self, history: &SignalHistory) -> f64 {
        let day = history.listed.min(domain::paper::utc_day(self.now));
        self.clock
            .batches(utc_midnight(day).unwrap_or(Timestamp::MIN))
    }
}

/// Announcements in a window of so many days, at least 1.
pub fn batches_in(days: u32) -> f64 {
    (f64::from(days.min(WINDOW_DAYS_MAX)) * BATCHES_A_DAY)
        .round()
        .max(1.0)
}

/// What one signal gained between two moments that readings tell of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gain {
    pub(super) gain: f64,
    /// In announcements of a new paper's attention.
    pub(super) exposure: f64,
    /// In announcements.
    pub(super) batches: f64,
}

/// A successful reading.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Age of the paper, in announcements.
    age: f64,
    /// Attention until then.
    attention: f64,
    /// The total, which never falls: a vote that was taken back, or a moment's wrong zero, is no gain when it comes
    /// again.
    total: f64,
}

/// The gain of a signal in the window; nothing where no two readings tell of it.
pub(super) fn gain(history: &SignalHistory, signal: Signal, window: &Window<'_>) -> Option<Gain> {
    let points = points(history, signal, window);
    let (first, last) = (points.first()?, points.last()?);
    let attention = Attention::of(signal);
    let start_age = window.age(history) - window.batches;
    let start = attention.until(start_age);
    if last.age <= start_age {
        return None;
    }
    let from = first.attention.max(start);
    Some(Gain {
        gain: last.total - total_at(&points, start),
        exposure: last.attention - from,
        batches: last.age - first.age.max(start_age),
    })
}

/// The gains between one reading and the next within the window, as (gain, exposure), for fitting. What is gained in
/// no time, over a weekend, belongs to the stretch before.
pub(super) fn steps(
    history: &SignalHistory,
    signal: Signal,
    window: &Window<'_>,
) -> Vec<(f64, f64)> {
    let points = points(history, signal, window);
    let start = Attention::of(signal).until(window.age(history) - window.batches);
    let mut steps: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let exposure = to.attention - from.attention.max(start);
        if exposure > 0.0 {
            let base = if from.attention < start {
                total_at(&points, start)
            } else {
                from.total
            };
            steps.push((to.total - base, exposure));
        } else if let Some((gain, _)) = steps.last_mut() {
            *gain += to.total - from.total;
        }
    }
    steps
}

/// The successful readings until now, oldest first.
fn points(history: &SignalHistory, signal: Signal, window: &Window<'_>) -> Vec<Point> {
    let mut read: Vec<(Timestamp, u32)> = history
        .readings
        .iter()
        .filter(|reading| reading.signal == signal && reading.at <= window.now)
        .filter_map(|reading| Some((reading.at, reading.value?)))
        .collect();
    // Of two readings of one moment the larger stands.
    read.sort_unstable_by(|x, y| x.0.cmp(&y.0).then(y.1.cmp(&x.1)));
    read.dedup_by_key(|(at, _)| *at);
    let listed = window.listed(history);
    let attention = Attention::of(signal);
    let mut highest = 0;
    let mut points: Vec<Point> = Vec::with_capacity(read.len() + 1);
    for (at, value) in read {
        highest = highest.max(value);
        let age = window.clock.batches(at) - listed;
        // A repository may be older than the paper, so its stars begin with the first reading. What was there at
        // the listing itself came before it.
        let soon = age > 0.0 && age <= FIRST_READING_BATCHES;
        let begins = attention == Attention::Fading && soon;
        if points.is_empty() && begins {
            points.push(Point {
                age: 0.0,
                attention: 0.0,
                total: 0.0,
            });
        }
        points.push(Point {
            age,
            attention: attention.until(age),
            total: f64::from(highest),
        });
    }
    points
}

/// The total at a moment given as attention: between two readings it rises with the attention; before the first it
/// is what that says, so that a lone reading of an old paper is a base and no gain.
fn total_at(points: &[Point], at: f64) -> f64 {
    let after = points.partition_point(|point| point.attention <= at);
    let next = points.get(after);
    let Some(before) = after.checked_sub(1).and_then(|i| points.get(i)) else {
        return next.map_or(0.0, |next| next.total);
    };
    let Some(next) = next else {
        return before.total;
    };
    let share = (at - before.attention) / (next.attention - before.attention);
    before.total + (next.total - before.total) * share
}

#[cfg(test)]
mod tests {
    use domain::ids::PaperId;
    use domain::signal::Reading;
    use jiff::SignedDuration;

    use super::*;

    /// Friday noon.
    const NOW: &str = "2026-11-20T12:00:00Z";

    /// Readings by hours before now.
    #[track_caller]
    fn check(
        signal: Signal,
        listed: &str,
        days: u32,
        readings: &[(i64, Option<u32>)],
        expected: &str,
    ) {
        let now: Timestamp = NOW.parse().unwrap();
        let reading = |(hours, value): &(i64, Option<u32>)| Reading {
            signal,
            at: now - SignedDuration::from_hours(*hours),
            value: *value,
        };
        let history = SignalHistory {
            paper: PaperId(1),
            field: "cs.CL".to_string(),
            listed: listed.parse().unwrap(),
            readings: readings.iter().map(reading).collect(),
        };
        let clock = Clock::default();
        let gain = gain(&history, signal, &Window::new(&clock, now, days));
        let got = gain.map_or("-".to_string(), |g| {
            format!(
                "{:.2} in {:.2}, attention {:.3}",
                g.gain, g.batches, g.exposure
            )
        });
        assert_eq!(got, expected);
    }

    #[test]
    fn stars_are_counted_within_the_window() {
        use Signal::Stars;
        let listed = "2026-11-18";
        check(
            Stars,
            listed,
            7,
            &[(48, Some(10)), (24, Some(13)), (0, Some(40))],
            "30.00 in 2.00, attention 2.000",
        );
        // Half of the only interval lies before the window.
        check(
            Stars,
            listed,
            7,
            &[(14 * 24, Some(0)), (0, Some(40))],
            "20.00 in 5.00, attention 5.000",
        );
        // A lone reading is a base, for a repository may be older than its paper.
        check(
            Stars,
            listed,
            7,
            &[(24, Some(5000))],
            "0.00 in 0.00, attention 0.000",
        );
        // A failed reading ends the exposure earlier.
        check(
            Stars,
            listed,
            7,
            &[(48, Some(10)), (24, Some(13)), (0, None)],
            "3.00 in 1.00, attention 1.000",
        );
        // A wrong zero is no gain afterwards, a fall is none at all.
        check(
            Stars,
            listed,
            7,
            &[(48, Some(10)), (24, Some(0)), (0, Some(11))],
            "1.00 in 2.00, attention 2.000",
        );
        check(
            Stars,
            listed,
            7,
            &[(48, Some(10)), (0, Some(3))],
            "0.00 in 2.00, attention 2.000",
        );
        // Everything was read before the window.
        check(Stars, listed, 1, &[(60, Some(10)), (40, Some(30))], "-");
    }

    #[test]
    fn votes_begin_with_the_listing_and_fade() {
        use Signal::DailyUpvotes;
        // Listed on Wednesday, read two and a half announcements later: ln(3.5).
        check(
            DailyUpvotes,
            "2026-11-18",
            7,
            &[(0, Some(12))],
            "12.00 in 2.50, attention 1.253",
        );
        // Of the last announcement: ln(3.5) - ln(2.5) of it.
        check(
            DailyUpvotes,
            "2026-11-18",
            1,
            &[(0, Some(12))],
            "3.22 in 1.00, attention 0.336",
        );
        // First read when it was old: a base.
        check(
            DailyUpvotes,
            "2026-10-01",
            7,
            &[(0, Some(12))],
            "0.00 in 0.00, attention 0.000",
        );
        // Dated ahead: as if listed today.
        check(
            DailyUpvotes,
            "2027-01-01",
            7,
            &[(0, Some(12))],
            "12.00 in 0.50, attention 0.405",
        );
    }
}
