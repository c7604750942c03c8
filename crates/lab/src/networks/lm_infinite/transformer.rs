//! A transformer of two layers with rotary positions: trained on the tape, read with any mask.

use std::sync::Arc;

use super::language::TOKENS;
use crate::autograd::{Angles, Attention, Matrix, Slot, Tape, Var, Weights, product};
use crate::frame::Rng;

/// Numbers of a token.
const WIDTH: usize = 32;
const HEADS: usize = 2;
/// Numbers of a head.
const HEAD: usize = WIDTH / HEADS;
const HIDDEN: usize = 64;
const LAYERS: usize = 2;
/// The base of rotary positions, as usual.
const BASE: f64 = 10_000.0;

/// A layer's weights: attention, then a hidden layer, each added to what came in after normalisation.
#[derive(Debug, Clone)]
struct Layer {
    query: Slot,
    key: Slot,
    value: Slot,
    out: Slot,
    up: Slot,
    up_bias: Slot,
    down: Slot,
}

/// Where the weights are.
#[derive(Debug, Clone)]
pub(super) struct Transformer {
    tokens: Slot,
    layers: Vec<Layer>,
    scores: Slot,
}

/// What a token may look at, beside that nothing looks ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    /// How many tokens back, itself included; `None`: all.
    pub(super) window: Option<usize>,
    /// How many tokens at the text's start, however far.
    pub(super) first: usize,
    /// The greatest distance that a position may tell; farther tokens seem to be there.
    pub(super) farthest: Option<usize>,
}

impl Sight {
    /// Everything before.
    pub(super) const ALL: Sight = Sight {
        window: None,
        first: 0,
        farthest: None,
    };

    fn sees(&self, query: usize, key: usize) -> bool {
        let near = self.window.is_none_or(|window| query - key < window);
        near || key < self.first
    }
}

/// What reading a text gave.
pub(super) struct Reading {
    /// Scores of the next token, a row for every token.
    pub(super) scores: Matrix,
    /// The last layer's first head: how much each token looks at each before it.
    pub(super) looks: Matrix,
}

impl Transformer {
    /// Untrained.
    pub(super) fn new(rng: &mut Rng) -> (Transformer, Weights) {
        let mut weights = Weights::new();
        // A token is one input of many: its row has the variance 1.
        let gain = (TOKENS as f32).sqrt();
        let tokens = weights.dense(TOKENS, WIDTH, gain, rng);
        let layers = (0..LAYERS).map(|_| Layer {
            query: weights.dense(WIDTH, WIDTH, 1.0, rng),
            key: weights.dense(WIDTH, WIDTH, 1.0, rng),
            value: weights.dense(WIDTH, WIDTH, 1.0, rng),
            out: weights.dense(WIDTH, WIDTH, 0.5, rng),
            up: weights.dense(WIDTH, HIDDEN, std::f32::consts::SQRT_2, rng),
            up_bias: weights.bias(HIDDEN),
            down: weights.dense(HIDDEN, WIDTH, 0.5, rng),
        });
        let layers = layers.collect();
        let scores = weights.dense(WIDTH, TOKENS, 1.0, rng);
        let transformer = Transformer {
            tokens,
            layers,
            scores,
        };
        (transformer, weights)
    }

    /// Scores of the next tokens for texts of one length, one after another: what is trained.
    pub(super) fn scores(
        &self,
        tape: &mut Tape,
        weights: &Weights,
        texts: &[usize],
        length: usize,
    ) -> Var {
        let angles = Arc::new(Angles::new(0..length, HEAD, BASE));
        let visible: Vec<bool> = (0..texts.len())
            .flat_map(|row| (0..length).map(move |key| key <= row % length))
            .collect();
        let table = tape.weights(weights, self.tokens);
        let mut x = tape.rows(table, texts);
        for layer in &self.layers {
            let [query, key, value, out] =
                [layer.query, layer.key, layer.value, layer.out].map(|s| tape.weights(weights, s));
            let seen = tape.normalised(x);
            let [q, k, v] = [query, key, value].map(|w| tape.product(seen, w));
            let mut heads = None;
            for head in 0..HEADS {
                let columns = head * HEAD..(head + 1) * HEAD;
                let [q, k, v] = [q, k, v].map(|all| tape.columns(all, columns.clone()));
                let (q, k) = (tape.turned(q, &angles), tape.turned(k, &angles));
                let how = Attention {
                    queries: length,
                    keys: length,
                    visible: visible.clone(),
                };
                let attended = tape.attention(q, k, v, how);
                heads = Some(match heads {
                    Some(others) => tape.join(others, attended),
                    None => attended,
                });
            }
            if let Some(heads) = heads {
                let attended = tape.product(heads, out);
                x = tape.add(x, attended);
            }
            let [up, bias, down] =
                [layer.up, layer.up_bias, layer.down].map(|s| tape.weights(weights, s));
            let seen = tape.normalised(x);
            let hidden = tape.linear(seen, up, bias);
            let hidden = tape.relu(hidden);
            let hidden = tape.product(hidden, down);
            x = tape.add(x, hidden);
        }
        let seen = tape.normalised(x);
        let scores = tape.weights(weights, self.scores);
        tape.product(seen, scores)
    }

