//! The retriever: word vectors, and the query's way to its event.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use super::stream::{ASKED, EVENT, Kind, LENGTH, Query, Stream};
use crate::autograd::{Adam, Attention, Matrix, Slot, Tape, Var, Weights};
use crate::frame::Rng;

const WIDTH: usize = 32;
const SHARPNESS: f32 = 15.0;
const PAIRS: usize = 48;

/// What the retriever is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// The query alone.
    QueryOnly,
    /// The query, and the event of its name.
    Events,
}

/// Words have vectors; texts and events are the mean of theirs.
pub(super) struct Model {
    reads: Reads,
    weights: Weights,
    words: Slot,
    /// Maps for queries and keys of the attention.
    looks: [Slot; 2],
    /// From query, event and their product to one number, and where that starts.
    gate: [Slot; 2],
}

impl Model {
    fn new(words: usize, reads: Reads, rng: &mut Rng) -> Model {
        let mut weights = Weights::new();
        let table = weights.dense(words, WIDTH, (words as f32).sqrt() / 5.0, rng);
        let looks = [(); 2].map(|()| weights.dense(WIDTH, WIDTH, 1.0, rng));
        // Almost closed at first, so that an event must earn its place.
        let gate = [
            weights.dense(3 * WIDTH, 1, 0.1, rng),
            weights.add(Matrix::from_elem((1, 1), -2.0)),
        ];
        Model {
            reads,
            weights,
            words: table,
            looks,
            gate,
        }
    }

    /// Ordinary queries first, then all: `steps` of each stage.
    pub(super) fn train(
        stream: &Stream,
        queries: &[Query],
        reads: Reads,
        steps: [usize; 2],
        rng: &mut Rng,
    ) -> Model {
        let mut model = Model::new(stream.vocabulary(), reads, rng);
        let ordinary: Vec<&Query> = queries.iter().filter(|q| q.kind == Kind::Static).collect();
        let all: Vec<&Query> = queries.iter().collect();
        let mut adam = Adam::new(3e-3);
        for (stage, count) in steps.into_iter().enumerate() {
            let from = if stage == 0 { &ordinary } else { &all };
            for step in 0..count {
                if stage == 1 {
                    adam.set_rate(3e-3 * (1.0 - 0.9 * step as f32 / count as f32));
                }
                let batch: Vec<&Query> = (0..PAIRS)
                    .filter_map(|_| from.choose(rng).copied())
                    .collect();
                let mut tape = Tape::new();
                let loss = model.loss(&mut tape, stream, &batch, stage == 1, rng);
                let gradients = tape.gradients(loss);
                adam.step(&mut model.weights, &gradients);
            }
        }
        model
    }

    /// Each query must find its text among those of the batch and, in the second stage, one of another meaning each.
    fn loss(
        &self,
        tape: &mut Tape,
        stream: &Stream,
        batch: &[&Query],
        second: bool,
        rng: &mut Rng,
    ) -> Var {
        let any = |places: &[usize], rng: &mut Rng| places.choose(rng).copied();
        let right: Vec<usize> = batch.iter().filter_map(|q| any(&q.relevant, rng)).collect();
        let mut texts = right.clone();
        if second {
            // A name of one meaning only has no hard answer; any text will do.
            let other = |q: &&Query, rng: &mut Rng| {
                any(&q.others, rng).unwrap_or_else(|| rng.random_range(0..stream.texts.len()))
            };
            texts.extend(batch.iter().map(|q| other(q, rng)));
        }
        let words: Vec<usize> = texts
            .iter()
            .flat_map(|&at| stream.texts[at].words)
            .collect();
        let texts = self.means(tape, &words, LENGTH);
        let texts = tape.unit(texts);
        let reads = if second { self.reads } else { Reads::QueryOnly };
        let asked = self.asked(tape, batch, reads);
        let places: Vec<usize> = (0..batch.len()).collect();
        let finds = find(tape, asked, texts, &places);
        if reads == Reads::QueryOnly {
            return finds;
        }
        let with: Vec<usize> = (0..batch.len())
            .filter(|&at| is_about_its_event(batch[at]))
            .collect();
        if with.is_empty() {
            return finds;
        }
        let events = self.events(tape, batch);
        let events = tape.unit(events);
        let events = tape.rows(events, &with);
        let queries = tape.rows(asked, &with);
        let texts = tape.rows(texts, &with);
        let among: Vec<usize> = (0..with.len()).collect();
        let own = find(tape, queries, events, &among);
        let tells = find(tape, events, texts, &among);
        let (own, tells) = (tape.scale(own, 0.2), tape.scale(tells, 0.2));
        tape.sum(&[finds, own, tells])
    }

    fn means(&self, tape: &mut Tape, words: &[usize], length: usize) -> Var {
        let table = tape.weights(&self.weights, self.words);
        let rows = tape.rows(table, words);
        tape.run_means(rows, length)
    }

