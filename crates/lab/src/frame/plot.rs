//! Curves as data.

use serde::{Deserialize, Serialize};

/// A plot: axes and series. [`Plot::svg`] draws it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// Short name, unique within a reproduction.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, in this order.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What is measured along it, with its unit.
    pub label: String,
    /// Whether equal steps are equal factors. Values must then be above zero; others are left out.
    pub log: bool,
    /// Names of the places 0, 1, 2 ... where the axis is no scale; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub style: Style,
    /// Points, `(x, y)`; averaged over seeds where all seeds have the same x.
    pub points: Vec<(f64, f64)>,
    /// Least and greatest y over seeds, one a point; empty where there is one seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub band: Vec<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// A line through points that are marked.
    Line,
    /// Marked points.
    Points,
    /// Bars from zero.
    Bars,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis {
            label: label.into(),
            log: false,
            names: Vec::new(),
        }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis {
            log: true,
            ..Axis::linear(label)
        }
    }

    /// An axis of named places.
    pub fn named<S: Into<String>>(
        label: impl Into<String>,
        names: impl IntoIterator<Item = S>,
    ) -> Axis {
        Axis {
            names: names.into_iter().map(Into::into).collect(),
            ..Axis::linear(label)
        }
    }
}

impl Plot {
    /// An empty plot.
    pub fn new(id: impl Into<String>, title: impl Into<String>, x: Axis, y: Axis) -> Plot {
        Plot {
            id: id.into(),
            title: title.into(),
            x,
            y,
            series: Vec::new(),
        }
    }

    fn with(
        mut self,
        name: impl Into<String>,
        style: Style,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Plot {
        self.series.push(Series {
            name: name.into(),
            style,
            points: points.into_iter().collect(),
            band: Vec::new(),
        });
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Plot {
        self.with(name, Style::Line, points)
    }

    /// Adds points.
    #[must_use]
    pub fn points(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Plot {
        self.with(name, Style::Points, points)
    }

    /// Adds bars at the named places 0, 1, 2 ...
    #[must_use]
    pub fn bars(self, name: impl Into<String>, heights: impl IntoIterator<Item = f64>) -> Plot {
        let points = heights.into_iter().enumerate();
        self.with(name, Style::Bars, points.map(|(at, y)| (at as f64, y)))
    }
}

/// The plots of all seeds as one set: the first seed's, with y averaged where every seed has the same x.
pub(super) fn mean(seeds: Vec<Vec<Plot>>) -> Vec<Plot> {
    let Some(first) = seeds.first().cloned() else {
        return Vec::new();
    };
    first
        .into_iter()
        .map(|mut plot| {
            let same: Vec<&Plot> = seeds
                .iter()
                .filter_map(|plots| plots.iter().find(|other| other.id == plot.id))
                .collect();
            for (at, series) in plot.series.iter_mut().enumerate() {
                let all: Vec<&Series> = same.iter().filter_map(|p| p.series.get(at)).collect();
                average(series, &all);
            }
            plot
        })
        .collect()
}

fn average(series: &mut Series, all: &[&Series]) {
    let places = |s: &Series| s.points.iter().map(|p| p.0.to_bits()).collect::<Vec<_>>();
    let here = places(series);
    if all.len() < 2 || all.iter().any(|other| places(other) != here) {
        return;
    }
    for at in 0..series.points.len() {
        let values = || all.iter().map(|other| other.points[at].1);
        series.points[at].1 = values().sum::<f64>() / all.len() as f64;
        series.band.push((
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Vec<Plot> {
        let plot = Plot::new("p", "P", Axis::linear("x"), Axis::linear("y"));
        vec![plot.line("l", points.iter().copied())]
    }

    #[test]
    fn curves_over_the_same_places_are_averaged() {
        let plots = mean(vec![
            curve(&[(1.0, 2.0), (2.0, 4.0)]),
            curve(&[(1.0, 4.0), (2.0, 4.0)]),
        ]);
        assert_eq!(plots[0].series[0].points, [(1.0, 3.0), (2.0, 4.0)]);
        assert_eq!(plots[0].series[0].band, [(2.0, 4.0), (4.0, 4.0)]);
    }

    #[test]
    fn curves_over_other_places_stay_the_first_seeds() {
        let plots = mean(vec![curve(&[(1.0, 2.0)]), curve(&[(1.5, 4.0)])]);
        assert_eq!(plots[0].series[0].points, [(1.0, 2.0)]);
        assert!(plots[0].series[0].band.is_empty());
    }
}
