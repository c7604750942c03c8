//! How readers' attention to a paper fades: a usual paper that is `a` announcements old gains 1 / (1 + a) of what it
//! gains when it is new.
//!
//! So a reading's span is not measured in announcements but in the attention that a usual paper gets meanwhile: the
//! integral, ln(1 + a). Many votes on the first day are then what is usual for a first day, and not a pace that a
//! paper is expected to keep. Stars of a repository do not fade with the paper: their span is announcements.
//!
//! The law has no parameter. Chosen among powers of (c + a) on days before March 2026: `docs/ranking.md`.

use domain::signal::Signal;

/// How a signal's attention runs over a paper's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// 1 / (1 + age).
    Fading,
    /// The same at any age.
    Steady,
}

impl Attention {
    /// Of a signal.
    pub fn of(signal: Signal) -> Attention {
        match signal {
            Signal::Stars => Attention::Steady,
            Signal::Votes
            | Signal::Saves
            | Signal::Comments
            | Signal::DailyUpvotes
            | Signal::DailyComments => Attention::Fading,
        }
    }

    /// Attention at an age in announcements. A paper that is yet to be listed gets no more than a new one.
    pub fn at(self, age: f64) -> f64 {
        match self {
            Attention::Fading => 1.0 / (1.0 + age.max(0.0)),
            Attention::Steady => 1.0,
        }
    }

    /// Attention from the listing until an age, in announcements of a new paper's attention; negative before it.
    pub fn until(self, age: f64) -> f64 {
        match self {
            Attention::Fading if age > 0.0 => age.ln_1p(),
            Attention::Fading | Attention::Steady => age,
        }
    }

    /// Mean attention of a paper over its first announcements.
    pub fn mean(self, batches: f64) -> f64 {
        self.until(batches) / batches
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn attention_is_the_slope_of_its_sum(age in -5.0f64..100.0, step in 1e-4f64..1e-3) {
            for attention in [Attention::Fading, Attention::Steady] {
                let slope = (attention.until(age + step) - attention.until(age)) / step;
                prop_assert!((slope - attention.at(age)).abs() < 1e-3);
                prop_assert!(attention.at(age) <= attention.at(0.0));
            }
        }
    }
}
