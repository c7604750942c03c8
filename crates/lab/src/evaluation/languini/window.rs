//! The feed-forward model: the last [`CONTEXT`] signs as vectors side by side, one hidden layer, scores of the next sign.

use crate::frame::Rng;

use super::dense::{Dense, Learned, loss};
use super::text::SIGNS;
use super::{CONTEXT, Model, STRETCH};

/// Numbers a sign.
const VECTOR: usize = 8;

pub(super) struct Window {
    vectors: Learned,
    hidden: Dense,
    out: Dense,
    width: usize,
    steps: i32,
}

/// One prediction on its way.
struct Pass {
    x: Vec<f32>,
    hidden: Vec<f32>,
    scores: Vec<f32>,
}

impl Window {
    pub(super) fn new(width: usize, rng: &mut Rng) -> Window {
        Window {
            vectors: Learned::normal(SIGNS * VECTOR, 0.5, rng),
            hidden: Dense::new(CONTEXT * VECTOR, width, 0.0, rng),
            out: Dense::new(width, SIGNS, 0.0, rng),
            width,
            steps: 0,
        }
    }

    fn pass(&self) -> Pass {
        Pass {
            x: vec![0.0; CONTEXT * VECTOR],
            hidden: vec![0.0; self.width],
            scores: vec![0.0; SIGNS],
        }
    }

    fn forward(&self, before: &[u8], pass: &mut Pass) {
        for (x, &sign) in pass.x.chunks_exact_mut(VECTOR).zip(before) {
            x.copy_from_slice(&self.vectors.values[usize::from(sign) * VECTOR..][..VECTOR]);
        }
        self.hidden.forward(&pass.x, &mut pass.hidden);
        pass.hidden.iter_mut().for_each(|h| *h = h.max(0.0));
        self.out.forward(&pass.hidden, &mut pass.scores);
    }
}

impl Model for Window {
    fn cost(&self) -> f64 {
        3.0 * (self.hidden.cost() + self.out.cost()) as f64
    }

    fn learn(&mut self, streams: &[Vec<u8>], at: usize, rate: f32) {
        let mut pass = self.pass();
        let scale = 1.0 / (streams.len() * STRETCH) as f32;
        for stream in streams {
            for place in at..at + STRETCH {
                let before = &stream[place - CONTEXT..place];
                self.forward(before, &mut pass);
                loss(&mut pass.scores, stream[place]);
                pass.scores.iter_mut().for_each(|score| *score *= scale);
                let mut dh = vec![0.0; self.width];
                self.out.backward(&pass.hidden, &pass.scores, &mut dh);
                for (dh, h) in dh.iter_mut().zip(&pass.hidden) {
                    *dh = if *h > 0.0 { *dh } else { 0.0 };
                }
                let mut dx = vec![0.0; CONTEXT * VECTOR];
                self.hidden.backward(&pass.x, &dh, &mut dx);
                for (dx, &sign) in dx.chunks_exact(VECTOR).zip(before) {
                    let slopes = &mut self.vectors.slopes[usize::from(sign) * VECTOR..][..VECTOR];
                    slopes
                        .iter_mut()
                        .zip(dx)
                        .for_each(|(slope, dx)| *slope += dx);
                }
            }
        }
        self.steps += 1;
        self.vectors.step(rate, self.steps);
        self.hidden.step(rate, self.steps);
        self.out.step(rate, self.steps);
    }

    fn bits(&self, text: &[u8]) -> f64 {
        let mut pass = self.pass();
        let mut sum = 0.0;
        for place in CONTEXT..text.len() {
            self.forward(&text[place - CONTEXT..place], &mut pass);
            sum += loss(&mut pass.scores, text[place]);
        }
        sum / (text.len() - CONTEXT) as f64
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn it_learns_what_a_window_can_show() {
        // Signs in a circle of five: after learning, each is sure.
        let stream: Vec<u8> = (0..2000).map(|at| (at % 5) as u8).collect();
        let mut model = Window::new(16, &mut Rng::seed_from_u64(1));
        let before = model.bits(&stream[..200]);
        for step in 0..60 {
            model.learn(
                std::slice::from_ref(&stream),
                CONTEXT + step * STRETCH,
                1e-2,
            );
        }
        let after = model.bits(&stream[..200]);
        assert!(before > 3.0 && after < 0.1, "{before} {after}");
    }
}
