//! The lab's values as its program writes them. What a page does not show is not read.

use serde::Deserialize;

use super::digits;

/// What is said of a method before it is run.
#[derive(Debug, Clone, Deserialize)]
pub struct Card {
    /// Short name.
    pub id: String,
    /// The paper's arXiv id.
    pub arxiv: String,
    /// The paper's title.
    pub title: String,
    /// The family's short name.
    pub family: String,
    /// The claim that is tested.
    pub claim: String,
    /// What the paper prints.
    pub published: String,
    /// What the method is compared with.
    pub baseline: String,
    /// What was kept.
    pub kept: Vec<String>,
    /// What was left out.
    pub left_out: Vec<String>,
    /// Where this product uses it.
    pub used_in: Option<String>,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Why the claim may not show at this size.
    pub likely_reason: String,
}

/// A quantity.
#[derive(Debug, Clone, Deserialize)]
pub struct Metric {
    /// Short name.
    pub id: String,
    /// `higher` or `lower`.
    pub better: String,
}

/// What came out of a run.
#[derive(Debug, Clone, Deserialize)]
pub struct Outcome {
    /// `tiny`, `small` or `full`.
    pub scale: String,
    /// The first seed.
    pub seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// `holds`, `holds-in-part` or `does-not-hold-here`.
    pub verdict: String,
    /// One a metric.
    pub rows: Vec<Row>,
    /// One a condition of the rule.
    pub conditions: Vec<Condition>,
    /// Curves.
    pub plots: Vec<Plot>,
    /// What networks see, as grey tiles; most methods have none.
    #[serde(default)]
    pub pictures: Vec<Plot>,
    /// Seconds that it took.
    pub seconds: f64,
    /// On what.
    pub machine: String,
    /// When.
    pub date: String,
}

/// A metric over all seeds.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The metric's short name.
    pub metric: String,
    /// What it is.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The baseline.
    pub baseline: Estimate,
    /// The method.
    pub method: Estimate,
    /// Method less baseline.
    pub difference: Estimate,
}

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A condition and how it came out.
#[derive(Debug, Clone, Deserialize)]
pub struct Condition {
    /// In words.
    pub text: String,
    /// What was compared.
    pub quantity: Estimate,
    /// With what.
    pub bound: f64,
    /// `clearly`, `on-average` or `not`.
    pub met: String,
}

/// A plot or a picture.
#[derive(Debug, Clone, Deserialize)]
pub struct Plot {
    /// Short name.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// Drawn.
    pub svg: String,
}

impl Outcome {
    /// The verdict in words.
    pub fn verdict_words(&self) -> &'static str {
        verdict_words(&self.verdict)
    }

    /// Everything drawn, in the order of the page.
    pub fn drawn(&self) -> impl Iterator<Item = &Plot> {
        self.plots.iter().chain(&self.pictures)
    }

    /// The plot or picture of a short name.
    pub fn plot(&self, id: &str) -> Option<&Plot> {
        self.drawn().find(|plot| plot.id == id)
    }

    /// The seeds in words.
    pub fn seeds_words(&self) -> String {
        let last = self.seed.saturating_add(self.seeds.saturating_sub(1));
        format!("seeds {} to {last}", self.seed)
    }

    /// Seconds in words.
    pub fn seconds_words(&self) -> String {
        digits(self.seconds)
    }
}

impl Plot {
    /// The drawing's height in pixels; plots are 400 high, pictures as high as their tiles need. Its width is 640.
    pub fn height(&self) -> u32 {
        let told = self.svg.split_once("height=\"");
        let told = told.and_then(|(_, rest)| rest.split_once('"'));
        told.and_then(|(height, _)| height.parse().ok())
            .unwrap_or(400)
    }
}

/// A verdict in words.
fn verdict_words(verdict: &str) -> &'static str {
    match verdict {
        "holds" => "holds",
        "holds-in-part" => "holds in part",
        _ => "does not hold here",
    }
}

impl Condition {
    /// How it came out, in a word or two.
    pub fn met_words(&self) -> &'static str {
        match self.met.as_str() {
            "clearly" => "yes",
            "on-average" => "on average",
            _ => "no",
        }
    }

    /// The bound, for people.
    pub fn bound_words(&self) -> String {
        digits(self.bound)
    }
}

impl std::fmt::Display for Estimate {
    /// `0.912` where all seeds agree, `0.912 (0.901 to 0.923)` otherwise.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = (digits(self.low), digits(self.high));
        f.write_str(&digits(self.mean))?;
        if low != high {
            write!(f, " ({low} to {high})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Plot;

    #[test]
    fn a_drawing_is_as_high_as_it_says() {
        let height = |svg: &str| {
            let plot = Plot {
                id: String::new(),
                title: String::new(),
                svg: svg.to_owned(),
            };
            plot.height()
        };
        assert_eq!(height("<svg width=\"640\" height=\"164\" viewBox"), 164);
        assert_eq!(height("<svg>"), 400);
        assert_eq!(height("<svg height=\"-1\">"), 400);
    }
}
