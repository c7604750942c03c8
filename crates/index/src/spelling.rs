//! The words that titles and names are made of: what a mistyped word may have meant, and how a begun one may end.
//!
//! Taken from the dictionaries of the unstemmed fields, so that what is offered is a word a reader knows.

use std::collections::HashMap;
use std::sync::OnceLock;

use levenshtein_automata::{Distance, LevenshteinAutomatonBuilder};
use tantivy::Searcher;
use tantivy::schema::Field;

use crate::Error;
use crate::schema::Fields;

/// At most so many words of titles, and of names, are kept: the most frequent ones.
const WORDS_MAX: usize = 200_000;
/// From this many papers on, a word seen only once or twice is taken for a typing error itself.
const PAPERS_MANY: u64 = 20_000;
/// How often a word must occur then.
const COUNT_MIN_OF_MANY: u32 = 3;
/// Shorter words are not corrected: everything is close to them.
const LEN_MIN: usize = 4;
/// From this length on, two errors are forgiven.
const LEN_OF_TWO: usize = 8;

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dictionary {
    /// Of titles.
    Titles,
    /// Of authors' names.
    Names,
}

/// A word and in how many papers it occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Folded, not stemmed.
    pub word: String,
    /// Papers with it.
    pub count: u32,
}

/// Words of a snapshot, by alphabet.
#[derive(Debug, Default)]
pub struct Spelling {
    titles: Vec<Entry>,
    names: Vec<Entry>,
}

impl Spelling {
    pub(crate) fn read(fields: &Fields, searcher: &Searcher) -> Result<Spelling, Error> {
        Ok(Spelling {
            titles: read_field(fields.surface, searcher)?,
            names: read_field(fields.authors, searcher)?,
        })
    }

    /// The word that was most likely meant: nearest by edits, then with the same first letter, then most frequent.
    /// `None` where nothing is near enough. A word that is in the dictionary is never its own correction.
    pub fn nearest(&self, word: &str, dictionary: Dictionary) -> Option<&Entry> {
        let len = word.chars().count();
        let errors = match len {
            0..LEN_MIN => return None,
            LEN_MIN..LEN_OF_TWO => 1,
            _ => 2,
        };
        let automaton = builder(errors).build_dfa(word);
        let first = word.chars().next();
        self.words(dictionary)
            .iter()
            .filter(|entry| entry.word.len().abs_diff(word.len()) <= 4 * usize::from(errors))
            .filter_map(|entry| match automaton.eval(&entry.word) {
                Distance::Exact(distance) if distance > 0 => Some((distance, entry)),
                _ => None,
            })
            .min_by(|(a, x), (b, y)| {
                let other_first = |e: &Entry| e.word.chars().next() != first;
                a.cmp(b)
                    .then(other_first(x).cmp(&other_first(y)))
                    .then(y.count.cmp(&x.count))
                    .then(x.word.cmp(&y.word))
            })
            .map(|(_, entry)| entry)
    }

    /// The most frequent words that begin so, best first.
    pub fn beginning(&self, prefix: &str, dictionary: Dictionary, limit: usize) -> Vec<&Entry> {
        let words = self.words(dictionary);
        let from = words.partition_point(|entry| entry.word.as_str() < prefix);
        let mut found: Vec<&Entry> = words[from..]
            .iter()
            .take_while(|entry| entry.word.starts_with(prefix))
            .collect();
        found.sort_by(|x, y| y.count.cmp(&x.count).then(x.word.cmp(&y.word)));
        found.truncate(limit);
        found
    }

    fn words(&self, dictionary: Dictionary) -> &[Entry] {
        match dictionary {
            Dictionary::Titles => &self.titles,
            Dictionary::Names => &self.names,
        }
    }
}

/// Builders are dear to make and serve all words.
fn builder(errors: u8) -> &'static LevenshteinAutomatonBuilder {
    static ONE: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    static TWO: OnceLock<LevenshteinAutomatonBuilder> = OnceLock::new();
    let cell = if errors == 1 { &ONE } else { &TWO };
    // Two letters that changed places count as one error.
    cell.get_or_init(|| LevenshteinAutomatonBuilder::new(errors, true))
}

fn read_field(field: Field, searcher: &Searcher) -> Result<Vec<Entry>, Error> {
    let count_min = if searcher.num_docs() >= PAPERS_MANY {
        COUNT_MIN_OF_MANY
    } else {
        1
    };
    let mut counts: HashMap<String, u32> = HashMap::new();
    for reader in searcher.segment_readers() {
        let inverted = reader.inverted_index(field)?;
        let mut stream = inverted
            .terms()
            .stream()
            .map_err(tantivy::TantivyError::from)?;
        while stream.advance() {
            let Ok(word) = std::str::from_utf8(stream.key()) else {
                continue;
            };
            let is_word = word.len() >= 3 && word.chars().all(char::is_alphabetic);
            if is_word {
                let papers = stream.value().doc_freq;
                *counts.entry(word.to_string()).or_default() += papers;
            }
        }
    }
    let mut entries: Vec<Entry> = counts
        .into_iter()
        .filter(|(_, count)| *count >= count_min)
        .map(|(word, count)| Entry { word, count })
        .collect();
    if entries.len() > WORDS_MAX {
        entries.sort_by(|x, y| y.count.cmp(&x.count).then(x.word.cmp(&y.word)));
        entries.truncate(WORDS_MAX);
    }
    entries.sort_by(|x, y| x.word.cmp(&y.word));
    Ok(entries)
}
