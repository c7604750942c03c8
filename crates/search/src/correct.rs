//! Typing errors: words that no paper has, replaced by the nearest word of a title or a name.

use index::query::Scope;
use index::snapshot::Snapshot;
use index::spelling::{Dictionary, Spelling};
use index::tokens::{self, Word};

use crate::plan::WORDS_MAX;
use crate::query::{Atom, Parsed};

/// A word in fewer places than this may be somebody else's typing error.
const RARE: u64 = 5;
/// Then the word meant must be so many times more frequent.
const MORE_FREQUENT: u64 = 50;

/// The query's text with its mistyped words replaced, if there are any. Called when the text as typed found nothing.
pub(crate) fn corrected(
    snapshot: &Snapshot,
    parsed: &Parsed,
) -> Result<Option<String>, index::Error> {
    let mut replaced = parsed.text.clone();
    let mut changed = false;
    let texts = parsed
        .items
        .iter()
        .filter(|item| !item.negated)
        .flat_map(|item| &item.any)
        .filter_map(|atom| match atom {
            Atom::Text { range, scope, .. } => Some((range.clone(), *scope)),
            _ => None,
        });
    // From the end, so that places before a replacement stay true.
    let mut words: Vec<(Word, Scope)> = Vec::new();
    for (range, scope) in texts {
        for word in tokens::words(parsed.text.get(range.clone()).unwrap_or_default()) {
            if !word.joined && words.len() < WORDS_MAX {
                let place = word.range.start + range.start..word.range.end + range.start;
                words.push((
                    Word {
                        range: place,
                        ..word
                    },
                    scope,
                ));
            }
        }
    }
    for (word, scope) in words.iter().rev() {
        let count = snapshot.word_count(word, *scope)?;
        if count >= RARE {
            continue;
        }
        if let Some(meant) = meant(snapshot.spelling()?, word, *scope, count) {
            replaced.replace_range(word.range.clone(), meant);
            changed = true;
        }
    }
    Ok(changed.then_some(replaced))
}

fn meant<'a>(spelling: &'a Spelling, word: &Word, scope: Scope, count: u64) -> Option<&'a str> {
    let dictionaries: &[Dictionary] = match scope {
        Scope::Authors => &[Dictionary::Names],
        Scope::Title | Scope::Abstract => &[Dictionary::Titles],
        Scope::Everywhere => &[Dictionary::Titles, Dictionary::Names],
    };
    let near = dictionaries
        .iter()
        .find_map(|dictionary| spelling.nearest(&word.surface, *dictionary))?;
    let sure = count == 0 || u64::from(near.count) >= count * MORE_FREQUENT;
    sure.then_some(near.word.as_str())
}
