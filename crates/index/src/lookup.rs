//! From a query to posting lists: every word is looked up in the dictionaries once, for all segments.

use domain::ids::PaperId;
use tantivy::query::{EnableScoring, PhraseQuery, Query as _, TermQuery, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, Searcher, TERMINATED, Term};

use crate::Error;
use crate::bm25f::TextWeight;
use crate::number::{Limit, limit_of};
use crate::query::{Clause, Found, Part, Query, Scope, Words};
use crate::schema::{Fields, row_value};
use crate::tokens::{self, Word};

/// A query with its words looked up in all segments; opened once per segment.
pub(crate) struct Plan {
    /// In query order; `Query::all`, then `Query::some`.
    pub(crate) legs: Vec<LegPlan>,
    /// How many of the optional legs must match.
    pub(crate) need: usize,
    pub(crate) none: Vec<LegPlan>,
    pub(crate) bonus: Option<LegPlan>,
    /// Conditions on numbers, and whether they must hold or must not.
    pub(crate) tests: Vec<(Limit, bool)>,
}

/// The lists of a clause.
pub(crate) struct LegPlan {
    pub(crate) lists: Vec<ListPlan>,
    /// Must match; the others are counted against `need`.
    pub(crate) required: bool,
}

/// One list, in any segment.
pub(crate) enum ListPlan {
    /// A word or phrase in a field, or an exact key.
    Postings {
        weight: Box<dyn Weight>,
        factor: f32,
        /// No document scores more than this here, the factor counted in.
        bound: f32,
        part: Part,
        label: Option<usize>,
    },
    /// A number, tested document by document; only within `Clause::Any`.
    Tested(Limit),
}

impl Plan {
    /// Looks up a query's words.
    pub(crate) fn new(query: &Query, fields: &Fields, searcher: &Searcher) -> Result<Plan, Error> {
        let planner = Planner {
            query,
            fields,
            searcher,
        };
        // Where all of `some` are needed, each is simply required.
        let all_needed = query.need >= query.some.len();
        let mut plan = Plan {
            legs: Vec::new(),
            need: if all_needed { 0 } else { query.need },
            none: Vec::new(),
            bonus: None,
            tests: Vec::new(),
        };
        for clause in &query.all {
            match limit_of(clause) {
                Some(test) => plan.tests.push((test, true)),
                None => plan.legs.push(planner.leg(clause, true)?),
            }
        }
        for clause in &query.some {
            plan.legs.push(planner.leg(clause, all_needed)?);
        }
        for clause in &query.none {
            match limit_of(clause) {
                Some(test) => plan.tests.push((test, false)),
                None => plan.none.push(planner.leg(clause, true)?),
            }
        }
        if let Some(words) = &query.bonus {
            let mut leg = LegPlan {
                lists: Vec::new(),
                required: false,
            };
            planner.words(words, true, &mut leg.lists)?;
            plan.bonus = Some(leg);
        }
        Ok(plan)
    }
}

struct Planner<'a> {
    query: &'a Query,
    fields: &'a Fields,
    searcher: &'a Searcher,
}

