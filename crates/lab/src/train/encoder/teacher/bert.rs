//! BERT's forward pass (Devlin et al. 2019) with mean pooling, as sentence-transformers uses it.

use anyhow::{Result, ensure};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis, s};

use super::weights::Weights;
use crate::train::encoder::math::{erf, exp};

/// Numbers that one head looks at; all BERT models of this family share it with their size.
const HEAD: usize = 32;
/// BERT's constant against division by zero.
const EPSILON: f32 = 1e-12;

/// The network.
pub(super) struct Bert {
    words: Array2<f32>,
    positions: Array2<f32>,
    kind: Array1<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Queries, keys and values from one product.
    attention: Linear,
    output: Linear,
    output_norm: Norm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: Norm,
}

struct Linear {
    /// One column an output.
    weight: Array2<f32>,
    bias: Array1<f32>,
}

struct Norm {
    weight: Array1<f32>,
    bias: Array1<f32>,
}

impl Bert {
    /// The network in a safetensors file's bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Bert> {
        let weights = Weights::read(bytes)?;
        let layers = weights.count("encoder.layer.", ".output.dense.weight");
        let bert = Bert {
            words: weights.matrix("embeddings.word_embeddings.weight")?,
            positions: weights.matrix("embeddings.position_embeddings.weight")?,
            kind: weights
                .matrix("embeddings.token_type_embeddings.weight")?
                .row(0)
                .to_owned(),
            norm: Norm::read(&weights, "embeddings.LayerNorm")?,
            layers: (0..layers)
                .map(|n| Layer::read(&weights, n))
                .collect::<Result<_>>()?,
        };
        ensure!(layers > 0, "no layers");
        ensure!(bert.dim().is_multiple_of(HEAD), "heads do not fit");
        Ok(bert)
    }

    /// Numbers in a vector.
    pub(super) fn dim(&self) -> usize {
        self.words.ncols()
    }

    /// The mean of the last layer's vectors, at unit length, of texts that all have the same number of tokens.
    pub(super) fn encode(&self, texts: &[&[u32]]) -> Vec<Vec<f32>> {
        let length = texts.first().map_or(0, |text| text.len());
        let mut states = Array2::zeros((texts.len() * length, self.dim()));
        for (text, mut states) in texts
            .iter()
            .zip(states.axis_chunks_iter_mut(Axis(0), length.max(1)))
        {
            for (at, (id, mut state)) in text.iter().zip(states.rows_mut()).enumerate() {
                state += &self.words.row(*id as usize);
                state += &self.positions.row(at);
                state += &self.kind;
            }
        }
        self.norm.apply(&mut states);
        for layer in &self.layers {
            layer.apply(&mut states, length);
        }
        let pool = |states: ArrayView2<'_, f32>| {
            let sum = states.sum_axis(Axis(0));
            let norm = sum.dot(&sum).sqrt();
            (sum / norm).to_vec()
        };
        states
            .axis_chunks_iter(Axis(0), length.max(1))
            .map(pool)
            .collect()
    }
}

impl Layer {
    fn read(weights: &Weights<'_>, n: usize) -> Result<Layer> {
        let name = |part: &str| format!("encoder.layer.{n}.{part}");
        let parts = ["query", "key", "value"]
            .map(|part| Linear::read(weights, &name(&format!("attention.self.{part}"))));
        let [query, key, value] = parts;
        Ok(Layer {
            attention: Linear::side_by_side(&[query?, key?, value?])?,
            output: Linear::read(weights, &name("attention.output.dense"))?,
            output_norm: Norm::read(weights, &name("attention.output.LayerNorm"))?,
            wide: Linear::read(weights, &name("intermediate.dense"))?,
            narrow: Linear::read(weights, &name("output.dense"))?,
            narrow_norm: Norm::read(weights, &name("output.LayerNorm"))?,
        })
    }

