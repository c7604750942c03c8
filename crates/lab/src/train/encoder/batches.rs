//! What a step learns from: pairs of texts that belong together, and texts with their teacher's vectors.

use rayon::prelude::*;

use encode::tokenizer::Tokenizer;

use super::papers::Paper;
use super::sentences;
use super::table::Bag;
use crate::train::random::Random;

/// How many of what a step takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kinds {
    /// Pairs of texts.
    pub(crate) pairs: usize,
    /// Which share of them is a sentence with the rest of its abstract, the others being title and abstract.
    pub(crate) sentence_share: f64,
    /// Texts with their teacher's vectors.
    pub(crate) taught: usize,
}

/// One step's texts: the first half of the pairs, the other half, and the taught ones.
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
    /// Of each abstract, the sentences.
    abstracts: Vec<Vec<Vec<u32>>>,
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
        let sentences = |paper: &Paper| sentences::split(&paper.abstract_text).map(cut).collect();
        Batches {
            rows,
            titles: papers.par_iter().map(|paper| cut(&paper.title)).collect(),
            abstracts: papers.par_iter().map(sentences).collect(),
            taught: taught.par_iter().map(|text| cut(text)).collect(),
        }
    }

    /// How much of all texts each token is.
    pub(crate) fn frequencies(&self) -> Vec<f32> {
        let mut counts = vec![0_u32; self.rows];
        let texts = self.titles.iter().chain(self.abstracts.iter().flatten());
        texts.flatten().for_each(|row| counts[*row as usize] += 1);
        let all: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        counts
            .iter()
            .map(|count| (f64::from(*count) / all) as f32)
            .collect()
    }

    /// Draws a step's texts.
    pub(crate) fn draw(&self, kinds: Kinds, random: &mut Random) -> Batch {
        let sentence_pairs = (kinds.pairs as f64 * kinds.sentence_share) as usize;
        let drawn: Vec<(usize, Random)> = (0..kinds.pairs)
            .map(|_| (random.below(self.titles.len()), Random::new(random.next())))
            .collect();
        let pairs: Vec<(Bag, Bag)> = drawn
            .into_par_iter()
            .enumerate()
            .map(|(n, (paper, mut random))| match n < sentence_pairs {
                true => self.sentence_and_rest(paper, &mut random),
                false => (
                    bag(&self.titles[paper]),
                    bag(self.abstracts[paper].iter().flatten()),
                ),
            })
            .collect();
        let taught: Vec<usize> = (0..kinds.taught)
            .map(|_| random.below(self.taught.len()))
            .collect();
        let (mut bags, positives): (Vec<Bag>, Vec<Bag>) = pairs.into_iter().unzip();
        bags.extend(positives);
        bags.par_extend(taught.par_iter().map(|text| bag(&self.taught[*text])));
        Batch {
            bags,
            pairs: kinds.pairs,
            taught,
        }
    }

    /// A sentence of an abstract, and all its others.
    fn sentence_and_rest(&self, paper: usize, random: &mut Random) -> (Bag, Bag) {
        let sentences = &self.abstracts[paper];
        let chosen = random.below(sentences.len());
        let rest = sentences.iter().enumerate().filter(|(n, _)| *n != chosen);
        let rest: Vec<u32> = rest.flat_map(|(_, sentence)| sentence).copied().collect();
        let one = sentences.get(chosen).map_or(&[][..], |s| s);
        (bag(one), bag(&rest))
    }
}

/// Tokens as a bag: each row once, with how often it occurs.
fn bag<'a>(tokens: impl IntoIterator<Item = &'a u32>) -> Bag {
    let mut rows: Vec<u32> = tokens.into_iter().copied().collect();
    rows.sort_unstable();
    rows.chunk_by(|a, b| a == b)
        .map(|same| (same[0], same.len() as f32))
        .collect()
}
