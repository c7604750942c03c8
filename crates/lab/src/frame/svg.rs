//! A plot as SVG: readable on light and on dark paper, without script or style sheet.

use std::ops::Range;

use anyhow::{Result, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::plot::{Axis, Plot, Series, Style};

const SIZE: (u32, u32) = (640, 400);
/// Text and axes: a grey with a contrast of 4.5 on white and on black.
const INK: RGBColor = RGBColor(0x75, 0x75, 0x75);
/// Okabe and Ito's colours that can be told apart without seeing red or green, and seen on both papers. The
/// baseline comes first and is grey-blue, the method orange.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x75, 0x75, 0x75),
];

type Area<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Plot {
    /// The plot drawn, 640 by 400.
    ///
    /// # Errors
    /// When the drawing library fails; a plot without points is drawn empty.
    pub fn svg(&self) -> Result<String> {
        let mut text = String::new();
        {
            let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            self.draw(&root)
                .map_err(|error| anyhow!("{}: {error}", self.id))?;
            root.present()
                .map_err(|error| anyhow!("{}: {error}", self.id))?;
        }
        Ok(text)
    }

    fn draw(
        &self,
        root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let bars = self.series.iter().any(|series| series.style == Style::Bars);
        let points = || self.series.iter().flat_map(|series| &series.points);
        let bands = || self.series.iter().flat_map(|series| &series.band);
        let x = range(&self.x, points().map(|p| p.0), false);
        let ys = points()
            .map(|p| p.1)
            .chain(bands().flat_map(|band| [band.0, band.1]));
        let y = range(&self.y, ys, bars);
        let mut chart = ChartBuilder::on(root)
            .caption(&self.title, ("sans-serif", 17).into_font().color(&INK))
            .margin(10)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(x, y)?;
        let x_label = |at: &f64| label(&self.x, *at);
        let y_label = |at: &f64| label(&self.y, *at);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.25))
            .axis_style(INK)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 14).into_font().color(&INK))
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_labels(self.x.names.len().clamp(6, 12))
            .y_labels(6)
            .x_label_formatter(&x_label)
            .y_label_formatter(&y_label)
            .draw()?;
        let of_bars = self
            .series
            .iter()
            .filter(|s| s.style == Style::Bars)
            .count();
        let mut bar = 0;
        for (at, series) in self.series.iter().enumerate() {
            let colour = COLOURS[at % COLOURS.len()];
            match series.style {
                Style::Bars => {
                    self.draw_bars(&mut chart, series, colour, (bar, of_bars))?;
                    bar += 1;
                }
                Style::Line => self.draw_line(&mut chart, series, colour)?,
                Style::Points => self.draw_marks(&mut chart, series, colour)?,
            }
        }
        if self.series.len() > 1 {
            chart
                .configure_series_labels()
                .label_font(("sans-serif", 13).into_font().color(&INK))
                .border_style(INK.mix(0.3))
                .position(self.emptiest_corner())
                .draw()?;
        }
        Ok(())
    }

    fn draw_line(
        &self,
        chart: &mut Area<'_, '_>,
        series: &Series,
        colour: RGBColor,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let points: Vec<(f64, f64)> = self.placed(series).collect();
        // The band, there along the greatest values and back along the least.
        if series.band.len() == series.points.len() && points.len() == series.points.len() {
            let upper = points.iter().zip(&series.band);
            let lower = points.iter().zip(&series.band).rev();
            let outline: Vec<(f64, f64)> = upper
                .map(|(p, band)| (p.0, place(&self.y, band.1)))
                .chain(lower.map(|(p, band)| (p.0, place(&self.y, band.0))))
                .filter(|p| p.1.is_finite())
                .collect();
            chart.draw_series(std::iter::once(Polygon::new(outline, colour.mix(0.15))))?;
        }
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(&series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        self.draw_dots(chart, series, colour)
    }

    fn draw_marks(
        &self,
        chart: &mut Area<'_, '_>,
        series: &Series,
        colour: RGBColor,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let dots = self
            .placed(series)
            .map(|p| Circle::new(p, 3, colour.filled()));
        chart
            .draw_series(dots)?
            .label(&series.name)
            .legend(move |(x, y)| Circle::new((x + 8, y), 3, colour.filled()));
        Ok(())
    }

    fn draw_dots(
        &self,
        chart: &mut Area<'_, '_>,
        series: &Series,
        colour: RGBColor,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let dots = self
            .placed(series)
            .map(|p| Circle::new(p, 3, colour.filled()));
        chart.draw_series(dots)?;
        Ok(())
    }

    fn draw_bars(
        &self,
        chart: &mut Area<'_, '_>,
        series: &Series,
        colour: RGBColor,
        (at, of): (usize, usize),
    ) -> Result<(), Box<dyn std::error::Error>> {
        let width = 0.8 / of.max(1) as f64;
        let bars = self.placed(series).map(|(x, y)| {
            let left = x - 0.4 + width * at as f64;
            Rectangle::new([(left, 0.0), (left + width * 0.92, y)], colour.filled())
        });
        chart
            .draw_series(bars)?
            .label(&series.name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        Ok(())
    }

    /// The corner that has the fewest points, for the legend.
    fn emptiest_corner(&self) -> SeriesLabelPosition {
        let x = range(
            &self.x,
            self.series.iter().flat_map(|s| &s.points).map(|p| p.0),
            false,
        );
        let y = range(
            &self.y,
            self.series.iter().flat_map(|s| &s.points).map(|p| p.1),
            false,
        );
        let (middle_x, middle_y) = ((x.start + x.end) / 2.0, (y.start + y.end) / 2.0);
        let points = |right: bool, upper: bool| {
            let placed = self.series.iter().flat_map(|series| self.placed(series));
            let within =
                placed.filter(|(x, y)| (*x > middle_x) == right && (*y > middle_y) == upper);
            within.count()
        };
        let corners = [
            (points(true, true), SeriesLabelPosition::UpperRight),
            (points(false, true), SeriesLabelPosition::UpperLeft),
            (points(true, false), SeriesLabelPosition::LowerRight),
            (points(false, false), SeriesLabelPosition::LowerLeft),
        ];
        let emptiest = corners.into_iter().min_by_key(|(points, _)| *points);
        emptiest.map_or(SeriesLabelPosition::UpperRight, |(_, corner)| corner)
    }

    /// A series' points in the places of the axes, without those that have none.
    fn placed<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = (f64, f64)> + 'a {
        series
            .points
            .iter()
            .map(|&(x, y)| (place(&self.x, x), place(&self.y, y)))
            .filter(|(x, y)| x.is_finite() && y.is_finite())
    }
}

