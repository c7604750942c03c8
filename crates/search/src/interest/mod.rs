//! Predicted interest: where a paper that nobody has voted on yet would probably stand among the papers of its day.
//!
//! A linear model over the paper's vector and a few traits of its text ([`traits`]), learned from how the Daily
//! Papers of earlier days were voted on (`broadsheet-lab train interest`). Its number is turned into a place from 0
//! (fewest votes) to 100 (most) with the places between which four of five papers of such a number stood. Nothing of
//! the authors enters: no name, no affiliation, no count.
//!
//! It is a prediction and is shown as one: wide, and silent about texts unlike those that it learned from.

mod file;
pub mod traits;

use std::sync::LazyLock;

use domain::paper::{Paper, utc_day};
use encode::Encoder;
use serde::Serialize;

pub use file::{Error, Knot, Learned, Parts, write};
use traits::TRAITS;

use crate::engine::Engine;
use crate::similar::about;

/// Part of the program's own file.
static SHIPPED: &[u8] = include_bytes!("../../model/interest.bin");

/// A prediction, in places among the papers of a day: 0 is the fewest votes, 100 the most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interest {
    /// One place in two lies below.
    pub place: f64,
    /// One place in ten lies below.
    pub low: f64,
    /// One place in ten lies above.
    pub high: f64,
}

impl Interest {
    /// What it comes to, in words no stronger than it is.
    pub fn words(&self) -> &'static str {
        match self.place {
            place if place >= 60.0 => "likely above the middle",
            place if place > 40.0 => "about the middle",
            _ => "likely below the middle",
        }
    }
}

/// The model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    parts: Parts,
}

impl Model {
    /// The model that ships with the program.
    pub fn shipped() -> &'static Model {
        static MODEL: LazyLock<Model> =
            LazyLock::new(|| Model::read(SHIPPED).expect("the tests read the model that ships"));
        &MODEL
    }

    /// The model in these bytes.
    ///
    /// # Errors
    /// When they are no such model, damaged, or of another version.
    pub fn read(bytes: &[u8]) -> Result<Model, Error> {
        Ok(Model {
            parts: file::read(bytes)?,
        })
    }

    /// What it was learned from, and its numbers.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The prediction for a paper; nothing without a text, for one unlike those that were learned from, and with
    /// another encoder than the one that was learned with.
    pub fn of(&self, encoder: &Encoder, paper: &Paper) -> Option<Interest> {
        let (number, familiar) = self.number_of(encoder, paper)?;
        familiar.then(|| self.place(number))
    }

    /// The model's number for a paper, and whether its text is like those that were learned from; nothing with
    /// another encoder.
    pub fn number_of(&self, encoder: &Encoder, paper: &Paper) -> Option<(f64, bool)> {
        if encoder.id() != self.parts.encoder {
            return None;
        }
        let text = about(paper);
        let mut vector = vec![0.0; encoder.dim()];
        encoder.encode_paper(&paper.title, text, &mut vector);
        let traits = traits::of(&paper.title, text, days_until_listed(paper));
        Some((self.number(&vector, &traits), self.is_familiar(&vector)))
    }

    /// Whether a text's vector is like those that were learned from.
    pub fn is_familiar(&self, vector: &[f32]) -> bool {
        dot(&self.parts.centre, vector) >= f64::from(self.parts.familiar_min)
    }

    /// The model's number: higher for more votes than others of the day, with no meaning by itself.
    pub fn number(&self, vector: &[f32], traits: &[Option<f64>; TRAITS]) -> f64 {
        let weighed = self
            .parts
            .traits
            .iter()
            .zip(traits)
            .map(|(learned, value)| {
                // What is not known counts as what is usual.
                value.map_or(0.0, |value| learned.weigh(value))
            });
        dot(&self.parts.weights, vector) + weighed.sum::<f64>()
    }

    /// The places at which papers of such a number stood.
    pub fn place(&self, number: f64) -> Interest {
        let knots = &self.parts.knots;
        let after = knots.partition_point(|knot| f64::from(knot.number) <= number);
        let (from, to) = (
            &knots[after.saturating_sub(1)],
            &knots[after.min(knots.len() - 1)],
        );
        let length = f64::from(to.number) - f64::from(from.number);
        let share = if length > 0.0 {
            (number - f64::from(from.number)) / length
        } else {
            0.0
        };
        let between = |value: fn(&Knot) -> f32| {
            let (from, to) = (f64::from(value(from)), f64::from(value(to)));
            from + (to - from) * share
        };
        Interest {
            place: between(|knot| knot.middle),
            low: between(|knot| knot.low),
            high: between(|knot| knot.high),
        }
    }
}

impl Engine {
    /// Where a paper that nobody has voted on yet would probably stand among those of its day; see [`Model::of`].
    pub fn interest(&self, paper: &Paper) -> Option<Interest> {
        let model = self.interest.as_deref().unwrap_or_else(|| Model::shipped());
        model.of(self.encoder.as_ref()?, paper)
    }
}

/// Days from submission to the day of the list, where both are known.
fn days_until_listed(paper: &Paper) -> Option<f64> {
    let submitted = utc_day(paper.times.submitted?);
    let listed = paper.times.listed_day()?;
    Some(f64::from((listed - submitted).get_days()))
}

fn dot(x: &[f32], y: &[f32]) -> f64 {
    x.iter()
        .zip(y)
        .map(|(x, y)| f64::from(*x) * f64::from(*y))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knot(number: f32, low: f32, middle: f32, high: f32) -> Knot {
        Knot {
            number,
            low,
            middle,
            high,
        }
    }

    fn model() -> Model {
        let mut parts = file::tests::parts();
        parts.knots = vec![knot(-1.0, 0.0, 30.0, 80.0), knot(1.0, 20.0, 70.0, 100.0)];
        Model { parts }
    }

    #[track_caller]
    fn check(number: f64, expected: (f64, f64, f64)) {
        let interest = model().place(number);
        assert_eq!((interest.low, interest.place, interest.high), expected);
    }

    #[test]
    fn places_lie_between_knots() {
        check(-9.0, (0.0, 30.0, 80.0));
        check(-1.0, (0.0, 30.0, 80.0));
        check(0.0, (10.0, 50.0, 90.0));
        check(1.0, (20.0, 70.0, 100.0));
        check(f64::INFINITY, (20.0, 70.0, 100.0));
    }

    #[test]
    fn words_are_no_stronger_than_the_number() {
        let words = |number: f64| model().place(number).words();
        assert_eq!(words(-1.0), "likely below the middle");
        assert_eq!(words(0.0), "about the middle");
        assert_eq!(words(1.0), "likely above the middle");
    }

    #[test]
    fn the_shipped_model_is_sound_and_of_the_shipped_encoder() {
        assert!(SHIPPED.len() < 64 << 10);
        let parts = Model::shipped().parts();
        assert_eq!(parts.encoder, Encoder::shipped().id());
        assert!(parts.papers > 1_000 && parts.first_day < parts.last_day);
        assert!(
            parts
                .knots
                .iter()
                .all(|k| k.low < k.middle && k.middle < k.high)
        );
    }
}