    /// Reads one text of any length with a sight: the weights stay as they were trained.
    pub(super) fn read(&self, weights: &Weights, text: &[usize], sight: Sight) -> Reading {
        let angles = Angles::new(0..text.len(), HEAD, BASE);
        // A query that stands at the farthest distance from keys that stand at 0.
        let farthest = sight
            .farthest
            .map(|distance| (distance, Angles::new([distance], HEAD, BASE)));
        let mut looks = Matrix::zeros((text.len(), text.len()));
        let mut x = {
            let table = weights.get(self.tokens);
            Matrix::from_shape_fn((text.len(), WIDTH), |(i, j)| table[(text[i], j)])
        };
        for layer in &self.layers {
            let seen = normalised(&x);
            let [q, k, v] =
                [layer.query, layer.key, layer.value].map(|s| product(&seen, weights.get(s)));
            let mut attended = Matrix::zeros((text.len(), WIDTH));
            for head in 0..HEADS {
                let part = |all: &Matrix| {
                    let part = all.slice(ndarray::s![.., head * HEAD..(head + 1) * HEAD]);
                    Matrix::from_shape_fn(part.dim(), |at| part[at])
                };
                let (q, k, v) = (part(&q), part(&k), part(&v));
                let near = (angles.turn(&q, 1.0), angles.turn(&k, 1.0));
                let far = farthest
                    .as_ref()
                    .map(|(d, angles)| (*d, angles.turn(&q, 1.0), &k));
                let shares = shares(&near, far.as_ref(), sight);
                let out = product(&shares, &v);
                attended
                    .slice_mut(ndarray::s![.., head * HEAD..(head + 1) * HEAD])
                    .assign(&out);
                if head == 0 {
                    looks = shares;
                }
            }
            x += &product(&attended, weights.get(layer.out));
            let hidden = product(&normalised(&x), weights.get(layer.up));
            let hidden = (hidden + weights.get(layer.up_bias)).mapv(|h| h.max(0.0));
            x += &product(&hidden, weights.get(layer.down));
        }
        Reading {
            scores: product(&normalised(&x), weights.get(self.scores)),
            looks,
        }
    }
}

/// How much each query looks at each key: softmax of scaled inner products over what it sees. `near` are queries and keys
/// at their true positions; `far` has, for keys beyond a distance, the queries at that distance and the keys at 0.
fn shares(near: &(Matrix, Matrix), far: Option<&(usize, Matrix, &Matrix)>, sight: Sight) -> Matrix {
    let length = near.0.nrows();
    let scale = 1.0 / (HEAD as f32).sqrt();
    let inner = |a: &Matrix, i: usize, b: &Matrix, j: usize| -> f32 {
        (0..HEAD)
            .map(|column| a[(i, column)] * b[(j, column)])
            .sum()
    };
    let mut shares = Matrix::zeros((length, length));
    for query in 0..length {
        let mut greatest = f32::NEG_INFINITY;
        let seen: Vec<usize> = (0..=query).filter(|&key| sight.sees(query, key)).collect();
        for &key in &seen {
            let score = match far {
                Some((distance, queries, keys)) if query - key > *distance => {
                    inner(queries, query, keys, key)
                }
                _ => inner(&near.0, query, &near.1, key),
            };
            shares[(query, key)] = scale * score;
            greatest = greatest.max(scale * score);
        }
        let mut sum = 0.0;
        for &key in &seen {
            let share = (shares[(query, key)] - greatest).exp();
            shares[(query, key)] = share;
            sum += share;
        }
        for &key in &seen {
            shares[(query, key)] /= sum;
        }
    }
    shares
}

