//! The card of a reproduction: everything that is said before it is run.

use serde::Serialize;

use super::rule::Condition;

/// What a reader is told of a paper's reproduction before pressing Run.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Card {
    /// Short name, in lower case with hyphens: the name on the command line and in addresses.
    pub id: &'static str,
    /// The paper's arXiv id, without version.
    pub arxiv: &'static str,
    /// The paper's title.
    pub title: &'static str,
    /// What kind of method it is.
    pub family: Family,
    /// The one claim that is tested, in a sentence a newcomer understands.
    pub claim: &'static str,
    /// The number that the paper prints for it, with its setting.
    pub published: &'static str,
    /// What the method is compared with.
    pub baseline: &'static str,
    /// What of the paper was kept: mechanism, equations, controls.
    pub kept: &'static [&'static str],
    /// What was left out or made smaller.
    pub left_out: &'static [&'static str],
    /// Where Broadsheet itself uses the method, if it does.
    pub used_in: Option<&'static str>,
    /// What is measured.
    pub metrics: &'static [Metric],
    /// When the claim holds here. The first condition is the central one.
    pub rule: &'static [Condition],
    /// Why the claim may not show at this size: shown with a verdict that is not "holds".
    pub likely_reason: &'static str,
    /// Whether metrics are times: then seeds run one after the other, and `verify` does not compare them.
    pub timed: bool,
}

impl Card {
    /// The metric of an id.
    pub fn metric(&self, id: &str) -> Option<&'static Metric> {
        self.metrics.iter().find(|metric| metric.id == id)
    }
}

/// A quantity that every trial measures twice: for the baseline and for the method.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Metric {
    /// Short name, as trials and conditions call it.
    pub id: &'static str,
    /// What it is, for readers.
    pub name: &'static str,
    /// Its unit; empty for plain ratios.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
}

/// Which way of a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// Families of methods; each has a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Vectors whose prefixes are vectors, and search in them.
    Elastic,
    /// Old and new models side by side.
    Upgrade,
    /// Few bits for many numbers.
    Codes,
    /// Words and vectors that find texts.
    Retrieval,
    /// Laws of size, data and compute.
    Scaling,
    /// How models are measured and compared.
    Evaluation,
    /// Small networks trained here.
    Networks,
}

impl Family {
    /// Every family, in the order that pages show them.
    pub const ALL: [Family; 7] = [
        Family::Elastic,
        Family::Upgrade,
        Family::Codes,
        Family::Retrieval,
        Family::Scaling,
        Family::Evaluation,
        Family::Networks,
    ];

    /// The family's name for readers.
    pub fn name(self) -> &'static str {
        match self {
            Family::Elastic => "Elastic vectors",
            Family::Upgrade => "Model upgrade",
            Family::Codes => "Codes and residuals",
            Family::Retrieval => "Hybrid retrieval",
            Family::Scaling => "Scaling laws",
            Family::Evaluation => "Evaluation kit",
            Family::Networks => "Small networks",
        }
    }
}
