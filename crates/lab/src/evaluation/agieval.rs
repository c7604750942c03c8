//! AGIEval (Zhong et al.; arXiv 2304.06364).
//!
//! **Claim.** Examinations made for people measure models beside people: an accuracy is read against that of the takers of
//! the same examination, and by the capability that it asks for.
//!
//! **Mechanism** (sections 3 and 4). Questions with options or a gap, zero-shot prompts, an answer read out of the reply, accuracy per
//! examination beside the average taker's (`exam.rs`).
//!
//! **What is generated.** Twenty examinations of unequal difficulty, each resting on one of four capabilities
//! (understanding, knowledge, reasoning, calculation), with real questions; takers who sit them, of unequal level from
//! examination to examination, since who sits a law school's entrance is not who sits a school leaver's; and models with a
//! hidden ability a capability, which write their answers in one of many ways. By the Rasch model with guessing, a right
//! answer has the chance `g + (1 - g) / (1 + exp(b - a))`.
//!
//! **What is measured.** How well the order of a model's examinations, by accuracy alone and by accuracy less that of the
//! average taker, agrees with its hidden abilities; and by how much reading replies carelessly misstates an accuracy.
//!
//! **Control.** Accuracy alone, over the same answers. The curve shows what becomes of the comparison when the takers'
//! own level varies: at some point people are no measure.

use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_distr::{Distribution as _, StandardNormal};

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

use super::agreement::spearman;
use super::exam::{self, Question};

static CARD: Card = Card {
    id: "agieval",
    arxiv: "2304.06364",
    title: "AGIEval: A Human-Centric Benchmark for Evaluating Foundation Models",
    family: Family::Evaluation,
    claim: "Examinations made for people show where a model is strong or weak when its accuracy is read beside that of human takers; accuracy alone mostly says how hard the examination is.",
    published: "GPT-4: 95 % in SAT mathematics and 92.5 % in the English paper of the Chinese university entrance exam, above the average taker of SAT, LSAT and mathematics contests.",
    baseline: "Accuracy alone, over the same replies; for reading replies, the first letter of an option that occurs.",
    kept: &[
        "20 examinations with options or gaps, zero-shot prompts, answers read from free text",
        "accuracy beside the average taker of the same examination",
        "four capabilities",
    ],
    left_out: &[
        "the examinations themselves and language models: questions are generated, models are given abilities",
        "examples before the question and chains of thought as prompts; replies do reason in some of their ways",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "agreement",
            name: "rank correlation with hidden ability: accuracy, accuracy less the average taker's",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "reading",
            name: "error of the accuracy measured: first letter, careful reading",
            unit: "",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "beside human takers, the order of examinations agrees better with ability, by at least 0.1",
            metric: "agreement",
            expect: Expect::BetterBy(0.1),
        },
        Condition {
            text: "careful reading misstates accuracy by at least 0.05 less",
            metric: "reading",
            expect: Expect::BetterBy(0.05),
        },
        Condition {
            text: "careful reading misstates accuracy by at most 0.01",
            metric: "reading",
            expect: Expect::AtMost(0.01),
        },
    ],
    likely_reason: "Where the takers of some examinations are much better than those of others, the average taker is no fixed measure, and comparing with it adds their differences to the model's.",
    timed: false,
};

/// The reproduction.
pub(super) struct AgiEval;

const EXAMS: usize = 20;
const CAPABILITIES: usize = 4;
const OPTIONS: usize = 4;
/// Spread of the takers' level between examinations, against a spread of 1 of difficulty.
const SELECTION: f64 = 0.5;
const SELECTIONS: [f64; 6] = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0];

struct Exam {
    capability: usize,
    /// Each question with its difficulty.
    questions: Vec<(Question, f64)>,
    /// The takers' level, in spreads: times [`SELECTION`] it is an ability.
    level: f64,
}

/// What one model got in one examination, as shares of its questions.
#[derive(Clone, Copy)]
struct Result {
    ability: f64,
    meant: f64,
    careful: f64,
    careless: f64,
}