impl Planner<'_> {
    fn leg(&self, clause: &Clause, required: bool) -> Result<LegPlan, Error> {
        let mut lists = Vec::new();
        self.lists(clause, &mut lists)?;
        Ok(LegPlan { lists, required })
    }

    fn lists(&self, clause: &Clause, lists: &mut Vec<ListPlan>) -> Result<(), Error> {
        let exact = |field: Field, value: &str| Term::from_field_text(field, value);
        let term = match clause {
            Clause::Words(words) => return self.words(words, false, lists),
            Clause::Any(clauses) => {
                return clauses
                    .iter()
                    .try_for_each(|clause| self.lists(clause, lists));
            }
            Clause::Days { .. } | Clause::HasCode => {
                lists.extend(limit_of(clause).map(ListPlan::Tested));
                return Ok(());
            }
            Clause::Category(name) => exact(self.fields.category, &name.to_lowercase()),
            Clause::Tag(name) => exact(self.fields.tag, &tokens::folded(name)),
            Clause::Id(key) => exact(self.fields.id, key),
            Clause::AuthorKey(key) => exact(self.fields.author_key, key),
        };
        let scoring = EnableScoring::disabled_from_searcher(self.searcher);
        lists.push(ListPlan::Postings {
            weight: TermQuery::new(term, IndexRecordOption::Basic).weight(scoring)?,
            factor: 0.0,
            bound: 0.0,
            part: Part::Filter,
            label: None,
        });
        Ok(())
    }

    /// The lists of each spelling in the places of the scope. A single word that may stand anywhere has one list for
    /// title and abstract together, see `bm25f.rs`.
    fn words(&self, words: &Words, bonus: bool, lists: &mut Vec<ListPlan>) -> Result<(), Error> {
        for spelling in words.spellings.iter().filter(|s| !s.is_empty()) {
            let anywhere = words.scope == Scope::Everywhere && !bonus;
            match spelling.as_slice() {
                [word] if anywhere => {
                    lists.push(self.text_list(word, words.label)?);
                    let name = (self.fields.authors, Part::Authors);
                    lists.push(self.list(spelling, name, words, bonus)?);
                }
                _ => {
                    for place in fields_of(self.fields, words.scope) {
                        lists.push(self.list(spelling, *place, words, bonus)?);
                    }
                }
            }
        }
        Ok(())
    }

    fn text_list(&self, word: &Word, label: usize) -> Result<ListPlan, Error> {
        let Fields {
            title,
            abstract_text,
            ..
        } = *self.fields;
        let weights = &self.query.weights;
        let [title, about] = [title, abstract_text].map(|f| term_of(self.fields, f, word));
        let weight = TextWeight::new(self.searcher, title, about, weights.title)?;
        Ok(ListPlan::Postings {
            bound: weights.abstract_text * weight.bound(),
            weight: Box::new(weight),
            factor: weights.abstract_text,
            // Scores are shared out between title and abstract when they are explained.
            part: Part::Abstract,
            label: Some(label),
        })
    }

    /// A word or phrase in one field.
    fn list(
        &self,
        spelling: &[Word],
        (field, part): (Field, Part),
        words: &Words,
        bonus: bool,
    ) -> Result<ListPlan, Error> {
        let weights = &self.query.weights;
        let factor = match part {
            _ if bonus => weights.bonus,
            Part::Title if words.scope == Scope::Title => weights.title,
            Part::Authors => weights.authors,
            _ => weights.abstract_text,
        };
        let terms: Vec<(usize, Term)> = spelling
            .iter()
            .map(|word| (word.position, term_of(self.fields, field, word)))
            .collect();
        let bound = factor * self.bound(&terms)?;
        let scoring = EnableScoring::enabled_from_searcher(self.searcher);
        let weight = if let [(_, term)] = terms.as_slice() {
            TermQuery::new(term.clone(), IndexRecordOption::WithFreqs).weight(scoring)?
        } else {
            PhraseQuery::new_with_offset_and_slop(terms, words.slop).weight(scoring)?
        };
        Ok(ListPlan::Postings {
            weight,
            factor,
            bound,
            part: if bonus { Part::Bonus } else { part },
            label: (!bonus).then_some(words.label),
        })
    }

    /// What a word's or phrase's BM25 score cannot exceed in any document.
    fn bound(&self, terms: &[(usize, Term)]) -> Result<f32, Error> {
        let readers = self.searcher.segment_readers();
        let docs: u64 = readers.iter().map(|r| u64::from(r.max_doc())).sum();
        let mut rarity = 0.0;
        for (_, term) in terms {
            let with = self.searcher.doc_freq(term)?;
            let without = docs.saturating_sub(with);
            rarity += (1.0 + (without as f32 + 0.5) / (with as f32 + 0.5)).ln();
        }
        Ok(rarity * BM25_SATURATION)
    }
}

/// Where papers stand, in the order asked; those that are not here are left out.
pub(crate) fn place(
    fields: &Fields,
    searcher: &Searcher,
    papers: &[PaperId],
) -> Result<Vec<Found>, Error> {
    let mut readers = Vec::new();
    for (number, reader) in (0u32..).zip(searcher.segment_readers()) {
        readers.push((number, reader, reader.inverted_index(fields.row)?));
    }
    let mut placed = Vec::with_capacity(papers.len());
    for &paper in papers {
        let term = Term::from_field_u64(fields.row, row_value(paper));
        for (number, reader, rows) in &readers {
            let Some(mut docs) = rows
                .read_postings(&term, IndexRecordOption::Basic)
                .map_err(tantivy::TantivyError::from)?
            else {
                continue;
            };
            let alive = |doc| {
                reader
                    .alive_bitset()
                    .is_none_or(|alive| alive.is_alive(doc))
            };
            while docs.doc() < TERMINATED && !alive(docs.doc()) {
                docs.advance();
            }
            if docs.doc() < TERMINATED {
                placed.push(Found::unscored(paper, (*number, docs.doc())));
                break;
            }
        }
    }
    Ok(placed)
}

/// BM25 counts a word at most 1 + k1 times its rarity, however often it stands in a text.
const BM25_SATURATION: f32 = 1.0 + 1.2;

/// The fields of a scope, by the place they stand for.
pub(crate) fn fields_of(fields: &Fields, scope: Scope) -> &[(Field, Part)] {
    let all = &fields.text;
    match scope {
        Scope::Everywhere => all,
        Scope::Title => &all[0..1],
        Scope::Abstract => &all[1..2],
        Scope::Authors => &all[2..3],
    }
}

/// A word as a field holds it: names are not stemmed.
pub(crate) fn term_of(fields: &Fields, field: Field, word: &Word) -> Term {
    let text = if field == fields.authors {
        &word.surface
    } else {
        &word.stem
    };
    Term::from_field_text(field, text)
}
