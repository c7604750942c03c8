//! One layer of attention over words, its pretraining, and its training on pairs.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use super::corpus::{Corpus, FIRST, MASK, QUERY, TEXT, VOCABULARY};
use crate::autograd::{Adam, Attention, Matrix, Slot, Tape, Var, Weights};
use crate::frame::Rng;
use crate::retrieval::measures::{ranking, reciprocal_rank};

const WIDTH: usize = 32;
/// Numbers of the first token's vector beside words, and words kept beside it.
const SHORT: usize = 16;
const BATCH: usize = 32;
/// Share of words hidden from the encoder, and of those hidden from each position of the decoder.
const HIDDEN: [f64; 2] = [0.3, 0.5];

/// What an encoder is pretrained on, beside masked words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Losses {
    rebuilding: bool,
    words: bool,
}

impl Losses {
    pub(super) const MASKED: Losses = Losses {
        rebuilding: false,
        words: false,
    };
    pub(super) const REBUILDING: Losses = Losses {
        rebuilding: true,
        words: false,
    };
    pub(super) const DUPLEX: Losses = Losses {
        rebuilding: true,
        words: true,
    };
}

/// Which part of what the encoder says represents a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uses {
    /// The first token's vector.
    First,
    /// Its short form.
    ShortFirst,
    /// The greatest word logits.
    Words,
    /// Short form and words.
    Both,
}

/// A layer: attention, then two maps with a bend between them, both added to what came in.
#[derive(Debug, Clone, Copy)]
struct Layer {
    look: [Slot; 4],
    inner: Slot,
    outer: Slot,
}

/// Words to vectors.
#[derive(Clone)]
pub(super) struct Encoder {
    weights: Weights,
    words: Slot,
    positions: Slot,
    layer: Layer,
    decoder: Layer,
    /// Bias of the word logits, which are inner products with the words' own vectors.
    bias: Slot,
    short: Slot,
}

/// A batch's representations.
struct Represented {
    dense: Option<Var>,
    words: Option<Var>,
}

impl Encoder {
    pub(super) fn new(rng: &mut Rng) -> Encoder {
        let mut weights = Weights::new();
        let mut table =
            |rows: usize, size: f32| weights.dense(rows, WIDTH, size * (rows as f32).sqrt(), rng);
        let (words, positions) = (table(VOCABULARY, 0.3), table(TEXT + 1, 0.1));
        let mut layer = || Layer {
            look: [(); 4].map(|()| weights.dense(WIDTH, WIDTH, 1.0, rng)),
            inner: weights.dense(WIDTH, 2 * WIDTH, 1.4, rng),
            outer: weights.dense(2 * WIDTH, WIDTH, 0.7, rng),
        };
        let (layer, decoder) = (layer(), layer());
        let bias = weights.bias(VOCABULARY);
        let short = weights.dense(WIDTH, SHORT, 1.0, rng);
        Encoder {
            weights,
            words,
            positions,
            layer,
            decoder,
            bias,
            short,
        }
    }

    /// Vectors of words at their positions, for texts of `length` words; position 0 is the first token's.
    fn embedded(&self, tape: &mut Tape, words: &[usize], length: usize, from: usize) -> Var {
        let (table, positions) = (
            tape.weights(&self.weights, self.words),
            tape.weights(&self.weights, self.positions),
        );
        let places: Vec<usize> = (0..words.len()).map(|at| from + at % length).collect();
        let (words, places) = (tape.rows(table, words), tape.rows(positions, &places));
        tape.add(words, places)
    }

    fn through(&self, tape: &mut Tape, layer: Layer, from: Var, to: Var, how: Attention) -> Var {
        let [q, k, v, out] = layer.look.map(|slot| tape.weights(&self.weights, slot));
        let (asks, told) = (tape.normalised(from), tape.normalised(to));
        let (q, k, v) = (
            tape.product(asks, q),
            tape.product(told, k),
            tape.product(told, v),
        );
        let seen = tape.attention(q, k, v, how);
        let seen = tape.product(seen, out);
        let sum = tape.add(from, seen);
        let [inner, outer] = [layer.inner, layer.outer].map(|s| tape.weights(&self.weights, s));
        let open = tape.normalised(sum);
        let open = tape.product(open, inner);
        let open = tape.relu(open);
        let change = tape.product(open, outer);
        let sum = tape.add(sum, change);
        tape.normalised(sum)
    }

