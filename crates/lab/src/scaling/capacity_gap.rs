//! The capacity gap: "Towards the Law of Capacity Gap in Distilling Language Models" (arXiv 2311.07052).
//!
//! **Claim.** A larger teacher does not always make a better student. For every student there is a best teacher, larger
//! by nearly the same factor for all students, so that the teacher can be chosen by rule.
//!
//! **Mechanism.** Students of several sizes are distilled from teachers of many (the loss is the cross-entropy with the
//! teacher's probabilities); the best teacher's size over the student's is compared over students (section 3: about 2.5).
//! The rule for a student is the ratio found with the others.
//!
//! **Made here.** Teachers of seven widths on the made language of [`super::source`], each trained on the same amount of
//! data; students of four smaller widths, taught on as many contexts. Losses are exact.
//!
//! **Control.** Always the largest teacher. That it is no worse a model itself is looked at: else a worse student would
//! show nothing about gaps.

use anyhow::Result;

use super::layers::{Input, Network, log_softmax};
use super::source::{Source, network, places, trained};
use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

static CARD: Card = Card {
    id: "capacity-gap",
    arxiv: "2311.07052",
    title: "Towards the Law of Capacity Gap in Distilling Language Models",
    family: Family::Scaling,
    claim: "A student learns most from a teacher that is larger by a certain factor, nearly the same for all \
            students, and less from the largest teacher.",
    published: "The best teacher is about 2.5 times as large as its student, over students of several families; by \
                that rule a 3B student from a 7B teacher.",
    baseline: "The largest teacher for every student.",
    kept: &[
        "students of several sizes by teachers of many, taught by the teacher's probabilities alone",
        "the rule for a student comes from the other students",
        "the largest teacher is checked to be the better model",
    ],
    left_out: &[
        "language models, pruned starts and tuning on instructions",
        "benchmarks: students are judged by their exact loss",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "student",
            name: "student's loss above the entropy",
            unit: "nats",
            better: Better::Lower,
        },
        Metric {
            id: "ratio",
            name: "spread of the best ratio, factor of two: any teacher, found",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "teacher",
            name: "teacher's loss above the entropy: by rule, largest",
            unit: "nats",
            better: Better::Lower,
        },
    ],
    rule: &[
        Condition {
            text: "students of the teacher by rule are better than those of the largest, by 2 %",
            metric: "student",
            expect: Expect::Times(1.02),
        },
        Condition {
            text: "the best ratio varies at most half as much as if any teacher could be best",
            metric: "ratio",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "the largest teacher is itself the better model",
            metric: "teacher",
            expect: Expect::BetterBy(0.0),
        },
    ],
    likely_reason: "Teachers here are nearer to the truth the larger they are, and their probabilities are no harder \
                    to imitate: nothing makes a large teacher a bad one.",
    timed: false,
};

/// The reproduction.
pub(super) struct CapacityGap;

impl Reproduction for CapacityGap {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> Result<Trial> {
        let source = Source::new(&mut context.rng(0));
        let teachers: &[usize] = context.pick(
            &[6, 12, 24],
            &[6, 8, 12, 16, 24, 32, 48],
            &[6, 8, 12, 16, 24, 32, 48, 64],
        );
        let students: &[usize] = context.pick(&[4, 6], &[4, 6, 8, 12], &[4, 6, 8, 12]);
        let examples = context.pick(8_000, 48_000, 200_000);
        let times: usize = context.pick(1, 3, 5);

        let mut schools = Vec::new();
        for (at, &width) in teachers.iter().enumerate() {
            let rng = &mut context.rng(10 + width as u64);
            let teacher = trained(&source, width, examples, rng);
            let pupils = students.iter().map(|&student| {
                let one = |time: usize| {
                    let rng = &mut context.rng((1_000 * (time + 1) + student) as u64);
                    source.excess(&taught(&source, &teacher, student, examples, rng))
                };
                (0..times).map(one).sum::<f64>() / times as f64
            });
            schools.push(School {
                size: teacher.parameters() as f64,
                own: source.excess(&teacher),
                pupils: pupils.collect(),
            });
            context.progress(
                (at + 1) as f64 / teachers.len() as f64,
                &format!("teacher {width}"),
            );
        }
        let sizes: Vec<f64> = students
            .iter()
            .map(|&width| network(width, &mut context.rng(0)).parameters() as f64)
            .collect();
        let [student, ratio, own] = judge(&schools, &sizes);
        Ok(Trial::new()
            .measured("student", student.0, student.1)
            .measured("ratio", ratio.0, ratio.1)
            .measured("teacher", own.0, own.1)
            .plot(plot(&schools, &sizes)))
    }
}

