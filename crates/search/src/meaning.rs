//! Search by words and meaning: the papers with the best words and the papers nearest in meaning, in one order.
//!
//! Words find by the query's own terms and are exact about names and rare things; vectors find what is said in other
//! words. Both lists, each of up to [`DEPTH`] papers, are fused. What the query demands beside words
//! (phrases, fields, categories, dates, what is left out) holds for both.

use std::collections::HashMap;

use domain::hit::{Explanation, Hit};
use domain::ids::PaperId;
use encode::Encoder;
use index::query::Query;
use index::snapshot::Snapshot;
use roaring::RoaringBitmap;

use crate::cursor::{self, Cursor};
use crate::engine::{Answer, Error, LIMIT_MAX, Mode, Request};
use crate::feedback;
use crate::fuse::{self, Fused};
use crate::plan::{self, Planned};
use crate::query::{self, Parsed};
use crate::{correct, lexical};

/// So many papers are taken from each list. Deeper, papers have little to do with a query.
pub(crate) const DEPTH: usize = 200;

/// What is looked for.
struct Quest<'a> {
    snapshot: &'a Snapshot,
    encoder: &'a Encoder,
    planned: Planned,
    /// Words and phrases, as text.
    about: String,
    mode: Mode,
}

/// Answers a request. The query has words, and the snapshot has vectors.
pub(crate) fn search(
    snapshot: &Snapshot,
    encoder: &Encoder,
    parsed: &Parsed,
    request: &Request,
) -> Result<Answer, Error> {
    let search = cursor::search_id(&parsed.text, request.sort, request.mode);
    let cursor = request
        .cursor
        .as_deref()
        .map(|text| Cursor::decode(text, search))
        .transpose()?;
    let mut corrected = None;
    let mut quest = Quest::new(snapshot, encoder, parsed, request.mode);
    let mut total = quest.with_all_words()?;
    // One mistyped word of many does a sentence little harm.
    if total == 0
        && !quest.planned.sentence
        && let Some(text) = correct::corrected(snapshot, parsed)?
    {
        let better = Quest::new(snapshot, encoder, &query::parse(&text), request.mode);
        let with_all = better.with_all_words()?;
        // A long question seldom has all its words in one paper; then its words are right as they are.
        if with_all > 0 {
            (quest, total, corrected) = (better, with_all, Some(text));
        }
    }
    let list = quest.list()?;
    let from = cursor
        .map_or(0, |cursor| {
            usize::try_from(cursor.after).unwrap_or(usize::MAX)
        })
        .min(list.len());
    let limit = request.limit.clamp(1, LIMIT_MAX);
    let to = list.len().min(from + limit);
    let next = (to < list.len()).then(|| {
        let next = Cursor {
            after: to as u64,
            corrected: corrected.is_some(),
            need: 0,
        };
        next.encode(search)
    });
    let mut hints = parsed.hints.clone();
    hints.extend(quest.planned.hints.iter().cloned());
    Ok(Answer {
        hits: quest.explained(&list[from..to])?,
        mode: request.mode,
        total: if request.mode == Mode::Semantic {
            list.len()
        } else {
            total
        },
        next,
        direct: None,
        corrected,
        hint: (!hints.is_empty()).then(|| hints.join(" ")),
        marker: quest.planned.marker,
    })
}