    /// States of texts of `length` words each: the first tokens', and the words'.
    fn states(&self, tape: &mut Tape, words: &[usize], length: usize) -> (Var, Var) {
        let with_first: Vec<usize> = words
            .chunks_exact(length)
            .flat_map(|text| std::iter::once(FIRST).chain(text.iter().copied()))
            .collect();
        let x = self.embedded(tape, &with_first, length + 1, 0);
        let how = Attention {
            queries: length + 1,
            keys: length + 1,
            visible: Vec::new(),
        };
        let states = self.through(tape, self.layer, x, x, how);
        let is_first = |at: &usize| at.is_multiple_of(length + 1);
        let (first, others): (Vec<usize>, Vec<usize>) = (0..with_first.len()).partition(is_first);
        (tape.rows(states, &first), tape.rows(states, &others))
    }

    /// A logit for each word of the vocabulary, one row a state.
    fn logits(&self, tape: &mut Tape, states: Var) -> Var {
        let table = tape.weights(&self.weights, self.words);
        let bias = tape.weights(&self.weights, self.bias);
        let products = tape.inner(states, table);
        tape.add_row(products, bias)
    }

    pub(super) fn pretrain(
        &mut self,
        corpus: &Corpus,
        losses: Losses,
        steps: usize,
        rng: &mut Rng,
    ) {
        let mut adam = Adam::new(3e-3);
        for step in 0..steps {
            adam.set_rate(3e-3 * (1.0 - 0.9 * step as f32 / steps as f32));
            let words: Vec<usize> = (0..BATCH)
                .flat_map(|_| corpus.texts[rng.random_range(0..corpus.texts.len())])
                .collect();
            let mut tape = Tape::new();
            let loss = self.pretraining_loss(&mut tape, &words, losses, rng);
            let gradients = tape.gradients(loss);
            adam.step(&mut self.weights, &gradients);
        }
    }

    fn pretraining_loss(
        &self,
        tape: &mut Tape,
        words: &[usize],
        losses: Losses,
        rng: &mut Rng,
    ) -> Var {
        let hidden: Vec<usize> = (0..words.len())
            .filter(|_| rng.random_bool(HIDDEN[0]))
            .collect();
        let mut seen = words.to_vec();
        hidden.iter().for_each(|&at| seen[at] = MASK);
        // Drawn whether it is used or not, so that all opponents see the same texts.
        let visible = decoder_mask(words.len(), rng);
        let (first, others) = self.states(tape, &seen, TEXT);

        let mut parts = Vec::new();
        if !hidden.is_empty() {
            let states = tape.rows(others, &hidden);
            let logits = self.logits(tape, states);
            let right: Vec<usize> = hidden.iter().map(|&at| words[at]).collect();
            parts.push(tape.cross_entropy(logits, &right));
        }
        if losses.rebuilding {
            parts.push(self.rebuilding(tape, first, words, visible));
        }
        if losses.words || parts.is_empty() {
            let logits = self.logits(tape, others);
            let greatest = tape.run_maxima(logits, TEXT);
            parts.push(tape.cross_entropy_to(greatest, bags(words)));
        }
        tape.sum(&parts)
    }

    /// Every word of the texts from the first token's vector and, position by position, some of the other words.
    fn rebuilding(&self, tape: &mut Tape, first: Var, words: &[usize], visible: Vec<bool>) -> Var {
        let texts = words.len() / TEXT;
        let of_text: Vec<usize> = (0..words.len()).map(|at| at / TEXT).collect();
        let positions = tape.weights(&self.weights, self.positions);
        let places: Vec<usize> = (0..words.len()).map(|at| 1 + at % TEXT).collect();
        let (repeated, places) = (tape.rows(first, &of_text), tape.rows(positions, &places));
        let queries = tape.add(repeated, places);
        // Keys: the first token's vector, then the words, text by text.
        let embedded = self.embedded(tape, words, TEXT, 1);
        let stacked = stack(tape, first, embedded);
        let order: Vec<usize> = (0..texts)
            .flat_map(|text| {
                std::iter::once(text).chain((0..TEXT).map(move |at| texts + text * TEXT + at))
            })
            .collect();
        let keys = tape.rows(stacked, &order);
        let how = Attention {
            queries: TEXT,
            keys: TEXT + 1,
            visible,
        };
        let told = self.through(tape, self.decoder, queries, keys, how);
        let logits = self.logits(tape, told);
        tape.cross_entropy(logits, words)
    }

