//! Inside-Out: Hidden Factual Knowledge in LLMs (Gekhman et al., arXiv 2503.15299).
//!
//! **Claim.** A language model knows more than it says: a linear probe on its hidden states ranks right answers above wrong
//! ones more often than the model's own probabilities do.
//!
//! **Mechanism** (section 2). For a question q with right answers A and wrong answers B, knowledge by a score S is the share
//! of pairs (a, b) with S(q, a) > S(q, b); K* is 1 where all pairs are right. *External* scores are what can be observed: the
//! probability of the answer, and the probability of "yes" when asked whether it is right. The *internal* score is a
//! logistic probe on the hidden state for (q, a), trained on other questions. Hidden knowledge is the difference.
//!
//! **Made here.** Facts of subjects and relations, and a text that mentions them: the right answer, a few that are taken for
//! it in this question, and the relation's popular answers, which are named everywhere. A small network learns to go on from
//! "subject relation", and to say whether an answer was the text's or drawn at random. Wrong answers are those that it says
//! itself in 200 samples.
//!
//! **Control.** The probe is given labels, which the model was not. So the same probe is trained on the hidden states of an
//! untrained network: what it ranks right is what labels alone tell.

use anyhow::Result;
use rand::RngExt as _;

use crate::autograd::{Adam, Matrix, Slot, Tape, Var, Weights};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "inside-out",
    arxiv: "2503.15299",
    title: "Inside-Out: Hidden Factual Knowledge in LLMs",
    family: Family::Retrieval,
    claim: "A language model knows more than it says: signals inside it rank right answers above wrong ones more often than \
            its probabilities do.",
    published: "Three open language models: knowledge by a probe on hidden states exceeds the best external score by 40 % \
                on average.",
    baseline: "The better of two external scores: the answer's probability, and the probability of yes when asked about it; \
               and the same probe on an untrained network",
    kept: &[
        "knowledge as the share of pairs of right and wrong answers ranked rightly, and K* where all are",
        "wrong answers are the model's own samples",
        "a linear probe on the hidden state of question and answer, trained on other questions",
    ],
    left_out: &[
        "language models: a network of two hidden layers trained on generated facts",
        "answers judged by another model: here the truth is known",
        "the search for answers that are never said in 1,000 samples",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "knowledge",
            name: "Pairs of right and wrong answers ranked rightly (against the better external score)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "perfect",
            name: "Questions with all pairs right (against the better external score)",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "untrained",
            name: "Pairs ranked rightly (against the same probe on an untrained network)",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "the probe ranks at least a tenth more pairs rightly than the better external score",
            metric: "knowledge",
            expect: Expect::Times(1.1),
        },
        Condition {
            text: "at least 10 points more questions are known perfectly",
            metric: "perfect",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "labels alone do not tell it: at least 5 points above the probe on an untrained network",
            metric: "untrained",
            expect: Expect::BetterBy(0.05),
        },
    ],
    likely_reason: "A probe can take back only what is the same for all questions, here the popular answers; and it learns 64 \
                    weights from some hundred labelled questions, where the paper's probes have thousands of numbers and \
                    many more questions.",
    timed: false,
};

/// Hidden knowledge.
pub(super) struct InsideOut;

const SUBJECTS: usize = 160;
const RELATIONS: usize = 4;
/// Answers of one relation.
const ANSWERS: usize = 24;
/// Answers of one relation that are named everywhere: the first ones.
const POPULAR: usize = 10;
const WIDTH: usize = 32;
const HIDDEN: usize = 64;
/// What the model says when asked a question so many times.
const SAMPLES: usize = 200;

impl Reproduction for InsideOut {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let world = World::new(&mut context.rng(0));
        let mut model = Model::new(&mut context.rng(1));
        let untrained = model.clone();
        let steps = context.pick(60, 1500, 4000);
        model.train(&world, steps, &mut context.rng(2), |done| {
            context.progress(0.9 * done, "reading the text");
        });

