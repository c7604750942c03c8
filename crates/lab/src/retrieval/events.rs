//! Event-driven Real-time Retrieval in Web Search (Yang et al., arXiv 2312.00372).
//!
//! **Claim.** When news breaks, the same query means something else. A retriever that adds the current event to the query,
//! through cross-attention and a gate, follows; one that knows no time does not, and preferring new texts is not enough.
//!
//! **Mechanism.** The query's tokens look at the event's tokens, `A = softmax(Q Kᵀ / √d) V`, and take from them as much as a
//! gate allows, `H = Q + g A` with `g = σ(w [q; e; q ⊙ e] + b)`; the mean of H is the query's vector. Without an event g A
//! is absent and the query stays what it is. Training goes in two stages, ordinary queries first, then all with their
//! events, with three tasks: query finds text, query finds its event, event finds its texts (weights 1, .2, .2). Hard wrong
//! answers are texts of the same name's other meanings.
//!
//! **Made here.** A stream of 60 weeks. A name has three meanings: a busy one that is always written about, two quiet ones.
//! Now and then a meaning bursts for three weeks, with texts about a few of its words. Some queries are the bare name in such weeks, others ask for one meaning by
//! one of its words. Events are found in the stream as it was before the query: terms that burst (z above 3 against the
//! eight weeks before) in texts with the name. The last 20 weeks are for testing.
//!
//! **Controls.** The static retriever has the same training pairs and as many steps; the recency prior adds to its score a
//! term that decays with a text's age, with weight and decay tuned on the training weeks.

mod model;
mod stream;

use anyhow::Result;

use self::model::{Model, Reads};
use self::stream::{Kind, Query, Stream};
use super::measures::{ndcg, ranking};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Trial,
};

static CARD: Card = Card {
    id: "event-retrieval",
    arxiv: "2312.00372",
    title: "Event-driven Real-time Retrieval in Web Search",
    family: Family::Retrieval,
    claim: "When news breaks, the same query means something else: a retriever that adds the current event to the query finds \
            what is meant now, and does no harm where nothing happened.",
    published: "Better than static dense retrievers on a set of a million queries and in an online test (the abstract gives \
                no figure).",
    baseline: "The same retriever without events, trained on the same pairs; and that with a preference for new texts, tuned",
    kept: &[
        "cross-attention from the query's to the event's words, with a gate that may close",
        "two stages, three tasks, hard wrong answers from the same name's other meanings",
        "events found in the stream before the query, by terms that burst",
    ],
    left_out: &[
        "transformers and web pages: sums of word vectors over a generated stream",
        "labels by a set of models and by a language model: here relevance is known",
        "layer normalisation after the gate, so that a query without an event is exactly itself",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "burst",
            name: "nDCG@10, bare names in weeks of an event (against the preference for new texts)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "timeless",
            name: "nDCG@10, bare names in weeks of an event (against no time at all)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "static",
            name: "nDCG@10, queries for one meaning at any time (against no time at all)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "in weeks of an event at least 5 points better than preferring new texts",
            metric: "burst",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "and at least 15 points better than a retriever without time",
            metric: "timeless",
            expect: Expect::BetterBy(0.15),
        },
        Condition {
            text: "elsewhere at most 2 points worse",
            metric: "static",
            expect: Expect::BetterBy(-0.02),
        },
    ],
    likely_reason: "Word vectors are learned from a few thousand generated texts; and in a stream as clear as this a \
                    preference for new texts already finds most of what an event brings.",
    timed: false,
};

/// Queries that follow the news.
pub(super) struct EventRetrieval;

/// Results that count.
const DEPTH: usize = 10;

impl Reproduction for EventRetrieval {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let stream = Stream::new(context.pick(8, 20, 40), &mut context.rng(0));
        let (train, test) = stream.queries(context.pick(3, 8, 16), &mut context.rng(1));
        let steps = context.pick([60, 60], [400, 500], [800, 1500]);
        let fit = |reads: Reads| Model::train(&stream, &train, reads, steps, &mut context.rng(2));
        let plain = fit(Reads::QueryOnly);
        context.progress(0.4, "with events");
        let eventful = fit(Reads::Events);
        context.progress(0.8, "asking");

        let scored = |model: &Model, queries: &[Query], recency: Recency| {
            Scores::of(&stream, model, queries, recency)
        };
        let recency = Recency::tuned(|recency| {
            let some: Vec<Query> = train.iter().step_by(3).cloned().collect();
            scored(&plain, &some, recency).mean()
        });
        let none = Recency::NONE;
        let (timeless, new, events) = (
            scored(&plain, &test, none),
            scored(&plain, &test, recency),
            scored(&eventful, &test, none),
        );
        let plot = Plot::new(
            "kinds",
            "How well each kind of query is answered",
            Axis::named("", ["Bare name, event", "One meaning"]),
            Axis::linear("nDCG@10"),
        )
        .bars("No time", timeless.bars())
        .bars("Preference for new texts", new.bars())
        .bars("Events", events.bars());
        Ok(Trial::new()
            .measured("burst", new.burst, events.burst)
            .measured("timeless", timeless.burst, events.burst)
            .measured("static", timeless.fixed, events.fixed)
            .plot(plot))
    }
}

/// A preference for new texts: `weight · exp(-age / weeks)` is added to the cosine.
#[derive(Debug, Clone, Copy)]
struct Recency {
    weight: f32,
    weeks: f32,
}

impl Recency {
    const NONE: Recency = Recency {
        weight: 0.0,
        weeks: 1.0,
    };

    /// The best of a grid.
    fn tuned(value: impl Fn(Recency) -> f64) -> Recency {
        let mut best = (f64::NEG_INFINITY, Recency::NONE);
        for weight in [0.0, 0.1, 0.2, 0.4, 0.8] {
            for weeks in [1.0, 2.0, 4.0] {
                let recency = Recency { weight, weeks };
                let value = value(recency);
                if value > best.0 {
                    best = (value, recency);
                }
            }
        }
        best.1
    }
}

/// Mean nDCG@10 of each kind of query.
#[derive(Debug, Clone, Copy)]
struct Scores {
    burst: f64,
    fixed: f64,
}

impl Scores {
    fn of(stream: &Stream, model: &Model, queries: &[Query], recency: Recency) -> Scores {
        let (texts, asked) = (model.texts(stream), model.queries(queries));
        let mut sums = [(0.0, 0usize); 2];
        for (query, vector) in queries.iter().zip(asked.rows()) {
            // What was written before the query, newer ones last.
            let known = stream.before(query.week);
            let scores = (0..known).map(|at| {
                let age = (query.week - stream.texts[at].week) as f32;
                vector.dot(&texts.row(at)) + recency.weight * (-age / recency.weeks).exp()
            });
            let order = ranking(scores);
            let right = |&at: &usize| query.relevant.binary_search(&at).is_ok();
            let value = ndcg(order.iter().map(right), query.relevant.len(), DEPTH);
            let sum = &mut sums[usize::from(query.kind == Kind::Static)];
            *sum = (sum.0 + value, sum.1 + 1);
        }
        let [burst, fixed] = sums.map(|(sum, count)| sum / count.max(1) as f64);
        Scores { burst, fixed }
    }

    fn mean(&self) -> f64 {
        (self.burst + self.fixed) / 2.0
    }

    fn bars(&self) -> [f64; 2] {
        [self.burst, self.fixed]
    }
}