    /// Training on pairs: each query must find its text among those of the batch.
    pub(super) fn train(&mut self, corpus: &Corpus, uses: Uses, steps: usize, rng: &mut Rng) {
        let mut adam = Adam::new(1e-3);
        let mut order: Vec<usize> = (0..corpus.labelled).collect();
        let right: Vec<usize> = (0..BATCH.min(order.len())).collect();
        for _ in 0..steps {
            order.shuffle(rng);
            let batch = &order[..right.len()];
            let words = |at: &usize| corpus.texts[*at];
            let texts: Vec<usize> = batch.iter().flat_map(words).collect();
            let asked: Vec<usize> = batch.iter().flat_map(|&at| corpus.queries[at]).collect();
            let mut tape = Tape::new();
            let texts = self.represent(&mut tape, &texts, TEXT, uses);
            let asked = self.represent(&mut tape, &asked, QUERY, uses);
            let scores = scores(&mut tape, &asked, &texts);
            let loss = tape.cross_entropy(scores, &right);
            let gradients = tape.gradients(loss);
            adam.step(&mut self.weights, &gradients);
        }
    }

    /// What stands for texts of `length` words. Of a text's word logits the greatest are kept, of a query's all
    /// that are above zero.
    fn represent(
        &self,
        tape: &mut Tape,
        words: &[usize],
        length: usize,
        uses: Uses,
    ) -> Represented {
        let (first, others) = self.states(tape, words, length);
        let dense = match uses {
            Uses::Words => None,
            Uses::First => Some(first),
            Uses::ShortFirst | Uses::Both => {
                let short = tape.weights(&self.weights, self.short);
                Some(tape.product(first, short))
            }
        };
        let told = matches!(uses, Uses::Words | Uses::Both).then(|| {
            let logits = self.logits(tape, others);
            let greatest = tape.run_maxima(logits, length);
            let open = tape.relu(greatest);
            if length != TEXT {
                return open;
            }
            let kept = greatest_of_rows(tape.value(open), SHORT);
            let kept = tape.constant(kept);
            tape.times(open, kept)
        });
        Represented { dense, words: told }
    }

    /// Mean reciprocal rank within ten of the queries that were not trained on, over all texts.
    pub(super) fn mrr(&self, corpus: &Corpus, uses: Uses) -> f64 {
        let mut tape = Tape::new();
        let texts: Vec<usize> = corpus.texts.iter().flatten().copied().collect();
        let texts = self.represent(&mut tape, &texts, TEXT, uses);
        let asked: Vec<usize> = corpus.queries[corpus.labelled..]
            .iter()
            .flatten()
            .copied()
            .collect();
        let asked = self.represent(&mut tape, &asked, QUERY, uses);
        let scores = scores(&mut tape, &asked, &texts);
        let rows = tape.value(scores).rows().into_iter().zip(corpus.labelled..);
        let ranks = rows.map(|(row, right)| {
            let order = ranking(row.iter().copied());
            reciprocal_rank(order.into_iter().map(|at| at == right), 10)
        });
        ranks.sum::<f64>() / (corpus.queries.len() - corpus.labelled) as f64
    }
}

/// Sums of the parts' inner products, one row a query.
fn scores(tape: &mut Tape, asked: &Represented, texts: &Represented) -> Var {
    let parts = [(asked.dense, texts.dense), (asked.words, texts.words)];
    let products: Vec<Var> = parts
        .into_iter()
        .filter_map(|(query, text)| Some(tape.inner(query?, text?)))
        .collect();
    tape.sum(&products)
}

/// The rows of one, then those of the other.
fn stack(tape: &mut Tape, a: Var, b: Var) -> Var {
    let (above, below) = (tape.value(a).nrows(), tape.value(b).nrows());
    let part = |from: usize, rows: usize| {
        Matrix::from_shape_fn(
            (above + below, rows),
            |(i, j)| if i == from + j { 1.0 } else { 0.0 },
        )
    };
    let (up, down) = (part(0, above), part(above, below));
    let (up, down) = (tape.constant(up), tape.constant(down));
    let (a, b) = (tape.product(up, a), tape.product(down, b));
    tape.add(a, b)
}

