//! The score of a word in a paper: BM25F over title and abstract (Robertson, Zaragoza and Taylor, "Simple BM25
//! extension to multiple weighted fields", 2004).
//!
//! ```text
//! tf  = weight * tf(title)  + tf(abstract)
//! len = weight * len(title) + len(abstract)
//! score = ln(1 + (N - n + 1/2) / (n + 1/2)) * (k1 + 1) * tf / (tf + k1 * (1 - b + b * len / mean len))
//! ```
//!
//! Scores of the two fields, each by itself and then added, are not as good: a title is so short that one word in it
//! is worth half an abstract, and a word's second place counts as much as its first. Here a title's word is as good
//! as `weight` words of the abstract, and the more often a word is there the less the next one adds.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{EmptyScorer, Explanation, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED, Term};

/// How soon more of the same word adds little; Lucene's and tantivy's value.
const K1: f32 = 1.2;
/// How much long texts are held back; Lucene's and tantivy's value.
const B: f32 = 0.75;

/// A word in title and abstract, in all segments.
pub(crate) struct TextWeight {
    terms: [Term; 2],
    /// How many words of the abstract a word of the title is worth.
    title: f32,
    /// The highest score, never reached.
    bound: f32,
    /// Of title and abstract together, over all papers.
    mean_len: f32,
}

impl TextWeight {
    /// The word's weight. `title` and `abstract_text` are the same word in either field.
    pub(crate) fn new(
        searcher: &Searcher,
        title: Term,
        abstract_text: Term,
        title_weight: f32,
    ) -> tantivy::Result<TextWeight> {
        let mut docs = 0u64;
        let mut len = 0.0;
        for reader in searcher.segment_readers() {
            docs += u64::from(reader.max_doc());
            let tokens = |field: Field| -> tantivy::Result<f64> {
                Ok(reader.inverted_index(field)?.total_num_tokens() as f64)
            };
            len +=
                f64::from(title_weight) * tokens(title.field())? + tokens(abstract_text.field())?;
        }
        // A title's words are in its abstract too, as a rule, so the two counts are not added.
        let with = searcher
            .doc_freq(&title)?
            .max(searcher.doc_freq(&abstract_text)?);
        let without = docs.saturating_sub(with);
        let rarity = (1.0 + (without as f32 + 0.5) / (with as f32 + 0.5)).ln();
        Ok(TextWeight {
            terms: [title, abstract_text],
            title: title_weight,
            bound: rarity * (K1 + 1.0),
            mean_len: (len / docs.max(1) as f64).max(1.0) as f32,
        })
    }

    /// What no paper's score exceeds.
    pub(crate) fn bound(&self) -> f32 {
        self.bound
    }

    fn place(&self, reader: &SegmentReader, term: &Term) -> tantivy::Result<Option<Place>> {
        let index = reader.inverted_index(term.field())?;
        let postings = index.read_postings(term, IndexRecordOption::WithFreqs)?;
        Ok(postings.map(|postings| Place { postings }))
    }
}

impl Weight for TextWeight {
    fn scorer(&self, reader: &SegmentReader, boost: f32) -> tantivy::Result<Box<dyn Scorer>> {
        let [title, abstract_text] = &self.terms;
        let places = [
            self.place(reader, title)?,
            self.place(reader, abstract_text)?,
        ];
        if places.iter().all(Option::is_none) {
            return Ok(Box::new(EmptyScorer));
        }
        let mut scorer = TextScorer {
            places,
            lengths: [
                reader.get_fieldnorms_reader(title.field())?,
                reader.get_fieldnorms_reader(abstract_text.field())?,
            ],
            title: self.title,
            factor: boost * self.bound,
            mean_len: self.mean_len,
            doc: 0,
        };
        scorer.settle();
        Ok(Box::new(scorer))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        let score = if scorer.doc() <= doc && scorer.seek(doc) == doc {
            scorer.score()
        } else {
            0.0
        };
        Ok(Explanation::new("BM25F over title and abstract", score))
    }
}

/// The word in one field.
struct Place {
    postings: SegmentPostings,
}

/// The papers of a segment that have the word in title or abstract.
pub(crate) struct TextScorer {
    /// Title and abstract; `None` where no paper of the segment has the word there.
    places: [Option<Place>; 2],
    lengths: [FieldNormReader; 2],
    title: f32,
    factor: f32,
    mean_len: f32,
    /// The lesser of the places' documents.
    doc: DocId,
}

impl TextScorer {
    fn settle(&mut self) -> DocId {
        let docs = self.places.iter().flatten().map(|p| p.postings.doc());
        self.doc = docs.min().unwrap_or(TERMINATED);
        self.doc
    }

    /// How often the document at hand has the word in title and abstract, the title's weighted.
    fn counts(&self) -> [f32; 2] {
        let count = |place: &Option<Place>| match place {
            Some(place) if place.postings.doc() == self.doc => place.postings.term_freq() as f32,
            _ => 0.0,
        };
        [self.title * count(&self.places[0]), count(&self.places[1])]
    }

    /// The part of the score of the document at hand that the title gives, 0 to 1.
    pub(crate) fn title_share(&self) -> f32 {
        let [title, abstract_text] = self.counts();
        title / (title + abstract_text)
    }
}

impl DocSet for TextScorer {
    fn advance(&mut self) -> DocId {
        let doc = self.doc;
        for place in self.places.iter_mut().flatten() {
            if place.postings.doc() == doc && doc != TERMINATED {
                place.postings.advance();
            }
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        for place in self.places.iter_mut().flatten() {
            if place.postings.doc() < target {
                place.postings.seek(target);
            }
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        let sizes = self.places.iter().flatten().map(|p| p.postings.size_hint());
        sizes.fold(0, u32::saturating_add)
    }
}

impl Scorer for TextScorer {
    fn score(&mut self) -> f32 {
        let [title, abstract_text] = self.counts();
        let tf = title + abstract_text;
        let [title_len, abstract_len] = &self.lengths;
        let len = self.title * title_len.fieldnorm(self.doc) as f32
            + abstract_len.fieldnorm(self.doc) as f32;
        self.factor * tf / (tf + K1 * (1.0 - B + B * len / self.mean_len))
    }
}