impl Reproduction for AgiEval {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial> {
        let questions = context.pick(60, 200, 400);
        let models = context.pick(6, 12, 24);
        let exams = exams(questions, &mut context.rng(1));
        let mut rng = context.rng(2);
        let mut results = Vec::with_capacity(models);
        for model in 0..models {
            context.progress(model as f64 / models as f64, "models sit examinations");
            results.push(sit(&exams, &mut rng));
        }
        let takers = context.pick(50, 200, 500);
        // The same takers' luck at each spread of their level, so that only the spread differs along the curve.
        let averages = |selection: f64| -> Vec<f64> {
            let mut rng = context.rng(3);
            exams
                .iter()
                .map(|exam| average_taker(exam, selection, takers, &mut rng))
                .collect()
        };
        let agreement = |averages: &[f64]| {
            let of = |results: &Vec<Result>| {
                let reading = results
                    .iter()
                    .zip(averages)
                    .map(|(r, human)| r.careful - human);
                let ability: Vec<f64> = results.iter().map(|r| r.ability).collect();
                spearman(&reading.collect::<Vec<_>>(), &ability)
            };
            results.iter().map(of).sum::<f64>() / models as f64
        };
        let alone = agreement(&[0.0; EXAMS]);
        let beside = agreement(&averages(SELECTION));
        let error = |read: fn(&Result) -> f64| {
            let all = results.iter().flatten().map(|r| (read(r) - r.meant).abs());
            all.sum::<f64>() / (models * EXAMS) as f64
        };
        let curve = SELECTIONS.map(|selection| (selection, agreement(&averages(selection))));
        Ok(Trial::new()
            .measured("agreement", alone, beside)
            .measured("reading", error(|r| r.careless), error(|r| r.careful))
            .plot(
                Plot::new(
                    "takers",
                    "Agreement of a model's examinations with its abilities",
                    Axis::linear("how much the takers' level varies between examinations"),
                    Axis::linear("rank correlation"),
                )
                .line(
                    "accuracy alone",
                    SELECTIONS.map(|selection| (selection, alone)),
                )
                .line("less the average taker's", curve),
            ))
    }
}