/// For each position of each text, which keys it sees: the first token always, itself never, of the others a random half.
fn decoder_mask(words: usize, rng: &mut Rng) -> Vec<bool> {
    let mut visible = Vec::with_capacity(words * (TEXT + 1));
    for at in 0..words {
        visible.push(true);
        visible.extend((0..TEXT).map(|key| {
            let seen = !rng.random_bool(HIDDEN[1]);
            seen && key != at % TEXT
        }));
    }
    visible
}

/// For each text the even distribution over its different words.
fn bags(words: &[usize]) -> Matrix {
    let mut bags = Matrix::zeros((words.len() / TEXT, VOCABULARY));
    for (text, mut bag) in words.chunks_exact(TEXT).zip(bags.rows_mut()) {
        text.iter().for_each(|&word| bag[word] = 1.0);
        let different = bag.sum();
        bag /= different;
    }
    bags
}

/// 1 where a number is among the `k` greatest of its row, 0 elsewhere.
fn greatest_of_rows(values: &Matrix, k: usize) -> Matrix {
    let mut kept = Matrix::zeros(values.dim());
    for (row, mut kept) in values.rows().into_iter().zip(kept.rows_mut()) {
        for at in ranking(row.iter().copied()).into_iter().take(k) {
            kept[at] = 1.0;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn sines(rows: usize, columns: usize, start: f64) -> Matrix {
        let at = |(i, j)| 3.0 * (start + (i * columns + j) as f64).sin() as f32;
        Matrix::from_shape_fn((rows, columns), at)
    }

    #[test]
    fn the_bag_of_words_loss_is_that_of_the_definition() {
        // Two texts of three and of two tokens over six words; the golden value is the mean of their losses.
        let mut tape = Tape::new();
        let logits = sines(6, 6, 601.0);
        let rows = |from: usize, to: usize| logits.slice(ndarray::s![from..to, ..]).to_owned();
        let mut loss = |logits: Matrix, target: [f32; 6]| {
            let length = logits.nrows();
            let logits = tape.constant(logits);
            let greatest = tape.run_maxima(logits, length);
            let target = Matrix::from_shape_vec((1, 6), target.to_vec()).unwrap();
            let loss = tape.cross_entropy_to(greatest, target);
            tape.number(loss)
        };
        let first = loss(rows(0, 3), [0.0, 0.5, 0.0, 0.0, 0.5, 0.0]);
        let second = loss(rows(3, 5), [0.0, 0.0, 0.5, 0.0, 0.0, 0.5]);
        assert!(((first + second) / 2.0 - 3.459_629_7).abs() < 1e-5);
        // As released, each different word weighs one by the text's length.
        let first = loss(rows(0, 3), [0.0, 1.0 / 3.0, 0.0, 0.0, 1.0 / 3.0, 0.0]);
        assert!(((first + second) / 2.0 - 2.862_013_3).abs() < 1e-5);
    }

    #[test]
    fn the_decoder_never_sees_the_word_that_it_must_tell() {
        let rng = &mut Rng::seed_from_u64(1);
        let encoder = Encoder::new(rng);
        let words: Vec<usize> = (0..TEXT).collect();
        let visible = decoder_mask(TEXT, rng);
        let told = |words: &[usize]| {
            let mut tape = Tape::new();
            let first = tape.constant(Matrix::ones((1, WIDTH)));
            let loss = encoder.rebuilding(&mut tape, first, words, visible.clone());
            tape.number(loss)
        };
        // Another word at place 5, told by place 5 alone: the others' losses move only where they may see it.
        for at in 0..TEXT {
            assert!(!visible[at * (TEXT + 1) + 1 + at] && visible[at * (TEXT + 1)]);
        }
        let mut other = words.clone();
        other[5] = 40;
        assert_ne!(told(&words), told(&other));
    }

    #[test]
    fn the_greatest_are_kept() {
        let kept = greatest_of_rows(&ndarray::arr2(&[[0.1, 0.9, 0.5, 0.7]]), 2);
        assert_eq!(kept, ndarray::arr2(&[[0.0, 1.0, 0.0, 1.0]]));
    }
}
