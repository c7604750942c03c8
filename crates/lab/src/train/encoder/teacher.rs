//! The teacher: a small BERT that turns texts into vectors, read from its folder of `model.safetensors` and
//! `tokenizer.json` and run in plain Rust. Slow beside its pupil, but it has read far more.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use indicatif::ProgressBar;
use ndarray::Array2;
use rayon::prelude::*;
use tokenizers::Tokenizer;

mod bert;
mod kept;
#[cfg(test)]
pub(crate) mod tiny;
mod weights;

use bert::Bert;
pub(crate) use kept::Kept;

/// Tokens of a text that the teacher reads, its marks of beginning and end included.
const MAX_TOKENS: usize = 64;
/// Tokens that go through the network together: enough for the matrix products to be efficient.
const BATCH_TOKENS: usize = 1024;
/// Texts between two looks at the progress bar, and between two savings of what is known.
const CHUNK: usize = 8192;

/// Turns texts into the teacher's vectors.
pub(crate) struct Teacher {
    bert: Bert,
    tokenizer: Tokenizer,
}

impl Teacher {
    /// The teacher in this folder.
    pub(crate) fn open(folder: &Path) -> Result<Teacher> {
        let path = folder.join("tokenizer.json");
        let mut tokenizer = Tokenizer::from_file(&path)
            .map_err(|error| anyhow!("cannot read {}: {error}", path.display()))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| anyhow!("{error}"))?;
        let path = folder.join("model.safetensors");
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let bert = Bert::read(&bytes).with_context(|| format!("in {}", path.display()))?;
        Ok(Teacher { bert, tokenizer })
    }

    /// Numbers in the teacher's vectors.
    pub(crate) fn dim(&self) -> usize {
        self.bert.dim()
    }

    /// The teacher's tokens in its own order, the most frequent of its reading first.
    pub(crate) fn vocabulary(&self) -> Vec<String> {
        let mut tokens: Vec<_> = self.tokenizer.get_vocab(false).into_iter().collect();
        tokens.sort_unstable_by_key(|(_, id)| *id);
        tokens.into_iter().map(|(token, _)| token).collect()
    }

    /// The vectors of unit length of `texts`, one a row. A text that is one token inside a word (`##tion`) is given
    /// to the network as that token. What `kept` knows is not computed again; what is computed is added to it.
    pub(crate) fn encode(
        &self,
        texts: &[String],
        kept: &mut Kept,
        bar: &ProgressBar,
    ) -> Result<Array2<f32>> {
        let unknown: Vec<&String> = texts
            .iter()
            .filter(|text| kept.get(text).is_none())
            .collect();
        bar.set_length(unknown.len() as u64);
        for chunk in unknown.chunks(CHUNK) {
            let vectors = self.encode_all(chunk)?;
            for (text, vector) in chunk.iter().zip(vectors) {
                kept.insert(text, &vector);
            }
            kept.save()?;
            bar.inc(chunk.len() as u64);
        }
        let mut vectors = Array2::zeros((texts.len(), self.dim()));
        for (mut row, text) in vectors.rows_mut().into_iter().zip(texts) {
            let vector = kept.get(text).context("two texts have the same hash")?;
            row.iter_mut().zip(vector).for_each(|(x, y)| *x = y);
        }
        Ok(vectors)
    }

    /// Texts of the same number of tokens go through the network together, so nothing is padded.
    fn encode_all(&self, texts: &[&String]) -> Result<Vec<Vec<f32>>> {
        let ids = texts
            .par_iter()
            .map(|text| self.ids(text))
            .collect::<Result<Vec<_>>>()?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|i| ids[*i].len());
        let batches: Vec<&[usize]> = order
            .chunk_by(|a, b| ids[*a].len() == ids[*b].len())
            .flat_map(|same| same.chunks((BATCH_TOKENS / ids[same[0]].len()).max(1)))
            .collect();
        let done: Vec<Vec<Vec<f32>>> = batches
            .par_iter()
            .map(|batch| {
                let ids: Vec<&[u32]> = batch.iter().map(|i| ids[*i].as_slice()).collect();
                self.bert.encode(&ids)
            })
            .collect();
        let mut vectors = vec![Vec::new(); texts.len()];
        for (batch, done) in batches.iter().zip(done) {
            for (i, vector) in batch.iter().zip(done) {
                vectors[*i] = vector;
            }
        }
        Ok(vectors)
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let failed = |error| anyhow!("the teacher cannot read {text:?}: {error}");
        if let Some(piece) = self
            .tokenizer
            .token_to_id(text)
            .filter(|_| text.starts_with("##"))
        {
            let empty = self.tokenizer.encode_fast("", true).map_err(failed)?;
            let (begin, end) = (empty.get_ids()[0], empty.get_ids()[1]);
            return Ok(vec![begin, piece, end]);
        }
        let encoding = self.tokenizer.encode_fast(text, true).map_err(failed)?;
        let mut ids = encoding.get_ids().to_vec();
        if ids.len() > MAX_TOKENS {
            ids[MAX_TOKENS - 1] = ids[ids.len() - 1];
            ids.truncate(MAX_TOKENS);
        }
        Ok(ids)
    }
}
