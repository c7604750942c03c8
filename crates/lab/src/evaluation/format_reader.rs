//! A small model that reads prompts by their letters alone: logistic regression over hashed letter groups. It has no idea
//! of what is format and what is text, which is what makes its answers depend on the format.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_distr::{Distribution as _, StandardNormal};

use crate::frame::Rng;

use super::prompt_format::{Format, Question};

/// The two answers.
pub(super) const OPTIONS: [&str; 2] = ["negative", "positive"];
const FIELD: &str = "Review";
const WORDS: usize = 80;
const WORDS_PER_TEXT: usize = 6;
/// Few enough that groups of letters of a format share buckets with groups of the texts.
const BUCKETS: usize = 1 << 10;

/// A text with its answer.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) fields: Vec<(String, String)>,
    pub(super) options: Vec<String>,
    /// The place of the right answer in [`OPTIONS`].
    pub(super) answer: usize,
}

impl Item {
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            fields: &self.fields,
            options: &self.options,
            answer_name: "Answer",
        }
    }
}

/// A language of made-up words, each of which speaks for one of the answers, more or less.
pub(super) struct Language {
    words: Vec<(String, f64)>,
}

impl Language {
    pub(super) fn new(rng: &mut Rng) -> Language {
        let word = |rng: &mut Rng| {
            let syllables = rng.random_range(2..=3);
            let mut word = String::new();
            for _ in 0..syllables {
                word.push(*b"bdfgklmnprstvz".choose(rng).unwrap_or(&b'b') as char);
                word.push(*b"aeiou".choose(rng).unwrap_or(&b'a') as char);
            }
            word
        };
        let words = (0..WORDS)
            .map(|_| {
                let leaning: f64 = StandardNormal.sample(rng);
                (word(rng), leaning)
            })
            .collect();
        Language { words }
    }

    /// Texts whose words lean to their answer: a word is drawn, and kept with a chance that grows with its leaning.
    pub(super) fn items(&self, count: usize, rng: &mut Rng) -> Vec<Item> {
        (0..count)
            .map(|_| {
                let answer = rng.random_range(0..2usize);
                let sign = if answer == 1 { 1.0 } else { -1.0 };
                let mut text: Vec<&str> = Vec::with_capacity(WORDS_PER_TEXT);
                while text.len() < WORDS_PER_TEXT {
                    let (word, leaning) = &self.words[rng.random_range(0..WORDS)];
                    if rng.random::<f64>() < 1.0 / (1.0 + (-sign * leaning).exp()) {
                        text.push(word);
                    }
                }
                Item {
                    fields: vec![(FIELD.to_owned(), text.join(" "))],
                    options: OPTIONS.map(str::to_owned).to_vec(),
                    answer,
                }
            })
            .collect()
    }
}

/// The model: a weight a bucket.
pub(super) struct Reader {
    weights: Vec<f64>,
}

impl Reader {
    /// Learns from items, each shown in one of `formats`, by stochastic gradient descent on the log-loss.
    pub(super) fn train(
        items: &[Item],
        formats: &[Format],
        epochs: usize,
        rng: &mut Rng,
    ) -> Reader {
        let mut reader = Reader {
            weights: vec![0.0; BUCKETS],
        };
        let mut groups = Vec::new();
        for epoch in 0..epochs {
            let rate = 0.02 / (1.0 + epoch as f64);
            for item in items {
                let format = formats.choose(rng).copied().unwrap_or(Format::PLAIN);
                buckets(&format.prompt(&item.question(), None), &mut groups);
                let chance = 1.0 / (1.0 + (-reader.score(&groups)).exp());
                let step = rate * (item.answer as f64 - chance);
                for &group in &groups {
                    reader.weights[group] += step;
                }
            }
        }
        reader
    }

    fn score(&self, groups: &[usize]) -> f64 {
        groups.iter().map(|&group| self.weights[group]).sum()
    }

    /// Whether the model answers each item rightly, written in this format.
    pub(super) fn answers(&self, items: &[Item], format: &Format) -> Vec<bool> {
        let mut groups = Vec::new();
        items
            .iter()
            .map(|item| {
                buckets(&format.prompt(&item.question(), None), &mut groups);
                usize::from(self.score(&groups) > 0.0) == item.answer
            })
            .collect()
    }
}

/// The buckets of all groups of three and of four bytes of a text (FNV-1a hashes).
fn buckets(text: &str, into: &mut Vec<usize>) {
    into.clear();
    for size in [3, 4] {
        for group in text.as_bytes().windows(size) {
            let hash = group.iter().fold(0x811c_9dc5_u32, |hash, &byte| {
                (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            });
            into.push((hash ^ (hash >> 15)) as usize % BUCKETS);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_model_learns_in_the_format_that_it_was_shown() {
        let mut rng = Rng::seed_from_u64(5);
        let language = Language::new(&mut rng);
        let (train, test) = (language.items(800, &mut rng), language.items(500, &mut rng));
        let share = |reader: &Reader| {
            let right = reader.answers(&test, &Format::PLAIN);
            right.iter().filter(|&&r| r).count() as f64 / 500.0
        };
        let reader = Reader::train(&train, &[Format::PLAIN], 3, &mut rng);
        assert!(share(&reader) > 0.75, "{}", share(&reader));
        let untaught = Reader::train(&[], &[], 1, &mut rng);
        assert!(share(&untaught) < 0.6);
    }
}