/// Rows at mean 0 and variance 1, as [`Tape::normalised`].
fn normalised(x: &Matrix) -> Matrix {
    let mut out = x.clone();
    for mut row in out.rows_mut() {
        let width = row.len() as f32;
        let mean = row.sum() / width;
        row -= mean;
        let deviation = (row.dot(&row) / width + 1e-5).sqrt();
        row /= deviation;
    }
    out
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn made() -> (Transformer, Weights) {
        Transformer::new(&mut Rng::seed_from_u64(1))
    }

    #[track_caller]
    fn same(a: &Matrix, b: &Matrix) {
        assert_eq!(a.dim(), b.dim());
        let off = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        let most = off.fold(0.0, f32::max);
        assert!(most < 1e-4, "{most}");
    }

    #[test]
    fn reading_everything_is_what_was_trained() {
        let (transformer, weights) = made();
        let texts = [16, 3, 4, 15, 0, 9, 17, 2, 2, 7, 1, 0];
        let mut tape = Tape::new();
        let trained = transformer.scores(&mut tape, &weights, &texts, 6);
        let trained = tape.value(trained);
        let read = |text: &[usize]| transformer.read(&weights, text, Sight::ALL).scores;
        same(
            &read(&texts[..6]),
            &trained.slice(ndarray::s![..6, ..]).to_owned(),
        );
        same(
            &read(&texts[6..]),
            &trained.slice(ndarray::s![6.., ..]).to_owned(),
        );
    }

    #[test]
    fn nothing_changes_within_the_window() {
        let (transformer, weights) = made();
        let text = [16, 3, 4, 15, 0, 9];
        let narrow = Sight {
            window: Some(6),
            first: 2,
            farthest: Some(5),
        };
        let all = transformer.read(&weights, &text, Sight::ALL);
        same(
            &transformer.read(&weights, &text, narrow).scores,
            &all.scores,
        );
    }

    #[test]
    fn the_mask_is_a_lambda_and_far_tokens_seem_nearer() {
        let (transformer, weights) = made();
        let text: Vec<usize> = (0..12).map(|at| at % TOKENS).collect();
        let sight = Sight {
            window: Some(3),
            first: 1,
            farthest: Some(4),
        };
        let looks = transformer.read(&weights, &text, sight).looks;
        let seen: Vec<usize> = (0..12).filter(|&key| looks[(10, key)] > 0.0).collect();
        assert_eq!(seen, [0, 8, 9, 10]);
        // Of the first key, a query at 10 must see what one at 4 would.
        let q = Matrix::from_shape_fn((12, HEAD), |(i, j)| ((i + 3 * j) as f32).sin());
        let k = Matrix::from_shape_fn((12, HEAD), |(i, j)| ((5 * i + j) as f32).cos());
        let angles = Angles::new(0..12, HEAD, BASE);
        let near = (angles.turn(&q, 1.0), angles.turn(&k, 1.0));
        let at_four = Angles::new([4], HEAD, BASE).turn(&q, 1.0);
        let far = (4, at_four, &k);
        let clamped = shares(&near, Some(&far), Sight { first: 12, ..sight });
        // By hand: distances above 4 are 4.
        let turned = |row: usize, by: usize| {
            Angles::new([by], HEAD, BASE)
                .turn(&q.row(row).insert_axis(ndarray::Axis(0)).to_owned(), 1.0)
        };
        let scores: Vec<f32> = (0..=10)
            .map(|key| {
                let query = turned(10, (10 - key).min(4));
                query.row(0).dot(&k.row(key)) / (HEAD as f32).sqrt()
            })
            .collect();
        let sum: f32 = scores.iter().map(|s| s.exp()).sum();
        for (key, score) in scores.iter().enumerate() {
            assert!(
                (clamped[(10, key)] - score.exp() / sum).abs() < 1e-5,
                "{key}"
            );
        }
    }
}
