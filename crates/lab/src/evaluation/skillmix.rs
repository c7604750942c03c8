//! Skill-Mix (Yu, Kaur, Gupta, Brown-Cohen, Goyal, Arora; arXiv 2310.17567).
//!
//! **Claim.** Asking for random combinations of k skills on a topic separates who can combine from who repeats what was
//! read, where tests of single skills do not; and counting says how much repeating can reach.
//!
//! **Mechanism** (sections 2 and 3). From N skills and T topics, combinations are drawn (`combinations.rs`) and a text is
//! asked for that shows all k skills on the topic, in at most k - 1 sentences. Marks: one a skill, one for the topic, one
//! for the length (`skills.rs`); what counts is the share of texts with full marks.
//!
//! **Counting** (section 6). There are `C(N, k) T` combinations. A text that shows j skills covers `C(j, k)` of them, so whoever
//! only repeats a corpus reaches at most `sum_i C(j_i, k) / (C(N, k) T)`. A share above that is made of new combinations.
//!
//! **What is generated.** A corpus in which skills are unequally frequent and go together in groups. The *repeater* has the
//! whole corpus, and answers with the text on the topic that shows most of the skills; the *composer* has no corpus, writes
//! a clause a skill, and fails at each with a chance of its own. On single skills both do well.
//!
//! **Control.** The same two, asked as often for one skill at a time: what a fixed test of skills sees.

use rand::RngExt as _;
use rand_distr::{Distribution as _, Geometric};

use crate::frame::{
    Axis, Better, Card, Condition, Context, Expect, Family, Metric, Plot, Reproduction, Rng, Trial,
};

use super::combinations::{self, Combination};
use super::skills::{self, SKILLS, TOPICS};

static CARD: Card = Card {
    id: "skillmix",
    arxiv: "2310.17567",
    title: "Skill-Mix: a Flexible and Expandable Family of Evaluations for AI models",
    family: Family::Evaluation,
    claim: "Random combinations of k skills tell who combines skills from who repeats read texts, where single skills do not; counting bounds what repeating can reach.",
    published: "With k = 5, GPT-4's share of full marks is said to be more than repeating its training texts could give; models close on leaderboards differ widely.",
    baseline: "The same number of questions for one skill at a time, to the same two writers.",
    kept: &[
        "combinations without repeats, k skills and a topic",
        "marks for each skill, for the topic and for at most k - 1 sentences; share of full marks",
        "the counting bound for texts that were seen before",
    ],
    left_out: &[
        "language models as writers: one repeats a generated corpus, one joins clauses and sometimes fails",
        "GPT-4 and LLaMA-2 as graders: rules detect 20 skills on 20 topics",
        "the mark for making sense, which rules cannot give",
    ],
    used_in: None,
    metrics: &[
        Metric {
            id: "gap",
            name: "composer's lead over the repeater in full marks: one skill, four skills",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "beyond",
            name: "full marks at k = 5: counting bound, composer",
            unit: "",
            better: Better::Higher,
        },
        Metric {
            id: "repeater",
            name: "full marks at k = 3: counting bound, repeater",
            unit: "",
            better: Better::Lower,
        },
        Metric {
            id: "fraction",
            name: "share of skills shown at k = 4: repeater, composer",
            unit: "",
            better: Better::Higher,
        },
    ],
    rule: &[
        Condition {
            text: "the lead at four skills exceeds that at one skill by at least 0.3",
            metric: "gap",
            expect: Expect::BetterBy(0.3),
        },
        Condition {
            text: "at five skills the composer gets at least twice what repeating could",
            metric: "beyond",
            expect: Expect::Times(2.0),
        },
        Condition {
            text: "the repeater stays under the bound, within 0.03 for the luck of the draw",
            metric: "repeater",
            expect: Expect::BetterBy(-0.03),
        },
    ],
    likely_reason: "A large corpus in which skills often go together covers most combinations of few skills, and a composer that fails often at single skills fails at nearly all combinations.",
    timed: false,
};

/// The reproduction.
pub(super) struct SkillMix;

const K_MAX: usize = 5;
/// Skills of a group go together in the corpus.
const GROUP: usize = 5;

/// A text of the corpus.
struct Read {
    text: String,
    topic: usize,
    skills: Vec<usize>,
}

/// What both writers got at one k.
#[derive(Default, Clone, Copy)]
struct Scores {
    repeater: f64,
    composer: f64,
    repeater_fraction: f64,
    composer_fraction: f64,
    bound: f64,
}

impl Reproduction for SkillMix {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn trial(&self, context: &Context<'_>) -> anyhow::Result<Trial> {
        let corpus = corpus(context.pick(2000, 4000, 4000), &mut context.rng(1));
        let talent = talent(&mut context.rng(2));
        let questions = context.pick(200, 2000, 5000);
        let mut scores = [Scores::default(); K_MAX + 1];
        for (k, scores) in scores.iter_mut().enumerate().skip(1) {
            context.progress(k as f64 / 6.0, "asking");
            let mut rng = context.rng(10 + k as u64);
            let asked = combinations::draw((SKILLS.len(), k, TOPICS.len()), questions, &mut rng);
            let asked = asked.unwrap_or_default();
            let n = asked.len() as f64;
            for combination in &asked {
                let repeated = skills::mark(repeat(&corpus, combination), combination);
                let composed = skills::mark(&compose(&talent, combination, &mut rng), combination);
                scores.repeater += f64::from(u8::from(repeated.full())) / n;
                scores.composer += f64::from(u8::from(composed.full())) / n;
                scores.repeater_fraction += repeated.fraction() / n;
                scores.composer_fraction += composed.fraction() / n;
            }
            scores.bound = bound(corpus.iter().map(|read| read.skills.len()), k);
        }
        let lead = |k: usize| scores[k].composer - scores[k].repeater;
        Ok(Trial::new()
            .measured("gap", lead(1), lead(4))
            .measured("beyond", scores[5].bound, scores[5].composer)
            .measured("repeater", scores[3].bound, scores[3].repeater)
            .measured(
                "fraction",
                scores[4].repeater_fraction,
                scores[4].composer_fraction,
            )
            .plot(curves(&scores)))
    }
}

