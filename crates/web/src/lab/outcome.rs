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

/// A plot.
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

    /// The plot of a short name.
    pub fn plot(&self, id: &str) -> Option<&Plot> {
        self.plots.iter().find(|plot| plot.id == id)
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
