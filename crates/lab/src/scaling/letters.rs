//! Text without end whose entropy is known, and small language models of it.
//!
//! A model of three letters' context is counted from the starter shelf's summaries; what it writes looks a little like
//! English. Trained on what it writes, a network never sees the same text twice, and its loss can be compared with the
//! exact distribution at every place: the law's floor, the entropy, is a known number.

use std::sync::LazyLock;

use rand::RngExt;

use super::net::{Adam, Input, Net, Pass, Shape, Unit, softmax};
use crate::data::shelf;
use crate::frame::Rng;

/// Letters: a to z, the space between words, and the full stop.
pub(super) const LETTERS: usize = 28;
const SPACE: u8 = 26;
const STOP: u8 = 27;

/// How many letters decide about the next.
pub(super) const CONTEXT: usize = 3;

/// The letters before a place, the nearest last.
pub(super) type Before = [u8; CONTEXT];

/// The shelf's summaries as letters: everything else is a space, and spaces do not repeat.
pub(super) fn shelf_letters() -> Vec<u8> {
    let mut letters = Vec::new();
    for text in shelf() {
        for c in text.summary.chars().chain([' ']) {
            let letter = match c.to_ascii_lowercase() {
                c @ 'a'..='z' => c as u8 - b'a',
                '.' | '?' | '!' => STOP,
                _ => SPACE,
            };
            if letter != SPACE || letters.last() != Some(&SPACE) {
                letters.push(letter);
            }
        }
    }
    letters
}

/// A model that counts: the next letter's shares after `order` letters, each order mixed with the one below by Witten
/// and Bell's rule (IEEE Transactions on Information Theory 37, 1991): a context of T different successors among n
/// leaves T / (n + T) to the shorter context.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    order: usize,
    shares: Vec<[f32; LETTERS]>,
}

impl Counted {
    /// Counts a text. `order` is at most [`CONTEXT`].
    pub(super) fn from(text: &[u8], order: usize) -> Counted {
        let mut below = vec![[1.0 / LETTERS as f64; LETTERS]];
        for length in 0..=order {
            let contexts = LETTERS.pow(length as u32);
            let mut counts = vec![[0u32; LETTERS]; contexts];
            for window in text.windows(length + 1) {
                counts[place(&window[..length])][usize::from(window[length])] += 1;
            }
            let shorter = contexts / LETTERS;
            below = counts
                .iter()
                .enumerate()
                .map(|(at, counts)| mix(counts, &below[at % shorter.max(1)]))
                .collect();
        }
        let shares = below.iter().map(|row| row.map(|p| p as f32)).collect();
        Counted { order, shares }
    }

    /// The next letter's shares.
    pub(super) fn after(&self, before: &Before) -> &[f32; LETTERS] {
        &self.shares[place(&before[CONTEXT - self.order..])]
    }
}

/// A context's number: the farthest letter counts most, so that the shorter context is the remainder.
fn place(context: &[u8]) -> usize {
    let digits = context.iter().map(|&letter| usize::from(letter));
    digits.fold(0, |number, letter| number * LETTERS + letter)
}

fn mix(counts: &[u32; LETTERS], shorter: &[f64; LETTERS]) -> [f64; LETTERS] {
    let n: u32 = counts.iter().sum();
    let kinds = counts.iter().filter(|&&count| count > 0).count() as f64;
    if n == 0 {
        return *shorter;
    }
    let total = f64::from(n) + kinds;
    std::array::from_fn(|at| (f64::from(counts[at]) + kinds * shorter[at]) / total)
}

/// The model that writes the text that networks here learn from.
pub(super) fn source() -> &'static Counted {
    static SOURCE: LazyLock<Counted> = LazyLock::new(|| Counted::from(&shelf_letters(), CONTEXT));
    &SOURCE
}

/// Draws an index by its share.
pub(super) fn draw(shares: &[f32], rng: &mut Rng) -> usize {
    let mut left = rng.random::<f32>();
    for (at, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return at;
        }
    }
    shares.len() - 1
}

/// Text from the source, without end.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    before: Before,
    rng: Rng,
}

impl Writer {
    /// Starts at the beginning of a sentence.
    pub(super) fn new(rng: Rng) -> Writer {
        Writer {
            before: [SPACE, STOP, SPACE],
            rng,
        }
    }

    /// The next place: what stands before it, and its letter.
    pub(super) fn next(&mut self) -> (Before, u8) {
        let before = self.before;
        let letter = draw(source().after(&before), &mut self.rng) as u8;
        self.before = [before[1], before[2], letter];
        (before, letter)
    }

