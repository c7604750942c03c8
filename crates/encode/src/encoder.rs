//! The encoder: tokens' rows summed and brought to unit length.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::Error;
use crate::model::{DIM, Layout, PREFIXES};
use crate::tokenizer::Tokenizer;

/// Part of the program's own file: its pages are read when they are needed and shared between processes.
static SHIPPED: &[u8] = include_bytes!("../model/broadsheet-static.bin");

/// Turns texts into vectors of unit length. Cheap to clone: clones share the model.
#[derive(Debug, Clone)]
pub struct Encoder {
    model: Arc<Model>,
}

#[derive(Debug)]
struct Model {
    bytes: Cow<'static, [u8]>,
    layout: Layout,
    tokenizer: Tokenizer,
    scales: Vec<f32>,
    id: String,
}

impl Encoder {
    /// The model that ships with the program, checked on the first call.
    pub fn shipped() -> Encoder {
        static ENCODER: LazyLock<Encoder> = LazyLock::new(|| {
            Encoder::new(Cow::Borrowed(SHIPPED)).expect("the tests open the model that ships")
        });
        ENCODER.clone()
    }

    /// The model in a file, which is read into memory as a whole.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or is no model that this program knows.
    pub fn open(path: &Path) -> Result<Encoder, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Encoder::from_bytes(bytes)
    }

    /// The model in these bytes.
    ///
    /// # Errors
    /// When they are damaged, or no model that this program knows.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Encoder, Error> {
        Encoder::new(Cow::Owned(bytes))
    }

    fn new(bytes: Cow<'static, [u8]>) -> Result<Encoder, Error> {
        let layout = Layout::read(&bytes)?;
        let tokenizer = Tokenizer::new(&layout.tokens(&bytes)?)?;
        let scales = layout.scales(&bytes).collect();
        let id = format!("{}-{:08x}", layout.name, layout.checksum);
        let model = Arc::new(Model {
            bytes,
            layout,
            tokenizer,
            scales,
            id,
        });
        Ok(Encoder { model })
    }

    /// The model's name and checksum. Vectors of encoders with different ids must not be compared.
    pub fn id(&self) -> &str {
        &self.model.id
    }

    /// Numbers in a vector.
    pub fn dim(&self) -> usize {
        DIM
    }

    /// The lengths at which a vector may be cut; a cut vector must be brought to unit length again.
    pub fn prefixes(&self) -> &[usize] {
        &PREFIXES
    }

    /// How this model cuts texts into tokens.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.model.tokenizer
    }

    /// The vector of a query or any other text: of unit length, or all zeros when no token is known. Of a text
    /// longer than [`MAX_BYTES`](crate::tokenizer::MAX_BYTES) only the beginning counts.
    pub fn encode(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; DIM];
        self.encode_into(text, &mut vector);
        vector
    }

    /// As [`Encoder::encode`], into `out`.
    ///
    /// # Panics
    /// When `out` does not have [`Encoder::dim`] numbers.
    pub fn encode_into(&self, text: &str, out: &mut [f32]) {
        let mut sum = [0.0; DIM];
        self.add(text, 1.0, &mut sum);
        to_unit_length(&sum, out);
    }

    /// The vector of a paper: title and abstract together, the title's tokens weighted as in training.
    ///
    /// # Panics
    /// When `out` does not have [`Encoder::dim`] numbers.
    pub fn encode_paper(&self, title: &str, abstract_text: &str, out: &mut [f32]) {
        let mut sum = [0.0; DIM];
        self.add(title, self.model.layout.title_weight, &mut sum);
        self.add(abstract_text, 1.0, &mut sum);
        to_unit_length(&sum, out);
    }

    /// Which words made a text's vector: byte ranges of words and phrases in the text's order, and the share of
    /// each. Shares add up to 1; a word that points away from the rest has a negative share.
    pub fn weights(&self, text: &str) -> Vec<(Range<usize>, f32)> {
        let mut sum = [0.0; DIM];
        self.add(text, 1.0, &mut sum);
        let squared = dot(&sum, &sum);
        if squared == 0.0 {
            return Vec::new();
        }
        let mut weights: Vec<(Range<usize>, f32)> = Vec::new();
        self.model.tokenizer.for_each(text, |row, range| {
            let mut part = [0.0; DIM];
            self.add_row(row, 1.0, &mut part);
            let share = dot(&part, &sum) / squared;
            match weights.last_mut() {
                // Another piece of the same word.
                Some((last, total)) if *last == range => *total += share,
                _ => weights.push((range, share)),
            }
        });
        weights
    }

    /// Adds `weight` times the rows of the text's tokens to `sum`.
    fn add(&self, text: &str, weight: f32, sum: &mut [f32; DIM]) {
        self.model
            .tokenizer
            .for_each(text, |row, _| self.add_row(row, weight, sum));
    }

    fn add_row(&self, row: u32, weight: f32, sum: &mut [f32; DIM]) {
        let model = &self.model;
        let row = row as usize;
        // Whole arrays on both sides: the loop has a known length and no checks.
        let (rows, _) = model.layout.weights(&model.bytes).as_chunks::<DIM>();
        let scale = weight * model.scales[row];
        for (sum, step) in sum.iter_mut().zip(&rows[row]) {
            *sum += scale * f32::from(step.cast_signed());
        }
    }
}

fn to_unit_length(sum: &[f32; DIM], out: &mut [f32]) {
    assert_eq!(out.len(), DIM, "a vector has {DIM} numbers");
    let length = dot(sum, sum).sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    for (out, sum) in out.iter_mut().zip(sum) {
        *out = sum * scale;
    }
}

/// Eight sums side by side, which the compiler keeps in vector registers; the order of additions is fixed.
fn dot(a: &[f32; DIM], b: &[f32; DIM]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
