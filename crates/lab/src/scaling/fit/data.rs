//! Measurements: inputs and one output a run.

use anyhow::{Result, ensure};

/// Measurements, one row a run: inputs (sizes, tokens, steps) and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    width: usize,
    // Row after row, `width` numbers each.
    inputs: Vec<f64>,
    outputs: Vec<f64>,
}

impl Data {
    /// Columns of inputs, each as long as the outputs.
    ///
    /// # Errors
    /// Columns of different lengths, or a value that is no finite number.
    pub fn new(columns: &[&[f64]], outputs: &[f64]) -> Result<Data> {
        for (at, column) in columns.iter().enumerate() {
            ensure!(
                column.len() == outputs.len(),
                "input {} has {} values for {} outputs",
                at + 1,
                column.len(),
                outputs.len()
            );
        }
        let all = columns.iter().copied().flatten().chain(outputs);
        ensure!(
            all.clone().all(|value| value.is_finite()),
            "a value is no finite number"
        );
        Ok(Data {
            width: columns.len(),
            inputs: (0..outputs.len())
                .flat_map(|row| columns.iter().map(move |column| column[row]))
                .collect(),
            outputs: outputs.to_vec(),
        })
    }

    /// One input.
    ///
    /// # Errors
    /// As [`Data::new`].
    pub fn xy(x: &[f64], y: &[f64]) -> Result<Data> {
        Data::new(&[x], y)
    }

    /// How many runs.
    pub fn len(&self) -> usize {
        self.outputs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// How many inputs a run has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A run's inputs.
    pub fn row(&self, at: usize) -> &[f64] {
        &self.inputs[at * self.width..(at + 1) * self.width]
    }

    /// Each run's inputs and output.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[f64], f64)> + Clone {
        (0..self.len()).map(|at| (self.row(at), self.outputs[at]))
    }

    /// What was measured.
    pub fn outputs(&self) -> &[f64] {
        &self.outputs
    }

    /// One input of every run.
    pub fn column(&self, input: usize) -> Vec<f64> {
        self.rows().map(|(inputs, _)| inputs[input]).collect()
    }

    /// The runs at these places; a place may come more than once.
    pub fn at(&self, places: &[usize]) -> Data {
        Data {
            width: self.width,
            inputs: places
                .iter()
                .flat_map(|&at| self.row(at))
                .copied()
                .collect(),
            outputs: places.iter().map(|&at| self.outputs[at]).collect(),
        }
    }

    /// The runs for which `keep` is true of the inputs, and the others.
    pub fn split(&self, keep: impl Fn(&[f64]) -> bool) -> (Data, Data) {
        let (kept, left): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|&at| keep(self.row(at)));
        (self.at(&kept), self.at(&left))
    }

    /// The least and the greatest of some numbers of these data.
    pub(super) fn span(values: &[f64]) -> (f64, f64) {
        let first = (f64::INFINITY, f64::NEG_INFINITY);
        values
            .iter()
            .fold(first, |(low, high), &v| (low.min(v), high.max(v)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_outputs_through_a_split() {
        let data = Data::new(&[&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]], &[0.1, 0.2, 0.3]).unwrap();
        let (small, large) = data.split(|row| row[1] < 25.0);
        assert_eq!(small.rows().collect::<Vec<_>>()[1], (&[2.0, 20.0][..], 0.2));
        assert_eq!(
            (large.row(0), large.outputs()),
            (&[3.0, 30.0][..], &[0.3][..])
        );
        assert_eq!(data.at(&[2, 2]).column(0), [3.0, 3.0]);
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let short = Data::new(&[&[1.0]], &[1.0, 2.0]).unwrap_err();
        assert_eq!(short.to_string(), "input 1 has 1 values for 2 outputs");
        assert!(Data::xy(&[f64::NAN], &[1.0]).is_err());
    }
}
