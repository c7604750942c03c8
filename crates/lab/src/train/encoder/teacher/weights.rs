//! Named arrays out of a safetensors file.

use anyhow::{Context, Result, ensure};
use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

/// The arrays of one file.
pub(super) struct Weights<'a> {
    tensors: SafeTensors<'a>,
}

impl<'a> Weights<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Weights<'a>> {
        let tensors = SafeTensors::deserialize(bytes)?;
        Ok(Weights { tensors })
    }

    /// How many arrays are named `prefix`, a number from 0 on, and `suffix`.
    pub(super) fn count(&self, prefix: &str, suffix: &str) -> usize {
        (0..)
            .take_while(|n| self.tensors.tensor(&format!("{prefix}{n}{suffix}")).is_ok())
            .count()
    }

    /// A matrix.
    pub(super) fn matrix(&self, name: &str) -> Result<Array2<f32>> {
        let (shape, numbers) = self.numbers(name)?;
        ensure!(shape.len() == 2, "{name} is no matrix");
        Ok(Array2::from_shape_vec((shape[0], shape[1]), numbers)?)
    }

    /// A vector.
    pub(super) fn vector(&self, name: &str) -> Result<Array1<f32>> {
        let (shape, numbers) = self.numbers(name)?;
        ensure!(shape.len() == 1, "{name} is no vector");
        Ok(Array1::from(numbers))
    }

    fn numbers(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let tensor = self
            .tensors
            .tensor(name)
            .with_context(|| format!("no {name}"))?;
        ensure!(tensor.dtype() == Dtype::F32, "{name} is not f32");
        let numbers = tensor
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| f32::from_le_bytes(*four));
        Ok((tensor.shape().to_vec(), numbers.collect()))
    }
}