/// A value's place on an axis; no finite number where a logarithmic axis has no place for it.
fn place(axis: &Axis, value: f64) -> f64 {
    if axis.log { value.log10() } else { value }
}

/// The stretch of an axis that holds all values, with a margin.
fn range(axis: &Axis, values: impl Iterator<Item = f64>, from_zero: bool) -> Range<f64> {
    if !axis.names.is_empty() {
        return -0.6..axis.names.len() as f64 - 0.4;
    }
    let placed = values.map(|v| place(axis, v)).filter(|v| v.is_finite());
    let (mut low, mut high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    if low > high {
        return 0.0..1.0;
    }
    if from_zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    // A single place gets some room.
    let room = if high > low { (high - low) * 0.06 } else { 0.5 };
    let bottom = if from_zero && low == 0.0 {
        0.0
    } else {
        low - room
    };
    bottom..high + room
}

/// The text at a place of an axis.
fn label(axis: &Axis, at: f64) -> String {
    if !axis.names.is_empty() {
        let whole = (at - at.round()).abs() < 1e-6 && at > -0.5;
        let name = axis.names.get(at.round().max(0.0) as usize);
        return name.filter(|_| whole).cloned().unwrap_or_default();
    }
    let value = if axis.log { 10f64.powf(at) } else { at };
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&value.abs()) {
        let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 4) as usize;
        let text = format!("{value:.digits$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    } else {
        format!("{value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_drawn_with_its_names_escaped() {
        let plot = Plot::new("p", "a < b", Axis::log("n & m"), Axis::linear("y"))
            .line("one", [(1.0, 2.0), (10.0, 3.0)])
            .points("two", [(0.0, 2.0), (5.0, 1.0)]);
        let svg = plot.svg().unwrap();
        assert!(svg.starts_with("<svg"), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("n &amp; m"));
        // Zero has no place on a logarithmic axis: three line and point marks remain.
        assert_eq!(svg.matches("<circle").count(), 3 + 1, "{svg}");
    }

    #[test]
    fn a_plot_of_nothing_is_drawn() {
        let plot = Plot::new("p", "P", Axis::linear("x"), Axis::linear("y")).line("l", []);
        assert!(plot.svg().unwrap().starts_with("<svg"));
    }

    #[test]
    fn labels_are_short() {
        let axis = Axis::linear("");
        let check = |at, text: &str| assert_eq!(label(&axis, at), text);
        check(0.25, "0.25");
        check(1500.0, "1500");
        check(2e9, "2e9");
        check(0.0, "0");
        let log = Axis::log("");
        assert_eq!(label(&log, 3.0), "1000");
    }
}