impl<'a> Quest<'a> {
    fn new(snapshot: &'a Snapshot, encoder: &'a Encoder, parsed: &Parsed, mode: Mode) -> Quest<'a> {
        let mut planned = plan::plan(parsed);
        planned.demand_phrases();
        Quest {
            snapshot,
            encoder,
            about: parsed.free_text(),
            planned,
            mode,
        }
    }

    /// How many papers have all the words.
    fn with_all_words(&self) -> Result<usize, Error> {
        let mut strict = self.planned.query.clone();
        strict.need = strict.some.len();
        strict.bonus = None;
        Ok(self.snapshot.count(&strict)?)
    }

    /// Words and meaning, fused.
    fn list(&self) -> Result<Vec<Fused>, Error> {
        let query = self.encoder.encode(&self.about);
        // One after the other: each takes half a millisecond or less, and waking another thread for it takes longer
        // than that on a machine with something else to do.
        let by_words = self.by_words()?;
        if by_words.is_empty() && !self.is_of_words() {
            return Ok(Vec::new());
        }
        let by_meaning = self.by_meaning(&query)?;
        let Some(vectors) = self.snapshot.vectors() else {
            return Ok(fuse::fuse(&by_words, &by_meaning, |_| None));
        };
        let papers: Vec<PaperId> = by_words.iter().map(|(paper, _)| *paper).collect();
        let cosines = vectors.cosines(&query, &papers)?;
        let cosines: HashMap<PaperId, Option<f32>> = papers.into_iter().zip(cosines).collect();
        let similarity = |paper| cosines.get(&paper).copied().flatten();
        let mut list = fuse::fuse(&by_words, &by_meaning, similarity);
        feedback::feed_back(&mut list, vectors);
        Ok(list)
    }

    /// Whether the model knows a word or phrase of the query as a whole. Of pieces alone a typing error is made, too,
    /// and what lies near to that is chance.
    fn is_of_words(&self) -> bool {
        let tokens = self.encoder.tokenizer().tokens(&self.about);
        let mut ranges = tokens.iter().map(|token| &token.range).peekable();
        let mut last = None;
        while let Some(range) = ranges.next() {
            if last != Some(range) && ranges.peek() != Some(&range) {
                return true;
            }
            last = Some(range);
        }
        false
    }

    fn by_words(&self) -> Result<Vec<(PaperId, f32)>, Error> {
        if self.mode == Mode::Semantic {
            return Ok(Vec::new());
        }
        let best = self.snapshot.best(&self.planned.query, DEPTH)?;
        Ok(best.iter().map(|hit| (hit.paper, hit.score)).collect())
    }

    fn by_meaning(&self, vector: &[f32]) -> Result<Vec<(PaperId, f32)>, Error> {
        let Some(vectors) = self
            .snapshot
            .vectors()
            .filter(|_| vector.iter().any(|x| *x != 0.0))
        else {
            return Ok(Vec::new());
        };
        let allowed = self.allowed()?;
        Ok(vectors.nearest(vector, DEPTH, allowed.as_ref())?)
    }

    /// The rows that everything beside the free words allows; `None` for all.
    fn allowed(&self) -> Result<Option<RoaringBitmap>, Error> {
        let Query { all, none, .. } = &self.planned.query;
        if all.is_empty() && none.is_empty() {
            return Ok(None);
        }
        let conditions = Query {
            all: all.clone(),
            none: none.clone(),
            ..Query::default()
        };
        Ok(Some(self.snapshot.rows(&conditions)?))
    }

    fn explained(&self, list: &[Fused]) -> Result<Vec<Hit>, Error> {
        let papers: Vec<PaperId> = list.iter().map(|fused| fused.paper).collect();
        let placed = self.snapshot.place(&papers)?;
        let query = Query {
            need: 0,
            ..self.planned.query.clone()
        };
        let whys = self.snapshot.explain(&query, &placed)?;
        // A paper that was deleted since its vector was made has no place, and is left out.
        let mut explained = placed.iter().zip(&whys).peekable();
        let mut hits = Vec::with_capacity(list.len());
        for fused in list {
            let Some((_, why)) = explained.next_if(|(placed, _)| placed.paper == fused.paper)
            else {
                continue;
            };
            hits.push(Hit {
                paper: fused.paper,
                score: fused.score,
                explanation: Explanation {
                    similarity: fused.similarity,
                    lexical_rank: fused.lexical_rank,
                    semantic_rank: fused.semantic_rank,
                    ..lexical::explanation(&self.planned, why)
                },
            });
        }
        Ok(hits)
    }
}