    /// The events' means; of the first word, where there is none: nothing looks at those.
    fn events(&self, tape: &mut Tape, batch: &[&Query]) -> Var {
        let words: Vec<usize> = batch
            .iter()
            .flat_map(|q| q.event.unwrap_or_default())
            .collect();
        self.means(tape, &words, EVENT)
    }

    /// Unit vectors of queries: `mean(Q + g A)`.
    fn asked(&self, tape: &mut Tape, batch: &[&Query], reads: Reads) -> Var {
        let words: Vec<usize> = batch.iter().flat_map(|q| q.words).collect();
        let query = self.means(tape, &words, ASKED);
        if reads == Reads::QueryOnly {
            return tape.unit(query);
        }
        let table = tape.weights(&self.weights, self.words);
        let event_words: Vec<usize> = batch
            .iter()
            .flat_map(|q| q.event.unwrap_or_default())
            .collect();
        let (q, e) = (tape.rows(table, &words), tape.rows(table, &event_words));
        let [by_query, by_event] = self.looks.map(|slot| tape.weights(&self.weights, slot));
        let (looks, keys) = (tape.product(q, by_query), tape.product(e, by_event));
        let there = batch
            .iter()
            .flat_map(|q| [q.event.is_some(); ASKED * EVENT]);
        let taken = tape.attention(
            looks,
            keys,
            e,
            Attention {
                queries: ASKED,
                keys: EVENT,
                visible: there.collect(),
            },
        );
        let taken = tape.run_means(taken, ASKED);
        let gate = self.gate(tape, query, batch);
        let taken = tape.times_column(taken, gate);
        let both = tape.add(query, taken);
        tape.unit(both)
    }

    /// How much of its event each query takes, 0 to 1.
    fn gate(&self, tape: &mut Tape, query: Var, batch: &[&Query]) -> Var {
        let event = self.events(tape, batch);
        let (query, event) = (tape.unit(query), tape.unit(event));
        let alike = tape.times(query, event);
        // A product of unit vectors is small in every number; brought to the size of the others.
        let alike = tape.scale(alike, (WIDTH as f32).sqrt());
        let both = tape.join(query, event);
        let seen = tape.join(both, alike);
        let [weights, bias] = self.gate.map(|slot| tape.weights(&self.weights, slot));
        let open = tape.linear(seen, weights, bias);
        tape.sigmoid(open)
    }

    /// Unit vectors of all texts of a stream.
    pub(super) fn texts(&self, stream: &Stream) -> Matrix {
        let mut tape = Tape::new();
        let words: Vec<usize> = stream.texts.iter().flat_map(|text| text.words).collect();
        let texts = self.means(&mut tape, &words, LENGTH);
        let texts = tape.unit(texts);
        tape.value(texts).clone()
    }

    /// Unit vectors of queries.
    pub(super) fn queries(&self, queries: &[Query]) -> Matrix {
        let mut tape = Tape::new();
        let batch: Vec<&Query> = queries.iter().collect();
        let asked = self.asked(&mut tape, &batch, self.reads);
        tape.value(asked).clone()
    }
}

/// The tasks about events are for queries that mean them.
fn is_about_its_event(query: &Query) -> bool {
    query.kind == Kind::Burst && query.event.is_some()
}

/// Cross-entropy of finding the right row of `among` by cosine.
fn find(tape: &mut Tape, from: Var, among: Var, right: &[usize]) -> Var {
    let cosines = tape.inner(from, among);
    let logits = tape.scale(cosines, SHARPNESS);
    tape.cross_entropy(logits, right)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn query(event: Option<[usize; EVENT]>) -> Query {
        Query {
            week: 20,
            kind: Kind::Burst,
            words: [1, 9],
            event,
            relevant: vec![0],
            others: Vec::new(),
        }
    }

    fn model() -> Model {
        Model::new(20, Reads::Events, &mut Rng::seed_from_u64(1))
    }

    #[test]
    fn without_an_event_a_query_is_itself() {
        let mut model = model();
        let asked = model.queries(&[query(None)]);
        model.reads = Reads::QueryOnly;
        assert_eq!(asked, model.queries(&[query(None)]));
    }

    #[test]
    fn a_closed_gate_keeps_the_query_and_an_open_one_turns_it_to_the_event() {
        let mut model = model();
        let alone = model.queries(&[query(None)]);
        let with = query(Some([3, 4, 5, 6, 7]));
        model.weights.get_mut(model.gate[1]).fill(-40.0);
        let closed = model.queries(std::slice::from_ref(&with));
        assert!((&closed - &alone).iter().all(|x| x.abs() < 1e-6));
        model.weights.get_mut(model.gate[1]).fill(40.0);
        let open = model.queries(&[with]);
        assert!((&open - &alone).iter().any(|x| x.abs() > 1e-2));
    }

    #[test]
    fn the_order_of_an_events_words_does_not_matter() {
        let model = model();
        let [a, b] = [[3, 4, 5, 6, 7], [7, 5, 3, 6, 4]].map(|e| model.queries(&[query(Some(e))]));
        assert!((&a - &b).iter().all(|x| x.abs() < 1e-6));
    }
}
