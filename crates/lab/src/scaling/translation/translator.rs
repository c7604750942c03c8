//! An encoder and a decoder, trained together.

use super::language::{Language, Place, target_shares};
use crate::frame::{Context, Rng};
use crate::scaling::letters::{BATCH, LETTERS, rate};
use crate::scaling::net::{Adam, Input, Net, Shape, Unit, softmax};

/// Numbers that the encoder hands on.
const CODE: usize = 8;

/// An encoder and a decoder that learn together.
pub(super) struct Translator {
    pub(super) encoder: Adam,
    pub(super) decoder: Adam,
    rates: (f32, f32),
}

impl Translator {
    pub(super) fn new(encoder: usize, decoder: usize, context: &Context<'_>) -> Translator {
        let shape = |inputs, hidden, outputs| Shape {
            inputs,
            hidden,
            outputs,
            unit: Unit::Relu,
            gated: false,
        };
        let net = |shape: Shape, energy, purpose: usize| {
            Adam::new(Net::new(shape, energy, &mut context.rng(purpose as u64)))
        };
        Translator {
            encoder: net(shape(2 * LETTERS, encoder, CODE), 2.0, 100 + encoder),
            // The code is small at first; the last letter counts one.
            decoder: net(shape(CODE + LETTERS, decoder, LETTERS), 3.0, 200 + decoder),
            // Two layers in a row learn more slowly than one.
            rates: (2.0 * rate(encoder), 2.0 * rate(decoder)),
        }
    }

    /// Runs both: the decoder's outputs then stand in its pass. Gives back the inputs of each.
    pub(super) fn run(&mut self, (pair, last): Place) -> ([Input; 2], Vec<Input>) {
        let source = [(pair / LETTERS, 1.0), (LETTERS + pair % LETTERS, 1.0)];
        self.encoder.net.run(&source, &mut self.encoder.pass);
        let code = self.encoder.pass.outputs.iter().copied().enumerate();
        let inputs: Vec<Input> = code.chain([(CODE + last, 1.0)]).collect();
        self.decoder.net.run(&inputs, &mut self.decoder.pass);
        (source, inputs)
    }

    pub(super) fn learn(&mut self, place: Place, letter: usize) {
        let (source, inputs) = self.run(place);
        let mut slopes = self.decoder.pass.outputs.clone();
        softmax(&mut slopes);
        slopes[letter] -= 1.0;
        self.decoder.learn(&inputs, &slopes);
        let (net, pass) = (&self.decoder.net, &self.decoder.pass);
        let back: Vec<f32> = (0..CODE).map(|at| net.slope_by_input(at, pass)).collect();
        self.encoder.learn(&source, &back);
    }

    pub(super) fn train(&mut self, language: &Language, steps: usize, rng: Rng) {
        let mut text = language.text(rng);
        for step in 0..steps {
            for (place, letter) in text.by_ref().take(BATCH) {
                self.learn(place, letter);
            }
            let left = (2.0 * (1.0 - step as f32 / steps as f32)).min(1.0);
            self.encoder.step(self.rates.0 * left);
            self.decoder.step(self.rates.1 * left);
        }
    }

    /// The mean cross-entropy against the exact shares, in nats a letter.
    pub(super) fn loss(&mut self, language: &Language, places: &[Place]) -> f64 {
        let (right, other) = target_shares();
        let mut sum = 0.0;
        for &place in places {
            self.run(place);
            let outputs = &mut self.decoder.pass.outputs;
            softmax(outputs);
            let translation = language.translation(place);
            for (letter, share) in outputs.iter().enumerate() {
                let truth = if letter == translation { right } else { other };
                sum -= truth * f64::from(share.max(1e-12)).ln();
            }
        }
        sum / places.len() as f64
    }
}