        let asked = model.ask(&world, &mut context.rng(3));
        // Questions with labels train the probe, the others measure.
        let (labelled, others): (Vec<Question>, Vec<Question>) =
            asked.into_iter().partition(|q| q.number % 5 < 2);
        let score = |scores: &[Vec<f32>]| Knowledge::of(&others, scores);
        let said = score(&model.probabilities(&others));
        let confirmed = score(&model.confirmations(&others));
        let probe = Probe::train(&model, &labelled, &mut context.rng(4));
        let inside = score(&probe.scores(&model, &others));
        let labels_alone = Probe::train(&untrained, &labelled, &mut context.rng(4));
        let labels_alone = score(&labels_alone.scores(&untrained, &others));

        let names = [
            "Probability",
            "Asked yes or no",
            "Probe, untrained network",
            "Probe",
        ];
        let (x, y) = (Axis::named("", names), Axis::linear("Share"));
        let all = [said, confirmed, labels_alone, inside];
        let plot = Plot::new("scores", "What each score knows", x, y)
            .bars("Pairs ranked rightly", all.map(|k| k.pairs))
            .bars("Questions with all pairs right", all.map(|k| k.perfect));
        Ok(Trial::new()
            .measured("knowledge", said.pairs.max(confirmed.pairs), inside.pairs)
            .measured(
                "perfect",
                said.perfect.max(confirmed.perfect),
                inside.perfect,
            )
            .measured("untrained", labels_alone.pairs, inside.pairs)
            .plot(plot))
    }
}

/// The facts, and how often the text mentions each answer.
struct World {
    /// For each question, one weight an answer of its relation; they add up to 1.
    mentions: Vec<[f32; ANSWERS]>,
    /// For each question the right answer.
    right: Vec<usize>,
}

/// A question's subject and relation.
fn parts(question: usize) -> (usize, usize) {
    (question / RELATIONS, question % RELATIONS)
}

impl World {
    fn new(rng: &mut Rng) -> World {
        let mut world = World {
            mentions: Vec::new(),
            right: Vec::new(),
        };
        // Named everywhere in a relation, some more often than others.
        let popular: Vec<[f32; POPULAR]> = (0..RELATIONS)
            .map(|_| std::array::from_fn(|_| rng.random_range(0.02..0.2)))
            .collect();
        for question in 0..SUBJECTS * RELATIONS {
            let right = rng.random_range(0..ANSWERS);
            let mut mentions = [0.0; ANSWERS];
            mentions[right] += rng.random_range(0.05..0.2);
            for (mention, often) in mentions.iter_mut().zip(popular[parts(question).1]) {
                *mention += often;
            }
            // Taken for the right one in this question.
            for _ in 0..3 {
                mentions[rng.random_range(0..ANSWERS)] += rng.random_range(0.01..0.1);
            }
            let sum: f32 = mentions.iter().sum();
            world.mentions.push(mentions.map(|m| m / sum));
            world.right.push(right);
        }
        world
    }

    /// An answer as the text mentions it.
    fn mention(&self, question: usize, rng: &mut Rng) -> usize {
        draw(&self.mentions[question], rng)
    }
}

/// A place by its share; shares add up to 1.
fn draw(shares: &[f32], rng: &mut Rng) -> usize {
    let mut rest: f32 = rng.random();
    for (at, share) in shares.iter().enumerate() {
        rest -= share;
        if rest < 0.0 {
            return at;
        }
    }
    shares.len() - 1
}

/// A question, its right answer, and the wrong ones that the model says.
struct Question {
    number: usize,
    right: usize,
    wrong: Vec<usize>,
}

/// What a score knows of some questions.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Knowledge {
    pairs: f64,
    perfect: f64,
}

impl Knowledge {
    /// `scores` has one row a question, one entry an answer. A tie is not ranked rightly.
    fn of(questions: &[Question], scores: &[Vec<f32>]) -> Knowledge {
        let mut sum = Knowledge {
            pairs: 0.0,
            perfect: 0.0,
        };
        for (question, scores) in questions.iter().zip(scores) {
            let above = |wrong: &&usize| scores[question.right] > scores[**wrong];
            let right = question.wrong.iter().filter(above).count();
            sum.pairs += right as f64 / question.wrong.len() as f64;
            sum.perfect += f64::from(u8::from(right == question.wrong.len()));
        }
        let n = questions.len() as f64;
        Knowledge {
            pairs: sum.pairs / n,
            perfect: sum.perfect / n,
        }
    }
}

