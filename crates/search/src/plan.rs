//! From a parsed query to what the index is asked, with everything that the answer needs later: labels, the marker,
//! hints. Ranking policy is here: how much a match counts by place.

use std::collections::HashMap;

use domain::ids::ExternalId;
use index::query::{Clause, Query, Scope, Weights, Words};
use index::tokens::{self, Word};

use crate::marker::Marker;
use crate::query::{Atom, Item, Parsed};
use crate::stop_words;

/// Most words of a query that are looked up, stop words not counted: a pasted abstract says what it is about in its
/// first sentences, and with half of these the best paper is missed more often.
pub(crate) const WORDS_MAX: usize = 64;

/// A word of a sentence counts so many times at most.
const REPEATS_MAX: u32 = 4;

/// More words than this are a title, a question or a sentence: few papers have them all, and papers with most of the
/// telling ones are as good.
const WORDS_OF_TITLE: usize = 4;

/// A word in the title says most about a paper; a name is rare and so scores high by itself. See `docs/hybrid.md`.
const WEIGHTS: Weights = Weights {
    title: 2.0,
    abstract_text: 1.0,
    authors: 1.0,
    bonus: 1.0,
};

/// All words of the query standing together in a title earn a bonus, up to so many words.
const BONUS_WORDS_MAX: usize = 8;
/// How far they may stand apart for it, in words.
const BONUS_SLOP: u32 = 2;
/// `author:"Geoffrey Hinton"` finds `Geoffrey E. Hinton` and `Hinton, Geoffrey` too.
const NAME_SLOP: u32 = 2;

/// A query ready to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Planned {
    pub(crate) query: Query,
    /// Texts as typed, by label.
    pub(crate) labels: Vec<String>,
    pub(crate) marker: Marker,
    pub(crate) hints: Vec<String>,
    /// There is something to look for.
    pub(crate) asks: bool,
    /// There are so many words that any of them will do.
    pub(crate) sentence: bool,
    /// Which of the query's `some` are phrases.
    phrases: Vec<bool>,
}

impl Planned {
    /// How many parts could be demanded less strictly: free words, phrases and OR groups.
    pub(crate) fn loose_parts(&self) -> usize {
        self.query.some.len()
    }

    /// Makes every phrase a demand: who types quotation marks means these words.
    pub(crate) fn demand_phrases(&mut self) {
        let some = std::mem::take(&mut self.query.some);
        let phrases = std::mem::take(&mut self.phrases);
        for (clause, phrase) in some.into_iter().zip(phrases) {
            if phrase {
                self.query.all.push(clause);
            } else {
                self.query.some.push(clause);
            }
        }
        self.phrases = vec![false; self.query.some.len()];
    }
}

/// The query for one id.
pub(crate) fn for_id(id: &ExternalId) -> Planned {
    let query = Query {
        all: vec![Clause::Id(id.key())],
        ..Query::default()
    };
    Planned {
        query,
        asks: true,
        ..Planned::default()
    }
}

/// Plans a query; all its parts are needed.
pub(crate) fn plan(parsed: &Parsed) -> Planned {
    let mut planner = Planner {
        parsed,
        planned: Planned::default(),
        words_left: WORDS_MAX,
        seen: HashMap::new(),
        title: Vec::new(),
    };
    let telling = parsed
        .items
        .iter()
        .filter(|item| !planner.is_filler(item) && planner.is_text(item))
        .count();
    let says_more = telling > 0;
    planner.planned.sentence = telling > WORDS_OF_TITLE;
    for item in &parsed.items {
        if says_more && planner.is_filler(item) {
            planner.pass_over(item);
        } else {
            planner.item(item);
        }
    }
    planner.finish()
}

struct Planner<'a> {
    parsed: &'a Parsed,
    planned: Planned,
    words_left: usize,
    /// How often each word of a sentence came so far, by stem.
    seen: HashMap<String, u32>,
    /// The free words in order, for the title bonus.
    title: Vec<Word>,
}