fn normal(rng: &mut Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn exams(questions: usize, rng: &mut Rng) -> Vec<Exam> {
    (0..EXAMS)
        .map(|at| {
            let hard = normal(rng);
            let with_gap = at % 5 == 4;
            Exam {
                capability: at % CAPABILITIES,
                level: normal(rng),
                questions: (0..questions)
                    .map(|_| (question(with_gap, rng), hard + 0.5 * normal(rng)))
                    .collect(),
            }
        })
        .collect()
}

/// A sum to work out, with options near to it or with a gap.
fn question(with_gap: bool, rng: &mut Rng) -> Question {
    let (a, b): (i64, i64) = (rng.random_range(10..100), rng.random_range(10..100));
    let text = format!("A crate holds {a} apples and another {b}. How many are there?");
    if with_gap {
        return Question {
            text,
            options: Vec::new(),
            answer: (a + b).to_string(),
        };
    }
    let mut options: Vec<i64> = vec![a + b, a + b + 1, a + b - 10, a + b + 9];
    options.shuffle(rng);
    let right = options
        .iter()
        .position(|&option| option == a + b)
        .unwrap_or(0);
    Question {
        text,
        options: options.iter().map(i64::to_string).collect(),
        answer: exam::letter(right).to_string(),
    }
}

/// The chance of a right answer: Rasch's model with guessing among the options.
fn chance(ability: f64, hard: f64, question: &Question) -> f64 {
    let guess = match question.options.len() {
        0 => 0.0,
        n => 1.0 / n as f64,
    };
    guess + (1.0 - guess) / (1.0 + (hard - ability).exp())
}

/// One model sits all examinations.
fn sit(exams: &[Exam], rng: &mut Rng) -> Vec<Result> {
    let general = 0.5 * normal(rng);
    let abilities = [(); CAPABILITIES].map(|()| general + 0.8 * normal(rng));
    exams
        .iter()
        .map(|exam| {
            let ability = abilities[exam.capability] + 0.3 * normal(rng);
            let n = exam.questions.len() as f64;
            let mut result = Result {
                ability,
                meant: 0.0,
                careful: 0.0,
                careless: 0.0,
            };
            for (question, hard) in &exam.questions {
                let right = rng.random::<f64>() < chance(ability, *hard, question);
                let reply = reply(question, right, rng);
                result.meant += f64::from(u8::from(right)) / n;
                result.careful += f64::from(u8::from(exam::is_right(&reply, question))) / n;
                result.careless += f64::from(u8::from(carelessly_right(&reply, question))) / n;
            }
            result
        })
        .collect()
}

/// What a model writes when it means the right answer, or another one, in one of many ways.
fn reply(question: &Question, right: bool, rng: &mut Rng) -> String {
    if question.options.is_empty() {
        let sum: i64 = question.answer.parse().unwrap_or(0);
        let meant = if right {
            sum
        } else {
            sum + rng.random_range(1..20)
        };
        return match rng.random_range(0..4) {
            0 => meant.to_string(),
            1 => format!("The answer is {meant}."),
            2 => format!("We add: {} + {} = {meant}", meant - 10, 10),
            _ => format!("Adding both gives $\\boxed{{{meant}}}$."),
        };
    }
    let letters: Vec<char> = (0..OPTIONS).map(exam::letter).collect();
    let others: Vec<char> = letters
        .iter()
        .copied()
        .filter(|c| c.to_string() != question.answer)
        .collect();
    let other = *others.choose(rng).unwrap_or(&'A');
    let meant = match question.answer.chars().next() {
        Some(answer) if right => answer,
        _ => other,
    };
    let place = letters.iter().position(|&c| c == meant).unwrap_or(0);
    let wrong = letters[(place + 1) % OPTIONS];
    match rng.random_range(0..7) {
        0 => meant.to_string(),
        1 => format!("({meant})"),
        2 => format!("The answer is {meant}."),
        3 => {
            format!("A crate is no matter here. {wrong} is off by ten. So the answer is ({meant}).")
        }
        4 => format!(
            "({wrong}) cannot be, since the last digits do not add up. Therefore ({meant})."
        ),
        5 => format!("Both crates together hold {}.", question.options[place]),
        _ => format!("Answer: {meant}\n\nNot {wrong}, because a crate was forgotten there."),
    }
}

/// Reading as one would in a hurry: the first letter of an option, or the first number.
fn carelessly_right(reply: &str, question: &Question) -> bool {
    if question.options.is_empty() {
        let digits = reply.split(|c: char| !c.is_ascii_digit());
        return digits.into_iter().find(|d| !d.is_empty()) == Some(&question.answer);
    }
    let first = reply.chars().find(|c| ('A'..='D').contains(c));
    first.is_some_and(|first| question.answer == first.to_string())
}

/// The average taker's accuracy.
fn average_taker(exam: &Exam, selection: f64, takers: usize, rng: &mut Rng) -> f64 {
    let mut right = 0;
    for _ in 0..takers {
        let ability = selection * exam.level + normal(rng);
        // Each taker answers a few of the questions, as the average needs no more.
        for _ in 0..10 {
            let (question, hard) = &exam.questions[rng.random_range(0..exam.questions.len())];
            right += usize::from(rng.random::<f64>() < chance(ability, *hard, question));
        }
    }
    right as f64 / (10 * takers) as f64
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn chances_are_rasch_s_with_guessing() {
        let mut rng = Rng::seed_from_u64(1);
        let (gap, choice) = (question(true, &mut rng), question(false, &mut rng));
        assert_eq!(chance(0.3, 0.3, &gap), 0.5);
        assert_eq!(chance(0.3, 0.3, &choice), 0.625);
        assert!(chance(-50.0, 0.0, &choice) - 0.25 < 1e-12);
    }

    #[test]
    fn a_question_has_one_right_option() {
        let mut rng = Rng::seed_from_u64(2);
        for _ in 0..100 {
            let question = question(false, &mut rng);
            let distinct: std::collections::BTreeSet<_> = question.options.iter().collect();
            assert_eq!(distinct.len(), OPTIONS);
            let at = question.answer.as_bytes()[0] - b'A';
            let numbers: Vec<i64> = question
                .text
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|n| n.parse().ok())
                .collect();
            assert_eq!(
                question.options[at as usize],
                (numbers[0] + numbers[1]).to_string()
            );
        }
    }
}