/// Subject and relation to a hidden state, and that to a vector whose inner products with the answers' vectors are their
/// logits. State, answer, and the product of both vectors number by number go to a second state, and that to yes or no.
#[derive(Clone)]
struct Model {
    weights: Weights,
    subjects: Slot,
    relations: Slot,
    answers: Slot,
    first: [Slot; 2],
    say: Slot,
    bias: Slot,
    second: [Slot; 2],
    confirm: [Slot; 2],
}

impl Model {
    fn new(rng: &mut Rng) -> Model {
        let mut weights = Weights::new();
        let mut table = |rows: usize| {
            let slot = weights.dense(rows, WIDTH, 1.0, rng);
            // Rows of about unit length, whatever their number.
            *weights.get_mut(slot) *= (rows as f32 / WIDTH as f32).sqrt();
            slot
        };
        let (subjects, relations) = (table(SUBJECTS), table(RELATIONS));
        let answers = table(RELATIONS * ANSWERS);
        let mut layer = |inputs: usize, outputs: usize, gain: f32| {
            [
                weights.dense(inputs, outputs, gain, rng),
                weights.bias(outputs),
            ]
        };
        let first = layer(2 * WIDTH, HIDDEN, 1.4);
        let second = layer(HIDDEN + 2 * WIDTH, HIDDEN, 1.4);
        let confirm = layer(HIDDEN, 1, 1.0);
        let say = weights.dense(HIDDEN, WIDTH, 1.0, rng);
        let bias = weights.bias(RELATIONS * ANSWERS);
        Model {
            weights,
            subjects,
            relations,
            answers,
            first,
            say,
            bias,
            second,
            confirm,
        }
    }

    fn layer(&self, tape: &mut Tape, x: Var, slots: [Slot; 2]) -> Var {
        let [weights, bias] = slots.map(|slot| tape.weights(&self.weights, slot));
        tape.linear(x, weights, bias)
    }

    fn embedded(&self, tape: &mut Tape, table: Slot, places: &[usize]) -> Var {
        let table = tape.weights(&self.weights, table);
        tape.rows(table, places)
    }

    /// The state after the question.
    fn question(&self, tape: &mut Tape, questions: &[usize]) -> Var {
        let subjects: Vec<usize> = questions.iter().map(|&q| parts(q).0).collect();
        let relations: Vec<usize> = questions.iter().map(|&q| parts(q).1).collect();
        let subjects = self.embedded(tape, self.subjects, &subjects);
        let relations = self.embedded(tape, self.relations, &relations);
        let both = tape.join(subjects, relations);
        let hidden = self.layer(tape, both, self.first);
        tape.relu(hidden)
    }

    /// A logit for each answer of all relations.
    fn logits(&self, tape: &mut Tape, state: Var) -> Var {
        let [say, answers, bias] =
            [self.say, self.answers, self.bias].map(|slot| tape.weights(&self.weights, slot));
        let told = tape.product(state, say);
        let logits = tape.inner(told, answers);
        tape.add_row(logits, bias)
    }

    /// The state after an answer to each question.
    fn answered(&self, tape: &mut Tape, questions: &[usize], answers: &[usize]) -> Var {
        let state = self.question(tape, questions);
        let places: Vec<usize> = questions
            .iter()
            .zip(answers)
            .map(|(&q, answer)| parts(q).1 * ANSWERS + answer)
            .collect();
        let answers = self.embedded(tape, self.answers, &places);
        let say = tape.weights(&self.weights, self.say);
        let told = tape.product(state, say);
        let alike = tape.times(told, answers);
        let both = tape.join(state, answers);
        let both = tape.join(both, alike);
        let hidden = self.layer(tape, both, self.second);
        tape.relu(hidden)
    }