    /// Places apart from each other: what stands before each.
    pub(super) fn places(&mut self, count: usize) -> Vec<Before> {
        // Neighbouring places share letters; every seventh is nearly as good as an independent one.
        (0..count)
            .map(|_| {
                for _ in 0..6 {
                    self.next();
                }
                self.next().0
            })
            .collect()
    }
}

/// A context as a network's input: one feature a place.
pub(super) fn inputs(before: &Before) -> [Input; CONTEXT] {
    std::array::from_fn(|at| (at * LETTERS + usize::from(before[at]), 1.0))
}

/// A network for letters.
pub(super) fn network(hidden: usize, unit: Unit, gated: bool, rng: &mut Rng) -> Net {
    let shape = Shape {
        inputs: CONTEXT * LETTERS,
        hidden,
        outputs: LETTERS,
        unit,
        gated,
    };
    Net::new(shape, CONTEXT as f32, rng)
}

/// Letters a step.
pub(super) const BATCH: usize = 32;

/// The step size for a width: narrow networks bear longer steps.
pub(super) fn rate(hidden: usize) -> f32 {
    0.01 * (32.0 / hidden as f32).sqrt().min(1.5)
}

/// Trains on the next letters of a text.
pub(super) fn train(
    adam: &mut Adam,
    writer: &mut Writer,
    steps: usize,
    rate: impl Fn(usize) -> f32,
) {
    for step in 0..steps {
        for _ in 0..BATCH {
            let (before, letter) = writer.next();
            adam.example(&inputs(&before), usize::from(letter));
        }
        adam.step(rate(step));
    }
}

/// A network's shares for the next letter; they stand in the pass.
pub(super) fn shares<'a>(net: &Net, before: &Before, pass: &'a mut Pass) -> &'a [f32] {
    net.run(&inputs(before), pass);
    softmax(&mut pass.outputs);
    &pass.outputs
}

/// The mean cross-entropy at these places against the source's exact shares, in nats a letter.
pub(super) fn loss(net: &Net, places: &[Before]) -> f64 {
    let mut pass = Pass::default();
    let losses = places.iter().map(|before| {
        net.run(&inputs(before), &mut pass);
        place_loss(&mut pass.outputs, before)
    });
    losses.sum::<f64>() / places.len() as f64
}

/// The cross-entropy of a network's outputs at a place, in nats; the outputs become shares.
pub(super) fn place_loss(outputs: &mut [f32], before: &Before) -> f64 {
    softmax(outputs);
    cross_entropy(source().after(before), outputs)
}

/// The source's mean entropy at these places, in nats a letter: what no model can go below.
pub(super) fn entropy(places: &[Before]) -> f64 {
    let entropies = places.iter().map(|before| {
        let truth = source().after(before);
        cross_entropy(truth, truth)
    });
    entropies.sum::<f64>() / places.len() as f64
}

fn cross_entropy(truth: &[f32], model: &[f32]) -> f64 {
    let terms = truth.iter().zip(model);
    terms
        .map(|(&p, &q)| -f64::from(p) * f64::from(q.max(1e-12)).ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn counting_mixes_orders_by_witten_and_bells_rule() {
        // "abab": order 0 has 2 of each among 4, 2 kinds: a = (2 + 2/28) / 6.
        let zero = Counted::from(&[0, 1, 0, 1], 0);
        let a = (2.0 + 2.0 / 28.0) / 6.0;
        assert!((zero.after(&[0; 3])[0] - a).abs() < 1e-6);
        // After "a" always "b", twice, one kind: b = (2 + b0) / 3.
        let one = Counted::from(&[0, 1, 0, 1], 1);
        assert!((one.after(&[9, 9, 0])[1] - (2.0 + a) / 3.0).abs() < 1e-6);
        // A context that never came leaves everything to the shorter one.
        assert_eq!(one.after(&[9, 9, 5])[0], zero.after(&[0; 3])[0]);
    }

    #[test]
    fn shares_add_up() {
        let mut writer = Writer::new(Rng::seed_from_u64(1));
        for before in writer.places(200) {
            let sum: f32 = source().after(&before).iter().sum();
            assert!((sum - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn no_model_is_below_the_entropy_and_training_comes_nearer() {
        let places = Writer::new(Rng::seed_from_u64(2)).places(500);
        let mut writer = Writer::new(Rng::seed_from_u64(3));
        let net = network(16, Unit::Relu, false, &mut Rng::seed_from_u64(4));
        let mut adam = Adam::new(net);
        let before = loss(&adam.net, &places);
        train(&mut adam, &mut writer, 300, |_| rate(16));
        let after = loss(&adam.net, &places);
        let floor = entropy(&places);
        assert!(
            floor < after && after < before - 0.5,
            "{floor} {after} {before}"
        );
        // English by three letters has between one and a half and two and a half nats a letter.
        assert!((1.2..2.5).contains(&floor), "{floor}");
    }
}
