//! What the index holds of a paper: words and places to find it, numbers to filter and order it. The texts
//! themselves stay in the database.

use domain::ids::PaperId;
use domain::paper::{LinkKind, Paper};
use jiff::civil::Date;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::Compressor;
use tantivy::{IndexSettings, TantivyDocument};

use crate::query::Part;
use crate::tokens;

/// Raised whenever the schema or the analysis of words changes: indexes of another version are built anew.
pub(crate) const VERSION: u32 = 2;

/// Name of the analyser of titles and abstracts in the index.
const STEMMED: &str = "broadsheet-stemmed";
/// Name of the analyser of names and surfaces in the index.
const PLAIN: &str = "broadsheet-plain";

/// Longest text of one field that is indexed, in bytes; abstracts are under 10 KB.
const TEXT_LEN_MAX: usize = 256 * 1024;

pub(crate) const ROW: &str = "row";
pub(crate) const DAY: &str = "day";
pub(crate) const VOTES: &str = "votes";
pub(crate) const HAS_CODE: &str = "has_code";

/// Handles of all fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The paper's row: deletes go by it, answers are made of it.
    pub(crate) row: Field,
    /// Stemmed words with places.
    pub(crate) title: Field,
    /// Stemmed words with places; of the summary where there is no abstract.
    pub(crate) abstract_text: Field,
    /// Words of names with places, one author a line.
    pub(crate) authors: Field,
    /// Exact keys of authors, see [`domain::text::author_key`].
    pub(crate) author_key: Field,
    /// Exact, in lower case: `cs.cl` and its archive `cs`.
    pub(crate) category: Field,
    /// Exact, folded.
    pub(crate) tag: Field,
    /// Exact keys of all ids, see [`domain::ids::ExternalId::key`].
    pub(crate) id: Field,
    /// The title's words as written, without stems: the spelling dictionary.
    pub(crate) surface: Field,
    /// Days since 1970-01-01 of the listed day; absent if the paper has none.
    pub(crate) day: Field,
    /// Newest total of votes.
    pub(crate) votes: Field,
    /// Whether a code link is known.
    pub(crate) has_code: Field,
    /// The fields of running text, with the place each stands for: title, abstract, authors.
    pub(crate) text: [(Field, Part); 3],
}

/// The schema and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let places = IndexRecordOption::WithFreqsAndPositions;
    let title = builder.add_text_field("title", text(STEMMED, places));
    let abstract_text = builder.add_text_field("abstract", text(STEMMED, places));
    let authors = builder.add_text_field("authors", text(PLAIN, places));
    let fields = Fields {
        title,
        abstract_text,
        authors,
        text: [
            (title, Part::Title),
            (abstract_text, Part::Abstract),
            (authors, Part::Authors),
        ],
        row: builder.add_u64_field(ROW, NumericOptions::from(FAST) | INDEXED),
        author_key: builder.add_text_field("author_key", exact("raw")),
        category: builder.add_text_field("category", exact("raw")),
        tag: builder.add_text_field("tag", exact("raw")),
        id: builder.add_text_field("id", exact("raw")),
        surface: builder.add_text_field("surface", exact(PLAIN)),
        day: builder.add_i64_field(DAY, FAST),
        votes: builder.add_u64_field(VOTES, FAST),
        has_code: builder.add_bool_field(HAS_CODE, FAST),
    };
    (builder.build(), fields)
}

fn text(analyzer: &str, record: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(analyzer)
        .set_index_option(record);
    TextOptions::default().set_indexing_options(indexing)
}

fn exact(analyzer: &str) -> TextOptions {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(analyzer)
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing)
}

/// Settings of a new index. Nothing is stored, so nothing needs compressing.
pub(crate) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// Makes the analysers known to an index.
pub(crate) fn register_analyzers(index: &tantivy::Index) {
    index.tokenizers().register(STEMMED, tokens::stemmed());
    index.tokenizers().register(PLAIN, tokens::plain());
}

/// A paper as a document of the index.
pub(crate) fn document(fields: &Fields, paper: &Paper) -> TantivyDocument {
    let mut doc = TantivyDocument::new();
    doc.add_u64(fields.row, row_value(paper.id));
    let title = bounded(&paper.title);
    doc.add_text(fields.title, title);
    doc.add_text(fields.surface, title);
    let about = match &paper.summary {
        Some(summary) if paper.abstract_text.is_empty() => &summary.text,
        _ => &paper.abstract_text,
    };
    doc.add_text(fields.abstract_text, bounded(about));
    let mut names = String::new();
    for author in &paper.authors {
        names.push_str(&author.name);
        names.push('\n');
        doc.add_text(fields.author_key, author.key());
    }
    doc.add_text(fields.authors, bounded(&names));
    for category in &paper.categories {
        let lower = category.to_lowercase();
        if let Some((archive, _)) = lower.split_once('.') {
            doc.add_text(fields.category, archive);
        }
        doc.add_text(fields.category, &lower);
    }
    for tag in &paper.tags {
        doc.add_text(fields.tag, tokens::folded(tag));
    }
    for id in &paper.ids {
        doc.add_text(fields.id, id.key());
    }
    if let Some(day) = paper.times.listed_day() {
        doc.add_i64(fields.day, day_number(day));
    }
    doc.add_u64(fields.votes, u64::from(paper.votes));
    let has_code = paper.links_of(LinkKind::Code).next().is_some();
    doc.add_bool(fields.has_code, has_code);
    doc
}

/// A row as the index keeps it.
pub(crate) fn row_value(paper: PaperId) -> u64 {
    u64::from(paper.0)
}

/// Days since 1970-01-01.
pub(crate) fn day_number(day: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    i64::from((day - epoch).get_days())
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_LEN_MAX)]
}