    /// Reads mentions: learns to go on, and to tell a mention from an answer drawn at random.
    fn train(&mut self, world: &World, steps: usize, rng: &mut Rng, told: impl Fn(f64)) {
        const BATCH: usize = 128;
        let mut adam = Adam::new(3e-3);
        for step in 0..steps {
            told(step as f64 / steps as f64);
            adam.set_rate(3e-3 * (1.0 - 0.9 * step as f32 / steps as f32));
            let questions: Vec<usize> = (0..BATCH)
                .map(|_| rng.random_range(0..world.right.len()))
                .collect();
            let mentions: Vec<usize> = questions.iter().map(|&q| world.mention(q, rng)).collect();
            let asked: Vec<usize> = mentions
                .iter()
                .enumerate()
                .map(|(at, &m)| {
                    if at % 2 == 0 {
                        m
                    } else {
                        rng.random_range(0..ANSWERS)
                    }
                })
                .collect();
            let mut tape = Tape::new();
            let state = self.question(&mut tape, &questions);
            let logits = self.logits(&mut tape, state);
            let places = questions.iter().zip(&mentions);
            let places: Vec<usize> = places.map(|(&q, m)| parts(q).1 * ANSWERS + m).collect();
            let say = tape.cross_entropy(logits, &places);
            let answered = self.answered(&mut tape, &questions, &asked);
            let yes = self.layer(&mut tape, answered, self.confirm);
            let truth = Matrix::from_shape_fn((BATCH, 1), |(at, _)| ((at + 1) % 2) as f32);
            let confirm = tape.yes_no(yes, truth);
            let loss = tape.sum(&[say, confirm]);
            let gradients = tape.gradients(loss);
            adam.step(&mut self.weights, &gradients);
        }
    }

    /// For each question one row of logarithms of probabilities over its relation's answers.
    fn say(&self, questions: &[usize]) -> Vec<Vec<f32>> {
        let mut tape = Tape::new();
        let state = self.question(&mut tape, questions);
        let logits = self.logits(&mut tape, state);
        let logs = tape.log_softmax(logits);
        let rows = questions.iter().zip(tape.value(logs).rows());
        rows.map(|(&q, row)| {
            let from = parts(q).1 * ANSWERS;
            row.iter().skip(from).take(ANSWERS).copied().collect()
        })
        .collect()
    }

    /// Samples answers. Questions without a wrong one among them say nothing about knowledge and are left out.
    fn ask(&self, world: &World, rng: &mut Rng) -> Vec<Question> {
        let all: Vec<usize> = (0..world.right.len()).collect();
        let mut asked = Vec::new();
        for (number, logs) in self.say(&all).into_iter().enumerate() {
            let mut shares: Vec<f32> = logs.iter().map(|log| log.exp()).collect();
            let sum: f32 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= sum);
            let right = world.right[number];
            let mut said = [false; ANSWERS];
            (0..SAMPLES).for_each(|_| said[draw(&shares, rng)] = true);
            let wrong: Vec<usize> = (0..ANSWERS).filter(|&a| said[a] && a != right).collect();
            if !wrong.is_empty() {
                asked.push(Question {
                    number,
                    right,
                    wrong,
                });
            }
        }
        asked
    }

    fn probabilities(&self, questions: &[Question]) -> Vec<Vec<f32>> {
        self.say(&questions.iter().map(|q| q.number).collect::<Vec<_>>())
    }

    /// The states after every answer to every question, answers of one question after another.
    fn states(&self, tape: &mut Tape, questions: &[Question]) -> Var {
        let each = questions.iter().flat_map(|q| [q.number; ANSWERS]);
        let answers = questions.iter().flat_map(|_| 0..ANSWERS);
        let (each, answers): (Vec<usize>, Vec<usize>) = (each.collect(), answers.collect());
        self.answered(tape, &each, &answers)
    }

    fn confirmations(&self, questions: &[Question]) -> Vec<Vec<f32>> {
        let mut tape = Tape::new();
        let states = self.states(&mut tape, questions);
        let yes = self.layer(&mut tape, states, self.confirm);
        by_question(tape.value(yes))
    }
}

/// A column of scores, cut into the answers of each question.
fn by_question(scores: &Matrix) -> Vec<Vec<f32>> {
    let all: Vec<f32> = scores.iter().copied().collect();
    all.chunks_exact(ANSWERS).map(<[f32]>::to_vec).collect()
}

/// Logistic regression on hidden states.
struct Probe {
    /// Mean and deviation of each number of the states that it was trained on.
    scale: (ndarray::Array1<f32>, ndarray::Array1<f32>),
    weights: Weights,
    slots: [Slot; 2],
}

