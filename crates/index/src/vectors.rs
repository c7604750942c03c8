//! The vectors of a generation: an index of `ann` in a folder of its own, beside the words.
//!
//! Vectors are of one model. Should the model on disk be another, or the files damaged, the words go on serving and
//! the generation says why it has no vectors; a rebuild makes them anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ann::budget::Budget;
use ann::index::{Filter, IndexConfig, Reader, Snapshot};
use domain::ids::PaperId;
use roaring::RoaringBitmap;

use crate::Error;

/// Folder of the vectors within a generation.
const FOLDER: &str = "vectors";
/// So many new vectors are handed over together.
const BATCH: usize = 4096;
/// So many young vectors are sealed: before, scanning them as they are is quick.
const SEAL_FROM: usize = 20_000;
/// Later, young vectors are sealed when they are more than this part of the sealed ones.
const SEAL_PART: usize = 16;

/// More papers than this are candidates, not answers.
const FEW: usize = 60;
/// What is enough for candidates: recall@10 as measured when the vectors were sealed.
const RECALL_OF_MANY: f32 = 0.95;

/// What makes the vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Name and version; stands in every file of vectors.
    pub id: String,
    /// Numbers of a vector.
    pub dim: usize,
}

impl Model {
    fn config(&self) -> IndexConfig {
        IndexConfig {
            label: self.id.clone(),
            seal_at: SEAL_FROM,
            ..IndexConfig::new(self.dim)
        }
    }
}

/// The vectors of a generation, as its readers see them.
pub(crate) struct Shelf {
    folder: PathBuf,
    model: Option<Model>,
    reader: Result<Reader, String>,
}

impl Shelf {
    /// Opens the vectors of a generation's folder; an absent folder has none yet.
    pub(crate) fn open(generation: &Path, model: Option<&Model>) -> Shelf {
        let folder = generation.join(FOLDER);
        let reader = match model {
            Some(model) => Reader::open(&folder, model.config()).map_err(|e| e.to_string()),
            None => Err("no model was given".to_string()),
        };
        Shelf {
            folder,
            model: model.cloned(),
            reader,
        }
    }

    /// What is there now.
    pub(crate) fn newest(&self) -> Option<Vectors> {
        let reader = self.reader.as_ref().ok()?;
        Some(Vectors {
            snapshot: reader.snapshot(),
        })
    }

    /// Looks for what was committed since; whether there was something.
    pub(crate) fn refresh(&self) -> Result<bool, Error> {
        match &self.reader {
            Ok(reader) => Ok(reader.refresh()?),
            Err(_) => Ok(false),
        }
    }

    /// Why there are no vectors although a model was given.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.model.as_ref()?;
        self.reader.as_ref().err().map(String::as_str)
    }

    /// Opens them for writing. `None` where there is no model, or where only a rebuild helps.
    pub(crate) fn writer(&self) -> Result<Option<VectorWriter>, Error> {
        let (Some(model), Ok(_)) = (&self.model, &self.reader) else {
            return Ok(None);
        };
        let index = ann::index::Index::open(&self.folder, model.config())?;
        Ok(Some(VectorWriter {
            index,
            dim: model.dim,
            fresh: RoaringBitmap::new(),
            rows: Vec::new(),
            values: Vec::new(),
            gone: RoaringBitmap::new(),
        }))
    }
}

/// The vectors at one commit.
#[derive(Debug, Clone)]
pub struct Vectors {
    snapshot: Arc<Snapshot>,
}

impl Vectors {
    /// How many papers have one.
    pub fn len(&self) -> usize {
        self.snapshot.len()
    }

    /// Whether no paper has one.
    pub fn is_empty(&self) -> bool {
        self.snapshot.is_empty()
    }

    /// The papers nearest to a vector with their cosines, nearest first; only rows in `allowed`, if given.
    pub fn nearest(
        &self,
        vector: &[f32],
        limit: usize,
        allowed: Option<&RoaringBitmap>,
    ) -> Result<Vec<(PaperId, f32)>, Error> {
        let filter = Filter {
            allow: allowed,
            deny: None,
        };
        let answer = self.snapshot.search(vector, limit, budget(limit), filter)?;
        Ok(answer
            .hits
            .iter()
            .map(|hit| (PaperId(hit.row), hit.score))
            .collect())
    }

    /// The cosines of a vector and these papers', in their order; `None` for papers without a vector.
    pub fn cosines(&self, vector: &[f32], papers: &[PaperId]) -> Result<Vec<Option<f32>>, Error> {
        let rows: Vec<u32> = papers.iter().map(|paper| paper.0).collect();
        Ok(self.snapshot.scores(vector, &rows)?)
    }

    /// The sum of papers' vectors, each times its weight; papers without a vector add nothing. Cheap.
    pub fn weighted_sum(&self, weighted: &[(PaperId, f32)]) -> Vec<f32> {
        let rows: Vec<(u32, f32)> = weighted.iter().map(|(paper, w)| (paper.0, *w)).collect();
        self.snapshot.weighted_sum(&rows)
    }

    /// The vector of a paper, of length 1 but for the codes' rounding.
    pub fn of(&self, paper: PaperId) -> Option<Vec<f32>> {
        self.snapshot.vector(paper.0)
    }
}

/// Few papers are wanted exactly; of many, which are there to be ranked again, a few of the last may be missed.
fn budget(limit: usize) -> Budget {
    if limit <= FEW {
        Budget::Usual
    } else {
        Budget::Recall(RECALL_OF_MANY)
    }
}

/// Changes the vectors of a generation.
pub(crate) struct VectorWriter {
    index: ann::index::Index,
    dim: usize,
    /// Rows that are not handed over yet, and their vectors.
    fresh: RoaringBitmap,
    rows: Vec<u32>,
    values: Vec<f32>,
    /// Rows to delete.
    gone: RoaringBitmap,
}

impl VectorWriter {
    /// Adds or replaces a vector; one of zeros says nothing, and is taken out.
    pub(crate) fn put(&mut self, paper: PaperId, vector: &[f32]) -> Result<(), Error> {
        if vector.len() != self.dim || vector.iter().all(|x| *x == 0.0) {
            return self.remove(paper);
        }
        if self.pending(paper) || self.rows.len() >= BATCH {
            self.hand_over()?;
        }
        self.fresh.insert(paper.0);
        self.rows.push(paper.0);
        self.values.extend_from_slice(vector);
        Ok(())
    }

    /// Whether something about this paper was not handed over yet, which must come first.
    fn pending(&self, paper: PaperId) -> bool {
        self.fresh.contains(paper.0) || self.gone.contains(paper.0)
    }

    pub(crate) fn remove(&mut self, paper: PaperId) -> Result<(), Error> {
        if self.pending(paper) {
            self.hand_over()?;
        }
        self.gone.insert(paper.0);
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        self.index.delete(&self.gone);
        self.gone.clear();
        self.index.add(&self.rows, &self.values)?;
        self.fresh.clear();
        self.rows.clear();
        self.values.clear();
        Ok(())
    }

    /// Makes everything so far durable; seals when much is young.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        self.hand_over()?;
        let snapshot = self.index.snapshot();
        let sealed = snapshot.sealed().map_or(0, |sealed| sealed.len());
        if snapshot.young() > SEAL_FROM.max(sealed / SEAL_PART) {
            self.index.merge()?;
        }
        self.index.commit()?;
        Ok(())
    }
}
