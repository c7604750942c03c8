//! Generated texts about topics, and queries for them.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::frame::Rng;

const TOPICS: usize = 24;
/// Concepts of one topic; each has two words that mean the same.
const CONCEPTS: usize = 5;
const NAMES: usize = 60;
const FILLING: usize = 20;
/// Words of the vocabulary: two for each concept, the names, the filling, and the two of the encoder.
pub(super) const VOCABULARY: usize = 2 * TOPICS * CONCEPTS + NAMES + FILLING + 2;
/// The special first token.
pub(super) const FIRST: usize = VOCABULARY - 2;
/// Stands for a hidden word.
pub(super) const MASK: usize = VOCABULARY - 1;
/// Words of a text.
pub(super) const TEXT: usize = 12;
/// Words of a query.
pub(super) const QUERY: usize = 5;

/// Texts, and a query for each.
pub(super) struct Corpus {
    pub(super) texts: Vec<[usize; TEXT]>,
    pub(super) queries: Vec<[usize; QUERY]>,
    /// The first so many texts have queries for training; the others' are for measuring.
    pub(super) labelled: usize,
}

impl Corpus {
    pub(super) fn new(count: usize, rng: &mut Rng) -> Corpus {
        let mut corpus = Corpus {
            texts: Vec::new(),
            queries: Vec::new(),
            labelled: count / 3,
        };
        for _ in 0..count {
            let topics = [(); 2].map(|()| rng.random_range(0..TOPICS));
            // Five concepts of one topic or the other, and two names.
            let concepts =
                [0, 0, 0, 1, 1].map(|of| topics[of] * CONCEPTS + rng.random_range(0..CONCEPTS));
            let names = [(); 2].map(|()| 2 * TOPICS * CONCEPTS + rng.random_range(0..NAMES));
            corpus.texts.push(std::array::from_fn(|at| match at {
                // A concept may come back in its other word.
                0..7 => word(concepts[at % 5], rng),
                7 | 8 => names[at - 7],
                _ => filling(rng),
            }));
            corpus.queries.push(std::array::from_fn(|at| match at {
                0..3 => concepts
                    .choose(rng)
                    .map_or(0, |&concept| word(concept, rng)),
                3 if rng.random_bool(0.6) => names[rng.random_range(0..2)],
                _ => filling(rng),
            }));
        }
        corpus
    }
}

/// One of a concept's two words; the first three times of four.
fn word(concept: usize, rng: &mut Rng) -> usize {
    2 * concept + usize::from(rng.random_bool(0.25))
}

fn filling(rng: &mut Rng) -> usize {
    2 * TOPICS * CONCEPTS + NAMES + rng.random_range(0..FILLING)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn queries_are_of_their_texts() {
        let corpus = Corpus::new(300, &mut Rng::seed_from_u64(1));
        let concepts = |words: &[usize]| -> Vec<usize> {
            let of = words.iter().filter(|&&w| w < 2 * TOPICS * CONCEPTS);
            of.map(|w| w / 2).collect()
        };
        let mut in_other_words = 0;
        for (text, query) in corpus.texts.iter().zip(&corpus.queries) {
            assert!(text.iter().chain(query).all(|&w| w < FIRST));
            let there = concepts(text);
            assert!(
                concepts(query)
                    .iter()
                    .all(|concept| there.contains(concept))
            );
            in_other_words += query[..3]
                .iter()
                .filter(|word| !text.contains(word))
                .count();
        }
        assert!(in_other_words > 100, "{in_other_words} of 900");
    }
}
