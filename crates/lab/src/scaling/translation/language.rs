//! A language of letters and its translation, by two tables.

use rand::RngExt;

use crate::frame::Rng;
use crate::scaling::letters::{LETTERS, Writer};

/// How many meanings a pair of source letters may have.
const MEANINGS: usize = 8;
/// The share of target letters that are random.
const NOISE: f64 = 0.1;

/// The two tables of the language.
pub(super) struct Language {
    /// The meaning of a pair of source letters.
    meanings: Vec<usize>,
    /// The letter of a meaning after a target letter.
    letters: Vec<usize>,
}

/// A source pair, and the target's last letter.
pub(super) type Place = (usize, usize);

impl Language {
    pub(super) fn new(rng: &mut Rng) -> Language {
        let mut table = |size, end| (0..size).map(|_| rng.random_range(0..end)).collect();
        Language {
            meanings: table(LETTERS * LETTERS, MEANINGS),
            letters: table(MEANINGS * LETTERS, LETTERS),
        }
    }

    pub(super) fn translation(&self, (pair, last): Place) -> usize {
        self.letters[self.meanings[pair] * LETTERS + last]
    }

    /// Running text: places and the letter that stands at each.
    pub(super) fn text(&self, mut rng: Rng) -> impl Iterator<Item = (Place, usize)> {
        let mut writer = Writer::new(rng.clone());
        let mut last = 0;
        std::iter::repeat_with(move || {
            let (before, letter) = writer.next();
            let place = (usize::from(before[2]) * LETTERS + usize::from(letter), last);
            last = if rng.random::<f64>() < NOISE {
                rng.random_range(0..LETTERS)
            } else {
                self.translation(place)
            };
            (place, last)
        })
    }

    pub(super) fn places(&self, count: usize, rng: Rng) -> Vec<Place> {
        let text = self.text(rng).step_by(3);
        text.map(|(place, _)| place).take(count).collect()
    }
}

/// The share of the one letter that the tables give, and of each other.
pub(super) fn target_shares() -> (f64, f64) {
    let other = NOISE / LETTERS as f64;
    (1.0 - NOISE + other, other)
}

/// The entropy of a target letter, in nats: what no model can go below.
pub(super) fn entropy() -> f64 {
    let (right, other) = target_shares();
    -right * right.ln() - (LETTERS - 1) as f64 * other * other.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn text_follows_the_tables_but_for_its_noise() {
        let language = Language::new(&mut Rng::seed_from_u64(1));
        let text: Vec<_> = language.text(Rng::seed_from_u64(2)).take(10_000).collect();
        let right = text
            .iter()
            .filter(|(place, letter)| language.translation(*place) == *letter);
        let share = right.count() as f64 / 10_000.0;
        assert!((share - target_shares().0).abs() < 0.01, "{share}");
        // The last letter of a place is the one before it.
        assert!(text.windows(2).all(|pair| pair[1].0.1 == pair[0].1));
    }

    #[test]
    fn entropy_is_that_of_one_likely_letter_among_28() {
        // 0.9 + 0.1 / 28 = 0.903571; 27 others of 0.00357143.
        let by_hand = -0.903_571_43f64 * 0.903_571_43f64.ln()
            - 27.0 * 0.003_571_428_6 * 0.003_571_428_6f64.ln();
        assert!((entropy() - by_hand).abs() < 1e-7);
    }
}