/// Texts to repeat: one to six skills each, frequent ones more often, half of the time of the group of the last one.
fn corpus(count: usize, rng: &mut Rng) -> Vec<Read> {
    let more = Geometric::new(0.5).expect("a chance between 0 and 1");
    (0..count)
        .map(|_| {
            let topic = rng.random_range(0..TOPICS.len());
            let wanted = 1 + more.sample(rng).min(5) as usize;
            let mut skills: Vec<usize> = Vec::with_capacity(wanted);
            while skills.len() < wanted {
                let near = skills.last().filter(|_| rng.random::<f64>() < 0.5);
                let skill = match near {
                    Some(last) => last / GROUP * GROUP + rng.random_range(0..GROUP),
                    // The square of a uniform number: first skills are more frequent than last ones.
                    None => (rng.random::<f64>().powi(2) * SKILLS.len() as f64) as usize,
                };
                if !skills.contains(&skill) {
                    skills.push(skill);
                }
            }
            Read {
                text: skills::write(topic, &skills),
                topic,
                skills,
            }
        })
        .collect()
}

/// The composer's chance to bring off each skill.
fn talent(rng: &mut Rng) -> Vec<f64> {
    SKILLS
        .iter()
        .map(|_| rng.random_range(0.85..0.98))
        .collect()
}

/// The repeater's answer: of all texts on the topic the first of those that show most of the skills.
fn repeat<'a>(corpus: &'a [Read], asked: &Combination) -> &'a str {
    let shown = |read: &Read| {
        asked
            .skills
            .iter()
            .filter(|s| read.skills.contains(s))
            .count()
    };
    let mut best: Option<(&Read, usize)> = None;
    for read in corpus.iter().filter(|read| read.topic == asked.topic) {
        let shown = shown(read);
        if best.is_none_or(|(_, most)| shown > most) {
            best = Some((read, shown));
        }
    }
    best.map_or("", |(read, _)| &read.text)
}

/// The composer's answer: a clause for every skill that it brings off this time.
fn compose(talent: &[f64], asked: &Combination, rng: &mut Rng) -> String {
    let shown: Vec<usize> = asked
        .skills
        .iter()
        .copied()
        .filter(|&skill| rng.random::<f64>() < talent[skill])
        .collect();
    skills::write(asked.topic, &shown)
}

/// The greatest share of combinations of k skills and a topic that texts with so many skills each can cover.
fn bound(skills_of_texts: impl Iterator<Item = usize>, k: usize) -> f64 {
    let count = |n: usize| combinations::choose(n, k).unwrap_or(u128::MAX) as f64;
    let covered: f64 = skills_of_texts.map(count).sum();
    (covered / (count(SKILLS.len()) * TOPICS.len() as f64)).min(1.0)
}

fn curves(scores: &[Scores]) -> Plot {
    let line = |of: fn(&Scores) -> f64| {
        scores
            .iter()
            .enumerate()
            .skip(1)
            .map(move |(k, scores)| (k as f64, of(scores)))
    };
    Plot::new(
        "full-marks",
        "Share of texts with full marks",
        Axis::linear("skills asked for at once"),
        Axis::linear("share"),
    )
    .line("repeater", line(|s| s.repeater))
    .line("composer", line(|s| s.composer))
    .line("counting bound", line(|s| s.bound))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_bound_counts_what_texts_can_cover() {
        // Two texts with three and two skills: 3 + 1 pairs of the 190 * 20 there are.
        let expected = 4.0 / (190.0 * 20.0);
        assert!((bound([3, 2].into_iter(), 2) - expected).abs() < 1e-12);
        assert_eq!(bound([3, 2].into_iter(), 4), 0.0);
        assert_eq!(bound(std::iter::repeat_n(20, 100), 2), 1.0);
    }

    #[test]
    fn the_repeater_finds_what_was_written() {
        let corpus = corpus(500, &mut Rng::seed_from_u64(4));
        for read in corpus.iter().take(50) {
            let mut skills = read.skills.clone();
            skills.sort_unstable();
            let asked = Combination {
                skills,
                topic: read.topic,
            };
            assert!(
                skills::mark(repeat(&corpus, &asked), &asked).full(),
                "{}",
                read.text
            );
        }
    }

    #[test]
    fn a_sure_composer_gets_full_marks_and_a_hopeless_one_none() {
        let asked = Combination {
            skills: vec![1, 4, 9],
            topic: 2,
        };
        let mut rng = Rng::seed_from_u64(4);
        let mut full =
            |chance: f64| skills::mark(&compose(&[chance; 20], &asked, &mut rng), &asked).full();
        assert!(full(1.0));
        assert!(!full(0.0));
    }
}