impl Probe {
    /// Every step looks at the right answer of each question and at one of the wrong ones that were said.
    fn train(model: &Model, labelled: &[Question], rng: &mut Rng) -> Probe {
        let mut tape = Tape::new();
        let states = model.states(&mut tape, labelled);
        let said = labelled.iter().enumerate().flat_map(|(at, question)| {
            let answers = question.wrong.iter().chain([&question.right]);
            answers.map(move |answer| at * ANSWERS + answer)
        });
        let (states, said) = (tape.value(states), said.collect::<Vec<_>>());
        let seen = states.select(ndarray::Axis(0), &said);
        let mean = seen.sum_axis(ndarray::Axis(0)) / said.len() as f32;
        let squares = (&seen - &mean).mapv(|x| x * x);
        let deviation = squares.sum_axis(ndarray::Axis(0)) / said.len() as f32;
        let deviation = deviation.mapv(|v| (v + 1e-6).sqrt());
        let states = (states - &mean) / &deviation;

        let mut weights = Weights::new();
        let slots = [weights.add(Matrix::zeros((HIDDEN, 1))), weights.bias(1)];
        let mut adam = Adam::new(0.02);
        for _ in 0..300 {
            let mut rows = Vec::new();
            for (at, question) in labelled.iter().enumerate() {
                let wrong = question.wrong[rng.random_range(0..question.wrong.len())];
                rows.extend([at * ANSWERS + question.right, at * ANSWERS + wrong]);
            }
            let truth = Matrix::from_shape_fn((rows.len(), 1), |(at, _)| ((at + 1) % 2) as f32);
            let mut tape = Tape::new();
            let [w, b] = slots.map(|slot| tape.weights(&weights, slot));
            let x = tape.constant(states.select(ndarray::Axis(0), &rows));
            let logits = tape.linear(x, w, b);
            let loss = tape.yes_no(logits, truth);
            let squares = tape.times(w, w);
            let size = tape.total(squares, 0.01);
            let loss = tape.add(loss, size);
            let gradients = tape.gradients(loss);
            adam.step(&mut weights, &gradients);
        }
        Probe {
            scale: (mean, deviation),
            weights,
            slots,
        }
    }

    fn scores(&self, model: &Model, questions: &[Question]) -> Vec<Vec<f32>> {
        let mut tape = Tape::new();
        let states = model.states(&mut tape, questions);
        let x = (tape.value(states) - &self.scale.0) / &self.scale.1;
        let mut tape = Tape::new();
        let x = tape.constant(x);
        let [w, b] = self.slots.map(|slot| tape.weights(&self.weights, slot));
        let logits = tape.linear(x, w, b);
        by_question(tape.value(logits))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn question(right: usize, wrong: &[usize]) -> Question {
        Question {
            number: 0,
            right,
            wrong: wrong.to_vec(),
        }
    }

    #[test]
    fn knowledge_is_the_share_of_pairs() {
        let questions = [question(0, &[1, 2]), question(2, &[0, 1])];
        // The first has one pair right and one tied, the second both right.
        let scores = vec![vec![0.5, 0.2, 0.5], vec![0.1, 0.2, 0.3]];
        let knowledge = Knowledge::of(&questions, &scores);
        assert_eq!(knowledge.pairs, 0.75);
        assert_eq!(knowledge.perfect, 0.5);
    }

    #[test]
    fn mentions_add_up_and_are_drawn_by_their_share() {
        let rng = &mut Rng::seed_from_u64(1);
        let world = World::new(rng);
        for mentions in &world.mentions {
            assert!((mentions.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        let drawn = (0..10_000)
            .filter(|_| draw(&[0.2, 0.5, 0.3], rng) == 1)
            .count();
        assert!((4_800..5_200).contains(&drawn), "{drawn}");
    }

    #[test]
    fn an_untrained_model_knows_nothing() {
        let world = World::new(&mut Rng::seed_from_u64(1));
        let model = Model::new(&mut Rng::seed_from_u64(2));
        let asked = model.ask(&world, &mut Rng::seed_from_u64(3));
        let knowledge = Knowledge::of(&asked, &model.probabilities(&asked));
        assert!((0.4..0.6).contains(&knowledge.pairs), "{}", knowledge.pairs);
    }
}
