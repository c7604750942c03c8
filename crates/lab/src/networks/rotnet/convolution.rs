//! A small convolutional network for pictures of 8 by 8.

use std::sync::Arc;

use crate::autograd::{Matrix, NOWHERE, Slot, Tape, Var, Weights};
use crate::frame::Rng;

/// Channels after the first and after the second layer.
const CHANNELS: (usize, usize) = (8, 16);
/// Numbers that the second layer leaves of a picture.
pub(super) const FEATURES: usize = 4 * CHANNELS.1;
/// The side of the windows.
pub(super) const WINDOW: usize = 3;

/// Two layers of 3 by 3 windows, each followed by ReLU and the maxima of 2 by 2 blocks, and a linear layer for classes.
#[derive(Debug, Clone)]
pub(super) struct Network {
    /// Where the first layer's windows are: 9 rows of pixels, a column each.
    pub(super) first: Slot,
    first_bias: Slot,
    second: Slot,
    second_bias: Slot,
    head: Slot,
    head_bias: Slot,
    // What each place of a layer looks at.
    looks: (Arc<[u32]>, Arc<[u32]>),
}

impl Network {
    /// Untrained, with weights of variance 2 / inputs (He et al. 2015).
    pub(super) fn new(classes: usize, rng: &mut Rng) -> (Network, Weights) {
        let gain = std::f32::consts::SQRT_2;
        let mut weights = Weights::new();
        let area = WINDOW * WINDOW;
        let network = Network {
            first: weights.dense(area, CHANNELS.0, gain, rng),
            first_bias: weights.bias(CHANNELS.0),
            second: weights.dense(area * CHANNELS.0, CHANNELS.1, gain, rng),
            second_bias: weights.bias(CHANNELS.1),
            head: weights.dense(FEATURES, classes, 1.0, rng),
            head_bias: weights.bias(classes),
            looks: (windows(8, 1), windows(4, CHANNELS.0)),
        };
        (network, weights)
    }

    /// What the second layer makes of pictures, [`FEATURES`] numbers each; a picture is a row of 64 pixels.
    pub(super) fn features(&self, tape: &mut Tape, weights: &Weights, pictures: Matrix) -> Var {
        let pictures = tape.constant(pictures);
        let layers = [
            (
                &self.looks.0,
                self.first,
                self.first_bias,
                WINDOW * WINDOW,
                16 * CHANNELS.0,
            ),
            (
                &self.looks.1,
                self.second,
                self.second_bias,
                WINDOW * WINDOW * CHANNELS.0,
                FEATURES,
            ),
        ];
        layers
            .into_iter()
            .fold(pictures, |from, (looks, filter, bias, window, numbers)| {
                let seen = tape.gathered(from, looks);
                let seen = tape.reshaped(seen, window);
                let (filter, bias) = (tape.weights(weights, filter), tape.weights(weights, bias));
                let out = tape.linear(seen, filter, bias);
                let out = tape.relu(out);
                let greatest = tape.run_maxima(out, 4);
                tape.reshaped(greatest, numbers)
            })
    }

    /// Scores of the classes.
    pub(super) fn scores(&self, tape: &mut Tape, weights: &Weights, pictures: Matrix) -> Var {
        let features = self.features(tape, weights, pictures);
        let head = tape.weights(weights, self.head);
        let bias = tape.weights(weights, self.head_bias);
        tape.linear(features, head, bias)
    }
}

/// Which numbers of a picture (rows of `side` places of `channels` numbers) the window around each place holds, zeros
/// beyond the edge. Places come block by block of 2 by 2, so that a block's maxima are those of four neighbouring rows.
fn windows(side: usize, channels: usize) -> Arc<[u32]> {
    let mut all = Vec::new();
    let half = side / 2;
    for place in 0..side * side {
        let (block, within) = (place / 4, place % 4);
        let y = 2 * (block / half) + within / 2;
        let x = 2 * (block % half) + within % 2;
        for (dy, dx) in (0..WINDOW).flat_map(|dy| (0..WINDOW).map(move |dx| (dy, dx))) {
            // One to the left of 0 wraps to a large number, which is beyond the edge too.
            let (y, x) = ((y + dy).wrapping_sub(1), (x + dx).wrapping_sub(1));
            let inside = y < side && x < side;
            all.extend((0..channels).map(|channel| match inside {
                true => ((y * side + x) * channels + channel) as u32,
                false => NOWHERE,
            }));
        }
    }
    all.into()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn windows_are_around_their_places_and_come_in_blocks() {
        let of_four = windows(4, 1);
        assert_eq!(of_four.len(), 16 * 9);
        let n = NOWHERE;
        // The corner's window.
        assert_eq!(of_four[..9], [n, n, n, n, 0, 1, n, 4, 5]);
        // The fourth place of the first block is (1, 1), the first of the second block (0, 2).
        assert_eq!(of_four[27..36], [0, 1, 2, 4, 5, 6, 8, 9, 10]);
        assert_eq!(of_four[36..45], [n, n, n, 1, 2, 3, 5, 6, 7]);
        // With two channels a place is two numbers.
        assert_eq!(windows(4, 2)[8..12], [0, 1, 2, 3]);
    }

    #[test]
    fn one_filter_by_hand() {
        // A first layer that sees only the middle of its window, a second one that adds up the nine places of channel 0.
        let (network, mut weights) = Network::new(4, &mut Rng::seed_from_u64(1));
        weights.get_mut(network.first).fill(0.0);
        weights.get_mut(network.first)[(4, 0)] = 1.0;
        weights.get_mut(network.second).fill(0.0);
        for at in 0..9 {
            weights.get_mut(network.second)[(at * CHANNELS.0, 0)] = 1.0;
        }
        let mut picture = Matrix::zeros((1, 64));
        picture[(0, 0)] = 3.0;
        picture[(0, 1)] = 5.0;
        picture[(0, 63)] = 2.0;
        let mut tape = Tape::new();
        let features = network.features(&mut tape, &weights, picture);
        let features = tape.value(features);
        assert_eq!(features.dim(), (1, FEATURES));
        // Blocks of the left upper quarter see 5, those of the right lower one 2.
        let first: Vec<f32> = (0..4)
            .map(|block| features[(0, block * CHANNELS.1)])
            .collect();
        assert_eq!(first, [5.0, 0.0, 0.0, 2.0]);
    }
}
