//! Networks that learn a cipher: models whose skill grows evenly with their size.
//!
//! A table says, for each pair of neighbouring letters, what letter the second becomes. The table has no rule to be
//! found, so a network must remember it entry by entry, common pairs first: with each doubling of its size it gets more
//! of them right. A task made of many steps is a piece of text: it passes when every letter is right.

use rand::RngExt;

use super::letters::{LETTERS, Writer};
use super::net::{Adam, Input, Net, Pass, Shape, Unit, softmax};
use crate::frame::{Context, Rng};

const BATCH: usize = 32;

/// A pair of neighbouring letters, as a number.
pub(super) type Pair = usize;

/// A trained network's answers.
pub(super) struct Reader {
    /// Weights and biases.
    pub(super) parameters: usize,
    /// For each pair, the shares it gives to the letters.
    pub(super) shares: Vec<[f32; LETTERS]>,
}

/// Networks of several widths, and the cipher's true letter for each pair.
pub(super) struct Pool {
    pub(super) readers: Vec<Reader>,
    pub(super) truth: Vec<usize>,
}

/// Trains one network a width on the same cipher for the same number of steps. Tells its progress up to `until`.
pub(super) fn pool(context: &Context<'_>, widths: &[usize], steps: usize, until: f64) -> Pool {
    let mut rng = context.rng(1);
    let truth: Vec<usize> = (0..LETTERS * LETTERS)
        .map(|_| rng.random_range(0..LETTERS))
        .collect();
    let work: usize = widths.iter().sum();
    let mut done = 0;
    let mut readers = Vec::new();
    for &width in widths {
        let rng = context.rng(1000 + width as u64);
        readers.push(read(&train(&truth, width, steps, rng)));
        done += width;
        let what = format!("a network of {width} units");
        context.progress(until * done as f64 / work as f64, &what);
    }
    Pool { readers, truth }
}

/// A pair as a network's input: one feature a letter.
fn inputs(pair: Pair) -> [Input; 2] {
    [(pair / LETTERS, 1.0), (LETTERS + pair % LETTERS, 1.0)]
}

fn train(truth: &[usize], width: usize, steps: usize, mut rng: Rng) -> Net {
    let shape = Shape {
        inputs: 2 * LETTERS,
        hidden: width,
        outputs: LETTERS,
        unit: Unit::Relu,
        gated: false,
    };
    let mut adam = Adam::new(Net::new(shape, 2.0, &mut rng));
    let mut text = Pairs(Writer::new(rng));
    for step in 0..steps {
        for _ in 0..BATCH {
            let pair = text.next();
            adam.example(&inputs(pair), truth[pair]);
        }
        // Over the second half the steps grow shorter, so that networks of one width come out alike.
        let left = 1.0 - step as f32 / steps as f32;
        adam.step(0.02 * (2.0 * left).min(1.0));
    }
    adam.net
}

fn read(net: &Net) -> Reader {
    let mut pass = Pass::default();
    let shares = (0..LETTERS * LETTERS).map(|pair| {
        net.run(&inputs(pair), &mut pass);
        softmax(&mut pass.outputs);
        std::array::from_fn(|letter| pass.outputs[letter])
    });
    Reader {
        parameters: net.shape.parameters(),
        shares: shares.collect(),
    }
}

impl Reader {
    /// The letter that the network finds likeliest for a pair.
    pub(super) fn best(&self, pair: Pair) -> usize {
        let shares = &self.shares[pair];
        let better = |best, letter| {
            if shares[letter] > shares[best] {
                letter
            } else {
                best
            }
        };
        (1..LETTERS).fold(0, better)
    }
}

/// Running text as pairs of neighbours.
struct Pairs(Writer);

impl Pairs {
    fn next(&mut self) -> Pair {
        let (before, letter) = self.0.next();
        usize::from(before[2]) * LETTERS + usize::from(letter)
    }
}

/// Tasks: pieces of text, each `length` letters to decipher.
pub(super) fn tasks(length: usize, count: usize, rng: Rng) -> Vec<Vec<Pair>> {
    let mut text = Pairs(Writer::new(rng));
    let mut task = || (0..length).map(|_| text.next()).collect();
    (0..count).map(|_| task()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_wide_network_remembers_more_of_the_cipher() {
        let mut rng = Rng::seed_from_u64(1);
        let truth: Vec<usize> = (0..LETTERS * LETTERS)
            .map(|_| rng.random_range(0..LETTERS))
            .collect();
        let pairs = tasks(2000, 1, Rng::seed_from_u64(9)).concat();
        let right = |width| {
            let reader = read(&train(&truth, width, 300, Rng::seed_from_u64(2)));
            let right = pairs
                .iter()
                .filter(|&&pair| reader.best(pair) == truth[pair]);
            right.count() as f64 / pairs.len() as f64
        };
        let (narrow, wide) = (right(2), right(24));
        // Letters at random are right once in 28.
        assert!(narrow > 0.1 && wide > narrow + 0.2, "{narrow} {wide}");
    }
}
