//! What a reproduction is: a card that says beforehand what would count, and trials that measure it.
//!
//! ```text
//! card  --> trial(seed 1) \
//!           trial(seed 2)  > rows: metric x (baseline, method), mean and interval --> rule --> verdict
//!           trial(seed 3) /
//! ```
//!
//! The rule stands in the card, so it is written before anything is measured, and it can come out against the paper.

mod card;
mod context;
mod estimate;
mod machine;
mod outcome;
mod plot;
mod progress;
mod rule;
mod run;
mod svg;
mod trial;

pub use card::{Better, Card, Family, Metric};
pub use context::{Context, Rng, Scale};
pub use estimate::Estimate;
pub use machine::machine;
pub use outcome::{Outcome, Row};
pub use plot::{Axis, Plot, Series, Style};
pub use progress::{Progress, Silent};
pub use rule::{Condition, Expect, Judged, Met, Verdict};
pub use run::run;
pub use trial::{Measured, Trial};

/// A paper's central claim as something that can be run.
pub trait Reproduction: Sync {
    /// What is claimed, and what would count as holding.
    fn card(&self) -> &'static Card;

    /// Measures every metric of the card once, for the baseline and for the method. Everything random comes from
    /// [`Context::rng`]: the same seed gives the same numbers on every machine.
    ///
    /// # Errors
    /// What made the measurement impossible; the run ends with it.
    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial>;
}