/// A teacher: its size, its own loss and its students', in the students' order.
struct School {
    size: f64,
    own: f64,
    pupils: Vec<f64>,
}

/// A student of a teacher, taught on contexts of the source by the teacher's probabilities.
fn taught(
    source: &Source,
    teacher: &Network,
    width: usize,
    examples: usize,
    rng: &mut Rng,
) -> Network {
    let mut student = network(width, rng);
    let batch = 16;
    let steps = examples / batch;
    for step in 0..steps {
        let (contexts, _) = source.draw(batch, rng);
        let places = places(&contexts);
        let input = Input {
            places: &places,
            each: 2,
        };
        let mut wanted = teacher.outputs(input);
        log_softmax(&mut wanted);
        let rate = 0.01 * (1.0 - step as f32 / steps as f32);
        student.step(input, rate, |mut scores| {
            log_softmax(&mut scores);
            scores.zip_mut_with(&wanted, |s, t| *s = (s.exp() - t.exp()) / batch as f32);
            scores
        });
    }
    student
}

/// Each metric of the card: baseline and method.
fn judge(schools: &[School], students: &[f64]) -> [(f64, f64); 3] {
    let best = |student: usize| {
        let order = |a: &&School, b: &&School| a.pupils[student].total_cmp(&b.pupils[student]);
        schools
            .iter()
            .min_by(order)
            .map_or(f64::NAN, |school| school.size)
    };
    let ratios: Vec<f64> = (0..students.len())
        .map(|s| (best(s) / students[s]).log2())
        .collect();
    // What the rule picks for a student: the teacher nearest to the others' ratio.
    let picked = |student: usize| {
        let others = ratios
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != student);
        let mean = others.map(|(_, ratio)| ratio).sum::<f64>() / (students.len() - 1) as f64;
        let off = |school: &School| ((school.size / students[student]).log2() - mean).abs();
        let order = |a: &&School, b: &&School| off(a).total_cmp(&off(b));
        schools.iter().min_by(order).unwrap_or(&schools[0])
    };
    let largest = &schools[schools.len() - 1];
    let mean = |of: &dyn Fn(usize) -> f64| {
        (0..students.len()).map(of).sum::<f64>() / students.len() as f64
    };
    // If every teacher were as likely the best: the spread of all ratios.
    let any: Vec<f64> = schools
        .iter()
        .flat_map(|school| students.iter().map(|s| (school.size / s).log2()))
        .collect();
    [
        (mean(&|s| largest.pupils[s]), mean(&|s| picked(s).pupils[s])),
        (spread(&any), spread(&ratios)),
        (mean(&|s| picked(s).own), largest.own),
    ]
}

/// The standard deviation; at least a tenth of a factor of two, for teachers come in steps.
fn spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    variance.sqrt().max(0.1)
}

fn plot(schools: &[School], students: &[f64]) -> Plot {
    let plot = Plot::new(
        "students",
        "Students by their teachers",
        Axis::log("teacher's size over the student's"),
        Axis::log("student's loss above the entropy, nats"),
    );
    students.iter().enumerate().fold(plot, |plot, (at, &size)| {
        let points = schools
            .iter()
            .map(|school| (school.size / size, school.pupils[at]));
        plot.line(format!("student of {size}"), points)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_gap_is_found_and_the_rule_follows_it() {
        // The best teacher is four times the student's size.
        let students = [100.0, 200.0, 400.0];
        let school = |size: f64| School {
            size,
            own: 1.0 / size,
            pupils: students
                .iter()
                .map(|s: &f64| 1.0 + (size / s / 4.0).ln().powi(2))
                .collect(),
        };
        let schools = [200.0, 400.0, 800.0, 1_600.0, 3_200.0].map(school);
        let [student, ratio, own] = judge(&schools, &students);
        assert_eq!(student.1, 1.0);
        assert!(student.0 > 1.5 && ratio.1 == 0.1 && ratio.0 > 1.0);
        assert!(own.1 < own.0);
    }
}
