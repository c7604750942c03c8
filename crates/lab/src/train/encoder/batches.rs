//! What a step learns from: titles with their abstracts, and texts with their teacher's vectors.

use rayon::prelude::*;

use encode::tokenizer::Tokenizer;

use super::papers::Paper;
use super::table::Bag;
use crate::train::random::Random;

/// How many of what a step takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    /// Pairs of a title and its abstract.
    pub(crate) pairs: usize,
    /// Texts with their teacher's vectors.
    pub(crate) taught: usize,
    /// Which share of a pair's tokens is left out, other ones each time: a paper must be known by all its words, not
    /// by one that no other paper has.
    pub(crate) dropout: f64,
}

/// One step's texts: titles, their abstracts in the same order, and the taught ones.
pub(crate) struct Batch {
    pub(crate) bags: Vec<Bag>,
    pub(crate) pairs: usize,
    /// Which of the taught texts.
    pub(crate) taught: Vec<usize>,
}

/// All texts, as tokens.
pub(crate) struct Batches {
    rows: usize,
    titles: Vec<Vec<u32>>,
    abstracts: Vec<Vec<u32>>,
    taught: Vec<Vec<u32>>,
}

impl Batches {
    /// The texts of `papers` and the `taught` ones, cut by `tokenizer` into tokens of `rows` kinds.
    pub(crate) fn new(
        tokenizer: &Tokenizer,
        rows: usize,
        papers: &[Paper],
        taught: &[String],
    ) -> Batches {
        let cut = |text: &str| {
            let mut tokens = Vec::new();
            tokenizer.for_each(text, |row, _| tokens.push(row));
            tokens
        };
        Batches {
            rows,
            titles: papers.par_iter().map(|paper| cut(&paper.title)).collect(),
            abstracts: (papers.par_iter())
                .map(|paper| cut(&paper.abstract_text))
                .collect(),
            taught: taught.par_iter().map(|text| cut(text)).collect(),
        }
    }

    /// How much of all texts each token is.
    pub(crate) fn frequencies(&self) -> Vec<f32> {
        let mut counts = vec![0_u32; self.rows];
        let texts = self.titles.iter().chain(&self.abstracts);
        texts.flatten().for_each(|row| counts[*row as usize] += 1);
        let all: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        counts
            .iter()
            .map(|count| (f64::from(*count) / all) as f32)
            .collect()
    }

    /// Draws a step's texts.
    pub(crate) fn draw(&self, kinds: Kinds, random: &mut Random) -> Batch {
        let papers: Vec<usize> = (0..kinds.pairs)
            .map(|_| random.below(self.titles.len()))
            .collect();
        let taught: Vec<usize> = (0..kinds.taught)
            .map(|_| random.below(self.taught.len()))
            .collect();
        let titles = papers.iter().map(|paper| &self.titles[*paper]);
        let abstracts = papers.iter().map(|paper| &self.abstracts[*paper]);
        let pairs: Vec<(&Vec<u32>, Random)> = (titles.chain(abstracts))
            .map(|text| (text, Random::new(random.next())))
            .collect();
        let thin = |(text, random): (&Vec<u32>, Random)| bag(thinned(text, kinds.dropout, random));
        let mut bags: Vec<Bag> = pairs.into_par_iter().map(thin).collect();
        bags.par_extend(
            taught
                .par_iter()
                .map(|text| bag(self.taught[*text].clone())),
        );
        Batch {
            bags,
            pairs: kinds.pairs,
            taught,
        }
    }
}

/// The tokens without a share of them, drawn at random.
fn thinned(tokens: &[u32], dropout: f64, mut random: Random) -> Vec<u32> {
    const WHOLE: usize = 1 << 20;
    let kept = ((1.0 - dropout) * WHOLE as f64) as usize;
    let mut tokens = tokens.to_vec();
    tokens.retain(|_| random.below(WHOLE) < kept);
    tokens
}

/// Tokens as a bag: each row once, with how often it occurs.
fn bag(mut rows: Vec<u32>) -> Bag {
    rows.sort_unstable();
    rows.chunk_by(|a, b| a == b)
        .map(|same| (same[0], same.len() as f32))
        .collect()
}
