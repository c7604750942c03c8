//! Generated texts about the starter shelf's papers, as vectors of the encoder that ships.

use std::collections::BTreeSet;

use encode::Encoder;
use rand::RngExt as _;
use rand::seq::IndexedRandom;

use crate::data::shelf;
use crate::frame::Rng;

/// Vectors with the paper that each text is about.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    /// Unit vectors, one after another.
    pub vectors: Vec<f32>,
    /// The paper's place on the shelf, one a vector.
    pub about: Vec<usize>,
}

/// Words drawn for one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mixture {
    /// From the paper that it is about.
    pub own: usize,
    /// From one other paper.
    pub other: usize,
    /// From all papers.
    pub any: usize,
}

/// Texts of random words, each about one paper of the shelf and a little about another.
pub(super) fn texts(count: usize, mixture: Mixture, rng: &mut Rng) -> Texts {
    let words: Vec<Vec<&str>> = shelf().iter().map(|text| words(&text.summary)).collect();
    let all: Vec<&str> = words.iter().flatten().copied().collect();
    let encoder = Encoder::shipped();
    let mut made = Texts {
        vectors: vec![0.0; count * encoder.dim()],
        about: Vec::with_capacity(count),
    };
    for vector in made.vectors.chunks_exact_mut(encoder.dim()) {
        let (own, other) = (
            rng.random_range(0..words.len()),
            rng.random_range(0..words.len()),
        );
        let mut text = String::new();
        for (from, count) in [
            (&words[own], mixture.own),
            (&words[other], mixture.other),
            (&all, mixture.any),
        ] {
            for _ in 0..count {
                text.push_str(from.choose(rng).unwrap_or(&""));
                text.push(' ');
            }
        }
        encoder.encode_into(&text, vector);
        made.about.push(own);
    }
    made
}

/// The different words of four letters or more, in a fixed order.
fn words(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let kept: BTreeSet<&str> = words.filter(|word| word.len() > 3).collect();
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn texts_about_one_paper_are_nearer_to_each_other() {
        let mixture = Mixture {
            own: 8,
            other: 2,
            any: 2,
        };
        let made = texts(400, mixture, &mut Rng::seed_from_u64(3));
        let (mut same, mut apart) = ((0.0, 0), (0.0, 0));
        let dim = Encoder::shipped().dim();
        let vector = |i: usize| &made.vectors[i * dim..(i + 1) * dim];
        for i in 0..400 {
            for j in 0..i {
                let cosine: f32 = vector(i).iter().zip(vector(j)).map(|(a, b)| a * b).sum();
                let sum = if made.about[i] == made.about[j] {
                    &mut same
                } else {
                    &mut apart
                };
                *sum = (sum.0 + cosine, sum.1 + 1);
            }
        }
        assert!(same.0 / same.1 as f32 > 2.0 * apart.0 / apart.1 as f32);
    }
}