impl Planner<'_> {
    /// Whether an item is a bare stop word: beside other words it says nothing, and demanding it loses papers.
    fn is_filler(&self, item: &Item) -> bool {
        let [
            Atom::Text {
                range,
                phrase: false,
                scope: Scope::Everywhere,
            },
        ] = item.any.as_slice()
        else {
            return false;
        };
        let text = self.parsed.text.get(range.clone()).unwrap_or_default();
        let words = tokens::words(text);
        !item.negated
            && !words.is_empty()
            && words.iter().all(|word| stop_words::is_one(&word.surface))
    }

    /// Whether an item asks for words of the text.
    fn is_text(&self, item: &Item) -> bool {
        let has_words = |atom: &Atom| match atom {
            Atom::Text { range, scope, .. } if *scope != Scope::Authors => {
                let text = self.parsed.text.get(range.clone()).unwrap_or_default();
                !tokens::words(text).is_empty()
            }
            _ => false,
        };
        !item.negated && item.any.iter().any(has_words)
    }

    /// A stop word still stands between the others in a title.
    fn pass_over(&mut self, item: &Item) {
        if let [Atom::Text { range, .. }] = item.any.as_slice() {
            let text = self.parsed.text.get(range.clone()).unwrap_or_default();
            self.title
                .extend(tokens::words(text).into_iter().filter(|word| !word.joined));
        }
    }

    /// Of a sentence every word counts for itself, and again each time it comes: `time-sharing` is two words, not a
    /// phrase.
    fn words_of_sentence(&mut self, text: &str) {
        let label = self.planned.labels.len();
        self.planned.labels.push(text.to_string());
        for word in tokens::words(text).into_iter().filter(|word| !word.joined) {
            self.title.push(word.clone());
            if stop_words::is_one(&word.surface) {
                continue;
            }
            if !self.takes(&word.stem) {
                continue;
            }
            self.planned.marker.add(std::slice::from_ref(&word));
            self.planned.phrases.push(false);
            self.planned.asks = true;
            self.planned.query.some.push(Clause::Words(Words {
                label,
                scope: Scope::Everywhere,
                spellings: vec![vec![word]],
                slop: 0,
            }));
        }
    }

    /// Whether a word of a sentence is looked up: as one of the first so many different ones, and not too often.
    fn takes(&mut self, stem: &str) -> bool {
        let times = self.seen.get(stem).copied().unwrap_or(0);
        if times == 0 {
            if self.words_left == 0 {
                self.hint_words_max();
                return false;
            }
            self.words_left -= 1;
        }
        self.seen.insert(stem.to_string(), times + 1);
        times < REPEATS_MAX
    }

    fn hint_words_max(&mut self) {
        let hint = format!("Only the first {WORDS_MAX} words were searched.");
        if !self.planned.hints.contains(&hint) {
            self.planned.hints.push(hint);
        }
    }

    fn item(&mut self, item: &Item) {
        if let [
            Atom::Text {
                range,
                phrase: false,
                scope: Scope::Everywhere,
            },
        ] = item.any.as_slice()
            && self.planned.sentence
            && !item.negated
        {
            return self.words_of_sentence(self.parsed.text.get(range.clone()).unwrap_or_default());
        }
        let mut clauses: Vec<Clause> = Vec::new();
        let mut loose = true;
        for atom in &item.any {
            let single = item.any.len() == 1 && !item.negated;
            loose &= matches!(
                atom,
                Atom::Text {
                    scope: Scope::Everywhere,
                    ..
                }
            );
            clauses.extend(self.clause(atom, item.negated, single));
        }
        let Some(first) = clauses.pop() else {
            return;
        };
        let clause = if clauses.is_empty() {
            first
        } else {
            clauses.push(first);
            Clause::Any(clauses)
        };
        let query = &mut self.planned.query;
        match (item.negated, loose) {
            (true, _) => query.none.push(clause),
            (false, true) => {
                query.some.push(clause);
                let phrase = |atom: &Atom| matches!(atom, Atom::Text { phrase: true, .. });
                self.planned.phrases.push(item.any.iter().any(phrase));
            }
            (false, false) => query.all.push(clause),
        }
        self.planned.asks = true;
    }

    fn clause(&mut self, atom: &Atom, negated: bool, single: bool) -> Option<Clause> {
        Some(match atom {
            Atom::Text {
                range,
                phrase,
                scope,
            } => {
                let text = self.parsed.text.get(range.clone())?;
                return self
                    .words(text, *phrase, *scope, negated, single)
                    .map(Clause::Words);
            }
            Atom::Category(name) => Clause::Category(name.clone()),
            Atom::Tag(name) => Clause::Tag(name.clone()),
            Atom::Id(key) => Clause::Id(key.clone()),
            Atom::Days { first, last } => Clause::Days {
                first: *first,
                last: *last,
            },
            Atom::HasCode => Clause::HasCode,
        })
    }

    /// A word or phrase; `None` where it holds no letter, or the query has too many words already.
    fn words(
        &mut self,
        text: &str,
        phrase: bool,
        scope: Scope,
        negated: bool,
        single: bool,
    ) -> Option<Words> {
        let (joined, mut parts): (Vec<Word>, Vec<Word>) = tokens::words(text)
            .into_iter()
            .partition(|word| word.joined);
        if parts.is_empty() {
            return None;
        }
        if parts.len() > self.words_left {
            self.hint_words_max();
            parts.truncate(self.words_left);
            if parts.is_empty() {
                return None;
            }
        }
        self.words_left -= parts.len();
        if !negated && scope != Scope::Authors {
            self.planned.marker.add(&parts);
        }
        if single && scope == Scope::Everywhere {
            self.title.extend(parts.iter().cloned());
        }
        let mut spellings = vec![parts];
        // `pre-training` is also `pretraining`, unless it is a part of a phrase.
        if let [whole] = joined.as_slice()
            && spellings[0].len() == 2
            && !phrase
        {
            if !negated && scope != Scope::Authors {
                self.planned.marker.add(&joined);
            }
            spellings.push(vec![whole.clone()]);
        }
        let label = self.planned.labels.len();
        self.planned.labels.push(text.to_string());
        let slop = if scope == Scope::Authors {
            NAME_SLOP
        } else {
            0
        };
        Some(Words {
            label,
            scope,
            spellings,
            slop,
        })
    }

    fn finish(self) -> Planned {
        let mut planned = self.planned;
        let query = &mut planned.query;
        query.weights = WEIGHTS;
        query.need = query.some.len();
        if (2..=BONUS_WORDS_MAX).contains(&self.title.len()) && query.some.len() > 1 {
            let words = (0..)
                .zip(self.title)
                .map(|(position, word)| Word { position, ..word });
            query.bonus = Some(Words {
                label: 0,
                scope: Scope::Title,
                spellings: vec![words.collect()],
                slop: BONUS_SLOP,
            });
        }
        let finds = !query.all.is_empty() || !query.some.is_empty();
        if planned.asks && !finds {
            planned
                .hints
                .push("Only things to leave out were given; here is everything else.".to_string());
        }
        let texts: Vec<Word> = planned
            .labels
            .iter()
            .flat_map(|text| tokens::words(text))
            .collect();
        if !texts.is_empty() && texts.iter().all(|word| stop_words::is_one(&word.surface)) {
            planned.hints.push(
                "These words are in nearly every paper; a rarer word, or quotation marks around a phrase, finds more.".to_string(),
            );
        }
        planned
    }
}
