//! A signal's history as lines of points in a small SVG: a pure function from readings to coordinates.

use domain::signal::{Reading, Signal};
use jiff::Timestamp;

/// Width of the picture in its own units.
pub const WIDTH: u32 = 240;

/// Height of the picture in its own units.
pub const HEIGHT: u32 = 40;

/// Room left at each edge, so that the line's own width is not cut.
const MARGIN: f64 = 2.0;

/// Most points that are drawn; of more readings every so-manyth is.
const POINTS_MAX: usize = 120;

/// The points of each unbroken stretch of readings of one signal, as `x,y x,y`. A failed reading breaks the line, for
/// nothing is known there. Empty for fewer than two successful readings.
pub fn lines(readings: &[Reading], signal: Signal) -> Vec<String> {
    let of: Vec<&Reading> = readings.iter().filter(|r| r.signal == signal).collect();
    let known = || of.iter().filter_map(|r| Some((r.at, r.value?)));
    if known().count() < 2 {
        return Vec::new();
    }
    let times = span(known().map(|(at, _)| seconds(at)));
    let values = span(known().map(|(_, value)| f64::from(value)));
    let step = of.len().div_ceil(POINTS_MAX);
    let mut lines = vec![String::new()];
    for (i, reading) in of.iter().enumerate() {
        let Some(value) = reading.value else {
            lines.push(String::new());
            continue;
        };
        // The last reading is the one that people look at.
        if i % step != 0 && i + 1 != of.len() {
            continue;
        }
        let x = scaled(seconds(reading.at), times, f64::from(WIDTH));
        let y = f64::from(HEIGHT) - scaled(f64::from(value), values, f64::from(HEIGHT));
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&format!("{x:.1},{y:.1}"));
        }
    }
    lines.retain(|line| line.contains(' '));
    lines
}

fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}

/// Smallest and largest.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

/// Where a value lies between the margins of a side; in the middle when all values are equal.
fn scaled(value: f64, (low, high): (f64, f64), side: f64) -> f64 {
    let room = side - 2.0 * MARGIN;
    if high > low {
        MARGIN + (value - low) / (high - low) * room
    } else {
        side / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reading(day: i64, value: Option<u32>) -> Reading {
        Reading {
            signal: Signal::Stars,
            at: Timestamp::from_second(day * 86_400).unwrap(),
            value,
        }
    }

    #[track_caller]
    fn check(values: &[Option<u32>], expected: &[&str]) {
        let readings: Vec<_> = (0..).zip(values).map(|(d, v)| reading(d, *v)).collect();
        assert_eq!(lines(&readings, Signal::Stars), expected);
    }

    #[test]
    fn readings_become_points() {
        check(&[Some(0), Some(10)], &["2.0,38.0 238.0,2.0"]);
        check(&[Some(5), Some(5)], &["2.0,20.0 238.0,20.0"]);
        check(&[Some(5)], &[]);
        check(&[Some(5), None], &[]);
        check(&[], &[]);
    }

    #[test]
    fn a_failed_reading_breaks_the_line() {
        check(
            &[Some(0), Some(1), None, Some(2), Some(4)],
            &["2.0,38.0 61.0,29.0", "179.0,20.0 238.0,2.0"],
        );
    }

    proptest! {
        #[test]
        fn points_stay_inside(values in proptest::collection::vec(proptest::option::of(any::<u32>()), 0..400)) {
            let readings: Vec<_> = (0..).zip(&values).map(|(d, v)| reading(d, *v)).collect();
            for point in lines(&readings, Signal::Stars).iter().flat_map(|l| l.split(' ')) {
                let (x, y) = point.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                prop_assert!((0.0..=f64::from(WIDTH)).contains(&x));
                prop_assert!((0.0..=f64::from(HEIGHT)).contains(&y));
            }
        }
    }
}