    /// One layer over texts of `length` tokens each.
    fn apply(&self, states: &mut Array2<f32>, length: usize) {
        let seen = self.attention.apply(states.view());
        let mut heads = Array2::zeros(states.raw_dim());
        let dim = states.ncols();
        for first in (0..states.nrows()).step_by(length) {
            for head in (0..dim).step_by(HEAD) {
                let part = |kind: usize| {
                    seen.slice(s![
                        first..first + length,
                        kind * dim + head..kind * dim + head + HEAD
                    ])
                };
                let mut weights = Array2::zeros((length, length));
                let scale = (HEAD as f32).sqrt().recip();
                general_mat_mul(scale, &part(0), &part(1).t(), 0.0, &mut weights);
                weights.rows_mut().into_iter().for_each(softmax);
                let mut into = heads.slice_mut(s![first..first + length, head..head + HEAD]);
                general_mat_mul(1.0, &weights, &part(2), 0.0, &mut into);
            }
        }
        *states += &self.output.apply(heads.view());
        self.output_norm.apply(states);
        let mut wide = self.wide.apply(states.view());
        wide.mapv_inplace(gelu);
        *states += &self.narrow.apply(wide.view());
        self.narrow_norm.apply(states);
    }
}

impl Linear {
    fn read(weights: &Weights<'_>, name: &str) -> Result<Linear> {
        let weight = weights.matrix(&format!("{name}.weight"))?;
        Ok(Linear {
            weight: weight.t().as_standard_layout().into_owned(),
            bias: weights.vector(&format!("{name}.bias"))?,
        })
    }

    /// One map that gives what `parts` give, one after the other.
    fn side_by_side(parts: &[Linear]) -> Result<Linear> {
        let weights: Vec<_> = parts.iter().map(|part| part.weight.view()).collect();
        let biases: Vec<_> = parts.iter().map(|part| part.bias.view()).collect();
        Ok(Linear {
            weight: ndarray::concatenate(Axis(1), &weights)?,
            bias: ndarray::concatenate(Axis(0), &biases)?,
        })
    }

    fn apply(&self, states: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut out = Array2::zeros((states.nrows(), self.bias.len()));
        out.rows_mut()
            .into_iter()
            .for_each(|mut row| row.assign(&self.bias));
        general_mat_mul(1.0, &states, &self.weight, 1.0, &mut out);
        out
    }
}

impl Norm {
    fn read(weights: &Weights<'_>, name: &str) -> Result<Norm> {
        Ok(Norm {
            weight: weights.vector(&format!("{name}.weight"))?,
            bias: weights.vector(&format!("{name}.bias"))?,
        })
    }

    /// Layer normalisation (Ba, Kiros and Hinton 2016) of each row.
    fn apply(&self, states: &mut Array2<f32>) {
        for mut row in states.rows_mut() {
            let n = row.len() as f32;
            let mean = row.sum() / n;
            row -= mean;
            let scale = (row.dot(&row) / n + EPSILON).sqrt().recip();
            for ((x, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *x = *x * scale * weight + bias;
            }
        }
    }
}

fn softmax(mut row: ArrayViewMut1<'_, f32>) {
    let max = row.fold(f32::NEG_INFINITY, |max, x| max.max(*x));
    row.mapv_inplace(|x| exp(x - max));
    row /= row.sum();
}

/// BERT's activation, by the error function (Hendrycks and Gimpel 2016).
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::encoder::teacher::tiny;

    #[test]
    fn vectors_are_those_of_the_field_s_own_network() {
        let bert = Bert::read(&tiny::weights(12, 16)).unwrap();
        let found = bert.encode(&[&[1, 5, 7, 3, 2], &[1, 4, 4, 9, 2]]);
        // From transformers' BertModel with the same weights.
        let expected = [
            (
                [0.085_027_33, 0.100_186_42, -0.122_170_25, -0.118_209_02],
                0.027_581_77,
            ),
            (
                [0.054_698_53, 0.026_218_55, -0.120_174_77, -0.037_416_16],
                0.046_826_81,
            ),
        ];
        for (found, (first, last)) in found.iter().zip(&expected) {
            let close = |(a, b): (&f32, &f32)| (a - b).abs() < 2e-6;
            assert!(found.iter().zip(first).all(close), "{:?}", &found[..4]);
            assert!(close((&found[tiny::DIM - 1], last)));
        }
    }

    #[test]
    fn a_text_s_vector_does_not_depend_on_its_neighbours() {
        let bert = Bert::read(&tiny::weights(12, 16)).unwrap();
        let together = bert.encode(&[&[1, 5, 2], &[1, 6, 2]]);
        assert_eq!(together[1], bert.encode(&[&[1, 6, 2]])[0]);
    }

    #[test]
    fn a_file_without_a_network_is_refused() {
        assert!(Bert::read(b"no safetensors").is_err());
    }
}
